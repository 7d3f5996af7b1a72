/*
 * response (JSON): an answer from a JSON object (or a form turned into one) to struct response,
 * checked against its survey; and the texts that are stored.
 */
#ifndef NPSD_JSON_RESPONSE_H
#define NPSD_JSON_RESPONSE_H

#include "npsd/domain/problem.h"
#include "npsd/domain/response.h"
#include "npsd/domain/role.h"
#include "npsd/json/write.h"
#include <jansson.h>

/* Who sends, and so what may be sent. */
struct response_rules {
    const struct survey *survey;
    enum role role; /* decides on backdating, external_id, agent, and the default channel */
    const char
        *agent;   /* the agent key's name: set, and not to be sent, for ROLE_AGENT; else NULL */
    bool batch;   /* idempotency_key is a member (its value to *ret_key) */
    bool by_link; /* the channel is link unless another one is sent */
    const char *respondent; /* by_link: whom it names, which nobody may change; NULL: nobody */
    int64_t received_us;
};

/*
 * False after adding errors; all wrong members are told, base ("" or "/3") leads their pointers.
 * The response borrows its texts from value (json_read's belong to the arena) and from the survey:
 * both must outlive it. An optional member that is null was not sent. A text answer of white space
 * alone and an empty choices answer are no answers; an empty property is none. *ret_key (batch
 * only, may be NULL otherwise) is the item's idempotency_key or NULL.
 */
bool response_decode(const json_t *value, const char *base, const struct response_rules *rules,
                     struct problem_errors *errors, struct response *ret_response,
                     const char **ret_key);

/*
 * A form's pairs (decoded, in order, "answers.why", "properties.branch", "score", ...) as the JSON
 * object that response_decode takes: score and scale answers that are decimal numbers become
 * integers, yes_no true/false/1/0/yes/no/on become booleans, repeated choices an array, empty
 * values are left out. "key", "redirect" and "idempotency_key" are not for it: take them out
 * before. Repeating anything but a choices answer is an error, so is invalid UTF-8 or NUL. The
 * object is owned by errors->arena. NULL after adding errors (pointer: the pair's name as
 * "/answers/why").
 */
struct form_pair {
    const char *name, *value;
    size_t name_len, value_len;
};
json_t *response_from_form(const struct survey *survey, const struct form_pair *pairs, size_t count,
                           struct problem_errors *errors);

/* The jsonb texts of the columns: answers by question id, properties by name; NULL (and len 0) if
 * there are none. */
const char *response_answers_json(struct arena *arena, const struct response *response,
                                  size_t *ret_len);
const char *response_properties_json(struct arena *arena, const struct response *response,
                                     size_t *ret_len);

/*
 * The response after a PATCH. Anybody who may change it at all changes score, answers (merged; null
 * removes one) and language; analyst and admin keys also respondent, properties (merged likewise),
 * channel, agent and answered_at, and send "excluded" and "reason", which the handler reads from
 * *ret_patch. null takes language, respondent and agent away. From others those members are an
 * error. old is what is stored, read with rules->survey; it is shared, not copied. answered_at is
 * held against old->received_us.
 */
struct response_patch {
    bool exclusion_sent;
    bool excluded;
    const char *reason; /* NULL: none */
};
bool response_patch_decode(const json_t *value, const struct response *old,
                           const struct response_rules *rules, struct problem_errors *errors,
                           struct response *ret_response, struct response_patch *ret_patch);

/*
 * A second answer to the same link, which response_decode has taken with these rules: what it says
 * of score, answers and language goes into the first one, as a PATCH does it; nothing else does. An
 * optional member that is null was not sent. False after adding errors: an answer has no room.
 */
bool response_decode_again(const json_t *value, const struct response *old,
                           const struct response_rules *rules, struct problem_errors *errors,
                           struct response *ret_response);

/*
 * The answers and properties of a stored row, as members of *response again, in the arena (unknown
 * questions and options, which cannot be, are skipped; retired ones are kept). A len of 0: there
 * are none. False, and *response untouched, if they are not JSON objects.
 */
bool response_read_stored(struct arena *arena, const struct survey *survey, const char *answers,
                          size_t answers_len, const char *properties, size_t properties_len,
                          struct response *response);

#endif
