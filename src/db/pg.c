#include "pg_internal.h"
#include <stdlib.h>

/* One statement on its way: prepared, unprepared, or (without values) plain SQL text. */
struct request {
    enum { PREPARED, UNPREPARED, TEXT } kind;
    const char *name;
    const char *sql;
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

/* libpq only buffers here or writes what the socket takes: it never blocks. */
static bool send(struct pg *pg, const struct request *request)
{
    const struct pg_values *v = &request->values;
    switch (request->kind) {
    case PREPARED:
        return PQsendQueryPrepared(pg->conn, request->name, v->count, v->values, v->lengths,
                                   v->formats, 1);
    case UNPREPARED:
        return PQsendQueryParams(pg->conn, request->sql, v->count, v->types, v->values, v->lengths,
                                 v->formats, 1);
    case TEXT:
        return PQsendQuery(pg->conn, request->sql);
    }
    return false;
}

static struct pg_verdict run(struct pg *pg, void *context)
{
    struct request *request = context;
    int64_t deadline_us = pg_deadline(pg);
    return send(pg, request) ? pg_finish(pg, deadline_us, &request->result) : pg_unsent(pg);
}

static enum db_status exec(struct pg *pg, struct request *request, const struct db_stmt *stmt,
                           const struct db_param *params, size_t count,
                           struct db_result **ret_result)
{
    struct arena arena;
    arena_init(&arena, 2048);
    enum db_status status = pg_encode(pg, &arena, stmt, params, count, &request->values);
    if (status == DB_OK)
        status = pg_run(pg, run, request);
    arena_done(&arena);
    if (status == DB_OK && ret_result)
        *ret_result = (struct db_result *)request->result;
    else
        PQclear(request->result);
    return status;
}

enum db_status pg_exec(struct pg *pg, const struct db_stmt *stmt, const struct db_param *params,
                       size_t count, struct db_result **ret_result)
{
    struct request request = {.kind = PREPARED, .name = stmt->name};
    return exec(pg, &request, stmt, params, count, ret_result);
}

enum db_status pg_exec_unprepared(struct pg *pg, const struct db_stmt *stmt,
                                  const struct db_param *params, size_t count,
                                  struct db_result **ret_result)
{
    struct request request = {.kind = UNPREPARED, .sql = stmt->sql};
    return exec(pg, &request, stmt, params, count, ret_result);
}

enum db_status pg_command(struct pg *pg, const char *sql)
{
    struct request request = {.kind = TEXT, .sql = sql};
    enum db_status status = pg_run(pg, run, &request);
    PQclear(request.result);
    return status;
}
