/*
 * windows_parts: what the files of windows share.
 *
 *     windows.c         from a request to a window
 *     windows_series.c  from a window to its intervals
 */
#ifndef NPSD_STORE_WINDOWS_PARTS_H
#define NPSD_STORE_WINDOWS_PARTS_H

#include "npsd/base/clock.h"
#include "npsd/store/windows.h"

#define WINDOWS_QUARTER_US (900 * CLOCK_SECOND_US)
#define WINDOWS_HOUR_US (3600 * CLOCK_SECOND_US)
/* 0001-01-01: no answer is older, so nothing is asked from before. */
#define WINDOWS_FIRST_DAY INT64_C(-719162)
#define WINDOWS_FIRST_US (WINDOWS_FIRST_DAY * CLOCK_DAY_US)

/*
 * Joins name (at): when the wall clocks of zone $1 show the time wall. Of a time that the clocks
 * show twice the first, so that a day begins with its first midnight (PostgreSQL takes the second;
 * how much earlier the first is tells a look at three hours before). What the clocks skip
 * PostgreSQL reads by the clock before the gap. A time that is null has a null instant.
 * "offset 0" keeps the later one from being worked out anew wherever it is named.
 */
#define FIRST_INSTANT(wall, name)                                                                  \
    " cross join lateral (select timezone($1, " wall ") offset 0) later_" name " (at)"             \
    " cross join lateral (select later_" name ".at - (timezone($1, later_" name                    \
    ".at - interval '3 hours') + interval '3 hours' - " wall ")) earlier_" name " (at)"            \
    " cross join lateral (select case when earlier_" name ".at = later_" name ".at"                \
    "  then later_" name ".at when timezone($1, earlier_" name ".at) = " wall                      \
    "  then earlier_" name ".at else later_" name ".at end) " name " (at)"

extern const struct db_stmt windows_series_days, windows_series_hours;

/* The first quarter hour after now. */
static inline int64_t windows_next_quarter_us(int64_t now_us)
{
    return (clock_floor_div(now_us, WINDOWS_QUARTER_US) + 1) * WINDOWS_QUARTER_US;
}

#endif
