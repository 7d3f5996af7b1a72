#include "npsd/store/overview.h"

#include "npsd/db/array.h"
#include "numbers_parts.h"

#include <string.h>

/* clang-format off */

#define COUNTER_OF_RANGE(n) "sum(n" #n ") as n" #n
#define COUNTER_OF_WINDOW(n) "sum(n" #n ")::int8"

/* Added up range by range: far fewer rows are then sorted by survey. */
#define TALLIES(level, table)                                                                      \
    "  select r.place, r.w, t.* from range r cross join lateral ("                                 \
    "    select " COUNTERS(COUNTER_OF_RANGE) " from " table " t"                                   \
    "    where t.survey_id = r.survey_id and t.facet = r.facet and t.value = r.value"              \
    "     and t.slot >= r.lo and t.slot < r.hi) t"                                                 \
    "  where r.level = " level

/* A look for each, as in numbers_sums.c. */
#define SIX_HOURS                                                                                  \
    "  select r.place, r.w, t.* from range r"                                                      \
    "  cross join lateral generate_series(r.lo, r.hi - 1) s (slot)"                                \
    "  cross join lateral ("                                                                       \
    "    select " COUNTER_NAMES " from tally_six_hours t"                                          \
    "    where t.survey_id = r.survey_id and t.facet = r.facet and t.slot = s.slot"                \
    "     and t.value = r.value offset 0) t"                                                       \
    "  where r.level = 2"

/*
 * $1 surveys, $2 their zones; $3 facet, $4 channel, $5 agent; $6 to $10 ranges of slots: zone,
 * level, window, lo, hi, where level 6 is the range of quarters for which the journal is asked; $11
 * to $14 edges to be counted from rows: zone, window, from, to.
 *
 * value: of the facet in survey s, in "asked a"; condition: which rows r of edges are counted. All
 * tables meet the parameters by way of "asked", for the reason told in numbers_sums.c.
 */
#define COUNT_SQL(value, condition)                                                                \
    "with asked as materialized ("                                                                 \
    "  select $1 as surveys, $2 as survey_zones, $3 as facet, $4 as channel, $5 as agent,"         \
    "   $6 as range_zones, $7 as levels, $8 as range_windows, $9 as range_lo, $10 as range_hi,"    \
    "   $11 as edge_zones, $12 as edge_windows, $13 as edge_from, $14 as edge_to),"                \
    " cut as materialized ("                                                                       \
    "  select s.survey_id, s.zone, s.place, a.facet, a.channel, " value " as value"                \
    "  from asked a cross join lateral"                                                            \
    "   unnest(surveys, survey_zones) with ordinality s (survey_id, zone, place)),"                \
    " range as materialized ("                                                                     \
    "  select c.survey_id, c.place, c.facet, c.value, r.* from asked a cross join lateral"         \
    "   unnest(range_zones, levels, range_windows, range_lo, range_hi) r (zone, level, w, lo, hi)" \
    "  join cut c on c.zone = r.zone),"                                                            \
    " edge as materialized ("                                                                      \
    "  select c.survey_id, c.place, c.channel, c.value, e.* from asked a cross join lateral"       \
    "   unnest(edge_zones, edge_windows, edge_from, edge_to) e (zone, w, from_at, to_at)"          \
    "  join cut c on c.zone = e.zone),"                                                            \
    " unfolded as materialized ("                                                                  \
    "  select c.place, j.slot, j.score, sum(j.weight)::int4 as n from cut c cross join lateral ("  \
    "    select slot, unnest(cuts) as cut, unnest(scores) as score, unnest(weights) as weight"     \
    "    from journal j where j.survey_id = c.survey_id"                                           \
    "     and j.xid >= (select low from tally_state s where s.survey_id = c.survey_id)) j"         \
    "  where j.cut = c.facet::int8 << 32 | c.value group by 1, 2, 3 having sum(j.weight) <> 0),"   \
    " counted as ("                                                                                \
    "  select r.place, r.w, u.score, u.n from range r"                                             \
    "  join unfolded u on u.place = r.place and u.slot >= r.lo and u.slot < r.hi"                  \
    "  where r.level = 6"                                                                          \
    "  union all"                                                                                  \
    "  select e.place, e.w, r.score, r.n from edge e cross join lateral ("                         \
    "    select score, count(*)::int4 as n from response r where r.survey_id = e.survey_id"        \
    "     and r.answered_at >= e.from_at and r.answered_at < e.to_at and not r.excluded"           \
    condition " group by score) r),"                                                               \
    " cell as ("                                                                                   \
    TALLIES("5", "tally_year") " union all"                                                        \
    TALLIES("4", "tally_month") " union all"                                                       \
    TALLIES("3", "tally_day") " union all"                                                         \
    SIX_HOURS " union all"                                                                         \
    TALLIES("1", "tally_hour") " union all"                                                        \
    TALLIES("0", "tally_quarter") " union all"                                                     \
    "  select place, w, " COUNTERS(COUNTER_OF_ROW) " from counted)"                                \
    " select place, w, " COUNTERS(COUNTER_OF_WINDOW) " from cell group by 1, 2"

/* clang-format on */
_Static_assert(SLOT_QUARTER == 0 && SLOT_HOUR == 1 && SLOT_SIX_HOURS == 2 && SLOT_DAY == 3 &&
                   SLOT_MONTH == 4 && SLOT_YEAR == 5 && SLOT_LEVELS == 6 && SURVEY_FACET_AGENT == 2,
               "the numbers stand in the statements");

/* Null, so nothing, in a survey that does not know the agent. */
#define NUMBER_OF_AGENT                                                                            \
    "(select v.id from facet_value v"                                                              \
    "  where v.survey_id = s.survey_id and v.facet = 2 and v.value = a.agent)"

#define COUNT(name, value, condition)                                                              \
    {                                                                                              \
        name,                                                                                      \
            "int4[] int4[] int2 int4 text int4[] int2[] int4[] int4[] int4[] int4[] int4[]"        \
            " timestamptz[] timestamptz[]",                                                        \
            "int8 int4 int8 int8 int8 int8 int8 int8 int8 int8 int8 int8 int8",                    \
            COUNT_SQL(value, condition)                                                            \
    }

static const struct db_stmt count_all = COUNT("overview_all", "0", "");
static const struct db_stmt count_channel =
    COUNT("overview_channel", "a.channel", " and r.channel = e.value");
static const struct db_stmt count_agent =
    COUNT("overview_agent", NUMBER_OF_AGENT, " and r.agent = e.value");
/* All is edges. */
static const struct db_stmt count_both =
    COUNT("overview_both", NUMBER_OF_AGENT, " and r.agent = e.value and r.channel = e.channel");

const struct db_stmt *const overview_statements[] = {&count_all, &count_channel, &count_agent,
                                                     &count_both, NULL};

/* How a query is counted. */
struct way {
    const struct db_stmt *stmt;
    int facet;
    bool by_rows;
};

static struct way find_way(const struct overview_query *query)
{
    bool channel = query->channel != OVERVIEW_ANY;

    if (query->agent && channel)
        return (struct way){&count_both, SURVEY_FACET_AGENT, true};
    if (query->agent)
        return (struct way){&count_agent, SURVEY_FACET_AGENT, false};
    if (channel)
        return (struct way){&count_channel, SURVEY_FACET_CHANNEL, false};
    return (struct way){&count_all, SURVEY_FACET_TOTAL, false};
}

/* --- the windows of all zones, cut --- */

struct cuts {
    struct buf range_zones, levels, range_windows, lo, hi;
    struct buf edge_zones, edge_windows, from, to;
};

static struct slot_cover cover_window(const struct window *window, const struct way *way)
{
    struct slot_cover rows = {.edges[0] = {window->from_us, window->to_us}, .edge_count = 1};

    if (way->by_rows)
        return rows;
    return slots_cover(window->from_us, window->to_us, survey_facet_finest(way->facet));
}

static void add_range(struct cuts *cuts, size_t zone, size_t window, int level,
                      const struct slot_range *range)
{
    db_array_int4(&cuts->range_zones, (int32_t)zone);
    db_array_int2(&cuts->levels, (int16_t)level);
    db_array_int4(&cuts->range_windows, (int32_t)window);
    db_array_int4(&cuts->lo, range->lo);
    db_array_int4(&cuts->hi, range->hi);
}

static bool asks_journal(const struct slot_cover *cover)
{
    return cover->whole.lo < cover->whole.hi;
}

static void add_cover(struct cuts *cuts, size_t zone, size_t window, const struct slot_cover *cover)
{
    for (size_t i = 0; i < cover->range_count; i++)
        add_range(cuts, zone, window, cover->ranges[i].level, &cover->ranges[i]);
    if (asks_journal(cover))
        add_range(cuts, zone, window, SLOT_LEVELS, &cover->whole);
    for (size_t i = 0; i < cover->edge_count; i++) {
        db_array_int4(&cuts->edge_zones, (int32_t)zone);
        db_array_int4(&cuts->edge_windows, (int32_t)window);
        db_array_time(&cuts->from, cover->edges[i].from_us);
        db_array_time(&cuts->to, cover->edges[i].to_us);
    }
}

static struct cuts begin_cuts(struct arena *arena, size_t ranges, size_t edges)
{
    return (struct cuts){
        .range_zones = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .levels = db_array_begin(arena, DB_ARRAY_INT2, ranges),
        .range_windows = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .lo = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .hi = db_array_begin(arena, DB_ARRAY_INT4, ranges),
        .edge_zones = db_array_begin(arena, DB_ARRAY_INT4, edges),
        .edge_windows = db_array_begin(arena, DB_ARRAY_INT4, edges),
        .from = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, edges),
        .to = db_array_begin(arena, DB_ARRAY_TIMESTAMPTZ, edges),
    };
}

static struct cuts cut_windows(struct arena *arena, const struct overview_query *query,
                               const struct way *way)
{
    size_t count = query->zone_count * query->windows_each, ranges = 0, edges = 0;
    struct slot_cover *covers = arena_calloc(arena, count + 1, sizeof(*covers));

    for (size_t i = 0; i < count; i++) {
        covers[i] = cover_window(&query->windows[i], way);
        ranges += covers[i].range_count + asks_journal(&covers[i]);
        edges += covers[i].edge_count;
    }
    struct cuts cuts = begin_cuts(arena, ranges, edges);
    for (size_t i = 0; i < count; i++)
        add_cover(&cuts, i / query->windows_each, i % query->windows_each, &covers[i]);
    return cuts;
}

/* --- asking --- */

static enum db_status ask(struct pg *pg, struct arena *arena, const struct overview_query *query,
                          struct db_result **ret_sums)
{
    struct way way = find_way(query);
    struct cuts cuts = cut_windows(arena, query, &way);
    struct buf surveys = db_array_begin(arena, DB_ARRAY_INT4, query->survey_count);
    struct buf zones = db_array_begin(arena, DB_ARRAY_INT4, query->survey_count);

    for (size_t i = 0; i < query->survey_count; i++) {
        db_array_int4(&surveys, query->surveys[i].id);
        db_array_int4(&zones, (int32_t)query->surveys[i].zone);
    }
    return PG_EXEC(pg, way.stmt, ret_sums, P_BUF(&surveys), P_BUF(&zones), P_INT2(way.facet),
                   P_INT4(query->channel), P_TEXT(query->agent), P_BUF(&cuts.range_zones),
                   P_BUF(&cuts.levels), P_BUF(&cuts.range_windows), P_BUF(&cuts.lo),
                   P_BUF(&cuts.hi), P_BUF(&cuts.edge_zones), P_BUF(&cuts.edge_windows),
                   P_BUF(&cuts.from), P_BUF(&cuts.to));
}

enum db_status overview_count(struct pg *pg, struct arena *arena,
                              const struct overview_query *query, struct nps_counts *ret_counts)
{
    enum { PLACE, WINDOW, COUNTERS_BEGIN };
    DB_RESULT sums = NULL;
    enum db_status status = ask(pg, arena, query, &sums);

    if (status != DB_OK)
        return status;
    memset(ret_counts, 0, query->survey_count * query->windows_each * sizeof(*ret_counts));
    for (int row = 0; row < db_rows(sums); row++) {
        size_t place = (size_t)db_int(sums, row, PLACE) - 1;
        size_t window = (size_t)db_int(sums, row, WINDOW);
        struct nps_counts *counts = &ret_counts[place * query->windows_each + window];
        for (int score = 0; score < NPS_SCORES; score++)
            counts->score[score] = db_int(sums, row, COUNTERS_BEGIN + score);
    }
    return DB_OK;
}
