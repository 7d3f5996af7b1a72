#include "npsd/base/clock.h"
#include "npsd/store/folds.h"
#include "npsd/store/numbers.h"

#include <stdlib.h>
#include <string.h>

#define SEED 20261122
#include "numbers_calls.h"

enum { SETS = 100, SERIES = 6, POINTS_MAX = 80 };

struct series {
    const char *zone;
    struct window_series cut;
    struct window *windows; /* points, then moving windows */
    size_t count;
};

static struct window_series random_cut(void)
{
    static const char *const units[] = {"hours", "days", "weeks", "months", "years"};
    struct window_series cut = {.interval =
                                    (enum window_interval)between(WINDOW_HOUR, WINDOW_YEAR)};

    if (between(0, 2) > 0) {
        cut.rolling_unit = units[between(0, COUNT_OF(units) - 1)];
        cut.rolling_count = (int)between(1, 40);
    }
    return cut;
}

/* From near an answer, for as many intervals as there may be, or fewer. */
static struct window random_window(struct answer_set *set, enum window_interval interval)
{
    static const int64_t lengths_us[] = {CLOCK_DAY_US / 24, CLOCK_DAY_US,      7 * CLOCK_DAY_US,
                                         28 * CLOCK_DAY_US, 90 * CLOCK_DAY_US, 365 * CLOCK_DAY_US};
    int64_t length_us = lengths_us[interval];
    int64_t from_us = answers_instant(set) - between(0, 20) * length_us;

    return (struct window){from_us, from_us + between(1, POINTS_MAX - 2) * length_us +
                                        between(0, 2) * between(-length_us / 2, length_us / 2)};
}

static struct series random_series(struct answer_set *set)
{
    struct series series = {.zone = answers_zone(set), .cut = random_cut()};
    struct window_request request = {.form = WINDOW_PERIOD,
                                     .period = "all",
                                     .time_zone = series.zone,
                                     .now_us = answers_instant(set)};
    struct window window = random_window(set, series.cut.interval);
    struct window *points, *rolling;
    bool too_many;
    size_t count;

    enum db_status status = windows_series(pg, &arena, &request, &window, &series.cut, 1000,
                                           &too_many, &points, &rolling, &count);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    ck_assert(!too_many);
    series.count = 2 * count;
    series.windows = arena_calloc(&arena, series.count + 1, sizeof(*series.windows));
    memcpy(series.windows, points, count * sizeof(*points));
    memcpy(series.windows + count, rolling, count * sizeof(*rolling));
    return series;
}

static void compare(const struct series *series, const struct number_query *query)
{
    struct nps_counts *counts = arena_calloc(&arena, query->window_count + 1, sizeof(*counts));
    enum db_status status = numbers_count(pg, &arena, query, counts);

    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    const char *counted = recount_break_text(&arena, query, counts, NULL, 0);
    const char *expected = recount_windows(pg, &arena, query);
    ck_assert_msg(strcmp(counted, expected) == 0,
                  "survey %d, %zu filters, %s, interval %d, rolling %d %s:\n%s\n%s",
                  query->survey_id, query->filter_count, series->zone, series->cut.interval,
                  series->cut.rolling_count,
                  series->cut.rolling_unit ? series->cut.rolling_unit : "", counted, expected);
}

/* The points of a series and its moving windows are those of a recount, whatever is counted. */
START_TEST(test_random_series)
{
    static const int64_t cuts[] = {0,
                                   0,
                                   ANSWERS_BY_CHANNEL,
                                   ANSWERS_BY_AGENT,
                                   ANSWERS_BY_FIRST,
                                   ANSWERS_BY_CHANNEL | ANSWERS_BY_SECOND};
    for (int32_t i = 1; i <= SETS; i++) {
        struct answer_set set;

        arena_reset(&arena);
        answers_make(pg, &arena, i, &seed, &set);
        answers_fill(pg, &arena, &set);
        for (int n = 0; n < SERIES; n++) {
            struct series series = random_series(&set);
            struct number_query query = {
                .survey_id = i, .windows = series.windows, .window_count = series.count};
            answers_filter(&arena, &set, cuts[n], &query);
            compare(&series, &query);
        }
    }
}
END_TEST

/* A quarter hour and a day that have the same number but for one. */
START_TEST(test_first_days)
{
    static const struct window windows[] = {{0, CLOCK_DAY_US / 96},
                                            {CLOCK_DAY_US, 2 * CLOCK_DAY_US}};
    struct series series = {.zone = "UTC"};
    struct number_query query = {
        .survey_id = SETS + 1, .windows = windows, .window_count = COUNT_OF(windows)};
    struct answer_set set;

    answers_make(pg, &arena, SETS + 1, &seed, &set);
    set.base_us = 0;
    set.span_us = 3 * CLOCK_DAY_US;
    answers_insert(pg, &arena, &set, ANSWERS_MAX);
    answers_fold(pg, &set);
    compare(&series, &query);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("numbers_series");
    TCase *tcase = tcase_create("numbers_series");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_random_series);
    tcase_add_test(tcase, test_first_days);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
