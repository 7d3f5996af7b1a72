/* json_response_cases: a survey with a question of every type, and a response as one text that a
 * row of a table can hold. */
#ifndef NPSD_TESTS_UNIT_JSON_RESPONSE_CASES_H
#define NPSD_TESTS_UNIT_JSON_RESPONSE_CASES_H

#include "json_cases.h"
#include "npsd/base/clock.h"
#include "npsd/json/response.h"
#include "npsd/json/survey.h"

/* 2026-11-20T14:03:00Z */
#define CASE_RECEIVED_US INT64_C(1795183380000000)

#define CASE_OPTION(number_, id_, active_)                                                         \
    {                                                                                              \
        .id = id_, .number = number_, .active = active_                                            \
    }

static const struct survey_option case_likes[] = {
    CASE_OPTION(2, "price", true),
    CASE_OPTION(1, "staff", true),
    CASE_OPTION(4, "wait", true),
    CASE_OPTION(3, "music", false),
};

static const struct survey_option case_improve[] = {
    CASE_OPTION(1, "wait", true),
    CASE_OPTION(7, "price", true),
    CASE_OPTION(3, "smell", false),
};

#define CASE_QUESTION(n_, id_, type_, ...)                                                         \
    {                                                                                              \
        .n = n_, .id = id_, .type = type_, .active = true, __VA_ARGS__                             \
    }

/* "retired" was asked once; "again" is not asked of promoters. */
static const struct survey_question case_questions[] = {
    CASE_QUESTION(1, "recommend", QUESTION_NPS, .ask = 7),
    CASE_QUESTION(3, "why", QUESTION_TEXT, .ask = 7),
    CASE_QUESTION(2, "speed", QUESTION_SCALE, .ask = 7, .min = 1, .max = 5),
    CASE_QUESTION(5, "again", QUESTION_YES_NO, .ask = 1),
    CASE_QUESTION(4, "likes", QUESTION_CHOICES, .ask = 7, .options = case_likes, .option_count = 4),
    CASE_QUESTION(6, "improve", QUESTION_CHOICE, .ask = 7, .options = case_improve,
                  .option_count = 3),
    {.n = 7, .id = "retired", .type = QUESTION_TEXT, .active = false},
};

static const struct survey case_survey = {
    .slug = "cases",
    .facets = {{.name = "branch", .active = true}},
    .facet_count = 1,
    .questions = case_questions,
    .question_count = COUNT_OF(case_questions),
};

static inline struct response_rules case_rules(enum role role)
{
    return (struct response_rules){.survey = &case_survey,
                                   .role = role,
                                   .agent = role == ROLE_AGENT ? "Anna" : NULL,
                                   .received_us = CASE_RECEIVED_US};
}

static inline void case_member(struct buf *buf, const char *name, const char *value)
{
    if (value)
        buf_printf(buf, " %s=%s", name, value);
}

/* "9 phone {answers} {properties} agent=Anna at=2026-...", what is not there left out. */
static inline const char *case_response(struct arena *arena, const struct response *response)
{
    struct buf buf = buf_make(arena, 256);
    char given[CLOCK_TEXT_SIZE], answered[CLOCK_TEXT_SIZE];
    size_t len;
    const char *answers = response_answers_json(arena, response, &len);
    ck_assert_uint_eq(len, answers ? strlen(answers) : 0);
    const char *properties = response_properties_json(arena, response, &len);
    ck_assert_uint_eq(len, properties ? strlen(properties) : 0);

    buf_printf(&buf, "%d %s %s %s", response->score, channel_name(response->channel),
               answers ? answers : "-", properties ? properties : "-");
    case_member(&buf, "agent", response->agent);
    case_member(&buf, "language", response->language);
    case_member(&buf, "respondent", response->respondent);
    case_member(&buf, "external_id", response->external_id);
    if (response->answered_given)
        case_member(&buf, "given", clock_format(response->answered_given_us, given));
    if (response->answered_us != response->received_us)
        case_member(&buf, "answered", clock_format(response->answered_us, answered));
    return buf.data;
}

#endif
