#include "windows_parts.h"

#include "npsd/domain/zone.h"

#include <stdio.h>
#include <string.h>

enum { STEP_SIZE = 32 };

/* The instants at which the wall clocks of zone $1 show three times: from, to, and from of the
 * previous window. */
#define INSTANTS(walls)                                                                            \
    "select min(i.at) filter (where n = 1), min(i.at) filter (where n = 2),"                       \
    " min(i.at) filter (where n = 3) from (" walls ") wall (n, at)" FIRST_INSTANT("wall.at", "i")
#define INSTANTS_COLUMNS "timestamptz timestamptz timestamptz"

/* $2 to, $3 the span. to itself comes back as null: it is an instant, not a wall clock time. */
static const struct db_stmt resolve_last = {
    "windows_last", "text timestamptz text", INSTANTS_COLUMNS,
    INSTANTS("values (1, timezone($1, $2) - $3::interval),"
             " (3, timezone($1, $2) - $3::interval - $3::interval)")};

/* $2 now, $3 unit, $4 its length, $5 how many units from now's. */
static const struct db_stmt resolve_period = {
    "windows_period", "text timestamptz text text int4", INSTANTS_COLUMNS,
    INSTANTS("select n, date_trunc($3, timezone($1, $2)) + ($5 + units) * $4::interval"
             " from (values (1, 0), (2, 1), (3, -1)) w (n, units)")};

/* $2, $3, $4: days since 1970; null where an end is no date. */
static const struct db_stmt resolve_dates = {
    "windows_dates", "text int4 int4 int4", INSTANTS_COLUMNS,
    INSTANTS("select n, (date '1970-01-01' + day)::timestamp"
             " from (values (1, $2), (2, $3), (3, $4)) d (n, day)")};

/* Fails, as the others do, if there is no such zone. */
static const struct db_stmt check_zone = {"windows_zone", "text timestamptz", "bool",
                                          "select timezone($1, $2) is not null"};

const struct db_stmt *const windows_statements[] = {
    &resolve_last, &resolve_period,      &resolve_dates,
    &check_zone,   &windows_series_days, &windows_series_hours,
    NULL};

static const char no_such_zone[] = "22023";

struct period {
    const char *name, *unit, *length;
    int units;
};

static const struct period periods[] = {
    {"today", "day", "1 day", 0},
    {"yesterday", "day", "1 day", -1},
    {"this_week", "week", "1 week", 0},
    {"last_week", "week", "1 week", -1},
    {"this_month", "month", "1 month", 0},
    {"last_month", "month", "1 month", -1},
    {"this_quarter", "quarter", "3 months", 0},
    {"last_quarter", "quarter", "3 months", -1},
    {"this_year", "year", "1 year", 0},
    {"last_year", "year", "1 year", -1},
};

static const char all_time[] = "all";

static const struct period *find_period(const char *name)
{
    for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++)
        if (strcmp(periods[i].name, name) == 0)
            return &periods[i];
    return NULL;
}

bool windows_period_exists(const char *name)
{
    return strcmp(name, all_time) == 0 || find_period(name);
}

struct resolved {
    struct window window, previous;
    bool has_previous;
};

static int64_t same_length_before(const struct window *window)
{
    int64_t from_us = window->from_us - (window->to_us - window->from_us);
    return from_us > WINDOWS_FIRST_US ? from_us : WINDOWS_FIRST_US;
}

/* Nothing of the calendar is needed, but the zone must still be one. */
static enum db_status resolve_exact(struct pg *pg, const char *zone, struct window window,
                                    struct resolved *ret_resolved)
{
    enum db_status status = PG_EXEC(pg, &check_zone, NULL, P_TEXT(zone), P_TIME(0));
    if (status == DB_OK)
        *ret_resolved = (struct resolved){
            .window = window,
            .previous = {same_length_before(&window), window.from_us},
            .has_previous = true,
        };
    return status;
}

static enum db_status read_last(struct pg *pg, const char *zone,
                                const struct window_request *request, struct resolved *ret_resolved)
{
    char step[STEP_SIZE];
    DB_RESULT row = NULL;
    int64_t to_us = windows_next_quarter_us(request->now_us);

    if (strcmp(request->last_unit, "hours") == 0)
        return resolve_exact(pg, zone,
                             (struct window){to_us - request->last_count * WINDOWS_HOUR_US, to_us},
                             ret_resolved);
    snprintf(step, sizeof(step), "%d %s", request->last_count, request->last_unit);
    enum db_status status =
        PG_EXEC(pg, &resolve_last, &row, P_TEXT(zone), P_TIME(to_us), P_TEXT(step));
    if (status == DB_OK)
        *ret_resolved = (struct resolved){
            .window = {db_time(row, 0, 0), to_us},
            .previous = {db_time(row, 0, 2), db_time(row, 0, 0)},
            .has_previous = true,
        };
    return status;
}

static enum db_status read_period(struct pg *pg, const char *zone,
                                  const struct window_request *request,
                                  struct resolved *ret_resolved)
{
    const struct period *period = find_period(request->period);
    DB_RESULT row = NULL;

    if (!period) {
        enum db_status zone_status = PG_EXEC(pg, &check_zone, NULL, P_TEXT(zone), P_TIME(0));
        if (zone_status == DB_OK)
            *ret_resolved = (struct resolved){.window = {SLOTS_OPEN_FROM, SLOTS_OPEN_TO}};
        return zone_status;
    }
    enum db_status status =
        PG_EXEC(pg, &resolve_period, &row, P_TEXT(zone), P_TIME(request->now_us),
                P_TEXT(period->unit), P_TEXT(period->length), P_INT4(period->units));
    if (status == DB_OK)
        *ret_resolved = (struct resolved){
            .window = {db_time(row, 0, 0), db_time(row, 0, 1)},
            .previous = {db_time(row, 0, 2), db_time(row, 0, 0)},
            .has_previous = true,
        };
    return status;
}

/* An end of a span: a date, or an instant. */
struct span_end {
    bool is_date;
    int32_t day;
    int64_t at_us;
};

static struct span_end span_end(const char *text, int64_t now_us)
{
    struct span_end end = {.is_date = false};
    if (!text)
        end.at_us = windows_next_quarter_us(now_us);
    else if (!clock_parse(text, strlen(text), &end.at_us))
        end.is_date = clock_parse_date(text, strlen(text), &end.day);
    return end;
}

static struct db_param day_param(bool is_date, int64_t day)
{
    if (!is_date)
        return P_NULL;
    return P_INT4(day > WINDOWS_FIRST_DAY ? day : WINDOWS_FIRST_DAY);
}

static enum db_status read_span(struct pg *pg, const char *zone,
                                const struct window_request *request, struct resolved *ret_resolved)
{
    struct span_end from = span_end(request->from, request->now_us);
    struct span_end to = span_end(request->to, request->now_us);
    bool both = from.is_date && to.is_date;
    DB_RESULT row = NULL;

    if (!from.is_date && !to.is_date)
        return resolve_exact(pg, zone, (struct window){from.at_us, to.at_us}, ret_resolved);
    enum db_status status =
        PG_EXEC(pg, &resolve_dates, &row, P_TEXT(zone), day_param(from.is_date, from.day),
                day_param(to.is_date, to.day), day_param(both, 2 * (int64_t)from.day - to.day));
    if (status != DB_OK)
        return status;
    struct window window = {from.is_date ? db_time(row, 0, 0) : from.at_us,
                            to.is_date ? db_time(row, 0, 1) : to.at_us};
    *ret_resolved = (struct resolved){
        .window = window,
        .previous = {both ? db_time(row, 0, 2) : same_length_before(&window), window.from_us},
        .has_previous = true,
    };
    return DB_OK;
}

static enum db_status resolve(struct pg *pg, const char *zone, const struct window_request *request,
                              struct resolved *ret_resolved)
{
    switch (request->form) {
    case WINDOW_PERIOD:
        return read_period(pg, zone, request, ret_resolved);
    case WINDOW_SPAN:
        return read_span(pg, zone, request, ret_resolved);
    default:
        return read_last(pg, zone, request, ret_resolved);
    }
}

enum db_status windows_resolve(struct pg *pg, const struct window_request *request,
                               bool *ret_zone_known, struct window *ret_window,
                               bool *ret_has_previous, struct window *ret_previous)
{
    struct resolved resolved = {.has_previous = false};
    const char *zone = zone_region(request->time_zone);
    enum db_status status = zone ? resolve(pg, zone, request, &resolved) : DB_OK;

    if (!zone || (status == DB_REFUSED && strcmp(pg_sqlstate(pg), no_such_zone) == 0)) {
        *ret_zone_known = false;
        return DB_OK;
    }
    if (status != DB_OK)
        return status;
    *ret_zone_known = true;
    *ret_window = resolved.window;
    *ret_has_previous = resolved.has_previous;
    if (resolved.has_previous)
        *ret_previous = resolved.previous;
    return DB_OK;
}
