#include "jansson_help.h"
#include "npsd/json/read.h"
#include "survey_parts.h"

/* --- to the database --- */

static void write_option(struct json_writer *w, const struct survey_option *option)
{
    json_object_begin(w, NULL);
    json_put_text(w, "id", option->id);
    json_put_int(w, "number", option->number);
    json_put_bool(w, "active", option->active);
    survey_texts_write(w, "text", &option->text);
    json_object_end(w);
}

void survey_question_write_stored(struct json_writer *w, const struct survey_question *question)
{
    json_object_begin(w, NULL);
    json_put_text(w, "type", question_type_name(question->type));
    survey_texts_write(w, "text", &question->text);
    survey_text_by_group_write(w, question);
    json_put_int(w, "min", question->min);
    json_put_int(w, "max", question->max);
    json_put_int(w, "ask", question->ask);
    json_array_begin(w, "options");
    for (size_t i = 0; i < question->option_count; i++)
        write_option(w, &question->options[i]);
    json_array_end(w);
    json_object_end(w);
}

/* --- and back --- */

bool survey_texts_read_stored(struct arena *arena, const json_t *value,
                              struct survey_texts *ret_texts)
{
    size_t size = json_object_size(value), count = 0;

    if (!json_is_object(value))
        return false;
    struct survey_text *items = arena_calloc(arena, size + 1, sizeof(*items));
    for (void *member = json_first_member(value); member;
         member = json_next_member(value, member)) {
        const json_t *text = json_object_iter_value(member);

        if (!json_is_string(text))
            return false;
        items[count].language = arena_strdup(arena, json_object_iter_key(member));
        items[count++].text =
            arena_strndup(arena, json_string_value(text), json_string_length(text));
    }
    *ret_texts = (struct survey_texts){.items = items, .count = count};
    return true;
}

struct option_parts {
    struct survey_option option;
    json_t *text;
};

static const struct json_field option_fields[] = {
    JSON_TEXT("id", offsetof(struct option_parts, option.id), 1, SURVEY_NAME_MAX, JSON_REQUIRED),
    JSON_INT("number", offsetof(struct option_parts, option.number), 1, INT32_MAX, JSON_REQUIRED),
    JSON_BOOL("active", offsetof(struct option_parts, option.active), JSON_REQUIRED),
    JSON_VALUE("text", offsetof(struct option_parts, text), JSON_REQUIRED),
};

static bool read_option(struct problem_errors *errors, const json_t *value,
                        struct survey_option *ret_option)
{
    struct option_parts parts = {0};

    if (!json_decode(value, "", option_fields, 4, &parts, errors, NULL) ||
        !survey_texts_read_stored(errors->arena, parts.text, &parts.option.text))
        return false;
    *ret_option = parts.option;
    return true;
}

struct parts {
    const char *type;
    int min, max, ask;
    json_t *text, *text_by_group, *options;
};

static const struct json_field fields[] = {
    JSON_TEXT("type", offsetof(struct parts, type), 1, SURVEY_NAME_MAX, JSON_REQUIRED),
    JSON_VALUE("text", offsetof(struct parts, text), JSON_REQUIRED),
    JSON_VALUE("text_by_group", offsetof(struct parts, text_by_group), 0),
    JSON_INT("min", offsetof(struct parts, min), 0, 10, JSON_REQUIRED),
    JSON_INT("max", offsetof(struct parts, max), 0, 10, JSON_REQUIRED),
    JSON_INT("ask", offsetof(struct parts, ask), 0, SURVEY_ASK_ALL, JSON_REQUIRED),
    JSON_VALUE("options", offsetof(struct parts, options), JSON_REQUIRED),
};

static bool read_options(struct problem_errors *errors, const json_t *value,
                         struct survey_question *question)
{
    size_t count = json_array_size(value);
    struct survey_option *options = arena_calloc(errors->arena, count + 1, sizeof(*options));

    if (!json_is_array(value))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_option(errors, json_array_get(value, i), &options[i]))
            return false;
    }
    question->options = options;
    question->option_count = count;
    return true;
}

static bool read_text_by_group(struct arena *arena, const json_t *value,
                               struct survey_question *question)
{
    for (enum nps_group group = 0; group < NPS_GROUPS; group++) {
        const json_t *texts = json_object_get(value, nps_group_name(group));

        if (texts && !survey_texts_read_stored(arena, texts, &question->text_by_group[group]))
            return false;
    }
    return true;
}

bool survey_question_read_stored(struct arena *arena, const json_t *value,
                                 struct survey_question *ret_question)
{
    struct problem_errors errors = {.arena = arena}; /* told by nobody: it is our own writing */
    struct survey_question question = *ret_question;
    struct parts parts = {0};

    if (!json_decode(value, "", fields, sizeof(fields) / sizeof(fields[0]), &parts, &errors, NULL))
        return false;
    question.min = parts.min;
    question.max = parts.max;
    question.ask = (unsigned)parts.ask;
    if (!question_type_parse(parts.type, strlen(parts.type), &question.type) ||
        !survey_texts_read_stored(arena, parts.text, &question.text) ||
        !read_text_by_group(arena, parts.text_by_group, &question) ||
        !read_options(&errors, parts.options, &question))
        return false;
    *ret_question = question;
    return true;
}
