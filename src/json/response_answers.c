#include "jansson_help.h"
#include "npsd/base/text.h"
#include "npsd/json/read.h"
#include "response_parts.h"

/* Takes one member of "answers" or "properties", or says what is wrong. */
typedef const char *take_function(struct response_decoder *d, const char *name,
                                  const json_t *value);

static void take_each(struct response_decoder *d, const char *parent, const json_t *value,
                      take_function *take)
{
    struct arena *arena = d->errors->arena;

    if (!json_is_object(value)) {
        response_fault(d, parent, "must be an object");
        return;
    }
    for (void *member = json_first_member(value); member;
         member = json_next_member(value, member)) {
        const char *name = json_object_iter_key(member);
        const char *fault = take(d, name, json_object_iter_value(member));

        if (fault) {
            problem_add(d->errors, fault, "%s",
                        json_pointer(arena, json_pointer(arena, d->base, parent), name));
            d->ok = false;
        }
    }
}

/* --- answers --- */

/* The place of the first answer to this question or to one after it. */
static size_t answer_place(const struct response *response, const struct survey_question *question)
{
    size_t i = 0;

    while (i < response->answer_count && response->answers[i].question < question)
        i++;
    return i;
}

bool response_put_answer(struct response *response, const struct response_answer *answer)
{
    struct response_answer *answers = response->answers;
    size_t i = answer_place(response, answer->question);

    if (i == response->answer_count || answers[i].question != answer->question) {
        if (response->answer_count == SURVEY_QUESTIONS_MAX)
            return false;
        memmove(&answers[i + 1], &answers[i], (response->answer_count++ - i) * sizeof(*answers));
    }
    answers[i] = *answer;
    return true;
}

static void remove_answer(struct response *response, const struct survey_question *question)
{
    struct response_answer *answers = response->answers;
    size_t i = answer_place(response, question);

    if (i < response->answer_count && answers[i].question == question)
        memmove(&answers[i], &answers[i + 1], (--response->answer_count - i) * sizeof(*answers));
}

/* An active question, or one that is no more but was answered before. */
static const struct survey_question *find_question(const struct response *response, const char *id)
{
    const struct survey_question *question = survey_question(response->survey, id);

    for (size_t i = 0; !question && i < response->answer_count; i++) {
        if (strcmp(response->answers[i].question->id, id) == 0)
            question = response->answers[i].question;
    }
    return question;
}

/* White space alone says nothing. */
static bool is_blank(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && text[strspn(text, " \t\r\n")] == '\0';
}

static bool is_no_answer(const struct survey_question *question, const json_t *value)
{
    if (json_is_null(value))
        return true;
    return (question->type == QUESTION_TEXT && is_blank(value)) ||
           (question->type == QUESTION_CHOICES && json_is_array(value) &&
            json_array_size(value) == 0);
}

static const char *take_scale(struct arena *arena, const json_t *value,
                              struct response_answer *answer)
{
    const struct survey_question *question = answer->question;

    if (!json_is_integer(value) || json_integer_value(value) < question->min ||
        json_integer_value(value) > question->max)
        return arena_printf(arena, "must be an integer from %d to %d", question->min,
                            question->max);
    answer->number = json_integer_value(value);
    return NULL;
}

static const struct survey_option *find_option(const struct survey_question *question,
                                               const json_t *value)
{
    const char *id = json_string_value(value);

    return id ? question_option(question, id) : NULL;
}

static const char *take_choice(const json_t *value, struct response_answer *answer)
{
    const struct survey_option *option = find_option(answer->question, value);

    if (!option)
        return "must be the id of one of the options";
    answer->number = option->number;
    answer->text = option->id;
    return NULL;
}

bool response_add_option(const struct survey_option **options, size_t count,
                         const struct survey_option *option)
{
    size_t at = count;

    for (; at > 0 && options[at - 1] > option; at--)
        options[at] = options[at - 1];
    options[at] = option;
    return at == 0 || options[at - 1] != option;
}

static const char *take_choices(struct arena *arena, const json_t *value,
                                struct response_answer *answer)
{
    static const char fault[] = "must be a list of ids of different options";
    size_t size = json_array_size(value);

    if (!json_is_array(value) || size > SURVEY_OPTIONS_MAX)
        return fault;
    const struct survey_option **options = arena_calloc(arena, size, sizeof(*options));
    for (size_t i = 0; i < size; i++) {
        const struct survey_option *option =
            find_option(answer->question, json_array_get(value, i));

        if (!option || !response_add_option(options, i, option))
            return fault;
    }
    answer->options = options;
    answer->option_count = size;
    return NULL;
}

static const char *take_text(struct arena *arena, const json_t *value,
                             struct response_answer *answer)
{
    const char *fault = json_text_fault(arena, value, 1, RESPONSE_TEXT_MAX);

    if (!fault)
        answer->text = json_string_value(value);
    return fault;
}

static const char *take_yes_no(const json_t *value, struct response_answer *answer)
{
    if (!json_is_boolean(value))
        return "must be true or false";
    answer->number = json_is_true(value);
    return NULL;
}

/* Fills the answer to its question, or says what is wrong. */
static const char *take_value(struct arena *arena, const json_t *value,
                              struct response_answer *answer)
{
    switch (answer->question->type) {
    case QUESTION_NPS:
        return "is given as score";
    case QUESTION_SCALE:
        return take_scale(arena, value, answer);
    case QUESTION_YES_NO:
        return take_yes_no(value, answer);
    case QUESTION_CHOICE:
        return take_choice(value, answer);
    case QUESTION_CHOICES:
        return take_choices(arena, value, answer);
    case QUESTION_TEXT:
        return take_text(arena, value, answer);
    }
    return NULL;
}

static const char *take_answer(struct response_decoder *d, const char *id, const json_t *value)
{
    struct response_answer answer = {.question = find_question(&d->response, id)};
    const char *fault;

    if (!answer.question)
        return "is not known here";
    if (answer.question->type != QUESTION_NPS && is_no_answer(answer.question, value)) {
        remove_answer(&d->response, answer.question);
        return NULL;
    }
    if (!answer.question->active)
        return "is not asked any more: it can only be removed, with null";
    fault = take_value(d->errors->arena, value, &answer);
    if (!fault && !response_put_answer(&d->response, &answer))
        fault = "is more than a response can hold: remove an answer first";
    return fault;
}

void response_take_answers(struct response_decoder *d, const json_t *value)
{
    take_each(d, "answers", value, take_answer);
}

/* --- properties --- */

static size_t property_place(const struct response *response, const char *name)
{
    size_t i = 0;

    while (i < response->property_count && strcmp(response->properties[i].name, name) < 0)
        i++;
    return i;
}

static bool has_property(const struct response *response, size_t place, const char *name)
{
    return place < response->property_count && strcmp(response->properties[place].name, name) == 0;
}

void response_add_property(struct response *response, const char *name, const char *value)
{
    struct response_property *at = &response->properties[property_place(response, name)];
    struct response_property *end = &response->properties[response->property_count++];

    memmove(at + 1, at, (size_t)(end - at) * sizeof(*at));
    *at = (struct response_property){.name = name, .value = value};
}

static void remove_property(struct response *response, const char *name)
{
    size_t i = property_place(response, name);

    if (has_property(response, i, name))
        memmove(&response->properties[i], &response->properties[i + 1],
                (--response->property_count - i) * sizeof(response->properties[0]));
}

/* A field that was not filled in. */
static bool is_empty(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) == 0;
}

/* The value as text; *ret_fault says why there is none. */
static const char *property_text(struct arena *arena, const json_t *value, const char **ret_fault)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        *ret_fault = response_line_fault(value);
        return json_string_value(value);
    case JSON_INTEGER:
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    case JSON_REAL:
        return arena_printf(arena, "%.15g", json_real_value(value));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    default:
        *ret_fault = "must be text, a number, true or false";
        return NULL;
    }
}

static const char *take_property(struct response_decoder *d, const char *name, const json_t *value)
{
    struct response *response = &d->response;
    const char *fault = NULL, *text;

    if (!text_is_name(name, strlen(name)))
        return "is no name: a small letter, then at most 31 of a-z, 0-9 and _";
    if (json_is_null(value) || is_empty(value)) {
        remove_property(response, name);
        return NULL;
    }
    text = property_text(d->errors->arena, value, &fault);
    if (fault)
        return fault;
    size_t place = property_place(response, name);
    if (has_property(response, place, name))
        response->properties[place].value = text;
    else if (response->property_count < RESPONSE_PROPERTIES_MAX)
        response_add_property(response, name, text);
    else
        return "is one too many: at most 16 properties are kept";
    return NULL;
}

void response_take_properties(struct response_decoder *d, const json_t *value)
{
    take_each(d, "properties", value, take_property);
}
