/*
 * stale: the last known numbers, for while the database is away. Of each result that was asked for,
 * a copy of the reply that says so: "stale": true, and "as_of", the time at which it held. Given
 * only while the database cannot be asked; pictures and bare arrays, which cannot say so, are not.
 *
 * Bounded: STALE_BYTES of replies, least recently used ones go first. Lost when the daemon ends.
 */
#ifndef NPSD_API_STALE_H
#define NPSD_API_STALE_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"

enum { STALE_BYTES = 4 * 1024 * 1024 };

struct stale;

struct stale *stale_new(void);
void stale_free(struct stale *stale);

/* With landings of their own (see arena.h): without memory they do nothing. */

/* Keeps a reply that was just made for the call: a 200, or a 304 that has its body. */
void stale_keep(struct call *call, const struct reply *reply);
/* What was kept for what the call asks; status 0: nothing. */
struct reply stale_answer(struct call *call);

/* On an HTTP thread: what was kept, while the database has not answered for a while. Status 0:
 * somebody has to ask it. */
struct reply stale_answer_away(struct call *call);

#endif
