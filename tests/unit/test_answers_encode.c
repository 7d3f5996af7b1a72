#include "npsd/store/answers_encode.h"

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

START_TEST(columns_that_no_row_has_are_null)
{
    struct answer_row one = params_row(), two = params_row();
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
            ck_assert_uint_eq(params_elements(&params[i]), 2);
    }
    ck_assert_uint_eq(params_word(&params[10], 20), UINT32_MAX); /* the first row's NULL */
}
END_TEST

START_TEST(keys_of_what_is_not_known)
{
    struct answer_row store[4];
    const struct answer_row *rows[4];
    struct db_param params[2];
    size_t len;
    for (int i = 0; i < 4; i++) {
        store[i] = params_row();
        store[i].survey_id = i;
        rows[i] = &store[i];
    }
    answers_encode_keys(&arena, rows, 4, (const bool[]){true, false, true, false}, params);
    ck_assert_uint_eq(params_elements(&params[0]), 2);
    ck_assert_int_eq(params_number(&params[0], 0), 1);
    ck_assert_int_eq(params_number(&params[0], 1), 3);
    ck_assert_mem_eq(params_element(&params[1], 1, &len), store[3].id.bytes, UUID_SIZE);
    answers_encode_keys(&arena, rows, 4, (const bool[]){true, true, true, true}, params);
    ck_assert_uint_eq(params_elements(&params[0]), 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {columns_that_no_row_has_are_null, keys_of_what_is_not_known};
    return suite_run_checked("answers_encode", setup, teardown, tests, COUNT_OF(tests));
}
