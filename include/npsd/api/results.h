/*
 * results: the numbers of a survey. What series and breakdowns share with the single window is here
 * too.
 */
#ifndef NPSD_API_RESULTS_H
#define NPSD_API_RESULTS_H

#include "npsd/api/window_query.h"
#include "npsd/domain/nps.h"
#include "npsd/http/call.h"
#include "npsd/http/reply.h"
#include "npsd/json/write.h"

/*
 * Adds the members of one result to the object that is open: responses, promoters, neutrals,
 * critics, their shares, nps, nps_exact, mean, histogram, interval, enough, min_responses. Without
 * responses everything computed is null.
 */
void results_write(struct json_writer *w, const struct nps_counts *counts, int min_responses);

/* One window of a survey, and the window before if that was asked for. */
struct results {
    const struct survey *survey;
    struct window_query query;
    struct window_choice choice;
    bool compare; /* previous is set, unless choice has none */
    struct nps_counts current, previous;
};

/*
 * Reads the query of a call, and counts: all of GET .../nps but the reply, so that the command line
 * asks the same way. Needs the call's arena, query, received_us, db, and of identity and world the
 * survey and the values. If the query is wrong there are errors, the status is DB_OK, and
 * *ret_results is not set.
 */
enum db_status results_ask(const struct call *call, struct results *ret_results,
                           struct problem_errors *errors);

/*
 * The second half of results_ask, for a query that was read elsewhere: survey, query and compare
 * are set, errors may hold what was wrong with it. Counts only if nothing was, nor is.
 */
enum db_status results_count(const struct call *call, struct results *results,
                             struct problem_errors *errors);

/* GET /v1/surveys/{survey}/nps */
struct reply results_nps(struct call *call);

#endif
