#include "json_cases.h"
#include "npsd/json/survey.h"

static struct arena arena;

#define TEXT "\"text\":{\"en\":\"T\"}"
#define SCORE "{\"id\":\"score\",\"type\":\"nps\"," TEXT "}"
#define WHY "{\"id\":\"why\",\"type\":\"text\"," TEXT "}"
#define SPEED "{\"id\":\"speed\",\"type\":\"scale\"," TEXT ",\"min\":1,\"max\":5}"
#define OPTION(id) "{\"id\":\"" id "\"," TEXT "}"
#define LIKES(options) "{\"id\":\"likes\",\"type\":\"choices\"," TEXT ",\"options\":[" options "]}"
#define AB OPTION("a") "," OPTION("b")
#define ASKING(questions) "{\"questions\":[" SCORE "," questions "]}"

static const struct survey *stored(void)
{
    struct problem_errors errors = {.arena = &arena};
    struct survey *survey = survey_decode(
        case_json(&arena, "{\"id\":\"s\",\"title\":{\"en\":\"T\"},\"facets\":[\"shop\",\"city\"],"
                          "\"keep_text_days\":7,\"questions\":[" SCORE "," WHY "," SPEED
                          "," LIKES(AB) "]}"),
        &errors);

    ck_assert_ptr_nonnull(survey);
    survey->id = 42;
    survey->created_us = 1000000;
    survey->updated_us = 2000000;
    return survey;
}

/* Every question has answers. */
static const bool all[16] = {true, true, true, true, true, true, true, true,
                             true, true, true, true, true, true, true, true};

static const struct survey *patched(const struct survey *old, const char *json, bool has_answers)
{
    struct problem_errors errors = {.arena = &arena};
    const struct survey *survey =
        survey_patch(old, case_json(&arena, json), has_answers ? all : NULL, &errors);

    ck_assert_msg(survey, "%s: %s", json, case_places(&arena, &errors));
    return survey;
}

/* "1score 2why -3speed 4likes(1a -2b) | shop -city": numbers, a minus for what is retired. */
static const char *numbers(const struct survey *survey)
{
    struct buf buf = buf_make(&arena, 128);

    for (size_t i = 0; i < survey->question_count; i++) {
        const struct survey_question *question = &survey->questions[i];

        buf_printf(&buf, "%s%d%s", question->active ? "" : "-", question->n, question->id);
        for (size_t j = 0; j < question->option_count; j++)
            buf_printf(&buf, "%s%s%d%s%s", j == 0 ? "(" : " ",
                       question->options[j].active ? "" : "-", question->options[j].number,
                       question->options[j].id, j + 1 == question->option_count ? ")" : "");
        buf_char(&buf, ' ');
    }
    buf_char(&buf, '|');
    for (size_t i = 0; i < survey->facet_count; i++)
        buf_printf(&buf, " %s%s", survey->facets[i].active ? "" : "-", survey->facets[i].name);
    return buf.data;
}

static const char *written(const struct survey *survey)
{
    struct json_writer w = json_writer(&arena);

    survey_write(&w, NULL, survey);
    return w.buf.data;
}

START_TEST(nothing_changes)
{
    const struct survey *old = stored(), *survey = patched(old, "{}", true);

    ck_assert_str_eq(numbers(survey), "1score 2why 3speed 4likes(1a 2b) | shop city");
    ck_assert_str_eq(written(survey), written(old));
    ck_assert_int_eq(survey->id, 42);
}
END_TEST

START_TEST(members_replace)
{
    const struct survey *survey =
        patched(stored(),
                "{\"id\":\"s\",\"title\":{\"ru\":\"Ж\"},\"time_zone\":\"Asia/Tokyo\","
                "\"access\":\"link\",\"open\":false,\"min_responses\":5,\"edit_minutes\":6,"
                "\"badge\":\"public\",\"keep_text_days\":null}",
                true);
    const char *head = "{\"id\":\"s\",\"title\":{\"ru\":\"Ж\"},\"time_zone\":\"Asia/Tokyo\","
                       "\"access\":\"link\",\"open\":false,\"facets\":[\"shop\",\"city\"],"
                       "\"min_responses\":5,\"edit_minutes\":6,\"badge\":\"public\","
                       "\"suspects\":\"count\",\"keep_text_days\":null,\"brand\":null,"
                       "\"questions\":[" SCORE ",";

    ck_assert_int_eq(strncmp(written(survey), head, strlen(head)), 0);
    ck_assert_ptr_nonnull(strstr(written(survey), "\"created_at\":\"1970-01-01T00:00:01Z\","
                                                  "\"updated_at\":\"1970-01-01T00:00:02Z\"}"));
}
END_TEST

/* Steps one after the other, each on what the one before left. */
struct step {
    bool has_answers;
    const char *json, *numbers;
};

static void run_steps(const struct step *steps, size_t count)
{
    const struct survey *survey = stored();

    for (size_t i = 0; i < count; i++) {
        survey = patched(survey, steps[i].json, steps[i].has_answers);
        ck_assert_str_eq(numbers(survey), steps[i].numbers);
    }
}

START_TEST(questions_keep_numbers)
{
    static const struct step steps[] = {
        {true, ASKING(WHY), "1score 2why -3speed -4likes(1a 2b) | shop city"},
        {true, ASKING("{\"id\":\"new\",\"type\":\"yes_no\"," TEXT "}"),
         "1score 5new -2why -3speed -4likes(1a 2b) | shop city"},
        {true, ASKING(LIKES(OPTION("c") "," AB) "," SPEED),
         "1score 4likes(3c 1a 2b) 3speed -5new -2why | shop city"},
        {true, "{\"questions\":[{\"id\":\"other\",\"type\":\"nps\"," TEXT "}," WHY "]}",
         "6other 2why -1score -4likes(3c 1a 2b) -3speed -5new | shop city"},
        {true, "{\"open\":false}",
         "6other 2why -1score -4likes(3c 1a 2b) -3speed -5new | shop city"},
    };
    run_steps(steps, COUNT_OF(steps));
}
END_TEST

START_TEST(anything_goes_without_answers)
{
    static const struct step steps[] = {
        {false, ASKING(LIKES(OPTION("b") "," OPTION("c"))),
         "1score 4likes(2b 3c -1a) -2why -3speed | shop city"},
        {false, ASKING("{\"id\":\"likes\",\"type\":\"text\"," TEXT "}"),
         "1score 4likes(-2b -3c -1a) -2why -3speed | shop city"},
        {false, ASKING(LIKES(OPTION("d") "," OPTION("a"))),
         "1score 4likes(4d 1a -2b -3c) -2why -3speed | shop city"},
        {true, ASKING(LIKES(OPTION("a") "," OPTION("d") "," OPTION("b"))),
         "1score 4likes(1a 4d 2b -3c) -2why -3speed | shop city"},
        {false, ASKING("{\"id\":\"speed\",\"type\":\"scale\"," TEXT ",\"max\":7}"),
         "1score 3speed -4likes(1a 4d 2b -3c) -2why | shop city"},
    };
    run_steps(steps, COUNT_OF(steps));
}
END_TEST

START_TEST(retired_is_not_written)
{
    const struct survey *survey = patched(stored(),
                                          "{\"facets\":[\"city\"],\"questions\":[" SCORE
                                          "," LIKES(OPTION("b") "," OPTION("c")) "]}",
                                          false);
    struct json_writer w = json_writer(&arena);

    survey_write_public(&w, NULL, survey);
    ck_assert_str_eq(w.buf.data,
                     "{\"id\":\"s\",\"title\":{\"en\":\"T\"},\"access\":\"open\",\"open\":true,"
                     "\"edit_minutes\":30,\"brand\":null,\"questions\":[" SCORE
                     "," LIKES(OPTION("b") "," OPTION("c")) "],\"facets\":[\"city\"]}");
}
END_TEST

START_TEST(facets_keep_slots)
{
    static const char head[] = "1score 2why 3speed 4likes(1a 2b) | ";
    static const struct {
        const char *json, *facets;
    } steps[] = {
        {"{\"facets\":[\"city\"]}", "-shop city"},
        {"{\"facets\":[\"agency\",\"city\"]}", "-shop city agency"},
        {"{\"facets\":[\"shop\"]}", "shop -city -agency"},
        {"{\"facets\":[]}", "-shop -city -agency"},
        {"{\"facets\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"city\"]}", "-shop city -agency a b c d e"},
        {"{\"facets\":[\"agency\",\"shop\"]}", "shop -city agency -a -b -c -d -e"},
    };
    const struct survey *survey = stored();

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        survey = patched(survey, steps[i].json, true);
        ck_assert_str_eq(numbers(survey) + strlen(head), steps[i].facets);
    }
    struct problem_errors errors = {.arena = &arena};
    ck_assert_ptr_null(survey_patch(
        survey, case_json(&arena, "{\"facets\":[\"shop\",\"f\",\"a\",\"g\"]}"), all, &errors));
    ck_assert_str_eq(case_places(&arena, &errors), "/facets/1 /facets/3");
}
END_TEST

static const struct {
    bool has_answers;
    const char *json, *places;
} refused[] = {
    {false, "[]", "."},
    {false, "{\"id\":\"other\"}", "/id"},
    {false, "{\"created_at\":\"2026-01-01T00:00:00Z\"}", "/created_at"},
    {false, "{\"title\":null}", "/title"},
    {false, "{\"title\":{}}", "/title"},
    {false, "{\"keep_text_days\":0}", "/keep_text_days"},
    {false, "{\"questions\":[]}", "/questions"},
    {false, "{\"questions\":[" WHY "]}", "/questions/0/type"},
    {false, "{\"facets\":[\"shop\",\"why\"]}", "/facets/1"},
    {false, ASKING("{\"id\":\"city\",\"type\":\"text\"," TEXT "}"), "/questions/1/id"},
    {false, "{\"facets\":[\"x\"],\"questions\":[{\"id\":\"x\",\"type\":\"nps\"," TEXT "}]}",
     "/facets/0"},
    {true, ASKING("{\"id\":\"why\",\"type\":\"yes_no\"," TEXT "}"), "/questions/1/type"},
    {true, ASKING("{\"id\":\"speed\",\"type\":\"text\"," TEXT "}"), "/questions/1/type"},
    {true, ASKING("{\"id\":\"speed\",\"type\":\"scale\"," TEXT ",\"min\":0,\"max\":5}"),
     "/questions/1/min"},
    {true, ASKING("{\"id\":\"speed\",\"type\":\"scale\"," TEXT "}"),
     "/questions/1/min /questions/1/max"},
    {true, ASKING(WHY "," LIKES(OPTION("a") "," OPTION("c"))), "/questions/2/options"},
    {true, ASKING("{\"id\":\"likes\",\"type\":\"choice\"," TEXT ",\"options\":[" AB "]}"),
     "/questions/1/type"},
    {true,
     "{\"open\":1,\"facets\":[\"A\"],"
     "\"questions\":[" SCORE
     "," LIKES(OPTION("a") "," OPTION("c")) ",{\"id\":\"why\",\"type\":\"yes_no\"," TEXT "}]}",
     "/open /facets/0 /questions/1/options /questions/2/type"},
};

START_TEST(patches_refused)
{
    const struct survey *old = stored();

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct problem_errors errors = {.arena = &arena};

        ck_assert_msg(!survey_patch(old, case_json(&arena, refused[i].json),
                                    refused[i].has_answers ? all : NULL, &errors),
                      "%s", refused[i].json);
        ck_assert_str_eq(case_places(&arena, &errors), refused[i].places);
    }
    ck_assert_str_eq(numbers(old), "1score 2why 3speed 4likes(1a 2b) | shop city");
}
END_TEST

/* A question that went and comes back must still be what its answers were given to. */
START_TEST(retired_questions_keep_their_type)
{
    struct problem_errors errors = {.arena = &arena};
    const struct survey *old = patched(stored(), ASKING(SPEED), true);

    ck_assert_ptr_null(survey_patch(
        old, case_json(&arena, ASKING("{\"id\":\"why\",\"type\":\"yes_no\"," TEXT "}")), all,
        &errors));
    ck_assert_str_eq(case_places(&arena, &errors), "/questions/1/type");
}
END_TEST

/* Questions that nobody has answered may become anything, whatever the others have. */
START_TEST(each_question_has_its_own_answers)
{
    static const char *const json = ASKING(
        "{\"id\":\"likes\",\"type\":\"text\"," TEXT "},{\"id\":\"why\",\"type\":\"yes_no\"," TEXT
        "},{\"id\":\"speed\",\"type\":\"scale\"," TEXT ",\"min\":2,\"max\":5}");
    static const struct {
        bool answered[4]; /* score, why, speed, likes */
        const char *places;
    } cases[] = {
        {{true, false, false, false}, ""},
        {{true, true, false, false}, "/questions/2/type"},
        {{true, false, true, false}, "/questions/3/min"},
        {{true, false, false, true}, "/questions/1/type"},
        {{true, true, true, true}, "/questions/1/type /questions/2/type /questions/3/min"},
    };
    const struct survey *old = stored();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct problem_errors errors = {.arena = &arena};
        const struct survey *survey =
            survey_patch(old, case_json(&arena, json), cases[i].answered, &errors);

        ck_assert_str_eq(case_places(&arena, &errors), cases[i].places);
        ck_assert_int_eq(survey != NULL, errors.count == 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_changes,
                                  members_replace,
                                  questions_keep_numbers,
                                  anything_goes_without_answers,
                                  retired_is_not_written,
                                  facets_keep_slots,
                                  patches_refused,
                                  retired_questions_keep_their_type,
                                  each_question_has_its_own_answers};

    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_survey_patch", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
