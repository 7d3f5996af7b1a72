/* Part of batch: what it tells those who remember numbers (state/freshness, state/arrivals), before
 * anybody is told of his answer. */
#ifndef INGEST_BATCH_TELL_H
#define INGEST_BATCH_TELL_H

#include "npsd/ingest/batch.h"

/* Of items that were committed the fast way, all new, by this transaction: those that count arrive.
 * xid 0: it is not known, or none counts. */
void batch_tell_arrivals(struct batch_tools *tools, struct lane_item *const *items, size_t count,
                         uint64_t xid);
/* Of the whole batch, with its outcomes: a retry may be the first to hear of what an earlier try
 * wrote. */
void batch_tell_committed(const struct batch_tools *tools, struct lane_item *const *items,
                          size_t count);

#endif
