/*
 * folds_sql: what the statements about tallies share: their eleven counters, the six levels, and
 * how deltas become tallies.
 *
 *     folds.c    from journal to tallies
 *     recount.c  from rows against tallies and journal
 *     rebuild.c  from rows to tallies
 */
#ifndef NPSD_STORE_FOLDS_SQL_H
#define NPSD_STORE_FOLDS_SQL_H

#include "npsd/store/folds.h"

/* f is a macro of a score. */
#define COUNTERS(f) f(0) ", " f(1) ", " f(2) ", " f(3) ", " f(4) ", " COUNTERS_FROM_5(f)
#define COUNTERS_FROM_5(f) f(5) ", " f(6) ", " f(7) ", " f(8) ", " f(9) ", " f(10)

#define COUNTER_NAME(n) "n" #n
#define COUNTER_MINUS(n) "-n" #n
#define COUNTER_ZERO(n) "0"
#define COUNTER_SUM(n) "sum(n" #n ")::int"
#define COUNTER_ADD(n) "n" #n " = t.n" #n " + excluded.n" #n
#define COUNTER_OF_SCORE(n) "coalesce(sum(weight) filter (where score = " #n "), 0)::int as n" #n

#define COUNTER_NAMES COUNTERS(COUNTER_NAME)
#define COUNTERS_TAKEN COUNTERS(COUNTER_MINUS)
#define COUNTER_ZEROS COUNTERS(COUNTER_ZERO)
#define COUNTER_SUMS COUNTERS(COUNTER_SUM)
#define COUNTERS_ADDED COUNTERS(COUNTER_ADD)
#define COUNTERS_OF_SCORES COUNTERS(COUNTER_OF_SCORE)

/* Facets that have quarters and hours, and those that have six hours: survey_facet_finest. */
#define IF_FEW_VALUES " where (facet in (0, 1) or facet > 10)"
#define IF_MANY_VALUES " where facet between 2 and 10"
/* The same, as the index of six hours can be entered with: by survey, facet and slot. */
#define OF_MANY_VALUES "facet = any ('{2,3,4,5,6,7,8,9,10}') and"

/* Slots of the other levels, of a quarter hour. >> rounds down, / does not. */
#define QUARTER_SLOT "slot"
#define HOUR_SLOT "slot >> 2"
#define SIX_HOURS_SLOT "floor(slot / 24::float8)::int"
#define DAY_SLOT "floor(slot / 96::float8)::int"
#define MONTH_OF_DATE(date)                                                                        \
    "((date_part('year', " date ") - 1970) * 12 + date_part('month', " date ") - 1)::int"
#define DATE_OF_SLOT "(date '1970-01-01' + " DAY_SLOT ")"
#define MONTH_SLOT MONTH_OF_DATE(DATE_OF_SLOT)
#define YEAR_SLOT "(date_part('year', " DATE_OF_SLOT ") - 1970)::int"

/*
 * A statement about deltas: rows of (slot, cut, score, weight), which sources ("with ... delta as
 * (...)") end with. "cell" is what they add to each (facet, value, quarter hour), in rows with
 * eleven counters; a sum of 0 is no cell.
 */
#define WITH_CELLS(sources, rest)                                                                  \
    sources ", weighed as ("                                                                       \
            "  select (cut >> 32)::smallint as facet, (cut & 2147483647)::int as value, slot,"     \
            "   score, sum(weight) as weight"                                                      \
            "  from delta group by 1, 2, 3, 4 having sum(weight) <> 0),"                           \
            " cell as materialized ("                                                              \
            "  select facet, value, slot, " COUNTERS_OF_SCORES                                     \
            " from weighed group by 1, 2, 3)" rest

/* A statement that adds deltas to the tallies of survey $1, at all levels. */
#define WITH_TALLIES(sources, rest) WITH_CELLS(sources, ADD_TO_TALLIES rest)
#define ADD_TO_TALLIES                                                                             \
    ADD_TO_QUARTERS ADD_TO_HOURS ADD_TO_SIX_HOURS ADD_TO_DAYS ADD_TO_MONTHS ADD_TO_YEARS
#define ADD_TO_QUARTERS ADD_TO("quarter", QUARTER_SLOT, IF_FEW_VALUES)
#define ADD_TO_HOURS ADD_TO("hour", HOUR_SLOT, IF_FEW_VALUES)
#define ADD_TO_SIX_HOURS ADD_TO("six_hours", SIX_HOURS_SLOT, IF_MANY_VALUES)
#define ADD_TO_DAYS ADD_TO("day", DAY_SLOT, "")
#define ADD_TO_MONTHS ADD_TO("month", MONTH_SLOT, "")
#define ADD_TO_YEARS ADD_TO("year", YEAR_SLOT, "")
#define ADD_TO(level, slots, condition)                                                            \
    ", " level " as ("                                                                             \
    "  insert into tally_" level " as t (survey_id, facet, value, slot, " COUNTER_NAMES ")"        \
    "  select $1, facet, value, " slots ", " COUNTER_SUMS " from cell" condition                   \
    "  group by facet, value, 4 on conflict (survey_id, facet, value, slot)"                       \
    "  do update set " COUNTERS_ADDED ")"

/* Takes the survey's lock in a statement of its own: what follows in the transaction must see what
 * the one before has committed. The survey's row of tally_state is made if it is missing. */
#define LOCK_SURVEY(column, from)                                                                  \
    "with made as ("                                                                               \
    "  insert into tally_state (survey_id) select id from survey s where id = $1"                  \
    "   and not exists (select from tally_state where survey_id = s.id) on conflict do nothing)"   \
    " select " column " from " from

extern const struct db_stmt recount_months, recount_check, recount_unnumbered;
extern const struct db_stmt rebuild_lock_values, rebuild_add_values, rebuild_number, rebuild_lock,
    rebuild_clear, rebuild_count, rebuild_year;

/* Whole slots and instants of one month, and its year. */
struct fold_month {
    int32_t month, year;
    int64_t from_us, to_us;
    int32_t first_quarter, end_quarter;
};

struct fold_month fold_month(int32_t month);

#endif
