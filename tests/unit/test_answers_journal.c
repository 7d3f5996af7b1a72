#include "npsd/store/answers_journal.h"

#include "npsd/base/clock.h"
#include "npsd/base/crypto.h"
#include "suite.h"
#include "support/unit_params.h"

#include <string.h>

static struct arena arena;

static void setup(void)
{
    crypto_init();
    arena_init(&arena, 4096);
}

static void teardown(void)
{
    arena_done(&arena);
}

START_TEST(cuts_as_text)
{
    struct answer_row row = params_row();
    static const int64_t cuts[] = {INT64_C(11) << 32, (INT64_C(12) << 32) | 10};
    ck_assert_str_eq(answers_cuts_text(&arena, &row), "{0,4294967297}");
    row.channel = CHANNEL_WEB;
    row.agent = 5;
    row.facets[0] = 0;
    row.facets[7] = INT32_MAX;
    row.question_cuts = cuts;
    row.question_cut_count = 2;
    ck_assert_str_eq(answers_cuts_text(&arena, &row),
                     "{0,4294967296,8589934597,12884901888,45097156607,47244640256,51539607562}");
}
END_TEST

enum { SURVEYS, SLOTS, FIRSTS, LASTS, CUTS, SCORES, WEIGHTS };

/* The weight of a cell of the i-th journal row; 0: not there. Fails if it is there twice. */
static int64_t weight_of(const struct db_param *params, size_t i, int64_t cut, int score)
{
    int64_t weight = 0;
    for (int64_t c = params_number(&params[FIRSTS], i); c <= params_number(&params[LASTS], i); c++)
        if (params_number(&params[CUTS], (size_t)c - 1) == cut &&
            params_number(&params[SCORES], (size_t)c - 1) == score) {
            ck_assert_int_eq(weight, 0);
            weight = params_number(&params[WEIGHTS], (size_t)c - 1);
        }
    return weight;
}

/* An answer keeps what it said to questions that were taken off since, so there can be more than
 * the survey asks now. */
START_TEST(any_number_of_cuts)
{
    enum { COUNT = 5 * SURVEY_OPTIONS_MAX + 20 };
    int64_t cuts[COUNT];
    struct answer_row row = params_row();
    const struct answer_row *rows[] = {&row, &row};
    struct db_param params[JOURNAL_COLUMNS];
    for (int i = 0; i < COUNT; i++)
        cuts[i] = answer_cut(11 + i / SURVEY_OPTIONS_MAX, i % SURVEY_OPTIONS_MAX);
    row.question_cuts = cuts;
    row.question_cut_count = COUNT;
    row.agent = 1;
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = 1;
    answers_journal(&arena, rows, 2, params);
    ck_assert_uint_eq(params_elements(&params[SURVEYS]), 1);
    ck_assert_uint_eq(params_elements(&params[CUTS]), 3 + SURVEY_FACETS_MAX + COUNT);
    ck_assert_int_eq(weight_of(params, 0, 0, 0), 2);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(weight_of(params, 0, cuts[i], 0), 2);
    const char *text = answers_cuts_text(&arena, &row);
    size_t commas = 0;
    for (const char *c = text; *c; c++)
        commas += *c == ',';
    ck_assert_uint_eq(commas, 3 + SURVEY_FACETS_MAX + COUNT - 1);
}
END_TEST

/* Every row of the journal holds what a count by hand gives for its survey and quarter hour, and
 * the parts of all rows follow each other without a gap. */
START_TEST(answers_are_counted)
{
    enum { COUNT = 1000, ENTRIES = 6 };
    static struct answer_row store[COUNT];
    const struct answer_row *rows[COUNT];
    struct db_param params[JOURNAL_COLUMNS];
    int64_t last = 0, total = 0;
    for (int i = 0; i < COUNT; i++) {
        store[i] = params_row();
        store[i].survey_id = 1 + i % 2;
        store[i].score = i % 11;
        store[i].facets[2] = i % 5;
        store[i].answered_us = (i % 3 - 1) * 900 * CLOCK_SECOND_US;
        rows[i] = &store[i];
    }
    answers_journal(&arena, rows, COUNT, params);
    for (int i = SURVEYS; i <= LASTS; i++)
        ck_assert_uint_eq(params_elements(&params[i]), ENTRIES);
    for (size_t e = 0; e < ENTRIES; e++) {
        ck_assert_int_eq(params_number(&params[FIRSTS], e), last + 1);
        last = params_number(&params[LASTS], e);
        for (int score = 0; score < 11; score++)
            for (int value = 0; value < 5; value++) {
                int64_t wanted = 0;
                for (int i = 0; i < COUNT; i++)
                    wanted += store[i].survey_id == params_number(&params[SURVEYS], e) &&
                              i % 3 - 1 == params_number(&params[SLOTS], e) && i % 11 == score &&
                              i % 5 == value;
                ck_assert_int_eq(weight_of(params, e, answer_cut(5, value), score), wanted);
                total += wanted;
            }
    }
    ck_assert_int_eq(total, COUNT);
    for (int i = CUTS; i <= WEIGHTS; i++)
        ck_assert_uint_eq(params_elements(&params[i]), last);
}
END_TEST

START_TEST(slots_round_down)
{
    struct answer_row store[3] = {params_row(), params_row(), params_row()};
    const struct answer_row *rows[] = {&store[0], &store[1], &store[2]};
    struct db_param params[2], all[JOURNAL_COLUMNS];
    store[0].answered_us = -1;
    store[1].answered_us = 899999999;
    store[2].answered_us = 900000000;
    answers_journal_of_each(&arena, rows, 3, params);
    answers_journal(&arena, rows, 3, all);
    ck_assert_uint_eq(params_elements(&params[1]), 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(params_number(&params[0], i), (int64_t)i - 1);
        ck_assert_int_eq(params_number(&all[SLOTS], i), (int64_t)i - 1);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {cuts_as_text, any_number_of_cuts, answers_are_counted,
                            slots_round_down};
    return suite_run_checked("answers_journal", setup, teardown, tests, COUNT_OF(tests));
}
