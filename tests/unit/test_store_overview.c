/* Many surveys counted at once: what each has is what a recount of its rows says. */
#include "npsd/api/results.h"
#include "npsd/base/clock.h"
#include "npsd/store/folds.h"
#include "npsd/store/overview.h"
#include "support/unit_database.h"
#include "support/unit_recount.h"
#include "unit/suite.h"

#include <string.h>

enum { SURVEYS = 12, ZONES = 3, ROUNDS = 60 };

static const struct db_stmt *const *const sets[] = {overview_statements, windows_statements,
                                                    folds_statements, NULL};
static struct pg *pg;
static struct arena arena;
static uint64_t seed;
static struct answer_set answers[SURVEYS];

static int64_t between(int64_t low, int64_t high)
{
    return suite_between(&seed, low, high);
}

static void run_sql(const char *sql)
{
    ck_assert_msg(pg_command(pg, sql) == DB_OK, "%s: %s", sql, pg_error(pg));
}

/* In each survey "a" has another number: 1 or 2. */
static int32_t number_of_a(int32_t survey_id)
{
    return 1 + survey_id % 2;
}

static void fill(struct answer_set *set, int32_t survey_id)
{
    answers_make(pg, &arena, survey_id, &seed, set);
    unit_pg_sql("update facet_value set value = case id when %d then 'a' else 'b' || id end"
                " where survey_id = %d and facet = 2",
                number_of_a(survey_id), survey_id);
    if (survey_id % 5 > 0)
        answers_fill(pg, &arena, set);
}

static void setup(void)
{
    pg = unit_database_connect(sets);
    run_sql("set enable_seqscan = off; set synchronous_commit = off");
    arena_init(&arena, 1 << 20);
    seed = 20261121;
    unit_pg_sql("truncate survey, question, response, journal, tally_state, tally_quarter,"
                " tally_hour, tally_six_hours, tally_day, tally_month, tally_year, facet_value");
    for (int32_t i = 0; i < SURVEYS; i++)
        fill(&answers[i], 7 * i + 3);
}

static void teardown(void)
{
    arena_done(&arena);
    pg_free(pg);
}

/* What the store is asked of one survey, asked of its rows. */
static struct number_query question_of(const struct overview_query *query, size_t survey)
{
    const struct overview_survey *asked = &query->surveys[survey];
    struct number_query one = {
        .survey_id = asked->id,
        .windows = query->windows + asked->zone * query->windows_each,
        .window_count = query->windows_each,
    };

    if (query->channel != OVERVIEW_ANY)
        one.filters[one.filter_count++] =
            (struct number_filter){.facet = SURVEY_FACET_CHANNEL, .value = query->channel};
    if (query->agent)
        one.filters[one.filter_count++] = (struct number_filter){
            .facet = SURVEY_FACET_AGENT,
            .value = strcmp(query->agent, "a") == 0 ? number_of_a(asked->id) : -1};
    return one;
}

static const char *written(const struct nps_counts *counts)
{
    struct json_writer body = json_writer(&arena);

    json_object_begin(&body, NULL);
    results_write(&body, counts, 30);
    json_object_end(&body);
    return body.buf.data;
}

static void compare(const struct overview_query *query)
{
    struct nps_counts counts[2 * SURVEYS];

    enum db_status status = overview_count(pg, &arena, query, counts);
    ck_assert_msg(status == DB_OK, "%s: %s", db_status_name(status), pg_error(pg));
    for (size_t s = 0; s < query->survey_count; s++) {
        struct number_query one = question_of(query, s);
        const char *expected[2];

        recount_bodies(pg, &arena, &one, expected);
        for (size_t w = 0; w < query->windows_each; w++)
            ck_assert_msg(strcmp(written(&counts[s * query->windows_each + w]), expected[w]) == 0,
                          "survey %d, window %zu, channel %d, agent %s: %s, not %s", one.survey_id,
                          w, query->channel, query->agent ? query->agent : "any",
                          written(&counts[s * query->windows_each + w]), expected[w]);
    }
}

static struct answer_set *with_answers(void)
{
    struct answer_set *set;

    do
        set = &answers[between(0, SURVEYS - 1)];
    while (set->count == 0);
    return set;
}

/* Each survey with the windows of its zone, in one question. */
START_TEST(random_questions)
{
    static const char *const agents[] = {NULL, "a", "a", "value 1", "(other)"};

    for (int round = 0; round < ROUNDS; round++) {
        struct window windows[2 * ZONES];
        struct overview_survey surveys[SURVEYS];
        struct overview_query query = {
            .surveys = surveys,
            .survey_count = (size_t)between(0, SURVEYS),
            .windows = windows,
            .zone_count = ZONES,
            .windows_each = (size_t)between(1, 2),
            .channel = between(0, 1) ? OVERVIEW_ANY : (int)between(0, 3),
            .agent = agents[between(0, 1) ? 0 : between(1, COUNT_OF(agents) - 1)],
        };
        for (size_t w = 0; w < COUNT_OF(windows); w++)
            windows[w] = answers_window(pg, with_answers());
        for (size_t s = 0; s < SURVEYS; s++)
            surveys[s] = (struct overview_survey){answers[(s + (size_t)round) % SURVEYS].survey_id,
                                                  (size_t)between(0, ZONES - 1)};
        compare(&query);
    }
}
END_TEST

/* A survey without an answer, one that nobody knows, and nothing at all. */
START_TEST(nothing_there)
{
    const struct overview_survey surveys[] = {{1, 0}, {1000000, 0}, {INT32_MAX, 0}};
    const struct window always = {SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    struct overview_query query = {.surveys = surveys,
                                   .survey_count = COUNT_OF(surveys),
                                   .windows = &always,
                                   .zone_count = 1,
                                   .windows_each = 1,
                                   .channel = OVERVIEW_ANY};
    struct nps_counts counts[COUNT_OF(surveys)];

    memset(counts, 7, sizeof counts);
    ck_assert_int_eq(overview_count(pg, &arena, &query, counts), DB_OK);
    for (size_t s = 0; s < COUNT_OF(surveys); s++)
        for (int score = 0; score < NPS_SCORES; score++)
            ck_assert_int_eq(counts[s].score[score], 0);
    query.survey_count = 0;
    ck_assert_int_eq(overview_count(pg, &arena, &query, counts), DB_OK);
}
END_TEST

/* A text is a text. */
START_TEST(agents_are_parameters)
{
    const struct overview_survey survey = {answers[0].survey_id, 0};
    const struct window always = {SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    struct overview_query query = {.surveys = &survey,
                                   .survey_count = 1,
                                   .windows = &always,
                                   .zone_count = 1,
                                   .windows_each = 1,
                                   .channel = OVERVIEW_ANY,
                                   .agent = "a' or 'a' = 'a"};
    struct nps_counts counts;

    ck_assert_int_eq(overview_count(pg, &arena, &query, &counts), DB_OK);
    ck_assert(!nps_compute(&counts).known);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {random_questions, nothing_there, agents_are_parameters};
    Suite *suite = suite_create("store_overview");
    TCase *tcase = tcase_create("store_overview");

    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
