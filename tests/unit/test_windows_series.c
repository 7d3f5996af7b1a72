#include "npsd/base/buf.h"
#include "npsd/base/clock.h"
#include "npsd/store/windows.h"
#include "support/unit_database.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct db_stmt *const *const sets[] = {windows_statements, NULL};
static struct pg *pg;
static struct arena arena;

static void setup(void)
{
    pg = unit_database_connect(sets);
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_done(&arena);
    pg_free(pg);
}

static int64_t instant(const char *text)
{
    int64_t at_us;
    ck_assert_msg(clock_parse(text, strlen(text), &at_us), "%s", text);
    return at_us;
}

struct series_case {
    const char *zone;
    struct window_series series;
    const char *from, *to, *now;
    const char *bounds, *rolling;
};

static const struct series_case cases[] = {
#include "unit/series_cases.inc"
};

struct answer {
    bool too_many;
    struct window *points, *rolling;
    size_t count;
};

static struct answer ask(const struct series_case *c, size_t max)
{
    struct answer answer = {.too_many = true};
    struct window_request request = {
        .form = WINDOW_PERIOD, .period = "all", .time_zone = c->zone, .now_us = instant(c->now)};
    struct window window = {instant(c->from), instant(c->to)};

    enum db_status status =
        windows_series(pg, &arena, &request, &window, &c->series, max, &answer.too_many,
                       &answer.points, &answer.rolling, &answer.count);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    return answer;
}

static void append(struct buf *text, int64_t at_us)
{
    char one[CLOCK_TEXT_SIZE];
    buf_printf(text, "%s%s", text->len > 0 ? " " : "", clock_format(at_us, one));
}

static const char *bounds_of(const struct answer *answer)
{
    struct buf text = buf_make(&arena, 256);

    for (size_t i = 0; i < answer->count; i++) {
        ck_assert_int_lt(answer->points[i].from_us, answer->points[i].to_us);
        if (i > 0)
            ck_assert_int_eq(answer->points[i].from_us, answer->points[i - 1].to_us);
        append(&text, answer->points[i].from_us);
    }
    if (answer->count > 0)
        append(&text, answer->points[answer->count - 1].to_us);
    return text.data;
}

static const char *rolling_of(const struct answer *answer)
{
    struct buf text = buf_make(&arena, 256);

    for (size_t i = 0; i < answer->count; i++) {
        append(&text, answer->rolling[i].from_us);
        append(&text, answer->rolling[i].to_us);
    }
    return text.data;
}

/* Intervals of every kind in ordinary and odd zones, and moving windows. */
START_TEST(test_cases)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct series_case *c = &cases[i];
        struct answer answer = ask(c, 100);

        ck_assert(!answer.too_many);
        ck_assert_msg(strcmp(bounds_of(&answer), c->bounds) == 0, "case %zu, %s %s:\n%s\n%s", i,
                      c->zone, c->from, bounds_of(&answer), c->bounds);
        if (c->series.rolling_unit)
            ck_assert_msg(strcmp(rolling_of(&answer), c->rolling) == 0, "case %zu, %s %s:\n%s\n%s",
                          i, c->zone, c->from, rolling_of(&answer), c->rolling);
        else
            ck_assert_ptr_eq(answer.rolling, answer.points);
    }
}
END_TEST

#define SERIES(interval, first, end)                                                               \
    {                                                                                              \
        "Europe/Moscow", {interval, 0, NULL}, first, end, "2026-01-01T00:00:00Z", NULL, NULL       \
    }

/* As many as max and no more, and no waiting for what nobody can want. */
START_TEST(test_too_many)
{
    static const struct series_case day =
        SERIES(WINDOW_DAY, "2026-01-31T21:00:00Z", "2026-02-28T21:00:00Z");
    static const struct series_case ages[] = {
        SERIES(WINDOW_HOUR, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        SERIES(WINDOW_DAY, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        SERIES(WINDOW_WEEK, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        SERIES(WINDOW_MONTH, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        SERIES(WINDOW_QUARTER, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        SERIES(WINDOW_YEAR, "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
        SERIES(WINDOW_HOUR, "2026-01-01T00:00:00Z", "2026-07-28T09:00:00Z"),
    };
    ck_assert(ask(&day, 27).too_many);
    ck_assert(!ask(&day, 28).too_many);
    ck_assert_uint_eq(ask(&day, 28).count, 28);
    for (size_t i = 0; i < COUNT_OF(ages); i++)
        ck_assert(ask(&ages[i], 5000).too_many);
    ck_assert_uint_eq(ask(&ages[5], 10000).count, 9999);
}
END_TEST

START_TEST(test_no_time)
{
    static const struct series_case none[] = {
        SERIES(WINDOW_DAY, "2026-01-31T21:00:00Z", "2026-01-31T21:00:00Z"),
        SERIES(WINDOW_HOUR, "2026-01-31T21:00:00Z", "2026-01-31T21:00:00Z"),
        SERIES(WINDOW_MONTH, "2026-01-31T21:00:00Z", "2025-01-31T21:00:00Z"),
        SERIES(WINDOW_HOUR, "2026-01-31T21:00:00Z", "2026-01-31T20:00:00Z"),
        SERIES(WINDOW_HOUR, "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"),
    };
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        ck_assert(!ask(&none[i], 5000).too_many);
        ck_assert_uint_eq(ask(&none[i], 5000).count, 0);
    }
}
END_TEST

/* The ends of the calendar: moving windows do not reach back behind year 1. */
START_TEST(test_first_and_last_days)
{
    static const struct series_case first = {.zone = "Asia/Kathmandu",
                                             .series = {WINDOW_WEEK, 100, "years"},
                                             .from = "0001-01-01T00:00:00Z",
                                             .to = "0001-01-03T00:00:00Z",
                                             .now = "2026-01-01T00:00:00Z"};
    static const struct series_case last = {.zone = "America/Los_Angeles",
                                            .series = {WINDOW_YEAR, 1, "days"},
                                            .from = "9999-12-30T00:00:00Z",
                                            .to = "9999-12-31T23:59:59Z",
                                            .now = "2026-01-01T00:00:00Z"};
    struct answer answer = ask(&first, 10);
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_str_eq(rolling_of(&answer), "0001-01-01T00:00:00Z 0001-01-03T00:00:00Z");

    answer = ask(&last, 10);
    ck_assert_str_eq(bounds_of(&answer), "9999-12-30T00:00:00Z 9999-12-31T23:59:59Z");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("windows_series");
    TCase *tcase = tcase_create("windows_series");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_test(tcase, test_cases);
    tcase_add_test(tcase, test_too_many);
    tcase_add_test(tcase, test_no_time);
    tcase_add_test(tcase, test_first_and_last_days);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
