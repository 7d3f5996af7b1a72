#include "npsd/base/log.h"
#include "pg_internal.h"
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * Everything goes out in one pipeline, so connecting costs one round trip: what PostgreSQL says of
 * its durability, memory, the settings, the role, then each statement prepared and described.
 * Of synchronous_commit, which is one of our settings, the question is what a session begins with:
 * a pooler may give us one that somebody has changed.
 */
static const struct db_stmt durability = {
    "npsd durability", "", "text",
    "SELECT pg_catalog.concat_ws(', ',"
    " CASE pg_catalog.current_setting('fsync') WHEN 'off' THEN 'fsync' END,"
    " CASE pg_catalog.current_setting('full_page_writes') WHEN 'off'"
    "  THEN 'full_page_writes' END,"
    " (SELECT name FROM pg_catalog.pg_settings"
    "  WHERE name = 'synchronous_commit' AND reset_val = 'off'))"};

/*
 * glibc gives memory back to the system when 128 KiB are free at the end of the heap, so a backend
 * whose statements need more takes it anew each time, page by page: that was a sixth of what
 * answers cost PostgreSQL. Having freed one large block it keeps twice as much (the dynamic mmap
 * threshold of mallopt(3)). With another C library it changes nothing.
 */
static const struct db_stmt keep_memory = {
    "npsd memory", "", "int4", "SELECT pg_catalog.octet_length(pg_catalog.repeat(' ', 4194304))"};

enum { DURABILITY, MEMORY, SERVER, ROLE = SERVER + PG_SETTINGS - 1, PREPARES };

struct session {
    struct pg *pg;
    struct arena *arena;
    const struct db_stmt **stmts;
    size_t count;
    bool matches; /* the statements are as declared */
    bool no_role; /* it works as its login */
    char unsafe[64];
};

static void list_statements(struct session *session)
{
    const struct db_stmt *const *const *sets = session->pg->options->sets;
    size_t count = 0;
    for (size_t set = 0; sets && sets[set]; set++)
        for (size_t i = 0; sets[set][i]; i++)
            count++;
    session->stmts = arena_calloc(session->arena, count + 1, sizeof(*session->stmts));
    for (size_t set = 0; sets && sets[set]; set++)
        for (size_t i = 0; sets[set][i]; i++)
            session->stmts[session->count++] = sets[set][i];
}

static bool send_prepare(struct session *session, const struct db_stmt *stmt)
{
    size_t count = pg_count_types(stmt->params);
    Oid *types = arena_calloc(session->arena, count + 1, sizeof(*types));
    const char *words = stmt->params;
    for (size_t i = 0; i < count; i++)
        pg_next_type(&words, &types[i]);
    /* Names would be in the way of the next who gets the session from a pooler. */
    const char *name = session->pg->options->pooled ? "" : stmt->name;
    PGconn *conn = session->pg->conn;
    return PQsendPrepare(conn, name, stmt->sql, (int)count, types) &&
           PQsendDescribePrepared(conn, name);
}

static bool send_all(struct session *session)
{
    struct pg *pg = session->pg;
    bool sent = PQenterPipelineMode(pg->conn) &&
                pg_send_unprepared(pg, session->arena, &durability, NULL, 0) &&
                pg_send_unprepared(pg, session->arena, &keep_memory, NULL, 0) &&
                pg_send_settings(pg, session->arena, "");
    for (size_t i = 0; sent && i < session->count; i++)
        sent = send_prepare(session, session->stmts[i]);
    return sent && PQpipelineSync(pg->conn);
}

/* Our own mistakes are told once, not at each attempt to connect. */
static bool is_news(const struct session *session)
{
    return session->pg->refused != DB_SCHEMA;
}

static void mismatch(struct session *session, const struct db_stmt *stmt, const char *what,
                     int64_t number, const char *text)
{
    session->matches = false;
    if (is_news(session))
        log_error(NULL, "statement-mismatch", LOG_TEXT("statement", stmt->name),
                  LOG_TEXT("what", what), LOG_NUMBER("number", number), LOG_TEXT("is", text));
    char note[160];
    snprintf(note, sizeof(note), "%s: %s %d is %s", stmt->name, what, (int)number, text);
    pg_note(session->pg, NULL, note);
}

/* Compares declared with actual types, of which there are count. */
static void compare(struct session *session, const struct db_stmt *stmt, const char *what,
                    const char *words, int count, Oid (*type_at)(const PGresult *, int),
                    const PGresult *described)
{
    Oid declared;
    int number = 0;
    for (; pg_next_type(&words, &declared); number++)
        if (number >= count)
            mismatch(session, stmt, what, number + 1, "missing");
        else if (declared != type_at(described, number))
            mismatch(session, stmt, what, number + 1, pg_type_word(type_at(described, number)));
    if (number < count)
        mismatch(session, stmt, what, number + 1, "not declared");
}

static void check_statement(struct session *session, const struct db_stmt *stmt,
                            const PGresult *described)
{
    compare(session, stmt, "parameter", stmt->params, PQnparams(described), PQparamtype, described);
    compare(session, stmt, "column", stmt->columns, PQnfields(described), PQftype, described);
}

static void log_failed_command(const struct session *session, size_t command,
                               const PGresult *result)
{
    /* The Sync is behind the statements: a connection that ends then fails there. */
    size_t stmt = command >= PREPARES ? (command - PREPARES) / 2 : SIZE_MAX;
    const char *name = stmt < session->count ? session->stmts[stmt]->name : "session";
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!is_news(session))
        return;
    log_error(NULL, "statement-failed", LOG_TEXT("statement", name), LOG_TEXT("sqlstate", sqlstate),
              LOG_TEXT("text", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
    /* A statement of ours in a session that has just begun: it is not ours alone. */
    if (sqlstate && strcmp(sqlstate, "42P05") == 0)
        log_error(NULL, "session-is-shared", LOG_TEXT("try", "NPSD_TRANSACTION_POOLING=1"));
}

static void take_result(void *context, size_t command, const PGresult *result)
{
    struct session *session = context;
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        log_failed_command(session, command, result);
    else if (command == DURABILITY && PQntuples(result) == 1)
        snprintf(session->unsafe, sizeof(session->unsafe), "%s", PQgetvalue(result, 0, 0));
    else if (command == SERVER && PQntuples(result) == 1)
        snprintf(session->pg->server, sizeof(session->pg->server), "%s", PQgetvalue(result, 0, 0));
    else if (command == ROLE)
        session->no_role = session->pg->options->role && PQntuples(result) == 0;
    else if (command >= PREPARES && (command - PREPARES) % 2 == 1 &&
             PQresultStatus(result) == PGRES_COMMAND_OK)
        check_statement(session, session->stmts[(command - PREPARES) / 2], result);
}

static enum db_status check_durability(const struct session *session)
{
    static atomic_flag warned = ATOMIC_FLAG_INIT;
    const char *off = session->unsafe;
    if (!*off)
        return DB_OK;
    if (!session->pg->options->allow_unsafe) {
        char text[96];
        snprintf(text, sizeof(text), "off: %s", off);
        pg_note(session->pg, NULL, text);
        return DB_UNSAFE;
    }
    if (!atomic_flag_test_and_set(&warned))
        log_warning(NULL, "unsafe-durability", LOG_TEXT("off", off));
    return DB_OK;
}

/* The role keeps the daemon from what its login may do, so its absence is told: once, and not
 * before there is a schema. */
static void tell_role(const struct session *session)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    if (session->no_role && session->count > 0 && !atomic_flag_test_and_set(&told))
        log_warning(NULL, "role-missing", LOG_TEXT("role", session->pg->options->role),
                    LOG_TEXT("works_as", PQuser(session->pg->conn)));
}

/* What failed on a connection that has done nothing yet. */
static enum db_status begin_status(enum db_status status)
{
    return status == DB_SCHEMA || status == DB_REFUSED ? DB_SCHEMA : DB_AWAY;
}

static enum db_status begin(struct session *session, int64_t deadline_us)
{
    list_statements(session);
    if (!send_all(session)) {
        pg_note(session->pg, NULL, PQerrorMessage(session->pg->conn));
        return DB_AWAY;
    }
    struct pg_verdict verdict = pg_collect(session->pg, deadline_us, take_result, session);
    if (verdict.status != DB_OK)
        return begin_status(verdict.status);
    tell_role(session);
    return session->matches ? check_durability(session) : DB_SCHEMA;
}

enum db_status pg_session_begin(struct pg *pg, int64_t deadline_us)
{
    struct arena arena;
    arena_init(&arena, 8192);
    struct session session = {.pg = pg, .arena = &arena, .matches = true};
    enum db_status status = begin(&session, deadline_us);
    arena_done(&arena);
    return status;
}
