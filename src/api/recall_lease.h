/* What recall.c gives from memory, with the lease by which the edge may give it again without
 * asking (recall_lease.c). */
#ifndef API_RECALL_LEASE_H
#define API_RECALL_LEASE_H

#include "npsd/api/kept.h"
#include "npsd/base/clock.h"
#include "npsd/state/freshness.h"

/* Windows begin and end at quarter hours, so a result is of one. */
static inline int64_t recall_quarter(int64_t instant_us)
{
    return instant_us / (900 * CLOCK_SECOND_US);
}

/* Takes over the reference; freshness is borrowed for as long as the lease lives. */
struct reply recall_lend(struct call *call, struct freshness *freshness, struct kept_reply *kept,
                         uint64_t generation);

#endif
