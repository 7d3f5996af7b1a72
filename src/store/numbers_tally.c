#include "numbers_parts.h"

#include "npsd/db/array.h"

#include <stdlib.h>

/* The pieces as they are counted for a facet. */
struct cover_set {
    int facet;
    const struct slot_cover *covers; /* one a piece */
};

/* Slots [lo, hi) of a level; width 0: all of them are of the piece, else each so many are of
 * it and those after it. */
struct asked_range {
    int facet;
    size_t piece, last_piece;
    struct slot_range slots;
    int32_t width;
};

struct question {
    const struct pieces *pieces;
    struct cover_set sets[2];
    size_t set_count;
    size_t range_count, edge_count; /* of all covers */
    /* Of one facet, with so many windows that it pays to take ranges together. */
    bool is_series;
    struct buf range_facets, levels, range_pieces, lo, hi, widths;
    struct buf part_pieces, part_lo, part_hi, hours_lo, hours_hi; /* of a series */
    struct buf edge_facets, edge_pieces, from, to, bounds;
};

/* A series of a facet goes by days: six hours of one value are a look each, so the many of a year
 * cost as much as the rows of its parts of days. */
static enum slot_level finest_of(int facet, bool is_series)
{
    enum slot_level finest = survey_facet_finest(facet);
    return is_series && finest == SLOT_SIX_HOURS ? SLOT_DAY : finest;
}

/* By which slots windows are cut: the parts of days of what has quarter hours cost next to nothing,
 * six hours leave fewer rows to count. */
static int64_t cut_by(int facet, bool is_series)
{
    enum slot_level finest = finest_of(facet, is_series);
    return slot_width_us(finest == SLOT_SIX_HOURS ? finest : SLOT_DAY);
}

static void add_set(struct arena *arena, struct question *question, int facet)
{
    const struct pieces *pieces = question->pieces;
    enum slot_level finest = finest_of(facet, question->is_series);
    struct slot_cover *covers = arena_calloc(arena, pieces->count + 1, sizeof(*covers));

    for (size_t p = 0; p < pieces->count; p++) {
        covers[p] = slots_cover(pieces->spans[p].from_us, pieces->spans[p].to_us, finest);
        question->range_count += covers[p].range_count;
        question->edge_count += covers[p].edge_count;
    }
    question->sets[question->set_count++] = (struct cover_set){facet, covers};
}

/* As the days of a series do: then one look into the index brings all. */
static bool continues(const struct asked_range *last, const struct asked_range *next)
{
    int64_t width = (int64_t)next->slots.hi - next->slots.lo;
    return last->facet == next->facet && last->slots.level == next->slots.level &&
           last->slots.hi == next->slots.lo && last->last_piece + 1 == next->piece &&
           width == (last->width ? last->width : (int64_t)last->slots.hi - last->slots.lo);
}

static size_t join_ranges(struct asked_range *ranges, size_t count)
{
    size_t joined = 0;

    for (size_t i = 0; i < count; i++) {
        struct asked_range *last = joined > 0 ? &ranges[joined - 1] : NULL;
        if (!last || !continues(last, &ranges[i])) {
            ranges[joined++] = ranges[i];
            continue;
        }
        last->width = ranges[i].slots.hi - ranges[i].slots.lo;
        last->slots.hi = ranges[i].slots.hi;
        last->last_piece = ranges[i].piece;
    }
    return joined;
}

/* What lies between a day's begin and midnight comes with one look. */
static bool is_part_of_day(const struct slot_cover *cover)
{
    return cover->range_count == 2 && cover->ranges[0].level != cover->ranges[1].level &&
           cover->ranges[0].level <= SLOT_HOUR && cover->ranges[1].level <= SLOT_HOUR;
}

/* Of a facet in the order of pieces. */
static size_t list_ranges(const struct question *question, struct asked_range *ranges)
{
    size_t count = 0;

    for (size_t s = 0; s < question->set_count; s++)
        for (size_t p = 0; p < question->pieces->count; p++) {
            const struct slot_cover *cover = &question->sets[s].covers[p];
            for (size_t i = 0; i < cover->range_count; i++)
                if (!question->is_series || !is_part_of_day(cover))
                    ranges[count++] = (struct asked_range){.facet = question->sets[s].facet,
                                                           .piece = p,
                                                           .last_piece = p,
                                                           .slots = cover->ranges[i]};
        }
    return question->is_series ? join_ranges(ranges, count) : count;
}

static void ask_ranges(struct arena *arena, struct question *question)
{
    struct asked_range *ranges = arena_calloc(arena, question->range_count + 1, sizeof(*ranges));
    size_t count = list_ranges(question, ranges);

    question->range_facets = db_array_begin(arena, DB_ARRAY_INT2, count);
    question->levels = db_array_begin(arena, DB_ARRAY_INT2, count);
    question->range_pieces = db_array_begin(arena, DB_ARRAY_INT4, count);
    question->lo = db_array_begin(arena, DB_ARRAY_INT4, count);
    question->hi = db_array_begin(arena, DB_ARRAY_INT4, count);
    question->widths = db_array_begin(arena, DB_ARRAY_INT4, count);
    for (size_t i = 0; i < count; i++) {
        db_array_int2(&question->range_facets, (int16_t)ranges[i].facet);
        db_array_int2(&question->levels, (int16_t)ranges[i].slots.level);
        db_array_int4(&question->range_pieces, (int32_t)ranges[i].piece);
        db_array_int4(&question->lo, ranges[i].slots.lo);
        db_array_int4(&question->hi, ranges[i].slots.hi);
        db_array_int4(&question->widths, ranges[i].width);
    }
}

static size_t count_parts(const struct question *question)
{
    size_t count = 0;
    for (size_t p = 0; p < question->pieces->count; p++)
        count += is_part_of_day(&question->sets[0].covers[p]);
    return count;
}

/* Of a series, which has one facet. */
static void ask_parts(struct arena *arena, struct question *question)
{
    size_t count = count_parts(question);
    struct buf *const lists[] = {&question->part_pieces, &question->part_lo, &question->part_hi,
                                 &question->hours_lo, &question->hours_hi};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        *lists[i] = db_array_begin(arena, DB_ARRAY_INT4, count);
    for (size_t p = 0; p < question->pieces->count; p++) {
        const struct slot_cover *cover = &question->sets[0].covers[p];
        if (!is_part_of_day(cover))
            continue;
        bool hours_first = cover->ranges[0].level == SLOT_HOUR;
        const struct slot_range *quarters = &cover->ranges[hours_first];
        const struct slot_range *hours = &cover->ranges[!hours_first];
        db_array_int4(&question->part_pieces, (int32_t)p);
        db_array_int4(&question->part_lo, quarters->lo);
        db_array_int4(&question->part_hi, quarters->hi);
        db_array_int4(&question->hours_lo, hours->lo);
        db_array_int4(&question->hours_hi, hours->hi);
    }
}

static void ask_edges(struct arena *arena, struct question *question)
{
    size_t count = question->edge_count;

    question->edge_facets = db_array_begin(arena, DB_ARRAY_INT2, count);
    question->edge_pieces = db_array_begin(arena, DB_ARRAY_INT4, count);
    question->from = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, count);
    question->to = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, count);
    for (size_t s = 0; s < question->set_count; s++)
        for (size_t p = 0; p < question->pieces->count; p++) {
            const struct slot_cover *cover = &question->sets[s].covers[p];
            for (size_t i = 0; i < cover->edge_count; i++) {
                db_array_int2(&question->edge_facets, (int16_t)question->sets[s].facet);
                db_array_int4(&question->edge_pieces, (int32_t)p);
                db_array_time(&question->from, cover->edges[i].from_us);
                db_array_time(&question->to, cover->edges[i].to_us);
            }
        }
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

enum { SUMS_PARAMS = 14, SERIES_PARAMS = 19 };

static enum db_status ask(struct pg *pg, const struct db_stmt *stmt, int32_t survey_id, int facet,
                          int32_t value, const struct question *question,
                          struct db_result **ret_sums)
{
    const struct db_param params[SERIES_PARAMS] = {
        P_INT4(survey_id),
        P_INT2(facet),
        P_INT4(value),
        P_BUF(&question->range_facets),
        P_BUF(&question->levels),
        P_BUF(&question->range_pieces),
        P_BUF(&question->lo),
        P_BUF(&question->hi),
        P_BUF(&question->widths),
        P_BUF(&question->edge_facets),
        P_BUF(&question->edge_pieces),
        P_BUF(&question->from),
        P_BUF(&question->to),
        P_BUF(&question->bounds),
        P_BUF(&question->part_pieces),
        P_BUF(&question->part_lo),
        P_BUF(&question->part_hi),
        P_BUF(&question->hours_lo),
        P_BUF(&question->hours_hi),
    };
    return pg_exec(pg, stmt, params, question->is_series ? SERIES_PARAMS : SUMS_PARAMS, ret_sums);
}

enum db_status numbers_tally(struct pg *pg, struct arena *arena, const struct number_query *query,
                             struct nps_counts *ret_counts, struct number_seen *seen)
{
    bool is_series = query->window_count > 2;
    struct number_plan plan = {.pieces =
                                   numbers_pieces(arena, query, cut_by(seen->facet, is_series))};
    struct question question = {.pieces = &plan.pieces, .is_series = is_series};
    DB_RESULT sums = NULL;

    add_set(arena, &question, seen->facet);
    ask_ranges(arena, &question);
    if (question.is_series)
        ask_parts(arena, &question);
    ask_edges(arena, &question);
    plan.journal = cut_journal(arena, &question);
    ask_journal(arena, &question, &plan.journal);
    plan.of_facet = journal_stretches(arena, &question, 0, &plan.journal);
    const struct db_stmt *stmts = question.is_series ? numbers_series : numbers_one;
    enum db_status status =
        ask(pg, &stmts[seen->facet], query->survey_id, seen->facet, seen->value, &question, &sums);
    if (status != DB_OK)
        return status;
    numbers_read_one(arena, &plan, sums, ret_counts);
    seen->known = !question.is_series &&
                  db_snapshot_read(sums, db_rows(sums) - 1, NUMBER_SEEN_COLUMN, &seen->snapshot);
    return DB_OK;
}

enum db_status numbers_tally_values(struct pg *pg, struct arena *arena,
                                    const struct number_query *query, int facet,
                                    struct number_values *ret_values)
{
    struct number_plan plan = {.pieces = numbers_pieces(arena, query, cut_by(facet, false))};
    struct question question = {.pieces = &plan.pieces};
    const struct db_stmt *stmt = &numbers_values[facet > SURVEY_FACET_QUESTION ? 0 : facet];
    DB_RESULT sums = NULL;

    add_set(arena, &question, SURVEY_FACET_TOTAL);
    add_set(arena, &question, facet);
    ask_ranges(arena, &question);
    ask_edges(arena, &question);
    plan.journal = cut_journal(arena, &question);
    ask_journal(arena, &question, &plan.journal);
    plan.of_total = journal_stretches(arena, &question, 0, &plan.journal);
    plan.of_facet = journal_stretches(arena, &question, 1, &plan.journal);
    enum db_status status = ask(pg, stmt, query->survey_id, facet, 0, &question, &sums);
    if (status == DB_OK)
        *ret_values = numbers_read_values(arena, &plan, sums);
    return status;
}
