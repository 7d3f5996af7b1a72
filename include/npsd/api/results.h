/*
 * results: the numbers of a survey, as JSON. How they are asked for is inquiry.h.
 */
#ifndef NPSD_API_RESULTS_H
#define NPSD_API_RESULTS_H

#include "npsd/api/inquiry.h"
#include "npsd/domain/nps.h"
#include "npsd/store/numbers.h"

enum { RESULTS_DECIMALS = 4, RESULTS_P_DECIMALS = 6 };

/* --- what the bodies of several routes have in common (results_write.c) --- */

/*
 * Adds the members of one result to the object that is open: responses, promoters, neutrals,
 * critics, their shares, nps, nps_exact, mean, histogram, interval, enough, min_responses. Without
 * responses everything computed is null.
 */
void results_write(struct json_writer *w, const struct nps_counts *counts, int min_responses);
/* from, to (null: open) and time_zone, as an object. */
void results_write_window(struct json_writer *w, const struct window *window,
                          const char *time_zone);
/* survey and window, the first members of every body. */
void results_write_head(struct json_writer *w, const struct inquiry *inquiry);
/* Four decimals, or null if it is not known. */
void results_write_number(struct json_writer *w, const char *name, bool known, double value);
/* A share in percent; null of nothing. */
void results_write_share(struct json_writer *w, const char *name, int64_t part, int64_t whole);
/* Responses and nps_exact, as an object of this name. */
void results_write_short(struct json_writer *w, const char *name, const struct nps_counts *counts);
/* nps_exact, low, high, z and p, into the object that is open. */
void results_write_change(struct json_writer *w, const struct nps_change *change);
/* previous and change. previous NULL: there is no window before. */
void results_write_comparison(struct json_writer *w, const struct nps_counts *previous,
                              const struct nps_counts *current);

/*
 * The members of GET .../nps behind the head, and the end of the object: of one window, and if the
 * one before was asked for, previous (NULL: there is none) and change.
 */
struct results_numbers {
    const struct nps_counts *current, *previous;
    bool compare;
    int min_responses;
};
void results_write_numbers(struct json_writer *w, const struct results_numbers *numbers);

/* --- one window --- */

/* One window of a survey, and the window before if that was asked for. */
struct results {
    struct inquiry asked;
    bool compare; /* previous is set, unless the choice has none */
    struct nps_counts current, previous;
    struct number_seen seen; /* by the query that counted both */
};

/* All of GET .../nps but the reply, so that the command line asks the same way; see inquiry_ask. */
enum db_status results_ask(const struct call *call, struct results *ret_results,
                           struct problem_errors *errors);

/* --- GET /v1/surveys/{survey}/... --- */

/* nps: one window. */
struct reply results_nps(struct call *call);
/* nps/series: a window cut into hours, days ... years. */
struct reply results_series(struct call *call);
/* nps/breakdown: by the values of a facet or question, each against the rest. */
struct reply results_breakdown(struct call *call);
/* questions/{question}: how a question was answered, by everybody and by each group. */
struct reply results_question(struct call *call);
/* drivers: which answers cost the most points. */
struct reply results_drivers(struct call *call);

#endif
