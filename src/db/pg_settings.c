#include "npsd/db/array.h"
#include "pg_internal.h"
#include <string.h>

static const struct db_stmt set_all = {"npsd settings", "text[] text[] bool", "text",
                                       "SELECT pg_catalog.set_config(name, value, $3)"
                                       " FROM unnest($1, $2) AS settings (name, value)"};

static const struct db_stmt set_role = {
    "npsd role", "text bool", "text",
    "SELECT pg_catalog.set_config('role', rolname::text, $2) FROM pg_catalog.pg_roles"
    " WHERE rolname = $1 AND pg_catalog.pg_has_role(oid, 'MEMBER')"};

/* Fails (a number cannot be made of it) unless it is the server that is expected; "": any. Nothing
 * of it is worked out before it runs, as the time is no constant. */
static const struct db_stmt expect_server = {
    "npsd server", "text", "text",
    "SELECT CASE WHEN $1 IN ('', started) THEN started"
    " ELSE ('another server: ' || started)::int4::text END"
    " FROM (SELECT extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text) is_ (started)"};

bool pg_send_unprepared(struct pg *pg, struct arena *arena, const struct db_stmt *stmt,
                        const struct db_param *params, size_t count)
{
    struct pg_values v;
    return pg_encode(pg, arena, stmt, params, count, &v) == DB_OK &&
           PQsendQueryParams(pg->conn, stmt->sql, v.count, v.types, v.values, v.lengths, v.formats,
                             1);
}

/* Our settings, then those of the options, which so have the last word. */
static bool send_all(struct pg *pg, struct arena *arena)
{
    static const char *const own[] = {
        "search_path=public, pg_temp",
        "TimeZone=UTC",
        "lock_timeout=2s",
        "idle_in_transaction_session_timeout=10s",
        "synchronous_commit=on",
        "jit=off",
        "client_min_messages=warning",
        NULL,
    };
    const struct pg_options *options = pg->options;
    const char *timeout =
        arena_printf(arena, "statement_timeout=%d",
                     options->statement_timeout_ms ? options->statement_timeout_ms : 5000);
    const char *const *lists[] = {own, (const char *const[]){timeout, NULL}, options->settings};
    size_t count = 0;
    for (size_t list = 0; list < 3; list++)
        for (size_t i = 0; lists[list] && lists[list][i]; i++)
            count++;
    struct buf names = db_array_begin(arena, DB_ARRAY_TEXT, count);
    struct buf values = db_array_begin(arena, DB_ARRAY_TEXT, count);
    for (size_t list = 0; list < 3; list++)
        for (size_t i = 0; lists[list] && lists[list][i]; i++) {
            const char *setting = lists[list][i];
            size_t name_len = strcspn(setting, "=");
            db_array_text(&names, arena_strndup(arena, setting, name_len));
            db_array_text(&values, setting + name_len + (setting[name_len] == '='));
        }
    const struct db_param params[] = {P_BUF(&names), P_BUF(&values), P_BOOL(options->pooled)};
    return pg_send_unprepared(pg, arena, &set_all, params, 3);
}

bool pg_send_settings(struct pg *pg, struct arena *arena, const char *server)
{
    const struct db_param expected = P_TEXT(server);
    const struct db_param role[] = {P_TEXT(pg->options->role), P_BOOL(pg->options->pooled)};
    return pg_send_unprepared(pg, arena, &expect_server, &expected, 1) && send_all(pg, arena) &&
           pg_send_unprepared(pg, arena, &set_role, role, 2);
}
