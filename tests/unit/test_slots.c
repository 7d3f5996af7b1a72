#include "npsd/base/clock.h"
#include "npsd/domain/slots.h"
#include "suite.h"
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#define QUARTER_US (900 * CLOCK_SECOND_US)
#define HOUR_US (3600 * CLOCK_SECOND_US)

enum { PIECES_MAX = 11 };

static int64_t at(const char *text)
{
    int64_t us = 0;
    ck_assert_msg(clock_parse(text, strlen(text), &us), "%s", text);
    return us;
}

static int64_t month_start(int32_t month)
{
    int32_t year = (int32_t)clock_floor_div(month, 12);
    struct tm tm = {.tm_year = 70 + year, .tm_mon = month - year * 12, .tm_mday = 1};
    return timegm(&tm) * CLOCK_SECOND_US;
}

static int compare_spans(const void *a, const void *b)
{
    int64_t x = ((const struct slot_span *)a)->from_us, y = ((const struct slot_span *)b)->from_us;
    return (x > y) - (x < y);
}

/* All pieces as spans of time, in order. */
static size_t spans_of(const struct slot_cover *cover, struct slot_span spans[PIECES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < cover->range_count; i++)
        spans[count++] =
            (struct slot_span){slot_start_us(cover->ranges[i].level, cover->ranges[i].lo),
                               slot_start_us(cover->ranges[i].level, cover->ranges[i].hi)};
    for (size_t i = 0; i < cover->edge_count; i++)
        spans[count++] = cover->edges[i];
    qsort(spans, count, sizeof spans[0], compare_spans);
    return count;
}

/* Disjoint, without a gap, from one end to the other. */
static const char *wrong_pieces(const struct slot_cover *cover, int64_t from_us, int64_t to_us)
{
    struct slot_span spans[PIECES_MAX];
    if (cover->range_count > 9 || cover->edge_count > 2)
        return "too many pieces";
    size_t count = spans_of(cover, spans);
    for (size_t i = 0; i < count; i++) {
        if (spans[i].from_us >= spans[i].to_us)
            return "an empty piece";
        if (spans[i].from_us != (i == 0 ? from_us : spans[i - 1].to_us))
            return "a gap or an overlap";
    }
    if (count == 0 || spans[count - 1].to_us != to_us)
        return "the end is missing";
    return NULL;
}

static const char *wrong_edges(const struct slot_cover *cover, int64_t from_us, int64_t to_us,
                               int64_t finest_us)
{
    for (size_t i = 0; i < cover->edge_count; i++) {
        const struct slot_span *edge = &cover->edges[i];
        if (edge->to_us - edge->from_us >= finest_us)
            return "a wide edge";
        if (edge->from_us != from_us && edge->to_us != to_us)
            return "an edge in the middle";
        if (clock_floor_div(edge->from_us, finest_us) !=
            clock_floor_div(edge->to_us - 1, finest_us))
            return "an edge over two slots";
    }
    return NULL;
}

/* No range holds a whole slot of the next level: there are as few rows as can be. */
static const char *wrong_ranges(const struct slot_cover *cover, enum slot_level finest)
{
    for (size_t i = 0; i < cover->range_count; i++) {
        const struct slot_range *range = &cover->ranges[i];
        if (range->level < finest || range->level > SLOT_YEAR ||
            (range->level == SLOT_SIX_HOURS && finest != SLOT_SIX_HOURS))
            return "a wrong level";
        if (range->level == SLOT_YEAR)
            continue;
        int64_t lo_us = slot_start_us(range->level, range->lo);
        enum slot_level next = range->level == SLOT_HOUR ? SLOT_DAY : range->level + 1;
        int32_t upper = slot_of(next, lo_us - 1) + 1;
        if (slot_start_us(next, upper + 1) <= slot_start_us(range->level, range->hi))
            return "a range too fine";
    }
    return NULL;
}

static const char *wrong_whole(const struct slot_cover *cover)
{
    const struct slot_range *whole = &cover->whole;
    if (cover->range_count == 0)
        return whole->lo == whole->hi ? NULL : "a whole of nothing";
    const struct slot_range *first = &cover->ranges[0],
                            *last = &cover->ranges[cover->range_count - 1];
    if (whole->level != SLOT_QUARTER)
        return "a whole that is not quarters";
    if (slot_start_us(SLOT_QUARTER, whole->lo) != slot_start_us(first->level, first->lo) ||
        slot_start_us(SLOT_QUARTER, whole->hi) != slot_start_us(last->level, last->hi))
        return "a whole of something else";
    return NULL;
}

static void check(int64_t from_us, int64_t to_us, enum slot_level finest)
{
    struct slot_cover cover = slots_cover(from_us, to_us, finest);
    const char *wrong = wrong_pieces(&cover, from_us, to_us);
    if (!wrong)
        wrong = wrong_edges(&cover, from_us, to_us, slot_width_us(finest));
    if (!wrong)
        wrong = wrong_ranges(&cover, finest);
    if (!wrong)
        wrong = wrong_whole(&cover);
    if (wrong)
        ck_abort_msg("%s: %" PRId64 " to %" PRId64 ", %d", wrong, from_us, to_us, (int)finest);
}

static const enum slot_level finests[] = {SLOT_QUARTER, SLOT_SIX_HOURS, SLOT_DAY};

static void check_all_pairs(const int64_t *instants, size_t count)
{
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            if (instants[a] < instants[b]) {
                for (size_t f = 0; f < COUNT_OF(finests); f++)
                    check(instants[a], instants[b], finests[f]);
            }
}

static void range_is(const struct slot_range *range, enum slot_level level, int32_t lo, int32_t hi)
{
    ck_assert_int_eq(range->level, level);
    ck_assert_int_eq(range->lo, lo);
    ck_assert_int_eq(range->hi, hi);
}

/* As many as there can be: nine ranges and two edges. */
START_TEST(all_pieces)
{
    int64_t from = at("2022-11-29T22:40:00Z"), to = at("2024-02-02T01:20:00.000001Z");
    struct slot_cover cover = slots_cover(from, to, SLOT_QUARTER);
    int32_t day = 19325, last = 19755; /* 2022-11-29, 2024-02-02 */
    ck_assert_uint_eq(cover.range_count, 9);
    range_is(&cover.ranges[0], SLOT_QUARTER, day * 96 + 91, day * 96 + 92);
    range_is(&cover.ranges[1], SLOT_HOUR, day * 24 + 23, day * 24 + 24);
    range_is(&cover.ranges[2], SLOT_DAY, day + 1, day + 2);
    range_is(&cover.ranges[3], SLOT_MONTH, 52 * 12 + 11, 53 * 12);
    range_is(&cover.ranges[4], SLOT_YEAR, 53, 54);
    range_is(&cover.ranges[5], SLOT_MONTH, 54 * 12, 54 * 12 + 1);
    range_is(&cover.ranges[6], SLOT_DAY, last - 1, last);
    range_is(&cover.ranges[7], SLOT_HOUR, last * 24, last * 24 + 1);
    range_is(&cover.ranges[8], SLOT_QUARTER, last * 96 + 4, last * 96 + 5);
    range_is(&cover.whole, SLOT_QUARTER, day * 96 + 91, last * 96 + 5);
    ck_assert_uint_eq(cover.edge_count, 2);
    ck_assert_int_eq(cover.edges[0].from_us, from);
    ck_assert_int_eq(cover.edges[0].to_us, at("2022-11-29T22:45:00Z"));
    ck_assert_int_eq(cover.edges[1].from_us, at("2024-02-02T01:15:00Z"));
    ck_assert_int_eq(cover.edges[1].to_us, to);
}
END_TEST

START_TEST(coarse_pieces)
{
    struct slot_cover cover =
        slots_cover(at("2024-01-30T22:40:00Z"), at("2024-04-02T01:20:00Z"), SLOT_DAY);
    ck_assert_uint_eq(cover.range_count, 3);
    range_is(&cover.ranges[0], SLOT_DAY, 19753, 19754);
    range_is(&cover.ranges[1], SLOT_MONTH, 649, 651);
    range_is(&cover.ranges[2], SLOT_DAY, 19814, 19815);
    range_is(&cover.whole, SLOT_QUARTER, 19753 * 96, 19815 * 96);
    ck_assert_uint_eq(cover.edge_count, 2);
}
END_TEST

START_TEST(six_hours)
{
    int64_t from = at("2024-01-30T11:59:00Z"), to = at("2024-04-02T19:20:00Z");
    struct slot_cover cover = slots_cover(from, to, SLOT_SIX_HOURS);
    ck_assert_uint_eq(cover.range_count, 5);
    range_is(&cover.ranges[0], SLOT_SIX_HOURS, 19752 * 4 + 2, 19753 * 4);
    range_is(&cover.ranges[1], SLOT_DAY, 19753, 19754);
    range_is(&cover.ranges[2], SLOT_MONTH, 649, 651);
    range_is(&cover.ranges[3], SLOT_DAY, 19814, 19815);
    range_is(&cover.ranges[4], SLOT_SIX_HOURS, 19815 * 4, 19815 * 4 + 3);
    range_is(&cover.whole, SLOT_QUARTER, 19752 * 96 + 48, 19815 * 96 + 72);
    ck_assert_uint_eq(cover.edge_count, 2);
    ck_assert_int_eq(cover.edges[0].to_us - from, 60 * CLOCK_SECOND_US);
    ck_assert_int_eq(to - cover.edges[1].from_us, 80 * 60 * CLOCK_SECOND_US);
}
END_TEST

START_TEST(exact_slots_have_no_edges)
{
    struct slot_cover cover =
        slots_cover(at("2024-02-01T00:00:00Z"), at("2024-03-01T00:00:00Z"), SLOT_QUARTER);
    ck_assert_uint_eq(cover.range_count, 1);
    range_is(&cover.ranges[0], SLOT_MONTH, 649, 650);
    ck_assert_uint_eq(cover.edge_count, 0);
    cover = slots_cover(at("2024-02-29T00:00:00Z"), at("2024-03-01T00:00:00Z"), SLOT_DAY);
    ck_assert_uint_eq(cover.range_count, 1);
    range_is(&cover.ranges[0], SLOT_DAY, 19782, 19783);
    ck_assert_uint_eq(cover.edge_count, 0);
}
END_TEST

START_TEST(nothing)
{
    static const int64_t ends[][2] = {{5, 5},
                                      {6, 5},
                                      {SLOTS_OPEN_FROM, SLOTS_OPEN_FROM},
                                      {SLOTS_OPEN_TO, SLOTS_OPEN_TO},
                                      {SLOTS_OPEN_TO, SLOTS_OPEN_FROM},
                                      {0, SLOTS_OPEN_FROM},
                                      {SLOTS_OPEN_TO, 0}};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        for (size_t f = 0; f < COUNT_OF(finests); f++) {
            struct slot_cover cover = slots_cover(ends[i][0], ends[i][1], finests[f]);
            ck_assert_uint_eq(cover.range_count, 0);
            ck_assert_uint_eq(cover.edge_count, 0);
            ck_assert_int_eq(cover.whole.lo, cover.whole.hi);
        }
}
END_TEST

START_TEST(within_one_slot)
{
    struct slot_cover cover = slots_cover(-10, -5, SLOT_QUARTER);
    ck_assert_uint_eq(cover.range_count, 0);
    ck_assert_uint_eq(cover.edge_count, 1);
    ck_assert_int_eq(cover.edges[0].from_us, -10);
    ck_assert_int_eq(cover.edges[0].to_us, -5);
    cover = slots_cover(-10, 5, SLOT_QUARTER); /* over a boundary: two */
    ck_assert_uint_eq(cover.range_count, 0);
    ck_assert_uint_eq(cover.edge_count, 2);
    ck_assert_int_eq(cover.edges[0].to_us, 0);
    ck_assert_int_eq(cover.edges[1].from_us, 0);
    ck_assert_int_eq(cover.whole.lo, cover.whole.hi);
    cover = slots_cover(HOUR_US, 23 * HOUR_US, SLOT_DAY);
    ck_assert_uint_eq(cover.range_count, 0);
    ck_assert_uint_eq(cover.edge_count, 1);
    cover = slots_cover(HOUR_US, 6 * HOUR_US - 1, SLOT_SIX_HOURS);
    ck_assert_uint_eq(cover.range_count, 0);
    ck_assert_uint_eq(cover.edge_count, 1);
}
END_TEST

START_TEST(open_ends)
{
    struct slot_cover cover = slots_cover(SLOTS_OPEN_FROM, SLOTS_OPEN_TO, SLOT_QUARTER);
    ck_assert_uint_eq(cover.range_count, 1);
    ck_assert_uint_eq(cover.edge_count, 0);
    range_is(&cover.ranges[0], SLOT_YEAR, INT32_MIN, INT32_MAX);
    range_is(&cover.whole, SLOT_QUARTER, INT32_MIN, INT32_MAX);
    cover = slots_cover(SLOTS_OPEN_FROM, at("1970-03-02T00:00:00.000001Z"), SLOT_DAY);
    ck_assert_uint_eq(cover.range_count, 3);
    range_is(&cover.ranges[0], SLOT_YEAR, INT32_MIN, 0);
    range_is(&cover.ranges[1], SLOT_MONTH, 0, 2);
    range_is(&cover.ranges[2], SLOT_DAY, 59, 60);
    range_is(&cover.whole, SLOT_QUARTER, INT32_MIN, 60 * 96);
    ck_assert_uint_eq(cover.edge_count, 1);
    cover = slots_cover(at("1970-01-31T23:59:00Z"), SLOTS_OPEN_TO, SLOT_QUARTER);
    ck_assert_uint_eq(cover.range_count, 2);
    range_is(&cover.ranges[0], SLOT_MONTH, 1, 12);
    range_is(&cover.ranges[1], SLOT_YEAR, 1, INT32_MAX);
    ck_assert_uint_eq(cover.edge_count, 1);
}
END_TEST

/* All pairs out of the quarters of a day around a place of interest, each also a microsecond
 * before and after. */
START_TEST(every_window_around)
{
    static const char *const places[] = {"1970-01-01T00:00:00Z", "2024-03-01T00:00:00Z",
                                         "1900-03-01T00:00:00Z", "1969-12-01T00:00:00Z"};
    for (size_t place = 0; place < COUNT_OF(places); place++) {
        int64_t instants[96 * 3], centre = at(places[place]);
        size_t count = 0;
        for (int quarter = -48; quarter < 48; quarter++)
            for (int step = -1; step <= 1; step++)
                instants[count++] = centre + quarter * QUARTER_US + step;
        check_all_pairs(instants, count);
    }
}
END_TEST

/* All pairs out of the days of fifteen months, and the open ends. */
START_TEST(every_window_of_days)
{
    static const char *const starts[] = {"1969-11-30T00:00:00Z", "2023-12-30T00:00:00Z",
                                         "2100-01-01T00:00:00Z"};
    int64_t instants[450 + 2] = {SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    for (size_t start = 0; start < COUNT_OF(starts); start++) {
        int64_t first = at(starts[start]);
        for (int day = 0; day < 450; day++)
            instants[2 + day] = first + day * CLOCK_DAY_US;
        check_all_pairs(instants, COUNT_OF(instants));
    }
}
END_TEST

START_TEST(random_windows)
{
    uint64_t seed = 8;
    int64_t first = at("0001-01-01T00:00:00Z"), last = at("9999-12-31T23:59:59.999999Z");
    for (int i = 0; i < 200000; i++) {
        int64_t from = suite_between(&seed, first, last);
        int64_t longest = INT64_C(1) << suite_between(&seed, 1, 58);
        int64_t to = suite_between(&seed, from + 1, from + longest);
        if (i % 16 == 0)
            from = SLOTS_OPEN_FROM;
        if (i % 16 == 1 || to > last)
            to = SLOTS_OPEN_TO;
        check(from, to, finests[i % 3]);
    }
}
END_TEST

START_TEST(months)
{
    for (int32_t month = -24000; month < 96000; month++) {
        int64_t start = month_start(month);
        if (slot_start_us(SLOT_MONTH, month) != start || slot_of(SLOT_MONTH, start) != month ||
            slot_of(SLOT_MONTH, start - 1) != month - 1)
            ck_abort_msg("month %d", month);
    }
}
END_TEST

START_TEST(slots_of_instants)
{
    ck_assert_int_eq(slot_of(SLOT_QUARTER, 0), 0);
    ck_assert_int_eq(slot_of(SLOT_QUARTER, -1), -1);
    ck_assert_int_eq(slot_of(SLOT_HOUR, HOUR_US - 1), 0);
    ck_assert_int_eq(slot_of(SLOT_HOUR, -HOUR_US), -1);
    ck_assert_int_eq(slot_of(SLOT_HOUR, -HOUR_US - 1), -2);
    ck_assert_int_eq(slot_of(SLOT_SIX_HOURS, 6 * HOUR_US - 1), 0);
    ck_assert_int_eq(slot_of(SLOT_SIX_HOURS, -1), -1);
    ck_assert_int_eq(slot_of(SLOT_DAY, CLOCK_DAY_US), 1);
    ck_assert_int_eq(slot_start_us(SLOT_QUARTER, -3), -3 * QUARTER_US);
    ck_assert_int_eq(slot_start_us(SLOT_HOUR, 25), 25 * HOUR_US);
    ck_assert_int_eq(slot_start_us(SLOT_SIX_HOURS, 5), 30 * HOUR_US);
    ck_assert_int_eq(slot_start_us(SLOT_DAY, -1), -CLOCK_DAY_US);
    for (int level = SLOT_QUARTER; level < SLOT_LEVELS; level++) {
        ck_assert_int_eq(slot_start_us((enum slot_level)level, INT32_MIN), SLOTS_OPEN_FROM);
        ck_assert_int_eq(slot_start_us((enum slot_level)level, INT32_MAX), SLOTS_OPEN_TO);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        all_pieces,     coarse_pieces,        six_hours, exact_slots_have_no_edges,
        nothing,        within_one_slot,      open_ends, every_window_around,
        random_windows, every_window_of_days, months,    slots_of_instants};
    return suite_run("slots", tests, COUNT_OF(tests));
}
