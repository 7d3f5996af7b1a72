/*
 * freshness: whether a number that was read from the database a moment ago still holds, known
 * without asking the database again.
 *
 * Each survey has a generation, which moves whenever its answers may have changed: at once after
 * what this daemon commits, before anybody is told of it (freshness_move), and within a poll's
 * period for what others commit (freshness_poll: compares snapshots, so nothing that was committed
 * between two polls is missed, whatever the order of commits). Who remembers a result
 *
 *     reads the generation, then queries, and keeps the result only if it has not moved meanwhile;
 *     serves it while the generation is the same and freshness_is_current.
 *
 * A number need not even be read again for each answer that comes: what came is known
 * (state/arrivals), and whether anything else has happened, too (freshness_moves).
 *
 * So a result served from memory lacks no answer that this daemon acknowledged before the request,
 * nor one that another acknowledged more than a second before.
 *
 * Only surveys that were asked about in the last few seconds (freshness_generation) are polled; the
 * generation of the others moves with every poll, so nothing about them stays good. Surveys whose
 * ids are equal modulo FRESHNESS_PLACES share a generation, which costs some misses.
 */
#ifndef NPSD_STATE_FRESHNESS_H
#define NPSD_STATE_FRESHNESS_H

#include "npsd/db/pg.h"
#include "npsd/state/arrivals.h"
#include "npsd/state/directory.h"
#include <stdbool.h>
#include <stdint.h>

enum { FRESHNESS_PLACES = 4096 };

struct freshness;

struct freshness *freshness_new(void);
void freshness_free(struct freshness *freshness);

/* Any thread. Asking keeps the survey polled. */
uint64_t freshness_generation(struct freshness *freshness, int32_t survey_id);
/* After the commit, before the reply. Any thread. NULL is fine. */
void freshness_move(struct freshness *freshness, int32_t survey_id);
/* Of all surveys: whoever connects anew may find another server, a standby or what was restored,
 * whose transactions have other numbers. */
void freshness_move_all(struct freshness *freshness);
/* As freshness_move, if all that was committed stands in the arrivals. */
void freshness_move_on(struct freshness *freshness, int32_t survey_id);
/* What this daemon has committed lately. */
struct arrivals *freshness_arrivals(struct freshness *freshness);

/* Why the generation of a survey has moved, as counters that only grow. */
struct freshness_moves {
    uint64_t changed; /* something else than arrivals: corrections, erasures, what had to be
                         retried, another server */
    uint64_t polled;  /* a poll found something, others' or our own, or has not looked */
};
/* Read after the generation, they are at least as new. Any thread. */
struct freshness_moves freshness_moves(const struct freshness *freshness, int32_t survey_id);

/* True while the last poll that succeeded began less than a second ago. Any thread. */
bool freshness_is_current(const struct freshness *freshness);

/* Whether a result of this generation is good now: both of the above in one. Any thread. */
bool freshness_holds(struct freshness *freshness, int32_t survey_id, uint64_t generation);

/* Looks for changes of surveys of the snapshot (NULL: none). One thread. */
enum db_status freshness_poll(struct freshness *freshness, struct pg *pg,
                              const struct directory_snapshot *directory);

extern const struct db_stmt *const freshness_statements[];

#endif
