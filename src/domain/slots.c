#include "npsd/domain/slots.h"
#include "npsd/base/clock.h"

enum { QUARTERS_A_DAY = 96 };

int64_t slot_width_us(enum slot_level level)
{
    switch (level) {
    case SLOT_QUARTER:
        return CLOCK_DAY_US / QUARTERS_A_DAY;
    case SLOT_HOUR:
        return CLOCK_DAY_US / 24;
    case SLOT_SIX_HOURS:
        return CLOCK_DAY_US / 4;
    default:
        return CLOCK_DAY_US;
    }
}

int32_t slot_of(enum slot_level level, int64_t instant_us)
{
    int year, month, day;
    int32_t slot = (int32_t)clock_floor_div(instant_us, slot_width_us(level));
    if (level < SLOT_MONTH)
        return slot;
    clock_civil_from_days(slot, &year, &month, &day);
    return level == SLOT_YEAR ? year - 1970 : (year - 1970) * 12 + month - 1;
}

int64_t slot_start_us(enum slot_level level, int32_t slot)
{
    if (slot == INT32_MIN)
        return SLOTS_OPEN_FROM;
    if (slot == INT32_MAX)
        return SLOTS_OPEN_TO;
    if (level < SLOT_MONTH)
        return slot * slot_width_us(level);
    int year = level == SLOT_YEAR ? slot : (int)clock_floor_div(slot, 12);
    int month = level == SLOT_YEAR ? 1 : slot - year * 12 + 1;
    return clock_days_from_civil(1970 + year, month, 1) * CLOCK_DAY_US;
}

/* The first slot that does not begin before the instant. */
static int32_t first_slot(enum slot_level level, int64_t from_us)
{
    if (from_us == SLOTS_OPEN_FROM)
        return INT32_MIN;
    int32_t slot = slot_of(level, from_us);
    return slot_start_us(level, slot) < from_us ? slot + 1 : slot;
}

/* The first slot that does not end by the instant. */
static int32_t end_slot(enum slot_level level, int64_t to_us)
{
    return to_us == SLOTS_OPEN_TO ? INT32_MAX : slot_of(level, to_us);
}

static struct slot_range range_between(enum slot_level level, int64_t from_us, int64_t to_us)
{
    return (struct slot_range){level, first_slot(level, from_us), end_slot(level, to_us)};
}

static void add_range(struct slot_cover *cover, enum slot_level level, int64_t from_us,
                      int64_t to_us)
{
    if (from_us < to_us)
        cover->ranges[cover->range_count++] = range_between(level, from_us, to_us);
}

static void add_edge(struct slot_cover *cover, int64_t from_us, int64_t to_us)
{
    if (from_us < to_us)
        cover->edges[cover->edge_count++] = (struct slot_span){from_us, to_us};
}

/* Six hours are for what has no hours. */
static enum slot_level wider(enum slot_level level)
{
    return level == SLOT_HOUR ? SLOT_DAY : level + 1;
}

/* The ends lie between two slots of this level: whole slots of the next level in the middle, what
 * is left of them on both sides. */
static void add_ranges(struct slot_cover *cover, enum slot_level level, int64_t from_us,
                       int64_t to_us)
{
    if (level < SLOT_YEAR) {
        struct slot_range inner = range_between(wider(level), from_us, to_us);
        if (inner.lo < inner.hi) {
            int64_t inner_from_us = slot_start_us(inner.level, inner.lo);
            int64_t inner_to_us = slot_start_us(inner.level, inner.hi);
            add_range(cover, level, from_us, inner_from_us);
            add_ranges(cover, inner.level, inner_from_us, inner_to_us);
            add_range(cover, level, inner_to_us, to_us);
            return;
        }
    }
    add_range(cover, level, from_us, to_us);
}

struct slot_cover slots_cover(int64_t from_us, int64_t to_us, enum slot_level finest)
{
    struct slot_cover cover = {.range_count = 0};
    if (from_us >= to_us)
        return cover;
    struct slot_range slots = range_between(finest, from_us, to_us);
    if (slots.lo > slots.hi) { /* both ends in one slot */
        add_edge(&cover, from_us, to_us);
        return cover;
    }
    int64_t lo_us = slot_start_us(finest, slots.lo);
    int64_t hi_us = slot_start_us(finest, slots.hi);
    add_edge(&cover, from_us, lo_us);
    if (lo_us < hi_us) {
        add_ranges(&cover, finest, lo_us, hi_us);
        cover.whole = range_between(SLOT_QUARTER, lo_us, hi_us);
    }
    add_edge(&cover, hi_us, to_us);
    return cover;
}
