#include "npsd/store/answers_encode.h"

#include "npsd/base/clock.h"
#include "npsd/base/crypto.h"
#include "suite.h"

#include <endian.h>
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

static struct answer_row plain_row(void)
{
    struct answer_row row = {.survey_id = 7, .channel = CHANNEL_EMAIL, .agent = ANSWER_UNSET};
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = ANSWER_UNSET;
    row.id = uuid_v7(clock_now_us());
    return row;
}

static uint32_t word(const struct db_param *param, size_t at)
{
    uint32_t value;
    memcpy(&value, (const char *)param->data + at, sizeof value);
    return be32toh(value);
}

/* Number of elements of an array in binary form. */
static uint32_t elements(const struct db_param *param)
{
    return word(param, 0) == 0 ? 0 : word(param, 12);
}

/* The i-th element of an array without NULLs. */
static const char *element(const struct db_param *param, size_t i, size_t *ret_len)
{
    size_t at = 20;
    for (; i > 0; i--)
        at += 4 + word(param, at);
    *ret_len = word(param, at);
    return (const char *)param->data + at + 4;
}

static int64_t number_at(const struct db_param *param, size_t i)
{
    size_t len;
    int64_t number = 0;
    const char *bytes = element(param, i, &len);
    for (size_t b = 0; b < len; b++)
        number = (int64_t)((uint64_t)number << 8 | (unsigned char)bytes[b]);
    return len == 2 ? (int16_t)number : len == 4 ? (int32_t)number : number;
}

START_TEST(dims_as_text)
{
    struct answer_row row = plain_row();
    static const int64_t dims[] = {INT64_C(11) << 32, (INT64_C(12) << 32) | 10};
    ck_assert_str_eq(answers_dims_text(&arena, &row), "{4294967297}");
    row.channel = CHANNEL_WEB;
    row.agent = 5;
    row.facets[0] = 0;
    row.facets[7] = INT32_MAX;
    row.question_dims = dims;
    row.question_dim_count = 2;
    ck_assert_str_eq(answers_dims_text(&arena, &row),
                     "{4294967296,8589934597,12884901888,45097156607,47244640256,51539607562}");
}
END_TEST

/* An answer keeps what it said to questions that were taken off since, so there can be more than
 * the survey asks now. */
START_TEST(any_number_of_dims)
{
    enum { COUNT = 5 * SURVEY_OPTIONS_MAX + 20 };
    int64_t dims[COUNT];
    struct answer_row row = plain_row();
    const struct answer_row *rows[] = {&row, &row};
    struct db_param params[DELTA_COLUMNS];
    for (int i = 0; i < COUNT; i++)
        dims[i] = answer_dim(11 + i / SURVEY_OPTIONS_MAX, i % SURVEY_OPTIONS_MAX);
    row.question_dims = dims;
    row.question_dim_count = COUNT;
    row.agent = 1;
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = 1;
    const char *text = answers_dims_text(&arena, &row);
    size_t commas = 0;
    for (const char *c = text; *c; c++)
        commas += *c == ',';
    ck_assert_uint_eq(commas, 2 + SURVEY_FACETS_MAX + COUNT - 1);
    answers_encode_deltas(&arena, rows, 2, params);
    size_t len;
    const char *same = element(&params[4], 0, &len);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_mem_eq(same, text, len);
}
END_TEST

START_TEST(deltas_are_grouped)
{
    enum { COUNT = 1000 };
    static struct answer_row store[COUNT];
    const struct answer_row *rows[COUNT];
    struct db_param params[DELTA_COLUMNS];
    int64_t weight = 0;
    for (int i = 0; i < COUNT; i++) {
        store[i] = plain_row();
        store[i].survey_id = 1 + i % 2;
        store[i].score = i % 11;
        store[i].answered_us = (i % 3 - 1) * 900 * CLOCK_SECOND_US;
        rows[i] = &store[i];
    }
    answers_encode_deltas(&arena, rows, COUNT, params);
    for (int i = 0; i < DELTA_COLUMNS; i++)
        ck_assert_uint_eq(elements(&params[i]), 2 * 11 * 3);
    for (size_t i = 0; i < 66; i++) {
        weight += number_at(&params[3], i);
        ck_assert_int_ge(number_at(&params[3], i), 15);
        ck_assert_int_le(number_at(&params[3], i), 16);
        ck_assert_int_ge(number_at(&params[1], i), -1);
        ck_assert_int_le(number_at(&params[1], i), 1);
        for (size_t j = 0; j < i; j++)
            ck_assert(number_at(&params[0], i) != number_at(&params[0], j) ||
                      number_at(&params[1], i) != number_at(&params[1], j) ||
                      number_at(&params[2], i) != number_at(&params[2], j));
    }
    ck_assert_int_eq(weight, COUNT);
}
END_TEST

START_TEST(columns_that_no_row_has_are_null)
{
    struct answer_row one = plain_row(), two = plain_row();
    const struct answer_row *rows[] = {&one, &two};
    struct db_param params[ANSWER_COLUMNS];
    answers_encode_rows(&arena, rows, 2, params);
    for (int i = 0; i < ANSWER_COLUMNS; i++)
        ck_assert_int_eq(params[i].null, i >= 7);
    two.facets[2] = 0;
    two.respondent = "";
    two.properties = "{}";
    two.properties_len = 2;
    answers_encode_rows(&arena, rows, 2, params);
    for (int i = 0; i < ANSWER_COLUMNS; i++) {
        bool there = i < 7 || i == 10 || i == 18 || i == 20;
        ck_assert_int_eq(params[i].null, !there);
        if (there)
            ck_assert_uint_eq(elements(&params[i]), 2);
    }
    ck_assert_uint_eq(word(&params[10], 20), UINT32_MAX); /* the first row's NULL */
}
END_TEST

START_TEST(keys_of_what_is_not_known)
{
    struct answer_row store[4];
    const struct answer_row *rows[4];
    struct db_param params[2];
    size_t len;
    for (int i = 0; i < 4; i++) {
        store[i] = plain_row();
        store[i].survey_id = i;
        rows[i] = &store[i];
    }
    answers_encode_keys(&arena, rows, 4, (const bool[]){true, false, true, false}, params);
    ck_assert_uint_eq(elements(&params[0]), 2);
    ck_assert_int_eq(number_at(&params[0], 0), 1);
    ck_assert_int_eq(number_at(&params[0], 1), 3);
    ck_assert_mem_eq(element(&params[1], 1, &len), store[3].id.bytes, UUID_SIZE);
    answers_encode_keys(&arena, rows, 4, (const bool[]){true, true, true, true}, params);
    ck_assert_uint_eq(elements(&params[0]), 0);
}
END_TEST

START_TEST(slots_round_down)
{
    struct answer_row store[3] = {plain_row(), plain_row(), plain_row()};
    const struct answer_row *rows[] = {&store[0], &store[1], &store[2]};
    struct db_param params[2];
    store[0].answered_us = -1;
    store[1].answered_us = 899999999;
    store[2].answered_us = 900000000;
    answers_encode_journal(&arena, rows, 3, params);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(number_at(&params[0], i), (int64_t)i - 1);
    ck_assert_uint_eq(elements(&params[1]), 3);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {dims_as_text,
                            any_number_of_dims,
                            deltas_are_grouped,
                            columns_that_no_row_has_are_null,
                            keys_of_what_is_not_known,
                            slots_round_down};
    Suite *suite = suite_create("answers_encode");
    TCase *tcase = tcase_create("answers_encode");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
