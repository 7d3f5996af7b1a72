/* Windows: every way to name one, in zones of every kind, and what falls into it to the
 * microsecond. */
#include "support/calendar.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <time.h>

enum { QUARTER_HOUR = 900 };

static struct reply *nps(const char *survey, const char *query)
{
    return client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?%s", survey, query);
}

static const char *const zones[] = {
    "UTC",
    "Europe/Moscow",
    "America/New_York",    /* daylight saving in the north */
    "Australia/Lord_Howe", /* half an hour of daylight saving, in the south */
    "Asia/Kathmandu",      /* +05:45 */
    "America/St_Johns",    /* -03:30 */
    "Pacific/Kiritimati",  /* +14 */
    "Pacific/Pago_Pago",   /* -11 */
};

static void expect_from(struct reply *reply, const char *query, time_t from)
{
    long long found = expect_time(reply, "/window/from");
    ck_assert_msg(found == (long long)from * 1000000, "%s: from %s, not %s", query,
                  reply_string(reply, "/window/from"), text_time(from));
}

static void expect_to(struct reply *reply, const char *query, time_t to)
{
    long long found = expect_time(reply, "/window/to");
    ck_assert_msg(found == (long long)to * 1000000, "%s: to %s, not %s", query,
                  reply_string(reply, "/window/to"), text_time(to));
}

/* The next quarter hour is after the question and at most a quarter hour after the reply. Gives it.
 */
static time_t expect_quarter(struct reply *reply, time_t before)
{
    time_t to = (time_t)(expect_time(reply, "/window/to") / 1000000);
    ck_assert_int_eq(to % QUARTER_HOUR, 0);
    ck_assert_msg(to > before && to <= time(NULL) + QUARTER_HOUR, "to %s at %s",
                  reply_string(reply, "/window/to"), text_time(before));
    return to;
}

static const struct {
    const char *last;
    int years, months, days, hours;
} spans[] = {
    {"1h", 0, 0, 0, 1},   {"24h", 0, 0, 0, 24},   {"100h", 0, 0, 0, 100}, {"1d", 0, 0, 1, 0},
    {"30d", 0, 0, 30, 0}, {"365d", 0, 0, 365, 0}, {"1w", 0, 0, 7, 0},     {"12w", 0, 0, 84, 0},
    {"1mo", 0, 1, 0, 0},  {"6mo", 0, 6, 0, 0},    {"13mo", 0, 13, 0, 0},  {"1y", 1, 0, 0, 0},
    {"3y", 3, 0, 0, 0},
};

/* last=: up to the next quarter hour, by the calendar of the zone. */
START_TEST(last)
{
    const char *survey = fixture_survey("");
    calendar_zone(zones[_i]);
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        const char *query = text("last=%s&tz=%s", spans[i].last, zones[_i]);
        time_t before = time(NULL);
        struct reply *reply = expect_status(nps(survey, query), 200);
        time_t to = expect_quarter(reply, before);
        time_t from = calendar_shift(to, -spans[i].years, -spans[i].months, -spans[i].days);
        expect_from(reply, query, from - spans[i].hours * 3600);
        expect_string(reply, "/window/time_zone", zones[_i]);
    }
}
END_TEST

/* Where a period begins and ends, in days, months and years from today. */
struct shift {
    int years, months, days;
};

static void period_shifts(time_t now, const char *name, struct shift *ret_from,
                          struct shift *ret_to)
{
    int weekday = calendar_weekday(now), day = calendar_day(now) - 1, month = calendar_month(now);
    bool is_last = strncmp(name, "last_", 5) == 0;
    struct shift from = {0}, step = {0};
    if (strcmp(name, "today") == 0 || strcmp(name, "yesterday") == 0) {
        is_last = strcmp(name, "yesterday") == 0;
        step.days = 1;
    } else if (strstr(name, "week")) {
        from.days = -weekday;
        step.days = 7;
    } else {
        from.days = -day;
        from.months = strstr(name, "quarter") ? -(month % 3) : strstr(name, "year") ? -month : 0;
        step.months = strstr(name, "quarter") ? 3 : strstr(name, "month") ? 1 : 0;
        step.years = strstr(name, "year") ? 1 : 0;
    }
    int back = is_last ? 1 : 0;
    *ret_from = (struct shift){from.years - back * step.years, from.months - back * step.months,
                               from.days - back * step.days};
    *ret_to = (struct shift){ret_from->years + step.years, ret_from->months + step.months,
                             ret_from->days + step.days};
}

/* Days are counted from the first of the month, so that no month is shortened on the way. */
static time_t start_of(time_t now, struct shift shift)
{
    int day = calendar_day(now) - 1;
    time_t first = calendar_start(now, 0, 0, -day);
    return calendar_start(first, shift.years, shift.months, shift.days + day);
}

static const char *const periods[] = {"today",      "yesterday",  "this_week",    "last_week",
                                      "this_month", "last_month", "this_quarter", "last_quarter",
                                      "this_year",  "last_year"};

/* period=: whole days, ISO weeks, months, quarters and years of the zone; a running one ends at its
 * calendar end. */
START_TEST(period)
{
    const char *survey = fixture_survey("");
    calendar_zone(zones[_i]);
    for (size_t i = 0; i < COUNT_OF(periods); i++) {
        const char *query = text("period=%s&tz=%s", periods[i], zones[_i]);
        struct shift from, to;
        struct reply *reply;
        time_t now;
        do { /* Once more when midnight came in between. */
            now = time(NULL);
            reply = expect_status(nps(survey, query), 200);
        } while (calendar_day(now) != calendar_day(time(NULL)));
        period_shifts(now, periods[i], &from, &to);
        expect_from(reply, query, start_of(now, from));
        expect_to(reply, query, start_of(now, to));
    }
    struct reply *all = expect_status(nps(survey, text("period=all&tz=%s", zones[_i])), 200);
    expect_json(all, "/window/from", "null");
    expect_json(all, "/window/to", "null");
}
END_TEST

/* Explicit windows as they come out: in RFC 3339, as dates in a zone, across every oddity of it. */
static const struct {
    const char *query, *from, *to;
} explicit[] = {
    {"from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:01Z", "2026-03-01T00:00:00Z",
     "2026-03-01T00:00:01Z"},
    {"from=2026-03-01T00:00:00.000001Z&to=2026-03-01T00:00:00.000002Z",
     "2026-03-01T00:00:00.000001Z", "2026-03-01T00:00:00.000002Z"},
    {"from=2026-03-01T03:00:00%2B03:00&to=2026-03-01T03:00:00Z", "2026-03-01T00:00:00Z",
     "2026-03-01T03:00:00Z"},
    {"from=2026-03-01&to=2026-03-02", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"},
    {"from=2026-03-01&to=2026-03-02&tz=Europe/Moscow", "2026-02-28T21:00:00Z",
     "2026-03-01T21:00:00Z"},
    {"from=2026-03-01&to=2026-03-01T12:00:00Z&tz=Asia/Tokyo", "2026-02-28T15:00:00Z",
     "2026-03-01T12:00:00Z"},
    {"from=2024-02-29&to=2024-03-01", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
    /* A day of 23 and one of 25 hours. */
    {"from=2026-03-29&to=2026-03-30&tz=Europe/Berlin", "2026-03-28T23:00:00Z",
     "2026-03-29T22:00:00Z"},
    {"from=2026-10-25&to=2026-10-26&tz=Europe/Berlin", "2026-10-24T22:00:00Z",
     "2026-10-25T23:00:00Z"},
    /* Half an hour of daylight saving. */
    {"from=2026-04-05&to=2026-04-06&tz=Australia/Lord_Howe", "2026-04-04T13:00:00Z",
     "2026-04-05T13:30:00Z"},
    {"from=2026-03-01&to=2026-03-02&tz=Asia/Kathmandu", "2026-02-28T18:15:00Z",
     "2026-03-01T18:15:00Z"},
    {"from=2026-03-01&to=2026-03-02&tz=Pacific/Kiritimati", "2026-02-28T10:00:00Z",
     "2026-03-01T10:00:00Z"},
    /* Midnight does not exist: the day begins at one. */
    {"from=2025-09-07&to=2025-09-08&tz=America/Santiago", "2025-09-07T04:00:00Z",
     "2025-09-08T03:00:00Z"},
    {"from=2025-03-09&to=2025-03-10&tz=America/Havana", "2025-03-09T05:00:00Z",
     "2025-03-10T04:00:00Z"},
    /* Midnight comes twice: the day begins at the first one. */
    {"from=2025-11-02&to=2025-11-03&tz=America/Havana", "2025-11-02T04:00:00Z",
     "2025-11-03T05:00:00Z"},
    /* 30 December 2011 was left out: it and the next day begin at the same moment, Samoa's 31st. */
    {"from=2011-12-29&to=2011-12-31&tz=Pacific/Apia", "2011-12-29T10:00:00Z",
     "2011-12-30T10:00:00Z"},
};

START_TEST(from_and_to)
{
    struct reply *reply = expect_status(nps(fixture_survey(""), explicit[_i].query), 200);
    expect_string(reply, "/window/from", explicit[_i].from);
    expect_string(reply, "/window/to", explicit[_i].to);
}
END_TEST

/* Without any form it is the last 30 days; the zone is the survey's unless one is named. */
START_TEST(defaults)
{
    const char *survey = fixture_survey("'time_zone':'Asia/Kathmandu'");
    struct reply *plain, *named;
    time_t start;
    do { /* Once more when a quarter hour ended in between. */
        start = time(NULL);
        plain = expect_status(nps(survey, ""), 200);
        named = expect_status(nps(survey, "last=30d&tz=Asia/Kathmandu"), 200);
    } while (start / QUARTER_HOUR != time(NULL) / QUARTER_HOUR);
    expect_string(plain, "/window/time_zone", "Asia/Kathmandu");
    ck_assert_str_eq(plain->body, named->body);
    struct reply *reply = nps(survey, "from=2026-03-01&to=2026-03-02");
    expect_string(reply, "/window/from", "2026-02-28T18:15:00Z");
    reply = nps(survey, "from=2026-03-01&to=2026-03-02&tz=UTC");
    expect_string(reply, "/window/from", "2026-03-01T00:00:00Z");
    expect_string(reply, "/window/time_zone", "UTC");
    time_t before = time(NULL);
    reply = expect_status(nps(survey, "from=2026-03-01&tz=UTC"), 200);
    expect_string(reply, "/window/from", "2026-03-01T00:00:00Z");
    expect_quarter(reply, before);
}
END_TEST

/* What is no window, and where it is wrong; NULL where either parameter may be named. */
static const struct {
    const char *query, *where;
} wrong[] = {
    {"last=0d", "last"},
    {"last=-1d", "last"},
    {"last=30", "last"},
    {"last=d", "last"},
    {"last=30D", "last"},
    {"last=1.5d", "last"},
    {"last=30x", "last"},
    {"last=", "last"},
    {"last=30dd", "last"},
    {"last=+30d", "last"},
    {"last=%2B30d", "last"},
    {"last=0x1d", "last"},
    {"last=1m", "last"},
    {"last=99999999999999999999d", "last"},
    {"last=2147483648y", "last"},
    {"period=", "period"},
    {"period=tomorrow", "period"},
    {"period=next_week", "period"},
    {"period=Today", "period"},
    {"period=last_decade", "period"},
    {"from=2026-02-29&to=2026-03-01", "from"},
    {"from=2026-3-1&to=2026-04-01", "from"},
    {"from=2026-03-01T00:00:00&to=2026-04-01", "from"},
    {"from=&to=2026-04-01", "from"},
    {"from=now&to=2026-04-01", "from"},
    {"from=1767225600&to=2026-04-01", "from"},
    {"from=2026-03-01&to=x", "to"},
    {"from=2026-03-01&to=2026-04-31", "to"},
    {"from=infinity&to=2026-04-01", "from"},
    {"from=-infinity", "from"},
    {"from=99999-01-01&to=999999-01-01", "from"},
    {"from=2026-03-02&to=2026-03-01", NULL},
    {"from=2026-03-01&to=2026-03-01", NULL},
    {"from=2026-03-01T00:00:00Z&to=2026-03-01T03:00:00%2B03:00", NULL},
    {"from=2100-01-01", NULL},
    {"last=30d&period=today", NULL},
    {"last=30d&from=2026-03-01", NULL},
    {"last=30d&to=2026-03-01", NULL},
    {"period=all&from=2026-03-01&to=2026-03-02", NULL},
    {"last=30d&period=all&from=2026-03-01", NULL},
};

START_TEST(no_window)
{
    expect_problem(nps(fixture_survey(""), wrong[_i].query), 422, "invalid", wrong[_i].where);
}
END_TEST

/* Windows are half open, to the microsecond, also inside of a quarter hour and at its ends. */
START_TEST(half_open_to_the_microsecond)
{
    const char *survey = fixture_survey("");
    static const char *const moments[] = {"2026-03-10T11:59:59.999999Z", "2026-03-10T12:00:00Z",
                                          "2026-03-10T12:00:00.000001Z", "2026-03-10T12:07:30Z",
                                          "2026-03-10T12:14:59.999999Z", "2026-03-10T12:15:00Z"};
    for (size_t i = 0; i < COUNT_OF(moments); i++)
        fixture_answer(survey, (int)i, text("'answered_at':'%s'", moments[i]));
    for (size_t i = 0; i < COUNT_OF(moments); i++)
        for (size_t j = i + 1; j < COUNT_OF(moments); j++) {
            struct reply *reply = nps(survey, text("from=%s&to=%s", moments[i], moments[j]));
            char histogram[] = "[0,0,0,0,0,0,0,0,0,0,0]";
            for (size_t k = i; k < j; k++)
                histogram[1 + 2 * k] = '1';
            expect_json(expect_status(reply, 200), "/histogram", histogram);
        }
}
END_TEST

/* The window before: the whole period before, or the same length before. */
START_TEST(previous)
{
    const char *survey = fixture_survey("'time_zone':'America/New_York'");
    calendar_zone("America/New_York");
    time_t now = time(NULL);
    int day = calendar_day(now) - 1;
    time_t month = calendar_start(now, 0, 0, -day), before = calendar_start(month, 0, -1, 0);
    const time_t moments[] = {before - 1, before, month - 1};
    for (size_t i = 0; i < COUNT_OF(moments); i++)
        fixture_answer(survey, (int)i * 5, text("'answered_at':'%s'", text_time(moments[i])));
    struct reply *reply = nps(survey, "period=this_month&compare=previous");
    expect_int(expect_status(reply, 200), "/responses", 0);
    expect_int(reply, "/previous/responses", 2);
    expect_real(reply, "/previous/nps_exact", 0);
    reply = nps(survey, "period=last_month&compare=previous");
    expect_int(reply, "/responses", 2);
    expect_int(reply, "/previous/responses", 1);
    expect_real(reply, "/previous/nps_exact", -100);
    reply = nps(survey,
                text("from=%s&to=%s&compare=previous", text_time(month - 1), text_time(month + 1)));
    expect_int(reply, "/responses", 1);
    expect_int(reply, "/previous/responses", 0);
    reply =
        nps(survey, text("from=%s&to=%s&compare=previous", text_time(month), text_time(month + 1)));
    expect_int(reply, "/previous/responses", 1);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = last, .rows = COUNT_OF(zones)},
        {.test = period, .rows = COUNT_OF(zones)},
        {.test = from_and_to, .rows = COUNT_OF(explicit)},
        {.test = defaults},
        {.test = no_window, .rows = COUNT_OF(wrong)},
        {.test = half_open_to_the_microsecond},
        {.test = previous},
    };
    return fixture_run("windows", NULL, tests, COUNT_OF(tests));
}
