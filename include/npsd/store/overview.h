/*
 * overview (store): how many answers gave each score, of many surveys at once: in one statement, so
 * in one snapshot and one round trip, however many surveys there are and in however many zones. As
 * in numbers.h the counts are tallies + journal + rows of the cut slots, and exact.
 */
#ifndef NPSD_STORE_OVERVIEW_H
#define NPSD_STORE_OVERVIEW_H

#include "npsd/db/pg.h"
#include "npsd/domain/nps.h"
#include "npsd/store/windows.h"

struct overview_survey {
    int32_t id;
    size_t zone; /* which windows are its */
};

enum { OVERVIEW_ANY = -1 };

struct overview_query {
    const struct overview_survey *surveys;
    size_t survey_count;
    const struct window *windows; /* zone z has those from z * windows_each on */
    size_t zone_count, windows_each;
    int channel;       /* or OVERVIEW_ANY */
    const char *agent; /* a name, which has a number of its own in each survey; NULL: any */
};

extern const struct db_stmt *const overview_statements[];

/* ret_counts has room for windows_each of each survey. arena is for the parameters. With channel
 * and agent both, rows are counted, through the agent's index. */
enum db_status overview_count(struct pg *pg, struct arena *arena,
                              const struct overview_query *query, struct nps_counts *ret_counts);

#endif
