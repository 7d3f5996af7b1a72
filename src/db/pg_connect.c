#include "npsd/base/clock.h"
#include "npsd/base/crypto.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "pg_internal.h"
#include <poll.h>
#include <string.h>

#define CONNECT_US (3 * CLOCK_SECOND_US)
enum { BACKOFF_MIN_MS = 10, BACKOFF_MAX_MS = 250 };

/* Warnings go to the log: one says that a commit is durable here but not on the standby. An error
 * out of the blue is the server's farewell. */
static void receive_notice(void *context, const PGresult *notice)
{
    struct pg *pg = context;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    bool fatal = severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
    if (fatal) {
        pg->dying = true;
        pg_note(pg, PQresultErrorField(notice, PG_DIAG_SQLSTATE), text ? text : severity);
    } else if (severity && strcmp(severity, "WARNING") == 0) {
        log_warning(NULL, "postgresql-warning", LOG_TEXT("text", text));
    } else {
        log_info(NULL, "postgresql-notice", LOG_TEXT("text", text));
    }
}

/* A comma-separated list, begun at its element number by; a list with fewer is for all hosts. */
static const char *rotate(struct arena *arena, const char *list, unsigned by)
{
    const char *begin = list;
    for (; begin && by > 0; by--) {
        begin = strchr(begin, ',');
        begin += begin != NULL;
    }
    if (!begin || begin == list)
        return list;
    return arena_printf(arena, "%s,%.*s", begin, (int)(begin - list - 1), list);
}

static unsigned count_items(const char *list)
{
    unsigned count = 1;
    for (const char *comma = strchr(list, ','); comma; comma = strchr(comma + 1, ','))
        count++;
    return count;
}

enum { HOST, HOSTADDR, PORT, PLACES };

/* The URL's lists of servers, each begun at another server after each failure: libpq's own way from
 * one to the next is longer than we wait, if a server just keeps silent. NULL: not in the URL. */
static void choose_places(const struct pg *pg, struct arena *arena, const char *ret_places[PLACES])
{
    static const char *const keywords[PLACES] = {"host", "hostaddr", "port"};
    PQconninfoOption *given = PQconninfoParse(pg->options->url, NULL);
    unsigned count = 1;
    for (const PQconninfoOption *option = given; option && option->keyword; option++)
        for (int i = 0; i < PLACES; i++)
            if (option->val && strcmp(option->keyword, keywords[i]) == 0) {
                unsigned items = count_items(option->val);
                count = items > count ? items : count;
                ret_places[i] = arena_strdup(arena, option->val);
            }
    PQconninfoFree(given);
    for (int i = 0; i < PLACES; i++)
        if (ret_places[i])
            ret_places[i] = rotate(arena, ret_places[i], pg->attempt % count);
}

/* What stands before the URL gives way to it, what stands after does not. */
static PGconn *start(const struct pg *pg)
{
    struct arena arena;
    arena_init(&arena, 1024);
    const char *places[PLACES] = {NULL};
    choose_places(pg, &arena, places);
    const char *const settings[][2] = {
        {"application_name", "npsd"}, {"target_session_attrs", "read-write"},
        {"keepalives", "1"},          {"keepalives_idle", "5"},
        {"keepalives_interval", "2"}, {"keepalives_count", "3"},
        {"tcp_user_timeout", "5000"}, {"dbname", pg->options->url},
        {"host", places[HOST]},       {"hostaddr", places[HOSTADDR]},
        {"port", places[PORT]},       {"client_encoding", "UTF8"},
    };
    enum { COUNT = sizeof(settings) / sizeof(*settings) };
    const char *keywords[COUNT + 1] = {NULL};
    const char *values[COUNT + 1] = {NULL};
    for (int i = 0; i < COUNT; i++) {
        keywords[i] = settings[i][0];
        values[i] = settings[i][1];
    }
    PGconn *conn = PQconnectStartParams(keywords, values, 1);
    arena_done(&arena);
    return conn;
}

/* True once connected. */
static bool wait_connected(struct pg *pg, int64_t deadline_us)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) {
            pg_note(pg, NULL, PQerrorMessage(pg->conn));
            return false;
        }
        /* The socket can be another one after each step. */
        short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!pg_wait(PQsocket(pg->conn), events, deadline_us)) {
            pg_note(pg, NULL, "no connection within 3 s");
            return false;
        }
        state = PQconnectPoll(pg->conn);
    }
    return true;
}

static enum db_status connect_now(struct pg *pg)
{
    int64_t deadline_us = clock_monotonic_us() + CONNECT_US;
    pg->conn = start(pg);
    if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD) {
        pg_note(pg, NULL, pg->conn ? PQerrorMessage(pg->conn) : "out of memory");
        return DB_AWAY;
    }
    PQsetNoticeReceiver(pg->conn, receive_notice, pg);
    if (!wait_connected(pg, deadline_us) || PQsetnonblocking(pg->conn, 1) != 0)
        return DB_AWAY;
    return pg_session_begin(pg, deadline_us);
}

static void back_off(struct pg *pg)
{
    pg->backoff_ms = pg->backoff_ms ? pg->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (pg->backoff_ms > BACKOFF_MAX_MS)
        pg->backoff_ms = BACKOFF_MAX_MS;
    uint32_t random;
    crypto_random(&random, sizeof(random));
    pg->retry_at_us = clock_monotonic_us() + random % (pg->backoff_ms * 1000U);
}

enum db_status pg_connect(struct pg *pg)
{
    if (pg->conn && pg_alive(pg))
        return DB_OK;
    pg_drop(pg);
    if (clock_monotonic_us() < pg->retry_at_us)
        return pg->refused;
    enum db_status status = connect_now(pg);
    pg->well = status == DB_OK;
    if (status == DB_OK) {
        if (pg->connections++ > 0)
            metrics_add(METRIC_RECONNECTS, 1);
        pg->backoff_ms = 0;
        pg->refused = DB_AWAY;
        return DB_OK;
    }
    pg_drop(pg);
    pg->refused = status;
    pg->attempt++;
    back_off(pg);
    return status;
}

enum db_status pg_ready(struct pg *pg)
{
    if (!pg->held)
        return pg_connect(pg);
    if (pg->conn && pg_alive(pg))
        return DB_OK;
    pg_drop(pg);
    pg->well = false;
    return DB_RETRY;
}

uint64_t pg_connections(const struct pg *pg)
{
    return pg->connections;
}

bool pg_is_connected(const struct pg *pg)
{
    return pg->conn && PQstatus(pg->conn) == CONNECTION_OK && !pg->dying;
}
