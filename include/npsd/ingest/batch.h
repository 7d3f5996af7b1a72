/*
 * batch: commits one batch of a lane and gives each item its outcome. The decisions of the lane's
 * picture (lane.h) live here, the queue and the thread there.
 */
#ifndef NPSD_INGEST_BATCH_H
#define NPSD_INGEST_BATCH_H

#include "npsd/ingest/lane.h"

struct batch_tools {
    struct pg *pg;
    struct arena *arena; /* for encoding; reset by the owner after each batch */
    struct values *values;
    struct freshness *freshness; /* NULL: nobody to tell */
    struct spooler *spooler;     /* NULL: what cannot be committed is refused */
    bool hasty; /* what cannot be committed soon is kept by somebody: not worth waiting for */
    uint64_t connections; /* of pg, when it was last looked at */
    uint64_t numbered_on; /* the connection by which values were numbered last; 0: none yet */
    bool arrivals_only;   /* of the batch: all that was committed is among the arrivals */
};

/*
 * Sets the outcome of every item. Returns when each item is committed, spooled,
 * refused or given up; at the latest a statement's timeout after the last deadline.
 */
void batch_commit(struct batch_tools *tools, struct lane_item *const *items, size_t count);

/* The same without the spool, and uncounted: the database alone. */
void batch_settle(struct batch_tools *tools, struct lane_item *const *items, size_t count);

#endif
