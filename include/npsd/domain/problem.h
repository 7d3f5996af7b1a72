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

/* name, status, slug, title, and the detail for when there is no better one */
/* clang-format off */
#define PROBLEM_TABLE(X) \
    X(PROBLEM_BAD_REQUEST, 400, "bad-request", "The request is malformed", \
      "It is not what HTTP allows.") \
    X(PROBLEM_BAD_JSON, 400, "bad-json", "The body is not JSON", \
      "The body cannot be read.") \
    X(PROBLEM_BAD_QUERY, 400, "bad-query", "The query is malformed", \
      "The query cannot be read.") \
    X(PROBLEM_BAD_KEY_HEADER, 400, "bad-idempotency-key", "The Idempotency-Key is malformed", \
      "It must be 1 to 255 visible ASCII characters.") \
    X(PROBLEM_UNAUTHORIZED, 401, "unauthorized", "A valid key is needed", \
      "Send one as Authorization: Bearer.") \
    X(PROBLEM_FORBIDDEN, 403, "forbidden", "This key may not do this", \
      "The role of the key does not allow it.") \
    X(PROBLEM_ORIGIN, 403, "origin-not-allowed", "This key is not for this origin", \
      "The key names the web origins it may be used from.") \
    X(PROBLEM_SURVEY_CLOSED, 403, "survey-closed", "The survey is closed", \
      "It takes no answers any more.") \
    X(PROBLEM_EDIT_OVER, 403, "edit-time-over", "The time for changes is over", \
      "An edit token is good for the survey's edit_minutes.") \
    X(PROBLEM_NOT_FOUND, 404, "not-found", "There is nothing here", \
      "No such path, or nothing of that name.") \
    X(PROBLEM_METHOD, 405, "method-not-allowed", "The method is not allowed here", \
      "The header Allow lists those that are.") \
    X(PROBLEM_CONFLICT, 409, "conflict", "The name is taken", \
      "Something of that name is there already.") \
    X(PROBLEM_SURVEY_IN_USE, 409, "survey-in-use", "The survey has responses", \
      "Add ?with_responses=true to remove them too.") \
    X(PROBLEM_ANSWERED, 409, "already-answered", "This link has been used", \
      "A link is for one answer, which stands.") \
    X(PROBLEM_LINK_EXPIRED, 410, "link-expired", "The link has expired", \
      "Ask for a new one.") \
    X(PROBLEM_GONE, 410, "erased", "The response was erased", \
      "Only its id is kept, so that it cannot come back.") \
    X(PROBLEM_LENGTH_REQUIRED, 411, "length-required", "The length of the body is needed", \
      "Send a Content-Length, or chunks.") \
    X(PROBLEM_TOO_LARGE, 413, "too-large", "The body is too large", \
      "Send less at once.") \
    X(PROBLEM_MEDIA_TYPE, 415, "unsupported-media-type", "The media type is not supported", \
      "The header Accept lists those that are.") \
    X(PROBLEM_INVALID, 422, "invalid", "Something in the request is wrong", \
      "See errors for what and where.") \
    X(PROBLEM_KEY_REUSED, 422, "key-reused", "The key names another answer", \
      "The first answer with this key stands.") \
    X(PROBLEM_TOO_MANY, 429, "too-many-requests", "Too many requests", \
      "Wait for as long as Retry-After says.") \
    X(PROBLEM_INTERNAL, 500, "internal", "npsd made a mistake", \
      "The log has more under the request id.") \
    X(PROBLEM_NOT_IMPLEMENTED, 501, "not-implemented", "This is not supported", \
      "npsd does not do this.") \
    X(PROBLEM_UNAVAILABLE, 503, "unavailable", "The service cannot do this now", \
      "Try again after as long as Retry-After says.") \
    X(PROBLEM_OUTCOME_UNKNOWN, 503, "outcome-unknown", "Send it again with the same key", \
      "It may have been stored; the key makes sure that it counts once.") \
    X(PROBLEM_OVERLOADED, 503, "overloaded", "Too much is waiting", \
      "Try again after as long as Retry-After says.") \
    X(PROBLEM_DRAINING, 503, "draining", "The service is stopping", \
      "Try again after as long as Retry-After says.")
/* clang-format on */

enum problem {
#define PROBLEM_NAME(name, status, slug, title, detail) name,
    PROBLEM_TABLE(PROBLEM_NAME)
#undef PROBLEM_NAME
        PROBLEM_COUNT
};

struct problem_info {
    int status;
    const char *slug;
    const char *title;
    const char *detail;
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
