/* All surveys at once, over HTTP: right after an answer, after corrections, and for each key. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"

#include <string.h>

static struct reply *overview(const char *key, const char *query)
{
    return client_get(key, "/v1/nps?%s", query);
}

/* The row of a survey; the others are those of other tests. */
static json_t *row_of(const struct reply *reply, const char *survey)
{
    json_t *row;
    size_t i;
    json_array_foreach(reply_at(reply, "/items"), i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "survey")), survey) == 0)
            return row;
    }
    ck_abort_msg("%s is not there: %s", survey, reply->body);
}

static void expect_responses(const char *survey, const char *query, json_int_t count)
{
    struct reply *reply = expect_status(overview(fixture_key(VIEWER), query), 200);
    json_int_t found = json_integer_value(json_object_get(row_of(reply, survey), "responses"));
    ck_assert_msg(found == count, "%s: %s: %lld, not %lld", survey, query, (long long)found,
                  (long long)count);
}

/* Nothing acknowledged is missing, and corrections are there at once. */
START_TEST(follows_every_answer)
{
    const char *survey = fixture_survey(""), *id = NULL;
    expect_responses(survey, "", 0);
    for (int i = 1; i <= 5; i++) {
        id = reply_string(fixture_answer(survey, 9, "'channel':'kiosk'"), "/id");
        expect_responses(survey, "", i);
        expect_responses(survey, "where.channel=kiosk", i);
    }
    expect_responses(survey, "where.channel=web", 0);
    expect_status(client_patch(fixture_key(ANALYST), "{\"excluded\":true,\"reason\":\"test\"}",
                               "/v1/surveys/%s/responses/%s", survey, id),
                  200);
    expect_responses(survey, "", 4);
    expect_responses(survey, "period=all", 4);
    expect_status(client_delete(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey, id),
                  204);
    expect_responses(survey, "", 4);
}
END_TEST

START_TEST(rows_are_the_surveys_numbers)
{
    const char *survey =
        fixture_survey("'time_zone':'Asia/Kathmandu','min_responses':2,'facets':['branch']");
    fixture_answer(survey, 10, "'agent':'Ivan'");
    fixture_answer(survey, 3, "'agent':'Anna','channel':'phone'");
    fixture_answer(survey, 8, "'agent':'Ivan','answered_at':'2026-03-01T00:00:00Z'");
    static const char *const queries[] = {
        "",
        "compare=previous",
        "period=all&compare=previous",
        "period=this_month&where.agent=Ivan",
        "last=1y&where.agent=Ivan&where.channel=web&compare=previous",
        "from=2026-03-01&to=2026-03-02&tz=America/New_York",
        "from=2026-02-28T23:59:59.999999Z&to=2026-03-01T00:00:00.000001Z",
    };
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct reply *all = expect_status(overview(fixture_key(VIEWER), queries[i]), 200);
        struct reply *one = expect_status(
            client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s", survey, queries[i]), 200);
        json_t *row = row_of(all, survey);
        ck_assert(json_is_string(json_at(row, "/title/en")));
        json_object_del(row, "title");
        ck_assert_msg(json_equal(row, one->json), "%s: %s", queries[i], one->body);
    }
}
END_TEST

/* By slug, and a key's own only. */
START_TEST(of_the_key)
{
    const char *first = fixture_survey(""), *second = fixture_survey("");
    fixture_survey("");
    const char *key =
        fixture_new_key("viewer", "--name", "Two", "--survey", second, "--survey", first, NULL);
    struct reply *reply = expect_status(overview(key, ""), 200);
    ck_assert_uint_eq(json_array_size(reply_at(reply, "/items")), 2);
    const char *upper = strcmp(first, second) < 0 ? first : second;
    expect_string(reply, "/items/0/survey", upper);
    expect_string(reply, "/items/1/survey", upper == first ? second : first);
    reply = expect_status(overview(fixture_key(ADMIN), ""), 200);
    size_t count = json_array_size(reply_at(reply, "/items"));
    for (size_t i = 1; i < count; i++)
        ck_assert_int_lt(strcmp(reply_string(reply, text("/items/%zu/survey", i - 1)),
                                reply_string(reply, text("/items/%zu/survey", i))),
                         0);
}
END_TEST

START_TEST(wrong)
{
    expect_errors(overview(fixture_key(VIEWER), "last=x&where.branch=b&colour=red&tz=FOO"), 422,
                  "invalid", "last where.branch colour tz");
    expect_problem(overview(fixture_key(VIEWER), "compare=next"), 422, "invalid", "compare");
    expect_problem(overview(fixture_key(VIEWER), "last=1d&last=2d"), 400, "bad-query", "last");
    expect_problem(overview(fixture_key(SUBMIT), ""), 403, "forbidden", NULL);
    expect_problem(overview("npsd_viewer_wrong", ""), 401, "unauthorized", NULL);
}
END_TEST

START_TEST(etags)
{
    const char *survey = fixture_survey("");
    const char *key = fixture_new_key("viewer", "--name", "One", "--survey", survey, NULL);
    const char *tag = header_of(expect_status(overview(key, "period=all"), 200), "ETag");
    const struct request again = {
        .path = "/v1/nps?period=all", .key = key, .headers = {text("If-None-Match: %s", tag)}};
    ck_assert_uint_eq(expect_status(client_send(&again), 304)->size, 0);
    fixture_answer(survey, 0, "");
    expect_status(client_send(&again), 200);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = follows_every_answer},
        {.test = rows_are_the_surveys_numbers},
        {.test = of_the_key},
        {.test = wrong},
        {.test = etags},
    };
    return fixture_run("overview", NULL, tests, COUNT_OF(tests));
}
