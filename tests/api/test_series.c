/* Series: what the points of a window are, wherever the clocks are set, and what is in them. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define BERLIN "'time_zone':'Europe/Berlin'"

static struct reply *series(const char *survey, const char *query)
{
    return client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps/series?%s", survey, query);
}

static void answer_at(const char *survey, int score, const char *at)
{
    fixture_answer(survey, score, text("'answered_at':'%s'", at));
}

static void expect_points(struct reply *reply, size_t count)
{
    expect_status(reply, 200);
    json_t *points = json_is_array(reply->json) ? reply->json : reply_at(reply, "/points");
    ck_assert_msg(json_array_size(points) == count, "%s: %zu points", reply->request,
                  json_array_size(points));
    for (size_t i = 1; i < count; i++)
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(points, i), "from")),
                         json_string_value(json_object_get(json_array_get(points, i - 1), "to")));
}

/* Three days: 9 and 10; nothing; 0. */
START_TEST(body)
{
    const char *survey = fixture_survey(BERLIN ",'min_responses':2");
    answer_at(survey, 9, "2026-03-10T23:00:00Z");
    answer_at(survey, 10, "2026-03-11T22:59:59.999999Z");
    answer_at(survey, 0, "2026-03-12T23:00:00Z");
    struct reply *reply = series(survey, "from=2026-03-11&to=2026-03-14");
    expect_points(reply, 3);
    expect_string(reply, "/survey", survey);
    expect_json(reply, "/window",
                text_json("{'from':'2026-03-10T23:00:00Z','to':'2026-03-13T23:00:00Z',"
                          "'time_zone':'Europe/Berlin'}"));
    expect_string(reply, "/interval", "day");
    expect_json(reply, "/rolling", "null");
    expect_json(reply, "/points/0",
                text_json("{'from':'2026-03-10T23:00:00Z','to':'2026-03-11T23:00:00Z',"
                          "'responses':2,'promoters':2,'neutrals':0,'critics':0,"
                          "'promoter_share':100,'neutral_share':0,'critic_share':0,'nps':100,"
                          "'nps_exact':100,'mean':9.5,'histogram':[0,0,0,0,0,0,0,0,0,1,1],"
                          "'interval':{'method':'adjusted_wald','level':0.95,'low':-24.411,"
                          "'high':100},'enough':true,'min_responses':2}"));
    expect_json(reply, "/points/1",
                text_json("{'from':'2026-03-11T23:00:00Z','to':'2026-03-12T23:00:00Z',"
                          "'responses':0,'promoters':0,'neutrals':0,'critics':0,"
                          "'promoter_share':null,'neutral_share':null,'critic_share':null,"
                          "'nps':null,'nps_exact':null,'mean':null,"
                          "'histogram':[0,0,0,0,0,0,0,0,0,0,0],'interval':null,'enough':false,"
                          "'min_responses':2}"));
    expect_int(reply, "/points/2/nps", -100);
    struct reply *bare = series(survey, "from=2026-03-11&to=2026-03-14&shape=array");
    expect_points(bare, 3);
    ck_assert(json_equal(bare->json, reply_at(reply, "/points")));
}
END_TEST

/* An hour before and after each end of summer time, in the zone of the survey. */
START_TEST(days_of_23_and_25_hours)
{
    const char *survey = fixture_survey(BERLIN);
    answer_at(survey, 9, "2026-03-29T00:30:00Z");
    answer_at(survey, 9, "2026-03-29T01:30:00Z");
    struct reply *reply = series(survey, "from=2026-03-29&to=2026-03-30&interval=hour");
    expect_points(reply, 23);
    expect_string(reply, "/points/0/from", "2026-03-28T23:00:00Z");
    expect_int(reply, "/points/1/responses", 1);
    expect_int(reply, "/points/2/responses", 1);
    expect_int(reply, "/points/3/responses", 0);
    answer_at(survey, 9, "2025-10-26T00:30:00Z");
    answer_at(survey, 0, "2025-10-26T01:30:00Z");
    reply = series(survey, "from=2025-10-26&to=2025-10-27&interval=hour");
    expect_points(reply, 25);
    expect_string(reply, "/points/2/from", "2025-10-26T00:00:00Z");
    expect_int(reply, "/points/2/nps", 100);
    expect_int(reply, "/points/3/nps", -100);
    expect_string(reply, "/points/24/to", "2025-10-26T23:00:00Z");
    reply = series(survey, "from=2025-10-26&to=2025-10-28&rolling=1d");
    expect_points(reply, 2);
    expect_int(reply, "/points/0/responses", 2);
    expect_string(reply, "/points/0/rolling_from", "2025-10-25T22:00:00Z");
    expect_string(reply, "/points/1/rolling_from", "2025-10-26T23:00:00Z");
}
END_TEST

START_TEST(kathmandu)
{
    const char *survey = fixture_survey("");
    answer_at(survey, 9, "2026-03-10T18:14:59Z");
    answer_at(survey, 0, "2026-03-10T18:15:00Z");
    struct reply *reply = series(survey, "from=2026-03-10&to=2026-03-12&tz=Asia/Kathmandu");
    expect_points(reply, 2);
    expect_string(reply, "/points/1/from", "2026-03-10T18:15:00Z");
    expect_int(reply, "/points/0/nps", 100);
    expect_int(reply, "/points/1/nps", -100);
    reply = series(survey, "from=2026-03-10&to=2026-03-12&tz=Asia/Kathmandu&interval=hour");
    expect_points(reply, 48);
    expect_int(reply, "/points/23/promoters", 1);
    expect_int(reply, "/points/24/critics", 1);
}
END_TEST

/* Weeks are those of ISO 8601; the first and the last point are cut to the window. */
START_TEST(longer_intervals)
{
    const char *survey = fixture_survey("");
    answer_at(survey, 9, "2025-12-31T12:00:00Z");
    answer_at(survey, 0, "2026-01-01T12:00:00Z");
    struct reply *reply = series(survey, "from=2025-12-25&to=2026-01-10&interval=week");
    expect_points(reply, 3);
    expect_string(reply, "/points/0/from", "2025-12-25T00:00:00Z");
    expect_string(reply, "/points/1/from", "2025-12-29T00:00:00Z");
    expect_int(reply, "/points/1/responses", 2);
    expect_string(reply, "/points/2/to", "2026-01-10T00:00:00Z");
    reply = series(survey, "from=2025-11-15&to=2026-02-15&interval=month");
    expect_points(reply, 4);
    expect_int(reply, "/points/1/promoters", 1);
    expect_int(reply, "/points/2/critics", 1);
    reply = series(survey, "from=2025-11-15&to=2026-02-15&interval=quarter");
    expect_points(reply, 2);
    expect_string(reply, "/points/1/from", "2026-01-01T00:00:00Z");
    reply = series(survey, "period=all&interval=year");
    expect_points(reply, 2);
    expect_json(reply, "/window/from", "null");
    expect_string(reply, "/points/0/from", "2025-12-31T12:00:00Z");
    expect_int(reply, "/points/1/nps", -100);
    expect_points(series(fixture_survey(""), "period=all"), 0);
}
END_TEST

START_TEST(refused)
{
    const char *survey = fixture_survey("");
    expect_errors(series(survey, "interval=minute&rolling=x&shape=csv&compare=previous"), 422,
                  "invalid", "interval rolling shape compare");
    expect_problem(series(survey, "last=1y&interval=hour"), 422, "invalid", "interval");
    expect_problem(series(survey, "interval=day&interval=hour"), 400, "bad-query", NULL);
    expect_points(series(survey, "from=2026-01-01T00:00:00Z&to=2026-07-28T08:00:00Z&interval=hour"),
                  5000);
}
END_TEST

/* Pollers ask again and get nothing until there is something. */
START_TEST(etags)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/nps/series?from=2026-03-01&to=2026-04-01", survey);
    struct request request = {.path = path, .key = fixture_key(VIEWER)};
    const char *tag = header_of(expect_status(client_send(&request), 200), "ETag");
    request.headers[0] = text("If-None-Match: %s", tag);
    ck_assert_uint_eq(expect_status(client_send(&request), 304)->size, 0);
    answer_at(survey, 9, "2026-04-01T00:00:00Z"); /* outside */
    expect_status(client_send(&request), 304);
    answer_at(survey, 9, "2026-03-31T23:59:59Z");
    expect_int(expect_status(client_send(&request), 200), "/points/30/responses", 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = body},      {.test = days_of_23_and_25_hours},
        {.test = kathmandu}, {.test = longer_intervals},
        {.test = refused},   {.test = etags},
    };
    return fixture_run("series", NULL, tests, COUNT_OF(tests));
}
