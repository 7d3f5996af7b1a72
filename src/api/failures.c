#include "npsd/api/failures.h"

#include "npsd/api/limits.h"
#include "npsd/api/quota.h"
#include "npsd/base/clock.h"
#include "npsd/base/crypto.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/store/audit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 16, HASH_SHOWN = 4 };

struct failures {
    struct limits *tries; /* by address */
    struct limits *told;  /* by the same holders: once a minute each */
    atomic_int rows;      /* that the pool has */
};

/* A row on its way. */
struct telling {
    struct job job; /* first, so that a job is its telling */
    struct failures *failures;
    char subject[2 * HASH_SHOWN + sizeof "address "];
    char detail[64];
};

struct failures *failures_new(int per_minute)
{
    struct failures *failures = calloc(1, sizeof *failures);
    if (!failures)
        return NULL;
    failures->tries = limits_new(per_minute);
    failures->told = limits_new(1);
    if (failures->tries && failures->told)
        return failures;
    failures_free(failures);
    return NULL;
}

void failures_free(struct failures *failures)
{
    if (!failures)
        return;
    limits_free(failures->tries);
    limits_free(failures->told);
    free(failures);
}

/* On a worker; pg NULL: it came too late. */
static void write_row(struct job *job, struct pg *pg)
{
    struct telling *telling = (struct telling *)job;
    enum db_status status = DB_AWAY;
    if (pg)
        status = audit_add(pg, "anyone", "login-failures", 0, telling->subject, telling->detail);
    if (status != DB_OK)
        log_warning(NULL, "login-failures-not-audited", LOG_TEXT("status", db_status_name(status)),
                    LOG_TEXT("subject", telling->subject));
    atomic_fetch_sub(&telling->failures->rows, 1);
    free(telling);
}

static void submit_row(const struct call *call, struct failures *failures, const char *hash)
{
    struct telling *telling = calloc(1, sizeof *telling);
    bool room = atomic_fetch_add(&failures->rows, 1) < ROWS_MAX;
    if (telling && room) {
        telling->job.run = write_row;
        telling->failures = failures;
        snprintf(telling->subject, sizeof telling->subject, "address %s", hash);
        snprintf(telling->detail, sizeof telling->detail, "more than %d wrong keys in a minute",
                 limits_per_minute(failures->tries));
        if (pool_submit(call_world(call)->pool, &telling->job))
            return;
    }
    atomic_fetch_sub(&failures->rows, 1);
    free(telling);
}

static void tell(const struct call *call, struct failures *failures, uint64_t address)
{
    char hash[2 * HASH_SHOWN + 1];
    crypto_hex(&address, HASH_SHOWN, hash);
    log_warning(call->request_id, "login-failures", LOG_TEXT("address_hash", hash),
                LOG_NUMBER("a_minute", limits_per_minute(failures->tries)));
    submit_row(call, failures, hash);
}

/* 0, or the seconds to wait. */
static int take(const struct call *call, struct failures *failures)
{
    int64_t now_us = clock_monotonic_us();
    uint64_t address = limits_address(failures->tries, call->client);
    int wait_s = limits_take_by(failures->tries, address, 1, now_us);
    if (wait_s > 0 && limits_take_by(failures->told, address, 1, now_us) == 0)
        tell(call, failures, address);
    return wait_s;
}

struct reply failures_refuse(const struct call *call, const char *detail)
{
    struct failures *failures = call_world(call)->failures;
    metrics_add(METRIC_AUTH_FAILURES, 1);
    int wait_s = failures ? take(call, failures) : 0;
    if (wait_s == 0)
        return reply_problem(call, PROBLEM_UNAUTHORIZED, detail);
    return quota_refuse(call, "wrong-keys", "This address has shown too many wrong keys.", wait_s);
}
