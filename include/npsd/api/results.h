/*
 * results: the numbers of a survey. What series and breakdowns share with the single window is here
 * too.
 */
#ifndef NPSD_API_RESULTS_H
#define NPSD_API_RESULTS_H

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

/* GET /v1/surveys/{survey}/nps */
struct reply results_nps(struct call *call);

#endif
