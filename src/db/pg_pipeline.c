#include "npsd/base/fault.h"
#include "pg_internal.h"

struct pipeline {
    const struct db_call *calls;
    struct pg_values *values;
    size_t count;
    bool wants_last;
    PGresult *last; /* of the last statement; NULL: it has not come */
};

/* Nothing has happened unless the Sync was handed over: without it PostgreSQL commits nothing. */
static bool send_all(struct pg *pg, const struct pipeline *pipeline)
{
    bool sent = PQenterPipelineMode(pg->conn);
    for (size_t i = 0; sent && i < pipeline->count; i++) {
        const struct pg_values *v = &pipeline->values[i];
        sent = PQsendQueryPrepared(pg->conn, pipeline->calls[i].stmt->name, v->count, v->values,
                                   v->lengths, v->formats, 1);
    }
    return sent && PQpipelineSync(pg->conn);
}

static void keep_last(void *context, size_t command, const PGresult *result)
{
    struct pipeline *pipeline = context;
    if (pipeline->wants_last && command + 1 == pipeline->count && !pipeline->last)
        pipeline->last = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
}

static struct pg_verdict run(struct pg *pg, void *context)
{
    struct pipeline *pipeline = context;
    int64_t deadline_us = pg_deadline(pg);
    PQclear(pipeline->last); /* of a first try */
    pipeline->last = NULL;
    if (!send_all(pg, pipeline))
        return pg_unsent(pg);
    FAULT_POINT("after_send");
    return pg_collect(pg, deadline_us, keep_last, pipeline);
}

static enum db_status encode_all(struct pg *pg, struct arena *arena, struct pipeline *pipeline)
{
    pipeline->values = arena_calloc(arena, pipeline->count + 1, sizeof(*pipeline->values));
    enum db_status status = DB_OK;
    for (size_t i = 0; status == DB_OK && i < pipeline->count; i++) {
        const struct db_call *call = &pipeline->calls[i];
        status = pg_encode(pg, arena, call->stmt, call->params, call->count, &pipeline->values[i]);
    }
    return status;
}

enum db_status pg_pipeline(struct pg *pg, const struct db_call *calls, size_t count,
                           struct db_result **ret_last)
{
    struct arena arena;
    arena_init(&arena, 8192);
    struct pipeline pipeline = {.calls = calls, .count = count, .wants_last = ret_last};
    enum db_status status = encode_all(pg, &arena, &pipeline);
    if (status == DB_OK)
        status = pg_run(pg, run, &pipeline);
    arena_done(&arena);
    if (status == DB_OK && ret_last)
        *ret_last = (struct db_result *)pipeline.last;
    else
        PQclear(pipeline.last);
    return status;
}
