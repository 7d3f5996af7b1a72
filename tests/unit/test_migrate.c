/* Each test has the database to itself: its tables are gone when the next begins. */
#include "../../src/db/migrate_internal.h"
#include "npsd/base/clock.h"
#include "npsd/db/pg.h"
#include "support/unit_pg.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What was told, line after line. */
static char told[4096];

static void say(void *context, const char *line)
{
    (void)context;
    size_t len = strlen(told);
    snprintf(told + len, sizeof(told) - len, "%s\n", line);
}

static struct migration file(const char *name, const char *sql)
{
    const unsigned char *begin = (const unsigned char *)sql;
    return (struct migration){name, begin, begin + strlen(sql)};
}

static struct migration files[4];
static struct migration repeatable[1];
static struct migrate_files all;

static enum migrate_result run(void)
{
    told[0] = '\0';
    return migrate_run_files(unit_pg_url(), &all, false, say, NULL);
}

static enum migrate_result dry_run(void)
{
    told[0] = '\0';
    return migrate_run_files(unit_pg_url(), &all, true, say, NULL);
}

static enum migrate_result check(void)
{
    return migrate_check_files(unit_pg_url(), false, &all, say, NULL);
}

static void setup(void)
{
    unit_pg_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    files[0] = file("0001_init.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1);");
    files[1] = file("0002_more.sql", "CREATE TABLE b (n int); INSERT INTO a VALUES (2);");
    files[2] = file("0003_last.sql", "INSERT INTO a VALUES (3);");
    repeatable[0] = file("views.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS x");
    all = (struct migrate_files){files, 3, repeatable, 1};
}

static long records(void)
{
    return unit_pg_number("SELECT count(*) FROM schema_migrations");
}

static bool exists(const char *table)
{
    return *unit_pg_value("SELECT coalesce(to_regclass('public.%s')::text, '')", table) != '\0';
}

START_TEST(test_applies_in_order_and_once)
{
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_str_eq(told, "0001_init.sql applied\n0002_more.sql applied\n"
                           "0003_last.sql applied\nviews.sql applied\n");
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_str_eq(told, "the schema is up to date\n");
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM a"), 3);
    ck_assert_int_eq(records(), 4);
    ck_assert_int_eq(unit_pg_number("SELECT max(version) FROM schema_migrations"), 3);
}
END_TEST

START_TEST(test_record_holds_the_hash)
{
    files[0] = file("0001_init.sql", "SELECT 1");
    all.count = 1;
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_str_eq(unit_pg_value("SELECT sha256 FROM schema_migrations WHERE version = 1"),
                     unit_pg_value("SELECT encode(sha256('SELECT 1'), 'hex')"));
    ck_assert_int_eq(
        unit_pg_number("SELECT count(*) FROM schema_migrations WHERE applied_at <= now()"), 2);
}
END_TEST

START_TEST(test_new_files_are_added)
{
    all.count = 1;
    ck_assert_int_eq(run(), MIGRATE_OK);
    all.count = 3;
    ck_assert_int_eq(check(), MIGRATE_REFUSED);
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_str_eq(told, "0002_more.sql applied\n0003_last.sql applied\n");
    ck_assert_int_eq(check(), MIGRATE_OK);
}
END_TEST

START_TEST(test_repeatable_files_run_again_when_changed)
{
    ck_assert_int_eq(run(), MIGRATE_OK);
    repeatable[0] = file("views.sql", "CREATE OR REPLACE VIEW v AS SELECT 2 AS x");
    ck_assert_int_eq(check(), MIGRATE_REFUSED);
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_str_eq(told, "views.sql applied\n");
    ck_assert_int_eq(unit_pg_number("SELECT x FROM v"), 2);
    ck_assert_int_eq(check(), MIGRATE_OK);
    ck_assert_int_eq(records(), 4);
}
END_TEST

START_TEST(test_changed_file_is_refused)
{
    all.count = 2;
    ck_assert_int_eq(run(), MIGRATE_OK);
    all.count = 3;
    files[1] = file("0002_more.sql", "CREATE TABLE c (n int)");
    repeatable[0] = file("views.sql", "CREATE OR REPLACE VIEW v AS SELECT 2 AS x");
    ck_assert_int_eq(run(), MIGRATE_REFUSED);
    ck_assert_ptr_nonnull(strstr(told, "0002_more.sql"));
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM a"), 2);
    ck_assert_int_eq(unit_pg_number("SELECT x FROM v"), 1);
    ck_assert_int_eq(check(), MIGRATE_REFUSED);
}
END_TEST

START_TEST(test_newer_database_is_refused)
{
    ck_assert_int_eq(run(), MIGRATE_OK);
    all.count = 2;
    ck_assert_int_eq(run(), MIGRATE_REFUSED);
    ck_assert_ptr_nonnull(strstr(told, "0003_last.sql"));
    ck_assert_int_eq(check(), MIGRATE_REFUSED);
    ck_assert_int_eq(dry_run(), MIGRATE_REFUSED);
}
END_TEST

START_TEST(test_file_put_between_is_refused)
{
    const struct migration late = files[1];
    files[1] = files[2];
    all.count = 2;
    ck_assert_int_eq(run(), MIGRATE_OK);
    files[2] = files[1];
    files[1] = late;
    all.count = 3;
    ck_assert_int_eq(run(), MIGRATE_REFUSED);
    ck_assert(!exists("b"));
}
END_TEST

START_TEST(test_failing_file_is_rolled_back_and_named)
{
    files[1] = file("0002_more.sql", "CREATE TABLE b (n int); SELECT 1 / 0; CREATE TABLE c ()");
    ck_assert_int_eq(run(), MIGRATE_FAILED);
    ck_assert_ptr_nonnull(strstr(told, "0001_init.sql applied\n0002_more.sql: "));
    ck_assert_ptr_nonnull(strstr(told, "division by zero"));
    ck_assert(!exists("b"));
    ck_assert_int_eq(records(), 1);
    files[1] = file("0002_more.sql", "CREATE TABLE b (n int)");
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_int_eq(records(), 4);
}
END_TEST

/* What another database of the cluster makes at the same moment (roles) is there a moment later. */
static void meet_another(int times)
{
    unit_pg_sql("CREATE SCHEMA kept; CREATE SEQUENCE kept.tries");
    static char sql[128];
    snprintf(sql, sizeof(sql),
             "DO $$ BEGIN IF nextval('kept.tries') <= %d THEN RAISE unique_violation;"
             " END IF; END $$",
             times);
    files[2] = file("0003_last.sql", sql);
}

START_TEST(test_another_database_at_the_same_moment)
{
    meet_another(2);
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_ptr_null(strstr(told, "23505"));
    ck_assert_int_eq(records(), 4);
    unit_pg_sql("DROP SCHEMA kept CASCADE");
}
END_TEST

START_TEST(test_another_database_for_ever)
{
    meet_another(1000000);
    ck_assert_int_eq(run(), MIGRATE_FAILED);
    ck_assert_ptr_nonnull(strstr(told, "0003_last.sql"));
    ck_assert_ptr_nonnull(strstr(told, "23505"));
    ck_assert_int_lt(unit_pg_number("SELECT last_value FROM kept.tries"), 10);
    unit_pg_sql("DROP SCHEMA kept CASCADE");
}
END_TEST

START_TEST(test_file_that_ends_its_transaction)
{
    files[1] = file("0002_more.sql", "SELECT 1; ROLLBACK");
    ck_assert_int_eq(run(), MIGRATE_FAILED);
    ck_assert_ptr_nonnull(strstr(told, "0002_more.sql"));
    ck_assert_int_eq(records(), 1);
}
END_TEST

START_TEST(test_dry_run_changes_nothing)
{
    ck_assert_int_eq(dry_run(), MIGRATE_OK);
    ck_assert_str_eq(told, "0001_init.sql would be applied\n0002_more.sql would be applied\n"
                           "0003_last.sql would be applied\nviews.sql would be applied\n");
    ck_assert(!exists("schema_migrations"));
    ck_assert(!exists("a"));
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_int_eq(dry_run(), MIGRATE_OK);
    ck_assert_str_eq(told, "the schema is up to date\n");
}
END_TEST

START_TEST(test_check_of_an_empty_database)
{
    ck_assert_int_eq(check(), MIGRATE_REFUSED);
    ck_assert(!exists("schema_migrations"));
}
END_TEST

START_TEST(test_database_that_is_away)
{
    const char *nowhere = unit_pg_url_with("host", "/nonexistent");
    ck_assert_int_eq(migrate_run_files(nowhere, &all, false, say, NULL), MIGRATE_AWAY);
    ck_assert_int_eq(migrate_check_files(nowhere, false, &all, say, NULL), MIGRATE_AWAY);
}
END_TEST

/* Runs migrate in a process of its own, whose exit code is the result. */
static pid_t start_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(run());
    ck_assert_int_gt(pid, 0);
    return pid;
}

static int result_of(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(test_eight_at_once)
{
    enum { PROCESSES = 8 };
    pid_t pids[PROCESSES];
    files[0] = file("0001_init.sql", "CREATE TABLE a (n int); SELECT pg_sleep(0.3)");
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start_process();
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_eq(result_of(pids[i]), MIGRATE_OK);
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM a"), 2);
    ck_assert_int_eq(records(), 4);
}
END_TEST

static void sleep_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

START_TEST(test_killed_in_the_middle)
{
    files[1] = file("0002_more.sql", "CREATE TABLE b (n int); SELECT pg_sleep(60)");
    pid_t pid = start_process();
    while (unit_pg_number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                          " AND datname = current_database()") == 0)
        sleep_ms(20);
    kill(pid, SIGKILL);
    ck_assert_int_eq(result_of(pid), -1);
    int64_t killed = clock_monotonic_us();
    files[1] = file("0002_more.sql", "CREATE TABLE b (n int)");
    ck_assert_int_eq(run(), MIGRATE_OK);
    ck_assert_int_lt(clock_monotonic_us() - killed, 5 * CLOCK_SECOND_US);
    ck_assert(exists("b"));
    ck_assert_int_eq(records(), 4);
}
END_TEST

START_TEST(test_locked_table_does_not_hold_everybody_up)
{
    all.count = 1;
    ck_assert_int_eq(run(), MIGRATE_OK);
    all.count = 2;
    files[1] = file("0002_more.sql", "SET LOCAL lock_timeout = '100ms'; ALTER TABLE a ADD m int");
    pid_t pid = fork();
    if (pid == 0) {
        const struct pg_options options = {
            .url = unit_pg_url(), .allow_unsafe = true, .statement_timeout_ms = 60000};
        pg_command(pg_new(&options), "BEGIN; LOCK TABLE a; SELECT pg_sleep(60)");
        _exit(0);
    }
    while (unit_pg_number("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                          " AND relation = 'a'::regclass AND granted") == 0)
        sleep_ms(20);
    enum migrate_result result = run();
    unit_pg_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event = 'PgSleep' AND datname = current_database()");
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(result, MIGRATE_FAILED);
    ck_assert_ptr_nonnull(strstr(told, "55P03"));
    ck_assert_int_eq(records(), 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_applies_in_order_and_once,
        test_record_holds_the_hash,
        test_new_files_are_added,
        test_repeatable_files_run_again_when_changed,
        test_changed_file_is_refused,
        test_newer_database_is_refused,
        test_file_put_between_is_refused,
        test_failing_file_is_rolled_back_and_named,
        test_another_database_at_the_same_moment,
        test_another_database_for_ever,
        test_file_that_ends_its_transaction,
        test_dry_run_changes_nothing,
        test_check_of_an_empty_database,
        test_database_that_is_away,
        test_eight_at_once,
        test_killed_in_the_middle,
        test_locked_table_does_not_hold_everybody_up,
    };
    Suite *suite = suite_create("migrate");
    TCase *tcase = tcase_create("migrate");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, NULL);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_pg_run(suite);
}
