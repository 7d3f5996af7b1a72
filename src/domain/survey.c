#include "npsd/domain/survey.h"
#include "npsd/base/text.h"
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const access_names[] = {
    [SURVEY_OPEN] = "open",
    [SURVEY_LINK] = "link",
    [SURVEY_KEY] = "key",
};

static const char *const type_names[] = {
    [QUESTION_NPS] = "nps",       [QUESTION_SCALE] = "scale",     [QUESTION_YES_NO] = "yes_no",
    [QUESTION_CHOICE] = "choice", [QUESTION_CHOICES] = "choices", [QUESTION_TEXT] = "text",
};

const char *survey_access_name(enum survey_access access)
{
    return access_names[access];
}

bool survey_access_parse(const char *name, size_t len, enum survey_access *ret_access)
{
    int index = text_index(access_names, COUNT_OF(access_names), name, len);
    if (index < 0)
        return false;
    *ret_access = (enum survey_access)index;
    return true;
}

const char *question_type_name(enum question_type type)
{
    return type_names[type];
}

bool question_type_parse(const char *name, size_t len, enum question_type *ret_type)
{
    int index = text_index(type_names, COUNT_OF(type_names), name, len);
    if (index < 0)
        return false;
    *ret_type = (enum question_type)index;
    return true;
}

const struct survey_question *survey_question(const struct survey *survey, const char *id)
{
    for (size_t i = 0; i < survey->question_count; i++) {
        const struct survey_question *question = &survey->questions[i];
        if (question->active && strcmp(question->id, id) == 0)
            return question;
    }
    return NULL;
}

const struct survey_option *question_option(const struct survey_question *question, const char *id)
{
    for (size_t i = 0; i < question->option_count; i++) {
        const struct survey_option *option = &question->options[i];
        if (option->active && strcmp(option->id, id) == 0)
            return option;
    }
    return NULL;
}

const struct survey_option *question_option_numbered(const struct survey_question *question,
                                                     int number)
{
    for (size_t i = 0; i < question->option_count; i++)
        if (question->options[i].number == number)
            return &question->options[i];
    return NULL;
}

int survey_facet_slot(const struct survey *survey, const char *name)
{
    for (size_t i = 0; i < survey->facet_count; i++)
        if (survey->facets[i].active && strcmp(survey->facets[i].name, name) == 0)
            return (int)i;
    return -1;
}

int survey_facet_tallied(const struct survey *survey, const char *name)
{
    if (strcmp(name, "channel") == 0)
        return SURVEY_FACET_CHANNEL;
    if (strcmp(name, "agent") == 0)
        return SURVEY_FACET_AGENT;
    int slot = survey_facet_slot(survey, name);
    return slot < 0 ? -1 : SURVEY_FACET_FIRST + slot;
}

bool question_is_counted(const struct survey_question *question)
{
    switch (question->type) {
    case QUESTION_SCALE:
    case QUESTION_YES_NO:
    case QUESTION_CHOICE:
    case QUESTION_CHOICES:
        return true;
    case QUESTION_NPS:
    case QUESTION_TEXT:
        return false;
    }
    return false;
}

bool question_has_answered(const struct survey_question *question)
{
    return question->type == QUESTION_CHOICES || question->type == QUESTION_TEXT;
}
