#include "npsd/base/clock.h"
#include "npsd/domain/pieces.h"
#include "suite.h"

#include <string.h>

#define HOUR_US (3600 * CLOCK_SECOND_US)

static struct arena arena;
static uint64_t seed;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    seed = 20261121;
}

static void teardown(void)
{
    arena_done(&arena);
}

static int64_t between(int64_t low, int64_t high)
{
    return suite_between(&seed, low, high);
}

static int64_t at(const char *text)
{
    int64_t us = 0;
    ck_assert_msg(clock_parse(text, strlen(text), &us), "%s", text);
    return us;
}

/* --- pieces add up to windows --- */

enum { ANSWERS = 300, WINDOWS_MAX = 12, ROUNDS = 4000 };

struct answer {
    int64_t at_us;
    int score;
};

static struct nps_counts count(const struct answer *answers, const struct slot_span *span)
{
    struct nps_counts counts = {{0}};
    for (int i = 0; i < ANSWERS; i++)
        if (answers[i].at_us >= span->from_us && answers[i].at_us < span->to_us)
            counts.score[answers[i].score]++;
    return counts;
}

/* Anywhere, on or beside midnights and noons, on or beside an answer. */
static int64_t instant(const struct answer *answers, int64_t base_us, int64_t span_us)
{
    int64_t any_us = base_us + between(0, span_us);
    switch (between(0, 3)) {
    case 0:
        return clock_floor_div(any_us, CLOCK_DAY_US / 2) * (CLOCK_DAY_US / 2) + between(-1, 1);
    case 1:
        return answers[between(0, ANSWERS - 1)].at_us + between(-1, 1);
    case 2:
        return clock_floor_div(any_us, CLOCK_DAY_US) * CLOCK_DAY_US;
    default:
        return any_us;
    }
}

static void make_answers(struct answer *answers, int64_t base_us, int64_t span_us)
{
    for (int i = 0; i < ANSWERS; i++)
        answers[i] = (struct answer){base_us + between(0, span_us), (int)between(0, 10)};
    for (int i = 1; i < ANSWERS; i += 3)
        answers[i].at_us =
            clock_floor_div(answers[i].at_us, CLOCK_DAY_US / 2) * (CLOCK_DAY_US / 2) +
            between(-1, 1);
}

static size_t make_windows(const struct answer *answers, int64_t base_us, int64_t span_us,
                           struct slot_span *windows)
{
    size_t windows_count = (size_t)between(0, WINDOWS_MAX);
    for (size_t w = 0; w < windows_count; w++) {
        windows[w] = (struct slot_span){instant(answers, base_us, span_us),
                                        instant(answers, base_us, span_us)};
        if (w > 0 && between(0, 2) == 0)
            windows[w].from_us = windows[w - 1].to_us;
        if (between(0, 15) == 0)
            windows[w].from_us = SLOTS_OPEN_FROM;
        if (between(0, 15) == 0)
            windows[w].to_us = SLOTS_OPEN_TO;
    }
    return windows_count;
}

static void check(const struct answer *answers, const struct slot_span *windows,
                  size_t window_count, int64_t slot_us, int64_t now_us)
{
    struct pieces pieces = pieces_cut(&arena, windows, window_count, slot_us, now_us);
    struct nps_counts *of_pieces = arena_calloc(&arena, pieces.count + 1, sizeof(*of_pieces));
    struct nps_counts of_windows[WINDOWS_MAX];

    for (size_t p = 0; p < pieces.count; p++) {
        ck_assert_int_lt(pieces.spans[p].from_us, pieces.spans[p].to_us);
        of_pieces[p] = count(answers, &pieces.spans[p]);
    }
    memset(of_windows, 0xff, sizeof(of_windows));
    pieces_add_up(&pieces, of_pieces, of_windows);
    for (size_t w = 0; w < window_count; w++) {
        struct nps_counts expected = count(answers, &windows[w]);
        ck_assert_msg(memcmp(&of_windows[w], &expected, sizeof(expected)) == 0,
                      "window %zu of %zu: %lld to %lld", w, window_count,
                      (long long)windows[w].from_us, (long long)windows[w].to_us);
    }
}

START_TEST(random_windows)
{
    static const int64_t spans_us[] = {HOUR_US, 30 * HOUR_US, 10 * CLOCK_DAY_US,
                                       4000 * CLOCK_DAY_US};
    static const int64_t slots_us[] = {0, 6 * HOUR_US, CLOCK_DAY_US};
    for (int round = 0; round < ROUNDS; round++) {
        struct answer answers[ANSWERS];
        struct slot_span windows[WINDOWS_MAX];
        int64_t base_us = between(-20000, 20000) * CLOCK_DAY_US / 3;
        int64_t span_us = spans_us[between(0, COUNT_OF(spans_us) - 1)];

        arena_reset(&arena);
        make_answers(answers, base_us, span_us);
        size_t window_count = make_windows(answers, base_us, span_us, windows);
        check(answers, windows, window_count, slots_us[between(0, COUNT_OF(slots_us) - 1)],
              between(0, 1) ? SLOTS_OPEN_TO : instant(answers, base_us, span_us));
    }
}
END_TEST

/* --- what is counted, and that it is little --- */

static void span_is(const struct slot_span *span, const char *from, const char *to)
{
    ck_assert_int_eq(span->from_us, at(from));
    ck_assert_int_eq(span->to_us, at(to));
}

START_TEST(one_window)
{
    const struct slot_span window = {at("2026-03-01T18:15:00Z"), at("2026-03-31T07:30:00Z")};
    struct pieces pieces = pieces_cut(&arena, &window, 1, CLOCK_DAY_US, SLOTS_OPEN_TO);

    ck_assert_uint_eq(pieces.count, 3);
    span_is(&pieces.spans[0], "2026-03-02T00:00:00Z", "2026-03-31T00:00:00Z");
    span_is(&pieces.spans[1], "2026-03-01T18:15:00Z", "2026-03-02T00:00:00Z");
    span_is(&pieces.spans[2], "2026-03-31T00:00:00Z", "2026-03-31T07:30:00Z");

    pieces = pieces_cut(&arena, &window, 1, 0, SLOTS_OPEN_TO);
    ck_assert_uint_eq(pieces.count, 1);
    span_is(&pieces.spans[0], "2026-03-01T18:15:00Z", "2026-03-31T07:30:00Z");
}
END_TEST

/* In the future the midnight is the next one, though the other is nearer: nothing lies before it.
 */
START_TEST(until_now)
{
    const struct slot_span window = {at("2026-03-01T18:15:00Z"), at("2026-03-31T07:30:00Z")};
    struct pieces pieces = pieces_cut(&arena, &window, 1, CLOCK_DAY_US, at("2026-03-31T07:22:00Z"));

    ck_assert_uint_eq(pieces.count, 3);
    span_is(&pieces.spans[0], "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z");
    span_is(&pieces.spans[1], "2026-03-01T18:15:00Z", "2026-03-02T00:00:00Z");
    span_is(&pieces.spans[2], "2026-03-31T07:30:00Z", "2026-04-01T00:00:00Z");

    pieces = pieces_cut(&arena, &window, 1, CLOCK_DAY_US, at("2026-03-31T07:30:00Z"));
    span_is(&pieces.spans[2], "2026-03-31T00:00:00Z", "2026-03-31T07:30:00Z");

    const struct slot_span days = {at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")};
    ck_assert_uint_eq(pieces_cut(&arena, &days, 1, CLOCK_DAY_US, at("2026-03-31T07:22:00Z")).count,
                      1);
}
END_TEST

/* Noon is as near to the midnight before as to the one after. */
START_TEST(half_a_day)
{
    const struct slot_span shorter = {at("2026-03-01T12:00:00Z"),
                                      at("2026-03-01T23:59:59.999999Z")};
    const struct slot_span half = {at("2026-03-01T12:00:00Z"), at("2026-03-02T00:00:00Z")};
    const struct slot_span night = {at("2026-03-01T18:00:00Z"), at("2026-03-02T06:00:00Z")};

    struct pieces pieces = pieces_cut(&arena, &shorter, 1, CLOCK_DAY_US, SLOTS_OPEN_TO);
    ck_assert_uint_eq(pieces.count, 1);
    span_is(&pieces.spans[0], "2026-03-01T12:00:00Z", "2026-03-01T23:59:59.999999Z");
    pieces = pieces_cut(&arena, &half, 1, CLOCK_DAY_US, SLOTS_OPEN_TO);
    ck_assert_uint_eq(pieces.count, 1);
    span_is(&pieces.spans[0], "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z");
    pieces = pieces_cut(&arena, &night, 1, CLOCK_DAY_US, SLOTS_OPEN_TO);
    ck_assert_uint_eq(pieces.count, 2);
}
END_TEST

/* By six hours the ends have nearer bounds, now too, and shorter windows have whole slots. */
START_TEST(six_hours)
{
    const struct slot_span window = {at("2026-03-01T18:15:00Z"), at("2026-03-31T07:30:00Z")};
    const struct slot_span short_one = {at("2026-03-01T02:59:59Z"), at("2026-03-01T05:59:59Z")};
    struct pieces pieces = pieces_cut(&arena, &window, 1, 6 * HOUR_US, SLOTS_OPEN_TO);

    ck_assert_uint_eq(pieces.count, 3);
    span_is(&pieces.spans[0], "2026-03-01T18:00:00Z", "2026-03-31T06:00:00Z");
    span_is(&pieces.spans[1], "2026-03-01T18:00:00Z", "2026-03-01T18:15:00Z");
    span_is(&pieces.spans[2], "2026-03-31T06:00:00Z", "2026-03-31T07:30:00Z");
    pieces = pieces_cut(&arena, &window, 1, 6 * HOUR_US, at("2026-03-31T07:22:00Z"));
    span_is(&pieces.spans[0], "2026-03-01T18:00:00Z", "2026-03-31T12:00:00Z");
    span_is(&pieces.spans[2], "2026-03-31T07:30:00Z", "2026-03-31T12:00:00Z");

    pieces = pieces_cut(&arena, &short_one, 1, 6 * HOUR_US, SLOTS_OPEN_TO);
    ck_assert_uint_eq(pieces.count, 3);
    span_is(&pieces.spans[0], "2026-03-01T00:00:00Z", "2026-03-01T06:00:00Z");
    ck_assert_uint_eq(pieces_cut(&arena, &short_one, 1, CLOCK_DAY_US, SLOTS_OPEN_TO).count, 1);
}
END_TEST

enum { DAYS = 365, ROLLING = 30 };

/* Of a series each day and each midnight, once; moving windows add no more than the days before. */
START_TEST(a_series)
{
    struct slot_span windows[2 * DAYS];
    int64_t begin_us = at("2025-01-01T00:00:00Z") + 18 * HOUR_US + HOUR_US / 4;

    for (int day = 0; day < DAYS; day++) {
        windows[day] =
            (struct slot_span){begin_us + day * CLOCK_DAY_US, begin_us + (day + 1) * CLOCK_DAY_US};
        windows[DAYS + day] = (struct slot_span){begin_us + (day + 1 - ROLLING) * CLOCK_DAY_US,
                                                 begin_us + (day + 1) * CLOCK_DAY_US};
    }
    struct pieces days = pieces_cut(&arena, windows, DAYS, CLOCK_DAY_US, SLOTS_OPEN_TO);
    ck_assert_uint_eq(days.count, DAYS + DAYS + 1);
    for (int day = 1; day < DAYS; day++)
        ck_assert_int_eq(days.spans[day].from_us, days.spans[day - 1].to_us);
    ck_assert_uint_eq(pieces_cut(&arena, windows, 2 * DAYS, CLOCK_DAY_US, SLOTS_OPEN_TO).count,
                      2 * (DAYS + ROLLING - 1) + 1);
    ck_assert_uint_eq(pieces_cut(&arena, windows, 2 * DAYS, 0, SLOTS_OPEN_TO).count,
                      DAYS + ROLLING - 1);
}
END_TEST

/* What lies between windows is not counted. */
START_TEST(gaps)
{
    const struct slot_span windows[] = {
        {at("2020-01-01T00:00:00Z"), at("2020-01-02T00:00:00Z")},
        {at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")},
        {at("2026-01-05T00:00:00Z"), at("2026-01-04T00:00:00Z")},
    };
    struct pieces pieces =
        pieces_cut(&arena, windows, COUNT_OF(windows), CLOCK_DAY_US, SLOTS_OPEN_TO);

    ck_assert_uint_eq(pieces.count, 2);
    span_is(&pieces.spans[0], "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z");
    span_is(&pieces.spans[1], "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
}
END_TEST

START_TEST(open_ends)
{
    const struct slot_span window = {SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    struct pieces pieces = pieces_cut(&arena, &window, 1, CLOCK_DAY_US, SLOTS_OPEN_TO);

    ck_assert_uint_eq(pieces.count, 1);
    ck_assert_int_eq(pieces.spans[0].from_us, SLOTS_OPEN_FROM);
    ck_assert_int_eq(pieces.spans[0].to_us, SLOTS_OPEN_TO);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {random_windows, one_window, until_now, half_a_day,
                                  six_hours,      a_series,   gaps,      open_ends};
    return suite_run_checked("pieces", setup, teardown, tests, COUNT_OF(tests));
}
