/*
 * numbers_parts: what the files of numbers share.
 *
 *     numbers.c         which way a query goes
 *     numbers_tally.c   from tallies, journal and rows of the cut slots
 *     numbers_sums.c    the statements for that
 *     numbers_rows.c    from rows
 *     numbers_read.c    from counts of pieces (domain/pieces) to counts of windows
 *     numbers_span.c    when there are answers
 */
#ifndef NPSD_STORE_NUMBERS_PARTS_H
#define NPSD_STORE_NUMBERS_PARTS_H

#include "folds_sql.h"
#include "npsd/domain/pieces.h"
#include "npsd/domain/survey.h"
#include "npsd/store/numbers.h"

enum { NUMBERS_FACETS = SURVEY_FACET_FIRST + SURVEY_FACETS_MAX };

/*
 * What a statement answers: facet, value, piece and the counters of all scores, ordered by facet
 * and value; facet 0 is the total. A piece below 0 is a bucket of the journal (number_journal). The
 * counters are one array, because each column of a row costs PostgreSQL and us as much as a number.
 */
#define NUMBER_COLUMNS "int2 int4 int4 int8[]"
#define NUMBER_ROWS(sums)                                                                          \
    " select facet, value, piece, array[" COUNTER_NAMES "] from (" sums ")"                        \
    " s (facet, value, piece, " COUNTER_NAMES ")"

#define COUNTER_TOTAL(n) "sum(n" #n ")"
#define COUNTER_OF_ROW(n) "case when score = " #n " then n else 0 end as n" #n

/*
 * "known": question $2 - 10 of survey $1, whether any answer counts, and the values of its answers
 * by JSON text: {"\"wait\"": 1}. VALUES_ANSWERED: the values of an answer r, as "value", by the
 * rules of response_cuts().
 */
#define KNOWN_ANSWERS                                                                              \
    " known as materialized ("                                                                     \
    "  select question, bool_or(answer is null) as any_counts,"                                    \
    "   coalesce(jsonb_object_agg(answer::text, value) filter (where answer is not null), '{}')"   \
    "   as numbers"                                                                                \
    "  from counted_answers($1) where n = $2 - 10 group by question)"
#define VALUES_ANSWERED                                                                            \
    "select (k.numbers ->> e.answer::text)::int4 as value"                                         \
    " from known k cross join lateral jsonb_array_elements("                                       \
    "  case jsonb_typeof(r.answers -> k.question) when 'array' then r.answers -> k.question"       \
    "   else jsonb_build_array(r.answers -> k.question) end) e (answer)"                           \
    " where k.numbers ? e.answer::text"                                                            \
    " union all"                                                                                   \
    " select 0 from known k where k.any_counts and r.answers ? k.question"

/* The columns of response by facet; none for the total. */
extern const char *const numbers_columns[NUMBERS_FACETS];

/*
 * The journal comes in buckets: bounds are quarter hours in order, and bucket b, given as piece
 * -b, holds what is from the b-th of them (counted from 1) until the next.
 */
struct number_journal {
    int32_t *bounds;
    size_t bound_count;
};

/* What of the journal belongs to a piece: from one bound to another, by number from 0. */
struct number_stretch {
    size_t first, end;
};

struct number_plan {
    struct pieces pieces;
    struct number_journal journal;
    /* Of each piece: for the total, and for the facet; NULL where the journal is not asked. */
    struct number_stretch *of_total, *of_facet;
};

/* pieces_cut of the query's windows. */
struct pieces numbers_pieces(struct arena *arena, const struct number_query *query,
                             int64_t slot_us);

/* numbers_one: a last row of its own, of facet NUMBER_SEEN_FACET and without counters, has the
 * snapshot of it all. */
#define NUMBER_SEEN_COLUMNS NUMBER_COLUMNS " pg_snapshot"
enum { NUMBER_SEEN_COLUMN = 4, NUMBER_SEEN_FACET = -1 };

/* Of a statement that asked for one cut. */
void numbers_read_one(struct arena *arena, struct number_plan *plan, const struct db_result *sums,
                      struct nps_counts *ret_counts);

/* What numbers_break gives. */
struct number_values {
    struct nps_counts *total;
    struct number_value *values;
    size_t count;
};

struct number_values numbers_read_values(struct arena *arena, struct number_plan *plan,
                                         const struct db_result *sums);

/* The same if all answers have one value. */
struct number_values numbers_only(struct arena *arena, int32_t value, struct nps_counts *total,
                                  size_t windows);

/* Of the cut of seen: the whole survey (facet 0, value 0), or one value of a facet that has a
 * column. Of at most two windows the snapshot becomes known. */
enum db_status numbers_tally(struct pg *pg, struct arena *arena, const struct number_query *query,
                             struct nps_counts *ret_counts, struct number_seen *seen);
/* filters of the query are not looked at. */
enum db_status numbers_tally_values(struct pg *pg, struct arena *arena,
                                    const struct number_query *query, int facet,
                                    struct number_values *ret_values);
enum db_status numbers_rows(struct pg *pg, struct arena *arena, const struct number_query *query,
                            struct nps_counts *ret_counts);
enum db_status numbers_rows_values(struct pg *pg, struct arena *arena,
                                   const struct number_query *query, int facet,
                                   struct number_values *ret_values);

/* Of tallies, by facet: numbers_count, the same of a series, and numbers_break
 * with questions in the place of the total. */
extern const struct db_stmt numbers_one[NUMBERS_FACETS], numbers_series[NUMBERS_FACETS],
    numbers_values[NUMBERS_FACETS];
extern const struct db_stmt numbers_ends;

#endif
