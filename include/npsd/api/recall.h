/*
 * recall: results that are remembered, so that a poll costs no query.
 *
 * A reply of a route with RUNS_CACHED is kept with the generation of its surveys (state/freshness)
 * and given again while that holds: to whoever asks the same of the same survey, in the same
 * quarter hour (as windows begin and end at quarter hours), under the same definitions. Access has
 * been decided before. Where the path names no survey (all surveys of a key) the key is part of the
 * question.
 *
 * Calls that ask the same at the same time share one query, as answers share a commit: while one is
 * under way, the next gathers. A call joins one that waits for its turn, never one that has begun,
 * whose snapshot may be older than what was acknowledged before the call; but if nothing has been
 * acknowledged until its end, its result is theirs too, and so is its failure. And the query of
 * those who gathered begins at the earliest five milliseconds after the one before has begun. As
 * the queries of a question never run side by side, who polls is not shown less than before.
 *
 * A number that has been read once goes on with what this daemon commits (api/live.h): then neither
 * whoever asks next nor those who gathered need a query.
 *
 * Bounded: RECALL_BYTES of replies, least recently used ones go first. Who asks without a secret
 * key has a small table apart, and a limit for what is not in it.
 */
#ifndef NPSD_API_RECALL_H
#define NPSD_API_RECALL_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"
#include "npsd/state/freshness.h"

enum { RECALL_BYTES = 16 * 1024 * 1024 };

struct recall;

/* freshness is borrowed. */
struct recall *recall_new(struct freshness *freshness);
/* No call may be under way. */
void recall_free(struct recall *recall);

/* For server_app.recall, on an HTTP thread: the reply from memory, or later, by a worker. */
struct reply recall_call(struct call *call);

#endif
