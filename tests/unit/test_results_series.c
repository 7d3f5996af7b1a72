/* A window cut into hours, days, weeks ... and moving windows. */
#include "support/unit_results.h"

#include <string.h>

#define SERIES "shop/nps/series?"
#define NOTHING                                                                                    \
    "'responses':0,'promoters':0,'neutrals':0,'critics':0,'promoter_share':null,"                  \
    "'neutral_share':null,'critic_share':null,'nps':null,'nps_exact':null,'mean':null,"            \
    "'histogram':[0,0,0,0,0,0,0,0,0,0,0],'interval':null,'enough':false,'min_responses':30"
#define TEN                                                                                        \
    "'responses':10,'promoters':5,'neutrals':2,'critics':3,'promoter_share':50,"                   \
    "'neutral_share':20,'critic_share':30,'nps':20,'nps_exact':20,'mean':7.2,"                     \
    "'histogram':[1,0,0,1,0,0,1,1,1,2,3],'interval':{'method':'adjusted_wald','level':0.95,"       \
    "'low':-30.326,'high':61.0952},'enough':false,'min_responses':30"

#define THREE_DAYS "from=2026-11-09T12:00:00Z&to=2026-11-11"
#define POINTS                                                                                     \
    "[{'from':'2026-11-09T12:00:00Z','to':'2026-11-09T21:00:00Z'," NOTHING "},"                    \
    "{'from':'2026-11-09T21:00:00Z','to':'2026-11-10T21:00:00Z'," TEN "}]"

START_TEST(bodies)
{
    unit_results_post_ten();
    unit_results_assert(SERIES THREE_DAYS,
                        "{'survey':'shop','window':{'from':'2026-11-09T12:00:00Z',"
                        "'to':'2026-11-10T21:00:00Z','time_zone':'Europe/Moscow'},"
                        "'interval':'day','rolling':null,'points':" POINTS "}");
    unit_results_assert(SERIES THREE_DAYS "&shape=array", POINTS);
    unit_results_assert(
        SERIES THREE_DAYS "&rolling=1d",
        "{'survey':'shop','window':{'from':'2026-11-09T12:00:00Z','to':'2026-11-10T21:00:00Z',"
        "'time_zone':'Europe/Moscow'},'interval':'day','rolling':'1d','points':["
        "{'from':'2026-11-09T12:00:00Z','to':'2026-11-09T21:00:00Z',"
        "'rolling_from':'2026-11-08T21:00:00Z'," NOTHING "},"
        "{'from':'2026-11-09T21:00:00Z','to':'2026-11-10T21:00:00Z',"
        "'rolling_from':'2026-11-09T21:00:00Z'," TEN "}]}");
}
END_TEST

/* Counts of the points, those without an answer as dots. */
static const char *counts(const char *query)
{
    struct arena *arena = &unit_results_call()->arena;
    struct reply reply = unit_results_get(arena_printf(arena, SERIES "shape=array&%s", query));
    ck_assert_msg(reply.status == 200, "%s: %s", query, unit_reply_tells(arena, &reply));
    const json_t *points = unit_reply_json(arena, &reply), *point;
    struct buf text = buf_make(arena, 256);
    size_t i;
    json_array_foreach(points, i, point)
    {
        int responses = (int)json_integer_value(json_object_get(point, "responses"));
        ck_assert_int_eq(responses == 0, json_is_null(json_object_get(point, "nps")));
        buf_printf(&text, responses ? "%d" : ".", responses);
    }
    return text.data;
}

START_TEST(intervals)
{
    unit_results_post_ten();
    ck_assert_str_eq(counts("period=last_week&interval=day"), ".10.....");
    ck_assert_str_eq(counts("period=last_week&interval=week"), "10");
    ck_assert_str_eq(counts("period=this_month&interval=week"), "..10...");
    ck_assert_str_eq(counts("period=this_year&interval=month"), "..........10.");
    ck_assert_str_eq(counts("period=this_year&interval=quarter"), "...10");
    ck_assert_str_eq(counts("last=2y&interval=year"), "..10");
    ck_assert_str_eq(counts("from=2026-11-10&to=2026-11-11&interval=hour"),
                     "............10...........");
    /* Half an hour off: an hour of the wall clock there begins at 18:30Z. */
    ck_assert_str_eq(
        counts("from=2026-11-10T08:30:00Z&to=2026-11-10T10:30:00Z&tz=Asia/Kolkata&interval=hour"),
        ".10");
}
END_TEST

/* The days before count, up to the end of each point. */
START_TEST(moving_windows)
{
    static const char *const answers[] = {"'answered_at': '2026-11-10T09:00:00Z', 'score': 9",
                                          "'answered_at': '2026-11-12T09:00:00Z', 'score': 9",
                                          "'answered_at': '2026-11-12T21:00:00Z', 'score': 9"};
    unit_results_post("shop", answers, COUNT_OF(answers));
    ck_assert_str_eq(counts("from=2026-11-09&to=2026-11-17"), ".1.11...");
    ck_assert_str_eq(counts("from=2026-11-09&to=2026-11-17&rolling=3d"), ".112221.");
}
END_TEST

/* A day in March has 23 hours, one in October 25, of which one is shown twice. */
START_TEST(daylight_saving)
{
    static const char *const answers[] = {
        "'answered_at': '2026-03-29T00:59:59Z', 'score': 9",
        "'answered_at': '2026-03-29T01:00:00Z', 'score': 9",
        "'answered_at': '2026-10-25T00:30:00Z', 'score': 9",
        "'answered_at': '2026-10-25T01:30:00Z', 'score': 9",
        "'answered_at': '2026-10-25T22:59:59Z', 'score': 9",
        "'answered_at': '2026-10-25T23:00:00Z', 'score': 9",
    };
    unit_results_post("shop", answers, COUNT_OF(answers));
    ck_assert_str_eq(counts("from=2026-03-29&to=2026-03-30&tz=Europe/Berlin&interval=hour"),
                     ".11....................");
    ck_assert_str_eq(counts("from=2026-10-25&to=2026-10-26&tz=Europe/Berlin&interval=hour"),
                     "..11....................1");
    ck_assert_str_eq(counts("from=2026-10-25&to=2026-10-27&tz=Europe/Berlin"), "31");
    unit_results_assert_at(
        SERIES "from=2026-10-25&to=2026-10-26&tz=Europe/Berlin&interval=hour&shape=array",
        "/2/from", "'2026-10-25T00:00:00Z'");
}
END_TEST

/* 5 hours 45 minutes ahead. */
START_TEST(kathmandu)
{
    static const char *const answers[] = {"'answered_at': '2026-11-09T18:14:59Z', 'score': 9",
                                          "'answered_at': '2026-11-09T18:15:00Z', 'score': 9",
                                          "'answered_at': '2026-11-10T18:14:59Z', 'score': 9"};
    const char *day = SERIES "from=2026-11-10&to=2026-11-11&tz=Asia/Kathmandu";
    unit_results_post("shop", answers, COUNT_OF(answers));
    unit_results_assert_at(day, "/points/0/from", "'2026-11-09T18:15:00Z'");
    unit_results_assert_at(day, "/points/0/to", "'2026-11-10T18:15:00Z'");
    unit_results_assert_at(day, "/points/0/responses", "2");
    ck_assert_str_eq(counts("from=2026-11-10&to=2026-11-11&tz=Asia/Kathmandu&interval=hour"),
                     "1......................1");
}
END_TEST

/* All time is as long as there are answers. */
START_TEST(all_time)
{
    static const char *const old[] = {"'answered_at': '2025-12-31T21:30:00Z', 'score': 9"};
    const char *path = SERIES "period=all&interval=month";
    unit_results_assert(path, "{'survey':'shop','window':{'from':null,'to':null,"
                              "'time_zone':'Europe/Moscow'},'interval':'month','rolling':null,"
                              "'points':[]}");
    unit_results_assert(SERIES "period=all&shape=array", "[]");
    unit_results_post_ten();
    unit_results_assert_at(path, "/points/0/from", "'2026-11-10T09:30:00Z'");
    unit_results_assert_at(path, "/points/0/to", "'2026-11-10T09:45:00Z'");
    unit_results_post("shop", old, 1);
    ck_assert_str_eq(counts("period=all&interval=month"), "1.........10");
    ck_assert_str_eq(counts("period=all&interval=year"), "11");
    unit_results_assert_at(path, "/points/10/from", "'2026-10-31T21:00:00Z'");
    unit_results_assert_at(path, "/window/from", "null");
    ck_assert_str_eq(counts("period=all&interval=year&where.channel=kiosk"), "1");
}
END_TEST

/* What is still to come has no answers, and its moving window is empty. */
START_TEST(time_to_come)
{
    static const char *const now[] = {"'score': 9"};
    unit_results_post("shop", now, 1);
    ck_assert_str_eq(counts("period=this_week"), "....1..");
    ck_assert_str_eq(counts("period=this_week&rolling=2d"), "....1..");
    const char *path = SERIES "period=this_week&rolling=2d";
    unit_results_assert_at(path, "/points/4/rolling_from", "'2026-11-18T14:15:00Z'");
    unit_results_assert_at(path, "/points/5/rolling_from", "null");
}
END_TEST

START_TEST(filters)
{
    unit_results_post_ten();
    ck_assert_str_eq(counts("period=last_week&where.branch=south"), ".5.....");
    ck_assert_str_eq(counts("period=last_week&where.branch=south&where.channel=web"), ".3.....");
    ck_assert_str_eq(counts("period=last_week&where.branch=west"), ".......");
}
END_TEST

static const struct unit_results_wrong wrong[] = {
    {"interval=", "interval"},
    {"interval=minute", "interval"},
    {"interval=Day", "interval"},
    {"interval=days", "interval"},
    {"rolling=", "rolling"},
    {"rolling=0d", "rolling"},
    {"rolling=30", "rolling"},
    {"rolling=101y", "rolling"},
    {"rolling=-1d", "rolling"},
    {"shape=", "shape"},
    {"shape=object", "shape"},
    {"compare=previous", "compare"},
    {"by=channel", "by"},
    {"min_group=1", "min_group"},
    {"period=all&last=1d", "last period"},
    {"from=2026-01-01&to=2025-01-01&rolling=7d", "from"},
    {"tz=Mars/Olympus&interval=hour", "tz"},
    {"interval=x&rolling=x&shape=x&compare=x&last=x&tz=X",
     "compare last interval rolling shape tz"},
    /* More than 5000 points. */
    {"last=1y&interval=hour", "interval"},
    {"last=100y&interval=day", "interval"},
    {"from=0001-01-01&to=9999-12-31", "interval"},
    {"from=2026-01-01T00:00:00Z&to=2026-07-28T09:00:00Z&tz=UTC&interval=hour", "interval"},
};

START_TEST(refused)
{
    unit_results_assert_wrong("shop/nps/series", wrong, COUNT_OF(wrong));
}
END_TEST

/* 208 days of 24 hours and 8 hours. */
START_TEST(five_thousand_points)
{
    const char *path =
        SERIES "from=2026-01-01T00:00:00Z&to=2026-07-28T08:00:00Z&tz=UTC&interval=hour";
    unit_results_assert_at(path, "/points/4999/to", "'2026-07-28T08:00:00Z'");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        bodies,   intervals,    moving_windows, daylight_saving, kathmandu,
        all_time, time_to_come, filters,        refused,         five_thousand_points};
    return unit_results_run("series", tests, COUNT_OF(tests));
}
