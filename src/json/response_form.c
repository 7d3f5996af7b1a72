#include "memory.h"
#include "npsd/base/text.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"

/* What a pair is to become. */
struct field {
    const char *parent; /* "answers", "properties" or NULL */
    const char *name;
    enum question_type type; /* text, unless it stands for a number and so on */
    const struct form_pair *pair;
    const char *fault; /* what is wrong, if anything */
};

struct form {
    struct field *fields;
    size_t count;
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
    json_t *text = json_stringn_nocheck(pair->value, pair->value_len);

    return json_array_append_new(list, text) == 0 ? list : NULL;
}

static json_t *make_value(const struct field *field)
{
    switch (field->type) {
    case QUESTION_NPS:
    case QUESTION_SCALE:
        return number_or_text(field->pair);
    case QUESTION_YES_NO:
        return boolean_or_text(field->pair);
    case QUESTION_CHOICES:
        return list_of_text(field->pair);
    case QUESTION_CHOICE:
    case QUESTION_TEXT:
        break;
    }
    return json_stringn_nocheck(field->pair->value, field->pair->value_len);
}

/* The object "answers" or "properties", made when first needed. */
static json_t *parent_object(json_t *whole, const char *name)
{
    json_t *object = json_object_get(whole, name);

    if (object)
        return object;
    object = json_object();
    return json_object_set_new_nocheck(whole, name, object) == 0 ? object : NULL;
}

/* Sets object's member, or joins a list that is there to the new one. False: out of memory. */
static bool put_field(json_t *object, struct field *field)
{
    json_t *there = json_object_get(object, field->name), *value = make_value(field);

    if (!there)
        return json_object_set_new_nocheck(object, field->name, value) == 0;
    if (json_is_array(there) && json_is_array(value))
        return json_array_extend(there, value) == 0;
    field->fault = "is repeated";
    return value != NULL;
}

static json_t *build_object(void *context)
{
    struct form *form = context;
    json_t *whole = json_object();

    for (size_t i = 0; i < form->count; i++) {
        struct field *field = &form->fields[i];

        if (field->fault || field->pair->value_len == 0)
            continue;
        if (!put_field(field->parent ? parent_object(whole, field->parent) : whole, field))
            return NULL;
    }
    return whole;
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

static enum question_type type_of(const struct survey *survey, const struct field *field)
{
    const struct survey_question *question = NULL;

    if (!field->parent && strcmp(field->name, "score") == 0)
        return QUESTION_NPS;
    if (field->parent && strcmp(field->parent, "answers") == 0)
        question = survey_question(survey, field->name);
    return question ? question->type : QUESTION_TEXT;
}

static const char *field_fault(const struct field *field)
{
    if (!field->parent &&
        (strcmp(field->name, "answers") == 0 || strcmp(field->name, "properties") == 0))
        return "must be followed by a dot and a name";
    if (!is_utf8(field->pair->value, field->pair->value_len))
        return "must be UTF-8 without NUL";
    return NULL;
}

static struct field read_pair(struct arena *arena, const struct survey *survey,
                              const struct form_pair *pair)
{
    struct field field = {.pair = pair};

    if (!is_utf8(pair->name, pair->name_len)) {
        field.fault = "has a field whose name is not UTF-8";
        return field;
    }
    field.parent = split_name(arena_strndup(arena, pair->name, pair->name_len), &field.name);
    field.type = type_of(survey, &field);
    field.fault = field_fault(&field);
    return field;
}

static void add_fault(const struct field *field, struct problem_errors *errors)
{
    struct arena *arena = errors->arena;
    const char *where = field->parent ? json_pointer(arena, "", field->parent) : "";

    if (field->name)
        where = json_pointer(arena, where, field->name);
    problem_add(errors, field->fault, "%s", where);
}

json_t *response_from_form(const struct survey *survey, const struct form_pair *pairs, size_t count,
                           struct problem_errors *errors)
{
    struct form form = {.count = count};
    bool ok = true;

    form.fields = arena_calloc(errors->arena, count, sizeof(*form.fields));
    for (size_t i = 0; i < count; i++)
        form.fields[i] = read_pair(errors->arena, survey, &pairs[i]);
    json_t *object = json_build_into(errors->arena, build_object, &form);
    for (size_t i = 0; i < count; i++) {
        if (!form.fields[i].fault)
            continue;
        add_fault(&form.fields[i], errors);
        ok = false;
    }
    return ok ? object : NULL;
}
