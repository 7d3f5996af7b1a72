#include "npsd/domain/survey.h"
#include "suite.h"
#include <string.h>

static const struct survey_option options[] = {
    {.id = "wait", .number = 1, .active = true},
    {.id = "price", .number = 2, .active = false},
    {.id = "staff", .number = 3, .active = true},
};

static const struct survey_question questions[] = {
    {.id = "recommend", .n = 1, .active = true, .type = QUESTION_NPS},
    {.id = "improve",
     .n = 3,
     .active = true,
     .type = QUESTION_CHOICE,
     .options = options,
     .option_count = COUNT_OF(options)},
    {.id = "why", .n = 2, .active = false, .type = QUESTION_TEXT},
};

static const struct survey survey = {
    .slug = "checkout",
    .facets = {{"branch", true}, {"product", false}, {"till", true}},
    .facet_count = 3,
    .questions = questions,
    .question_count = COUNT_OF(questions),
};

START_TEST(questions_by_id)
{
    ck_assert_ptr_eq(survey_question(&survey, "recommend"), &questions[0]);
    ck_assert_ptr_eq(survey_question(&survey, "improve"), &questions[1]);
    ck_assert_ptr_null(survey_question(&survey, "why"));
    ck_assert_ptr_null(survey_question(&survey, "improv"));
    ck_assert_ptr_null(survey_question(&survey, "Improve"));
    ck_assert_ptr_null(survey_question(&survey, ""));
    ck_assert_ptr_null(survey_question(&(struct survey){.slug = "empty"}, "why"));
}
END_TEST

START_TEST(options_by_id)
{
    ck_assert_ptr_eq(question_option(&questions[1], "wait"), &options[0]);
    ck_assert_ptr_eq(question_option(&questions[1], "staff"), &options[2]);
    ck_assert_ptr_null(question_option(&questions[1], "price"));
    ck_assert_ptr_null(question_option(&questions[1], "sta"));
    ck_assert_ptr_null(question_option(&questions[0], "wait"));
}
END_TEST

/* Retired ones too: what was counted keeps its name. */
START_TEST(options_by_number)
{
    ck_assert_ptr_eq(question_option_numbered(&questions[1], 1), &options[0]);
    ck_assert_ptr_eq(question_option_numbered(&questions[1], 2), &options[1]);
    ck_assert_ptr_null(question_option_numbered(&questions[1], 0));
    ck_assert_ptr_null(question_option_numbered(&questions[1], 4));
    ck_assert_ptr_null(question_option_numbered(&questions[0], 1));
}
END_TEST

START_TEST(tallied_facets_by_name)
{
    ck_assert_int_eq(survey_facet_tallied(&survey, "channel"), SURVEY_FACET_CHANNEL);
    ck_assert_int_eq(survey_facet_tallied(&survey, "agent"), SURVEY_FACET_AGENT);
    ck_assert_int_eq(survey_facet_tallied(&survey, "branch"), SURVEY_FACET_FIRST);
    ck_assert_int_eq(survey_facet_tallied(&survey, "till"), SURVEY_FACET_FIRST + 2);
    ck_assert_int_eq(survey_facet_tallied(&survey, "product"), -1);
    ck_assert_int_eq(survey_facet_tallied(&survey, "improve"), -1);
    ck_assert_int_eq(survey_facet_tallied(&survey, ""), -1);
}
END_TEST

START_TEST(facets_by_name)
{
    ck_assert_int_eq(survey_facet_slot(&survey, "branch"), 0);
    ck_assert_int_eq(survey_facet_slot(&survey, "product"), -1);
    ck_assert_int_eq(survey_facet_slot(&survey, "till"), 2);
    ck_assert_int_eq(survey_facet_slot(&survey, "channel"), -1);
    ck_assert_int_eq(survey_facet_slot(&survey, ""), -1);
}
END_TEST

START_TEST(which_facets_are_fine)
{
    ck_assert(survey_facet_is_fine(SURVEY_FACET_TOTAL));
    ck_assert(survey_facet_is_fine(SURVEY_FACET_CHANNEL));
    ck_assert(!survey_facet_is_fine(SURVEY_FACET_AGENT));
    for (int slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        ck_assert(!survey_facet_is_fine(SURVEY_FACET_FIRST + slot));
    ck_assert(survey_facet_is_fine(SURVEY_FACET_QUESTION + 1));
}
END_TEST

START_TEST(which_questions_are_counted)
{
    static const bool counted[] = {
        [QUESTION_NPS] = false,   [QUESTION_SCALE] = true,   [QUESTION_YES_NO] = true,
        [QUESTION_CHOICE] = true, [QUESTION_CHOICES] = true, [QUESTION_TEXT] = false};
    for (int type = QUESTION_NPS; type <= QUESTION_TEXT; type++) {
        struct survey_question question = {.type = (enum question_type)type};
        ck_assert_int_eq(question_is_counted(&question), counted[type]);
        ck_assert_int_eq(question_has_answered(&question),
                         type == QUESTION_CHOICES || type == QUESTION_TEXT);
    }
}
END_TEST

START_TEST(names_of_access)
{
    static const char *const names[] = {"open", "link", "key"};
    enum survey_access access = SURVEY_LINK;
    ck_assert(!survey_access_parse("public", 6, &access));
    ck_assert(!survey_access_parse("", 0, &access));
    ck_assert_int_eq(access, SURVEY_LINK);
    for (int i = SURVEY_OPEN; i <= SURVEY_KEY; i++) {
        ck_assert_str_eq(survey_access_name((enum survey_access)i), names[i]);
        ck_assert(survey_access_parse(names[i], strlen(names[i]), &access));
        ck_assert_int_eq(access, i);
    }
}
END_TEST

START_TEST(names_of_types)
{
    static const char *const names[] = {"nps", "scale", "yes_no", "choice", "choices", "text"};
    enum question_type type = QUESTION_SCALE;
    ck_assert(!question_type_parse("choic", 5, &type));
    ck_assert(!question_type_parse("number", 6, &type));
    ck_assert_int_eq(type, QUESTION_SCALE);
    for (int i = QUESTION_NPS; i <= QUESTION_TEXT; i++) {
        ck_assert_str_eq(question_type_name((enum question_type)i), names[i]);
        ck_assert(question_type_parse(names[i], strlen(names[i]), &type));
        ck_assert_int_eq(type, i);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {questions_by_id,
                            options_by_id,
                            facets_by_name,
                            options_by_number,
                            tallied_facets_by_name,
                            which_facets_are_fine,
                            which_questions_are_counted,
                            names_of_access,
                            names_of_types};
    return suite_run("survey", tests, COUNT_OF(tests));
}
