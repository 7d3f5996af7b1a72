#include "npsd/api/results.h"
#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"
#include "npsd/store/folds.h"
#include "npsd/store/numbers.h"

#include <stdlib.h>
#include <string.h>

#define SEED 20261120
#include "numbers_calls.h"

/* --- the random test --- */

enum { SETS = 500, WINDOWS = 6, NO_SURVEY = 1000000 };
#define NOON_US (1767268800 * CLOCK_SECOND_US)

static void compare(const struct number_query *query)
{
    struct nps_counts counts[WINDOWS];
    const char *expected[WINDOWS];

    enum db_status status = numbers_count(pg, &arena, query, counts);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    recount_bodies(pg, &arena, query, expected);
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
    static const int64_t cuts[] = {0,
                                   ANSWERS_BY_CHANNEL,
                                   ANSWERS_BY_AGENT,
                                   ANSWERS_BY_FIRST,
                                   ANSWERS_BY_SECOND,
                                   ANSWERS_BY_CHANNEL | ANSWERS_BY_FIRST,
                                   ANSWERS_BY_FIRST | ANSWERS_BY_SECOND};

    for (int32_t i = 1; i <= SETS; i++) {
        struct answer_set set;
        struct window windows[WINDOWS];

        arena_reset(&arena);
        answers_make(pg, &arena, i, &seed, &set);
        answers_fill(pg, &arena, &set);
        for (size_t w = 0; w < WINDOWS; w++)
            windows[w] = answers_window(pg, &set);
        for (size_t n = 0; n <= COUNT_OF(cuts); n++) {
            struct number_query query = {.survey_id = i,
                                         .windows = windows,
                                         .window_count = (size_t)between(1, WINDOWS),
                                         .now_us = between(0, 1) ? answers_instant(&set) : 0};
            answers_filter(&arena, &set, n < COUNT_OF(cuts) ? cuts[n] : between(0, ANSWERS_BY_ALL),
                           &query);
            compare(&query);
        }
    }
}
END_TEST

/* No slot is whole in it, and there is no row: nothing is added up. */
START_TEST(test_moments_without_answers)
{
    struct window moments[] = {{NOON_US + 1, NOON_US + 2}, {NOON_US, NOON_US}, {NOON_US, 0}};
    for (size_t count = 1; count <= COUNT_OF(moments); count++) {
        struct nps_counts counts[COUNT_OF(moments)];
        memset(counts, 0xff, sizeof counts);
        struct number_query query = {
            .survey_id = NO_SURVEY, .windows = moments, .window_count = count};
        enum db_status status = numbers_count(pg, &arena, &query, counts);
        ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
        for (size_t w = 0; w < count; w++)
            for (int score = 0; score < NPS_SCORES; score++)
                ck_assert_int_eq(counts[w].score[score], 0);
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

#define ALL_LEVELS                                                                                 \
    "'{0,1,2,3,4,5}', '{0,0,0,0,0,0}', '{0,0,0,0,0,0}', '{9,9,9,9,9,9}', '{0,0,0,2,0,0}'"
#define ONE_EDGE "'{0}', '{2026-01-01Z}', '{2026-01-02Z}', '{0,9}'"
#define ONE_PART ", '{0}', '{1}', '{4}', '{1}', '{2}'"

static const char *arguments_of(const char *name)
{
    if (strcmp(name, "numbers_ends") == 0)
        return "(1)";
    if (strncmp(name, "numbers_by_", strlen("numbers_by_")) == 0)
        return "(1, 3::int2, 0, '{0,0,3,3,3,3}', " ALL_LEVELS ", '{3}', " ONE_EDGE ")";
    if (strncmp(name, "numbers_series_", strlen("numbers_series_")) == 0)
        return "(1, 1::int2, 1, '{1,1,1,1,1,1}', " ALL_LEVELS ", '{1}', " ONE_EDGE ONE_PART ")";
    return "(1, 1::int2, 1, '{1,1,1,1,1,1}', " ALL_LEVELS ", '{1}', " ONE_EDGE ")";
}

/* What is behind the prefix of a statement's name: total, f1, by_f1... */
static const char *way_of(const char *name)
{
    static const char *const prefixes[] = {"numbers_", "series_"};

    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            name += strlen(prefixes[i]);
    return name;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* All values of agents and facets. */
static bool is_of_many(const char *name)
{
    static const char *const few[] = {"by_channel", "by_question"};
    const char *way = way_of(name);
    return strncmp(way, "by_", 3) == 0 && !is_one_of(way, few, COUNT_OF(few));
}

/* Of what has six hours: agents and facets. Series go by days. */
static bool has_many_values(const char *name)
{
    static const char *const few[] = {"total", "channel"};
    const char *way = way_of(name);
    return is_of_many(name) || (strncmp(way, "by_", 3) != 0 && !is_one_of(way, few, COUNT_OF(few)));
}

static bool is_series(const char *name)
{
    return strncmp(name, "numbers_series_", strlen("numbers_series_")) == 0;
}

static void has(const char *name, const char *plan, const char *text)
{
    ck_assert_msg(strstr(plan, text) != NULL, "%s: %s\n%.3000s", name, text, plan);
}

static void check_rows(const char *name, const char *plan)
{
    static const char *const by_time[] = {"total", "by_channel", "by_question"};
    const char *way = way_of(name);
    bool is_by_time = is_one_of(way, by_time, COUNT_OF(by_time));

    if (is_by_time || strcmp(way, "channel") == 0 || is_of_many(name))
        has(name, plan, "response_time");
    if (!is_by_time && strcmp(way, "channel") != 0)
        has(name, plan,
            arena_printf(&arena, "response_%s", way + (is_of_many(name) ? strlen("by_") : 0)));
}

/* Looks up two slots, and its estimate is on the edge: it may be planned anew each time. */
static bool is_of_ends(const char *name)
{
    return strcmp(name, "numbers_ends") == 0;
}

static bool is_planned_once(const char *name)
{
    return strcmp(text_of(arena_printf(&arena,
                                       "select generic_plans::text from pg_prepared_statements"
                                       " where name = '%s'",
                                       name)),
                  "1\n") == 0;
}

static const char *plan_of(const char *name)
{
    const char *sql = arena_printf(&arena, "execute %s%s", name, arguments_of(name));

    for (int run = 0; run < 6; run++)
        ck_assert_msg(pg_command(pg, sql) == DB_OK, "%s: %s", sql, pg_error(pg));
    ck_assert_msg(is_of_ends(name) || is_planned_once(name), "%s", name);
    return text_of(arena_printf(&arena, "explain %s", sql));
}

/* The plans of tables that are worth one. */
static void fill_tallies(void)
{
    static const char *const tables[] = {"tally_six_hours", "tally_day", "tally_month",
                                         "tally_year"};

    for (size_t i = 0; i < COUNT_OF(tables); i++)
        unit_pg_sql("insert into %s select 1000000, 3, value, slot, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
                    " from generate_series(1, 200) value, generate_series(1, 200) slot; analyze %s",
                    tables[i], tables[i]);
}

/* Each table is entered by its index, and each statement is planned once for all values (but one).
 */
START_TEST(test_plans)
{
    fill_tallies();
    for (size_t i = 0; numbers_statements[i]; i++) {
        const char *name = numbers_statements[i]->name;
        const char *plan = plan_of(name);
        bool of_ends = is_of_ends(name);

        has(name, plan, "tally_month_pkey");
        has(name, plan, "tally_day_pkey");
        ck_assert_msg(is_of_many(name) == (strstr(plan, "tally_month_slot") != NULL) &&
                          is_of_many(name) == (strstr(plan, "tally_day_slot") != NULL),
                      "%s:\n%.3000s", name, plan);
        if (!of_ends)
            has(name, plan, "tally_year_pkey");
        if (of_ends || !has_many_values(name) || is_of_many(name))
            has(name, plan, "tally_quarter_pkey");
        if (!of_ends && (!has_many_values(name) || is_of_many(name)))
            has(name, plan, "tally_hour_pkey");
        if (!of_ends && !is_series(name) && has_many_values(name))
            has(name, plan, "tally_six_hours_pkey");
        has(name, plan, "tally_state_pkey");
        has(name, plan, "journal_survey");
        has(name, plan, "slot >= ");
        ck_assert_msg(strstr(plan, "Seq Scan") == NULL, "%s:\n%.3000s", name, plan);
        if (!of_ends)
            check_rows(name, plan);
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
    tcase_add_test(tcase, test_moments_without_answers);
    tcase_add_test(tcase, test_plans);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
