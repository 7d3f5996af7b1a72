#include "npsd/base/text.h"
#include "npsd/json/read.h"
#include "response_parts.h"

struct members {
    int score;
    int64_t answered_us;
    json_t *answers, *channel, *language, *respondent, *properties, *external_id, *agent, *key;
};

static const struct json_field fields[] = {
    JSON_INT("score", offsetof(struct members, score), 0, NPS_SCORES - 1, JSON_REQUIRED),
    JSON_TIME("answered_at", offsetof(struct members, answered_us), JSON_NULLABLE),
    JSON_VALUE("answers", offsetof(struct members, answers), JSON_NULLABLE),
    JSON_VALUE("channel", offsetof(struct members, channel), JSON_NULLABLE),
    JSON_VALUE("language", offsetof(struct members, language), JSON_NULLABLE),
    JSON_VALUE("respondent", offsetof(struct members, respondent), JSON_NULLABLE),
    JSON_VALUE("properties", offsetof(struct members, properties), JSON_NULLABLE),
    JSON_VALUE("external_id", offsetof(struct members, external_id), JSON_NULLABLE),
    JSON_VALUE("agent", offsetof(struct members, agent), JSON_NULLABLE),
    /* Last, because only an item of a batch has it. */
    JSON_VALUE("idempotency_key", offsetof(struct members, key), JSON_NULLABLE),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

void response_fault(struct response_decoder *d, const char *member, const char *detail)
{
    problem_add(d->errors, detail, "%s/%s", d->base, member);
    d->ok = false;
}

const char *response_line_fault(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (len == 0 || len > RESPONSE_VALUE_MAX)
        return "must be text of 1 to 256 bytes";
    if (text_has_control(text, len) || strpbrk(text, "\t\r\n"))
        return "must not have control characters";
    return NULL;
}

void response_take_line(struct response_decoder *d, const char *member, const json_t *value,
                        const char **ret_text)
{
    const char *fault = response_line_fault(value);

    if (fault)
        response_fault(d, member, fault);
    else
        *ret_text = json_string_value(value);
}

void response_take_channel(struct response_decoder *d, const json_t *value)
{
    enum role role = d->rules->role;
    enum channel channel;

    if (!json_is_string(value) ||
        !channel_parse(json_string_value(value), json_string_length(value), &channel))
        response_fault(d, "channel",
                       "must be web, email, link, sms, phone, kiosk, chat, app or import");
    else if (role == ROLE_AGENT && channel != CHANNEL_PHONE)
        response_fault(d, "channel", "must be phone when an agent key is used");
    else if (channel == CHANNEL_IMPORT && !role_is_staff(role))
        response_fault(d, "channel", "import needs an analyst or admin key");
    else
        d->response.channel = channel;
}

void response_take_agent(struct response_decoder *d, const json_t *value)
{
    enum role role = d->rules->role;

    if (role == ROLE_AGENT)
        response_fault(d, "agent", "is set by the agent key");
    else if (!role_is_staff(role))
        response_fault(d, "agent", "needs an analyst or admin key");
    else
        response_take_line(d, "agent", value, &d->response.agent);
}

void response_take_language(struct response_decoder *d, const json_t *value)
{
    if (!json_is_string(value) ||
        !text_is_language(json_string_value(value), json_string_length(value)))
        response_fault(d, "language", "must be a language tag such as en or pt-BR");
    else
        d->response.language = json_string_value(value);
}

void response_take_answered_at(struct response_decoder *d, int64_t given_us)
{
    struct response *response = &d->response;
    int64_t ahead_us = given_us - response->received_us;

    if (ahead_us > RESPONSE_AHEAD_US) {
        response_fault(d, "answered_at",
                       "must not be more than 5 minutes later than it is received");
    } else if (-ahead_us > RESPONSE_BACKDATE_PUBLIC_US && !role_is_staff(d->rules->role)) {
        response_fault(d, "answered_at", "must not be more than 48 hours ago");
    } else {
        response->answered_given = true;
        response->answered_given_us = given_us;
        response->answered_us = response_answered_us(true, given_us, response->received_us);
    }
}

static void take_external_id(struct response_decoder *d, const json_t *value)
{
    if (!role_is_staff(d->rules->role))
        response_fault(d, "external_id", "needs an agent, analyst or admin key");
    else
        response_take_line(d, "external_id", value, &d->response.external_id);
}

static const char *take_key(struct response_decoder *d, const json_t *value)
{
    const char *key = json_string_value(value);

    if (!key || !text_is_visible(key, json_string_length(value), 255))
        response_fault(d, "idempotency_key", "must be 1 to 255 visible ASCII characters");
    return key;
}

/* A link is one person's, for that person. */
static void take_respondent(struct response_decoder *d, const json_t *value)
{
    const char *name = NULL, *link = d->rules->respondent;

    response_take_line(d, "respondent", value, &name);
    if (!d->rules->by_link)
        d->response.respondent = name;
    else if (name && (!link || strcmp(name, link) != 0))
        response_fault(d, "respondent", "is named by the link: leave it out");
}

static void take_members(struct response_decoder *d, const struct members *members)
{
    d->response.score = members->score;
    if (members->answers)
        response_take_answers(d, members->answers);
    if (members->channel)
        response_take_channel(d, members->channel);
    if (members->language)
        response_take_language(d, members->language);
    if (members->respondent)
        take_respondent(d, members->respondent);
    if (members->properties)
        response_take_properties(d, members->properties);
    if (members->answered_us != RESPONSE_TIME_NOT_SENT)
        response_take_answered_at(d, members->answered_us);
    if (members->external_id)
        take_external_id(d, members->external_id);
    if (members->agent)
        response_take_agent(d, members->agent);
}

bool response_decode(const json_t *value, const char *base, const struct response_rules *rules,
                     struct problem_errors *errors, struct response *ret_response,
                     const char **ret_key)
{
    struct members members = {.answered_us = RESPONSE_TIME_NOT_SENT};
    struct response_decoder d = {.rules = rules, .base = base, .errors = errors};
    const char *key = NULL;

    d.response.survey = rules->survey;
    d.response.channel = rules->role == ROLE_AGENT ? CHANNEL_PHONE
                         : rules->by_link          ? CHANNEL_LINK
                                                   : CHANNEL_WEB;
    d.response.respondent = rules->by_link ? rules->respondent : NULL;
    d.response.agent = rules->role == ROLE_AGENT ? rules->agent : NULL;
    d.response.received_us = d.response.answered_us = rules->received_us;
    d.ok = json_decode(value, base, fields, rules->batch ? FIELDS : FIELDS - 1, &members, errors,
                       NULL);
    take_members(&d, &members);
    if (members.key)
        key = take_key(&d, members.key);
    if (!d.ok)
        return false;
    *ret_response = d.response;
    if (ret_key)
        *ret_key = key;
    return true;
}
