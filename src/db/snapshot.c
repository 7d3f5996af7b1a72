#include "npsd/db/snapshot.h"

#include "pg_internal.h"

/* How PostgreSQL sends it: the number of those that run, then xmin, xmax and they. */
enum { COUNT_SIZE = 4, XID_SIZE = 8, HEAD_SIZE = COUNT_SIZE + 2 * XID_SIZE };

bool db_snapshot_read(const struct db_result *result, int row, int column,
                      struct db_snapshot *ret_snapshot)
{
    size_t len;
    const char *bytes = db_bytes(result, row, column, &len);
    if (!bytes || len < HEAD_SIZE)
        return false;
    size_t count = pg_get(bytes, COUNT_SIZE);
    if (count > DB_SNAPSHOT_RUNNING_MAX || len != HEAD_SIZE + count * XID_SIZE)
        return false;
    *ret_snapshot = (struct db_snapshot){.first = pg_get(bytes + COUNT_SIZE, XID_SIZE),
                                         .next = pg_get(bytes + COUNT_SIZE + XID_SIZE, XID_SIZE),
                                         .running_count = count};
    for (size_t i = 0; i < count; i++)
        ret_snapshot->running[i] = pg_get(bytes + HEAD_SIZE + i * XID_SIZE, XID_SIZE);
    return true;
}

bool db_snapshot_sees(const struct db_snapshot *snapshot, uint64_t xid)
{
    if (xid < snapshot->first || xid >= snapshot->next)
        return xid < snapshot->first;
    for (size_t i = 0; i < snapshot->running_count; i++)
        if (snapshot->running[i] == xid)
            return false;
    return true;
}
