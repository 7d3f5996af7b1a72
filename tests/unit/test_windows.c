#include "npsd/store/windows.h"

#include "npsd/base/clock.h"
#include "npsd/domain/zone.h"
#include "support/unit_database.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct db_stmt *const *const sets[] = {windows_statements, NULL};
static struct pg *pg;

static void connect_pg(void)
{
    pg = unit_database_connect(sets);
}

static void disconnect_pg(void)
{
    pg_free(pg);
}

struct window_case {
    const char *now, *zone;
    struct window_request request;
    const char *from, *to, *previous;
};

#define LAST(count, unit)                                                                          \
    {                                                                                              \
        .form = WINDOW_LAST, .last_count = (count), .last_unit = (unit)                            \
    }
#define PERIOD(name)                                                                               \
    {                                                                                              \
        .form = WINDOW_PERIOD, .period = (name)                                                    \
    }
#define SPAN(first, end)                                                                           \
    {                                                                                              \
        .form = WINDOW_SPAN, .from = (first), .to = (end)                                          \
    }

static const struct window_case cases[] = {
#include "unit/window_cases.inc"
};

static int64_t instant(const char *text)
{
    int64_t at_us;
    ck_assert_msg(clock_parse(text, strlen(text), &at_us), "%s", text);
    return at_us;
}

struct answer {
    bool zone_known, has_previous;
    struct window window, previous;
};

static struct answer resolve(struct window_request request, const char *zone, const char *now)
{
    struct answer answer = {.zone_known = false};
    request.time_zone = zone;
    request.now_us = instant(now);
    enum db_status status = windows_resolve(pg, &request, &answer.zone_known, &answer.window,
                                            &answer.has_previous, &answer.previous);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    return answer;
}

static void assert_instant(size_t i, const char *what, int64_t at_us, const char *expected)
{
    char text[CLOCK_TEXT_SIZE];
    ck_assert_msg(strcmp(clock_format(at_us, text), expected) == 0,
                  "case %zu, %s in %s: %s is %s, not %s", i, cases[i].now, cases[i].zone, what,
                  text, expected);
}

/* Every form in ordinary and odd zones: days of 23 and 25 hours, quarter and half hours, two
 * midnights, none, a day left out, ISO weeks at New Year, short months. */
START_TEST(test_cases)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct window_case *c = &cases[i];
        struct answer answer = resolve(c->request, c->zone, c->now);
        ck_assert(answer.zone_known);
        ck_assert(answer.has_previous);
        assert_instant(i, "from", answer.window.from_us, c->from);
        assert_instant(i, "to", answer.window.to_us, c->to);
        assert_instant(i, "previous from", answer.previous.from_us, c->previous);
        assert_instant(i, "previous to", answer.previous.to_us, c->from);
    }
}
END_TEST

START_TEST(test_all_is_open)
{
    struct answer answer = resolve((struct window_request)PERIOD("all"), "UTC", cases[0].now);

    ck_assert(answer.zone_known);
    ck_assert(!answer.has_previous);
    ck_assert_int_eq(answer.window.from_us, SLOTS_OPEN_FROM);
    ck_assert_int_eq(answer.window.to_us, SLOTS_OPEN_TO);
}
END_TEST

/* The window before never reaches back behind year 1, where PostgreSQL's calendar would end. */
START_TEST(test_previous_is_bounded)
{
    static const struct window_request spans[] = {
        SPAN("0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z"),
        SPAN("0001-01-02", "9999-12-31"),
        SPAN("0001-01-02", "9999-12-31T23:59:59Z"),
    };
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        struct answer answer = resolve(spans[i], "UTC", cases[0].now);
        ck_assert_int_eq(answer.window.from_us, instant("0001-01-02T00:00:00Z"));
        ck_assert_int_eq(answer.previous.from_us, instant("0001-01-01T00:00:00Z"));
    }
}
END_TEST

/* Unknown names, abbreviations, POSIX rules, odd texts: in every form, and the connection lives. */
START_TEST(test_unknown_zones)
{
    static const char *const unknown[] = {
        "",
        "Mars/Olympus",
        "FOO+3",
        "Foo/Bar+3",
        "MSK",
        "PST",
        "utc",
        "+03:00",
        "Etc/GMT+13",
        "Etc/GMT+",
        "Etc/GMT-15",
        "localtime",
        "Etc/GMT+08",
        "posix/UTC",
        "right/UTC",
        "Factory",
        "posixrules",
        "../../etc/passwd",
        "Europe/",
        "Europe",
        "Europe/Moscow ",
        "<+03>-3",
        "Europe/Moscow'",
        "Etc/GMT++1",
    };
    static const struct window_request requests[] = {
        LAST(30, "days"), LAST(24, "hours"),        PERIOD("today"),
        PERIOD("all"),    SPAN("2026-01-01", NULL), SPAN("2026-01-01T00:00:00Z", NULL),
    };
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        for (size_t j = 0; j < COUNT_OF(requests); j++)
            ck_assert_msg(!resolve(requests[j], unknown[i], cases[0].now).zone_known, "%s",
                          unknown[i]);
    ck_assert(resolve(requests[0], "Europe/Moscow", cases[0].now).zone_known);
}
END_TEST

static const struct db_stmt zone_names = {
    "zone_names", "", "text text",
    "select name, utc_offset::text from pg_timezone_names where name !~ '^(posix|right)/'"
    " and name not in ('localtime', 'posixrules', 'Factory')"};
static const struct db_stmt zone_offset = {
    "zone_offset", "text", "text", "select (timezone($1, now()) - timezone('UTC', now()))::text"};

/* Every zone that PostgreSQL has is one for us, and the same: CET is no fixed offset. */
START_TEST(test_all_zones_are_known)
{
    DB_RESULT names = NULL;
    ck_assert_int_eq(pg_exec_unprepared(pg, &zone_names, NULL, 0, &names), DB_OK);
    ck_assert_int_gt(db_rows(names), 400);
    for (int row = 0; row < db_rows(names); row++) {
        const char *name = db_bytes(names, row, 0, NULL);
        const char *region = zone_region(name);
        DB_RESULT offset = NULL;
        ck_assert_msg(region != NULL, "%s", name);
        ck_assert_int_eq(
            pg_exec_unprepared(pg, &zone_offset, (struct db_param[]){P_TEXT(region)}, 1, &offset),
            DB_OK);
        ck_assert_str_eq(db_bytes(offset, 0, 0, NULL), db_bytes(names, row, 1, NULL));
    }
}
END_TEST

START_TEST(test_period_names)
{
    static const char *const wrong[] = {"", "All", "this_day", "today ", "last_", "next_week"};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (cases[i].request.form == WINDOW_PERIOD)
            ck_assert(windows_period_exists(cases[i].request.period));
    ck_assert(windows_period_exists("all"));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!windows_period_exists(wrong[i]), "%s", wrong[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("windows");
    TCase *tcase = tcase_create("windows");
    tcase_add_checked_fixture(tcase, connect_pg, disconnect_pg);
    tcase_add_test(tcase, test_cases);
    tcase_add_test(tcase, test_all_is_open);
    tcase_add_test(tcase, test_previous_is_bounded);
    tcase_add_test(tcase, test_unknown_zones);
    tcase_add_test(tcase, test_all_zones_are_known);
    tcase_add_test(tcase, test_period_names);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
