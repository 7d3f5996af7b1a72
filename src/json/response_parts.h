/*
 * response_parts: what response_decode and response_patch_decode share: a response being made,
 * member by member.
 */
#ifndef NPSD_JSON_RESPONSE_PARTS_H
#define NPSD_JSON_RESPONSE_PARTS_H

#include "npsd/json/response.h"

/* No time that clock_parse gives. */
#define RESPONSE_TIME_NOT_SENT INT64_MIN

struct response_decoder {
    const struct response_rules *rules;
    const char *base;
    struct problem_errors *errors;
    struct response response; /* so far */
    bool ok;                  /* so far */
};

/* Tells that base "/" member (any name that needs no escape) is wrong. */
void response_fault(struct response_decoder *d, const char *member, const char *detail);

/* Each takes one member that was sent (value not NULL) into d->response, or tells what is wrong. */
void response_take_channel(struct response_decoder *d, const json_t *value);
void response_take_agent(struct response_decoder *d, const json_t *value);
void response_take_language(struct response_decoder *d, const json_t *value);
void response_take_answered_at(struct response_decoder *d, int64_t given_us);
/* Text of 1 to RESPONSE_VALUE_MAX bytes on one line, borrowed from value. */
void response_take_line(struct response_decoder *d, const char *member, const json_t *value,
                        const char **ret_text);

/* Merge into what the response has: null, and an answer that is empty, take away what was there. */
void response_take_answers(struct response_decoder *d, const json_t *value);
void response_take_properties(struct response_decoder *d, const json_t *value);

/* NULL, or what makes value no one-line text of 1 to RESPONSE_VALUE_MAX bytes. */
const char *response_line_fault(const json_t *value);

/* Puts an answer in its place (the order of the survey's questions), instead of the one that was
 * there. False if there is no room for one more. */
bool response_put_answer(struct response *response, const struct response_answer *answer);
/* Adds to count options in the order of their question; false if it is there already. options has
 * room for one more. */
bool response_add_option(const struct survey_option **options, size_t count,
                         const struct survey_option *option);
/* Keeps the order of names; the name must not be there yet, and there must be room. */
void response_add_property(struct response *response, const char *name, const char *value);

#endif
