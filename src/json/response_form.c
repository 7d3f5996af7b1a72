#include "jansson_help.h"
#include "npsd/base/text.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"

struct form {
    const struct survey *survey;
    struct problem_errors *errors;
    json_t *object;
    bool ok;
};

static bool is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, size; i < len; i += size) {
        size = text_utf8_size(text + i, len - i);
        if (size == 0 || text[i] == '\0')
            return false;
    }
    return true;
}

static bool text_is(const char *text, size_t len, const char *expected)
{
    return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

/* What is not as its question wants it stays text: response_decode says what is wrong. */
static json_t *number_or_text(const struct form_pair *pair)
{
    int64_t number;

    if (text_to_number(pair->value, pair->value_len, 0, INT32_MAX, &number))
        return json_integer(number);
    return json_stringn_nocheck(pair->value, pair->value_len);
}

static json_t *boolean_or_text(const struct form_pair *pair)
{
    static const char *const yes[] = {"true", "1", "yes", "on"}, *const no[] = {"false", "0", "no"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (text_is(pair->value, pair->value_len, yes[i]))
            return json_true();
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        if (text_is(pair->value, pair->value_len, no[i]))
            return json_false();
    }
    return json_stringn_nocheck(pair->value, pair->value_len);
}

static json_t *list_of_text(const struct form_pair *pair)
{
    json_t *list = json_array();

    json_array_append_new(list, json_stringn_nocheck(pair->value, pair->value_len));
    return list;
}

static json_t *answer_value(const struct survey_question *question, const struct form_pair *pair)
{
    switch (question->type) {
    case QUESTION_NPS:
    case QUESTION_SCALE:
        return number_or_text(pair);
    case QUESTION_YES_NO:
        return boolean_or_text(pair);
    case QUESTION_CHOICES:
        return list_of_text(pair);
    case QUESTION_CHOICE:
    case QUESTION_TEXT:
        break;
    }
    return json_stringn_nocheck(pair->value, pair->value_len);
}

/* Sets object's member, or joins a list that is there to the new one; false if neither. */
static bool put_member(json_t *object, const char *name, json_t *value)
{
    json_t *there = json_object_get(object, name);

    if (!there)
        return json_object_set_new_nocheck(object, name, value) == 0;
    bool lists = json_is_array(there) && json_is_array(value);
    if (lists)
        json_array_extend(there, value);
    json_decref(value);
    return lists;
}

/* The object "answers" or "properties", made when first needed. */
static json_t *parent_object(struct form *form, const char *name)
{
    json_t *object = json_object_get(form->object, name);

    if (!object) {
        object = json_object();
        json_object_set_new_nocheck(form->object, name, object);
    }
    return object;
}

/* Takes the value into object's member; what is wrong, if anything. */
static const char *take_value(struct form *form, json_t *object, const char *name,
                              const struct survey_question *question, const struct form_pair *pair)
{
    json_t *value;

    if (!is_utf8(pair->value, pair->value_len))
        return "must be UTF-8 without NUL";
    if (pair->value_len == 0)
        return NULL;
    if (question)
        value = answer_value(question, pair);
    else if (object == form->object && strcmp(name, "score") == 0)
        value = number_or_text(pair);
    else
        value = json_stringn_nocheck(pair->value, pair->value_len);
    return put_member(object, name, value) ? NULL : "is repeated";
}

/* "answers" for "answers.why", whose rest is then "why"; NULL for a plain name. */
static const char *split_name(const char *name, const char **ret_rest)
{
    static const char *const parents[] = {"answers", "properties"};

    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
        size_t len = strlen(parents[i]);

        if (strncmp(name, parents[i], len) == 0 && name[len] == '.') {
            *ret_rest = name + len + 1;
            return parents[i];
        }
    }
    *ret_rest = name;
    return NULL;
}

static const char *take_named(struct form *form, const char *parent, const char *name,
                              const struct form_pair *pair)
{
    if (parent) {
        bool answer = strcmp(parent, "answers") == 0;

        return take_value(form, parent_object(form, parent), name,
                          answer ? survey_question(form->survey, name) : NULL, pair);
    }
    if (strcmp(name, "answers") == 0 || strcmp(name, "properties") == 0)
        return "must be followed by a dot and a name";
    return take_value(form, form->object, name, NULL, pair);
}

static void take_pair(struct form *form, const struct form_pair *pair)
{
    struct arena *arena = form->errors->arena;
    const char *name, *parent, *fault;

    if (!is_utf8(pair->name, pair->name_len)) {
        problem_add(form->errors, "has a field whose name is not UTF-8", "%s", "");
        form->ok = false;
        return;
    }
    parent = split_name(arena_strndup(arena, pair->name, pair->name_len), &name);
    fault = take_named(form, parent, name, pair);
    if (fault) {
        const char *base = parent ? json_pointer(arena, "", parent) : "";

        problem_add(form->errors, fault, "%s", json_pointer(arena, base, name));
        form->ok = false;
    }
}

json_t *response_from_form(const struct survey *survey, const struct form_pair *pairs, size_t count,
                           struct problem_errors *errors)
{
    struct form form = {.survey = survey, .errors = errors, .ok = true};
    json_t **slot = json_slot(errors->arena);

    form.object = *slot = json_object();
    for (size_t i = 0; i < count; i++)
        take_pair(&form, &pairs[i]);
    return form.ok ? form.object : NULL;
}
