#include "npsd/json/link_request.h"

#include "npsd/base/text.h"
#include "npsd/json/read.h"
#include "response_parts.h"

#include <string.h>

struct members {
    json_t *respondents, *channel, *language;
    int expires_in_days;
    bool snippet;
};

static const struct json_field fields[] = {
    JSON_VALUE("respondents", offsetof(struct members, respondents), JSON_REQUIRED),
    JSON_INT("expires_in_days", offsetof(struct members, expires_in_days), 1, LINK_DAYS_MAX,
             JSON_NULLABLE),
    JSON_VALUE("channel", offsetof(struct members, channel), JSON_NULLABLE),
    JSON_VALUE("language", offsetof(struct members, language), JSON_NULLABLE),
    JSON_BOOL("snippet", offsetof(struct members, snippet), JSON_NULLABLE),
};

struct person {
    json_t *respondent, *properties;
};

static const struct json_field person_fields[] = {
    JSON_VALUE("respondent", offsetof(struct person, respondent), JSON_NULLABLE),
    JSON_VALUE("properties", offsetof(struct person, properties), JSON_NULLABLE),
};

/* Parameters of the survey page, beside which facets stand in a link. */
static bool is_taken(const char *name)
{
    static const char *const taken[] = {"score", "channel", "lang", "kiosk", "dismissed"};
    return text_index(taken, sizeof(taken) / sizeof(taken[0]), name, strlen(name)) >= 0;
}

static void check_facets(struct response_decoder *d)
{
    for (size_t i = 0; i < d->response.property_count; i++) {
        const char *name = d->response.properties[i].name;
        const char *fault = is_taken(name) ? "cannot be in a link: it is a word of the page's own"
                            : survey_facet_slot(d->rules->survey, name) < 0
                                ? "is no facet of the survey: a link would not keep it"
                                : NULL;
        if (fault) {
            problem_add(d->errors, fault, "%s/properties/%s", d->base, name);
            d->ok = false;
        }
    }
}

/* An object: somebody with properties. */
static void take_person(struct response_decoder *d, const json_t *value)
{
    struct person person = {0};
    d->ok = json_decode(value, d->base, person_fields,
                        sizeof(person_fields) / sizeof(person_fields[0]), &person, d->errors, NULL);
    if (person.respondent)
        response_take_line(d, "respondent", person.respondent, &d->response.respondent);
    if (person.properties)
        response_take_properties(d, person.properties);
    check_facets(d);
}

static bool take_wish(const json_t *value, const struct response_rules *rules, size_t index,
                      struct problem_errors *errors, struct link_wish *wish)
{
    struct response_decoder d = {.rules = rules, .errors = errors, .ok = true};
    d.base = arena_printf(errors->arena, "/respondents/%zu", index);
    if (json_is_object(value)) {
        take_person(&d, value);
    } else {
        const char *fault = response_line_fault(value);
        if (fault)
            problem_add(errors, fault, "%s", d.base);
        d.ok = !fault;
        d.response.respondent = json_string_value(value);
    }
    *wish = (struct link_wish){.respondent = d.response.respondent,
                               .property_count = d.response.property_count};
    wish->properties = arena_memdup(errors->arena, d.response.properties,
                                    d.response.property_count * sizeof(*wish->properties));
    return d.ok;
}

static bool take_wishes(const json_t *value, const struct survey *survey,
                        struct problem_errors *errors, struct link_request *request)
{
    const struct response_rules rules = {.survey = survey};
    size_t count = json_array_size(value);
    bool ok = true;
    if (!json_is_array(value) || count < 1 || count > LINK_REQUEST_MAX) {
        problem_add(errors, "must be a list of 1 to 1000", "/respondents");
        return false;
    }
    struct link_wish *wishes = arena_calloc(errors->arena, count, sizeof(*wishes));
    for (size_t i = 0; i < count; i++)
        ok &= take_wish(json_array_get(value, i), &rules, i, errors, &wishes[i]);
    request->wishes = wishes;
    request->count = count;
    return ok;
}

static bool take_channel(const json_t *value, struct problem_errors *errors,
                         struct link_request *request)
{
    static const unsigned known =
        1u << CHANNEL_LINK | 1u << CHANNEL_EMAIL | 1u << CHANNEL_SMS | 1u << CHANNEL_CHAT;
    request->channel = request->snippet ? CHANNEL_EMAIL : CHANNEL_LINK;
    if (!value ||
        (json_is_string(value) &&
         channel_parse(json_string_value(value), json_string_length(value), &request->channel) &&
         (known >> request->channel & 1)))
        return true;
    problem_add(errors, "must be link, email, sms or chat", "/channel");
    return false;
}

static bool take_language(const json_t *value, struct problem_errors *errors,
                          struct link_request *request)
{
    if (value && (!json_is_string(value) ||
                  !text_is_language(json_string_value(value), json_string_length(value)))) {
        problem_add(errors, "must be a language tag such as en or pt-BR", "/language");
        return false;
    }
    request->language = json_string_value(value);
    return true;
}

bool link_request_decode(const json_t *value, const struct survey *survey,
                         struct problem_errors *errors, struct link_request *ret_request)
{
    struct members members = {.expires_in_days = LINK_DAYS_DEFAULT};
    bool ok =
        json_decode(value, "", fields, sizeof(fields) / sizeof(fields[0]), &members, errors, NULL);
    struct link_request request = {.expires_in_days = members.expires_in_days,
                                   .snippet = members.snippet};
    if (members.respondents)
        ok &= take_wishes(members.respondents, survey, errors, &request);
    ok &= take_channel(members.channel, errors, &request);
    ok &= take_language(members.language, errors, &request);
    if (ok)
        *ret_request = request;
    return ok;
}
