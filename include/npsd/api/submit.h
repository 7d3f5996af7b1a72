/* submit: taking answers: one (POST .../responses), many (.../responses/batch), one from a plain
 * form (POST /s/{survey}). */
#ifndef NPSD_API_SUBMIT_H
#define NPSD_API_SUBMIT_H

#include "npsd/http/reply.h"

enum { BATCH_MAX = 1000 }; /* items */

/* Never waits: runs on the HTTP thread. */
struct reply submit_one(struct call *call);
/* On a worker: decoding a thousand answers would hold an HTTP thread's other connections up. */
struct reply submit_batch(struct call *call);
/*
 * On a worker: a key in the form may have to be looked up. Besides the answer a form may have key,
 * redirect, idempotency_key, page (a stamp), website (a field that people do not see) and dismiss=1
 * (no answer: the survey was waved away). What looks as if no person had sent it is marked, and set
 * aside if the survey wants it so; it is told the same as any other.
 */
struct reply submit_form(struct call *call);

#endif
