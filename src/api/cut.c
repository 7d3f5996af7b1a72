#include "npsd/api/cut.h"

#include "npsd/api/world.h"
#include "npsd/domain/channel.h"

#include <string.h>

static bool has_answered(const struct cut *cut)
{
    return cut->question && question_has_answered(cut->question);
}

struct cut cut_by_question(const struct survey_question *question)
{
    return (struct cut){.facet = SURVEY_FACET_QUESTION + question->n, .question = question};
}

bool cut_find(const struct survey *survey, const char *parameter, const char *name,
              struct cut *ret_cut, struct problem_errors *errors)
{
    int facet = name ? survey_facet_tallied(survey, name) : -1;
    const struct survey_question *question = name ? survey_question(survey, name) : NULL;

    if (facet >= 0)
        *ret_cut = (struct cut){.facet = facet};
    else if (question && question_is_counted(question))
        *ret_cut = cut_by_question(question);
    else
        problem_add(errors,
                    !name      ? "is missing: channel, agent, a facet or a question of this survey"
                    : question ? "is a question whose answers are not counted one by one"
                               : "must be channel, agent, a facet or a question of this survey",
                    "%s", parameter);
    return facet >= 0 || (question && question_is_counted(question));
}

/* --- names of values --- */

static const char *option_name(const struct survey_question *question, int32_t number)
{
    const struct survey_option *option = question_option_numbered(question, number);
    return option ? option->id : NULL;
}

static const char *channel_text(int32_t number)
{
    return number >= 0 && number < CHANNEL_COUNT ? channel_name((enum channel)number) : NULL;
}

static enum db_status read_names(const struct call *call, const struct cut *cut,
                                 const struct number_query *query,
                                 const struct number_value *values, size_t count,
                                 const char **names)
{
    int32_t *ids = arena_calloc(call->arena, count, sizeof(*ids));

    for (size_t i = 0; i < count; i++)
        ids[i] = values[i].value;
    enum db_status status =
        values_names(call->db, call->arena, query->survey_id, cut->facet, ids, count, names);
    if (status != DB_OK)
        return status;
    for (size_t f = 0; f < query->filter_count; f++)
        for (size_t i = 0; i < count; i++)
            if (query->filters[f].facet == cut->facet && query->filters[f].text &&
                ids[i] == VALUES_OTHER)
                names[i] = query->filters[f].text;
    return DB_OK;
}

/* NULL stays where a value has no name, or needs none. */
static enum db_status find_names(const struct call *call, const struct cut *cut,
                                 const struct number_query *query,
                                 const struct number_value *values, size_t count,
                                 const char **names)
{
    if (!cut->question && cut->facet != SURVEY_FACET_CHANNEL)
        return read_names(call, cut, query, values, count, names);
    for (size_t i = 0; i < count; i++)
        names[i] = cut->question ? option_name(cut->question, values[i].value)
                                 : channel_text(values[i].value);
    return DB_OK;
}

static bool is_named(const struct cut *cut)
{
    return !cut->question || cut->question->type == QUESTION_CHOICE ||
           cut->question->type == QUESTION_CHOICES || cut->question->type == QUESTION_TEXT;
}

/* --- counting --- */

static void take_value(const struct cut *cut, const struct number_value *value, const char *name,
                       struct cut_counts *counts)
{
    if (has_answered(cut) && value->value == SURVEY_VALUE_ANSWERED)
        counts->answered = value->counts;
    else if (name || !is_named(cut))
        counts->values[counts->count++] = (struct cut_value){value->value, name, value->counts};
}

enum db_status cut_count(const struct call *call, const struct cut *cut,
                         const struct number_query *query, struct cut_counts *ret_counts)
{
    struct nps_counts *total;
    struct number_value *values;
    size_t count;
    enum db_status status =
        numbers_break(call->db, call->arena, query, cut->facet, &total, &values, &count);
    if (status != DB_OK)
        return status;

    const char **names = arena_calloc(call->arena, count, sizeof(*names));
    status = find_names(call, cut, query, values, count, names);
    if (status != DB_OK)
        return status;
    struct cut_counts counts = {.total = total,
                                .values = arena_calloc(call->arena, count, sizeof(*counts.values))};
    if (has_answered(cut))
        counts.answered = arena_calloc(call->arena, query->window_count, sizeof(*counts.answered));
    for (size_t i = 0; i < count; i++)
        take_value(cut, &values[i], names[i], &counts);
    *ret_counts = counts;
    return DB_OK;
}

/* --- values --- */

void cut_write_value(struct json_writer *w, const char *name, const struct cut *cut,
                     const struct cut_value *value)
{
    if (is_named(cut))
        json_put_text(w, name, value->text);
    else if (cut->question->type == QUESTION_YES_NO)
        json_put_bool(w, name, value->number != 0);
    else
        json_put_int(w, name, value->number);
}

int cut_compare_values(const struct cut_value *a, const struct cut_value *b)
{
    if (a->text && b->text)
        return strcmp(a->text, b->text);
    return (a->number > b->number) - (a->number < b->number);
}
