/* Transactions and pipelines: all or nothing, also when things break. */
#include "npsd/base/clock.h"
#include "npsd/db/pg.h"
#include "support/unit_pg.h"
#include "support/unit_proxy.h"
#include <stdlib.h>
#include <string.h>

static const struct db_stmt insert = {"insert", "int4", "", "INSERT INTO item VALUES ($1)"};
static const struct db_stmt late = {"late", "int4", "", "INSERT INTO late VALUES ($1)"};
static const struct db_stmt count_items = {"count", "", "int8", "SELECT count(*) FROM item"};
static const struct db_stmt echo = {"echo", "text", "text", "SELECT $1"};
static const struct db_stmt backend = {"backend", "", "int4", "SELECT pg_backend_pid()"};
static const struct db_stmt *const set[] = {&insert, &late, &count_items, &echo, &backend, NULL};
static const struct db_stmt *const *const sets[] = {set, NULL};

static struct pg_options options;
static struct pg *pg;

static void setup(void)
{
    unit_pg_sql("DROP TABLE IF EXISTS item, late; CREATE TABLE item (id int4 PRIMARY KEY);"
                "CREATE TABLE late (id int4 UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    options = (struct pg_options){
        .url = unit_pg_url(), .sets = sets, .allow_unsafe = true, .pooled = unit_pg_is_pooled()};
    pg = pg_new(&options);
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

static int items(void)
{
    return (int)unit_pg_number("SELECT count(*) FROM item");
}

static void terminate(struct pg *victim)
{
    DB_RESULT r = NULL;
    ck_assert_int_eq(PG_EXEC(victim, &backend, &r), DB_OK);
    unit_pg_sql("SELECT pg_terminate_backend(%d, 5000)", (int)db_int(r, 0, 0));
}

/* --- Transactions: a body inserts 1 and 2, and something happens between or after them. --- */

struct plan {
    int runs;
    enum db_status between;                  /* DB_OK: goes on */
    bool terminate_between, terminate_after; /* in the first run */
    bool forget;                             /* prepared statements, in the first run */
    bool overlook;                           /* a failure, and call it a success */
    bool late_conflict;
    bool cut_between, cut_commit; /* the first one in the first run */
};

static enum db_status body(struct pg *connection, void *context)
{
    struct plan *plan = context;
    plan->runs++;
    enum db_status status = PG_EXEC(connection, &insert, NULL, P_INT4(1));
    if (status != DB_OK || plan->between != DB_OK)
        return plan->between != DB_OK ? plan->between : status;
    if (plan->runs == 1 && plan->terminate_between)
        terminate(connection);
    if (plan->runs == 1 && plan->forget)
        ck_assert_int_eq(pg_command(connection, "DEALLOCATE ALL"), DB_OK);
    if (plan->runs == 1 && plan->cut_between)
        unit_proxy_set(PROXY_CUT_REPLY);
    if (plan->overlook)
        ck_assert_int_eq(PG_EXEC(connection, &insert, NULL, P_INT4(1)), DB_CONFLICT);
    else
        status = PG_EXEC(connection, &insert, NULL, P_INT4(2));
    if (plan->late_conflict)
        ck_assert_int_eq(pg_command(connection, "INSERT INTO late VALUES (1), (1)"), DB_OK);
    if (plan->runs == 1 && plan->terminate_after)
        terminate(connection);
    if (plan->cut_commit)
        unit_proxy_set(PROXY_CUT_REPLY);
    return status;
}

static enum db_status transact(struct plan *plan)
{
    return pg_transaction(pg, "test", DB_READ_COMMITTED, body, plan);
}

START_TEST(test_commits)
{
    struct plan plan = {0};
    expect(DB_OK, transact(&plan));
    ck_assert_int_eq(items(), 2);
    ck_assert_int_eq(plan.runs, 1);
    expect(DB_CONFLICT, transact(&plan));
    ck_assert_int_eq(plan.runs, 2);
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(3)));
    ck_assert_int_eq(items(), 3);
}
END_TEST

START_TEST(test_rolls_back_what_the_body_gives_up)
{
    struct plan plan = {.between = DB_REFUSED};
    expect(DB_REFUSED, transact(&plan));
    ck_assert_int_eq(plan.runs, 1);
    ck_assert_int_eq(items(), 0);
    ck_assert(pg_is_connected(pg));
}
END_TEST

START_TEST(test_reruns_are_counted)
{
    struct plan plan = {.between = DB_RETRY};
    expect(DB_RETRY, transact(&plan));
    ck_assert_int_eq(plan.runs, 11);
    ck_assert_int_eq(items(), 0);
}
END_TEST

START_TEST(test_broken_before_commit_is_run_again)
{
    struct plan plans[] = {{.terminate_between = true}, {.terminate_after = true}};
    for (int i = 0; i < 2; i++) {
        unit_pg_sql("TRUNCATE item");
        expect(DB_OK, transact(&plans[i]));
        ck_assert_int_eq(plans[i].runs, 2);
        ck_assert_int_eq(items(), 2);
    }
}
END_TEST

START_TEST(test_statement_lost_before_commit_is_run_again)
{
    options.url = unit_proxy_start();
    struct plan plan = {.cut_between = true};
    expect(DB_OK, transact(&plan));
    ck_assert_int_eq(plan.runs, 2);
    ck_assert_int_eq(items(), 2);
    unit_proxy_stop();
}
END_TEST

START_TEST(test_broken_before_begin_costs_nothing)
{
    terminate(pg);
    struct plan plan = {0};
    expect(DB_OK, transact(&plan));
    ck_assert_int_eq(plan.runs, 1);
}
END_TEST

START_TEST(test_lost_commit_is_not_run_again)
{
    options.url = unit_proxy_start();
    struct plan plan = {.cut_commit = true};
    expect(DB_LOST, transact(&plan));
    ck_assert_int_eq(plan.runs, 1);
    ck_assert_int_eq(items(), 2);
    unit_proxy_stop();
}
END_TEST

START_TEST(test_database_away)
{
    options.url = unit_pg_url_with("host", "/nonexistent");
    struct plan plan = {0};
    expect(DB_AWAY, transact(&plan));
    ck_assert_int_eq(plan.runs, 0);
}
END_TEST

START_TEST(test_forgotten_statements_rerun_the_whole)
{
    struct plan plan = {.forget = true};
    expect(DB_OK, transact(&plan));
    ck_assert_int_eq(plan.runs, unit_pg_is_pooled() ? 1 : 2);
    ck_assert_int_eq(items(), 2);
}
END_TEST

START_TEST(test_overlooked_failure_is_no_success)
{
    struct plan plan = {.overlook = true};
    expect(DB_SCHEMA, transact(&plan));
    ck_assert_int_eq(items(), 0);
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
}
END_TEST

START_TEST(test_commit_that_is_refused)
{
    struct plan plan = {.late_conflict = true};
    expect(DB_CONFLICT, transact(&plan));
    ck_assert_int_eq(items(), 0);
    expect(DB_OK, PG_EXEC(pg, &insert, NULL, P_INT4(1)));
}
END_TEST

/* Reads a snapshot, lets another transaction write the same row, and writes it too. */
static enum db_status increment(struct pg *connection, void *context)
{
    int *runs = context;
    DB_RESULT r = NULL;
    enum db_status status = PG_EXEC(connection, &count_items, &r);
    if (status == DB_OK && ++*runs == 1)
        unit_pg_sql("UPDATE item SET id = id + 100");
    return status == DB_OK ? pg_command(connection, "UPDATE item SET id = id + 1") : status;
}

START_TEST(test_serialization_failure_is_run_again)
{
    unit_pg_sql("INSERT INTO item VALUES (0)");
    int runs = 0;
    expect(DB_OK, pg_transaction(pg, "increment", DB_REPEATABLE_READ, increment, &runs));
    ck_assert_int_eq(runs, 2);
    ck_assert_int_eq(unit_pg_number("SELECT id FROM item"), 101);
}
END_TEST

/* --- Pipelines --- */

static enum db_status pipeline(const struct db_stmt *first, int one, const struct db_stmt *second,
                               int two, const struct db_stmt *third, int three)
{
    const struct db_param params[] = {P_INT4(one), P_INT4(two), P_INT4(three)};
    const struct db_call calls[] = {
        {first, &params[0], 1}, {second, &params[1], 1}, {third, &params[2], 1}};
    return pg_pipeline(pg, calls, 3, NULL);
}

START_TEST(test_pipeline_is_all_or_nothing)
{
    expect(DB_OK, pipeline(&insert, 1, &insert, 2, &insert, 3));
    ck_assert_int_eq(items(), 3);
    expect(DB_CONFLICT, pipeline(&insert, 4, &insert, 3, &insert, 5));
    ck_assert_int_eq(items(), 3);
    ck_assert(pg_is_connected(pg));
    expect(DB_OK, pipeline(&insert, 4, &insert, 5, &insert, 6));
    ck_assert_int_eq(items(), 6);
}
END_TEST

START_TEST(test_pipeline_whose_commit_is_refused)
{
    expect(DB_CONFLICT, pipeline(&insert, 1, &late, 1, &late, 1));
    ck_assert_int_eq(items(), 0);
    ck_assert(pg_is_connected(pg));
    expect(DB_OK, pipeline(&insert, 1, &late, 1, &late, 2));
}
END_TEST

START_TEST(test_pipeline_of_nothing)
{
    expect(DB_OK, pg_pipeline(pg, NULL, 0, NULL));
}
END_TEST

START_TEST(test_pipeline_with_wrong_parameters_sends_nothing)
{
    const struct db_param param = P_INT4(1);
    const struct db_call calls[] = {{&insert, &param, 1}, {&insert, &param, 0}};
    expect(DB_SCHEMA, pg_pipeline(pg, calls, 2, NULL));
    ck_assert_int_eq(items(), 0);
}
END_TEST

static enum db_status pipeline_in_transaction(struct pg *connection, void *context)
{
    int *runs = context;
    const struct db_param param = P_INT4(1);
    const struct db_call call = {&insert, &param, 1};
    enum db_status status = pg_pipeline(connection, &call, 1, NULL);
    return status == DB_OK && ++*runs == 1 ? DB_RETRY : status;
}

START_TEST(test_pipeline_inside_a_transaction)
{
    int runs = 0;
    expect(DB_OK,
           pg_transaction(pg, "pipeline", DB_READ_COMMITTED, pipeline_in_transaction, &runs));
    ck_assert_int_eq(runs, 2);
    ck_assert_int_eq(items(), 1);
}
END_TEST

/* More than all buffers between the two hold, there and back: whoever only writes waits for ever.
 */
START_TEST(test_large_parameters_do_not_deadlock)
{
    enum { SIZE = 8 << 20 };
    char *text = malloc(SIZE);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', SIZE);
    const struct db_param param = P_BYTES(text, SIZE);
    const struct db_call calls[] = {{&echo, &param, 1}, {&echo, &param, 1}, {&echo, &param, 1}};
    int64_t started = clock_monotonic_us();
    expect(DB_OK, pg_pipeline(pg, calls, 3, NULL));
    DB_RESULT r = NULL;
    expect(DB_OK, pg_exec(pg, &echo, &param, 1, &r));
    size_t len;
    ck_assert_mem_eq(db_bytes(r, 0, 0, &len), text, SIZE);
    ck_assert_uint_eq(len, SIZE);
    ck_assert_int_lt(clock_monotonic_us() - started, 5 * CLOCK_SECOND_US);
    free(text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_commits,
        test_rolls_back_what_the_body_gives_up,
        test_reruns_are_counted,
        test_broken_before_commit_is_run_again,
        test_statement_lost_before_commit_is_run_again,
        test_broken_before_begin_costs_nothing,
        test_lost_commit_is_not_run_again,
        test_database_away,
        test_forgotten_statements_rerun_the_whole,
        test_overlooked_failure_is_no_success,
        test_commit_that_is_refused,
        test_serialization_failure_is_run_again,
        test_pipeline_is_all_or_nothing,
        test_pipeline_whose_commit_is_refused,
        test_pipeline_of_nothing,
        test_pipeline_with_wrong_parameters_sends_nothing,
        test_pipeline_inside_a_transaction,
        test_large_parameters_do_not_deadlock,
    };
    return unit_pg_run_twice("pg_transaction", setup, teardown, tests,
                             sizeof(tests) / sizeof(*tests));
}
