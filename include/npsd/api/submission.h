/*
 * submission: an answer on its way from a request to a lane and back: what single answers, forms
 * and items of a batch share.
 */
#ifndef NPSD_API_SUBMISSION_H
#define NPSD_API_SUBMISSION_H

#include "npsd/api/world.h"
#include "npsd/domain/response.h"
#include "npsd/ingest/lane.h"
#include "npsd/json/write.h"

struct submission {
    struct lane_item item;
    struct response response;
    const char *key; /* idempotency key; NULL: none */
};

enum { SUBMISSION_DEADLINE_MS = 8000 };

/* The rules for what this call may send. */
struct response_rules submission_rules(const struct call *call, bool batch);

/* Makes the lane item from submission->response and ->key: the id, the hash, the row. */
void submission_prepare(const struct call *call, struct submission *submission);

/* The row of an answer: everything but hash, agent and facets. */
struct answer_row submission_row(struct arena *arena, const struct response *response,
                                 const struct uuid *id);

/* The key of the header Idempotency-Key, without quotes, to *ret_key (NULL: not sent); false if it
 * is malformed. */
bool submission_key_header(const struct call *call, const char **ret_key);
/* True for 1 to 255 visible ASCII characters. */
bool submission_key_is_valid(const char *key);

/* Takes so many answers from the rate of the call's address, unless its key is secret. 429, or
 * status 0: go on. answers 0 takes none, but refuses an address that has none left. */
struct reply submission_limit(const struct call *call, size_t answers);

/* The same for other things that are limited: n from these limits, and what the 429 says. */
struct reply submission_limit_by(const struct call *call, struct limits *limits, size_t n,
                                 const char *detail);

/* The problem an outcome means, and why; only for outcomes that are neither created nor replayed.
 */
enum problem submission_problem(enum lane_outcome outcome, const char **ret_detail);
bool submission_succeeded(enum lane_outcome outcome);

/* Members of a created or replayed response, into an open object. */
void submission_write(struct json_writer *w, const struct call *call,
                      const struct submission *submission);

/* The edit token of a response: a MAC of survey and id; text has room for 44 bytes. */
enum { EDIT_TOKEN_SIZE = 44 };
char *submission_edit_token(const struct directory_snapshot *snapshot, const char *survey,
                            const struct uuid *id, char text[static EDIT_TOKEN_SIZE]);

#endif
