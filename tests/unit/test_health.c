/* Health and metrics, with a database, without one, and while the daemon ends. */
#include "npsd/api/health.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/ingest/lane.h"
#include "npsd/state/poller.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include "support/unit_metrics.h"
#include <string.h>
#include <unistd.h>

static struct unit_call c;
static const struct pg_options nowhere = {.url = "host=/nonexistent"};

static void setup(void)
{
    unit_call_open(&c);
    unit_call_lanes(&c, 100);
    c.world.pool = pool_start(&nowhere, 1, 10);
}

static void teardown(void)
{
    poller_stop(c.world.poller);
    pool_stop(c.world.pool);
    unit_call_done(&c);
}

static void poll_database(const struct pg_options *database)
{
    const struct poller_options options = {database, c.world.directory, NULL, false};
    poller_stop(c.world.poller);
    c.world.poller = poller_start(&options);
    ck_assert_ptr_nonnull(c.world.poller);
}

/* Waits until the poller has seen what the test is about. */
static void wait_for(enum poller_health health)
{
    int64_t end_us = clock_monotonic_us() + 20 * CLOCK_SECOND_US;
    while (poller_health(c.world.poller) != health) {
        ck_assert_int_lt(clock_monotonic_us(), end_us);
        usleep(10000);
    }
}

/* "200 ready", "503 unavailable database-away". */
static const char *readiness(void)
{
    struct reply reply = health_ready(&c.call);
    const json_t *body = unit_reply_json(&c.arena, &reply);
    const char *reason = json_string_value(json_object_get(body, "reason"));
    ck_assert_str_eq(unit_reply_header(&reply, "Cache-Control"), "no-store");
    ck_assert_int_eq(unit_reply_header(&reply, "Retry-After") != NULL, reply.status == 503);
    return arena_printf(&c.arena, "%d %s%s%s", reply.status,
                        json_string_value(json_object_get(body, "status")), reason ? " " : "",
                        reason ? reason : "");
}

START_TEST(alive_whatever_happens)
{
    struct call call = {.arena = &c.arena};
    struct reply reply = health_alive(&call);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(
        json_string_value(json_object_get(unit_reply_json(&c.arena, &reply), "status")), "alive");
}
END_TEST

START_TEST(ready)
{
    poll_database(&c.database);
    wait_for(POLLER_READY);
    ck_assert_str_eq(readiness(), "200 ready");
    c.world.draining = true;
    ck_assert_str_eq(readiness(), "503 unavailable draining");
}
END_TEST

START_TEST(database_away)
{
    poll_database(&nowhere);
    wait_for(POLLER_AWAY);
    ck_assert_str_eq(readiness(), "503 unavailable database-away");
}
END_TEST

START_TEST(schema_wrong)
{
    static const char reverse[] =
        "update schema_migrations set sha256 = reverse(sha256) where name = '0001_init.sql'";
    unit_pg_sql("%s", reverse);
    poll_database(&c.database);
    wait_for(POLLER_SCHEMA);
    ck_assert_str_eq(readiness(), "503 unavailable schema-wrong");
    unit_pg_sql("%s", reverse);
}
END_TEST

/* A queue with less than a fifth of its room left is as good as full. */
START_TEST(queue_full)
{
    poll_database(&c.database);
    wait_for(POLLER_READY);
    c.config.queue = 500;
    ck_assert_str_eq(readiness(), "200 ready");
    c.config.queue = 501;
    ck_assert_str_eq(readiness(), "503 unavailable queue-full");
}
END_TEST

/* Tests run with durability off, and say so. */
START_TEST(unsafe_is_told)
{
    poll_database(&c.database);
    for (int allowed = 0; allowed < 2; allowed++) {
        c.config.allow_unsafe_durability = allowed;
        struct reply reply = health_ready(&c.call);
        const json_t *body = unit_reply_json(&c.arena, &reply);
        ck_assert_int_eq(json_object_get(body, "durability") != NULL, allowed);
    }
}
END_TEST

static const char *metrics(void)
{
    struct reply reply = health_metrics(&c.call);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.type, "text/plain; version=0.0.4; charset=utf-8");
    unit_metrics_check(reply.body, reply.body_len);
    return reply.body;
}

START_TEST(metrics_are_valid)
{
    poll_database(&c.database);
    wait_for(POLLER_READY);
    const char *text = metrics();
    ck_assert(unit_metrics_value(text, "npsd_db_connected") == 1);
    ck_assert(unit_metrics_value(text, "npsd_queue_depth{lane=\"single\"}") == 0);
    ck_assert(unit_metrics_value(text, "npsd_build_info{version=\"" NPSD_VERSION "\"}") == 1);
    ck_assert(unit_metrics_value(text, "process_resident_memory_bytes") > 1e6);
    ck_assert(unit_metrics_value(text, "npsd_unsafe_durability_allowed") == 1);
}
END_TEST

/* Also with values in every bucket, and large ones. */
START_TEST(metrics_of_much)
{
    poll_database(&nowhere);
    for (int k = 0; k < 64; k += 3)
        for (int metric = METRIC_BATCH_SIZE; metric <= METRIC_REQUEST; metric++)
            metrics_observe(metric, UINT64_C(1) << (k / 2));
    metrics_add(METRIC_CREATED, UINT64_C(1) << 60);
    const char *text = metrics();
    ck_assert(unit_metrics_value(text, "npsd_responses_acked_total{channel=\"web\"}") == 0x1p60);
    ck_assert(unit_metrics_value(text, "npsd_db_connected") == 0);
    ck_assert(unit_metrics_value(text, "npsd_commit_duration_seconds_count") == 22);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        alive_whatever_happens, ready,           database_away,
        schema_wrong,           queue_full,      unsafe_is_told,
        metrics_are_valid,      metrics_of_much,
    };
    return unit_database_run_checked("health", setup, teardown, tests, COUNT_OF(tests));
}
