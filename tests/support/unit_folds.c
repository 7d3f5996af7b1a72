#include "support/unit_folds.h"

#include "npsd/base/clock.h"
#include "support/unit_cuts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct db_stmt *const *const sets[] = {folds_statements, answers_statements, NULL};

static struct pg *pg;
static struct arena arena;
static int32_t survey;

void run(const char *sql)
{
    unit_pg_sql("%s", sql);
}

int64_t number_of(const char *sql)
{
    return unit_pg_number("%s", sql);
}

static void begin(void)
{
    static int count;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    arena_init(&arena, 65536);
    survey = unit_cuts_survey(
        arena_printf(&arena, "s%d-%ld-%ld", count++, (long)now.tv_sec, now.tv_nsec));
    pg = unit_database_connect(sets);
    unit_pg_sql("create or replace function s() returns int immutable return %d", survey);
}

/* Leaves nothing that another test's folder would find. */
static void end(void)
{
    pg_free(pg);
    run("delete from journal where survey_id = s(); delete from survey where id = s()");
    arena_done(&arena);
}

static int64_t instant(const char *text)
{
    int64_t us = 0;
    ck_assert(clock_parse(text, strlen(text), &us));
    return us;
}

struct answer_row *answer(const char *at, int score)
{
    unsigned seed = 7;
    struct answer_row *row = arena_calloc(&arena, 1, sizeof *row);
    *row = unit_cuts_random(&arena, &seed, survey, 0, CLOCK_DAY_US);
    row->answered_us = instant(at);
    row->score = score;
    row->agent = ANSWER_UNSET;
    row->channel = CHANNEL_PHONE;
    row->facets[0] = 2;
    row->facets[1] = ANSWER_UNSET;
    row->properties = "{\"branch\":\"b2\"}";
    row->properties_len = strlen(row->properties);
    row->answers = NULL;
    row->answers_len = row->question_cut_count = 0;
    return row;
}

void append(const struct answer_row *row)
{
    ck_assert_int_eq(answers_append(pg, &arena, &row, 1, NULL), DB_OK);
}

void append_random(size_t count, const char *from, const char *to)
{
    unsigned seed = (unsigned)count;
    struct answer_row *rows = arena_calloc(&arena, count, sizeof *rows);
    const struct answer_row **batch = arena_calloc(&arena, count, sizeof *batch);
    for (size_t i = 0; i < count; i++) {
        rows[i] = unit_cuts_random(&arena, &seed, survey, instant(from), instant(to));
        batch[i] = &rows[i];
    }
    unit_cuts_sort(batch, count);
    ck_assert_int_eq(answers_append(pg, &arena, batch, count, NULL), DB_OK);
}

bool fold(void)
{
    bool done = false;
    ck_assert_int_eq(folds_fold(pg, survey, &done), DB_OK);
    return done;
}

int64_t differing(int32_t month)
{
    int64_t cells = -1;
    ck_assert_int_eq(folds_check_month(pg, survey, month, &cells), DB_OK);
    return cells;
}

int64_t unnumbered(int32_t month)
{
    int64_t answers = -1;
    ck_assert_int_eq(folds_unnumbered(pg, survey, month, &answers), DB_OK);
    return answers;
}

void rebuild(int32_t month)
{
    ck_assert_int_eq(folds_rebuild_month(pg, survey, month), DB_OK);
}

int64_t journal_rows(void)
{
    return number_of("select count(*) from journal where survey_id = s()");
}

bool is_pending(void)
{
    int32_t *surveys = NULL;
    size_t count = 0;
    ck_assert_int_eq(folds_pending(pg, &arena, &surveys, &count), DB_OK);
    for (size_t i = 0; i < count; i++)
        if (surveys[i] == survey)
            return true;
    return false;
}

struct pg *unit_folds_pg(void)
{
    return pg;
}

struct arena *unit_folds_arena(void)
{
    return &arena;
}

int32_t unit_folds_survey(void)
{
    return survey;
}

TCase *unit_folds_case(const char *name)
{
    TCase *test_case = tcase_create(name);
    tcase_add_checked_fixture(test_case, begin, end);
    return test_case;
}
