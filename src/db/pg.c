#include "pg_internal.h"
#include <stdlib.h>

/* One statement on its way: prepared, unprepared, or (without values) plain SQL text. */
struct request {
    enum { PREPARED, UNPREPARED, TEXT } kind;
    const struct db_stmt *stmt;
    const char *text;
    struct pg_values values;
    PGresult *result; /* set on DB_OK */
};

struct pg *pg_new(const struct pg_options *options)
{
    struct pg *pg = calloc(1, sizeof(*pg));
    if (pg)
        *pg = (struct pg){.options = options, .refused = DB_AWAY};
    return pg;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    pg_drop(pg);
    free(pg);
}

const char *pg_error(const struct pg *pg)
{
    return pg->error;
}

const char *pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

static bool send_unprepared(struct pg *pg, const char *sql, const struct pg_values *v)
{
    return PQsendQueryParams(pg->conn, sql, v->count, v->types, v->values, v->lengths, v->formats,
                             1);
}

bool pg_send(struct pg *pg, const struct db_stmt *stmt, const struct pg_values *v)
{
    if (pg->options->pooled)
        return send_unprepared(pg, stmt->sql, v);
    return PQsendQueryPrepared(pg->conn, stmt->name, v->count, v->values, v->lengths, v->formats,
                               1);
}

/* libpq only buffers here or writes what the socket takes: it never blocks. */
static bool send(struct pg *pg, const struct request *request)
{
    switch (request->kind) {
    case PREPARED:
        return pg_send(pg, request->stmt, &request->values);
    case UNPREPARED:
        return send_unprepared(pg, request->stmt->sql, &request->values);
    case TEXT:
        return PQsendQuery(pg->conn, request->text);
    }
    return false;
}

static struct pg_verdict run(struct pg *pg, void *context)
{
    struct request *request = context;
    int64_t deadline_us = pg_deadline(pg);
    return send(pg, request) ? pg_finish(pg, deadline_us, &request->result) : pg_unsent(pg);
}

static enum db_status exec(struct pg *pg, struct request *request, const struct db_param *params,
                           size_t count, struct db_result **ret_result)
{
    /* By itself it is a transaction, which may get any session of the pool. */
    if (pg->options->pooled && !pg->held)
        return pg_pipeline(pg, &(struct db_call){request->stmt, params, count}, 1, ret_result);
    struct arena arena;
    arena_init(&arena, 2048);
    enum db_status status = pg_encode(pg, &arena, request->stmt, params, count, &request->values);
    if (status == DB_OK)
        status = pg_run(pg, run, request);
    arena_done(&arena);
    if (status == DB_OK && pg->options->pooled && !pg_fits(request->stmt->columns, request->result))
        status = DB_SCHEMA;
    if (status == DB_OK && ret_result)
        *ret_result = (struct db_result *)request->result;
    else
        PQclear(request->result);
    return status;
}

enum db_status pg_exec(struct pg *pg, const struct db_stmt *stmt, const struct db_param *params,
                       size_t count, struct db_result **ret_result)
{
    struct request request = {.kind = PREPARED, .stmt = stmt};
    return exec(pg, &request, params, count, ret_result);
}

enum db_status pg_exec_unprepared(struct pg *pg, const struct db_stmt *stmt,
                                  const struct db_param *params, size_t count,
                                  struct db_result **ret_result)
{
    struct request request = {.kind = UNPREPARED, .stmt = stmt};
    return exec(pg, &request, params, count, ret_result);
}

enum db_status pg_command(struct pg *pg, const char *sql)
{
    struct request request = {.kind = TEXT, .text = sql};
    enum db_status status = pg_run(pg, run, &request);
    PQclear(request.result);
    return status;
}
