/*
 * windows (store): from what a client asked ("last=30d", "period=this_quarter", dates, a zone) to
 * instants, half-open: from belongs to the window, to does not. PostgreSQL does the calendar and
 * the zones.
 *
 * last      to is the first quarter hour after now (answers are accepted as of now at the latest,
 *           so none lies beyond it); from is to minus the span: hours exactly, days, weeks, months
 *           and years on the wall clock of the zone.
 * period    whole days, ISO weeks, months, quarters, years of the zone; a running period ends at
 *           its calendar end; "all" is open at both ends.
 * span      an instant, or a date: its start in the zone. Without to: the first quarter hour after
 *           now.
 * previous  of a period the whole period before; of last the same span before from; of two dates
 *           as many days before; of other spans the same time before, but never before year 1, when
 *           there were no answers. None for "all".
 *
 * Series cut a window into hours, days, ISO weeks, months, quarters or years of the zone. Hours are
 * cut where the clocks show full ones; where clocks are set by an hour at a quarter to (Chatham),
 * the quarter hour from then until the next full hour belongs to the hour before.
 *
 * A wall clock time that the clocks show twice is the first of the two, so a day begins with its
 * first midnight; one that they skip is read by the clock before the gap, so a day whose midnight
 * is skipped begins after the gap, and a day that a zone skipped is empty.
 */
#ifndef NPSD_STORE_WINDOWS_H
#define NPSD_STORE_WINDOWS_H

#include "npsd/db/pg.h"
#include "npsd/domain/slots.h"

enum window_form { WINDOW_LAST, WINDOW_PERIOD, WINDOW_SPAN };

struct window_request {
    enum window_form form;
    const char *last_unit; /* WINDOW_LAST: "hours", "days", "weeks", "months", "years" */
    int last_count;        /* at least 1; at most a hundred years */
    const char *period;    /* WINDOW_PERIOD: windows_period_exists */
    const char *from, *to; /* WINDOW_SPAN: RFC 3339 or a date, checked; to NULL: see above */
    const char *time_zone;
    int64_t now_us;
};

struct window {
    int64_t from_us, to_us; /* SLOTS_OPEN_FROM, SLOTS_OPEN_TO: open */
};

extern const struct db_stmt *const windows_statements[];

/* "today", "yesterday", "this_week" ... "last_year", "all". */
bool windows_period_exists(const char *name);

/*
 * *ret_zone_known false: no such time zone, nothing else is set. *ret_has_previous false: "all",
 * *ret_previous is not set. A span that ends before it begins comes back as it is. Not inside a
 * transaction: an unknown zone would abort it.
 */
enum db_status windows_resolve(struct pg *pg, const struct window_request *request,
                               bool *ret_zone_known, struct window *ret_window,
                               bool *ret_has_previous, struct window *ret_previous);

enum window_interval {
    WINDOW_HOUR,
    WINDOW_DAY,
    WINDOW_WEEK,
    WINDOW_MONTH,
    WINDOW_QUARTER,
    WINDOW_YEAR
};

struct window_series {
    enum window_interval interval;
    int rolling_count;        /* at least 1; at most a hundred years */
    const char *rolling_unit; /* as last_unit; NULL: no moving windows */
};

/*
 * The intervals that a window of two known ends is made of, in order and without a gap: the first
 * begins and the last ends with the window. None for a window that ends before it begins.
 *
 * Days and longer begin as days do above; one that the zone skipped is left out. A new hour begins
 * when the wall clock shows one, and where it is set by less than an hour: so an hour that the
 * clock shows twice is two, and clocks that are half an hour off, or set by half an hour, have
 * theirs.
 *
 * The moving window of an interval ends with it, but not behind the first quarter hour after now,
 * and begins the span before, as "last" does; it may begin before the window. It is empty for an
 * interval that begins after that quarter hour. Without moving windows *ret_rolling is *ret_points.
 *
 * request gives zone and now; the zone must be known (windows_resolve). *ret_too_many true: there
 * are more than max, and nothing else is set. The arrays are in arena.
 */
enum db_status windows_series(struct pg *pg, struct arena *arena,
                              const struct window_request *request, const struct window *window,
                              const struct window_series *series, size_t max, bool *ret_too_many,
                              struct window **ret_points, struct window **ret_rolling,
                              size_t *ret_count);

#endif
