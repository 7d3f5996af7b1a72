/* The thread that watches the database: what it says of its health, and when. */
#include "npsd/state/poller.h"

#include "npsd/base/clock.h"
#include "npsd/db/migrate.h"
#include "npsd/store/folds.h"
#include "npsd/store/keys.h"
#include "suite.h"
#include "support/unit_database.h"
#include "support/unit_log.h"
#include "support/unit_proxy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct db_stmt *const *const sets[] = {directory_statements, surveys_statements,
                                                    keys_statements, folds_statements, NULL};

static struct pg_options database;
static struct directory *directory;
static struct poller *poller;

static void setup(void)
{
    unit_pg_sql("update schema_migrations set sha256 = right(sha256, 64)");
    unit_pg_sql("truncate survey, question, api_key, tally_state");
    database = (struct pg_options){
        .url = unit_pg_url(), .sets = sets, .role = "npsd_app", .allow_unsafe = true};
    directory = directory_new();
    poller = NULL;
}

static void teardown(void)
{
    poller_stop(poller);
    directory_free(directory);
}

static void start(bool migrate)
{
    const struct poller_options options = {&database, directory, NULL, migrate};
    poller = poller_start(&options);
    ck_assert_ptr_nonnull(poller);
}

/* Milliseconds until the health is this. */
static int64_t wait_for(enum poller_health health)
{
    int64_t began = clock_monotonic_us();
    while (poller_health(poller) != health) {
        ck_assert_msg(clock_monotonic_us() - began < 15 * CLOCK_SECOND_US, "it stays %d",
                      poller_health(poller));
        usleep(2000);
    }
    return (clock_monotonic_us() - began) / 1000;
}

static bool knows_survey(const char *slug)
{
    struct directory_snapshot *snapshot = directory_acquire(directory);
    bool knows = snapshot && directory_survey(snapshot, slug);
    directory_release(snapshot);
    return knows;
}

static void add_survey(const char *slug)
{
    unit_pg_sql("insert into survey (slug, title) values ('%s', '{}');"
                "insert into question (survey_id, n, id, position, definition)"
                " select id, 1, 'recommend', 1, '{\"type\":\"nps\",\"text\":{},\"min\":0,\"max\":0,"
                "\"ask\":7,\"options\":[]}' from survey where slug = '%s'",
                slug, slug);
}

static int64_t wait_for_survey(const char *slug)
{
    int64_t began = clock_monotonic_us();
    while (!knows_survey(slug)) {
        ck_assert_int_lt(clock_monotonic_us() - began, 10 * CLOCK_SECOND_US);
        usleep(2000);
    }
    return (clock_monotonic_us() - began) / 1000;
}

START_TEST(ready_and_fresh)
{
    add_survey("first");
    start(false);
    ck_assert_int_lt(wait_for(POLLER_READY), 3000);
    ck_assert(knows_survey("first"));
    add_survey("second");
    ck_assert_int_lt(wait_for_survey("second"), 1500);
    unit_pg_sql("delete from survey where slug = 'first'");
    int64_t began = clock_monotonic_us();
    while (knows_survey("first"))
        ck_assert_int_lt(clock_monotonic_us() - began, 2 * CLOCK_SECOND_US);
    ck_assert_int_eq(poller_health(poller), POLLER_READY);
}
END_TEST

/* So that who listens after it knows keys and surveys, if the database is there. */
START_TEST(the_first_look_can_be_waited_for)
{
    add_survey("known");
    start(false);
    poller_wait_first(poller, 10000);
    ck_assert(knows_survey("known"));
    poller_wait_first(poller, 10000); /* at once */
}
END_TEST

START_TEST(a_silent_database_is_not_waited_for_longer)
{
    database.url = unit_proxy_start();
    unit_proxy_set(PROXY_SILENT);
    int64_t began_us = clock_monotonic_us();
    start(false);
    poller_wait_first(poller, 200);
    ck_assert_int_lt(clock_monotonic_us() - began_us, 2 * CLOCK_SECOND_US);
    unit_proxy_set(PROXY_PASS);
    wait_for(POLLER_READY);
    poller_stop(poller);
    poller = NULL;
    unit_proxy_stop();
}
END_TEST

START_TEST(away_and_back)
{
    add_survey("kept");
    database.url = unit_proxy_start();
    start(false);
    wait_for(POLLER_READY);
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    int64_t until_away = wait_for(POLLER_AWAY);
    /* A moment is not told; on a busy machine the last look had begun a while ago. */
    ck_assert_int_ge(until_away, 500);
    ck_assert_int_le(until_away, 3000);
    ck_assert(knows_survey("kept"));
    unit_proxy_away(0);
    ck_assert_int_lt(wait_for(POLLER_READY), 1500);
    add_survey("later");
    ck_assert_int_lt(wait_for_survey("later"), 1500);
    int64_t began = clock_monotonic_us();
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    poller_stop(poller);
    poller = NULL;
    ck_assert_int_lt(clock_monotonic_us() - began, 2 * CLOCK_SECOND_US);
    unit_proxy_stop();
}
END_TEST

/* PostgreSQL starts after the daemon. */
START_TEST(away_from_the_beginning)
{
    add_survey("there");
    database.url = unit_proxy_start();
    unit_proxy_away(800);
    start(_i);
    ck_assert_int_eq(poller_health(poller), POLLER_AWAY);
    ck_assert(!knows_survey("there"));
    ck_assert_int_lt(wait_for(POLLER_READY), 4000);
    ck_assert(knows_survey("there"));
    poller_stop(poller);
    poller = NULL;
    unit_proxy_stop();
}
END_TEST

/* Another database of the server, without a schema. */
static const char *make_empty_database(char name[static 64])
{
    snprintf(name, 64, "npsd_empty_%ld", (long)getpid());
    unit_pg_sql("drop database if exists %s with (force)", name);
    unit_pg_sql("create database %s", name);
    return unit_pg_url_with("dbname", name);
}

START_TEST(no_schema)
{
    char name[64];
    database.url = make_empty_database(name);
    start(false);
    ck_assert_int_lt(wait_for(POLLER_SCHEMA), 2000);
    usleep(600000);
    ck_assert_int_eq(poller_health(poller), POLLER_SCHEMA);
    poller_stop(poller);
    start(true); /* is asked to make it */
    ck_assert_int_lt(wait_for(POLLER_READY), 8000);
    poller_stop(poller);
    poller = NULL;
    unit_pg_sql("drop database %s with (force)", name);
}
END_TEST

static void say_nothing(void *context, const char *line)
{
    (void)context;
    (void)line;
}

/* Somebody else migrates while the daemon waits. */
START_TEST(a_schema_that_comes_later)
{
    char name[64];
    database.url = make_empty_database(name);
    start(false);
    wait_for(POLLER_SCHEMA);
    ck_assert_int_eq(migrate_run(database.url, false, say_nothing, NULL), MIGRATE_OK);
    ck_assert_int_lt(wait_for(POLLER_READY), 3000);
    poller_stop(poller);
    poller = NULL;
    unit_pg_sql("drop database %s with (force)", name);
}
END_TEST

START_TEST(a_schema_that_changes_underneath)
{
    start(false);
    wait_for(POLLER_READY);
    unit_pg_sql("alter table directory rename version to v");
    ck_assert_int_lt(wait_for(POLLER_SCHEMA), 2000);
    usleep(700000);
    ck_assert_int_eq(poller_health(poller), POLLER_SCHEMA); /* and stays so */
    unit_pg_sql("alter table directory rename v to version");
    ck_assert_int_lt(wait_for(POLLER_READY), 3000);
}
END_TEST

START_TEST(a_wrong_schema_that_goes_away)
{
    database.url = unit_proxy_start();
    unit_pg_sql("update schema_migrations set sha256 = 'x' || sha256 where version = 1");
    start(false);
    wait_for(POLLER_SCHEMA);
    unit_proxy_away(100000);
    ck_assert_int_lt(wait_for(POLLER_AWAY), 3000);
    unit_pg_sql("update schema_migrations set sha256 = substr(sha256, 2) where version = 1");
    unit_proxy_away(0);
    ck_assert_int_lt(wait_for(POLLER_READY), 3000);
    poller_stop(poller);
    poller = NULL;
    unit_proxy_stop();
}
END_TEST

/* The server of the tests has its durability switched off. */
START_TEST(unsafe)
{
    if (strcmp(unit_pg_value("show fsync"), "on") == 0)
        return;
    database.allow_unsafe = false;
    start(false);
    ck_assert_int_lt(wait_for(POLLER_UNSAFE), 2000);
    poller_stop(poller);
    database.allow_unsafe = true;
    start(false);
    ck_assert_int_lt(wait_for(POLLER_READY), 2000);
}
END_TEST

/* When keys are used first is written at once, later uses at most once a minute. */
START_TEST(used_keys_are_written)
{
    unit_pg_sql("insert into api_key (role, name, hash, hint) values"
                " ('admin', 'a', decode(repeat('00', 32), 'hex'), 'h')");
    start(false);
    wait_for(POLLER_READY);
    struct directory_snapshot *snapshot = directory_acquire(directory);
    ck_assert_uint_eq(snapshot->key_count, 1);
    atomic_store(snapshot->keys[0].used, true);
    directory_release(snapshot);
    usleep(600000);
    ck_assert_int_eq(unit_pg_number("select count(last_used_at) from api_key"), 1);
}
END_TEST

/* The median is told, since a busy machine holds up one or the other. */
START_TEST(stopping_is_quick)
{
    int slow = 0;
    start(false);
    wait_for(POLLER_READY);
    for (int i = 0; i < 11; i++) {
        int64_t began = clock_monotonic_us();
        poller_stop(poller);
        slow += clock_monotonic_us() - began > 200000;
        start(false);
        usleep((unsigned)i * 3000);
    }
    ck_assert_int_le(slow, 5);
    poller_stop(NULL);
}
END_TEST

START_TEST(trouble_is_told_once)
{
    database.url = unit_proxy_start();
    unit_proxy_away(100000);
    unit_log_begin();
    start(false);
    usleep(1500000);
    ck_assert_int_eq(unit_log_count("database-trouble"), 1);
    unit_proxy_away(0);
    wait_for(POLLER_READY);
    usleep(300000);
    ck_assert_int_eq(unit_log_count("database-ready"), 1);
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    wait_for(POLLER_AWAY);
    usleep(700000);
    ck_assert_int_le(unit_log_count("database-trouble"), 3); /* lost, then away */
    poller_stop(poller);
    poller = NULL;
    unit_proxy_stop();
}
END_TEST

START_TEST(a_wrong_schema_is_told_once)
{
    char name[64];
    database.url = make_empty_database(name);
    unit_log_begin();
    start(_i);
    wait_for(_i ? POLLER_READY : POLLER_SCHEMA);
    usleep(1200000);
    ck_assert_int_eq(unit_log_count("0001_init.sql"), 1);
    ck_assert_int_eq(unit_log_count("database-trouble"), _i ? 0 : 1);
    poller_stop(poller);
    poller = NULL;
    unit_pg_sql("drop database %s with (force)", name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("poller");
    TCase *tcase = tcase_create("poller");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, ready_and_fresh);
    tcase_add_test(tcase, the_first_look_can_be_waited_for);
    tcase_add_test(tcase, a_silent_database_is_not_waited_for_longer);
    tcase_add_test(tcase, away_and_back);
    tcase_add_loop_test(tcase, away_from_the_beginning, 0, 2);
    tcase_add_test(tcase, no_schema);
    tcase_add_test(tcase, a_schema_that_comes_later);
    tcase_add_test(tcase, a_schema_that_changes_underneath);
    tcase_add_test(tcase, a_wrong_schema_that_goes_away);
    tcase_add_test(tcase, unsafe);
    tcase_add_test(tcase, used_keys_are_written);
    tcase_add_test(tcase, stopping_is_quick);
    tcase_add_test(tcase, trouble_is_told_once);
    tcase_add_loop_test(tcase, a_wrong_schema_is_told_once, 0, 2);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
