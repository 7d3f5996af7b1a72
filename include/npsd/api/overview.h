/*
 * overview: the numbers of all surveys that a key is for, by slug, a row each: for a wallboard.
 *
 * Windows are asked for as for one survey (window_query.h); without tz each survey has its own
 * zone, so "today" is today there. Of where., channel and agent are in all surveys; an agent is the
 * one of that name in each. A span that is none in one of the zones (a date can come before a time
 * in one and after it in another) is refused.
 */
#ifndef NPSD_API_OVERVIEW_H
#define NPSD_API_OVERVIEW_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"

/* GET /v1/nps */
struct reply overview_nps(struct call *call);

#endif
