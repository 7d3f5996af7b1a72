#include "npsd/base/fault.h"
#include "pg_internal.h"

struct pipeline {
    const struct db_call *calls;
    struct pg_values *values;
    size_t count;
    struct arena *arena;
    size_t commands; /* with those before the calls */
    bool elsewhere;  /* a pooler has gone on with another server */
    bool wants_last;
    PGresult *last; /* of the last statement; NULL: it has not come */
};

/* Nothing has happened unless the Sync was handed over: without it PostgreSQL commits nothing. */
static bool send_all(struct pg *pg, const struct pipeline *pipeline)
{
    bool sent = PQenterPipelineMode(pg->conn) &&
                (!pg->options->pooled || pg_send_settings(pg, pipeline->arena, pg->server));
    for (size_t i = 0; sent && i < pipeline->count; i++)
        sent = pg_send(pg, pipeline->calls[i].stmt, &pipeline->values[i]);
    return sent && PQpipelineSync(pg->conn);
}

static void take_result(void *context, size_t command, const PGresult *result)
{
    struct pipeline *pipeline = context;
    if (command == 0 && pipeline->commands > pipeline->count)
        pipeline->elsewhere = PQresultStatus(result) == PGRES_FATAL_ERROR;
    if (pipeline->wants_last && command + 1 == pipeline->commands && !pipeline->last)
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
    struct pg_verdict verdict = pg_collect(pg, deadline_us, take_result, pipeline);
    if (!pipeline->elsewhere || verdict.status != DB_REFUSED)
        return verdict;
    /* As after a new connection, what the caller knows may not be so any more. */
    pg_drop(pg);
    return (struct pg_verdict){.status = DB_RETRY};
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
    struct pipeline pipeline = {.calls = calls,
                                .count = count,
                                .commands = count + (pg->options->pooled ? PG_SETTINGS : 0),
                                .arena = &arena,
                                .wants_last = ret_last};
    enum db_status status = encode_all(pg, &arena, &pipeline);
    if (status == DB_OK)
        status = pg_run(pg, run, &pipeline);
    arena_done(&arena);
    if (status == DB_OK && ret_last && !pipeline.last)
        status = DB_LOST; /* no memory for it */
    if (status == DB_OK && ret_last && pg->options->pooled &&
        !pg_fits(calls[count - 1].stmt->columns, pipeline.last))
        status = DB_SCHEMA;
    if (status == DB_OK && ret_last)
        *ret_last = (struct db_result *)pipeline.last;
    else
        PQclear(pipeline.last);
    return status;
}

/* No statements are left of a pipeline but those that a pooled one brings along. */
enum db_status pg_look_after(struct pg *pg)
{
    enum db_status status = pg_connect(pg);
    if (status == DB_OK && pg->options->pooled)
        status = pg_pipeline(pg, NULL, 0, NULL);
    return status == DB_RETRY ? pg_connect(pg) : status;
}
