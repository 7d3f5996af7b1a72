/* What becomes of the items of a batch when PostgreSQL, or the way there, breaks. */
#include "npsd/ingest/batch.h"

#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "suite.h"
#include "support/unit_ingest.h"
#include "support/unit_log.h"
#include "support/unit_proxy.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct pg_options options;
static struct batch_tools tools;
static struct arena arena;

static void begin(const char *url)
{
    options = ingest_options(url);
    arena_init(&arena, 65536);
    tools = (struct batch_tools){.pg = pg_new(&options), .arena = &arena, .values = values_new()};
    unit_pg_sql(
        "drop trigger if exists trouble on response; drop trigger if exists poison on response");
}

static void begin_direct(void)
{
    begin(unit_pg_url());
}

static void begin_by_proxy(void)
{
    begin(unit_proxy_start());
    ck_assert_int_eq(pg_connect(tools.pg), DB_OK);
}

static void end(void)
{
    pg_free(tools.pg);
    values_free(tools.values);
    arena_done(&arena);
}

static void end_by_proxy(void)
{
    end();
    unit_proxy_stop();
}

static void commit(struct lane_item *const *items, size_t count)
{
    batch_commit(&tools, items, count);
    arena_reset(&arena);
}

static void expect_all(struct lane_item *const *items, size_t count, enum lane_outcome outcome)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(items[i]->outcome == outcome, "item %zu: %d instead of %d", i,
                      items[i]->outcome, outcome);
    ingest_check(items, count);
}

static void due_in_ms(struct lane_item *const *items, size_t count, int64_t ms)
{
    for (size_t i = 0; i < count; i++)
        items[i]->deadline_us = clock_monotonic_us() + ms * 1000;
}

/* The next so many batches have trouble of this kind with marked answers. */
static void trouble(int times, const char *what)
{
    unit_pg_sql("drop sequence if exists troubles; create sequence troubles;"
                "grant usage on troubles to public;"
                "create or replace function trouble() returns trigger language plpgsql as $$ begin"
                " if new.respondent = 'poison' and nextval('troubles') <= %d then %s; end if;"
                " return new; end $$;"
                "create or replace trigger trouble before insert on response for each row"
                " execute function trouble()",
                times, what);
}

static void trouble_with(int times, const char *sqlstate)
{
    char what[100];
    snprintf(what, sizeof what, "raise exception 'trouble' using errcode = '%s'", sqlstate);
    trouble(times, what);
}

START_TEST(trouble_that_passes)
{
    static const char *const states[] = {"40001", "40P01", "55P03", "57014", "08006",
                                         "40003", "57P01", "0A000", "26000"};
    struct lane_item **items = ingest_items(20);
    ingest_mark(items[3]);
    trouble_with(1, states[_i]);
    commit(items, 20);
    expect_all(items, 20, LANE_CREATED);
    ck_assert_int_eq(ingest_rows(), 20);
}
END_TEST

START_TEST(trouble_that_is_not_waited_for)
{
    static const char *const states[] = {"53100", "53200", "58030", "XX000",
                                         "42703", "42501", "25006", "53300"};
    struct lane_item **items = ingest_items(20);
    int64_t began = clock_monotonic_us();
    ingest_mark(items[3]);
    trouble_with(1000, states[_i]);
    commit(items, 20);
    ck_assert_int_lt(clock_monotonic_us() - began, CLOCK_SECOND_US);
    bool ours = strncmp(states[_i], "42", 2) == 0;
    expect_all(items, 20, ours ? LANE_UNFIT : LANE_UNAVAILABLE);
    ck_assert_int_eq(ingest_rows(), 0);
}
END_TEST

START_TEST(trouble_that_does_not_pass)
{
    static const char *const states[] = {"40001", "23505", "08006"};
    static const enum lane_outcome outcomes[] = {LANE_UNAVAILABLE, LANE_UNAVAILABLE, LANE_UNKNOWN};
    struct lane_item **items = ingest_items(20);
    uint64_t careful = metrics_read(METRIC_CAREFUL);
    ingest_mark(items[3]);
    trouble_with(1000000, states[_i]);
    due_in_ms(items, 20, 500);
    int64_t began = clock_monotonic_us();
    commit(items, 20);
    ck_assert_int_ge(clock_monotonic_us() - began, 490000);
    ck_assert_int_lt(clock_monotonic_us() - began, 1500000);
    ck_assert_uint_le(metrics_read(METRIC_CAREFUL) - careful, 40);
    expect_all(items, 20, outcomes[_i]);
}
END_TEST

/* The insert passes one row over, and the look-up does not find it: the others are committed by
 * then, whatever becomes of the rest. */
START_TEST(committed_before_the_look_up_fails)
{
    struct lane_item **items = ingest_items(6), *old = ingest_item();
    commit(&old, 1);
    items[5] = ingest_again(old);
    ingest_mark(items[2]);
    trouble(_i, "return null");
    due_in_ms(items, 6, 400);
    commit(items, 6);
    ck_assert_int_eq(items[5]->outcome, _i < 1000 ? LANE_REPLAYED : LANE_UNKNOWN);
    expect_all(items, 5, _i < 1000 ? LANE_CREATED : LANE_UNKNOWN);
    ingest_check(items, 6);
}
END_TEST

START_TEST(a_backend_that_is_gone_costs_nothing)
{
    struct lane_item **items = ingest_items(40);
    uint64_t careful = metrics_read(METRIC_CAREFUL);
    for (size_t i = 0; i < 40; i += 10) {
        commit(items + i, 10);
        unit_pg_sql("select pg_terminate_backend(pid, 5000) from pg_stat_activity where"
                    " datname = current_database() and application_name = 'npsd'"
                    " and query like '%%journal%%'");
    }
    expect_all(items, 40, LANE_CREATED);
    ck_assert_uint_eq(metrics_read(METRIC_CAREFUL), careful);
}
END_TEST

/* Kills whoever waits for a lock, as soon as somebody does. */
static pid_t kill_waiting(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        static const char waits[] = "select count(pg_terminate_backend(pid, 5000)) from"
                                    " pg_stat_activity where datname = current_database()"
                                    " and wait_event_type = 'Lock'";
        while (unit_pg_number(waits) == 0)
            usleep(5000);
        unit_pg_sql("select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'holder'");
        _exit(0);
    }
    return pid;
}

START_TEST(a_backend_that_goes_during_the_insert)
{
    struct lane_item **items = ingest_items(30);
    struct pg *holder = unit_database_connect(NULL);
    ck_assert_int_eq(pg_connect(tools.pg), DB_OK);
    ck_assert_int_eq(pg_command(holder, "set application_name = holder; begin;"
                                        " lock table journal in exclusive mode"),
                     DB_OK);
    pid_t pid = kill_waiting();
    commit(items, 30);
    waitpid(pid, NULL, 0);
    expect_all(items, 30, LANE_CREATED);
    ck_assert_int_eq(ingest_rows(), 30);
    pg_free(holder);
}
END_TEST

START_TEST(the_reply_to_the_commit_is_lost)
{
    struct lane_item **items = ingest_items(30);
    uint64_t careful = metrics_read(METRIC_CAREFUL);
    unit_proxy_set(PROXY_CUT_REPLY);
    commit(items, 30);
    expect_all(items, 30, LANE_CREATED);
    ck_assert_uint_eq(metrics_read(METRIC_CAREFUL) - careful, 1);
    ck_assert_int_eq(ingest_rows(), 30);
}
END_TEST

/* Nothing was written, it is said, and the senders try again until it is. */
static void send_until_settled(struct lane_item **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        while (items[i]->outcome == LANE_UNAVAILABLE) {
            usleep(10000);
            items[i]->outcome = LANE_PENDING;
            commit(&items[i], 1);
        }
}

/* A batch that takes every way there is: new ones, a repeat inside, two of committed ones. */
static void commit_mixture(enum proxy_side side, long bytes, int away_ms)
{
    struct lane_item *old = ingest_item(), *one = ingest_item();
    if (bytes % 50 == 0)
        ingest_forget();
    commit(&old, 1);
    send_until_settled(&old, 1);
    struct lane_item *items[] = {one, ingest_again(old), ingest_again(one), ingest_item(),
                                 ingest_other(old)};
    items[2]->row.received_us = one->row.received_us; /* as in one request */
    unit_proxy_cut(side, bytes, away_ms);
    commit(items, 5);
    ingest_check(items, 5);
    if (away_ms > 0)
        send_until_settled(items, 5);
    ck_assert_msg(items[0]->outcome == LANE_CREATED && items[3]->outcome == LANE_CREATED &&
                      items[1]->outcome == LANE_REPLAYED && items[2]->outcome == LANE_REPLAYED &&
                      items[4]->outcome == LANE_REUSED,
                  "cut after %ld bytes of side %d: %d %d %d %d %d", bytes, side, items[0]->outcome,
                  items[1]->outcome, items[2]->outcome, items[3]->outcome, items[4]->outcome);
    ingest_check(items, 5);
}

/* Every byte when there is time for it, else every so many-th. */
static long stride(long otherwise)
{
    return getenv("NPSD_TEST_EVERY_BYTE") ? 1 : otherwise;
}

START_TEST(cut_in_the_replies)
{
    long bytes = 0;
    do
        commit_mixture(PROXY_REPLY, bytes += stride(5), _i);
    while (!unit_proxy_uncut());
    ck_assert_int_gt(bytes, 500);
}
END_TEST

START_TEST(cut_in_the_requests)
{
    long bytes = 0;
    do
        commit_mixture(PROXY_REQUEST, bytes += stride(151), 0);
    while (!unit_proxy_uncut());
    ck_assert_int_gt(bytes, 2000);
}
END_TEST

START_TEST(unknown_after_the_deadline_and_not_before)
{
    struct lane_item **items = ingest_items(10);
    due_in_ms(items, 10, 700);
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    int64_t began = clock_monotonic_us();
    commit(items, 10);
    ck_assert_int_ge(clock_monotonic_us() - began, 690000);
    ck_assert_int_lt(clock_monotonic_us() - began, 2000000);
    expect_all(items, 10, LANE_UNKNOWN);
    ck_assert_int_eq(ingest_rows(), 10);
    unit_proxy_away(0);
    usleep(300000);
    for (size_t i = 0; i < 10; i++)
        items[i] = ingest_again(items[i]);
    commit(items, 10); /* the senders try again */
    expect_all(items, 10, LANE_REPLAYED);
}
END_TEST

START_TEST(back_before_the_deadline)
{
    struct lane_item **items = ingest_items(10);
    unit_proxy_cut(PROXY_REPLY, 40, 700);
    commit(items, 10);
    expect_all(items, 10, LANE_CREATED);
}
END_TEST

START_TEST(away_is_told_quickly_and_once)
{
    enum { COUNT = 1000 };
    struct lane_item **items = ingest_items(COUNT);
    for (size_t i = 0; i < COUNT; i++)
        if (i % 2 == (size_t)_i)
            items[i]->facets[items[i]->facet_count++] =
                (struct lane_facet){SURVEY_FACET_FIRST, "new"};
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    ck_assert_int_ne(pg_command(tools.pg, "select 1"), DB_OK);
    unit_log_begin();
    int64_t began = clock_monotonic_us();
    commit(items, COUNT);
    ck_assert_int_lt(clock_monotonic_us() - began, 300000);
    ck_assert_uint_lt(unit_log_size(), 1000);
    expect_all(items, COUNT, LANE_UNAVAILABLE);
    ck_assert_int_eq(ingest_rows(), 0);
}
END_TEST

START_TEST(waiting_takes_no_memory)
{
    enum { COUNT = 200, SIZE = 20000 };
    struct lane_item **items = ingest_items(COUNT);
    char *text = arena_alloc(unit_folds_arena(), SIZE + 1);
    snprintf(text, SIZE + 1, "{\"sky\":\"%0*d\"}", SIZE - 10, 0);
    for (size_t i = 0; i < COUNT; i++) {
        items[i]->row.answers = text;
        items[i]->row.answers_len = SIZE;
        items[i]->row.question_cut_count = 0;
    }
    due_in_ms(items, COUNT, 1500);
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    batch_commit(&tools, items, COUNT);
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    ck_assert_uint_lt(after, before + 6 * COUNT * SIZE);
    arena_reset(&arena);
    expect_all(items, COUNT, LANE_UNKNOWN);
}
END_TEST

static TCase *direct_case(void)
{
    TCase *tcase = unit_folds_case("direct");
    tcase_add_checked_fixture(tcase, begin_direct, end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, trouble_that_passes, 0, 9);
    tcase_add_loop_test(tcase, trouble_that_is_not_waited_for, 0, 8);
    tcase_add_loop_test(tcase, trouble_that_does_not_pass, 0, 3);
    tcase_add_loop_test(tcase, committed_before_the_look_up_fails, 1, 3);
    tcase_add_loop_test(tcase, committed_before_the_look_up_fails, 1000, 1001);
    tcase_add_test(tcase, a_backend_that_is_gone_costs_nothing);
    tcase_add_test(tcase, a_backend_that_goes_during_the_insert);
    return tcase;
}

static TCase *proxy_case(void)
{
    TCase *tcase = unit_folds_case("proxy");
    tcase_add_checked_fixture(tcase, begin_by_proxy, end_by_proxy);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_reply_to_the_commit_is_lost);
    tcase_add_loop_test(tcase, cut_in_the_replies, 0, 1);
    tcase_add_loop_test(tcase, cut_in_the_replies, 5, 6);
    tcase_add_test(tcase, cut_in_the_requests);
    tcase_add_test(tcase, unknown_after_the_deadline_and_not_before);
    tcase_add_test(tcase, back_before_the_deadline);
    tcase_add_loop_test(tcase, away_is_told_quickly_and_once, 0, 2);
    tcase_add_test(tcase, waiting_takes_no_memory);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("batch_faults");
    suite_add_tcase(suite, direct_case());
    suite_add_tcase(suite, proxy_case());
    return unit_database_run(suite);
}
