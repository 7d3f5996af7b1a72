#include "windows_parts.h"

#include "npsd/domain/zone.h"

#include <stdio.h>
#include <string.h>

#define SERIES_PARAMS "timestamptz timestamptz timestamptz text"
#define SERIES_COLUMNS "timestamptz timestamptz timestamptz"

/* clang-format off */

/*
 * What follows "begin (at)", when intervals begin: $2 from, $3 to of the window, $4 where moving
 * windows end at the latest, $5 their span or null. An interval that the zone skipped, or that only
 * the clocks of before from have shown, has no length.
 */
#define CUT_INTO_POINTS                                                                            \
    " interval as ("                                                                               \
    "  select greatest(at, $2) as from_at, least(lead(at) over (order by at), $3) as to_at"        \
    "  from begin)"                                                                                \
    " select p.from_at, p.to_at, span.at from interval p"                                          \
    " cross join lateral ("                                                                        \
    "  select case when $5 is not null"                                                            \
    "   then timezone($1, least(p.to_at, $4)) - $5::interval end) wall (at)"                       \
    FIRST_INSTANT("wall.at", "span")                                                               \
    " where p.from_at < p.to_at order by 1"

/* $6 unit, $7 its length. A unit more on both sides: whatever the clocks do, both ends of the
 * window are within. */
const struct db_stmt windows_series_days = {
    "windows_series_days", "text " SERIES_PARAMS " text text", SERIES_COLUMNS,
    "with begin as ("
    " select first.at from generate_series("
    "   date_trunc($6, timezone($1, $2)) - $7::interval,"
    "   date_trunc($6, timezone($1, $3)) + $7::interval, $7::interval) wall (at)"
    FIRST_INSTANT("wall.at", "first") "),"
    CUT_INTO_POINTS};

/*
 * "hour" is when the hour that the clocks show at some half hour of UTC began, or would have begun
 * if they had not been set since. Where that is the same as half an hour before, no hour began
 * meanwhile; where it is even before that, the clocks were set (they are set at half hours of UTC,
 * if it is not by whole hours).
 */
const struct db_stmt windows_series_hours = {
    "windows_series_hours", "text " SERIES_PARAMS, SERIES_COLUMNS,
    "with half as ("
    "  select at, at - (timezone($1, at) - date_trunc('hour', timezone($1, at))) as hour"
    "  from generate_series(date_bin('30 minutes', $2, timestamptz '0001-01-01 00:00Z')"
    "    - interval '2 hours', $3 + interval '2 hours', interval '30 minutes') g (at)),"
    " begin as ("
    "  select case when hour > at - interval '30 minutes' then hour else at end as at"
    "  from (select *, lag(hour) over (order by at) as last from half) h where hour <> last),"
    CUT_INTO_POINTS};

/* clang-format on */

/* No interval is longer than it, not by half. */
struct interval {
    const char *unit, *length;
    int64_t longest_us;
};

static const struct interval intervals[] = {
    [WINDOW_HOUR] = {"hour", "1 hour", 2 * WINDOWS_HOUR_US},
    [WINDOW_DAY] = {"day", "1 day", 2 * CLOCK_DAY_US},
    [WINDOW_WEEK] = {"week", "1 week", 9 * CLOCK_DAY_US},
    [WINDOW_MONTH] = {"month", "1 month", 33 * CLOCK_DAY_US},
    [WINDOW_QUARTER] = {"quarter", "3 months", 95 * CLOCK_DAY_US},
    [WINDOW_YEAR] = {"year", "1 year", 368 * CLOCK_DAY_US},
};

enum { SPAN_SIZE = 32 };

static enum db_status ask(struct pg *pg, const struct window_request *request,
                          const struct window *window, const struct window_series *series,
                          struct db_result **ret_rows)
{
    const struct interval *interval = &intervals[series->interval];
    const struct db_stmt *stmt =
        series->interval == WINDOW_HOUR ? &windows_series_hours : &windows_series_days;
    char span[SPAN_SIZE];

    if (series->rolling_unit)
        snprintf(span, sizeof(span), "%d %s", series->rolling_count, series->rolling_unit);
    const struct db_param params[] = {
        P_TEXT(zone_region(request->time_zone)),
        P_TIME(window->from_us),
        P_TIME(window->to_us),
        P_TIME(windows_next_quarter_us(request->now_us)),
        P_TEXT(series->rolling_unit ? span : NULL),
        P_TEXT(interval->unit),
        P_TEXT(interval->length),
    };
    return pg_exec(pg, stmt, params, series->interval == WINDOW_HOUR ? 5 : 7, ret_rows);
}

static struct window rolling_window(const struct window_series *series, const struct window *point,
                                    int64_t last_us, int64_t wall_from_us)
{
    int64_t to_us = point->to_us < last_us ? point->to_us : last_us;
    int64_t from_us = wall_from_us;

    if (point->from_us >= last_us)
        return (struct window){point->from_us, point->from_us};
    if (strcmp(series->rolling_unit, "hours") == 0)
        from_us = to_us - series->rolling_count * WINDOWS_HOUR_US;
    return (struct window){from_us > WINDOWS_FIRST_US ? from_us : WINDOWS_FIRST_US, to_us};
}

enum db_status windows_series(struct pg *pg, struct arena *arena,
                              const struct window_request *request, const struct window *window,
                              const struct window_series *series, size_t max, bool *ret_too_many,
                              struct window **ret_points, struct window **ret_rolling,
                              size_t *ret_count)
{
    int64_t longest_us = intervals[series->interval].longest_us;
    int64_t last_us = windows_next_quarter_us(request->now_us);
    DB_RESULT rows = NULL;

    if ((window->to_us - window->from_us) / longest_us > (int64_t)max) {
        *ret_too_many = true;
        return DB_OK;
    }
    enum db_status status = ask(pg, request, window, series, &rows);
    if (status != DB_OK)
        return status;
    size_t count = (size_t)db_rows(rows);
    *ret_too_many = count > max;
    if (*ret_too_many)
        return DB_OK;

    struct window *points = arena_calloc(arena, count + 1, sizeof(*points));
    struct window *rolling =
        series->rolling_unit ? arena_calloc(arena, count + 1, sizeof(*rolling)) : points;
    for (int i = 0; i < (int)count; i++) {
        points[i] = (struct window){db_time(rows, i, 0), db_time(rows, i, 1)};
        if (series->rolling_unit)
            rolling[i] = rolling_window(series, &points[i], last_us, db_time(rows, i, 2));
    }
    *ret_points = points;
    *ret_rolling = rolling;
    *ret_count = count;
    return DB_OK;
}
