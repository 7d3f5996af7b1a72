#include "npsd/json/read.h"
#include "response_parts.h"

struct members {
    int score;
    int64_t answered_us;
    bool excluded;
    const char *reason;
    json_t *answers, *language, *respondent, *properties, *channel, *agent;
};

enum member {
    SCORE,
    ANSWERS,
    LANGUAGE,
    FIRST_CORRECTION, /* from here on for analysts and admins */
    RESPONDENT = FIRST_CORRECTION,
    PROPERTIES,
    CHANNEL,
    AGENT,
    ANSWERED_AT,
    EXCLUDED,
    REASON,
    MEMBERS
};

static const struct json_field fields[MEMBERS] = {
    [SCORE] = JSON_INT("score", offsetof(struct members, score), 0, NPS_SCORES - 1, 0),
    [ANSWERS] = JSON_VALUE("answers", offsetof(struct members, answers), 0),
    [LANGUAGE] = JSON_VALUE("language", offsetof(struct members, language), 0),
    [RESPONDENT] = JSON_VALUE("respondent", offsetof(struct members, respondent), 0),
    [PROPERTIES] = JSON_VALUE("properties", offsetof(struct members, properties), 0),
    [CHANNEL] = JSON_VALUE("channel", offsetof(struct members, channel), 0),
    [AGENT] = JSON_VALUE("agent", offsetof(struct members, agent), 0),
    [ANSWERED_AT] = JSON_TIME("answered_at", offsetof(struct members, answered_us), 0),
    [EXCLUDED] = JSON_BOOL("excluded", offsetof(struct members, excluded), 0),
    [REASON] = JSON_TEXT("reason", offsetof(struct members, reason), 1, 500, JSON_NULLABLE),
};

static bool was_sent(uint64_t sent, enum member member)
{
    return sent >> member & 1;
}

static void refuse_corrections(struct response_decoder *d, uint64_t sent)
{
    for (enum member member = FIRST_CORRECTION; member < MEMBERS; member++) {
        if (was_sent(sent, member))
            response_fault(d, fields[member].name, "needs an analyst or admin key");
    }
}

static void take_corrections(struct response_decoder *d, const struct members *members)
{
    if (json_is_null(members->respondent))
        d->response.respondent = NULL;
    else if (members->respondent)
        response_take_line(d, "respondent", members->respondent, &d->response.respondent);
    if (members->properties)
        response_take_properties(d, members->properties);
    if (members->channel)
        response_take_channel(d, members->channel);
    if (json_is_null(members->agent))
        d->response.agent = NULL;
    else if (members->agent)
        response_take_agent(d, members->agent);
    if (members->answered_us != RESPONSE_TIME_NOT_SENT)
        response_take_answered_at(d, members->answered_us);
}

static void take_members(struct response_decoder *d, const struct members *members, uint64_t sent)
{
    enum role role = d->rules->role;

    d->response.score = members->score;
    if (members->answers)
        response_take_answers(d, members->answers);
    if (json_is_null(members->language))
        d->response.language = NULL;
    else if (members->language)
        response_take_language(d, members->language);
    if (role == ROLE_ANALYST || role == ROLE_ADMIN)
        take_corrections(d, members);
    else
        refuse_corrections(d, sent);
    if (was_sent(sent, REASON) && !was_sent(sent, EXCLUDED))
        response_fault(d, "reason", "goes with excluded only");
}

/* NULL: not sent, or null. */
static const json_t *given(const json_t *value, const char *name)
{
    const json_t *member = json_object_get(value, name);

    return json_is_null(member) ? NULL : member;
}

bool response_decode_again(const json_t *value, const struct response *old,
                           const struct response_rules *rules, struct problem_errors *errors,
                           struct response *ret_response)
{
    struct response_decoder d = {
        .rules = rules, .base = "", .errors = errors, .response = *old, .ok = true};
    const json_t *answers = given(value, "answers"), *language = given(value, "language");

    d.response.score = (int)json_integer_value(json_object_get(value, "score"));
    if (answers)
        response_take_answers(&d, answers);
    if (language)
        response_take_language(&d, language);
    if (d.ok)
        *ret_response = d.response;
    return d.ok;
}

bool response_patch_decode(const json_t *value, const struct response *old,
                           const struct response_rules *rules, struct problem_errors *errors,
                           struct response *ret_response, struct response_patch *ret_patch)
{
    struct members members = {.score = old->score, .answered_us = RESPONSE_TIME_NOT_SENT};
    struct response_decoder d = {.rules = rules, .base = "", .errors = errors, .response = *old};
    uint64_t sent;

    d.ok = json_decode(value, "", fields, MEMBERS, &members, errors, &sent);
    take_members(&d, &members, sent);
    if (!d.ok)
        return false;
    *ret_response = d.response;
    *ret_patch = (struct response_patch){.exclusion_sent = was_sent(sent, EXCLUDED),
                                         .excluded = members.excluded,
                                         .reason = members.reason};
    return true;
}
