#include "npsd/base/clock.h"
#include "suite.h"
#include <limits.h>
#include <string.h>
#include <time.h>

#define YEAR_1_US (INT64_C(-62135596800) * CLOCK_SECOND_US)
#define YEAR_10000_US (INT64_C(253402300800) * CLOCK_SECOND_US)

static void parses(const char *text, int64_t seconds, int64_t us)
{
    int64_t got = 0;
    ck_assert_msg(clock_parse(text, strlen(text), &got), "%s", text);
    ck_assert_msg(got == seconds * CLOCK_SECOND_US + us, "%s: %lld", text, (long long)got);
}

START_TEST(instants)
{
    parses("1970-01-01T00:00:00Z", 0, 0);
    parses("2026-11-20T14:03:00Z", 1795183380, 0);
    parses("2026-11-20t14:03:00z", 1795183380, 0);
    parses("2026-11-20 14:03:00Z", 1795183380, 0);
    parses("2026-11-20T17:03:00+03:00", 1795183380, 0);
    parses("2026-11-20T19:48:00+05:45", 1795183380, 0);
    parses("2026-11-19T15:03:00-23:00", 1795183380, 0);
    parses("2026-11-20T14:03:00-00:00", 1795183380, 0);
    parses("1969-12-31T23:59:59Z", -1, 0);
    parses("2024-02-29T00:00:00Z", 1709164800, 0);
    parses("2000-02-29T00:00:00Z", 951782400, 0);
    parses("0001-01-01T00:00:00Z", -62135596800, 0);
    parses("9999-12-31T23:59:59.999999Z", 253402300799, 999999);
}
END_TEST

START_TEST(fractions)
{
    parses("1970-01-01T00:00:00.5Z", 0, 500000);
    parses("1970-01-01T00:00:00.000001Z", 0, 1);
    parses("1970-01-01T00:00:00.1234567899999Z", 0, 123456);
    parses("1970-01-01T00:00:00.0000009Z", 0, 0);
    parses("1969-12-31T23:59:59.999999Z", -1, 999999);
    parses("1970-01-01T00:00:00.25+00:15", -900, 250000);
}
END_TEST

START_TEST(leap_seconds)
{
    parses("2016-12-31T23:59:60Z", 1483228800, 0);
    parses("2016-12-31T23:59:60.25Z", 1483228800, 250000);
    parses("2017-01-01T02:59:60+03:00", 1483228800, 0);
    parses("2015-06-30T19:59:60-04:00", 1435708800, 0);
}
END_TEST

START_TEST(wrong_instants)
{
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-11-20",
        "2026-11-20T14:03:00",
        "2026-11-20T14:03Z",
        "2026-11-20T14:03:0Z",
        "2026-11-20T1:03:00Z",
        "2026-11-2T14:03:00Z",
        "2026-1-20T14:03:00Z",
        "26-11-20T14:03:00Z",
        "02026-11-20T14:03:00Z",
        "+2026-11-20T14:03:00Z",
        "-2026-11-20T14:03:00Z",
        " 2026-11-20T14:03:00Z",
        "2026-11-20T14:03:00Z ",
        "2026-11-20T14:03:00Zx",
        "2026-11-20T14:03:00 Z",
        "2026-11-20  14:03:00Z",
        "2026-11-20_14:03:00Z",
        "2026/11/20T14:03:00Z",
        "20261120T140300Z",
        "2026-11-20T14.03.00Z",
        "2026-13-20T14:03:00Z",
        "2026-00-20T14:03:00Z",
        "2026-11-00T14:03:00Z",
        "2026-11-31T14:03:00Z",
        "2026-02-29T14:03:00Z",
        "2100-02-29T14:03:00Z",
        "2024-02-30T14:03:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T14:60:00Z",
        "2026-11-20T14:03:61Z",
        "2026-11-20T14:03:60Z",
        "2026-12-31T22:59:60Z",
        "2026-12-30T23:59:60Z",
        "2016-12-31T23:59:60+03:00",
        "2026-11-20T14:03:00.Z",
        "2026-11-20T14:03:00,5Z",
        "2026-11-20T14:03:00.5",
        "2026-11-20T14:03:00.5.5Z",
        "2026-11-20T14:03:00.-5Z",
        "2026-11-20T14:03:00+3",
        "2026-11-20T14:03:00+03",
        "2026-11-20T14:03:00+0300",
        "2026-11-20T14:03:00+24:00",
        "2026-11-20T14:03:00+03:60",
        "2026-11-20T14:03:00+03:00Z",
        "2026-11-20T14:03:00Z+03:00",
        "2026-11-20T14:03:00--3:00",
        "2026-11-20T14:03:00UTC",
        "2026-11-20T-4:03:00Z",
        "2026-11-20T14:03:-1Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "1795183380",
        "now",
        "٢٠٢٦-11-20T14:03:00Z",
    };
    int64_t got = 42;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!clock_parse(wrong[i], strlen(wrong[i]), &got), "%s", wrong[i]);
    ck_assert(!clock_parse("2026-11-20T14:03:00Z\0", 21, &got));
    ck_assert(!clock_parse("2026-11-20\00014:03:00Z", 20, &got));
    ck_assert_int_eq(got, 42);
}
END_TEST

/* The end of the text is respected at every place: a shorter one is never read beyond. */
START_TEST(every_prefix_is_wrong)
{
    static const char whole[] = "2026-11-20T14:03:00.123456+03:00";
    int64_t got;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *part = malloc(len + 1);
        ck_assert_ptr_nonnull(part);
        memcpy(part, whole, len);
        ck_assert_msg(!clock_parse(part, len, &got), "%zu", len);
        free(part);
    }
    ck_assert(clock_parse(whole, sizeof whole - 1, &got));
}
END_TEST

START_TEST(dates)
{
    int32_t days = 42;
    ck_assert(clock_parse_date("1970-01-01", 10, &days));
    ck_assert_int_eq(days, 0);
    ck_assert(clock_parse_date("2026-11-20", 10, &days));
    ck_assert_int_eq(days, 20777);
    ck_assert(!clock_parse_date("2026-02-29", 10, &days));
    ck_assert(!clock_parse_date("2026-11-20 ", 11, &days));
    ck_assert(!clock_parse_date("2026-11-2", 9, &days));
    ck_assert(!clock_parse_date("2026-11-20T00:00:00Z", 20, &days));
    ck_assert(!clock_parse_date("", 0, &days));
    ck_assert_int_eq(days, 20777);
}
END_TEST

static void prints(int64_t us, const char *expected)
{
    char text[CLOCK_TEXT_SIZE];
    ck_assert_str_eq(clock_format(us, text), expected);
}

START_TEST(format_drops_what_is_zero)
{
    prints(0, "1970-01-01T00:00:00Z");
    prints(1, "1970-01-01T00:00:00.000001Z");
    prints(100000, "1970-01-01T00:00:00.1Z");
    prints(120300, "1970-01-01T00:00:00.1203Z");
    prints(999999, "1970-01-01T00:00:00.999999Z");
    prints(-1, "1969-12-31T23:59:59.999999Z");
    prints(INT64_C(1795183380) * CLOCK_SECOND_US, "2026-11-20T14:03:00Z");
}
END_TEST

START_TEST(format_stays_within_four_digits)
{
    prints(YEAR_1_US, "0001-01-01T00:00:00Z");
    prints(YEAR_1_US - 1, "0001-01-01T00:00:00Z");
    prints(INT64_MIN, "0001-01-01T00:00:00Z");
    prints(YEAR_10000_US - 1, "9999-12-31T23:59:59.999999Z");
    prints(YEAR_10000_US, "9999-12-31T23:59:59.999999Z");
    prints(INT64_MAX, "9999-12-31T23:59:59.999999Z");
}
END_TEST

START_TEST(round_trip)
{
    uint64_t seed = 1;
    char text[CLOCK_TEXT_SIZE];
    for (int i = 0; i < 100000; i++) {
        int64_t us = suite_between(&seed, YEAR_1_US, YEAR_10000_US - 1), back = 0;
        if (i % 2)
            us -= us % CLOCK_SECOND_US; /* else hardly any text would be without a fraction */
        clock_format(us, text);
        if (!clock_parse(text, strlen(text), &back) || back != us)
            ck_abort_msg("%s", text);
    }
}
END_TEST

/* A text with one byte changed is refused, or read as what it then says. */
START_TEST(damaged_texts)
{
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        char text[] = "2016-12-31T23:59:60.1250+03:45", again[CLOCK_TEXT_SIZE];
        int64_t us, back;
        text[suite_random(&seed) % (sizeof text - 1)] = (char)suite_random(&seed);
        if (!clock_parse(text, sizeof text - 1, &us))
            continue;
        clock_format(us, again);
        if (!clock_parse(again, strlen(again), &back) || back != us)
            ck_abort_msg("%s", text);
    }
}
END_TEST

/* Against the C library, over every day of the years 1 to 9999 and some more. */
START_TEST(civil_days)
{
    for (int32_t days = -800000; days <= 3000000; days++) {
        int year, month, day;
        struct tm tm;
        time_t seconds = days * INT64_C(86400);
        clock_civil_from_days(days, &year, &month, &day);
        gmtime_r(&seconds, &tm);
        if (year != tm.tm_year + 1900 || month != tm.tm_mon + 1 || day != tm.tm_mday ||
            clock_days_from_civil(year, month, day) != days)
            ck_abort_msg("day %d is %d-%d-%d", days, year, month, day);
    }
}
END_TEST

START_TEST(extreme_days)
{
    int year, month, day;
    clock_civil_from_days(INT32_MAX, &year, &month, &day);
    ck_assert_int_eq(clock_days_from_civil(year, month, day), INT32_MAX);
    clock_civil_from_days(INT32_MIN, &year, &month, &day);
    ck_assert_int_eq(clock_days_from_civil(year, month, day), INT32_MIN);
}
END_TEST

START_TEST(floor_division)
{
    ck_assert_int_eq(clock_floor_div(7, 4), 1);
    ck_assert_int_eq(clock_floor_div(8, 4), 2);
    ck_assert_int_eq(clock_floor_div(0, 4), 0);
    ck_assert_int_eq(clock_floor_div(-1, 4), -1);
    ck_assert_int_eq(clock_floor_div(-4, 4), -1);
    ck_assert_int_eq(clock_floor_div(-5, 4), -2);
    ck_assert_int_eq(clock_floor_div(INT64_MIN, 1), INT64_MIN);
    ck_assert_int_eq(clock_floor_div(INT64_MIN, INT64_MAX), -2);
}
END_TEST

START_TEST(clocks_run)
{
    int64_t wall = clock_now_us(), steady = clock_monotonic_us();
    ck_assert_int_le(llabs(wall / CLOCK_SECOND_US - (int64_t)time(NULL)), 1);
    ck_assert_int_ge(clock_monotonic_us(), steady);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    ck_assert_int_ge(clock_monotonic_us() - steady, 2000);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {instants,
                            fractions,
                            leap_seconds,
                            wrong_instants,
                            every_prefix_is_wrong,
                            dates,
                            format_drops_what_is_zero,
                            format_stays_within_four_digits,
                            round_trip,
                            damaged_texts,
                            civil_days,
                            extreme_days,
                            floor_division,
                            clocks_run};
    return suite_run("clock", tests, COUNT_OF(tests));
}
