/*
 * limits: how often a minute an address may do something (answer without a secret key, say): a
 * token bucket each, of one minute's burst.
 *
 * An address is an IPv4 address or the /64 of an IPv6 address; only a keyed hash of it is kept, in
 * memory. The table is of fixed size; under more addresses than it holds the least recently seen of
 * eight is forgotten, which errs on the side of the visitor.
 */
#ifndef NPSD_API_LIMITS_H
#define NPSD_API_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct limits;

/* per_minute 0: no limit. */
struct limits *limits_new(int per_minute);
void limits_free(struct limits *limits);

/*
 * Takes n from the address's bucket: 0, or the seconds to wait until they would fit (and takes
 * nothing). More than a minute's worth passes when the bucket is full, which then owes the rest.
 * n 0 takes nothing and tells whether anything is left. now_us is monotonic.
 */
int limits_take(struct limits *limits, const char *address, size_t n, int64_t now_us);

#endif
