#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"
#include "npsd/store/folds.h"
#include "npsd/store/numbers.h"

#include <stdlib.h>
#include <string.h>

#define SEED 20261123
#include "numbers_calls.h"

/* Each test has surveys of its own, the random ones from 1. */
enum { SETS = 60, WINDOWS = 4, FACETS = 9, NOTHING_SURVEY = 1000, SPAN_SURVEYS = 2000 };

static void compare(const struct number_query *query, int facet)
{
    struct nps_counts *total;
    struct number_value *values;
    size_t count;

    enum db_status status = numbers_break(pg, &arena, query, facet, &total, &values, &count);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    const char *counted = recount_break_text(&arena, query, total, values, count);
    const char *expected = recount_break(pg, &arena, query, facet);
    ck_assert_msg(strcmp(counted, expected) == 0,
                  "survey %d, facet %d, %zu filters, windows from %lld, %lld:\n%s\n%s",
                  query->survey_id, facet, query->filter_count,
                  (long long)query->windows[0].from_us, (long long)query->windows[0].to_us, counted,
                  expected);
}

/* So many that they are counted the way that suits many. */
static void add_values(int32_t survey_id)
{
    unit_pg_sql("insert into facet_value (survey_id, facet, id, value)"
                " select %d, facet, 1000 + n, 'nobody ' || n"
                " from generate_series(2, 10) facet, generate_series(1, 250) n",
                survey_id);
}

/* By everything that there is, with and without filters: those of a recount, to the last count. */
START_TEST(test_random_breaks)
{
    for (int32_t i = 1; i <= SETS; i++) {
        struct answer_set set;
        struct window windows[WINDOWS];

        arena_reset(&arena);
        answers_make(pg, &arena, i, &seed, &set);
        answers_fill(pg, &arena, &set);
        if (i % 2 == 0)
            add_values(i);
        const int facets[FACETS] = {
            SURVEY_FACET_CHANNEL,
            SURVEY_FACET_AGENT,
            set.facets[0],
            set.facets[1],
            SURVEY_FACET_QUESTION + ANSWERS_TEXT,
            SURVEY_FACET_QUESTION + ANSWERS_CHOICE,
            SURVEY_FACET_QUESTION + ANSWERS_CHOICES,
            SURVEY_FACET_QUESTION + ANSWERS_SCALE,
            SURVEY_FACET_QUESTION + ANSWERS_YES_NO,
        };
        for (size_t w = 0; w < WINDOWS; w++)
            windows[w] = answers_window(pg, &set);
        for (size_t f = 0; f < FACETS; f++) {
            struct number_query query = {.survey_id = i,
                                         .windows = windows,
                                         .window_count = (size_t)between(1, WINDOWS),
                                         .now_us = between(0, 1) ? answers_instant(&set) : 0};
            compare(&query, facets[f]);
            answers_filter(&arena, &set, between(0, ANSWERS_BY_ALL), &query);
            compare(&query, facets[f]);
        }
    }
}
END_TEST

/* A survey without answers, a question that it has not got, no window. */
START_TEST(test_nothing)
{
    static const struct window all = {SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    struct number_query query = {.survey_id = NOTHING_SURVEY, .windows = &all, .window_count = 1};
    struct answer_set set;
    struct nps_counts *total;
    struct number_value *values;
    size_t count;

    answers_make(pg, &arena, NOTHING_SURVEY, &seed, &set);
    compare(&query, SURVEY_FACET_QUESTION + ANSWERS_CHOICE);
    answers_insert(pg, &arena, &set, 20);
    ck_assert_int_eq(
        numbers_break(pg, &arena, &query, SURVEY_FACET_QUESTION + 99, &total, &values, &count),
        DB_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_str_eq(recount_break_text(&arena, &query, total, values, count),
                     recount_windows(pg, &arena, &query));
    query.window_count = 0;
    ck_assert_int_eq(numbers_break(pg, &arena, &query, SURVEY_FACET_AGENT, &total, &values, &count),
                     DB_OK);
    ck_assert_uint_eq(count, 0);
}
END_TEST

/* --- the span --- */

static const char *span_text(int32_t survey_id)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    int64_t from_us, to_us;
    bool any;

    enum db_status status = numbers_span(pg, survey_id, &from_us, &to_us, &any);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    if (!any)
        return "none";
    return arena_printf(&arena, "%s %s", clock_format(from_us, from), clock_format(to_us, to));
}

#define QUARTER(answered_at)                                                                       \
    "date_bin('15 minutes', " answered_at ", timestamptz '0001-01-01 00:00Z')"
#define TEXT_OF(instant) "to_char(timezone('UTC', " instant "), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const char *recounted_span(int32_t survey_id)
{
    return unit_pg_value(
        "select coalesce(" TEXT_OF(QUARTER("min(answered_at)")) " || ' ' || " TEXT_OF(QUARTER(
            "max(answered_at)") " + interval '15 minutes'") ", 'none')"
                                                            " from response where survey_id = %d and not excluded",
        survey_id);
}

/* While answers come, move, are excluded and folded, at either end. */
START_TEST(test_span)
{
    for (int32_t i = SPAN_SURVEYS; i < SPAN_SURVEYS + SETS; i++) {
        struct answer_set set;

        arena_reset(&arena);
        answers_make(pg, &arena, i, &seed, &set);
        ck_assert_str_eq(span_text(i), "none");
        answers_fill(pg, &arena, &set);
        ck_assert_str_eq(span_text(i), recounted_span(i));
        answers_exclude_ends(pg, &arena, &set);
        ck_assert_str_eq(span_text(i), recounted_span(i));
        answers_fold(pg, &set);
        ck_assert_str_eq(span_text(i), recounted_span(i));
        answers_exclude_ends(pg, &arena, &set);
        ck_assert_str_eq(span_text(i), recounted_span(i));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("numbers_break");
    TCase *tcase = tcase_create("numbers_break");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_random_breaks);
    tcase_add_test(tcase, test_nothing);
    tcase_add_test(tcase, test_span);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
