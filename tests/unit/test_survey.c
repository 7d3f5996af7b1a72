#include "npsd/domain/survey.h"
#include "suite.h"
#include <stdio.h>
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
    ck_assert_int_eq(survey_facet_finest(SURVEY_FACET_TOTAL), SLOT_QUARTER);
    ck_assert_int_eq(survey_facet_finest(SURVEY_FACET_CHANNEL), SLOT_QUARTER);
    ck_assert_int_eq(survey_facet_finest(SURVEY_FACET_AGENT), SLOT_SIX_HOURS);
    for (int slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        ck_assert_int_eq(survey_facet_finest(SURVEY_FACET_FIRST + slot), SLOT_SIX_HOURS);
    ck_assert_int_eq(survey_facet_finest(SURVEY_FACET_QUESTION + 1), SLOT_QUARTER);
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

/* --- what the rest relies on --- */

enum { SOUND_QUESTIONS = 7 };

/* A survey with as much as one may have: five active questions and two retired ones. */
struct whole {
    struct survey_option options[SURVEY_OPTIONS_MAX + 2];
    char option_ids[SURVEY_OPTIONS_MAX + 2][8], question_ids[SOUND_QUESTIONS][8];
    struct survey_question questions[SOUND_QUESTIONS];
    struct survey survey;
};

static struct survey *make_whole(struct whole *whole)
{
    *whole = (struct whole){.survey = {.slug = "shop",
                                       .facets = {{"branch", true}, {"city", false}},
                                       .facet_count = 2,
                                       .questions = whole->questions,
                                       .question_count = SOUND_QUESTIONS}};
    for (int i = 0; i < SURVEY_OPTIONS_MAX + 2; i++) {
        snprintf(whole->option_ids[i], sizeof whole->option_ids[i], "o%d", i);
        whole->options[i] =
            (struct survey_option){.id = whole->option_ids[i], .number = i + 1, .active = i >= 2};
    }
    for (int i = 0; i < SOUND_QUESTIONS; i++) {
        snprintf(whole->question_ids[i], sizeof whole->question_ids[i], "q%d", i);
        whole->questions[i] = (struct survey_question){.id = whole->question_ids[i],
                                                       .n = i + 1,
                                                       .active = i < SURVEY_QUESTIONS_MAX,
                                                       .type = i ? QUESTION_TEXT : QUESTION_NPS};
    }
    whole->questions[1].type = QUESTION_CHOICES;
    whole->questions[1].options = whole->options;
    whole->questions[1].option_count = SURVEY_OPTIONS_MAX + 2;
    whole->questions[2].type = QUESTION_SCALE;
    whole->questions[2].max = 1;
    whole->questions[6].type = QUESTION_NPS;
    return &whole->survey;
}

START_TEST(sound)
{
    struct whole whole;
    struct survey *made = make_whole(&whole);
    ck_assert(survey_is_sound(made));
    made->question_count = 1;
    made->facet_count = 0;
    ck_assert(survey_is_sound(made));
}
END_TEST

#define UNSOUND(change)                                                                            \
    do {                                                                                           \
        struct whole w;                                                                            \
        struct survey *s = make_whole(&w);                                                         \
        struct survey_question *q = w.questions;                                                   \
        struct survey_option *o = w.options;                                                       \
        (void)q, (void)o;                                                                          \
        change;                                                                                    \
        ck_assert_msg(!survey_is_sound(s), "%s", #change);                                         \
    } while (0)

START_TEST(unsound)
{
    UNSOUND(s->slug = "");
    UNSOUND(s->slug = "Shop");
    UNSOUND(s->slug = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    UNSOUND(s->facets[1].name = "a b");
    UNSOUND(s->facets[1].name = "branch");
    UNSOUND(s->question_count = 0);
    UNSOUND(q[0].active = false);
    UNSOUND(q[0].type = QUESTION_TEXT);
    UNSOUND(q[3].type = QUESTION_NPS);
    UNSOUND(q[5].active = true);
    UNSOUND((q[3].active = false, q[5].active = true));
    UNSOUND(q[5].id = "Q");
    UNSOUND(q[5].id = "q1");
    UNSOUND(q[5].n = 2);
    UNSOUND(q[5].n = 0);
    UNSOUND(q[2].min = 1);
    UNSOUND(o[0].active = true);
    UNSOUND(o[0].number = 0);
    UNSOUND(o[0].number = 2);
    UNSOUND(o[0].id = "");
    UNSOUND(o[0].id = "o1");
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
                            names_of_types,
                            sound,
                            unsound};
    return suite_run("survey", tests, COUNT_OF(tests));
}
