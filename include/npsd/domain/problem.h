/*
 * problem: every refusal npsd makes, in one table (RFC 9457).
 *
 * Slug, HTTP status and title belong together and are written nowhere else: replies, documentation
 * and the test that walks the table derive from it. A handler names the problem, never a status.
 */
#ifndef NPSD_DOMAIN_PROBLEM_H
#define NPSD_DOMAIN_PROBLEM_H

#include "npsd/base/arena.h"
#include <stddef.h>

/*          name                 status  slug                    title */
#define PROBLEM_TABLE(X)                                                                           \
    X(PROBLEM_BAD_REQUEST, 400, "bad-request", "The request is malformed")                         \
    X(PROBLEM_BAD_JSON, 400, "bad-json", "The body is not JSON")                                   \
    X(PROBLEM_BAD_QUERY, 400, "bad-query", "The query is malformed")                               \
    X(PROBLEM_BAD_KEY_HEADER, 400, "bad-idempotency-key", "The Idempotency-Key is malformed")      \
    X(PROBLEM_UNAUTHORIZED, 401, "unauthorized", "A valid key is needed")                          \
    X(PROBLEM_FORBIDDEN, 403, "forbidden", "This key may not do this")                             \
    X(PROBLEM_ORIGIN, 403, "origin-not-allowed", "This key is not for this origin")                \
    X(PROBLEM_SURVEY_CLOSED, 403, "survey-closed", "The survey is closed")                         \
    X(PROBLEM_EDIT_OVER, 403, "edit-time-over", "The time for changes is over")                    \
    X(PROBLEM_NOT_FOUND, 404, "not-found", "There is nothing here")                                \
    X(PROBLEM_METHOD, 405, "method-not-allowed", "The method is not allowed here")                 \
    X(PROBLEM_CONFLICT, 409, "conflict", "The name is taken")                                      \
    X(PROBLEM_SURVEY_IN_USE, 409, "survey-in-use", "The survey has responses")                     \
    X(PROBLEM_GONE, 410, "erased", "The response was erased")                                      \
    X(PROBLEM_LENGTH_REQUIRED, 411, "length-required", "The length of the body is needed")         \
    X(PROBLEM_TOO_LARGE, 413, "too-large", "The body is too large")                                \
    X(PROBLEM_MEDIA_TYPE, 415, "unsupported-media-type", "The media type is not supported")        \
    X(PROBLEM_INVALID, 422, "invalid", "Something in the request is wrong")                        \
    X(PROBLEM_KEY_REUSED, 422, "key-reused", "The key names another answer")                       \
    X(PROBLEM_TOO_MANY, 429, "too-many-requests", "Too many requests")                             \
    X(PROBLEM_INTERNAL, 500, "internal", "npsd made a mistake")                                    \
    X(PROBLEM_NOT_IMPLEMENTED, 501, "not-implemented", "This is not supported")                    \
    X(PROBLEM_UNAVAILABLE, 503, "unavailable", "The service cannot do this now")                   \
    X(PROBLEM_OUTCOME_UNKNOWN, 503, "outcome-unknown", "Send it again with the same key")          \
    X(PROBLEM_OVERLOADED, 503, "overloaded", "Too much is waiting")                                \
    X(PROBLEM_DRAINING, 503, "draining", "The service is stopping")

enum problem {
#define PROBLEM_NAME(name, status, slug, title) name,
    PROBLEM_TABLE(PROBLEM_NAME)
#undef PROBLEM_NAME
        PROBLEM_COUNT
};

struct problem_info {
    int status;
    const char *slug;
    const char *title;
};

const struct problem_info *problem_info(enum problem problem);

/*
 * What is wrong with an input, field by field; all that is found is told at once.
 * where is a JSON pointer (RFC 6901) for bodies, the name of the parameter for queries. detail is a
 * constant or lives in the arena; it never repeats what the client sent beyond its own field names.
 */
struct problem_error {
    const char *where;
    const char *detail;
};

enum { PROBLEM_ERRORS_MAX = 32 }; /* further ones are dropped: enough to act on, bounded for us */

struct problem_errors {
    struct arena *arena;
    struct problem_error items[PROBLEM_ERRORS_MAX];
    size_t count;
};

/* where is built like printf, detail is kept as it is. */
void problem_add(struct problem_errors *errors, const char *detail, const char *where, ...)
    __attribute__((format(printf, 3, 4)));

#endif
