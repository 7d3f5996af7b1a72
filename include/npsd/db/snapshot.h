/*
 * snapshot: which transactions a statement of PostgreSQL has seen: what pg_current_snapshot() says,
 * as a value that can be asked without the database. A transaction that has committed is seen if it
 * is older than all that ran when the snapshot was taken, or had begun by then and did not run any
 * more (PostgreSQL's documentation, "Transaction ID and Snapshot Information Functions").
 */
#ifndef NPSD_DB_SNAPSHOT_H
#define NPSD_DB_SNAPSHOT_H

#include "npsd/db/pg.h"

enum { DB_SNAPSHOT_RUNNING_MAX = 64 };

struct db_snapshot {
    uint64_t first; /* the oldest that ran */
    uint64_t next;  /* the first that had not begun */
    uint64_t running[DB_SNAPSHOT_RUNNING_MAX];
    size_t running_count;
};

/* Of a column of type pg_snapshot. False: NULL, or more transactions ran than there is room for. */
bool db_snapshot_read(const struct db_result *result, int row, int column,
                      struct db_snapshot *ret_snapshot);
/* xid is an xid8, of a transaction that has committed. */
bool db_snapshot_sees(const struct db_snapshot *snapshot, uint64_t xid);

#endif
