#include "numbers_parts.h"

/* clang-format off */

/*
 * The tallies of ranges of a level, added up for each. The subquery stays one, so its index is
 * entered with the bounds of each range.
 */
#define SUMS(level, table, condition)                                                              \
    " select r.facet, r.value, r.piece, t.* from range r"                                          \
    OF_RANGE(COUNTERS(COUNTER_TOTAL), table, " and t.value = r.value", "")                         \
    " where r.level = " level condition
#define TALLY_SUMS(level, table) SUMS(level, table, " and r.width = 0")
#define TOTAL_SUMS(level, table) SUMS(level, table, " and r.facet = 0")
/* Six hours of one value: a look for each, because their index has all values of a time together.
 * "offset 0" keeps the subquery. */
#define SIX_HOURS_SUMS                                                                             \
    " select r.facet, r.value, r.piece, t.* from range r cross join lateral ("                     \
    "  select " COUNTERS(COUNTER_TOTAL) " from generate_series(r.lo, r.hi - 1) s (slot)"           \
    "  cross join lateral ("                                                                       \
    "   select " COUNTER_NAMES " from tally_six_hours t"                                           \
    "   where t.survey_id = r.survey_id and t.facet = r.facet and t.slot = s.slot"                 \
    "    and t.value = r.value offset 0) t) t where r.level = 2 union all"
/* Of quarter hours and hours of one piece: one look less than two, and one row. */
#define PART_SUMS                                                                                  \
    " select p.facet, p.value, p.piece, t.* from part p cross join lateral ("                      \
    "  select " COUNTERS(COUNTER_TOTAL) " from ("                                                  \
    "   select " COUNTER_NAMES " from tally_quarter t where" OF_PART                               \
    "    and t.slot >= p.lo and t.slot < p.hi"                                                     \
    "   union all select " COUNTER_NAMES " from tally_hour t where" OF_PART                        \
    "    and t.slot >= p.hours_lo and t.slot < p.hours_hi) t) t union all"
#define OF_PART " t.survey_id = p.survey_id and t.facet = p.facet and t.value = p.value"
/* Of ranges that have a width: each so many slots are of another piece. "offset 0" keeps the
 * subquery. */
#define TALLIES(level, table)                                                                      \
    " select r.facet, r.value, r.piece + (t.slot - r.lo) / r.width, " COUNTER_NAMES                \
    " from range r"                                                                                \
    OF_RANGE("slot, " COUNTER_NAMES, table, " and t.value = r.value", " offset 0")                 \
    " where r.level = " level " and r.width > 0"
/* Of all values of a facet that has no quarters and hours: a look for each value would cost more
 * than its rows. There is an index for it, of such facets, which no other plan can take; six hours
 * have no other one. */
#define VALUE_SUMS(level, table)                                                                   \
    " select r.facet, t.value, r.piece, " COUNTERS(COUNTER_OF_T) " from range r"                   \
    OF_RANGE("value, " COUNTERS(COUNTER_TOTAL_AS), table,                                          \
             " and t.facet between 2 and 10", " group by value")                                   \
    " where r.level = " level
#define OF_RANGE(columns, table, condition, rest)                                                  \
    " cross join lateral ("                                                                        \
    "  select " columns " from " table " t"                                                        \
    "  where t.survey_id = r.survey_id and t.facet = r.facet" condition                            \
    "   and t.slot >= r.lo and t.slot < r.hi" rest ") t"
#define COUNTER_OF_T(n) "t.n" #n
#define COUNTER_TOTAL_AS(n) "sum(n" #n ") as n" #n
#define OF_DAYS(tallies)                                                                           \
    tallies("5", "tally_year") " union all" tallies("4", "tally_month") " union all"               \
    tallies("3", "tally_day") " union all"
#define OF_QUARTERS(tallies)                                                                       \
    OF_DAYS(tallies)                                                                               \
    tallies("1", "tally_hour") " union all" tallies("0", "tally_quarter") " union all"
#define OF_COUNTED                                                                                 \
    " select facet, value, piece, " COUNTERS(COUNTER_TOTAL) " from ("                              \
    "  select facet, value, piece, " COUNTERS(COUNTER_OF_ROW) " from counted) c"                   \
    " group by 1, 2, 3"

/*
 * $1 survey, $2 facet, $3 value; $4 to $9 ranges of slots: facet (0: of the total), level, piece,
 * lo, hi, width or 0; $10 to $13 edges to be counted from rows: facet, piece, from, to; $14 bounds
 * of the journal's buckets. A series has parts of days, too, with quarters and hours: $15 to $19
 * piece, quarters' lo and hi, hours' lo and hi. The journal is read once, whatever the number of
 * pieces.
 *
 * cuts: (facet, value), those that are counted, of "asked a"; range_cuts: the same, of which each
 * range r is asked; asked, parts: what series have besides; journal_cuts: a condition that the
 * journal's cells j of these fulfil; of_edges: the rows of edges, as (facet, value, piece, score,
 * n); sums: the answer, of the ranges and of what is counted here.
 *
 * All tables meet the parameters by way of "asked", so that a plan made for given values is no
 * better than the generic one: PostgreSQL then keeps the generic plan after five runs, and does not
 * plan anew each time, which takes far longer than to run it.
 */
#define SUMS_PARAMS                                                                                \
    "int4 int2 int4 int2[] int2[] int4[] int4[] int4[] int4[]"                                     \
    " int2[] int4[] timestamptz[] timestamptz[] int4[]"
#define SUMS_SQL(with, asked, cuts, range_cuts, parts, journal_cuts, of_edges, sums)               \
    "with" with " asked as materialized ("                                                         \
    "  select $1 as survey_id, $2 as facet, $3 as value, $4 as range_facets, $5 as levels,"        \
    "   $6 as range_pieces, $7 as range_lo, $8 as range_hi, $9 as widths,"                         \
    "   $10 as edge_facets, $11 as edge_pieces, $12 as edge_from, $13 as edge_to,"                 \
    "   $14 as bounds" asked "),"                                                                  \
    " cut as materialized (" cuts "),"                                                             \
    " range as materialized ("                                                                     \
    "  select a.survey_id, c.value, r.* from asked a cross join lateral"                           \
    "   unnest(range_facets, levels, range_pieces, range_lo, range_hi, widths)"                    \
    "   r (facet, level, piece, lo, hi, width)"                                                    \
    range_cuts ")," parts                                                                          \
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
    "   score, n from unfolded" of_edges ")"                                                       \
    sums

#define EDGE_ROWS(columns, joined, condition)                                                      \
    " select " columns " from response r" joined                                                   \
    " where r.survey_id = e.survey_id and r.answered_at >= e.from_at"                              \
    "  and r.answered_at < e.to_at and not r.excluded" condition
#define SCORES_OF_EDGES "score, count(*)::int4 as n"
#define TOTAL_OF_EDGES                                                                             \
    " union all"                                                                                   \
    " select 0::int2, 0, e.piece, r.score, r.n from edge e cross join lateral ("                   \
    EDGE_ROWS(SCORES_OF_EDGES, "", "") " group by score) r where e.facet = 0"
/* Of a facet with quarter hours, so few rows. */
#define ALL_OF_EDGES(value, joined)                                                                \
    " union all"                                                                                   \
    " select e.facet, r.value, e.piece, r.score, r.n from edge e cross join lateral ("             \
    EDGE_ROWS(value " as value, " SCORES_OF_EDGES, joined, "")                                     \
    " group by 1, 2) r where e.facet <> 0"

/* Edges of a facet without quarter hours: all rows of three hours perhaps, or in a series of half a
 * day, so they become counters at once. By the index of the column, a look for each value. */
#define COUNTER_OF_ROWS(n) "count(*) filter (where score = " #n ") as n" #n
#define COLUMN_SUMS(column, condition)                                                             \
    " union all"                                                                                   \
    " select e.facet, c.value, e.piece, r.* from edge e join cut c on c.facet = e.facet"           \
    " cross join lateral ("                                                                        \
    EDGE_ROWS(COUNTERS(COUNTER_OF_ROWS), "", " and r." column " = c.value") ") r"                \
    " where e.facet <> 0" condition
/* Of many values: all rows of the time, each once. */
#define COLUMN_SUMS_BY_TIME(column, condition)                                                     \
    " union all"                                                                                   \
    " select e.facet, r.value, e.piece, " COUNTERS(COUNTER_OF_R)                                   \
    " from edge e cross join lateral ("                                                            \
    EDGE_ROWS("r." column " as value, " COUNTERS(COUNTER_OF_ROWS), "",                           \
              " and r." column " is not null")                                                     \
    " group by 1) r where e.facet <> 0" condition
#define COUNTER_OF_R(n) "r.n" #n

#define ONE_CUT "select a.facet, a.value from asked a"
#define RANGE_OF_CUTS "  join cut c on c.facet = r.facet"
#define ONE_CUT_OF_JOURNAL "j.cut = a.facet::int8 << 32 | a.value"
#define OF_ONE(name, of_edges, tallies, column_sums)                                               \
    {"numbers_" name, SUMS_PARAMS, NUMBER_SEEN_COLUMNS,                                            \
     SUMS_SQL("", "", ONE_CUT, RANGE_OF_CUTS, "", ONE_CUT_OF_JOURNAL, of_edges,                    \
              WITH_SEEN NUMBER_ROWS(tallies OF_COUNTED column_sums) AND_SEEN)}
#define OF_SERIES(name, of_edges, tallies, column_sums)                                            \
    {"numbers_series_" name, SUMS_PARAMS PART_PARAMS, NUMBER_COLUMNS,                              \
     SUMS_SQL("", PARTS_ASKED, ONE_CUT, RANGE_OF_CUTS, PARTS, ONE_CUT_OF_JOURNAL, of_edges,        \
              NUMBER_ROWS(tallies OF_COUNTED column_sums))}
#define PART_PARAMS " int4[] int4[] int4[] int4[] int4[]"
#define PARTS_ASKED                                                                                \
    ", $15 as part_pieces, $16 as part_lo, $17 as part_hi, $18 as hours_lo, $19 as hours_hi"
#define PARTS                                                                                      \
    " part as materialized ("                                                                      \
    "  select a.survey_id, a.facet, a.value, p.* from asked a cross join lateral"                  \
    "   unnest(part_pieces, part_lo, part_hi, hours_lo, hours_hi)"                                 \
    "   p (piece, lo, hi, hours_lo, hours_hi)),"
#define WITH_SEEN " select s.*, null::pg_snapshot from ("
#define AND_SEEN                                                                                   \
    ") s union all select -1::int2, 0, 0, null::int8[], pg_current_snapshot()"
#define ONE_OF_ALL(of, of_few_values, of_many_values)                                              \
    {                                                                                              \
        of("total", TOTAL_OF_EDGES, of_few_values, ""), OF_COLUMN(of, "channel", of_few_values),   \
        OF_COLUMN(of, "agent", of_many_values), OF_COLUMN(of, "f1", of_many_values),               \
        OF_COLUMN(of, "f2", of_many_values), OF_COLUMN(of, "f3", of_many_values),                  \
        OF_COLUMN(of, "f4", of_many_values), OF_COLUMN(of, "f5", of_many_values),                  \
        OF_COLUMN(of, "f6", of_many_values), OF_COLUMN(of, "f7", of_many_values),                  \
        OF_COLUMN(of, "f8", of_many_values),                                                       \
    }
#define OF_COLUMN(of, column, tallies) of(column, "", tallies, COLUMN_SUMS(column, ""))

const struct db_stmt numbers_one[NUMBERS_FACETS] =
    ONE_OF_ALL(OF_ONE, OF_QUARTERS(TALLY_SUMS), OF_DAYS(TALLY_SUMS) SIX_HOURS_SUMS);
const struct db_stmt numbers_series[NUMBERS_FACETS] =
    ONE_OF_ALL(OF_SERIES, OF_QUARTERS(TALLIES) OF_QUARTERS(TALLY_SUMS) PART_SUMS,
               OF_DAYS(TALLIES) OF_DAYS(TALLY_SUMS));

#define WITH_TOTAL(values)                                                                         \
    "select 0::int2 as facet, 0 as value from asked union all"                                     \
    " select a.facet, v.id from asked a cross join lateral (" values ") v (id)"
#define VALUES_OF_JOURNAL "(j.cut = 0 or j.cut >> 32 = a.facet)"
#define VALUES(name, with, values, range_cuts, of_edges, sums)                                     \
    {name, SUMS_PARAMS, NUMBER_COLUMNS,                                                            \
     SUMS_SQL(with, "", WITH_TOTAL(values), range_cuts, "", VALUES_OF_JOURNAL,                     \
              TOTAL_OF_EDGES of_edges, NUMBER_ROWS(sums) " order by 1, 2")}
#define VALUES_OF_FEW(name, with, values, of_edges)                                                \
    VALUES(name, with, values, RANGE_OF_CUTS, of_edges, OF_QUARTERS(TALLY_SUMS) OF_COUNTED)
/* 0 is "(other)". An answer's value has its row before the answer comes. */
#define NUMBERED                                                                                   \
    "select id from facet_value f where f.survey_id = a.survey_id and f.facet = a.facet"           \
    " union all select 0"
#define FEW "(select count(*) from cut) <= 200"
#define VALUES_OF_COLUMN(name, column)                                                             \
    VALUES(name, "", NUMBERED, "  cross join (values (0)) c (value)", "",                          \
           OF_QUARTERS(TOTAL_SUMS) OF_DAYS(VALUE_SUMS) VALUE_SUMS("2", "tally_six_hours")          \
           " union all"                                                                            \
           OF_COUNTED COLUMN_SUMS(column, " and " FEW)                                             \
           COLUMN_SUMS_BY_TIME(column, " and not " FEW))

const struct db_stmt numbers_values[NUMBERS_FACETS] = {
    /* 0: whatever the question had, option numbers are never used again */
    VALUES_OF_FEW("numbers_by_question", KNOWN_ANSWERS ",",
                  "select 0 union select n.value::int4 from known, jsonb_each_text(known.numbers) n",
                  ALL_OF_EDGES("v.value", " cross join lateral (" VALUES_ANSWERED ") v")),
    VALUES_OF_FEW("numbers_by_channel", "", "select generate_series(0, 8)",
                  ALL_OF_EDGES("channel::int4", "")),
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
_Static_assert(SLOT_QUARTER == 0 && SLOT_HOUR == 1 && SLOT_SIX_HOURS == 2 && SLOT_DAY == 3 &&
                   SLOT_MONTH == 4 && SLOT_YEAR == 5 && SLOT_LEVELS == 6,
               "the levels stand in the statement");
