/* What is set and prepared on a fresh connection. */
#include "../../src/db/pg_internal.h"
#include "npsd/base/clock.h"
#include "support/unit_log.h"
#include "support/unit_pg.h"
#include <stdio.h>
#include <string.h>

static const struct db_stmt setting = {"setting", "text", "text", "SELECT current_setting($1)"};
/* Takes two megabytes, a piece at a time. */
static const struct db_stmt gather = {
    "gather", "", "int4",
    "WITH piece AS MATERIALIZED (SELECT repeat('x', 100000) AS text FROM generate_series(1, 20))"
    " SELECT sum(length(text))::int4 FROM piece"};
static const struct db_stmt backend = {"backend", "", "int4", "SELECT pg_backend_pid()"};
static const struct db_stmt *const set[] = {&setting, &gather, &backend, NULL};
static const struct db_stmt *const *const sets[] = {set, NULL};

static struct pg_options options;
static struct pg *pg;
static struct arena arena;

static void setup(void)
{
    options = (struct pg_options){.url = unit_pg_url(), .sets = sets, .allow_unsafe = true};
    pg = pg_new(&options);
    arena_init(&arena, 1024);
}

static void teardown(void)
{
    pg_free(pg);
    arena_done(&arena);
}

/* Asserts a status and tells PostgreSQL's words if it is another. */
static void expect(enum db_status expected, enum db_status status)
{
    ck_assert_msg(status == expected, "%s instead of %s: %s %s", db_status_name(status),
                  db_status_name(expected), pg_sqlstate(pg), pg_error(pg));
}

/* The value that a session setting has on our connection. */
static const char *session_value(const char *name)
{
    DB_RESULT result = NULL;
    expect(DB_OK, PG_EXEC(pg, &setting, &result, P_TEXT(name)));
    return db_text(result, 0, 0, &arena);
}

/* A role that this program alone knows, gone after the test. */
#define ROLE "npsd_unit_role"

static void drop_role(void)
{
    unit_pg_sql("DO $$ BEGIN IF to_regrole('" ROLE "') IS NOT NULL THEN"
                " EXECUTE 'DROP OWNED BY " ROLE "'; EXECUTE 'DROP ROLE " ROLE "';"
                " END IF; END $$");
}

static void expect_set_up(void)
{
    static const char *const expected[][2] = {
        {"TimeZone", "UTC"},
        {"statement_timeout", "5s"},
        {"lock_timeout", "2s"},
        {"idle_in_transaction_session_timeout", "10s"},
        {"synchronous_commit", "on"},
        {"jit", "off"},
        {"search_path", "public, pg_temp"},
        {"application_name", "npsd"},
        {"client_min_messages", "warning"},
        {"client_encoding", "UTF8"},
        {"enable_seqscan", "on"},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
        ck_assert_str_eq(session_value(expected[i][0]), expected[i][1]);
}

START_TEST(test_session_is_set_up)
{
    expect_set_up();
}
END_TEST

static enum db_status look_around(struct pg *connection, void *unused)
{
    (void)connection;
    (void)unused;
    expect_set_up();
    return DB_OK;
}

/* Fails unless nothing of ours is in the session: no setting, no role, no statement. */
static const char look_for_remains[] =
    "DO $$ BEGIN"
    " IF current_setting('lock_timeout') <> '0' OR current_setting('statement_timeout') <> '0'"
    "    OR current_user <> session_user OR EXISTS (SELECT FROM pg_prepared_statements)"
    " THEN RAISE EXCEPTION 'something was left'; END IF; END $$";

/* Whoever gets the session next from a pooler meets nothing of ours, and we need nothing of it. */
START_TEST(test_pooled_statements_bring_all_with_them)
{
    expect(DB_OK, pg_connect(pg));
    ck_assert_int_ne(pg_command(pg, look_for_remains), DB_OK);
    pg_free(pg);
    options.pooled = true;
    pg = pg_new(&options);
    expect(DB_OK, pg_connect(pg));
    expect(DB_OK, pg_command(pg, look_for_remains));
    expect_set_up();
    expect(DB_OK, pg_command(pg, look_for_remains));
    expect(DB_OK, pg_transaction(pg, "look", DB_READ_COMMITTED, look_around, NULL));
    expect(DB_OK, pg_command(pg, look_for_remains));
    expect(DB_OK, pg_command(pg, "SET lock_timeout = '9s'; SET search_path = pg_catalog"));
    expect_set_up();
}
END_TEST

/* What is known of the one before may not be so there: whoever asks has to look at it again. */
START_TEST(test_pooled_notices_another_server)
{
    options.pooled = true;
    expect(DB_OK, pg_connect(pg));
    expect_set_up();
    ck_assert_uint_eq(pg_connections(pg), 1);
    snprintf(pg->server, sizeof(pg->server), "1763740800.000001");
    DB_RESULT r = NULL;
    expect(DB_RETRY, PG_EXEC(pg, &backend, &r));
    ck_assert(!pg_is_connected(pg));
    expect_set_up();
    ck_assert_uint_eq(pg_connections(pg), 2);
    snprintf(pg->server, sizeof(pg->server), "1763740800.000001");
    expect(DB_OK, pg_transaction(pg, "look", DB_READ_COMMITTED, look_around, NULL));
    ck_assert_uint_eq(pg_connections(pg), 3);
}
END_TEST

/* Nobody who waits has to hear of it, if the connection was idle. */
START_TEST(test_pooled_is_looked_after)
{
    options.pooled = true;
    expect(DB_OK, pg_look_after(pg));
    expect(DB_OK, pg_look_after(pg));
    ck_assert_uint_eq(pg_connections(pg), 1);
    snprintf(pg->server, sizeof(pg->server), "1763740800.000001");
    expect(DB_OK, pg_look_after(pg));
    ck_assert_uint_eq(pg_connections(pg), 2);
    expect_set_up();
    ck_assert_uint_eq(pg_connections(pg), 2);
}
END_TEST

START_TEST(test_pooled_takes_the_role)
{
    static const struct db_stmt who = {"who", "", "text", "SELECT current_user::text"};
    drop_role();
    unit_pg_sql("CREATE ROLE " ROLE " NOLOGIN");
    options.role = ROLE;
    options.sets = NULL;
    options.pooled = true;
    DB_RESULT r = NULL;
    enum db_status status = PG_EXEC(pg, &who, &r);
    enum db_status left = status == DB_OK ? pg_command(pg, look_for_remains) : status;
    drop_role();
    expect(DB_OK, status);
    expect(DB_OK, left);
    ck_assert_str_eq(db_bytes(r, 0, 0, NULL), ROLE);
}
END_TEST

START_TEST(test_options_have_the_last_word)
{
    static const char *const settings[] = {"synchronous_commit=off", "enable_seqscan=off",
                                           "application_name=npsd=fold", "lock_timeout=0", NULL};
    options.settings = settings;
    options.statement_timeout_ms = 1500;
    ck_assert_str_eq(session_value("synchronous_commit"), "off");
    ck_assert_str_eq(session_value("enable_seqscan"), "off");
    ck_assert_str_eq(session_value("application_name"), "npsd=fold");
    ck_assert_str_eq(session_value("lock_timeout"), "0");
    ck_assert_str_eq(session_value("statement_timeout"), "1500ms");
}
END_TEST

START_TEST(test_settings_that_there_are_not)
{
    static const char *const settings[] = {"no_such_setting=1", NULL};
    options.settings = settings;
    expect(DB_SCHEMA, pg_connect(pg));
}
END_TEST

START_TEST(test_role_is_taken_if_it_exists)
{
    drop_role();
    options.role = ROLE;
    options.sets = NULL;
    expect(DB_OK, pg_connect(pg));
    unit_pg_sql("CREATE ROLE " ROLE " NOLOGIN");
    pg_free(pg);
    pg = pg_new(&options);
    static const struct db_stmt who = {"who", "", "text", "SELECT current_user::text"};
    DB_RESULT r = NULL;
    enum db_status status = pg_exec_unprepared(pg, &who, NULL, 0, &r);
    drop_role();
    expect(DB_OK, status);
    ck_assert_str_eq(db_bytes(r, 0, 0, NULL), ROLE);
}
END_TEST

START_TEST(test_role_that_may_not_be_taken)
{
    static const char login[] = "npsd_unit_login";
    unit_pg_sql("DROP ROLE IF EXISTS npsd_unit_login; CREATE ROLE npsd_unit_login LOGIN");
    drop_role();
    unit_pg_sql("CREATE ROLE " ROLE " NOLOGIN");
    options = (struct pg_options){
        .url = unit_pg_url_with("user", login), .role = ROLE, .allow_unsafe = true};
    static const struct db_stmt who = {"who", "", "text", "SELECT current_user::text"};
    DB_RESULT r = NULL;
    enum db_status status = pg_exec_unprepared(pg, &who, NULL, 0, &r);
    unit_pg_sql("DROP ROLE npsd_unit_login");
    drop_role();
    expect(DB_OK, status);
    ck_assert_str_eq(db_bytes(r, 0, 0, NULL), login);
}
END_TEST

/* Once, by a connection that has statements to run: before the first migration there is no role. */
START_TEST(test_missing_role_is_told)
{
    drop_role();
    options.role = ROLE;
    options.sets = NULL;
    unit_log_begin();
    expect(DB_OK, pg_connect(pg));
    ck_assert_int_eq(unit_log_count("role-missing"), 0);
    for (int i = 0; i < 2; i++) {
        pg_free(pg);
        options.sets = sets;
        pg = pg_new(&options);
        expect(DB_OK, pg_connect(pg));
        ck_assert_int_eq(unit_log_count("event=role-missing role=" ROLE " works_as="), 1);
    }
}
END_TEST

/* As it looks behind a pooler in transaction mode that nobody told us of. */
START_TEST(test_a_shared_session_is_told)
{
    static const struct db_stmt *const twice[] = {&backend, &backend, NULL};
    static const struct db_stmt *const *const both[] = {twice, NULL};
    options.sets = both;
    unit_log_begin();
    expect(DB_SCHEMA, pg_connect(pg));
    ck_assert_int_eq(unit_log_count("event=session-is-shared try=\"NPSD_TRANSACTION_POOLING=1\""),
                     1);
    options.pooled = true;
    pg_free(pg);
    pg = pg_new(&options);
    expect(DB_OK, pg_connect(pg));
}
END_TEST

/* Connects with one statement only. */
static enum db_status connect_with(const struct db_stmt *stmt)
{
    const struct db_stmt *const one[] = {stmt, NULL};
    const struct db_stmt *const *const only[] = {one, NULL};
    options.sets = only;
    enum db_status status = pg_connect(pg);
    options.sets = sets;
    return status;
}

static const struct db_stmt misfits[] = {
    {"no_table", "", "int4", "SELECT id FROM no_such_table"},
    {"typo", "", "", "SELEKT"},
    {"column_type", "", "int8", "SELECT 1::int4"},
    {"column_missing", "", "int4 int4", "SELECT 1::int4"},
    {"column_extra", "", "int4", "SELECT 1::int4, 2::int4"},
    {"column_undeclared", "", "", "SELECT 1::int4"},
    {"column_unknown", "", "integer", "SELECT 1::int4"},
    {"param_missing", "int4", "int4", "SELECT $1 + $2::int4"},
    {"param_unknown", "integer", "int4", "SELECT $1::int4"},
    {"json_is_not_jsonb", "", "jsonb", "SELECT '{}'::json"},
};

START_TEST(test_statements_are_checked)
{
    expect(DB_SCHEMA, connect_with(&misfits[_i]));
    ck_assert(!pg_is_connected(pg));
    ck_assert_str_ne(pg_error(pg), "");
}
END_TEST

START_TEST(test_durability_is_asked_for)
{
    unit_pg_sql("ALTER DATABASE %s SET synchronous_commit = off",
                unit_pg_value("SELECT current_database()"));
    options.allow_unsafe = false;
    enum db_status refused = pg_connect(pg);
    ck_assert_ptr_nonnull(strstr(pg_error(pg), "synchronous_commit"));
    options.allow_unsafe = true;
    pg_free(pg);
    pg = pg_new(&options);
    enum db_status allowed = pg_connect(pg);
    unit_pg_sql("ALTER DATABASE %s RESET synchronous_commit",
                unit_pg_value("SELECT current_database()"));
    expect(DB_UNSAFE, refused);
    expect(DB_OK, allowed);
    ck_assert_str_eq(session_value("synchronous_commit"), "on");
}
END_TEST

/* What its last user left there says nothing of the server. */
START_TEST(test_a_shared_session_tells_its_beginning)
{
    unit_pg_sql("ALTER DATABASE %s SET synchronous_commit = on",
                unit_pg_value("SELECT current_database()"));
    options.pooled = true;
    enum db_status connected = pg_connect(pg);
    unit_pg_sql("ALTER DATABASE %s RESET synchronous_commit",
                unit_pg_value("SELECT current_database()"));
    expect(DB_OK, connected);
    expect(DB_OK, pg_command(pg, "SET synchronous_commit = off"));
    options.allow_unsafe = false;
    pg_session_begin(pg, clock_monotonic_us() + CLOCK_SECOND_US);
    ck_assert_msg(!strstr(pg_error(pg), "synchronous_commit"), "%s", pg_error(pg));
}
END_TEST

/* Pages that the backend has asked the system for. */
static long pages_taken(void)
{
    DB_RESULT result = NULL;
    expect(DB_OK, PG_EXEC(pg, &backend, &result));
    char *path = arena_printf(&arena, "/proc/%d/stat", (int)db_int(result, 0, 0));
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    long pages = -1;
    ck_assert_int_eq(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %ld", &pages), 1);
    fclose(file);
    return pages;
}

/* PostgreSQL runs on this machine. */
START_TEST(test_memory_is_kept_for_the_next_statement)
{
    enum { TIMES = 10, PAGES = 100 }; /* of some 500 that one run needs */
    long before = 0;
    for (int i = 0; i < 1 + TIMES; i++) {
        DB_RESULT result = NULL;
        expect(DB_OK, PG_EXEC(pg, &gather, &result));
        if (i == 0)
            before = pages_taken();
    }
    long taken = pages_taken() - before;
    ck_assert_msg(taken < (long)TIMES * PAGES, "%ld pages", taken);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_session_is_set_up,
        test_options_have_the_last_word,
        test_settings_that_there_are_not,
        test_role_is_taken_if_it_exists,
        test_role_that_may_not_be_taken,
        test_missing_role_is_told,
        test_a_shared_session_is_told,
        test_durability_is_asked_for,
        test_a_shared_session_tells_its_beginning,
        test_memory_is_kept_for_the_next_statement,
        test_pooled_statements_bring_all_with_them,
        test_pooled_notices_another_server,
        test_pooled_is_looked_after,
        test_pooled_takes_the_role,
    };
    Suite *suite = suite_create("pg_session");
    TCase *tcase = tcase_create("pg_session");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, test_statements_are_checked, 0, sizeof(misfits) / sizeof(*misfits));
    suite_add_tcase(suite, tcase);
    return unit_pg_run(suite);
}
