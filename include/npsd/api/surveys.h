/*
 * surveys: the handlers of /v1/surveys and /v1/surveys/{survey}. surveys_list and survey_get read
 * the request's snapshot only, so they may run anywhere; the others run on a worker, and this
 * daemon knows what they changed before they answer.
 */
#ifndef NPSD_API_SURVEYS_H
#define NPSD_API_SURVEYS_H

#include "npsd/http/reply.h"

struct reply surveys_list(struct call *call);        /* GET /v1/surveys */
struct reply surveys_create(struct call *call);      /* POST /v1/surveys */
struct reply survey_get(struct call *call);          /* GET /v1/surveys/{survey} */
struct reply survey_patch_handle(struct call *call); /* PATCH /v1/surveys/{survey} */
struct reply survey_delete(struct call *call);       /* DELETE /v1/surveys/{survey} */

#endif
