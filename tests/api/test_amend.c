/* Changing an answer after it was given: by its edit token, by an analyst, taking it out, erasing
 * it. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <time.h>

struct answer {
    const char *survey, *id, *token;
};

static struct answer post(const char *survey, const char *members)
{
    struct reply *reply =
        client_post(NULL, text_json("{%s}", members), "/v1/surveys/%s/responses", survey);
    expect_status(reply, 201);
    return (struct answer){survey, reply_string(reply, "/id"), reply_string(reply, "/edit_token")};
}

static struct reply *patch(const struct answer *answer, const char *key, const char *members)
{
    return client_patch(key, text_json("{%s}", members), "/v1/surveys/%s/responses/%s",
                        answer->survey, answer->id);
}

static struct reply *get(const struct answer *answer)
{
    return client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", answer->survey,
                      answer->id);
}

static struct reply *erase(const struct answer *answer)
{
    return client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", answer->survey,
                         answer->id);
}

/* The histogram, of all or of what the query names; by whole slots, and by one that is cut. */
static void expect_histogram(const char *survey, const char *query, const char *histogram)
{
    const char *cut =
        text("from=%s&to=%s", text_time(time(NULL) - 100), text_time(time(NULL) + 10));
    const char *const windows[] = {"period=all", cut};
    for (size_t i = 0; i < COUNT_OF(windows); i++) {
        struct reply *reply =
            client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s%s", survey, windows[i], query);
        expect_json(expect_status(reply, 200), "/histogram", histogram);
    }
}

/* The edit token merges answers: what is named changes, null removes, the rest stays. */
START_TEST(token_merges_answers)
{
    struct answer answer = post(fixture_survey(""), "'score':3,'answers':{'why':'Slow'}");
    struct reply *reply = patch(&answer, answer.token, "'answers':{'improve':'wait'}");
    expect_int(expect_status(reply, 200), "/score", 3);
    expect_json(get(&answer), "/answers", "{\"why\":\"Slow\",\"improve\":\"wait\"}");
    expect_status(patch(&answer, answer.token, "'answers':{'why':null,'improve':'price'}"), 200);
    expect_json(get(&answer), "/answers", "{\"improve\":\"price\"}");
    expect_status(patch(&answer, answer.token, "'answers':{'why':null}"), 200);
    expect_json(get(&answer), "/answers", "{\"improve\":\"price\"}");
}
END_TEST

/* Every number follows a corrected score in the same transaction, and follows it again. */
START_TEST(numbers_follow_the_score)
{
    const char *survey = fixture_survey("");
    post(survey, "'score':8,'properties':{'branch':'south'}");
    struct answer answer = post(survey, "'score':3,'properties':{'branch':'north'}");
    static const int scores[] = {10, 0, 7, 7, 9};
    for (size_t i = 0; i < COUNT_OF(scores); i++) {
        const char *key = i % 2 ? fixture_key(ANALYST) : answer.token;
        struct reply *reply = patch(&answer, key, text("'score':%d", scores[i]));
        expect_int(expect_status(reply, 200), "/score", scores[i]);
        char histogram[] = "[0,0,0,0,0,0,0,0,0,0,0]";
        histogram[1 + 2 * scores[i]] = '1';
        if (scores[i] == 10)
            memcpy(histogram, "[0,0,0,0,0,0,0,0,0,0,1]", sizeof(histogram));
        expect_histogram(survey, "&where.branch=north", histogram);
        histogram[1 + 2 * 8] = '1';
        expect_histogram(survey, "", histogram);
        expect_histogram(survey, "&where.channel=web", histogram);
        expect_histogram(survey, "&where.branch=south", "[0,0,0,0,0,0,0,0,1,0,0]");
    }
}
END_TEST

/* Only this answer's token, only as it was given, and a key that may. */
START_TEST(wrong_tokens)
{
    const char *survey = fixture_survey("");
    struct answer answer = post(survey, "'score':3"), other = post(survey, "'score':3");
    const char *token = answer.token;
    size_t size = strlen(token);
    const char *const wrong[] = {NULL,
                                 other.token,
                                 "x",
                                 text("%.*s", (int)size - 1, token),
                                 text("%sA", token),
                                 text("%c%s", token[0] == 'A' ? 'B' : 'A', token + 1),
                                 text_repeat("A", size),
                                 answer.id};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_problem(patch(&answer, wrong[i], "'score':10"), 401, "unauthorized", NULL);
    const enum fixture_role roles[] = {SUBMIT, AGENT, VIEWER};
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        expect_problem(patch(&answer, fixture_key(roles[i]), "'score':10"), 403, "forbidden", NULL);
    expect_int(get(&answer), "/score", 3);
}
END_TEST

/* The token corrects an answer; it takes none out, erases none and reads none. */
START_TEST(limits_of_a_token)
{
    struct answer answer = post(fixture_survey(""), "'score':3");
    struct reply *reply = patch(&answer, answer.token, "'excluded':true,'reason':'mine'");
    ck_assert_msg(reply->status == 403 || reply->status == 422, "%ld", reply->status);
    reply = client_get(answer.token, "/v1/surveys/%s/responses", answer.survey);
    expect_problem(reply, 401, "unauthorized", NULL);
    reply = client_get(answer.token, "/v1/surveys/%s/nps", answer.survey);
    expect_problem(reply, 401, "unauthorized", NULL);
    reply = client_delete(answer.token, "/v1/surveys/%s/responses/%s", answer.survey, answer.id);
    ck_assert_msg(reply->status == 401 || reply->status == 403, "%ld", reply->status);
    expect_json(get(&answer), "/excluded", "false");
}
END_TEST

/* The time for changes is the survey's; an analyst has all the time. */
START_TEST(time_for_changes)
{
    struct answer answer = post(fixture_survey("'edit_minutes':0"), "'score':3");
    expect_problem(patch(&answer, answer.token, "'score':10"), 403, "edit-time-over", NULL);
    expect_int(get(&answer), "/score", 3);
    expect_status(patch(&answer, fixture_key(ANALYST), "'score':10"), 200);
    expect_status(
        client_patch(fixture_key(ADMIN), "{\"edit_minutes\":5}", "/v1/surveys/%s", answer.survey),
        200);
    expect_status(patch(&answer, answer.token, "'score':9"), 200);
}
END_TEST

/* Wrong changes are named, and change nothing. */
START_TEST(wrong_changes)
{
    struct answer answer = post(fixture_survey(""), "'score':3,'answers':{'why':'Slow'}");
    static const struct {
        const char *members, *where;
    } wrong[] = {
        {"'score':11", "/score"},
        {"'score':'9'", "/score"},
        {"'score':9.0", "/score"},
        {"'score':null", "/score"},
        {"'answers':{'recommend':9}", "/answers/recommend"},
        {"'answers':{'nothing':null}", "/answers/nothing"},
        {"'answers':{'improve':'nothing'}", "/answers/improve"},
        {"'answers':{'why':5}", "/answers/why"},
        {"'answers':[]", "/answers"},
        {"'answers':null", "/answers"},
        {"'colour':'red'", "/colour"},
        {"'id':'x'", "/id"},
        {"'excluded':1,'reason':'x'", "/excluded"},
        {"'excluded':null,'reason':'x'", "/excluded"},
        {"'excluded':true,'reason':5", "/reason"},
        {"'score':9,'colour':'red'", "/colour"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_problem(patch(&answer, fixture_key(ANALYST), wrong[i].members), 422, "invalid",
                       wrong[i].where);
    expect_problem(client_patch(answer.token, "{\"score\":9,\"score\":9}",
                                "/v1/surveys/%s/responses/%s", answer.survey, answer.id),
                   400, "bad-json", NULL);
    expect_int(get(&answer), "/score", 3);
    expect_json(get(&answer), "/answers", "{\"why\":\"Slow\"}");
    expect_histogram(answer.survey, "", "[0,0,0,1,0,0,0,0,0,0,0]");
}
END_TEST

/* Earlier versions are kept, for analysts. */
START_TEST(history)
{
    struct answer answer = post(fixture_survey(""), "'score':3,'answers':{'why':'Slow'}");
    struct reply *reply = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s/history",
                                     answer.survey, answer.id);
    expect_json(expect_status(reply, 200), "/items", "[]");
    expect_status(patch(&answer, answer.token, "'score':4"), 200);
    expect_status(patch(&answer, fixture_key(ANALYST), "'answers':{'why':'Very slow'}"), 200);
    expect_status(patch(&answer, fixture_key(ANALYST), "'excluded':true,'reason':'test'"), 200);
    reply = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s/history", answer.survey,
                       answer.id);
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/items")), 3);
    ck_assert_ptr_nonnull(strstr(reply->body, "\"score\":3"));
    ck_assert_ptr_nonnull(strstr(reply->body, "\"score\":4"));
    ck_assert_ptr_nonnull(strstr(reply->body, "Slow"));
    ck_assert_ptr_nonnull(strstr(reply->body, "Very slow"));
    reply =
        client_get(answer.token, "/v1/surveys/%s/responses/%s/history", answer.survey, answer.id);
    expect_problem(reply, 401, "unauthorized", NULL);
}
END_TEST

/* Taken out with a reason it is in no number; taken back it is in all, with its newest score. */
START_TEST(taken_out_and_back)
{
    const char *survey = fixture_survey("");
    post(survey, "'score':8,'properties':{'branch':'north'}");
    struct answer answer = post(survey, "'score':3,'properties':{'branch':'north'}");
    for (int i = 0; i < 2; i++) {
        struct reply *reply =
            patch(&answer, fixture_key(ANALYST), "'excluded':true,'reason':'test call'");
        expect_status(reply, 200);
        expect_json(get(&answer), "/excluded", "true");
        expect_string(get(&answer), "/reason", "test call");
        expect_histogram(survey, "", "[0,0,0,0,0,0,0,0,1,0,0]");
        expect_histogram(survey, "&where.branch=north", "[0,0,0,0,0,0,0,0,1,0,0]");
    }
    expect_status(patch(&answer, fixture_key(ANALYST), "'score':10"), 200);
    expect_histogram(survey, "", "[0,0,0,0,0,0,0,0,1,0,0]");
    for (int i = 0; i < 2; i++) {
        expect_status(patch(&answer, fixture_key(ANALYST), "'excluded':false"), 200);
        expect_json(get(&answer), "/excluded", "false");
        expect_histogram(survey, "", "[0,0,0,0,0,0,0,0,1,0,1]");
        expect_histogram(survey, "&where.branch=north", "[0,0,0,0,0,0,0,0,1,0,1]");
    }
}
END_TEST

/* Erased it is gone from every number and every reply, and from the database but for its skeleton.
 */
START_TEST(erasure)
{
    const char *survey = fixture_survey("");
    post(survey, "'score':8");
    struct answer answer =
        post(survey, "'score':3,'answers':{'why':'Unforgettable'},'respondent':'Erna-Erased',"
                     "'properties':{'secret':'Vanishing'}");
    expect_status(patch(&answer, fixture_key(ANALYST), "'answers':{'why':'Still-Known'}"), 200);
    expect_status(erase(&answer), 204);
    expect_histogram(survey, "", "[0,0,0,0,0,0,0,0,1,0,0]");
    expect_problem(get(&answer), 410, "erased", NULL);
    expect_problem(erase(&answer), 410, "erased", NULL);
    expect_problem(patch(&answer, fixture_key(ANALYST), "'score':9"), 410, "erased", NULL);
    expect_problem(patch(&answer, fixture_key(ANALYST), "'excluded':false"), 410, "erased", NULL);
    struct reply *past =
        client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s/history", survey, answer.id);
    expect_problem(past, 410, "erased", NULL);
    ck_assert_int_ge(patch(&answer, answer.token, "'score':9")->status, 400);
    struct reply *list = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses", survey);
    ck_assert_uint_eq(json_array_size(reply_at(list, "/items")), 1);
    expect_histogram(survey, "", "[0,0,0,0,0,0,0,0,1,0,0]");
    static const char *const secrets[] = {"Unforgettable", "Erna-Erased", "Vanishing",
                                          "Still-Known"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        ck_assert_int_eq(
            database_number(fixture_database(),
                            "SELECT count(*) FROM pg_tables t, query_to_xml(format("
                            "'SELECT * FROM %%I.%%I', schemaname, tablename), true, false, '') x"
                            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
                            " AND x::text LIKE '%%%s%%'",
                            secrets[i]),
            0);
}
END_TEST

/* Erasing what was taken out already takes nothing out twice. */
START_TEST(erasure_of_an_excluded_one)
{
    const char *survey = fixture_survey("");
    post(survey, "'score':3");
    struct answer answer = post(survey, "'score':3");
    expect_status(patch(&answer, fixture_key(ANALYST), "'excluded':true,'reason':'x'"), 200);
    expect_status(erase(&answer), 204);
    expect_histogram(survey, "", "[0,0,0,1,0,0,0,0,0,0,0]");
}
END_TEST

/* An answer is under its own survey only, and what was never given is 404. */
START_TEST(answers_that_are_not_there)
{
    struct answer answer = post(fixture_survey(""), "'score':3");
    struct answer elsewhere = {fixture_survey(""), answer.id, answer.token};
    static const char *const ids[] = {
        "0193e5a0-0000-7000-8000-000000000000", "x",   "0",   "0193e5a0-0000-7000-8000-00000000000",
        "0193e5a0000070008000000000000000",     "%00", "null"};
    const enum fixture_role roles[] = {ANALYST, ADMIN};
    for (size_t r = 0; r < COUNT_OF(roles); r++) {
        const char *key = fixture_key(roles[r]);
        expect_problem(patch(&elsewhere, key, "'score':9"), 404, "not-found", NULL);
        for (size_t i = 0; i < COUNT_OF(ids); i++) {
            const char *path = text("/v1/surveys/%s/responses/%s", answer.survey, ids[i]);
            struct reply *replies[] = {client_get(key, "%s", path),
                                       client_get(key, "%s/history", path),
                                       client_patch(key, "{\"score\":9}", "%s", path),
                                       client_delete(fixture_key(ADMIN), "%s", path)};
            for (size_t j = 0; j < COUNT_OF(replies); j++)
                ck_assert_msg(replies[j]->status == 404 || replies[j]->status == 400, "%s: %ld",
                              replies[j]->request, replies[j]->status);
        }
    }
    expect_problem(patch(&elsewhere, answer.token, "'score':9"), 401, "unauthorized", NULL);
    expect_int(get(&answer), "/score", 3);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = token_merges_answers},
        {.test = numbers_follow_the_score},
        {.test = wrong_tokens},
        {.test = limits_of_a_token},
        {.test = time_for_changes},
        {.test = wrong_changes},
        {.test = history},
        {.test = taken_out_and_back},
        {.test = erasure},
        {.test = erasure_of_an_excluded_one},
        {.test = answers_that_are_not_there},
    };
    return fixture_run("amend", NULL, tests, COUNT_OF(tests));
}
