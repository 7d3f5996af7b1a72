/*
 * displays: how often a survey was shown and waved away, as pages and widgets tell it, and what
 * share was answered. They are counted about a second later, by the quarter hour; losing some in a
 * crash is no harm, so nobody waits for them to be stored.
 */
#ifndef NPSD_API_DISPLAYS_H
#define NPSD_API_DISPLAYS_H

#include "npsd/domain/channel.h"
#include "npsd/http/call.h"
#include "npsd/http/reply.h"

/* POST /v1/surveys/{survey}/displays: 204. Never waits. */
struct reply displays_post(struct call *call);

/* By which channel something was shown; nobody is shown an import. */
bool displays_channel(const char *name, enum channel *ret_channel);
/* Counts that the survey of an admitted call was waved away. */
void displays_dismiss(const struct call *call, enum channel channel);

/*
 * GET /v1/surveys/{survey}/rates: shown, dismissed, answered and the response rate of a window,
 * whole and by channel. Answers are counted exactly, displays by the quarter hours that begin in
 * the window; a rate may be above 100, since answers come by other ways than pages.
 */
struct reply rates_get(struct call *call);

#endif
