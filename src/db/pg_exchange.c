#include "npsd/base/clock.h"
#include "pg_internal.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* How much longer than its statement_timeout a statement is waited for: PostgreSQL's own answer to
 * a timeout must get the chance to arrive. */
#define GRACE_US (3 * CLOCK_SECOND_US)

int64_t pg_deadline(const struct pg *pg)
{
    int64_t timeout_ms = pg->options->statement_timeout_ms;
    return clock_monotonic_us() + (timeout_ms ? timeout_ms : 5000) * 1000 + GRACE_US;
}

bool pg_wait(int fd, short events, int64_t deadline_us)
{
    for (;;) {
        int64_t left_us = deadline_us - clock_monotonic_us();
        if (left_us <= 0 || fd < 0)
            return false;
        int64_t left_ms = (left_us + 999) / 1000;
        struct pollfd one = {.fd = fd, .events = events};
        int ready = poll(&one, 1, left_ms > 60000 ? 60000 : (int)left_ms);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

void pg_drop(struct pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->dying = false;
}

void pg_abandon(struct pg *pg)
{
    pg_drop(pg);
    pg->held = false;
}

bool pg_alive(struct pg *pg)
{
    /* Whatever comes while nothing was asked is rare, and mostly an end: the server's last words
     * and the end of the stream take two reads. */
    for (int i = 0; i < 8 && PQstatus(pg->conn) == CONNECTION_OK; i++) {
        struct pollfd one = {.fd = PQsocket(pg->conn), .events = POLLIN};
        if (poll(&one, 1, 0) <= 0)
            break;
        if (!PQconsumeInput(pg->conn))
            return false;
        PQisBusy(pg->conn); /* parses: a notice goes to its receiver, which sets dying */
    }
    return PQstatus(pg->conn) == CONNECTION_OK && !pg->dying;
}

void pg_note(struct pg *pg, const char *sqlstate, const char *text)
{
    snprintf(pg->sqlstate, sizeof(pg->sqlstate), "%s", sqlstate ? sqlstate : "");
    int len = (int)strcspn(text, "\n");
    snprintf(pg->error, sizeof(pg->error), "%.*s", len, text);
}

struct pg_verdict pg_unsent(struct pg *pg)
{
    pg_note(pg, NULL, PQerrorMessage(pg->conn));
    pg_drop(pg);
    pg->well = false;
    return (struct pg_verdict){.status = DB_AWAY, .again = true};
}

enum db_status pg_run(struct pg *pg, struct pg_verdict (*send)(struct pg *pg, void *context),
                      void *context)
{
    for (bool first = true;; first = false) {
        enum db_status ready = pg_ready(pg);
        if (ready != DB_OK)
            return ready;
        struct pg_verdict verdict = send(pg, context);
        if (!verdict.again || !first)
            return verdict.status;
        pg_drop(pg);
    }
}

/* The next result, NULL at the end of a command's results. False if it did not come in time. */
static bool next_result(struct pg *pg, int64_t deadline_us, PGresult **ret_result)
{
    PGconn *conn = pg->conn;
    for (;;) {
        /* What has come is taken first, then more is read, then more is written: with both
         * directions full, whoever insists on writing waits for ever. */
        if (!PQisBusy(conn) || PQstatus(conn) != CONNECTION_OK)
            break;
        int unsent = PQflush(conn);
        short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
        if (!pg_wait(PQsocket(conn), events, deadline_us)) {
            pg_note(pg, NULL, "no answer before the deadline");
            return false;
        }
        if (!PQconsumeInput(conn))
            break; /* broken: PQgetResult, which cannot block now, tells how */
    }
    *ret_result = PQgetResult(conn);
    return true;
}

static bool is_success(ExecStatusType status)
{
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

/* The first error of an exchange is its verdict. */
static void judge(struct pg *pg, const PGresult *result, struct pg_verdict *verdict)
{
    ExecStatusType status = PQresultStatus(result);
    if (verdict->status != DB_OK || is_success(status))
        return;
    if (status != PGRES_FATAL_ERROR) {
        /* COPY, which would leave the connection in a state of its own. */
        pg_note(pg, NULL, PQresStatus(status));
        *verdict = (struct pg_verdict){.status = DB_SCHEMA, .drop = true};
        return;
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    pg_note(pg, sqlstate, primary ? primary : PQresultErrorMessage(result));
    *verdict = pg_status_of(sqlstate);
}

/* Ends an exchange. Without an error the connection must have survived until PostgreSQL was ready
 * again: it commits only after it has reported a statement's success. */
static struct pg_verdict conclude(struct pg *pg, struct pg_verdict verdict, bool complete)
{
    bool broken = !complete || PQstatus(pg->conn) != CONNECTION_OK;
    if (broken && verdict.status == DB_OK) {
        if (complete)
            pg_note(pg, NULL, PQerrorMessage(pg->conn));
        verdict.status = DB_LOST;
    }
    if (broken || verdict.drop)
        pg_drop(pg);
    pg->well = verdict.status == DB_OK || verdict.status == DB_CONFLICT ||
               verdict.status == DB_REFUSED || verdict.status == DB_RETRY;
    return verdict;
}

struct pg_verdict pg_finish(struct pg *pg, int64_t deadline_us, PGresult **ret_result)
{
    struct pg_verdict verdict = {.status = DB_OK};
    PGresult *last = NULL;
    PGresult *result = NULL;
    bool complete;
    while ((complete = next_result(pg, deadline_us, &result)) && result) {
        judge(pg, result, &verdict);
        PQclear(last);
        last = result;
        if (verdict.drop)
            break;
    }
    verdict = conclude(pg, verdict, complete);
    if (verdict.status == DB_OK && ret_result)
        *ret_result = last;
    else
        PQclear(last);
    return verdict;
}

struct pg_verdict pg_collect(struct pg *pg, int64_t deadline_us,
                             void (*each)(void *context, size_t command, const PGresult *result),
                             void *context)
{
    struct pg_verdict verdict = {.status = DB_OK};
    size_t command = 0;
    bool complete = false;
    bool synced = false;
    while (!synced && !verdict.drop) {
        PGresult *result = NULL;
        complete = next_result(pg, deadline_us, &result);
        if (!complete || (!result && PQstatus(pg->conn) != CONNECTION_OK))
            break;
        synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (!result) {
            command++;
        } else if (!synced) {
            if (each)
                each(context, command, result);
            judge(pg, result, &verdict);
        }
        PQclear(result);
    }
    verdict = conclude(pg, verdict, complete);
    if (pg->conn && !PQexitPipelineMode(pg->conn))
        pg_drop(pg);
    return verdict;
}
