#include "numbers_parts.h"

#include "npsd/db/array.h"

#include <stdlib.h>

/* clang-format off */

/* "offset 0" keeps the subquery one: then its index is entered with the bounds of each range. */
#define TALLIES(level, table)                                                                      \
    "  select r.facet, r.value, r.piece, t.* from range r cross join lateral ("                    \
    "    select " COUNTER_NAMES " from " table " t"                                                \
    "    where t.survey_id = r.survey_id and t.facet = r.facet and t.value = r.value"              \
    "     and t.slot >= r.lo and t.slot < r.hi offset 0) t"                                        \
    "  where r.level = " level

/*
 * $1 survey, $2 facet, $3 value; $4 to $8 ranges of slots: facet (0: of the total), level, piece,
 * lo, hi; $9 to $12 edges to be counted from rows: facet, piece, from, to; $13 bounds of the
 * journal's buckets. The journal is read once, whatever the number of pieces.
 *
 * cuts: (facet, value), those that are counted, of "asked a"; journal_cuts: a condition that the
 * journal's cells j of these fulfil; of_edges: the rows of edges, as (facet, value, piece, score,
 * n).
 *
 * All tables meet the parameters by way of "asked", so that a plan made for given values is no
 * better than the generic one: PostgreSQL then keeps the generic plan after five runs, and does not
 * plan anew each time, which takes far longer than to run it.
 */
#define SUMS_PARAMS                                                                                \
    "int4 int2 int4 int2[] int2[] int4[] int4[] int4[] int2[] int4[] timestamptz[] timestamptz[] int4[]"
#define SUMS_SQL(with, cuts, journal_cuts, of_edges)                                               \
    "with" with " asked as materialized ("                                                         \
    "  select $1 as survey_id, $2 as facet, $3 as value, $4 as range_facets, $5 as levels,"        \
    "   $6 as range_pieces, $7 as range_lo, $8 as range_hi, $9 as edge_facets,"                    \
    "   $10 as edge_pieces, $11 as edge_from, $12 as edge_to, $13 as bounds),"                     \
    " cut as materialized (" cuts "),"                                                             \
    " range as materialized ("                                                                     \
    "  select a.survey_id, r.facet, c.value, r.level, r.piece, r.lo, r.hi"                         \
    "  from asked a cross join lateral"                                                            \
    "   unnest(range_facets, levels, range_pieces, range_lo, range_hi)"                            \
    "   r (facet, level, piece, lo, hi)"                                                           \
    "  join cut c on c.facet = r.facet),"                                                          \
    " edge as materialized ("                                                                      \
    "  select a.survey_id, e.* from asked a cross join lateral"                                    \
    "   unnest(edge_facets, edge_pieces, edge_from, edge_to) e (facet, piece, from_at, to_at)),"   \
    " unfolded as materialized ("                                                                  \
    "  select j.cut, j.bucket, j.score, sum(j.weight)::int4 as n"                                  \
    "  from asked a cross join lateral ("                                                          \
    "    select width_bucket(slot, a.bounds) as bucket,"                                           \
    "     unnest(cuts) as cut, unnest(scores) as score, unnest(weights) as weight"                 \
    "    from journal j where j.survey_id = a.survey_id"                                           \
    "     and j.xid >= (select low from tally_state s where s.survey_id = a.survey_id)"            \
    "     and j.slot >= a.bounds[1] and j.slot < a.bounds[cardinality(a.bounds)]) j"               \
    "  where " journal_cuts " group by 1, 2, 3 having sum(j.weight) <> 0),"                        \
    " counted as ("                                                                                \
    "  select (cut >> 32)::int2 as facet, (cut & 2147483647)::int4 as value, -bucket as piece,"    \
    "   score, n from unfolded"                                                                    \
    of_edges "),"                                                                                  \
    " cell as ("                                                                                   \
    TALLIES("3", "tally_month") " union all"                                                       \
    TALLIES("2", "tally_day") " union all"                                                         \
    TALLIES("1", "tally_hour") " union all"                                                        \
    TALLIES("0", "tally_quarter") " union all"                                                     \
    "  select facet, value, piece, " COUNTERS(COUNTER_OF_ROW) " from counted)"                     \
    " select facet, value, piece, " COUNTERS(COUNTER_TOTAL) " from cell group by 1, 2, 3"          \
    " order by 1, 2"

#define EDGE_ROWS(columns, joined, condition)                                                      \
    "    select " columns " score, count(*)::int4 as n from response r" joined                     \
    "    where r.survey_id = e.survey_id and r.answered_at >= e.from_at"                           \
    "     and r.answered_at < e.to_at and not r.excluded" condition
#define TOTAL_OF_EDGES                                                                             \
    " union all"                                                                                   \
    "  select 0::int2, 0, e.piece, r.score, r.n from edge e cross join lateral ("                  \
    EDGE_ROWS("", "", "") " group by score) r where e.facet = 0"
/* By the index of the column: a look for each value costs less than to read all rows. */
#define VALUES_OF_EDGES(column)                                                                    \
    " union all"                                                                                   \
    "  select e.facet, c.value, e.piece, r.score, r.n"                                             \
    "  from edge e join cut c on c.facet = e.facet cross join lateral ("                           \
    EDGE_ROWS("", "", " and r." column " = c.value") " group by score) r where e.facet <> 0"
/* Of a facet with quarter hours, so few rows. */
#define ALL_OF_EDGES(rows)                                                                         \
    " union all"                                                                                   \
    "  select e.facet, r.value, e.piece, r.score, r.n from edge e cross join lateral ("            \
    rows " group by 1, 2) r where e.facet <> 0"

#define ONE_CUT "select a.facet, a.value from asked a"
#define ONE_CUT_OF_JOURNAL "j.cut = a.facet::int8 << 32 | a.value"
#define ONE(name, of_edges)                                                                        \
    {name, SUMS_PARAMS, NUMBER_COLUMNS, SUMS_SQL("", ONE_CUT, ONE_CUT_OF_JOURNAL, of_edges)}
#define ONE_OF_COLUMN(name, column) ONE(name, VALUES_OF_EDGES(column))

const struct db_stmt numbers_one[NUMBERS_FACETS] = {
    ONE("numbers_total", TOTAL_OF_EDGES),
    ONE_OF_COLUMN("numbers_channel", "channel"),
    ONE_OF_COLUMN("numbers_agent", "agent"),
    ONE_OF_COLUMN("numbers_f1", "f1"),
    ONE_OF_COLUMN("numbers_f2", "f2"),
    ONE_OF_COLUMN("numbers_f3", "f3"),
    ONE_OF_COLUMN("numbers_f4", "f4"),
    ONE_OF_COLUMN("numbers_f5", "f5"),
    ONE_OF_COLUMN("numbers_f6", "f6"),
    ONE_OF_COLUMN("numbers_f7", "f7"),
    ONE_OF_COLUMN("numbers_f8", "f8"),
};

#define WITH_TOTAL(values)                                                                         \
    "select 0::int2 as facet, 0 as value from asked union all"                                     \
    " select a.facet, v.id from asked a cross join lateral (" values ") v (id)"
#define VALUES_OF_JOURNAL "(j.cut = 0 or j.cut >> 32 = a.facet)"
#define VALUES(name, with, values, of_edges)                                                       \
    {name, SUMS_PARAMS, NUMBER_COLUMNS,                                                            \
     SUMS_SQL(with, WITH_TOTAL(values), VALUES_OF_JOURNAL, TOTAL_OF_EDGES of_edges)}
/* 0 is "(other)". An answer's value has its row before the answer comes. */
#define NUMBERED                                                                                   \
    "select id from facet_value f where f.survey_id = a.survey_id and f.facet = a.facet"           \
    " union all select 0"
#define VALUES_OF_COLUMN(name, column) VALUES(name, "", NUMBERED, VALUES_OF_EDGES(column))

const struct db_stmt numbers_values[NUMBERS_FACETS] = {
    /* 0: whatever the question had, option numbers are never used again */
    VALUES("numbers_by_question", KNOWN_ANSWERS ",",
           "select 0 union select n.value::int4 from known, jsonb_each_text(known.numbers) n",
           ALL_OF_EDGES(EDGE_ROWS("v.value,", " cross join lateral (" VALUES_ANSWERED ") v", ""))),
    VALUES("numbers_by_channel", "", "select generate_series(0, 8)",
           ALL_OF_EDGES(EDGE_ROWS("channel::int4 as value,", "", ""))),
    VALUES_OF_COLUMN("numbers_by_agent", "agent"),
    VALUES_OF_COLUMN("numbers_by_f1", "f1"),
    VALUES_OF_COLUMN("numbers_by_f2", "f2"),
    VALUES_OF_COLUMN("numbers_by_f3", "f3"),
    VALUES_OF_COLUMN("numbers_by_f4", "f4"),
    VALUES_OF_COLUMN("numbers_by_f5", "f5"),
    VALUES_OF_COLUMN("numbers_by_f6", "f6"),
    VALUES_OF_COLUMN("numbers_by_f7", "f7"),
    VALUES_OF_COLUMN("numbers_by_f8", "f8"),
};

/* clang-format on */
_Static_assert(SLOT_QUARTER == 0 && SLOT_HOUR == 1 && SLOT_DAY == 2 && SLOT_MONTH == 3 &&
                   SLOT_LEVELS == 4,
               "the levels stand in the statement");

/* --- what is asked --- */

/* The pieces as they are counted for a facet. */
struct cover_set {
    int facet;
    const struct slot_cover *covers; /* one a piece */
};

struct question {
    const struct pieces *pieces;
    struct cover_set sets[2];
    size_t set_count;
    size_t range_count, edge_count;
    struct buf range_facets, levels, range_pieces, lo, hi;
    struct buf edge_facets, edge_pieces, from, to, bounds;
};

static void add_set(struct arena *arena, struct question *question, int facet)
{
    const struct pieces *pieces = question->pieces;
    struct slot_cover *covers = arena_calloc(arena, pieces->count + 1, sizeof(*covers));

    for (size_t p = 0; p < pieces->count; p++) {
        covers[p] = slots_cover(pieces->spans[p].from_us, pieces->spans[p].to_us,
                                survey_facet_is_fine(facet));
        question->range_count += covers[p].range_count;
        question->edge_count += covers[p].edge_count;
    }
    question->sets[question->set_count++] = (struct cover_set){facet, covers};
}

static void add_cover(struct question *question, int facet, size_t piece,
                      const struct slot_cover *cover)
{
    for (size_t i = 0; i < cover->range_count; i++) {
        db_array_int2(&question->range_facets, (int16_t)facet);
        db_array_int2(&question->levels, (int16_t)cover->ranges[i].level);
        db_array_int4(&question->range_pieces, (int32_t)piece);
        db_array_int4(&question->lo, cover->ranges[i].lo);
        db_array_int4(&question->hi, cover->ranges[i].hi);
    }
    for (size_t i = 0; i < cover->edge_count; i++) {
        db_array_int2(&question->edge_facets, (int16_t)facet);
        db_array_int4(&question->edge_pieces, (int32_t)piece);
        db_array_time(&question->from, cover->edges[i].from_us);
        db_array_time(&question->to, cover->edges[i].to_us);
    }
}

static void ask_covers(struct arena *arena, struct question *question)
{
    size_t ranges = question->range_count, edges = question->edge_count;

    question->range_facets = db_array_begin(arena, DB_ARRAY_INT2, ranges);
    question->levels = db_array_begin(arena, DB_ARRAY_INT2, ranges);
    question->range_pieces = db_array_begin(arena, DB_ARRAY_INT4, ranges);
    question->lo = db_array_begin(arena, DB_ARRAY_INT4, ranges);
    question->hi = db_array_begin(arena, DB_ARRAY_INT4, ranges);
    question->edge_facets = db_array_begin(arena, DB_ARRAY_INT2, edges);
    question->edge_pieces = db_array_begin(arena, DB_ARRAY_INT4, edges);
    question->from = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, edges);
    question->to = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, edges);
    for (size_t s = 0; s < question->set_count; s++)
        for (size_t p = 0; p < question->pieces->count; p++)
            add_cover(question, question->sets[s].facet, p, &question->sets[s].covers[p]);
}

static int compare_slots(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The ends of all that is asked of the journal, each once, in order. */
static struct number_journal cut_journal(struct arena *arena, const struct question *question)
{
    size_t pieces = question->pieces->count, ends = 0;
    int32_t *bounds = arena_calloc(arena, 2 * pieces * question->set_count + 1, sizeof(*bounds));
    struct number_journal journal = {.bounds = bounds};

    for (size_t s = 0; s < question->set_count; s++)
        for (size_t p = 0; p < pieces; p++) {
            bounds[ends++] = question->sets[s].covers[p].whole.lo;
            bounds[ends++] = question->sets[s].covers[p].whole.hi;
        }
    qsort(bounds, ends, sizeof(*bounds), compare_slots);
    for (size_t i = 0; i < ends; i++)
        if (i == 0 || bounds[i] != bounds[i - 1])
            bounds[journal.bound_count++] = bounds[i];
    return journal;
}

static void ask_journal(struct arena *arena, struct question *question,
                        const struct number_journal *journal)
{
    question->bounds = db_array_begin(arena, DB_ARRAY_INT4, journal->bound_count);
    for (size_t i = 0; i < journal->bound_count; i++)
        db_array_int4(&question->bounds, journal->bounds[i]);
}

static size_t bound_of(const struct number_journal *journal, int32_t slot)
{
    const int32_t *bound = bsearch(&slot, journal->bounds, journal->bound_count,
                                   sizeof(*journal->bounds), compare_slots);
    return (size_t)(bound - journal->bounds);
}

static struct number_stretch *journal_stretches(struct arena *arena,
                                                const struct question *question, size_t set,
                                                const struct number_journal *journal)
{
    size_t pieces = question->pieces->count;
    struct number_stretch *stretches = arena_calloc(arena, pieces + 1, sizeof(*stretches));

    for (size_t p = 0; p < pieces; p++) {
        const struct slot_range *whole = &question->sets[set].covers[p].whole;
        stretches[p] =
            (struct number_stretch){bound_of(journal, whole->lo), bound_of(journal, whole->hi)};
    }
    return stretches;
}

static enum db_status ask(struct pg *pg, const struct db_stmt *stmt, int32_t survey_id, int facet,
                          int32_t value, const struct question *question,
                          struct db_result **ret_sums)
{
    return PG_EXEC(pg, stmt, ret_sums, P_INT4(survey_id), P_INT2(facet), P_INT4(value),
                   P_BUF(&question->range_facets), P_BUF(&question->levels),
                   P_BUF(&question->range_pieces), P_BUF(&question->lo), P_BUF(&question->hi),
                   P_BUF(&question->edge_facets), P_BUF(&question->edge_pieces),
                   P_BUF(&question->from), P_BUF(&question->to), P_BUF(&question->bounds));
}

enum db_status numbers_tally(struct pg *pg, struct arena *arena, const struct number_query *query,
                             int facet, int32_t value, struct nps_counts *ret_counts)
{
    struct number_plan plan = {.pieces = numbers_pieces(arena, query, true)};
    struct question question = {.pieces = &plan.pieces};
    DB_RESULT sums = NULL;

    add_set(arena, &question, facet);
    ask_covers(arena, &question);
    plan.journal = cut_journal(arena, &question);
    ask_journal(arena, &question, &plan.journal);
    plan.of_facet = journal_stretches(arena, &question, 0, &plan.journal);
    enum db_status status =
        ask(pg, &numbers_one[facet], query->survey_id, facet, value, &question, &sums);
    if (status == DB_OK)
        numbers_read_one(arena, &plan, sums, ret_counts);
    return status;
}

enum db_status numbers_tally_values(struct pg *pg, struct arena *arena,
                                    const struct number_query *query, int facet,
                                    struct number_values *ret_values)
{
    struct number_plan plan = {.pieces = numbers_pieces(arena, query, true)};
    struct question question = {.pieces = &plan.pieces};
    const struct db_stmt *stmt = &numbers_values[facet > SURVEY_FACET_QUESTION ? 0 : facet];
    DB_RESULT sums = NULL;

    add_set(arena, &question, SURVEY_FACET_TOTAL);
    add_set(arena, &question, facet);
    ask_covers(arena, &question);
    plan.journal = cut_journal(arena, &question);
    ask_journal(arena, &question, &plan.journal);
    plan.of_total = journal_stretches(arena, &question, 0, &plan.journal);
    plan.of_facet = journal_stretches(arena, &question, 1, &plan.journal);
    enum db_status status = ask(pg, stmt, query->survey_id, facet, 0, &question, &sums);
    if (status == DB_OK)
        *ret_values = numbers_read_values(arena, &plan, sums);
    return status;
}
