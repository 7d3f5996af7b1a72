/* What becomes of the items of a batch while PostgreSQL is well: repeats, values that it refuses,
 * deadlines. What breaks on the way is in test_batch_faults. */
#include "npsd/ingest/batch.h"

#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "suite.h"
#include "support/unit_ingest.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void expect(const struct lane_item *item, enum lane_outcome outcome)
{
    ck_assert_int_eq(item->outcome, outcome);
}

START_TEST(new_answers_are_created)
{
    struct lane_item **items = ingest_items(300);
    ingest_commit(items, 300);
    ck_assert_uint_eq(ingest_count(items, 300, LANE_CREATED), 300);
    ck_assert_int_eq(ingest_rows(), 300);
    ingest_check(items, 300);
}
END_TEST

START_TEST(repeats_in_a_batch)
{
    struct lane_item *one = ingest_item(), *two = ingest_item(), *three = ingest_item();
    struct lane_item *items[] = {two,
                                 one,
                                 ingest_again(one),
                                 ingest_other(two),
                                 three,
                                 ingest_other(three),
                                 ingest_again(three),
                                 ingest_item(),
                                 ingest_other(three)};
    static const enum lane_outcome expected[] = {LANE_CREATED,  LANE_CREATED, LANE_REPLAYED,
                                                 LANE_REUSED,   LANE_CREATED, LANE_REUSED,
                                                 LANE_REPLAYED, LANE_CREATED, LANE_REUSED};
    ingest_commit(items, 9);
    for (size_t i = 0; i < 9; i++)
        expect(items[i], expected[i]);
    ck_assert_int_eq(items[2]->row.received_us, one->row.received_us);
    ck_assert_int_eq(ingest_rows(), 4);
    ingest_check(items, 9);
}
END_TEST

/* Items of one request are received at the same moment, and a clock may be set back. */
START_TEST(the_first_in_the_queue_is_the_answer)
{
    enum { COUNT = 600 };
    struct lane_item **items = ingest_items(COUNT);
    for (size_t i = COUNT / 3; i < COUNT; i++) {
        items[i] = ingest_other(items[i % (COUNT / 3)]);
        items[i]->row.hash[1] = (uint8_t)(i / (COUNT / 3));
        items[i]->row.received_us -= _i;
    }
    ingest_commit(items, COUNT);
    ck_assert_uint_eq(ingest_count(items, COUNT / 3, LANE_CREATED), COUNT / 3);
    ck_assert_uint_eq(ingest_count(items, COUNT, LANE_REUSED), COUNT - COUNT / 3);
    ingest_check(items, COUNT);
}
END_TEST

START_TEST(a_flood_of_one_id)
{
    enum { COUNT = 1000 };
    struct lane_item *items[COUNT] = {ingest_item()};
    for (size_t i = 1; i < COUNT; i++)
        items[i] = i % 3 ? ingest_again(items[0]) : ingest_other(items[0]);
    int64_t began = clock_monotonic_us();
    ingest_commit(items, COUNT);
    ck_assert_int_lt(clock_monotonic_us() - began, CLOCK_SECOND_US / 4);
    expect(items[0], LANE_CREATED);
    ck_assert_uint_eq(ingest_count(items, COUNT, LANE_REPLAYED), 666);
    ck_assert_uint_eq(ingest_count(items, COUNT, LANE_REUSED), 333);
    ck_assert_int_eq(ingest_rows(), 1);
    ingest_check(items, COUNT);
}
END_TEST

START_TEST(repeats_of_what_is_committed)
{
    struct lane_item *one = ingest_item(), *two = ingest_item(), *gone = ingest_item();
    gone->row.received_us -= CLOCK_SECOND_US; /* by which it is found */
    ingest_commit((struct lane_item *[]){one, two, gone}, 3);
    unit_pg_sql("insert into journal (survey_id, slot, cuts, scores, weights)"
                " select s(), d.slot, cuts, array_fill(d.score, array[cardinality(cuts)]),"
                "  array_fill(-1, array[cardinality(cuts)])"
                " from response_cuts(s(), '-infinity', 'infinity') d"
                " join response r on r.id = d.id and r.survey_id = s() and r.received_at ="
                " 'epoch'::timestamptz + %lld * interval '1 us';"
                "update response set erased = true, excluded = true, score = 0, answers = null"
                " where survey_id = s() and received_at ="
                " 'epoch'::timestamptz + %lld * interval '1 us'",
                (long long)gone->row.received_us, (long long)gone->row.received_us);
    struct lane_item *items[] = {ingest_other(two),  ingest_again(one),  ingest_item(),
                                 ingest_other(gone), ingest_again(gone), ingest_again(two)};
    static const enum lane_outcome expected[] = {LANE_REUSED, LANE_REPLAYED, LANE_CREATED,
                                                 LANE_ERASED, LANE_ERASED,   LANE_REPLAYED};
    ingest_commit(items, 6);
    for (size_t i = 0; i < 6; i++)
        expect(items[i], expected[i]);
    ck_assert_int_eq(items[1]->row.received_us, one->row.received_us);
    ck_assert_int_eq(ingest_rows(), 4);
    ingest_check(items, 6);
}
END_TEST

/* A transaction of somebody else that has written this answer, and ends when it is told to. */
static struct pg *hold(const struct lane_item *item)
{
    static const struct db_stmt *const *const sets[] = {answers_statements, NULL};
    struct pg *other = unit_database_connect(sets);
    const struct answer_row *row = &item->row;
    struct answer_found found;
    ck_assert_int_eq(pg_command(other, "begin"), DB_OK);
    ck_assert_int_eq(answers_append_carefully(other, unit_folds_arena(), &row, 1, &found), DB_OK);
    return other;
}

START_TEST(an_uncommitted_row_of_another_writer)
{
    static const char *const hows[] = {"commit", "rollback"};
    static const enum lane_outcome outcomes[][2] = {{LANE_REPLAYED, LANE_REUSED},
                                                    {LANE_CREATED, LANE_CREATED}};
    struct lane_item *same = ingest_item(), *other = ingest_item();
    struct pg *writers[] = {hold(same), hold(other)};
    struct lane_item *items[] = {ingest_item(), ingest_again(same), ingest_other(other)};
    pid_t pids[] = {ingest_end_later(writers[0], hows[_i]), ingest_end_later(writers[1], hows[_i])};
    int64_t began = clock_monotonic_us();
    ingest_commit(items, 3);
    ck_assert_int_ge(clock_monotonic_us() - began, 200000);
    for (int i = 0; i < 2; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        ck_assert_int_eq(status, 0);
        pg_free(writers[i]);
    }
    expect(items[0], LANE_CREATED);
    expect(items[1], outcomes[_i][0]);
    expect(items[2], outcomes[_i][1]);
    ck_assert_int_eq(ingest_rows(), 3);
    ingest_check(items, 3);
}
END_TEST

/* Which of a hundred are poisoned; -1 ends a list. */
static const int poisoned[][5] = {{0, -1}, {99, -1}, {50, -1}, {13, 14, 60, 99, -1}};

START_TEST(only_the_poisoned_row_fails)
{
    enum { COUNT = 100 };
    struct lane_item **items = ingest_items(COUNT + 1);
    size_t bad = 0;
    ingest_poison("22000");
    for (; poisoned[_i][bad] >= 0; bad++)
        ingest_mark(items[poisoned[_i][bad]]);
    items[COUNT] = ingest_again(items[poisoned[_i][0]]); /* a repeat is as bad */
    ingest_commit(items, COUNT + 1);
    ck_assert_uint_eq(ingest_count(items, COUNT + 1, LANE_REFUSED), bad + 1);
    ck_assert_uint_eq(ingest_count(items, COUNT + 1, LANE_CREATED), COUNT - bad);
    for (size_t i = 0; i < bad; i++)
        expect(items[poisoned[_i][i]], LANE_REFUSED);
    ck_assert_int_eq(ingest_rows(), (int64_t)(COUNT - bad));
    ingest_check(items, COUNT + 1);
}
END_TEST

/* An answer that was refused does not stand in the way of another one with its id. */
START_TEST(repeats_of_a_poisoned_row)
{
    struct lane_item *bad = ingest_item();
    struct lane_item *items[] = {bad, ingest_other(bad), ingest_again(bad), ingest_other(bad),
                                 ingest_item()};
    static const enum lane_outcome expected[] = {LANE_REFUSED, LANE_CREATED, LANE_REUSED,
                                                 LANE_REPLAYED, LANE_CREATED};
    ingest_poison("22000");
    ingest_mark(bad);
    ingest_commit(items, 5);
    for (size_t i = 0; i < 5; i++)
        expect(items[i], expected[i]);
    ck_assert_int_eq(ingest_rows(), 2);
    ingest_check(items, 5);
}
END_TEST

START_TEST(a_poisoned_row_costs_few_round_trips)
{
    struct lane_item **items = ingest_items(1000);
    ingest_poison("23514");
    ingest_mark(items[321]);
    uint64_t careful = metrics_read(METRIC_CAREFUL);
    ingest_commit(items, 1000);
    ck_assert_uint_eq(ingest_count(items, 1000, LANE_CREATED), 999);
    ck_assert_uint_le(metrics_read(METRIC_CAREFUL) - careful, 2 * 10 + 1);
    ingest_check(items, 1000);
}
END_TEST

START_TEST(invalid_texts_are_refused)
{
    struct lane_item **items = ingest_items(40);
    items[7]->row.answers = "{\"why\":";
    items[7]->row.answers_len = strlen(items[7]->row.answers);
    items[8]->row.properties = "{\"branch\":\"\\u0000\"}";
    items[8]->row.properties_len = strlen(items[8]->row.properties);
    items[9]->row.respondent = "\xff";
    items[10]->row.score = 11;
    items[10]->row.question_cut_count = 0;
    ingest_commit(items, 40);
    for (int i = 7; i <= 10; i++)
        expect(items[i], LANE_REFUSED);
    ck_assert_uint_eq(ingest_count(items, 40, LANE_CREATED), 36);
    ingest_check(items, 40);
}
END_TEST

START_TEST(all_are_poisoned)
{
    struct lane_item **items = ingest_items(9);
    ingest_poison("22000");
    for (size_t i = 0; i < 9; i++)
        ingest_mark(items[i]);
    ingest_commit(items, 9);
    ck_assert_uint_eq(ingest_count(items, 9, LANE_REFUSED), 9);
    ck_assert_int_eq(ingest_rows(), 0);
    ingest_check(items, 9);
}
END_TEST

START_TEST(what_waited_too_long_is_not_sent)
{
    struct lane_item **items = ingest_items(4);
    items[1]->deadline_us = items[3]->deadline_us = clock_monotonic_us() - 1;
    ingest_commit(items, 4);
    expect(items[0], LANE_CREATED);
    expect(items[1], LANE_EXPIRED);
    expect(items[2], LANE_CREATED);
    expect(items[3], LANE_EXPIRED);
    ck_assert_int_eq(ingest_rows(), 2);
    ingest_check(items, 4);
    ingest_commit(&items[1], 1);
    ck_assert_int_eq(ingest_rows(), 2);
}
END_TEST

START_TEST(outcomes_are_counted)
{
    static const enum metric_counter counters[] = {METRIC_CREATED, METRIC_REPLAYED, METRIC_REUSED,
                                                   METRIC_POISON, METRIC_REJECTED};
    uint64_t before[COUNT_OF(counters)];
    struct lane_item *one = ingest_item(), *bad = ingest_item(), *late = ingest_item();
    struct lane_item *items[] = {one, ingest_again(one), ingest_other(one), bad, late};
    ingest_poison("22000");
    ingest_mark(bad);
    late->deadline_us = 0;
    one->row.channel = CHANNEL_WEB;
    for (size_t i = 0; i < COUNT_OF(counters); i++)
        before[i] = metrics_read(counters[i]);
    ingest_commit(items, 5);
    for (size_t i = 0; i < COUNT_OF(counters); i++)
        ck_assert_uint_eq(metrics_read(counters[i]) - before[i], 1);
    ingest_check(items, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tcase = unit_folds_case("batch");
    tcase_add_checked_fixture(tcase, ingest_begin, ingest_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, new_answers_are_created);
    tcase_add_test(tcase, repeats_in_a_batch);
    tcase_add_loop_test(tcase, the_first_in_the_queue_is_the_answer, 1000, 1002);
    tcase_add_test(tcase, a_flood_of_one_id);
    tcase_add_test(tcase, repeats_of_what_is_committed);
    tcase_add_loop_test(tcase, an_uncommitted_row_of_another_writer, 0, 2);
    tcase_add_loop_test(tcase, only_the_poisoned_row_fails, 0, COUNT_OF(poisoned));
    tcase_add_test(tcase, repeats_of_a_poisoned_row);
    tcase_add_test(tcase, a_poisoned_row_costs_few_round_trips);
    tcase_add_test(tcase, invalid_texts_are_refused);
    tcase_add_test(tcase, all_are_poisoned);
    tcase_add_test(tcase, what_waited_too_long_is_not_sent);
    tcase_add_test(tcase, outcomes_are_counted);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
