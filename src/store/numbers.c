#include "npsd/store/numbers.h"

#include "folds_sql.h"
#include "npsd/base/buf.h"
#include "npsd/db/array.h"
#include "npsd/domain/survey.h"

#include <assert.h>
#include <string.h>

#define COUNTER_TOTAL(n) "sum(n" #n ")"
#define COUNTER_OF_ROW(n) "case when score = " #n " then n else 0 end"

/* clang-format off */

/* "offset 0" keeps the subquery one: then its index is entered with the bounds of each range. */
#define TALLIES(level, table)                                                                      \
    "  select r.w, t.* from range r cross join lateral ("                                          \
    "    select " COUNTER_NAMES " from " table " t"                                                \
    "    where t.survey_id = r.survey_id and t.facet = r.facet and t.value = r.value"              \
    "     and t.slot >= r.lo and t.slot < r.hi offset 0) t"                                        \
    "  where r.level = " level

/*
 * $1 survey, $2 facet, $3 value; $4 to $7 ranges of slots: level, window, lo, hi, where level 4 is
 * the range of quarters for which the journal is asked; $8 to $10 edges to be counted from rows:
 * window, from, to. The journal is read once, whatever the number of windows.
 *
 * All tables meet the parameters by way of "asked", so that a plan made for given values is no
 * better than the generic one: PostgreSQL then keeps the generic plan after five runs, and does not
 * plan anew each time, which takes far longer than to run it.
 */
#define COUNT_SQL(condition)                                                                       \
    "with asked as materialized ("                                                                 \
    "  select $1 as survey_id, $2 as facet, $3 as value, $2::int8 << 32 | $3 as cut,"              \
    "   $4 as levels, $5 as range_windows, $6 as range_lo, $7 as range_hi,"                        \
    "   $8 as edge_windows, $9 as edge_from, $10 as edge_to),"                                     \
    " range as materialized ("                                                                     \
    "  select a.survey_id, a.facet, a.value, r.* from asked a cross join lateral"                  \
    "   unnest(levels, range_windows, range_lo, range_hi) r (level, w, lo, hi)),"                  \
    " edge as materialized ("                                                                      \
    "  select a.survey_id, a.value, e.* from asked a cross join lateral"                           \
    "   unnest(edge_windows, edge_from, edge_to) e (w, from_at, to_at)),"                          \
    " unfolded as materialized ("                                                                  \
    "  select slot, score, sum(weight)::int4 as n from asked a cross join lateral ("               \
    "    select slot, unnest(cuts) as cut, unnest(scores) as score, unnest(weights) as weight"     \
    "    from journal j where j.survey_id = a.survey_id"                                           \
    "     and j.xid >= (select low from tally_state s where s.survey_id = a.survey_id)) j"         \
    "  where j.cut = a.cut group by slot, score having sum(weight) <> 0),"                         \
    " counted as ("                                                                                \
    "  select r.w, u.score, u.n"                                                                   \
    "  from range r join unfolded u on u.slot >= r.lo and u.slot < r.hi where r.level = 4"         \
    "  union all"                                                                                  \
    "  select e.w, r.score, r.n from edge e cross join lateral ("                                  \
    "    select score, count(*)::int4 as n from response r where r.survey_id = e.survey_id"        \
    "     and r.answered_at >= e.from_at and r.answered_at < e.to_at and not r.excluded"           \
    condition " group by score) r),"                                                               \
    " cell as ("                                                                                   \
    TALLIES("3", "tally_month") " union all"                                                       \
    TALLIES("2", "tally_day") " union all"                                                         \
    TALLIES("1", "tally_hour") " union all"                                                        \
    TALLIES("0", "tally_quarter") " union all"                                                     \
    "  select w, " COUNTERS(COUNTER_OF_ROW) " from counted)"                                       \
    " select w, " COUNTERS(COUNTER_TOTAL) " from cell group by w"

/* clang-format on */
_Static_assert(SLOT_QUARTER == 0 && SLOT_HOUR == 1 && SLOT_DAY == 2 && SLOT_MONTH == 3 &&
                   SLOT_LEVELS == 4,
               "the levels stand in the statement");

#define COUNT(name, condition)                                                                     \
    {                                                                                              \
        name, "int4 int2 int4 int2[] int4[] int4[] int4[] int4[] timestamptz[] timestamptz[]",     \
            "int4 int8 int8 int8 int8 int8 int8 int8 int8 int8 int8 int8", COUNT_SQL(condition)    \
    }

/* By facet. Each has the column of its own index on rows. */
static const struct db_stmt count_cut[] = {
    COUNT("numbers_total", ""),
    COUNT("numbers_channel", " and r.channel = e.value"),
    COUNT("numbers_agent", " and r.agent = e.value"),
    COUNT("numbers_f1", " and r.f1 = e.value"),
    COUNT("numbers_f2", " and r.f2 = e.value"),
    COUNT("numbers_f3", " and r.f3 = e.value"),
    COUNT("numbers_f4", " and r.f4 = e.value"),
    COUNT("numbers_f5", " and r.f5 = e.value"),
    COUNT("numbers_f6", " and r.f6 = e.value"),
    COUNT("numbers_f7", " and r.f7 = e.value"),
    COUNT("numbers_f8", " and r.f8 = e.value"),
};

enum { FACETS = sizeof(count_cut) / sizeof(*count_cut) };

_Static_assert(FACETS == SURVEY_FACET_FIRST + SURVEY_FACETS_MAX, "a statement for every facet");

const struct db_stmt *const numbers_statements[] = {
    &count_cut[0], &count_cut[1], &count_cut[2], &count_cut[3], &count_cut[4],  &count_cut[5],
    &count_cut[6], &count_cut[7], &count_cut[8], &count_cut[9], &count_cut[10], NULL};

static struct slot_cover *cover_windows(struct arena *arena, const struct number_query *query,
                                        bool fine, size_t *ret_ranges, size_t *ret_edges)
{
    struct slot_cover *covers = arena_calloc(arena, query->window_count, sizeof(*covers));
    size_t ranges = 0, edges = 0;

    for (size_t w = 0; w < query->window_count; w++) {
        covers[w] = slots_cover(query->windows[w].from_us, query->windows[w].to_us, fine);
        ranges += covers[w].range_count + (covers[w].whole.lo < covers[w].whole.hi);
        edges += covers[w].edge_count;
    }
    *ret_ranges = ranges;
    *ret_edges = edges;
    return covers;
}

/* The pieces of all windows, as arrays for the statement. */
struct pieces {
    struct buf levels, range_windows, lo, hi;
    struct buf edge_windows, from, to;
};

static void add_range(struct pieces *pieces, size_t window, int level,
                      const struct slot_range *range)
{
    db_array_int2(&pieces->levels, (int16_t)level);
    db_array_int4(&pieces->range_windows, (int32_t)window);
    db_array_int4(&pieces->lo, range->lo);
    db_array_int4(&pieces->hi, range->hi);
}

static void add_cover(struct pieces *pieces, size_t window, const struct slot_cover *cover)
{
    for (size_t i = 0; i < cover->range_count; i++)
        add_range(pieces, window, cover->ranges[i].level, &cover->ranges[i]);
    if (cover->whole.lo < cover->whole.hi)
        add_range(pieces, window, SLOT_LEVELS, &cover->whole);
    for (size_t i = 0; i < cover->edge_count; i++) {
        db_array_int4(&pieces->edge_windows, (int32_t)window);
        db_array_time(&pieces->from, cover->edges[i].from_us);
        db_array_time(&pieces->to, cover->edges[i].to_us);
    }
}

static struct pieces cut_windows(struct arena *arena, const struct number_query *query, bool fine)
{
    size_t ranges, edges;
    struct slot_cover *covers = cover_windows(arena, query, fine, &ranges, &edges);
    struct pieces pieces = {
        .levels = db_array_begin(arena, DB_ARRAY_INT2, ranges),
        .range_windows = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .lo = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .hi = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .edge_windows = db_array_begin(arena, DB_ARRAY_INT4, edges),
        .from = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, edges),
        .to = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, edges),
    };
    for (size_t w = 0; w < query->window_count; w++)
        add_cover(&pieces, w, &covers[w]);
    return pieces;
}

/* Of the whole survey, or of one value of one facet that the tallies know. */
static enum db_status count_one_cut(struct pg *pg, struct arena *arena,
                                    const struct number_query *query, int facet, int32_t value,
                                    struct nps_counts *ret_counts)
{
    struct pieces pieces = cut_windows(arena, query, survey_facet_is_fine(facet));
    DB_RESULT sums = NULL;
    enum db_status status = PG_EXEC(
        pg, &count_cut[facet], &sums, P_INT4(query->survey_id), P_INT2(facet), P_INT4(value),
        P_BUF(&pieces.levels), P_BUF(&pieces.range_windows), P_BUF(&pieces.lo), P_BUF(&pieces.hi),
        P_BUF(&pieces.edge_windows), P_BUF(&pieces.from), P_BUF(&pieces.to));
    if (status != DB_OK)
        return status;
    memset(ret_counts, 0, query->window_count * sizeof(*ret_counts));
    for (int row = 0; row < db_rows(sums); row++)
        for (int score = 0; score < NPS_SCORES; score++)
            ret_counts[db_int(sums, row, 0)].score[score] = db_int(sums, row, 1 + score);
    return DB_OK;
}

/*
 * What is asked of rows: $1 survey, $2 to $4 windows, then a value for each filter, and names and
 * texts that properties must have. The statement has only the columns that are asked for, so that
 * any plan of it goes by the index of the rarest.
 */
struct row_question {
    struct buf sql, types;
    struct db_param params[4 + NUMBER_FILTERS_MAX + 2];
    size_t count;
    struct buf windows, from, to, names, texts;
};

static void add_param(struct row_question *question, const char *type, struct db_param param)
{
    buf_printf(&question->types, " %s", type);
    question->params[question->count++] = param;
}

static void ask_windows(struct row_question *question, struct arena *arena,
                        const struct number_query *query)
{
    question->windows = db_array_begin(arena, DB_ARRAY_INT4, query->window_count);
    question->from = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, query->window_count);
    question->to = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, query->window_count);
    for (size_t w = 0; w < query->window_count; w++) {
        db_array_int4(&question->windows, (int32_t)w);
        db_array_time(&question->from, query->windows[w].from_us);
        db_array_time(&question->to, query->windows[w].to_us);
    }
    add_param(question, "int4", P_INT4(query->survey_id));
    add_param(question, "int4[]", P_BUF(&question->windows));
    add_param(question, "timestamptz[]", P_BUF(&question->from));
    add_param(question, "timestamptz[]", P_BUF(&question->to));
    buf_text(&question->sql,
             "select o.w, r.score, r.n from unnest($2, $3, $4) o (w, from_at, to_at)"
             " cross join lateral (select score, count(*) as n from response"
             " where survey_id = $1 and answered_at >= o.from_at and answered_at < o.to_at"
             " and not excluded");
}

static void ask_values(struct row_question *question, const struct number_query *query)
{
    static const char *const columns[FACETS] = {NULL, "channel", "agent", "f1", "f2", "f3",
                                                "f4", "f5",      "f6",    "f7", "f8"};
    for (size_t i = 0; i < query->filter_count; i++) {
        add_param(question, "int4", P_INT4(query->filters[i].value));
        buf_printf(&question->sql, " and %s = $%zu", columns[query->filters[i].facet],
                   question->count);
    }
}

static void ask_texts(struct row_question *question, struct arena *arena,
                      const struct number_query *query)
{
    size_t texts = 0;
    for (size_t i = 0; i < query->filter_count; i++)
        texts += query->filters[i].text != NULL;
    if (texts == 0)
        return;

    question->names = db_array_begin(arena, DB_ARRAY_TEXT, texts);
    question->texts = db_array_begin(arena, DB_ARRAY_TEXT, texts);
    for (size_t i = 0; i < query->filter_count; i++)
        if (query->filters[i].text) {
            db_array_text(&question->names, query->filters[i].name);
            db_array_text(&question->texts, query->filters[i].text);
        }
    add_param(question, "text[]", P_BUF(&question->names));
    add_param(question, "text[]", P_BUF(&question->texts));
    buf_printf(&question->sql, " and properties @> jsonb_object($%zu, $%zu)", question->count - 1,
               question->count);
}

static enum db_status ask_rows(struct pg *pg, struct arena *arena, const struct number_query *query,
                               struct db_result **ret_result)
{
    struct row_question question = {.sql = buf_make(arena, 512), .types = buf_make(arena, 128)};

    ask_windows(&question, arena, query);
    ask_values(&question, query);
    ask_texts(&question, arena, query);
    buf_text(&question.sql, " group by score) r");

    struct db_stmt stmt = {"numbers_rows", question.types.data, "int4 int2 int8",
                           question.sql.data};
    return pg_exec_unprepared(pg, &stmt, question.params, question.count, ret_result);
}

static enum db_status count_by_rows(struct pg *pg, struct arena *arena,
                                    const struct number_query *query, struct nps_counts *ret_counts)
{
    DB_RESULT rows = NULL;
    enum db_status status = ask_rows(pg, arena, query, &rows);
    if (status != DB_OK)
        return status;
    memset(ret_counts, 0, query->window_count * sizeof(*ret_counts));
    for (int row = 0; row < db_rows(rows); row++)
        ret_counts[db_int(rows, row, 0)].score[db_int(rows, row, 1)] = db_int(rows, row, 2);
    return DB_OK;
}

enum db_status numbers_count(struct pg *pg, struct arena *arena, const struct number_query *query,
                             struct nps_counts *ret_counts)
{
    const struct number_filter *filter = query->filters;

    if (query->filter_count == 0)
        return count_one_cut(pg, arena, query, SURVEY_FACET_TOTAL, 0, ret_counts);
    if (query->filter_count == 1 && !filter->text)
        return count_one_cut(pg, arena, query, filter->facet, filter->value, ret_counts);
    return count_by_rows(pg, arena, query, ret_counts);
}
