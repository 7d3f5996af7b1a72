/*
 * numbers (store): how many answers gave each score, in windows of time: tallies + journal + rows
 * of the cut slots, in one statement, so in one snapshot; the cost does not grow with the answers.
 * With more than one filter (or a value past the cap) from rows through an index.
 */
#ifndef NPSD_STORE_NUMBERS_H
#define NPSD_STORE_NUMBERS_H

#include "npsd/db/pg.h"
#include "npsd/domain/nps.h"
#include "npsd/store/windows.h"

struct number_filter {
    int facet; /* SURVEY_FACET_CHANNEL, _AGENT, or a survey's facet */
    int32_t value;
    const char *name; /* the facet's name and */
    const char *text; /* the value's text, when the value has no number (value is VALUES_OTHER):
                         rows are asked; else NULL */
};

enum { NUMBER_FILTERS_MAX = 10 };

struct number_query {
    int32_t survey_id;
    const struct window *windows;
    size_t window_count;
    struct number_filter filters[NUMBER_FILTERS_MAX];
    size_t filter_count;
};

extern const struct db_stmt *const numbers_statements[];

/* ret_counts has room for window_count. */
enum db_status numbers_count(struct pg *pg, struct arena *arena, const struct number_query *query,
                             struct nps_counts *ret_counts);

#endif
