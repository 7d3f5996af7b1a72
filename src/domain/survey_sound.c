#include "npsd/base/text.h"
#include "npsd/domain/survey.h"

#include <string.h>

static bool is_name(const char *text)
{
    return text_is_name(text, strlen(text));
}

static bool options_are_sound(const struct survey_question *question)
{
    size_t active = 0;
    for (size_t i = 0; i < question->option_count; i++) {
        const struct survey_option *option = &question->options[i];
        if (!is_name(option->id) || option->number < 1)
            return false;
        for (size_t j = 0; j < i; j++)
            if (question->options[j].number == option->number ||
                strcmp(question->options[j].id, option->id) == 0)
                return false;
        active += option->active;
    }
    return active <= SURVEY_OPTIONS_MAX;
}

static bool question_is_sound(const struct survey *survey, size_t at)
{
    const struct survey_question *question = &survey->questions[at];
    for (size_t i = 0; i < at; i++)
        if (survey->questions[i].n == question->n ||
            strcmp(survey->questions[i].id, question->id) == 0)
            return false;
    return is_name(question->id) && question->n > 0 &&
           (question->type != QUESTION_SCALE || question->min < question->max) &&
           (!question->active || (question->type == QUESTION_NPS) == (at == 0)) &&
           options_are_sound(question);
}

static bool questions_are_sound(const struct survey *survey)
{
    size_t active = 0;
    for (size_t i = 0; i < survey->question_count; i++) {
        if (!question_is_sound(survey, i))
            return false;
        if (survey->questions[i].active && active++ < i)
            return false;
    }
    return active > 0 && active <= SURVEY_QUESTIONS_MAX;
}

static bool facets_are_sound(const struct survey *survey)
{
    for (size_t i = 0; i < survey->facet_count; i++) {
        if (!is_name(survey->facets[i].name))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(survey->facets[j].name, survey->facets[i].name) == 0)
                return false;
    }
    return true;
}

bool survey_is_sound(const struct survey *survey)
{
    return text_is_slug(survey->slug, strlen(survey->slug)) && facets_are_sound(survey) &&
           questions_are_sound(survey);
}
