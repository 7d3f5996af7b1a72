/*
 * Series of all kinds of windows: the points lie end to end, each says what /nps says of its span,
 * and together they are the whole; whatever the clocks do.
 */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdio.h>
#include <string.h>

#define HOURS 3600000000LL

static struct reply *get(const char *survey, const char *path)
{
    return expect_status(client_get(fixture_key(VIEWER), "/v1/surveys/%s/%s", survey, path), 200);
}

static struct reply *series(const char *survey, const char *query)
{
    return get(survey, text("nps/series?%s", query));
}

static size_t point_count(const struct reply *reply)
{
    return json_array_size(reply_at(reply, "/points"));
}

/* --- what holds of every series --- */

/* The fields alone, without what says where they are from. */
static json_t *fields_of(json_t *object)
{
    static const char *const others[] = {"survey", "window", "from", "to", "rolling_from"};
    json_t *fields = json_copy(object);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        json_object_del(fields, others[i]);
    return fields;
}

static void assert_same_fields(json_t *one, json_t *other, const char *where)
{
    json_t *a = fields_of(one), *b = fields_of(other);
    ck_assert_msg(json_equal(a, b), "%s:\n%s\n%s", where, json_dumps(a, 0), json_dumps(b, 0));
    json_decref(a);
    json_decref(b);
}

/* The point says what /nps says of its span: with rolling, of the span that moves with it. */
static void check_point(const char *survey, json_t *point)
{
    json_t *moving = json_object_get(point, "rolling_from");
    json_t *from = moving ? moving : json_object_get(point, "from");
    const char *query = text("nps?from=%s&to=%s", json_string_value(from),
                             json_string_value(json_object_get(point, "to")));
    assert_same_fields(point, get(survey, query)->json, query);
}

static void check_ends(const struct reply *reply)
{
    size_t count = point_count(reply);
    ck_assert_str_eq(reply_string(reply, "/points/0/from"), reply_string(reply, "/window/from"));
    ck_assert_str_eq(reply_string(reply, text("/points/%zu/to", count - 1)),
                     reply_string(reply, "/window/to"));
    for (size_t i = 1; i < count; i++)
        ck_assert_str_eq(reply_string(reply, text("/points/%zu/from", i)),
                         reply_string(reply, text("/points/%zu/to", i - 1)));
}

/* The histograms of all points together. */
static void check_sum(const struct reply *reply, const struct reply *whole)
{
    json_int_t sum[11] = {0};
    size_t i;
    json_t *point;
    json_array_foreach(reply_at(reply, "/points"), i, point)
    {
        for (size_t score = 0; score < 11; score++)
            sum[score] +=
                json_integer_value(json_array_get(json_object_get(point, "histogram"), score));
    }
    for (size_t score = 0; score < 11; score++)
        ck_assert_int_eq(sum[score],
                         json_integer_value(json_array_get(reply_at(whole, "/histogram"), score)));
}

/* --- windows of all kinds --- */

struct place_in_time {
    size_t point;
    const char *from, *to;
};

static const struct span {
    const char *zone, *query;
    size_t count;
    struct place_in_time places[2];
} spans[] = {
    /* Months with a day of 23 and a day of 25 hours. */
    {"Europe/Berlin",
     "from=2026-03-01&to=2026-04-01",
     31,
     {{28, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
      {29, "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"}}},
    {"Europe/Berlin",
     "from=2025-10-01&to=2025-11-01&interval=day",
     31,
     {{24, "2025-10-24T22:00:00Z", "2025-10-25T22:00:00Z"},
      {25, "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"}}},
    {"Europe/Berlin",
     "from=2026-03-29&to=2026-03-30&interval=hour",
     23,
     {{1, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
      {2, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}}},
    /* The hour from 2 to 3 comes twice. */
    {"Europe/Berlin",
     "from=2025-10-26&to=2025-10-27&interval=hour",
     25,
     {{2, "2025-10-26T00:00:00Z", "2025-10-26T01:00:00Z"},
      {3, "2025-10-26T01:00:00Z", "2025-10-26T02:00:00Z"}}},
    {"Asia/Kathmandu",
     "from=2026-03-01&to=2026-03-08",
     7,
     {{0, "2026-02-28T18:15:00Z", "2026-03-01T18:15:00Z"},
      {6, "2026-03-06T18:15:00Z", "2026-03-07T18:15:00Z"}}},
    {"Asia/Kathmandu",
     "from=2026-03-01T10:00:00Z&to=2026-03-01T14:00:00Z&interval=hour",
     5,
     {{0, "2026-03-01T10:00:00Z", "2026-03-01T10:15:00Z"},
      {4, "2026-03-01T13:15:00Z", "2026-03-01T14:00:00Z"}}},
    /* Half an hour back and forth: half an hour comes again, or is left out. */
    {"Australia/Lord_Howe",
     "from=2026-04-04&to=2026-04-07",
     3,
     {{1, "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
      {2, "2026-04-05T13:30:00Z", "2026-04-06T13:30:00Z"}}},
    {"Australia/Lord_Howe",
     "from=2026-04-05&to=2026-04-06&interval=hour",
     25,
     {{2, "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"},
      {3, "2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"}}},
    {"Australia/Lord_Howe",
     "from=2025-10-05&to=2025-10-06&interval=hour",
     24,
     {{2, "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"},
      {3, "2025-10-04T16:00:00Z", "2025-10-04T17:00:00Z"}}},
    /* Midnight comes twice, is left out, and a whole day is. */
    {"America/Havana",
     "from=2025-11-01&to=2025-11-04",
     3,
     {{1, "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
      {2, "2025-11-03T05:00:00Z", "2025-11-04T05:00:00Z"}}},
    {"America/Havana",
     "from=2026-03-07&to=2026-03-10",
     3,
     {{0, "2026-03-07T05:00:00Z", "2026-03-08T05:00:00Z"},
      {1, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}}},
    {"Pacific/Apia",
     "from=2011-12-28&to=2012-01-02",
     4,
     {{1, "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
      {2, "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"}}},
    /* ISO weeks over New Year: of 2020's week 53, and of 2025's first, which begins in 2024. */
    {"Europe/Berlin",
     "from=2020-12-20&to=2021-01-12&interval=week",
     5,
     {{0, "2020-12-19T23:00:00Z", "2020-12-20T23:00:00Z"},
      {2, "2020-12-27T23:00:00Z", "2021-01-03T23:00:00Z"}}},
    {"Europe/Berlin",
     "from=2024-12-23&to=2025-01-13&interval=week",
     3,
     {{1, "2024-12-29T23:00:00Z", "2025-01-05T23:00:00Z"},
      {2, "2025-01-05T23:00:00Z", "2025-01-12T23:00:00Z"}}},
    {"Europe/Berlin",
     "from=2026-03-25&to=2026-04-01&interval=week",
     2,
     {{0, "2026-03-24T23:00:00Z", "2026-03-29T22:00:00Z"},
      {1, "2026-03-29T22:00:00Z", "2026-03-31T22:00:00Z"}}},
    {"Europe/Berlin",
     "from=2024-01-31&to=2024-03-02&interval=month",
     3,
     {{1, "2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z"},
      {2, "2024-02-29T23:00:00Z", "2024-03-01T23:00:00Z"}}},
    {"Europe/Berlin",
     "from=2024-02-10&to=2025-05-05&interval=quarter",
     6,
     {{1, "2024-03-31T22:00:00Z", "2024-06-30T22:00:00Z"},
      {5, "2025-03-31T22:00:00Z", "2025-05-04T22:00:00Z"}}},
    {"Asia/Kathmandu",
     "from=2023-06-01&to=2026-02-01&interval=year",
     4,
     {{1, "2023-12-31T18:15:00Z", "2024-12-31T18:15:00Z"},
      {3, "2025-12-31T18:15:00Z", "2026-01-31T18:15:00Z"}}},
    /* Windows that move, across the ends of summer time. */
    {"Europe/Berlin",
     "from=2026-03-26&to=2026-04-03&rolling=7d",
     8,
     {{3, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
      {7, "2026-04-01T22:00:00Z", "2026-04-02T22:00:00Z"}}},
    {"Australia/Lord_Howe",
     "from=2026-04-05&to=2026-04-06&interval=hour&rolling=12h",
     25,
     {{2, "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"},
      {24, "2026-04-05T12:30:00Z", "2026-04-05T13:30:00Z"}}},
    {"UTC",
     "from=2025-12-15&to=2026-03-15&interval=month&rolling=2w",
     4,
     {{1, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
      {3, "2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z"}}},
};

/* Answers from well before the window to a little behind it, at the ends of its points, too. */
static void spread_answers(const char *survey, struct reply *empty)
{
    enum { SPREAD = 300, ITEM = 64 };
    long long from = expect_time(empty, "/window/from"), to = expect_time(empty, "/window/to");
    long long begin = from - (to - from) / 2 - 24 * HOURS;
    long long step = (to + 24 * HOURS - begin) / SPREAD;
    size_t ends = point_count(empty), used = 0, size = (SPREAD + 2 * ends) * ITEM + 2;
    char *body = text_space(size);
    for (size_t i = 0; i < SPREAD + 2 * ends; i++) {
        long long at = begin + (long long)i * step;
        if (i >= SPREAD) /* the last moment of a point, and the first of the next */
            at = expect_time(empty, text("/points/%zu/to", (i - SPREAD) / 2)) - (long long)(i % 2);
        used +=
            (size_t)snprintf(body + used, size - used, "%s{\"score\":%zu,\"answered_at\":\"%s\"}",
                             i ? "," : "[", i * 7 % 11, text_time_us(at));
    }
    snprintf(body + used, size - used, "]");
    struct reply *reply =
        client_post(fixture_key(ADMIN), body, "/v1/surveys/%s/responses/batch", survey);
    for (size_t i = 0; i < SPREAD + 2 * ends; i++)
        expect_int(reply, text("/results/%zu/status", i), 201);
}

START_TEST(spans_of_all_kinds)
{
    const struct span *span = &spans[_i];
    const char *survey = fixture_survey(text("'time_zone':'%s'", span->zone));
    spread_answers(survey, series(survey, span->query));
    struct reply *reply = series(survey, span->query);
    ck_assert_uint_eq(point_count(reply), span->count);
    for (size_t i = 0; i < COUNT_OF(span->places); i++) {
        const struct place_in_time *place = &span->places[i];
        expect_string(reply, text("/points/%zu/from", place->point), place->from);
        expect_string(reply, text("/points/%zu/to", place->point), place->to);
    }
    check_ends(reply);
    struct reply *whole = get(survey, text("nps?from=%s&to=%s", reply_string(reply, "/window/from"),
                                           reply_string(reply, "/window/to")));
    if (!strstr(span->query, "rolling"))
        check_sum(reply, whole);
    size_t i;
    json_t *point;
    json_array_foreach(reply_at(reply, "/points"), i, point) check_point(survey, point);
    struct reply *bare = series(survey, text("%s&shape=array", span->query));
    ck_assert(json_equal(bare->json, reply_at(reply, "/points")));
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{.test = spans_of_all_kinds, .rows = COUNT_OF(spans)}};
    return fixture_run("series_spans", NULL, tests, COUNT_OF(tests));
}
