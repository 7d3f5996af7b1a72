/*
 * arrivals: the answers that this daemon has committed lately, in the order in which their commits
 * became known, each with its transaction. So whoever has counted in some snapshot can count on
 * without the database (api/live.h).
 *
 * Only what counts, and only answers that came and were not there before: corrections and erasures
 * are not arrivals (state/freshness.h tells of them).
 *
 * A ring: the last ARRIVALS_KEPT are there, who comes too late is told so. Any thread.
 */
#ifndef NPSD_STATE_ARRIVALS_H
#define NPSD_STATE_ARRIVALS_H

#include "npsd/domain/survey.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARRIVALS_KEPT = 65536 };

struct arrival {
    uint64_t xid; /* of the transaction that has committed it */
    int64_t answered_us;
    int32_t survey_id;
    int32_t agent;                     /* numbers, or below 0: none */
    int32_t facets[SURVEY_FACETS_MAX]; /* by slot */
    int16_t channel;
    int16_t score;
};

struct arrivals;

struct arrivals *arrivals_new(void);
void arrivals_free(struct arrivals *arrivals);

/* After their commit, before anybody is told of it. */
void arrivals_add(struct arrivals *arrivals, const struct arrival *added, size_t count);
/* How many there have been: a place from which to go on. */
uint64_t arrivals_count(struct arrivals *arrivals);
/*
 * Shows what came since *position, oldest first, and moves it to the end; visit must be quick, as
 * it keeps others from adding. False: some are gone, and nothing is shown.
 */
bool arrivals_visit(struct arrivals *arrivals, uint64_t *position,
                    void (*visit)(void *context, const struct arrival *arrival), void *context);

#endif
