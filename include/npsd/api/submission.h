/*
 * submission: an answer on its way from a request to a lane and back: what single answers, forms
 * and items of a batch share.
 */
#ifndef NPSD_API_SUBMISSION_H
#define NPSD_API_SUBMISSION_H

#include "npsd/api/world.h"
#include "npsd/domain/response.h"
#include "npsd/http/reply.h"
#include "npsd/ingest/lane.h"
#include "npsd/json/write.h"
#include <jansson.h>

struct submission {
    struct lane_item item;
    struct response response;
    const char *key;    /* idempotency key; NULL: none */
    const json_t *body; /* what the response was decoded from; needed of an answer by link */
    bool corrected;     /* it was another answer to its link, and is in the first one now */
    /* of an answer by link that is not the first one: see submission_again */
    struct reply (*again)(struct call *call, void *work);
    void *again_work;
};

enum { SUBMISSION_DEADLINE_MS = 8000 };

/* The rules for what this call may send. */
struct response_rules submission_rules(const struct call *call, bool batch);

/* Makes the lane item from submission->response and ->key: the id, the hash if the
 * answer can come again, the row. The id of an answer by link derives from the link, whatever the
 * key. */
void submission_prepare(const struct call *call, struct submission *submission);

/* The row of an answer: everything but hash, agent and facets. */
struct answer_row submission_row(struct arena *arena, const struct response *response,
                                 const struct uuid *id);

/* The key of the header Idempotency-Key, without quotes, to *ret_key (NULL: not sent); false if it
 * is malformed. */
bool submission_key_header(const struct call *call, const char **ret_key);
/* True for 1 to 255 visible ASCII characters. */
bool submission_key_is_valid(const char *key);

/* The problem an outcome means, and why; only for outcomes without success. */
enum problem submission_problem(enum lane_outcome outcome, const char **ret_detail);
/* The answer is taken: created, spooled, or a replay of either. */
bool submission_succeeded(enum lane_outcome outcome);
/* Of a success: 201, 200 for a replay; 202 while the answer is in the spool. */
int submission_status(enum lane_outcome outcome);
bool submission_is_replay(enum lane_outcome outcome);

/* Members of a response that is taken, into an open object. */
void submission_write(struct json_writer *w, const struct call *call,
                      const struct submission *submission);

/*
 * For finish: whether this answer by link has found another one there, so that it must go on to a
 * worker (amend_again); *ret_reply then leads there, and to finish(call, work) once more: with the
 * outcome LANE_REPLAYED, and corrected set if it changed anything. Refusals are replied by itself.
 */
bool submission_again(const struct call *call, struct submission *submission,
                      struct reply (*finish)(struct call *call, void *work), void *work,
                      struct reply *ret_reply);

/* The edit token of a response: a MAC of survey and id; text has room for 44 bytes. */
enum { EDIT_TOKEN_SIZE = 44 };
char *submission_edit_token(const struct directory_snapshot *snapshot, const char *survey,
                            const struct uuid *id, char text[static EDIT_TOKEN_SIZE]);

#endif
