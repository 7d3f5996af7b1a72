#include "npsd/base/crypto.h"
#include "npsd/domain/response.h"
#include "suite.h"
#include <string.h>

static const struct survey_option options[] = {
    {.id = "wait", .number = 1, .active = true},
    {.id = "price", .number = 2, .active = true},
    {.id = "staff", .number = 3, .active = true},
};

static const struct survey_question scale = {.id = "ease", .n = 2, .type = QUESTION_SCALE},
                                    text = {.id = "why", .n = 3, .type = QUESTION_TEXT},
                                    choice = {.id = "improve", .n = 4, .type = QUESTION_CHOICE},
                                    choices = {.id = "liked", .n = 5, .type = QUESTION_CHOICES},
                                    yes_no = {.id = "again", .n = 6, .type = QUESTION_YES_NO};

static const struct survey_option *const wait_price[] = {&options[0], &options[1]};
static const struct survey_option *const price_wait[] = {&options[1], &options[0]};
static const struct survey_option *const wait_staff[] = {&options[0], &options[2]};

static struct response full(void)
{
    return (struct response){
        .score = 9,
        .answers = {{.question = &scale, .number = 4},
                    {.question = &text, .text = "Fast"},
                    {.question = &choice, .number = 1, .text = "wait"},
                    {.question = &choices, .options = wait_price, .option_count = 2},
                    {.question = &yes_no, .number = 1}},
        .answer_count = 5,
        .channel = CHANNEL_PHONE,
        .agent = "ann",
        .language = "en",
        .respondent = "c-17",
        .external_id = "call-88123",
        .properties = {{"branch", "north"}, {"till", "7"}},
        .property_count = 2,
        .answered_given = true,
        .answered_given_us = 1795183380000000,
        .answered_us = 1795183380000000,
        .received_us = 1795183390000000,
    };
}

static const char *hash_of(struct response response)
{
    static char texts[2][2 * RESPONSE_HASH_SIZE + 1];
    static int turn;
    uint8_t hash[RESPONSE_HASH_SIZE];
    response_hash(&response, hash);
    turn = !turn;
    return crypto_hex(hash, sizeof hash, texts[turn]);
}

/* The hash of full() after the change, against the hash before it. */
#define CHANGED(change)                                                                            \
    do {                                                                                           \
        struct response r = full();                                                                \
        change;                                                                                    \
        ck_assert_str_ne(hash_of(r), hash_of(full()));                                             \
    } while (0)
#define SAME(change)                                                                               \
    do {                                                                                           \
        struct response r = full();                                                                \
        change;                                                                                    \
        ck_assert_str_eq(hash_of(r), hash_of(full()));                                             \
    } while (0)

/* Rows keep their hash for ever: another value here means that retries of old answers would be
 * refused. */
START_TEST(the_hash_stays)
{
    ck_assert_str_eq(hash_of(full()), "f59accdbfc73885f60b122b764bbcec4");
    ck_assert_str_eq(hash_of((struct response){.score = 0}), "ab12659ee0948c708abf841536a5a8e4");
}
END_TEST

START_TEST(every_field_counts)
{
    CHANGED(r.score = 8);
    CHANGED(r.channel = CHANNEL_WEB);
    CHANGED(r.agent = "bob");
    CHANGED(r.agent = NULL);
    CHANGED(r.language = "ru");
    CHANGED(r.language = NULL);
    CHANGED(r.respondent = "c-18");
    CHANGED(r.respondent = NULL);
    CHANGED(r.respondent = "");
    CHANGED(r.external_id = "call-88124");
    CHANGED(r.external_id = NULL);
    CHANGED(r.answered_given = false);
    CHANGED(r.answered_given_us++);
}
END_TEST

START_TEST(every_answer_counts)
{
    CHANGED(r.answer_count--);
    CHANGED(r.answers[0].number = 5);
    CHANGED(r.answers[1].text = "Slow");
    CHANGED(r.answers[1].text = "");
    CHANGED(r.answers[2].text = "price");
    CHANGED(r.answers[3].options = wait_staff);
    CHANGED(r.answers[3].option_count = 1);
    CHANGED(r.answers[3].option_count = 0);
    CHANGED(r.answers[4].number = 0);
    CHANGED(r.answers[4].question = &scale);
}
END_TEST

START_TEST(every_property_counts)
{
    CHANGED(r.property_count--);
    CHANGED(r.properties[0].value = "south");
    CHANGED(r.properties[0].name = "area");
    CHANGED(r.properties[1].value = "");
}
END_TEST

/* A text cannot run over into its neighbour. */
START_TEST(neighbours_do_not_mix)
{
    CHANGED((r.agent = "an", r.language = "nen"));
    CHANGED((r.agent = "en", r.language = "ann"));
    CHANGED((r.agent = NULL, r.respondent = "ann"));
    CHANGED((r.properties[0].name = "branchn", r.properties[0].value = "orth"));
    CHANGED((r.properties[0].value = "till", r.properties[1].name = "north"));
}
END_TEST

START_TEST(order_does_not_count)
{
    SAME({
        struct response_answer first = r.answers[0];
        memmove(&r.answers[0], &r.answers[1], 4 * sizeof r.answers[0]);
        r.answers[4] = first;
    });
    SAME(r.answers[3].options = price_wait);
}
END_TEST

START_TEST(what_npsd_adds_does_not_count)
{
    SAME(r.received_us++);
    SAME(r.answered_us++);
    SAME(r.answers[2].number = 7);
    SAME(r.survey = &(struct survey){.slug = "x"});
    struct response a = full(), b = full();
    a.answered_given = b.answered_given = false;
    b.answered_given_us = 5;
    ck_assert_str_eq(hash_of(a), hash_of(b));
}
END_TEST

START_TEST(properties_by_name)
{
    struct response response = full();
    ck_assert_str_eq(response_property(&response, "branch"), "north");
    ck_assert_str_eq(response_property(&response, "till"), "7");
    ck_assert_ptr_null(response_property(&response, "bran"));
    ck_assert_ptr_null(response_property(&response, ""));
    response.property_count = 1;
    ck_assert_ptr_null(response_property(&response, "till"));
}
END_TEST

START_TEST(the_time_that_counts)
{
    ck_assert_int_eq(response_answered_us(false, 0, 100), 100);
    ck_assert_int_eq(response_answered_us(false, 500, 100), 100);
    ck_assert_int_eq(response_answered_us(true, 50, 100), 50);
    ck_assert_int_eq(response_answered_us(true, 100, 100), 100);
    ck_assert_int_eq(response_answered_us(true, 101, 100), 100);
    ck_assert_int_eq(response_answered_us(true, -5, 100), -5);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {the_hash_stays,
                            every_field_counts,
                            every_answer_counts,
                            every_property_counts,
                            neighbours_do_not_mix,
                            order_does_not_count,
                            what_npsd_adds_does_not_count,
                            properties_by_name,
                            the_time_that_counts};
    return crypto_init() ? suite_run("response", tests, COUNT_OF(tests)) : EXIT_FAILURE;
}
