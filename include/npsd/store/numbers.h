/*
 * numbers (store): how many answers gave each score, in windows of time. Excluded and erased
 * answers do not count.
 *
 * Without a filter, or with one whose value has a number: tallies + journal + rows of the cut
 * slots, in one statement, so in one snapshot, for any number of windows; the cost does not grow
 * with the answers. What windows have in common (domain/pieces) is counted once, so those of a
 * series cost hardly more than the window they cut, moving ones included. With more filters, or a
 * value past the cap: from rows through an index, also in one statement.
 */
#ifndef NPSD_STORE_NUMBERS_H
#define NPSD_STORE_NUMBERS_H

#include "npsd/db/snapshot.h"
#include "npsd/domain/nps.h"
#include "npsd/store/windows.h"

struct number_filter {
    int facet;     /* SURVEY_FACET_CHANNEL, _AGENT, or a survey's own; each at most once */
    int32_t value; /* one that nobody has gives 0 */
    /* The property's name and text, when the value is past the cap (value is VALUES_OTHER): rows
     * are asked for them. text NULL: the value has a number. */
    const char *name, *text;
};

enum { NUMBER_FILTERS_MAX = 10 };

struct number_query {
    int32_t survey_id;
    const struct window *windows; /* a window that ends before it begins is empty */
    size_t window_count;
    struct number_filter filters[NUMBER_FILTERS_MAX];
    size_t filter_count;
    /* When it is asked; 0: unknown. Later answers are counted too, but there are hardly any, which
     * makes windows that end now cheaper. */
    int64_t now_us;
};

extern const struct db_stmt *const numbers_statements[];

/* ret_counts has room for window_count. arena is for the parameters. */
enum db_status numbers_count(struct pg *pg, struct arena *arena, const struct number_query *query,
                             struct nps_counts *ret_counts);

/* Up to when a count goes, for who counts on. */
struct number_seen {
    bool known;    /* false: of rows, which are not counted on */
    int facet;     /* of answers with this value in this facet; SURVEY_FACET_TOTAL: of all */
    int32_t value; /* its number */
    struct db_snapshot snapshot;
};

/* The same for at most two windows. */
enum db_status numbers_count_seen(struct pg *pg, struct arena *arena,
                                  const struct number_query *query, struct nps_counts *ret_counts,
                                  struct number_seen *ret_seen);

struct number_value {
    int32_t value;
    struct nps_counts *counts; /* one a window of the query */
};

/*
 * By the values of a facet: SURVEY_FACET_CHANNEL, _AGENT, a survey's own, or SURVEY_FACET_QUESTION
 * + n. Values without an answer in any window are left out, the others are in no order. *ret_total:
 * the counts of all answers, one a window, of the same snapshot; an answer may have no value, or,
 * of a question, several. From tallies without a filter; filters of other facets send all to rows,
 * one of the same facet leaves one value. The arrays are in arena.
 */
enum db_status numbers_break(struct pg *pg, struct arena *arena, const struct number_query *query,
                             int facet, struct nps_counts **ret_total,
                             struct number_value **ret_values, size_t *ret_count);

/*
 * From the first quarter hour that has an answer to the end of the last. *ret_any false: there is
 * no answer, nothing else is set. The cost is bounded.
 */
enum db_status numbers_span(struct pg *pg, int32_t survey_id, int64_t *ret_from_us,
                            int64_t *ret_to_us, bool *ret_any);

#endif
