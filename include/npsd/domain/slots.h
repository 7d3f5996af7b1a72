/*
 * slots: how a window of time is covered by few tally rows. Pure.
 *
 * Slots of the six levels are counted from 1970-01-01T00:00Z: quarter hours, hours, six hours,
 * days, months ((year - 1970) * 12 + month - 1), and years. A half-open window [from, to) of
 * microseconds is cut into at most nine ranges of whole slots (quarters, hours, days, months,
 * years, months, days, hours, quarters; or six hours, days, months, years, months, days, six hours)
 * and at most two spans at its edges that are less than the finest slot and must be counted from
 * rows. The pieces are disjoint and cover the window exactly.
 *
 * SLOTS_OPEN_FROM as from or SLOTS_OPEN_TO as to leaves that end open; then whole years reach to
 * that end. Other instants lie within the years 0001 to 9999 (what clock_parse gives).
 */
#ifndef NPSD_DOMAIN_SLOTS_H
#define NPSD_DOMAIN_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOTS_OPEN_FROM INT64_MIN
#define SLOTS_OPEN_TO INT64_MAX

enum slot_level {
    SLOT_QUARTER,
    SLOT_HOUR,
    SLOT_SIX_HOURS,
    SLOT_DAY,
    SLOT_MONTH,
    SLOT_YEAR,
    SLOT_LEVELS
};

/* Slots [lo, hi) of one level. Open ends are INT32_MIN and INT32_MAX. */
struct slot_range {
    enum slot_level level;
    int32_t lo, hi;
};

/* Instants [from_us, to_us). */
struct slot_span {
    int64_t from_us, to_us;
};

struct slot_cover {
    struct slot_range ranges[9];
    size_t range_count;
    struct slot_range whole; /* all of ranges as one range of quarters (what is asked of the
                                journal); lo == hi: none */
    struct slot_span edges[2];
    size_t edge_count;
};

/* finest: quarters, which hours follow, then days; six hours; or days. from_us >= to_us gives an
 * empty cover. */
struct slot_cover slots_cover(int64_t from_us, int64_t to_us, enum slot_level finest);

/* Of a level that is no longer than a day. */
int64_t slot_width_us(enum slot_level level);

/* The slot an instant lies in (floor). */
int32_t slot_of(enum slot_level level, int64_t instant_us);
/* The instant at which a slot begins; SLOTS_OPEN_FROM and SLOTS_OPEN_TO for INT32_MIN and
 * INT32_MAX.
 */
int64_t slot_start_us(enum slot_level level, int32_t slot);

#endif
