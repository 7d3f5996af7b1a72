/*
 * quota: how many answers a minute may be posted, and what replies tell of it.
 *
 * Two limits hold for an answer (single, item of a batch, form, change by edit token): that of the
 * address (NPSD_RATE_PUBLIC), for all without a secret key, and for a publishable key that of the
 * key (NPSD_RATE_KEY), whoever sends it. Both must have room, or nothing is taken of either. Secret
 * keys have none.
 *
 * Every post that comes as far as its handler takes, whatever becomes of it: also a replay, and
 * what is refused with 400, 422 or 503, for it has been work, and who may fail for nothing may try
 * without end. 401, 403, 404, 413 and 415 come before and take nothing. What was taken in vain is
 * never an answer lost: an acknowledged one has been let in before.
 *
 * Each reply to such a post tells the policies and what is left of them, by the fields of
 * draft-ietf-httpapi-ratelimit-headers (the text of September 2025):
 *
 *     RateLimit-Policy: "address";q=600;w=60, "key";q=6000;w=60
 *     RateLimit: "address";r=599;t=1, "key";r=5999;t=1
 *
 * q: answers in w seconds; r: answers left, 0 while some are owed; t: seconds until there is one
 * more, left out while all are there. The unit is an answer: a batch takes as many as it has items.
 * Displays are counted the same way and as many a minute, but apart and by the address alone, by
 * the policy "displays".
 *
 * A 429 has the member violated-policies, as the draft's problem type quota-exceeded has, and a
 * Retry-After that is not before any t.
 */
#ifndef NPSD_API_QUOTA_H
#define NPSD_API_QUOTA_H

#include "npsd/api/world.h"
#include "npsd/http/reply.h"

/* Takes so many answers. 429, or status 0: go on. answers 0 takes none, but refuses whoever has
 * none left. */
struct reply quota_take(const struct call *call, size_t answers);

/* The same for one display. */
struct reply quota_take_display(const struct call *call);

/* Adds the fields to a reply that is about to be sent, if a limit holds for its call. */
void quota_tell(const struct call *call, struct reply *reply);

/* 429 for any other limit: its name, for violated-policies, and the seconds to wait. */
struct reply quota_refuse(const struct call *call, const char *policy, const char *detail,
                          int wait_s);

#endif
