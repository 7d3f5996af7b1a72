#include "support/unit_cuts.h"

#include "npsd/base/clock.h"
#include "support/unit_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BRANCHES = 5, PRODUCTS = 3, AGENTS = 4 };

#define OPTION(id, number) "{\"id\":\"" id "\",\"number\":" number ",\"active\":true,\"text\":{}}"
#define QUESTION(type, options)                                                                    \
    "'{\"type\":\"" type "\",\"text\":{},\"min\":0,\"max\":10,\"ask\":7,\"options\":[" options "]}'"

static const char make_survey[] =
    "insert into survey (slug, title, facets, facets_active)"
    " values ('%s', '{}', '{branch,product}', '{t,t}');"
    "insert into question (survey_id, n, id, position, definition)"
    " select s.id, q.* from survey s, (values"
    " (1, 'recommend', 1, " QUESTION(
        "nps",
        "") "::json),"
            " (2, 'why', 2, " QUESTION(
                "text",
                "") "),"
                    " (3, 'improve', 3, " QUESTION(
                        "choice",
                        OPTION("wait", "1") "," OPTION("price", "2") "," OPTION(
                            "staff",
                            "3")) "),"
                                  " (4, 'liked', 4, " QUESTION(
                                      "choices",
                                      OPTION("a", "1") "," OPTION("b", "2") "," OPTION(
                                          "c",
                                          "3")) "),"
                                                " (5, 'ease', 5, " QUESTION(
                                                    "scale",
                                                    "") "),"
                                                        " (6, 'again', null, " QUESTION(
                                                            "yes_no",
                                                            "") ")) q where s.slug = '%s';"
                                                                "insert into facet_value select s.id, 3, n, 'b' || n from survey s, generate_series(1, 5) n"
                                                                " where s.slug = '%s';"
                                                                "insert into facet_value select s.id, 4, n, 'p' || n from survey s, generate_series(1, 3) n"
                                                                " where s.slug = '%s';"
                                                                "insert into tally_state (survey_id) select id from survey where slug = '%s'";

int32_t unit_cuts_survey(const char *slug)
{
    unit_pg_sql(make_survey, slug, slug, slug, slug, slug);
    return (int32_t)unit_pg_number("select id from survey where slug = '%s'", slug);
}

unsigned unit_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (unsigned)(((uint64_t)*seed * below) >> 32);
}

#define CUT(n, value) (((int64_t)(SURVEY_FACET_QUESTION + (n)) << 32) | (value))

/* The text names the place in this table, so that a row that was read back is recognised. */
static const struct said {
    const char *json;
    int64_t cuts[8];
    size_t count;
} said[] = {
    {"{\"why\":\"v0\"}", {CUT(2, 0)}, 1},
    {"{\"why\":\"v1\",\"improve\":\"wait\"}", {CUT(2, 0), CUT(3, 1)}, 2},
    {"{\"why\":\"v2\",\"improve\":\"staff\",\"again\":false}",
     {CUT(2, 0), CUT(3, 3), CUT(6, 0)},
     3},
    {"{\"why\":\"v3\",\"liked\":[\"a\",\"c\"],\"ease\":10,\"again\":true}",
     {CUT(2, 0), CUT(4, 0), CUT(4, 1), CUT(4, 3), CUT(5, 10), CUT(6, 1)},
     6},
    {"{\"why\":\"v4\",\"liked\":[\"b\"],\"ease\":0}",
     {CUT(2, 0), CUT(4, 0), CUT(4, 2), CUT(5, 0)},
     4},
    {"{\"why\":\"v5\",\"improve\":\"price\",\"liked\":[\"a\",\"b\",\"c\"],\"ease\":3,\"again\":true}",
     {CUT(2, 0), CUT(3, 2), CUT(4, 0), CUT(4, 1), CUT(4, 2), CUT(4, 3), CUT(5, 3), CUT(6, 1)},
     8},
    /* What is no question, no option and no number of a scale is not counted. */
    {"{\"why\":\"v6\",\"unknown\":\"wait\",\"improve\":\"unknown\",\"ease\":11}", {CUT(2, 0)}, 1},
};
enum { SAID = sizeof said / sizeof said[0] };

static void say(struct answer_row *row, const struct said *what)
{
    row->answers = what->json;
    row->answers_len = strlen(what->json);
    row->question_cuts = what->cuts;
    row->question_cut_count = what->count;
}

void unit_cuts_say(unsigned *seed, struct answer_row *row)
{
    unsigned which = unit_random(seed, SAID + 1);
    row->answers = NULL;
    row->answers_len = row->question_cut_count = 0;
    if (which < SAID)
        say(row, &said[which]);
}

void unit_cuts_recognise(struct answer_row *row)
{
    const char *why = row->answers ? strstr(row->answers, "\"v") : NULL;
    row->question_cut_count = 0;
    if (why)
        say(row, &said[why[2] - '0']);
}

/* 0: no such property. */
static const char *properties(struct arena *arena, unsigned branch, unsigned product)
{
    if (branch && product)
        return arena_printf(arena, "{\"branch\":\"b%u\",\"product\":\"p%u\"}", branch, product);
    if (branch)
        return arena_printf(arena, "{\"branch\":\"b%u\",\"other\":\"p1\"}", branch);
    return product ? arena_printf(arena, "{\"product\":\"p%u\"}", product) : NULL;
}

void unit_cuts_place(struct arena *arena, unsigned *seed, struct answer_row *row)
{
    unsigned branch = unit_random(seed, BRANCHES + 1), product = unit_random(seed, PRODUCTS + 1);
    row->facets[0] = branch ? (int32_t)branch : ANSWER_UNSET;
    row->facets[1] = product ? (int32_t)product : ANSWER_UNSET;
    row->properties = properties(arena, branch, product);
    row->properties_len = row->properties ? strlen(row->properties) : 0;
}

struct answer_row unit_cuts_random(struct arena *arena, unsigned *seed, int32_t survey_id,
                                   int64_t from_us, int64_t to_us)
{
    unsigned minutes = (unsigned)((to_us - from_us) / (60 * CLOCK_SECOND_US));
    struct answer_row row = {
        .survey_id = survey_id,
        .id = uuid_v7(clock_now_us()),
        .answered_us = from_us + unit_random(seed, minutes) * 60 * CLOCK_SECOND_US +
                       unit_random(seed, 60000000),
        .received_us = clock_now_us(),
        .score = (int)unit_random(seed, 11),
        .channel = (enum channel)unit_random(seed, 9),
        .agent = (int32_t)unit_random(seed, AGENTS + 2) - 1,
    };
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = ANSWER_UNSET;
    memcpy(row.hash, row.id.bytes, sizeof row.hash);
    unit_cuts_place(arena, seed, &row);
    unit_cuts_say(seed, &row);
    return row;
}

static int by_key(const void *a, const void *b)
{
    const struct answer_row *x = *(const struct answer_row *const *)a;
    const struct answer_row *y = *(const struct answer_row *const *)b;
    if (x->survey_id != y->survey_id)
        return x->survey_id < y->survey_id ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, UUID_SIZE);
}

void unit_cuts_sort(const struct answer_row **rows, size_t count)
{
    qsort(rows, count, sizeof *rows, by_key);
}
