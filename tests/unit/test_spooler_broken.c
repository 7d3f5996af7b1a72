/* The spooler when the spool's file says no: nothing is acknowledged that is not there, and it
 * works again by itself. */
#include "npsd/cli/cli.h"
#include "npsd/ingest/spooler.h"
#include "suite.h"
#include "support/unit_ingest.h"
#include "support/unit_log.h"
#include "support/unit_spool.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

static struct config config;
static struct pg_options database;
static struct values *values;
static struct directory *directory;
static struct spooler *spooler;

static void start(void)
{
    const struct spooler_options options = {.spool = {unit_spool_path, UNIT_SPOOL_MB},
                                            .database = &database,
                                            .directory = directory,
                                            .values = values};
    spooler = spooler_start(&options);
    ck_assert_ptr_nonnull(spooler);
}

static void wait_use(enum spooler_use use)
{
    for (int i = 0; spooler_state(spooler).use != use && i < 20000; i++)
        usleep(1000);
    ck_assert_int_eq(spooler_state(spooler).use, use);
}

/* It knows surveys and secrets, and the database is away from now on. */
static void setup(void)
{
    unit_log_begin();
    unit_spool_setup();
    spool_close(unit_spool);
    unit_spool = NULL;
    config = (struct config){.database_url = unit_pg_url(), .allow_unsafe_durability = true};
    database = cli_database(&config);
    values = values_new();
    directory = directory_new();
    struct pg *pg = pg_new(&database);
    ck_assert_int_eq(directory_refresh(directory, pg), DB_OK);
    pg_free(pg);
    config.database_url = "host=/nowhere";
    database = cli_database(&config);
    start();
    wait_use(SPOOLER_GOOD);
}

static void teardown(void)
{
    spooler_stop(spooler);
    directory_free(directory);
    values_free(values);
    unit_spool_teardown();
}

static sqlite3 *open_beside(void)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(unit_spool_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error);
}

/* As a lane does that has given up on the database. */
static void take(struct lane_item **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i]->outcome = LANE_UNAVAILABLE;
    spooler_take(spooler, &unit_spool_arena, items, count);
}

START_TEST(what_is_not_written_is_not_acknowledged)
{
    struct lane_item **items = ingest_items(3);
    sqlite3 *other = open_beside();
    run_sql(other, "begin immediate");
    take(items, 3);
    ck_assert_uint_eq(ingest_count(items, 3, LANE_UNAVAILABLE), 3);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_BROKEN);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, 0);
    ck_assert_int_eq(unit_log_count("event=spool-failed"), 1);
    run_sql(other, "rollback");
    sqlite3_close(other);
    take(items, 3);
    ck_assert_uint_eq(ingest_count(items, 3, LANE_SPOOLED), 3);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_GOOD);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, 3);
}
END_TEST

/* Who asks for readiness first and sends answers then would wait for ever. */
START_TEST(works_again_without_an_answer)
{
    struct lane_item **items = ingest_items(1);
    sqlite3 *other = open_beside();
    run_sql(other, "begin immediate");
    take(items, 1);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_BROKEN);
    usleep(1500000);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_BROKEN);
    run_sql(other, "rollback");
    sqlite3_close(other);
    wait_use(SPOOLER_GOOD);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, 0);
}
END_TEST

/* While answers wait in it, too. */
START_TEST(works_again_while_answers_wait)
{
    struct lane_item **items = ingest_items(2);
    take(items, 1);
    ck_assert_uint_eq(ingest_count(items, 1, LANE_SPOOLED), 1);
    sqlite3 *other = open_beside();
    run_sql(other, "begin immediate");
    take(&items[1], 1);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_BROKEN);
    run_sql(other, "rollback");
    sqlite3_close(other);
    wait_use(SPOOLER_GOOD);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, 1);
}
END_TEST

/* A copy of the directory that is none: told, and a new one is made as soon as something is known.
 */
START_TEST(a_copy_that_nobody_can_read)
{
    sqlite3 *other = open_beside();
    spooler_stop(spooler);
    run_sql(other, "update memory set value = 'nonsense' where name = 'directory'");
    sqlite3_close(other);
    directory_free(directory);
    directory = directory_new();
    start();
    ck_assert_int_eq(unit_log_count("event=spool-copy-unreadable"), 1);
    usleep(400000);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_FOREIGN); /* it knows no database */
    ck_assert_ptr_null(directory_acquire(directory));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_is_not_written_is_not_acknowledged,
                                  works_again_without_an_answer, works_again_while_answers_wait,
                                  a_copy_that_nobody_can_read};
    Suite *suite = suite_create("spooler broken");
    TCase *tcase = unit_folds_case("spooler broken");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
