#include "jansson_help.h"
#include "npsd/json/read.h"
#include "response_parts.h"

/* --- to the database --- */

static void write_options(struct json_writer *w, const struct response_answer *answer)
{
    json_array_begin(w, answer->question->id);
    for (size_t i = 0; i < answer->option_count; i++)
        json_put_text(w, NULL, answer->options[i]->id);
    json_array_end(w);
}

static void write_answer(struct json_writer *w, const struct response_answer *answer)
{
    const char *id = answer->question->id;

    switch (answer->question->type) {
    case QUESTION_NPS: /* the score has a column of its own */
        break;
    case QUESTION_SCALE:
        json_put_int(w, id, answer->number);
        break;
    case QUESTION_YES_NO:
        json_put_bool(w, id, answer->number != 0);
        break;
    case QUESTION_CHOICE:
    case QUESTION_TEXT:
        json_put_text(w, id, answer->text);
        break;
    case QUESTION_CHOICES:
        write_options(w, answer);
        break;
    }
}

static const char *finish(struct json_writer *w, size_t *ret_len)
{
    json_object_end(w);
    *ret_len = w->buf.len;
    return w->buf.data;
}

const char *response_answers_json(struct arena *arena, const struct response *response,
                                  size_t *ret_len)
{
    *ret_len = 0;
    if (response->answer_count == 0)
        return NULL;
    struct json_writer w = json_writer(arena);
    json_object_begin(&w, NULL);
    for (size_t i = 0; i < response->answer_count; i++)
        write_answer(&w, &response->answers[i]);
    return finish(&w, ret_len);
}

const char *response_properties_json(struct arena *arena, const struct response *response,
                                     size_t *ret_len)
{
    *ret_len = 0;
    if (response->property_count == 0)
        return NULL;
    struct json_writer w = json_writer(arena);
    json_object_begin(&w, NULL);
    for (size_t i = 0; i < response->property_count; i++)
        json_put_text(&w, response->properties[i].name, response->properties[i].value);
    return finish(&w, ret_len);
}

/* --- and back --- */

/* Retired ones too. */
static const struct survey_question *question_ever(const struct survey *survey, const char *id)
{
    for (size_t i = 0; i < survey->question_count; i++) {
        if (strcmp(survey->questions[i].id, id) == 0)
            return &survey->questions[i];
    }
    return NULL;
}

static const struct survey_option *option_ever(const struct survey_question *question,
                                               const json_t *id)
{
    for (size_t i = 0; json_is_string(id) && i < question->option_count; i++) {
        if (strcmp(question->options[i].id, json_string_value(id)) == 0)
            return &question->options[i];
    }
    return NULL;
}

static bool read_choice(const json_t *value, struct response_answer *answer)
{
    const struct survey_option *option = option_ever(answer->question, value);

    if (!option)
        return false;
    answer->number = option->number;
    answer->text = option->id;
    return true;
}

static bool read_choices(struct arena *arena, const json_t *value, struct response_answer *answer)
{
    size_t size = json_array_size(value), count = 0;
    const struct survey_option **options = arena_calloc(arena, size + 1, sizeof(*options));

    for (size_t i = 0; i < size; i++) {
        const struct survey_option *option =
            option_ever(answer->question, json_array_get(value, i));

        if (option && response_add_option(options, count, option))
            count++;
    }
    answer->options = options;
    answer->option_count = count;
    return count > 0;
}

static bool read_answer(struct arena *arena, const json_t *value, struct response_answer *answer)
{
    switch (answer->question->type) {
    case QUESTION_NPS:
        return false;
    case QUESTION_SCALE:
        answer->number = json_integer_value(value);
        return json_is_integer(value);
    case QUESTION_YES_NO:
        answer->number = json_is_true(value);
        return json_is_boolean(value);
    case QUESTION_CHOICE:
        return read_choice(value, answer);
    case QUESTION_CHOICES:
        return read_choices(arena, value, answer);
    case QUESTION_TEXT:
        answer->text = json_string_value(value);
        return answer->text != NULL;
    }
    return false;
}

static void read_answers(struct arena *arena, const json_t *object, struct response *response)
{
    response->answer_count = 0;
    for (void *member = json_first_member(object); member;
         member = json_next_member(object, member)) {
        struct response_answer answer = {
            .question = question_ever(response->survey, json_object_iter_key(member))};

        if (answer.question && read_answer(arena, json_object_iter_value(member), &answer))
            response_put_answer(response, &answer);
    }
}

static void read_properties(const json_t *object, struct response *response)
{
    response->property_count = 0;
    for (void *member = json_first_member(object);
         member && response->property_count < RESPONSE_PROPERTIES_MAX;
         member = json_next_member(object, member)) {
        const char *value = json_string_value(json_object_iter_value(member));

        if (value)
            response_add_property(response, json_object_iter_key(member), value);
    }
}

/* False if there is something that is no object; *ret_object is NULL if there is nothing. */
static bool read_object(struct arena *arena, const char *bytes, size_t len, json_t **ret_object)
{
    const char *detail;

    *ret_object = len > 0 ? json_read(arena, bytes, len, &detail) : NULL;
    return len == 0 || json_is_object(*ret_object);
}

bool response_read_stored(struct arena *arena, const struct survey *survey, const char *answers,
                          size_t answers_len, const char *properties, size_t properties_len,
                          struct response *response)
{
    json_t *answers_object, *properties_object;

    if (!read_object(arena, answers, answers_len, &answers_object) ||
        !read_object(arena, properties, properties_len, &properties_object))
        return false;
    response->survey = survey;
    read_answers(arena, answers_object, response);
    read_properties(properties_object, response);
    return true;
}
