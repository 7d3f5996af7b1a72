#include "jansson_help.h"
#include "npsd/base/text.h"
#include "npsd/json/read.h"
#include "survey_parts.h"

/* --- texts --- */

static const char *text_fault(struct arena *arena, const char *language, const json_t *text)
{
    if (!text_is_language(language, strlen(language)))
        return "is no language tag such as en or pt-BR";
    return json_text_fault(arena, text, 1, SURVEY_TEXT_MAX);
}

bool survey_texts_decode(const json_t *value, const char *where, struct problem_errors *errors,
                         struct survey_texts *ret_texts)
{
    struct arena *arena = errors->arena;
    size_t size = json_object_size(value), count = 0;
    bool ok = true;

    if (size < 1 || size > SURVEY_LANGUAGES_MAX) {
        problem_add(errors, "must be an object of 1 to 20 texts by language, such as {\"en\": ...}",
                    "%s", where);
        return false;
    }
    struct survey_text *items = arena_calloc(arena, size, sizeof(*items));
    for (void *member = json_first_member(value); member;
         member = json_next_member(value, member)) {
        const char *language = json_object_iter_key(member);
        const json_t *text = json_object_iter_value(member);
        const char *fault = text_fault(arena, language, text);

        if (fault) {
            problem_add(errors, fault, "%s", json_pointer(arena, where, language));
            ok = false;
            continue;
        }
        items[count].language = arena_strdup(arena, language);
        items[count++].text =
            arena_strndup(arena, json_string_value(text), json_string_length(text));
    }
    if (ok)
        *ret_texts = (struct survey_texts){.items = items, .count = count};
    return ok;
}

/* --- one question --- */

struct parts {
    struct survey_question question;
    const char *id, *type;
    json_t *text, *text_by_group, *ask, *options;
};

enum part { ID, TYPE, TEXT, TEXT_BY_GROUP, MIN, MAX, ASK, OPTIONS, PARTS };

static const struct json_field fields[PARTS] = {
    [ID] = JSON_TEXT("id", offsetof(struct parts, id), 1, SURVEY_NAME_MAX, JSON_REQUIRED),
    [TYPE] = JSON_TEXT("type", offsetof(struct parts, type), 1, SURVEY_NAME_MAX, JSON_REQUIRED),
    [TEXT] = JSON_VALUE("text", offsetof(struct parts, text), JSON_REQUIRED),
    [TEXT_BY_GROUP] =
        JSON_VALUE("text_by_group", offsetof(struct parts, text_by_group), JSON_NULLABLE),
    [MIN] = JSON_INT("min", offsetof(struct parts, question.min), 0, 10, JSON_NULLABLE),
    [MAX] = JSON_INT("max", offsetof(struct parts, question.max), 0, 10, JSON_NULLABLE),
    [ASK] = JSON_VALUE("ask", offsetof(struct parts, ask), JSON_NULLABLE),
    [OPTIONS] = JSON_VALUE("options", offsetof(struct parts, options), JSON_NULLABLE),
};

/* A question being decoded. */
struct decoder {
    struct problem_errors *errors;
    const char *base; /* its pointer */
    struct parts parts;
    uint64_t sent;
    bool ok;
};

static void part_fault(struct decoder *d, enum part part, const char *detail)
{
    problem_add(d->errors, detail, "%s/%s", d->base, fields[part].name);
    d->ok = false;
}

static bool was_sent(const struct decoder *d, enum part part)
{
    return d->sent >> part & 1;
}

static bool parse_group_name(const char *name, enum nps_group *ret_group)
{
    for (enum nps_group group = 0; group < NPS_GROUPS; group++) {
        if (strcmp(name, nps_group_name(group)) == 0) {
            *ret_group = group;
            return true;
        }
    }
    return false;
}

static bool parse_group(const json_t *value, enum nps_group *ret_group)
{
    return json_is_string(value) && parse_group_name(json_string_value(value), ret_group);
}

static void take_ask(struct decoder *d, const json_t *value)
{
    size_t size = json_array_size(value);
    bool ok = size > 0;
    unsigned ask = 0;

    for (size_t i = 0; i < size && ok; i++) {
        enum nps_group group;

        ok = parse_group(json_array_get(value, i), &group) && !(ask & 1u << group);
        if (ok)
            ask |= 1u << group;
    }
    if (!ok)
        part_fault(d, ASK, "must be a list of one or more of critic, neutral and promoter");
    else
        d->parts.question.ask = ask;
}

static void take_text_of_group(struct decoder *d, const char *base, const char *name,
                               const json_t *texts)
{
    enum nps_group group;
    const char *where = json_pointer(d->errors->arena, base, name);

    if (!parse_group_name(name, &group)) {
        problem_add(d->errors, "is none of critic, neutral and promoter", "%s", where);
        d->ok = false;
        return;
    }
    d->ok = survey_texts_decode(texts, where, d->errors, &d->parts.question.text_by_group[group]) &&
            d->ok;
}

static void take_text_by_group(struct decoder *d, json_t *value)
{
    const char *base = json_pointer(d->errors->arena, d->base, fields[TEXT_BY_GROUP].name);
    const char *name;
    json_t *texts;

    if (json_object_size(value) == 0)
        part_fault(d, TEXT_BY_GROUP,
                   "must be an object of texts by group, such as {\"critic\": {\"en\": ...}}");
    json_object_foreach(value, name, texts)
    {
        take_text_of_group(d, base, name, texts);
    }
}

static void check_bounds(struct decoder *d)
{
    const struct survey_question *question = &d->parts.question;

    if (question->type == QUESTION_SCALE) {
        if (question->min >= question->max)
            part_fault(d, was_sent(d, MAX) ? MAX : MIN, "must be so that min is less than max");
        return;
    }
    for (enum part part = MIN; part <= MAX; part++) {
        if (was_sent(d, part))
            part_fault(d, part, "is for questions of type scale only");
    }
    d->parts.question.min = d->parts.question.max = 0;
}

struct option_parts {
    const char *id;
    json_t *text;
};

static const struct json_field option_fields[] = {
    JSON_TEXT("id", offsetof(struct option_parts, id), 1, SURVEY_NAME_MAX, JSON_REQUIRED),
    JSON_VALUE("text", offsetof(struct option_parts, text), JSON_REQUIRED),
};

static const char *option_id_fault(const char *id, const struct survey_option *options,
                                   size_t count)
{
    if (!text_is_name(id, strlen(id)))
        return SURVEY_NAME_FAULT;
    for (size_t i = 0; i < count; i++) {
        if (options[i].id && strcmp(options[i].id, id) == 0)
            return "is repeated";
    }
    return NULL;
}

/* Decodes the option that follows count others. */
static bool decode_option(const json_t *value, const char *base, struct survey_option *options,
                          size_t count, struct problem_errors *errors)
{
    struct option_parts parts = {0};
    bool ok = json_decode(value, base, option_fields, 2, &parts, errors, NULL);
    const char *fault = parts.id ? option_id_fault(parts.id, options, count) : NULL;

    if (fault)
        problem_add(errors, fault, "%s/id", base);
    if (parts.text)
        ok = survey_texts_decode(parts.text, json_pointer(errors->arena, base, "text"), errors,
                                 &options[count].text) &&
             ok;
    options[count].id = parts.id;
    options[count].active = true;
    return ok && !fault;
}

static void take_options(struct decoder *d, const json_t *value)
{
    size_t size = json_array_size(value);

    if (!json_is_array(value) || size < 2 || size > SURVEY_OPTIONS_MAX) {
        part_fault(d, OPTIONS, "must be a list of 2 to 50 options");
        return;
    }
    struct survey_option *options = arena_calloc(d->errors->arena, size, sizeof(*options));
    for (size_t i = 0; i < size; i++) {
        const char *base = arena_printf(d->errors->arena, "%s/options/%zu", d->base, i);

        d->ok = decode_option(json_array_get(value, i), base, options, i, d->errors) && d->ok;
    }
    d->parts.question.options = options;
    d->parts.question.option_count = size;
}

static void check_options(struct decoder *d)
{
    enum question_type type = d->parts.question.type;
    bool wanted = type == QUESTION_CHOICE || type == QUESTION_CHOICES;

    if (wanted && d->parts.options)
        take_options(d, d->parts.options);
    else if (wanted)
        part_fault(d, OPTIONS, "is required for questions of type choice and choices");
    else if (d->parts.options)
        part_fault(d, OPTIONS, "is for questions of type choice and choices only");
}

static void take_type(struct decoder *d, bool first)
{
    const char *name = d->parts.type;
    enum question_type *type = &d->parts.question.type;

    if (!question_type_parse(name, strlen(name), type)) {
        part_fault(d, TYPE, "must be nps, scale, yes_no, choice, choices or text");
        return;
    }
    if (first && *type != QUESTION_NPS)
        part_fault(d, TYPE, "must be nps, since the first question asks for the score");
    if (!first && *type == QUESTION_NPS)
        part_fault(d, TYPE, "must not be nps, since only the first question asks for the score");
    check_bounds(d);
    check_options(d);
}

/* The first question is asked before anybody is of a group. */
static void take_groups(struct decoder *d, bool first)
{
    const struct parts *parts = &d->parts;

    if (parts->ask && first)
        part_fault(d, ASK, "must be left out, since the first question is for everybody");
    else if (parts->ask)
        take_ask(d, parts->ask);
    if (parts->text_by_group && first)
        part_fault(d, TEXT_BY_GROUP, "must be left out, since the first question is for everybody");
    else if (parts->text_by_group)
        take_text_by_group(d, parts->text_by_group);
}

static bool decode_question(const json_t *value, const char *base, bool first,
                            struct problem_errors *errors, struct survey_question *ret_question)
{
    struct decoder d = {.errors = errors, .base = base};
    struct parts *parts = &d.parts;

    parts->question =
        (struct survey_question){.active = true, .min = 0, .max = 10, .ask = SURVEY_ASK_ALL};
    d.ok = json_decode(value, base, fields, PARTS, parts, errors, &d.sent);
    if (parts->id && text_is_name(parts->id, strlen(parts->id)))
        parts->question.id = parts->id;
    else if (parts->id)
        part_fault(&d, ID, SURVEY_NAME_FAULT);
    if (parts->text)
        d.ok = survey_texts_decode(parts->text, json_pointer(errors->arena, base, "text"), errors,
                                   &parts->question.text) &&
               d.ok;
    take_groups(&d, first);
    if (parts->type)
        take_type(&d, first);
    *ret_question = parts->question;
    return d.ok;
}

/* --- all of them --- */

static bool is_repeated(const struct survey_question *questions, size_t i)
{
    for (size_t j = 0; questions[i].id && j < i; j++) {
        if (questions[j].id && strcmp(questions[j].id, questions[i].id) == 0)
            return true;
    }
    return false;
}

bool survey_questions_decode(const json_t *value, struct problem_errors *errors,
                             struct survey_question questions[static SURVEY_QUESTIONS_MAX],
                             size_t *ret_count)
{
    size_t count = json_array_size(value);
    bool ok = true;

    *ret_count = 0;
    if (!json_is_array(value) || count < 1 || count > SURVEY_QUESTIONS_MAX) {
        problem_add(errors, "must be a list of 1 to 5 questions", "/questions");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *base = arena_printf(errors->arena, "/questions/%zu", i);

        ok = decode_question(json_array_get(value, i), base, i == 0, errors, &questions[i]) && ok;
        if (is_repeated(questions, i)) {
            problem_add(errors, "is repeated", "%s/id", base);
            ok = false;
        }
    }
    *ret_count = count;
    return ok;
}
