#include "npsd/base/clock.h"
#include "npsd/base/crypto.h"
#include "npsd/base/log.h"
#include "pg_internal.h"
#include <assert.h>
#include <time.h>

enum { RERUNS_MAX = 10, PAUSE_MAX_MS = 20 };

static void rollback(struct pg *pg)
{
    if (pg->conn && pg_command(pg, "ROLLBACK") != DB_OK)
        pg_drop(pg);
}

/* COMMIT turns into ROLLBACK, with no error, after a statement that failed: a body that has passed
 * over a failure must not look like a success. */
static enum db_status commit(struct pg *pg)
{
    if (pg->conn && PQtransactionStatus(pg->conn) == PQTRANS_INERROR) {
        rollback(pg);
        return DB_SCHEMA;
    }
    return pg_command(pg, "COMMIT");
}

static enum db_status attempt(struct pg *pg, enum db_isolation isolation,
                              enum db_status (*body)(struct pg *pg, void *context), void *context)
{
    enum db_status status =
        pg_command(pg, isolation == DB_REPEATABLE_READ ? "BEGIN ISOLATION LEVEL REPEATABLE READ"
                                                       : "BEGIN ISOLATION LEVEL READ COMMITTED");
    if (status == DB_LOST)
        return DB_RETRY;
    if (status != DB_OK)
        return status;
    pg->held = true;
    /* The settings, where a transaction may have any session of a pool. */
    if (pg->options->pooled)
        status = pg_pipeline(pg, NULL, 0, NULL);
    if (status == DB_OK)
        status = body(pg, context);
    if (status == DB_OK) {
        status = commit(pg);
    } else {
        rollback(pg);
        /* The connection broke before COMMIT was sent, so nothing happened. */
        if (status == DB_LOST)
            status = DB_RETRY;
    }
    pg->held = false;
    return status;
}

static void pause_shortly(void)
{
    uint32_t random;
    crypto_random(&random, sizeof(random));
    struct timespec pause = {.tv_nsec = random % (PAUSE_MAX_MS * 1000000)};
    nanosleep(&pause, NULL);
}

enum db_status pg_transaction(struct pg *pg, const char *name, enum db_isolation isolation,
                              enum db_status (*body)(struct pg *pg, void *context), void *context)
{
    assert(!pg->held);
    int64_t deadline_us = pg_deadline(pg);
    for (int reruns = 0;; reruns++) {
        enum db_status status = attempt(pg, isolation, body, context);
        if (status != DB_RETRY || reruns == RERUNS_MAX || clock_monotonic_us() > deadline_us)
            return status;
        log_debug(NULL, "transaction-rerun", LOG_TEXT("transaction", name),
                  LOG_TEXT("sqlstate", pg->sqlstate), LOG_TEXT("text", pg->error));
        pause_shortly();
    }
}
