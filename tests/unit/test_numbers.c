#include "npsd/api/results.h"
#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"
#include "npsd/store/folds.h"
#include "npsd/store/numbers.h"
#include "support/unit_answers.h"
#include "support/unit_database.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct db_stmt *const *const sets[] = {numbers_statements, windows_statements,
                                                    folds_statements, NULL};
static struct pg *pg;
static struct arena arena;
static uint64_t seed;

static void setup(void)
{
    pg = unit_database_connect(sets);
    ck_assert_int_eq(pg_command(pg, "set enable_seqscan = off; set synchronous_commit = off"),
                     DB_OK);
    arena_init(&arena, 1 << 20);
    seed = 20261120;
}

static void teardown(void)
{
    arena_done(&arena);
    pg_free(pg);
}

static int64_t between(int64_t low, int64_t high)
{
    return suite_between(&seed, low, high);
}

/* --- the random test --- */

enum { SETS = 500, WINDOWS = 6 };

static void make_set(struct answer_set *set, int32_t survey_id)
{
    static const int64_t spans_us[] = {
        3600 * CLOCK_SECOND_US, 2 * CLOCK_DAY_US,    70 * CLOCK_DAY_US,
        400 * CLOCK_DAY_US,     3000 * CLOCK_DAY_US, 30000 * CLOCK_DAY_US,
    };
    int first = (int)between(0, SURVEY_FACETS_MAX - 1);
    int second = (first + (int)between(1, SURVEY_FACETS_MAX - 1)) % SURVEY_FACETS_MAX;

    *set = (struct answer_set){
        .survey_id = survey_id,
        .facets = {SURVEY_FACET_FIRST + first, SURVEY_FACET_FIRST + second},
        .base_us = between(-3000, 25000) * CLOCK_DAY_US + between(0, CLOCK_DAY_US),
        .span_us = spans_us[between(0, COUNT_OF(spans_us) - 1)],
        .random = &seed,
    };
}

static void fold(int32_t survey_id)
{
    bool done;
    ck_assert_int_eq(folds_fold(pg, survey_id, &done), DB_OK);
    ck_assert(done);
}

/* Folded, not folded, folded and changed again, changed and folded twice ... */
static void fill_set(struct answer_set *set)
{
    ck_assert_int_eq(
        pg_command(pg, arena_printf(&arena, "insert into tally_state (survey_id) values (%d)",
                                    set->survey_id)),
        DB_OK);
    for (int64_t batches = between(1, 3); batches > 0; batches--) {
        answers_insert(pg, &arena, set, (size_t)between(1, ANSWERS_MAX / 3));
        if (between(0, 2) > 0)
            fold(set->survey_id);
        if (between(0, 1) > 0)
            answers_correct(pg, &arena, set);
        if (between(0, 3) == 0)
            fold(set->survey_id);
    }
}

static struct window zone_window(struct answer_set *set)
{
    static const char *const zones[] = {
        "Europe/Moscow",    "America/New_York",
        "Asia/Kathmandu",   "Australia/Lord_Howe",
        "America/Havana",   "Pacific/Apia",
        "Africa/Monrovia",  "Pacific/Kiritimati",
        "Antarctica/Troll", "UTC",
    };
    static const char *const periods[] = {"today",      "yesterday",    "this_week",
                                          "last_month", "this_quarter", "last_year"};
    struct window_request request = {
        .form = WINDOW_PERIOD,
        .period = periods[between(0, COUNT_OF(periods) - 1)],
        .time_zone = zones[between(0, COUNT_OF(zones) - 1)],
        .now_us = answers_instant(set),
    };
    struct window window, previous;
    bool zone_known, has_previous;

    ck_assert_int_eq(windows_resolve(pg, &request, &zone_known, &window, &has_previous, &previous),
                     DB_OK);
    ck_assert(zone_known && has_previous);
    return between(0, 1) ? window : previous;
}

/* Ends on answers, beside them, anywhere, on quarter hours, open, in the wrong order. */
static int64_t odd_end(struct answer_set *set)
{
    int64_t at_us = set->at_us[between(0, (int64_t)set->count - 1)];

    switch (between(0, 3)) {
    case 0:
        return at_us + between(-1, 1);
    case 1:
        return set->base_us + between(-set->span_us / 8, set->span_us + set->span_us / 8);
    case 2:
        return clock_floor_div(at_us, 900 * CLOCK_SECOND_US) * 900 * CLOCK_SECOND_US;
    default:
        return answers_instant(set);
    }
}

static struct window odd_window(struct answer_set *set)
{
    struct window window = {odd_end(set), odd_end(set)};

    if (window.from_us > window.to_us && between(0, 9) > 0)
        window = (struct window){window.to_us, window.from_us};
    if (between(0, 5) == 0)
        window.from_us = SLOTS_OPEN_FROM;
    if (between(0, 5) == 0)
        window.to_us = SLOTS_OPEN_TO;
    return window;
}

/* One of a facet: numbered, "(other)", a number nobody has, or a text past the cap. */
static struct number_filter facet_filter(const struct answer_set *set, int n)
{
    struct number_filter filter = {.facet = set->facets[n],
                                   .value = (int32_t)between(0, ANSWERS_VALUES + 1)};
    if (between(0, 2) == 0) {
        filter.value = 0;
        filter.name = answers_names[n];
        filter.text = answers_rare(&arena, (int)between(1, ANSWERS_RARE + 1));
    }
    return filter;
}

enum { BY_CHANNEL = 1, BY_AGENT = 2, BY_FIRST = 4, BY_SECOND = 8, BY_ALL = 15 };

static void make_filters(const struct answer_set *set, int64_t by, struct number_query *query)
{
    const struct number_filter channel = {.facet = SURVEY_FACET_CHANNEL,
                                          .value = (int)between(0, 3)};
    const struct number_filter agent = {.facet = SURVEY_FACET_AGENT, .value = (int)between(-1, 3)};
    size_t count = 0;

    if (by & BY_CHANNEL)
        query->filters[count++] = channel;
    if (by & BY_AGENT)
        query->filters[count++] = agent;
    if (by & BY_FIRST)
        query->filters[count++] = facet_filter(set, 0);
    if (by & BY_SECOND)
        query->filters[count++] = facet_filter(set, 1);
    query->filter_count = count;
}

static void compare(const struct number_query *query)
{
    struct nps_counts counts[WINDOWS];
    const char *expected[WINDOWS];

    enum db_status status = numbers_count(pg, &arena, query, counts);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    answers_recount(pg, &arena, query, expected);
    for (size_t w = 0; w < query->window_count; w++) {
        struct json_writer body = json_writer(&arena);
        json_object_begin(&body, NULL);
        results_write(&body, &counts[w], 30);
        json_object_end(&body);
        ck_assert_msg(strcmp(body.buf.data, expected[w]) == 0,
                      "survey %d, %zu filters, window %zu (%lld, %lld):\n%s\n%s", query->survey_id,
                      query->filter_count, w, (long long)query->windows[w].from_us,
                      (long long)query->windows[w].to_us, body.buf.data, expected[w]);
    }
}

/* Numbers from tallies, journal and rows are those of a recount, to the last printed digit. */
START_TEST(test_random_sets)
{
    static const int64_t cuts[] = {
        0, BY_CHANNEL, BY_AGENT, BY_FIRST, BY_SECOND, BY_CHANNEL | BY_FIRST, BY_FIRST | BY_SECOND};

    for (int32_t i = 1; i <= SETS; i++) {
        struct answer_set set;
        struct window windows[WINDOWS];

        arena_reset(&arena);
        make_set(&set, i);
        fill_set(&set);
        for (size_t w = 0; w < WINDOWS; w++)
            windows[w] = between(0, 2) == 0 ? zone_window(&set) : odd_window(&set);
        for (size_t n = 0; n <= COUNT_OF(cuts); n++) {
            struct number_query query = {
                .survey_id = i, .windows = windows, .window_count = (size_t)between(1, WINDOWS)};
            make_filters(&set, n < COUNT_OF(cuts) ? cuts[n] : between(0, BY_ALL), &query);
            compare(&query);
        }
    }
}
END_TEST

/* --- plans --- */

static const char *text_of(const char *sql)
{
    DB_RESULT rows = NULL;
    struct db_stmt stmt = {"text", "", "text", sql};
    struct buf text = buf_make(&arena, 4096);

    enum db_status status = pg_exec_unprepared(pg, &stmt, NULL, 0, &rows);
    ck_assert_msg(status == DB_OK, "%s: %s", sql, pg_error(pg));
    for (int row = 0; row < db_rows(rows); row++)
        buf_printf(&text, "%s\n", db_bytes(rows, row, 0, NULL));
    return text.data;
}

/* Each table is entered by its index, and each statement is planned once for all values. */
START_TEST(test_plans)
{
    static const char *const conditions[] = {
        "tally_month_pkey",   "tally_day_pkey",   "tally_hour_pkey",
        "tally_quarter_pkey", "tally_state_pkey", "journal_survey",
    };
    static const char arguments[] =
        "(1, 1::int2, 1, '{0,1,2,3,4}', '{0,0,0,0,0}', '{0,0,0,0,0}', '{9,9,9,9,9}', '{0}',"
        " '{2026-01-01Z}', '{2026-01-02Z}')";

    for (size_t i = 0; numbers_statements[i]; i++) {
        const char *name = numbers_statements[i]->name;
        const char *sql = arena_printf(&arena, "execute %s%s", name, arguments);
        for (int run = 0; run < 6; run++)
            ck_assert_int_eq(pg_command(pg, sql), DB_OK);
        ck_assert_str_eq(text_of(arena_printf(&arena,
                                              "select generic_plans::text from"
                                              " pg_prepared_statements where name = '%s'",
                                              name)),
                         "1\n");
        const char *plan = text_of(arena_printf(&arena, "explain %s", sql));
        for (size_t c = 0; c < COUNT_OF(conditions); c++)
            ck_assert_msg(strstr(plan, conditions[c]) != NULL, "%s: %s\n%.2000s", name,
                          conditions[c], plan);
        ck_assert_msg(strstr(plan, "Seq Scan") == NULL, "%s:\n%.2000s", name, plan);
        ck_assert_msg(strstr(plan, i == 0 || i == 1 ? "response_time" : name + strlen("numbers_")),
                      "%s:\n%.2000s", name, plan);
        ck_assert_msg(strstr(plan, "slot >= r.lo") || strstr(plan, "slot >= r_1.lo"), "%.2000s",
                      plan);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("numbers");
    TCase *tcase = tcase_create("numbers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_random_sets);
    tcase_add_test(tcase, test_plans);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
