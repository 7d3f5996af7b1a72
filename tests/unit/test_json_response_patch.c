#include "json_response_cases.h"

static struct arena arena;

/* What is stored: received a day before now, with an answer to a question no longer asked. */
static struct response stored(void)
{
    struct response response = {
        .survey = &case_survey,
        .score = 6,
        .channel = CHANNEL_WEB,
        .agent = "Anna",
        .language = "en",
        .respondent = "c-17",
        .received_us = CASE_RECEIVED_US - CLOCK_DAY_US,
        .answered_us = CASE_RECEIVED_US - CLOCK_DAY_US,
    };
    static const char answers[] = "{\"why\": \"Slow\", \"likes\": [\"music\", \"price\"], "
                                  "\"retired\": \"old\"}";
    static const char properties[] = "{\"branch\": \"north\", \"a\": \"1\"}";

    ck_assert(response_read_stored(&arena, &case_survey, answers, sizeof(answers) - 1, properties,
                                   sizeof(properties) - 1, &response));
    return response;
}

#define STORED_ANSWERS "{\"why\":\"Slow\",\"likes\":[\"price\",\"music\"],\"retired\":\"old\"}"
#define STORED_PROPERTIES "{\"a\":\"1\",\"branch\":\"north\"}"
#define STORED_PEOPLE "agent=Anna language=en respondent=c-17"

static const struct {
    enum role role;
    const char *json, *response;
} taken[] = {
    {ROLE_NONE, "{}", "6 web " STORED_ANSWERS " " STORED_PROPERTIES " " STORED_PEOPLE},
    {ROLE_NONE, "{\"score\":9}", "9 web " STORED_ANSWERS " " STORED_PROPERTIES " " STORED_PEOPLE},
    {ROLE_NONE, "{\"answers\":{\"why\":null}}",
     "6 web {\"likes\":[\"price\",\"music\"],\"retired\":\"old\"} " STORED_PROPERTIES
     " " STORED_PEOPLE},
    {ROLE_NONE, "{\"answers\":{\"why\":\"\",\"likes\":[],\"retired\":null,\"speed\":null}}",
     "6 web - " STORED_PROPERTIES " " STORED_PEOPLE},
    {ROLE_NONE, "{\"answers\":{\"why\":\"New\",\"again\":true}}",
     "6 web {\"why\":\"New\",\"again\":true,\"likes\":[\"price\",\"music\"],\"retired\":\"old\"} " STORED_PROPERTIES
     " " STORED_PEOPLE},
    {ROLE_NONE, "{\"answers\":{\"likes\":[\"wait\"]}}",
     "6 web {\"why\":\"Slow\",\"likes\":[\"wait\"],\"retired\":\"old\"} " STORED_PROPERTIES
     " " STORED_PEOPLE},
    {ROLE_NONE, "{\"answers\":{\"speed\":1,\"again\":false}}",
     "6 web {\"why\":\"Slow\",\"speed\":1,\"again\":false,\"likes\":[\"price\",\"music\"],"
     "\"retired\":\"old\"} " STORED_PROPERTIES " " STORED_PEOPLE},
    {ROLE_NONE, "{\"language\":\"ru\"}",
     "6 web " STORED_ANSWERS " " STORED_PROPERTIES " agent=Anna language=ru respondent=c-17"},
    {ROLE_NONE, "{\"language\":null}",
     "6 web " STORED_ANSWERS " " STORED_PROPERTIES " agent=Anna respondent=c-17"},
    {ROLE_ANALYST,
     "{\"respondent\":\"c-18\",\"agent\":\"Boris\",\"channel\":\"import\","
     "\"properties\":{\"branch\":null,\"a\":2,\"z\":true}}",
     "6 import " STORED_ANSWERS " {\"a\":\"2\",\"z\":\"true\"} agent=Boris language=en "
     "respondent=c-18"},
    {ROLE_ADMIN, "{\"respondent\":null,\"agent\":null,\"properties\":{\"branch\":null,\"a\":\"\"}}",
     "6 web " STORED_ANSWERS " - language=en"},
    {ROLE_ADMIN, "{\"answered_at\":\"2020-02-29T00:00:00Z\"}",
     "6 web " STORED_ANSWERS " " STORED_PROPERTIES " " STORED_PEOPLE
     " given=2020-02-29T00:00:00Z answered=2020-02-29T00:00:00Z"},
    {ROLE_ADMIN, "{\"answered_at\":\"2026-11-19T14:08:00Z\"}",
     "6 web " STORED_ANSWERS " " STORED_PROPERTIES " " STORED_PEOPLE " given=2026-11-19T14:08:00Z"},
};

START_TEST(patches_taken)
{
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response_rules rules = case_rules(taken[i].role);
        struct response old = stored(), response;
        struct response_patch patch;
        bool ok = response_patch_decode(case_json(&arena, taken[i].json), &old, &rules, &errors,
                                        &response, &patch);

        ck_assert_msg(ok, "%s: %s", taken[i].json, case_places(&arena, &errors));
        ck_assert_str_eq(case_response(&arena, &response), taken[i].response);
        ck_assert(!patch.exclusion_sent);
        ck_assert_str_eq(case_response(&arena, &old),
                         "6 web " STORED_ANSWERS " " STORED_PROPERTIES " " STORED_PEOPLE);
    }
}
END_TEST

static const struct {
    enum role role;
    const char *json, *places;
} refused[] = {
    {ROLE_ADMIN, "[]", "."},
    {ROLE_ADMIN, "{\"score\":null}", "/score"},
    {ROLE_ADMIN, "{\"score\":9.0}", "/score"},
    {ROLE_ADMIN, "{\"score\":11}", "/score"},
    {ROLE_ADMIN, "{\"answers\":null}", "/answers"},
    {ROLE_ADMIN, "{\"answers\":{\"retired\":\"new\"}}", "/answers/retired"},
    {ROLE_ADMIN, "{\"answers\":{\"recommend\":null}}", "/answers/recommend"},
    {ROLE_ADMIN, "{\"answers\":{\"what\":null}}", "/answers/what"},
    {ROLE_ADMIN, "{\"answers\":{\"likes\":[\"music\"]}}", "/answers/likes"},
    /* five at most: the one of a question no longer asked is in the way */
    {ROLE_ADMIN, "{\"answers\":{\"speed\":1,\"again\":true,\"improve\":\"wait\"}}",
     "/answers/improve"},
    {ROLE_ADMIN, "{\"external_id\":\"x\"}", "/external_id"},
    {ROLE_ADMIN, "{\"id\":\"x\"}", "/id"},
    {ROLE_ADMIN, "{\"channel\":null}", "/channel"},
    {ROLE_ADMIN, "{\"properties\":null}", "/properties"},
    {ROLE_ADMIN, "{\"answered_at\":null}", "/answered_at"},
    {ROLE_ADMIN, "{\"answered_at\":\"2026-11-19T14:08:00.000001Z\"}", "/answered_at"},
    {ROLE_ADMIN, "{\"excluded\":1}", "/excluded"},
    {ROLE_ADMIN, "{\"excluded\":null}", "/excluded"},
    {ROLE_ADMIN, "{\"excluded\":true,\"reason\":\"\"}", "/reason"},
    {ROLE_ADMIN, "{\"reason\":\"why\"}", "/reason"},
    {ROLE_NONE, "{\"excluded\":true,\"reason\":\"test call\"}", "/excluded /reason"},
    {ROLE_SUBMIT,
     "{\"respondent\":null,\"properties\":{},\"channel\":\"web\",\"agent\":null,"
     "\"answered_at\":\"2020-01-01T00:00:00Z\",\"score\":12}",
     "/score /respondent /properties /channel /agent /answered_at"},
    {ROLE_AGENT, "{\"respondent\":\"c-18\",\"excluded\":false}", "/respondent /excluded"},
    {ROLE_VIEWER, "{\"agent\":\"Boris\"}", "/agent"},
};

START_TEST(patches_refused)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct problem_errors errors = {.arena = &arena};
        struct response_rules rules = case_rules(refused[i].role);
        struct response old = stored(), response = {.score = 77};
        struct response_patch patch = {.reason = "before"};
        bool ok = response_patch_decode(case_json(&arena, refused[i].json), &old, &rules, &errors,
                                        &response, &patch);

        ck_assert_msg(!ok && strcmp(case_places(&arena, &errors), refused[i].places) == 0, "%s: %s",
                      refused[i].json, case_places(&arena, &errors));
        ck_assert_int_eq(response.score, 77);
        ck_assert_str_eq(patch.reason, "before");
    }
}
END_TEST

START_TEST(exclusion)
{
    struct problem_errors errors = {.arena = &arena};
    struct response_rules rules = case_rules(ROLE_ANALYST);
    struct response old = stored(), response;
    struct response_patch patch;

    ck_assert(
        response_patch_decode(case_json(&arena, "{\"excluded\":true,\"reason\":\"test call\"}"),
                              &old, &rules, &errors, &response, &patch));
    ck_assert(patch.exclusion_sent && patch.excluded);
    ck_assert_str_eq(patch.reason, "test call");
    ck_assert(response_patch_decode(case_json(&arena, "{\"excluded\":false,\"reason\":null}"), &old,
                                    &rules, &errors, &response, &patch));
    ck_assert(patch.exclusion_sent && !patch.excluded && !patch.reason);
}
END_TEST

/* --- what is stored --- */

static const struct {
    const char *answers, *properties, *response;
} rows[] = {
    {"", "", "0 web - -"},
    {"{}", "{}", "0 web - -"},
    {"{\"what\":1,\"recommend\":5,\"why\":5,\"speed\":\"5\",\"again\":1,\"likes\":\"wait\","
     "\"improve\":\"music\"}",
     "{\"a\":5,\"b\":\"x\"}", "0 web - {\"b\":\"x\"}"},
    {"{\"improve\":\"smell\",\"likes\":[\"wait\",\"nothing\",\"music\",5],\"speed\":9}", "",
     "0 web {\"speed\":9,\"likes\":[\"wait\",\"music\"],\"improve\":\"smell\"} -"},
};

START_TEST(rows_read)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct response response = {.answer_count = 3, .property_count = 3};

        ck_assert(response_read_stored(&arena, &case_survey, rows[i].answers,
                                       strlen(rows[i].answers), rows[i].properties,
                                       strlen(rows[i].properties), &response));
        ck_assert_str_eq(case_response(&arena, &response), rows[i].response);
    }
}
END_TEST

START_TEST(spoiled_rows)
{
    struct response response = {.answer_count = 3};

    ck_assert(!response_read_stored(&arena, &case_survey, "[]", 2, NULL, 0, &response));
    ck_assert(!response_read_stored(&arena, &case_survey, "{", 1, NULL, 0, &response));
    ck_assert(!response_read_stored(&arena, &case_survey, "{}", 2, "[1]", 3, &response));
    ck_assert_uint_eq(response.answer_count, 3);
}
END_TEST

/* A text that JSON must escape, of up to a few characters. */
static const char *random_text(uint64_t *random)
{
    static const char *const pieces[] = {"a", "\"", "\\", "/", "Ж", "😀", "\t", "\n", "{", ","};
    struct buf buf = buf_make(&arena, 32);

    for (int64_t n = suite_between(random, 0, 8); n > 0; n--)
        buf_text(&buf, pieces[suite_between(random, 0, COUNT_OF(pieces) - 1)]);
    buf_text(&buf, "z");
    return buf.data;
}

static void random_choices(uint64_t *random, struct response_answer *answer)
{
    const struct survey_option **options = arena_calloc(&arena, 4, sizeof(*options));

    for (size_t i = 0; i < 4; i++) {
        if (suite_random(random) & 1 || (i == 3 && answer->option_count == 0))
            options[answer->option_count++] = &case_likes[i];
    }
    answer->options = options;
}

static void random_answer(uint64_t *random, struct response_answer *answer)
{
    switch (answer->question->type) {
    case QUESTION_SCALE:
        answer->number = suite_between(random, 1, 5);
        break;
    case QUESTION_YES_NO:
        answer->number = suite_between(random, 0, 1);
        break;
    case QUESTION_CHOICE:
        answer->number = suite_between(random, 0, 2);
        answer->text = case_improve[answer->number].id;
        answer->number = case_improve[answer->number].number;
        break;
    case QUESTION_CHOICES:
        random_choices(random, answer);
        break;
    default:
        answer->text = random_text(random);
    }
}

static struct response random_response(uint64_t *random)
{
    struct response response = {.survey = &case_survey, .score = 5};

    for (size_t i = 1; i < COUNT_OF(case_questions); i++) {
        struct response_answer *answer = &response.answers[response.answer_count];

        if (response.answer_count == SURVEY_QUESTIONS_MAX || suite_random(random) & 1)
            continue;
        answer->question = &case_questions[i];
        random_answer(random, answer);
        response.answer_count++;
    }
    for (int64_t i = suite_between(random, 0, 16); i > 0; i--)
        response.properties[response.property_count++] = (struct response_property){
            arena_printf(&arena, "p%c", 'z' - (int)i), random_text(random)};
    return response;
}

START_TEST(random_round_trips)
{
    uint64_t random = 5;

    for (int i = 0; i < 2000; i++) {
        struct response in = random_response(&random), out = {.score = 5};
        uint8_t hash_in[RESPONSE_HASH_SIZE], hash_out[RESPONSE_HASH_SIZE];
        size_t answers_len, properties_len;
        const char *answers = response_answers_json(&arena, &in, &answers_len);
        const char *properties = response_properties_json(&arena, &in, &properties_len);

        ck_assert(response_read_stored(&arena, &case_survey, answers, answers_len, properties,
                                       properties_len, &out));
        response_hash(&in, hash_in);
        response_hash(&out, hash_out);
        ck_assert_mem_eq(hash_in, hash_out, sizeof(hash_in));
        ck_assert_str_eq(case_response(&arena, &in), case_response(&arena, &out));
        arena_reset(&arena);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {patches_taken, patches_refused, exclusion,
                                  rows_read,     spoiled_rows,    random_round_trips};

    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_response_patch", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
