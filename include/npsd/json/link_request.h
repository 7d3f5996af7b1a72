/*
 * link_request (JSON): what POST .../links takes: for whom signed links are wanted, and how they
 * shall be.
 *
 *     {"respondents": ["c-17", {"respondent": "c-18", "properties": {"branch": "north"}}],
 *      "expires_in_days": 30, "channel": "email", "language": "ru", "snippet": true}
 */
#ifndef NPSD_JSON_LINK_REQUEST_H
#define NPSD_JSON_LINK_REQUEST_H

#include "npsd/domain/problem.h"
#include "npsd/domain/response.h"
#include <jansson.h>

enum { LINK_REQUEST_MAX = 1000, LINK_DAYS_DEFAULT = 30, LINK_DAYS_MAX = 3650 };

struct link_wish {
    const char *respondent;                     /* NULL: nobody in particular */
    const struct response_property *properties; /* active facets of the survey, by name */
    size_t property_count;
};

struct link_request {
    const struct link_wish *wishes;
    size_t count; /* 1 to LINK_REQUEST_MAX */
    int expires_in_days;
    enum channel channel; /* link, email, sms or chat; not sent: email with a snippet, else link */
    const char *language; /* NULL: not sent */
    bool snippet;
};

/* False after adding errors. Texts are borrowed from value or lie in errors->arena. */
bool link_request_decode(const json_t *value, const struct survey *survey,
                         struct problem_errors *errors, struct link_request *ret_request);

#endif
