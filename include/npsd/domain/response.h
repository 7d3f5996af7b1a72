/*
 * response: one person's answers to one survey at one time, decoded and validated. Plain data in an
 * arena.
 *
 * response_hash is the identity of the content: the same answer hashes alike whether it came as
 * JSON, as a form or from a spool, today or in a year. It covers what the sender said (score,
 * answers, channel, agent, language, respondent, properties, answered_at as given, external_id),
 * not what npsd added, and does not depend on the order of questions or options in the survey.
 */
#ifndef NPSD_DOMAIN_RESPONSE_H
#define NPSD_DOMAIN_RESPONSE_H

#include "npsd/base/uuid.h"
#include "npsd/domain/channel.h"
#include "npsd/domain/survey.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESPONSE_PROPERTIES_MAX = 16,
    RESPONSE_VALUE_MAX =
        256, /* bytes of a property's value, of respondent, external_id and agent */
    RESPONSE_TEXT_MAX = 4000, /* code points of a text answer */
    RESPONSE_HASH_SIZE = 16   /* enough against accident, and against forging a second body */
};

#define RESPONSE_BACKDATE_PUBLIC_US (48 * INT64_C(3600000000))
#define RESPONSE_AHEAD_US (5 * INT64_C(60000000))

/* An answer to one question; which member counts follows from the question's type. */
struct response_answer {
    const struct survey_question *question;
    int64_t number;   /* scale: the value; yes_no: 0 or 1; choice: the option's number */
    const char *text; /* text; choice: the option's id */
    const struct survey_option *const
        *options; /* choices: in the order of the question's options */
    size_t option_count;
};

struct response_property {
    const char *name;
    const char *value;
};

struct response {
    const struct survey *survey;
    int score;
    struct response_answer
        answers[SURVEY_QUESTIONS_MAX]; /* in the order of the survey's questions */
    size_t answer_count;
    enum channel channel;
    const char *agent, *language, *respondent, *external_id;      /* NULL: not given */
    struct response_property properties[RESPONSE_PROPERTIES_MAX]; /* sorted by name */
    size_t property_count;
    bool answered_given;
    int64_t answered_given_us; /* as the sender said */
    int64_t answered_us;       /* what counts: given and not in the future, else received_us */
    int64_t received_us;
};

/* The value of a property, or NULL. */
const char *response_property(const struct response *response, const char *name);
void response_hash(const struct response *response, uint8_t hash[static RESPONSE_HASH_SIZE]);
/* What counts as the time of an answer: given_us, but never later than its receipt. */
int64_t response_answered_us(bool given, int64_t given_us, int64_t received_us);

#endif
