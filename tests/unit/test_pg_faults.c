/* What a connection does when PostgreSQL, or the way there, breaks. */
#include "npsd/base/clock.h"
#include "npsd/db/pg.h"
#include "support/unit_pg.h"
#include "support/unit_proxy.h"
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct db_stmt insert = {"insert", "int4", "", "INSERT INTO item VALUES ($1)"};
static const struct db_stmt select_all = {"select_all", "", "int4", "SELECT * FROM item"};
static const struct db_stmt slow = {"slow", "int4", "",
                                    "INSERT INTO item SELECT $1 WHERE"
                                    " pg_sleep(20) IS NOT NULL"};
static const struct db_stmt backend = {"backend", "", "int4", "SELECT pg_backend_pid()"};
static const struct db_stmt *const set[] = {&insert, &select_all, &slow, &backend, NULL};
static const struct db_stmt *const *const sets[] = {set, NULL};

static struct pg_options options;
static struct pg *pg;
static int64_t started;

static void setup(void)
{
    unit_pg_sql("DROP TABLE IF EXISTS item; CREATE TABLE item (id int4 PRIMARY KEY)");
    options = (struct pg_options){
        .url = unit_pg_url(), .sets = sets, .allow_unsafe = true, .pooled = unit_pg_is_pooled()};
    pg = pg_new(&options);
    started = clock_monotonic_us();
}

static void teardown(void)
{
    pg_free(pg);
}

static void expect(enum db_status expected, enum db_status status)
{
    ck_assert_msg(status == expected, "%s instead of %s: %s %s", db_status_name(status),
                  db_status_name(expected), pg_sqlstate(pg), pg_error(pg));
}

static void expect_within_ms(int64_t ms)
{
    int64_t took_ms = (clock_monotonic_us() - started) / 1000;
    ck_assert_msg(took_ms <= ms, "took %d ms", (int)took_ms);
}

static int items(void)
{
    return (int)unit_pg_number("SELECT count(*) FROM item");
}

static int backend_pid(void)
{
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &backend, &r));
    return (int)db_int(r, 0, 0);
}

/* Ends our backend, and waits until it has gone. */
static void terminate(void)
{
    unit_pg_sql("SELECT pg_terminate_backend(%d, 5000)", backend_pid());
}

/* In another process, so that this one can be in a statement: runs SQL once our backend sleeps. */
static pid_t when_it_sleeps(const char *sql)
{
    pid_t pid = fork();
    if (pid == 0) {
        while (unit_pg_number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                              " AND datname = current_database()") == 0)
            usleep(10000);
        unit_pg_sql("%s", sql);
        _exit(0);
    }
    return pid;
}

START_TEST(test_terminated_between_statements_costs_nothing)
{
    terminate();
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    terminate();
    expect(DB_OK, pg_command(pg, "INSERT INTO item VALUES (2)"));
    terminate();
    const struct db_param three = P_INT4(3);
    const struct db_call call = {&insert, &three, 1};
    expect(DB_OK, pg_pipeline(pg, &call, 1, NULL));
    ck_assert_int_eq(items(), 3);
}
END_TEST

START_TEST(test_terminated_during_a_statement)
{
    expect(DB_OK, pg_connect(pg));
    pid_t pid = when_it_sleeps("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                               " WHERE wait_event = 'PgSleep' AND datname = current_database()");
    expect(DB_LOST, PG_EXEC(pg, &slow, NULL, P_INT4(1)));
    waitpid(pid, NULL, 0);
    ck_assert_str_eq(pg_sqlstate(pg), "57P01");
    ck_assert(!pg_is_connected(pg));
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(2)));
    ck_assert_int_eq(items(), 1);
    expect_within_ms(3000);
}
END_TEST

START_TEST(test_reply_lost_after_the_commit)
{
    options.url = unit_proxy_start();
    expect(DB_OK, pg_connect(pg));
    unit_proxy_set(PROXY_CUT_REPLY);
    expect(DB_LOST, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    ck_assert_int_eq(items(), 1);
    expect(DB_CONFLICT, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    const struct db_param two = P_INT4(2);
    const struct db_call call = {&insert, &two, 1};
    unit_proxy_set(PROXY_CUT_REPLY);
    expect(DB_LOST, pg_pipeline(pg, &call, 1, NULL));
    ck_assert_int_eq(items(), 2);
    unit_proxy_stop();
}
END_TEST

/* How many bytes PostgreSQL says until a connection is ready. */
static long greeting(void)
{
    enum { ANY = 1 << 20 };
    unit_proxy_cut(PROXY_REPLY, ANY, 0);
    expect(DB_OK, pg_connect(pg));
    long said = ANY - unit_proxy_room(PROXY_REPLY);
    ck_assert(unit_proxy_uncut());
    pg_drop(pg);
    return said;
}

/* Each byte of the end, where the last statements and the end of their pipeline are answered. */
START_TEST(test_lost_while_it_begins)
{
    options.url = unit_proxy_start();
    long said = greeting();
    ck_assert_int_gt(said, 200);
    for (long bytes = 1; bytes < said; bytes += bytes < said - 160 ? 97 : 1) {
        unit_proxy_cut(PROXY_REPLY, bytes, 0);
        expect(DB_AWAY, pg_connect(pg));
        ck_assert_msg(!unit_proxy_uncut(), "%ld of %ld bytes", bytes, said);
        pg_free(pg);
        pg = pg_new(&options);
    }
    expect(DB_OK, pg_connect(pg));
    unit_proxy_stop();
}
END_TEST

START_TEST(test_silence_during_a_statement)
{
    options.url = unit_proxy_start();
    options.statement_timeout_ms = 500;
    expect(DB_OK, pg_connect(pg));
    unit_proxy_set(PROXY_SILENT);
    expect(DB_LOST, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    expect_within_ms(4500);
    ck_assert_int_ge(clock_monotonic_us() - started, 3500000);
    ck_assert(!pg_is_connected(pg));
    unit_proxy_set(PROXY_PASS);
    unit_proxy_stop();
}
END_TEST

/* A listener whose connections get no answer: accepted by the kernel alone. */
static int silent_listener(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

START_TEST(test_server_that_never_answers)
{
    int port;
    int fd = silent_listener(&port);
    char url[128];
    snprintf(url, sizeof(url), "postgresql://nobody@127.0.0.1:%d/none", port);
    options.url = url;
    expect(DB_AWAY, pg_connect(pg));
    expect_within_ms(3500);
    close(fd);
}
END_TEST

START_TEST(test_second_server_when_the_first_never_answers)
{
    int port;
    int fd = silent_listener(&port);
    char sockets[128], name[64], user[64], url[1024];
    snprintf(sockets, sizeof(sockets), "%s", unit_pg_value("SHOW unix_socket_directories"));
    snprintf(name, sizeof(name), "%s", unit_pg_value("SELECT current_database()"));
    snprintf(user, sizeof(user), "%s", unit_pg_value("SELECT current_user"));
    snprintf(url, sizeof(url), "host='127.0.0.1,%s' port=%d,%s dbname=%s user=%s", sockets, port,
             unit_pg_value("SHOW port"), name, user);
    options.url = url;
    expect(DB_AWAY, pg_connect(pg));
    usleep(20000); /* back-off */
    expect(DB_OK, pg_connect(pg));
    expect_within_ms(3700);
    close(fd);
}
END_TEST

START_TEST(test_nobody_listens)
{
    options.url = unit_pg_url_with("host", "/nonexistent");
    for (int i = 0; i < 100; i++)
        expect(DB_AWAY, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    ck_assert_str_ne(pg_error(pg), "");
    expect_within_ms(500);
}
END_TEST

START_TEST(test_back_off_ends)
{
    options.url = unit_pg_url_with("host", "/nonexistent");
    expect(DB_AWAY, pg_connect(pg));
    options.url = unit_pg_url();
    usleep(20000);
    expect(DB_OK, pg_connect(pg));
}
END_TEST

START_TEST(test_refused_at_the_door)
{
    options.url = unit_pg_url_with("dbname", "no_such_database_there");
    expect(DB_AWAY, pg_connect(pg));
    pg_free(pg);
    pg = pg_new(&options);
    options.url = unit_pg_url_with("user", "no_such_role_there");
    expect(DB_AWAY, pg_connect(pg));
    pg_free(pg);
    pg = pg_new(&options);
    unit_pg_sql("DROP ROLE IF EXISTS npsd_unit_full;"
                " CREATE ROLE npsd_unit_full LOGIN CONNECTION LIMIT 0");
    options.url = unit_pg_url_with("user", "npsd_unit_full");
    enum db_status status = pg_connect(pg);
    unit_pg_sql("DROP ROLE npsd_unit_full");
    expect(DB_AWAY, status);
}
END_TEST

START_TEST(test_statement_timeout)
{
    options.statement_timeout_ms = 200;
    expect(DB_RETRY, PG_EXEC(pg, &slow, NULL, P_INT4(1)));
    ck_assert_str_eq(pg_sqlstate(pg), "57014");
    ck_assert(pg_is_connected(pg));
    expect_within_ms(1500);
}
END_TEST

START_TEST(test_lock_timeout)
{
    static const char *const settings[] = {"lock_timeout=100ms", NULL};
    options.settings = settings;
    struct pg *other = pg_new(&options);
    expect(DB_OK, pg_command(other, "BEGIN; LOCK TABLE item"));
    /* Connecting prepares, which needs the lock too. */
    expect(DB_AWAY, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    expect(DB_OK, pg_command(other, "ROLLBACK"));
    usleep(20000);
    expect(DB_OK, pg_connect(pg));
    expect(DB_OK, pg_command(other, "BEGIN; LOCK TABLE item"));
    expect(DB_RETRY, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    ck_assert_str_eq(pg_sqlstate(pg), "55P03");
    pg_free(other);
}
END_TEST

START_TEST(test_read_only_drops_the_connection)
{
    const char *const settings[] = {unit_pg_is_pooled() ? "transaction_read_only=on"
                                                        : "default_transaction_read_only=on",
                                    NULL};
    options.settings = settings;
    expect(DB_READ_ONLY, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    ck_assert(!pg_is_connected(pg));
    options.settings = NULL;
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
}
END_TEST

START_TEST(test_forgotten_statements_are_prepared_again)
{
    expect(DB_OK, pg_command(pg, "DEALLOCATE ALL"));
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
    expect(DB_OK, pg_command(pg, "DEALLOCATE ALL"));
    const struct db_param two = P_INT4(2);
    const struct db_call call = {&insert, &two, 1};
    expect(DB_OK, pg_pipeline(pg, &call, 1, NULL));
    ck_assert_int_eq(items(), 2);
}
END_TEST

START_TEST(test_schema_that_drifts)
{
    DB_RESULT before = NULL;
    DB_RESULT r = NULL;
    expect(DB_OK, PG_EXEC(pg, &select_all, &before));
    unit_pg_sql("ALTER TABLE item ADD more int");
    expect(DB_SCHEMA, PG_EXEC(pg, &select_all, &r));
    ck_assert_ptr_null(r);
    unit_pg_sql("ALTER TABLE item DROP more");
    usleep(20000);
    expect(DB_OK, PG_EXEC(pg, &select_all, NULL));
}
END_TEST

START_TEST(test_warnings_are_no_errors)
{
    expect(DB_OK, pg_command(pg, "DO $$ BEGIN RAISE WARNING 'hear hear'; END $$"));
    ck_assert(pg_is_connected(pg));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_terminated_between_statements_costs_nothing,
        test_terminated_during_a_statement,
        test_reply_lost_after_the_commit,
        test_lost_while_it_begins,
        test_silence_during_a_statement,
        test_server_that_never_answers,
        test_second_server_when_the_first_never_answers,
        test_nobody_listens,
        test_back_off_ends,
        test_refused_at_the_door,
        test_statement_timeout,
        test_lock_timeout,
        test_read_only_drops_the_connection,
        test_forgotten_statements_are_prepared_again,
        test_schema_that_drifts,
        test_warnings_are_no_errors,
    };
    return unit_pg_run_twice("pg_faults", setup, teardown, tests, sizeof(tests) / sizeof(*tests));
}
