/* Series as a careful reader of a chart relies on them: numbers worked out by hand, gaps, cut ends,
 * corrections, and what is refused. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <time.h>

static struct reply *get(const char *survey, const char *path)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/%s", survey, path), 200);
}

static struct reply *series(const char *survey, const char *query)
{
    return get(survey, text("nps/series?%s", query));
}

static struct reply *answer_at(const char *survey, int score, const char *at)
{
    return fixture_answer(survey, score, text("'answered_at':'%s'", at));
}

static size_t point_count(const struct reply *reply)
{
    return json_array_size(reply_at(reply, "/points"));
}

/* --- by hand --- */

/* A score a day at noon of Berlin, from 20 March; the clocks change on the 29th. */
START_TEST(rolling_by_hand)
{
    static const int scores[] = {10, 10, 0, -1, 7, 9, 6, 10, -1, 0, 10, 8};
    const char *survey = fixture_survey("'time_zone':'Europe/Berlin'");
    for (size_t i = 0; i < COUNT_OF(scores); i++)
        if (scores[i] >= 0)
            answer_at(survey, scores[i], text("2026-03-%zuT11:00:00Z", 20 + i));
    struct reply *reply = series(survey, "from=2026-03-27&to=2026-04-01&rolling=7d");
    expect_string(reply, "/rolling", "7d");
    static const struct {
        const char *from;
        int responses, promoters, critics, nps;
        double exact, mean;
    } points[] = {
        {"2026-03-20T23:00:00Z", 6, 3, 2, 17, 16.6667, 7},
        {"2026-03-21T23:00:00Z", 5, 2, 2, 0, 0, 6.4},
        {"2026-03-22T23:00:00Z", 5, 2, 2, 0, 0, 6.4},
        {"2026-03-23T23:00:00Z", 6, 3, 2, 17, 16.6667, 7},
        {"2026-03-24T23:00:00Z", 6, 3, 2, 17, 16.6667, 7.1667},
    };
    ck_assert_uint_eq(point_count(reply), COUNT_OF(points));
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        const char *at = text("/points/%zu", i);
        expect_string(reply, text("%s/rolling_from", at), points[i].from);
        expect_int(reply, text("%s/responses", at), points[i].responses);
        expect_int(reply, text("%s/promoters", at), points[i].promoters);
        expect_int(reply, text("%s/critics", at), points[i].critics);
        expect_int(reply, text("%s/nps", at), points[i].nps);
        expect_real(reply, text("%s/nps_exact", at), points[i].exact);
        expect_real(reply, text("%s/mean", at), points[i].mean);
    }
    /* A month before the last of March is the last of February. */
    reply = series(survey, "from=2026-03-30&to=2026-03-31&rolling=1mo");
    expect_string(reply, "/points/0/rolling_from", "2026-02-27T23:00:00Z");
    expect_int(reply, "/points/0/responses", 9);
}
END_TEST

/* Explicit ends are exact to the microsecond, and no point knows more than the window. */
START_TEST(cut_ends)
{
    const char *survey = fixture_survey("");
    answer_at(survey, 0, "2026-03-10T10:20:30.123455Z");
    answer_at(survey, 9, "2026-03-10T10:20:30.123456Z");
    answer_at(survey, 10, "2026-03-12T09:00:00Z");
    answer_at(survey, 0, "2026-03-12T09:00:00.000001Z");
    struct reply *reply =
        series(survey, "from=2026-03-10T10:20:30.123456Z&to=2026-03-12T09:00:00.000001Z");
    ck_assert_uint_eq(point_count(reply), 3);
    expect_string(reply, "/points/0/from", "2026-03-10T10:20:30.123456Z");
    expect_string(reply, "/points/0/to", "2026-03-11T00:00:00Z");
    expect_json(reply, "/points/0/histogram", "[0,0,0,0,0,0,0,0,0,1,0]");
    expect_int(reply, "/points/1/responses", 0);
    expect_string(reply, "/points/2/to", "2026-03-12T09:00:00.000001Z");
    expect_json(reply, "/points/2/histogram", "[0,0,0,0,0,0,0,0,0,0,1]");
}
END_TEST

/* A chart must see a gap, not a zero, and every point has the same members. */
START_TEST(gaps)
{
    static const char *const nulls[] = {"promoter_share", "neutral_share", "critic_share", "nps",
                                        "nps_exact",      "mean",          "interval"};
    static const char *const zeros[] = {"responses", "promoters", "neutrals", "critics"};
    const char *survey = fixture_survey("'min_responses':1");
    answer_at(survey, 0, "2026-03-10T00:00:00Z");
    answer_at(survey, 10, "2026-03-12T00:00:00Z");
    struct reply *reply = series(survey, "from=2026-03-10&to=2026-03-13&rolling=24h");
    for (size_t i = 0; i < COUNT_OF(nulls); i++)
        expect_json(reply, text("/points/1/%s", nulls[i]), "null");
    for (size_t i = 0; i < COUNT_OF(zeros); i++)
        expect_int(reply, text("/points/1/%s", zeros[i]), 0);
    expect_json(reply, "/points/1/enough", "false");
    expect_json(reply, "/points/0/enough", "true");
    expect_int(reply, "/points/0/nps", -100);
    expect_real(reply, "/points/0/mean", 0);
    const char *name;
    json_t *value;
    json_object_foreach(reply_at(reply, "/points/0"), name, value)
        ck_assert_ptr_nonnull(reply_at(reply, text("/points/1/%s", name)));
    ck_assert_uint_eq(json_object_size(reply_at(reply, "/points/0")),
                      json_object_size(reply_at(reply, "/points/1")));
    expect_none(series(survey, "from=2026-03-10&to=2026-03-13"), "/points/0/rolling_from");
}
END_TEST

/* Excluded and erased answers are nowhere, corrected ones have moved, and filters hold. */
START_TEST(changes)
{
    const char *survey = fixture_survey("'facets':['branch']"), *analyst = fixture_key(ANALYST);
    const char *query = "from=2026-03-10&to=2026-03-12", *ids[4];
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        ids[i] = text("/v1/surveys/%s/responses/%s", survey,
                      reply_string(fixture_answer(survey, 10,
                                                  text("'answered_at':'2026-03-1%zuT12:00:00Z',"
                                                       "'properties':{'branch':'%s'}",
                                                       i / 2, i ? "a" : "b")),
                                   "/id"));
    expect_int(series(survey, query), "/points/0/promoters", 2);
    expect_status(client_patch(analyst, "{\"score\":0}", "%s", ids[0]), 200);
    expect_json(series(survey, query), "/points/0/histogram", "[1,0,0,0,0,0,0,0,0,0,1]");
    const char *exclude = "{\"excluded\":true,\"reason\":\"test\"}";
    expect_status(client_patch(analyst, exclude, "%s", ids[1]), 200);
    expect_int(series(survey, query), "/points/0/nps", -100);
    expect_status(client_delete(fixture_key(ADMIN), "%s", ids[2]), 204);
    expect_int(series(survey, query), "/points/1/responses", 1);
    struct reply *reply = series(survey, text("%s&where.branch=a", query));
    expect_int(reply, "/points/0/responses", 0);
    expect_int(reply, "/points/1/responses", 1);
    reply = series(survey, text("%s&where.branch=b&where.channel=web&rolling=2d", query));
    expect_int(reply, "/points/0/critics", 1);
    expect_int(reply, "/points/1/critics", 1);
    reply = series(survey, text("%s&where.branch=b&where.channel=kiosk", query));
    expect_json(reply, "/points/0/nps", "null");
    expect_status(client_patch(analyst, "{\"excluded\":false}", "%s", ids[1]), 200);
    expect_int(series(survey, query), "/points/0/nps", 0);
}
END_TEST

/* What is to come is empty, also in a window that moves. */
START_TEST(running)
{
    const char *survey = fixture_survey("");
    fixture_answer(survey, 10, "");
    time_t now = time(NULL);
    static const char *const queries[] = {"period=this_year&interval=month",
                                          "period=this_year&interval=month&rolling=1mo"};
    for (size_t query = 0; query < COUNT_OF(queries); query++) {
        struct reply *reply = series(survey, queries[query]);
        ck_assert_uint_eq(point_count(reply), 12);
        json_int_t sum = 0;
        for (size_t i = 0; i < 12; i++) {
            json_int_t count =
                json_integer_value(reply_at(reply, text("/points/%zu/responses", i)));
            sum += count;
            if (expect_time(reply, text("/points/%zu/from", i)) / 1000000 > now + 900)
                ck_assert_int_eq(count, 0);
        }
        ck_assert_int_eq(sum, 1);
    }
    struct reply *reply = series(survey, "last=1d&interval=hour&rolling=24h");
    expect_int(reply, text("/points/%zu/nps", point_count(reply) - 1), 100);
}
END_TEST

/* --- wrong input --- */

static const struct {
    const char *query, *parameters;
} wrong[] = {
    {"interval=decade", "interval"},
    {"interval=", "interval"},
    {"interval=DAY", "interval"},
    {"rolling=7", "rolling"},
    {"rolling=0d", "rolling"},
    {"rolling=-7d", "rolling"},
    {"rolling=7D", "rolling"},
    {"rolling=", "rolling"},
    {"rolling=99999999999999999999d", "rolling"},
    {"shape=object", "shape"},
    {"compare=previous", "compare"},
    {"min_group=5", "min_group"},
    {"by=channel", "by"},
    {"tz=Mars/Base", "tz"},
    {"tz=", "tz"},
    {"tz=europe/berlin", "tz"},
    {"where.nope=1", "where.nope"},
    {"where.channel=pigeon", "where.channel"},
    {"last=30x", "last"},
    {"last=1d&period=today", "last period"},
    {"to=2026-03-01", "from"},
    {"from=2026-03-02&to=2026-03-01", "from"},
    {"from=2026-02-30", "from"},
    {"last=1y&interval=hour", "interval"},
    {"from=2026-01-01T00:00:00Z&to=2026-07-28T08:00:00.000001Z&interval=hour", "interval"},
    {"from=2000-01-01&to=2013-09-10", "interval"},
    {"interval=x&rolling=x&shape=x&tz=x&last=x&where.x=1&x=1",
     "interval rolling shape tz last where.x x"},
};

START_TEST(refused)
{
    const char *survey = fixture_survey("");
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_errors(
            client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps/series?%s", survey, wrong[i].query),
            422, "invalid", wrong[i].parameters);
    expect_problem(
        client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps/series?rolling=1d&rolling=1d", survey),
        400, "bad-query", "rolling");
    ck_assert_uint_eq(point_count(series(survey, "from=2000-01-01&to=2013-09-09")), 5000);
    answer_at(survey, 9, "2001-01-01T00:00:00Z");
    fixture_answer(survey, 9, "");
    expect_problem(client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps/series?period=all", survey),
                   422, "invalid", "interval");
    struct reply *all = series(survey, "period=all&interval=year");
    expect_string(all, "/points/0/from", "2001-01-01T00:00:00Z");
    expect_int(all, "/points/0/promoters", 1);
    expect_int(all, text("/points/%zu/promoters", point_count(all) - 1), 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = rolling_by_hand}, {.test = cut_ends}, {.test = gaps},
        {.test = changes},         {.test = running},  {.test = refused},
    };
    return fixture_run("series_contract", NULL, tests, COUNT_OF(tests));
}
