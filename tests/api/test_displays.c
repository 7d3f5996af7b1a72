/* How often a survey was shown and waved away, and what share of it was answered. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <unistd.h>

enum { A_MINUTE = 5 };

static const char *const few[] = {"NPSD_RATE_PUBLIC=5", NULL};

static struct reply *tell(const char *survey, const char *body)
{
    return client_post(NULL, text_json("%s", body), "/v1/surveys/%s/displays", survey);
}

static struct reply *rates(const char *survey, const char *query)
{
    return client_get(fixture_key(VIEWER), "/v1/surveys/%s/rates?%s", survey, query);
}

/* Displays are written about once a second. */
static struct reply *rates_after(const char *survey, int displays)
{
    struct reply *reply = NULL;
    for (int i = 0; i < 100; i++) {
        reply = expect_status(rates(survey, "last=24h"), 200);
        if (json_integer_value(reply_at(reply, "/shown")) +
                json_integer_value(reply_at(reply, "/dismissed")) ==
            displays)
            break;
        usleep(100000);
    }
    return reply;
}

START_TEST(shown_dismissed_answered)
{
    const char *survey = fixture_survey("");
    struct reply *reply = expect_status(rates(survey, "last=24h"), 200);
    expect_int(reply, "/shown", 0);
    expect_json(reply, "/response_rate", "null");
    expect_json(reply, "/by_channel", "[]");
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(expect_status(tell(survey, i < 4 ? "{'event':'shown'}"
                                                           : "{'event':'shown','channel':'kiosk'}"),
                                        204)
                              ->size,
                          0);
    expect_status(tell(survey, "{'event':'dismissed','channel':'web'}"), 204);
    fixture_answer(survey, 9, "'channel':'web'");
    fixture_answer(survey, 0, "'channel':'kiosk'");
    fixture_answer(survey, 0, "'channel':'phone'");
    reply = rates_after(survey, 7);
    expect_string(reply, "/survey", survey);
    expect_time(reply, "/window/from");
    expect_json(reply, "/by_channel",
                "[{\"channel\":\"web\",\"shown\":4,\"dismissed\":1,\"answered\":1,"
                "\"response_rate\":25},"
                "{\"channel\":\"phone\",\"shown\":0,\"dismissed\":0,\"answered\":1,"
                "\"response_rate\":null},"
                "{\"channel\":\"kiosk\",\"shown\":2,\"dismissed\":0,\"answered\":1,"
                "\"response_rate\":50}]");
    expect_int(reply, "/shown", 6);
    expect_int(reply, "/dismissed", 1);
    expect_int(reply, "/answered", 3);
    expect_int(reply, "/response_rate", 50);
}
END_TEST

/* The same question twice: nothing is sent again until something happens. */
START_TEST(rates_are_polled)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/rates?period=all", survey);
    struct reply *first = expect_status(client_get(fixture_key(VIEWER), "%s", path), 200);
    const char *header = text("If-None-Match: %s", header_of(first, "ETag"));
    struct request again = {.path = path, .key = fixture_key(VIEWER), .headers = {header}};
    expect_status(client_send(&again), 304);
    expect_status(tell(survey, "{'event':'shown'}"), 204);
    rates_after(survey, 1);
    expect_int(expect_status(client_send(&again), 200), "/shown", 1);
}
END_TEST

/* At quarter hours of March 2026: 3 shown by the web, 2 by chat. */
START_TEST(windows)
{
    const char *survey = fixture_survey("");
    database_sql(fixture_database(),
                 "INSERT INTO display (survey_id, channel, slot, shown, dismissed)"
                 " SELECT id, channel, extract(epoch FROM at) / 900, shown, 1 FROM survey,"
                 " (VALUES (0, timestamptz '2026-03-01 10:00Z', 1),"
                 "  (0, '2026-03-01 10:15Z', 2), (6, '2026-03-02 10:00Z', 2))"
                 " d (channel, at, shown) WHERE slug = '%s'",
                 survey);
    fixture_answer(survey, 9, "'channel':'web','answered_at':'2026-03-01T10:20:00Z'");
    static const struct {
        const char *query;
        int shown, dismissed, answered;
        const char *rate;
    } cases[] = {
        {"from=2026-03-01&to=2026-03-03", 5, 3, 1, "20"},
        {"from=2026-03-01&to=2026-03-02", 3, 2, 1, "33.3333"},
        {"from=2026-03-02&to=2026-03-03", 2, 1, 0, "0"},
        {"from=2026-03-01T10:00:00Z&to=2026-03-01T10:15:00Z", 1, 1, 0, "0"},
        {"from=2026-03-01T10:00:01Z&to=2026-03-01T10:20:00Z", 2, 1, 0, "0"},
        {"from=2026-03-01T10:16:00Z&to=2026-03-01T10:30:00Z", 0, 0, 1, "null"},
        {"from=2026-03-01&to=2026-03-02&tz=Pacific/Kiritimati", 0, 0, 0, "null"},
        {"period=all", 5, 3, 1, "20"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply *reply = expect_status(rates(survey, cases[i].query), 200);
        expect_int(reply, "/shown", cases[i].shown);
        expect_int(reply, "/dismissed", cases[i].dismissed);
        expect_int(reply, "/answered", cases[i].answered);
        ck_assert_msg(strstr(reply->body, text("\"response_rate\":%s,", cases[i].rate)) != NULL,
                      "%s: %s", cases[i].query, reply->body);
    }
    expect_errors(rates(survey, "where.branch=north&where.channel=web"), 422, "invalid",
                  "where.branch where.channel");
    expect_errors(rates(survey, "last=30d&compare=previous&by=channel"), 422, "invalid",
                  "compare by");
    expect_errors(rates(survey, "last=soon"), 422, "invalid", "last");
}
END_TEST

static const struct {
    const char *body, *where;
} wrong[] = {
    {"{}", "/event"},
    {"{'event':'seen'}", "/event"},
    {"{'event':1}", "/event"},
    {"{'event':null}", "/event"},
    {"{'event':'shown','channel':'fax'}", "/channel"},
    {"{'event':'shown','channel':'import'}", "/channel"},
    {"{'event':'shown','channel':5}", "/channel"},
    {"{'event':'shown','respondent':'c-1'}", "/respondent"},
    {"{'event':'','channel':''}", "/event /channel"},
};

START_TEST(wrong_displays)
{
    expect_errors(tell(fixture_survey(""), wrong[_i].body), 422, "invalid", wrong[_i].where);
}
END_TEST

START_TEST(refused)
{
    const char *survey = fixture_survey("");
    expect_problem(tell(survey, "{"), 400, "bad-json", NULL);
    expect_problem(tell(survey, "[]"), 422, "invalid", "");
    expect_problem(tell("there-is-none", "{'event':'shown'}"), 404, "not-found", NULL);
    expect_problem(tell(fixture_survey("'open':false"), "{'event':'shown'}"), 403, "survey-closed",
                   NULL);
    expect_problem(tell(fixture_survey("'access':'key'"), "{'event':'shown'}"), 401, "unauthorized",
                   NULL);
    struct request plain = {.path = text("/v1/surveys/%s/displays", survey),
                            .type = "text/plain",
                            .body = "{\"event\":\"shown\"}"};
    expect_problem(client_send(&plain), 415, "unsupported-media-type", NULL);
}
END_TEST

/* A page of another site may tell what it showed. */
START_TEST(from_other_sites)
{
    struct request request = {.path = text("/v1/surveys/%s/displays", fixture_survey("")),
                              .body = "{\"event\":\"shown\"}",
                              .headers = {"Origin: https://shop.example"}};
    struct reply *reply = expect_status(client_send(&request), 204);
    expect_header(reply, "Access-Control-Allow-Origin", "*");
}
END_TEST

static void begin(struct daemon *daemon, const char *const *settings)
{
    ck_assert(daemon_start(daemon, database_url(fixture_database()), settings));
    client_use(daemon->url);
}

static void end(struct daemon *daemon)
{
    client_use(fixture_daemon()->url);
    ck_assert_pstr_eq(daemon_stop(daemon), NULL);
}

/* Who has looked too often may still answer; and what was told is there when the daemon has
 * ended. */
START_TEST(limits_of_their_own)
{
    const char *survey = fixture_survey("");
    struct daemon daemon;
    begin(&daemon, few);
    for (int i = 0; i < A_MINUTE; i++)
        expect_status(tell(survey, "{'event':'shown'}"), 204);
    struct reply *reply =
        expect_problem(tell(survey, "{'event':'shown'}"), 429, "too-many-requests", NULL);
    ck_assert_ptr_nonnull(header_of(reply, "Retry-After"));
    expect_status(client_post(NULL, "{\"score\":9}", "/v1/surveys/%s/responses", survey), 201);
    const char *agent = fixture_key(AGENT);
    expect_status(client_post(agent, "{\"event\":\"shown\"}", "/v1/surveys/%s/displays", survey),
                  204);
    end(&daemon);
    ck_assert_int_eq(database_number(fixture_database(),
                                     "SELECT sum(shown) FROM v_display WHERE survey = '%s'",
                                     survey),
                     A_MINUTE + 1);
}
END_TEST

/* They go with their survey. */
START_TEST(deleted_with_their_survey)
{
    const char *survey = fixture_survey("");
    expect_status(tell(survey, "{'event':'shown'}"), 204);
    rates_after(survey, 1);
    long before = database_number(fixture_database(), "SELECT count(*) FROM display");
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s", survey), 204);
    ck_assert_int_eq(database_number(fixture_database(), "SELECT count(*) FROM display"),
                     before - 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = shown_dismissed_answered},
        {.test = rates_are_polled},
        {.test = windows},
        {.test = wrong_displays, .rows = COUNT_OF(wrong)},
        {.test = refused},
        {.test = from_other_sites},
        {.test = limits_of_their_own},
        {.test = deleted_with_their_survey},
    };
    return fixture_run("displays", NULL, tests, COUNT_OF(tests));
}
