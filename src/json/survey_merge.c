#include "npsd/base/text.h"
#include "survey_parts.h"
#include <string.h>

/* --- questions --- */

static const struct survey_question *find_question(const struct survey_question *questions,
                                                   size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(questions[i].id, id) == 0)
            return &questions[i];
    }
    return NULL;
}

static const struct survey_option *find_option(const struct survey_question *question,
                                               const char *id)
{
    for (size_t i = 0; i < question->option_count; i++) {
        if (strcmp(question->options[i].id, id) == 0)
            return &question->options[i];
    }
    return NULL;
}

/* The options given, numbered, then those of before that are not among them, retired. */
static void merge_options(struct arena *arena, const struct survey_question *before,
                          struct survey_question *question)
{
    size_t count = 0, given = question->option_count;
    struct survey_option *options =
        arena_calloc(arena, given + before->option_count + 1, sizeof(*options));
    int last = 0;

    for (size_t i = 0; i < before->option_count; i++) {
        if (before->options[i].number > last)
            last = before->options[i].number;
    }
    for (size_t i = 0; i < given; i++) {
        const struct survey_option *there = find_option(before, question->options[i].id);

        options[count] = question->options[i];
        options[count++].number = there ? there->number : ++last;
    }
    for (size_t i = 0; i < before->option_count; i++) {
        if (find_option(question, before->options[i].id))
            continue;
        options[count] = before->options[i];
        options[count++].active = false;
    }
    question->options = options;
    question->option_count = count;
}

static bool drops_option(const struct survey_question *before,
                         const struct survey_question *question)
{
    for (size_t i = 0; i < before->option_count; i++) {
        if (before->options[i].active && !find_option(question, before->options[i].id))
            return true;
    }
    return false;
}

/* What must not change about a question whose answers are stored, by the member it concerns. */
static bool check_kept(const struct survey_question *before, const struct survey_question *question,
                       size_t index, struct problem_errors *errors)
{
    const bool same_type = question->type == before->type;
    const struct {
        const char *member;
        bool changed;
    } checks[] = {
        {"type", !same_type},
        {"min", same_type && question->min != before->min},
        {"max", same_type && question->max != before->max},
        {"options", same_type && drops_option(before, question)},
    };
    bool ok = true;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (!checks[i].changed)
            continue;
        problem_add(errors, "must keep what it had, since the question has answers",
                    "/questions/%zu/%s", index, checks[i].member);
        ok = false;
    }
    return ok;
}

static int last_number(const struct survey *survey)
{
    int last = 0;

    for (size_t i = 0; i < survey->question_count; i++) {
        if (survey->questions[i].n > last)
            last = survey->questions[i].n;
    }
    return last;
}

bool survey_merge_questions(struct survey *survey, const struct survey_question *questions,
                            size_t count, const bool *answered, struct problem_errors *errors)
{
    static const struct survey_question none;
    size_t merged_count = 0, before_count = survey->question_count;
    struct survey_question *merged =
        arena_calloc(errors->arena, count + before_count, sizeof(*merged));
    int last = last_number(survey);
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        const struct survey_question *before =
            find_question(survey->questions, before_count, questions[i].id);
        struct survey_question *question = &merged[merged_count++];

        *question = questions[i];
        question->n = before ? before->n : ++last;
        if (before && answered && answered[before - survey->questions])
            ok = check_kept(before, question, i, errors) && ok;
        merge_options(errors->arena, before ? before : &none, question);
    }
    for (size_t i = 0; i < before_count; i++) {
        if (find_question(questions, count, survey->questions[i].id))
            continue;
        merged[merged_count] = survey->questions[i];
        merged[merged_count++].active = false;
    }
    survey->questions = merged;
    survey->question_count = merged_count;
    return ok;
}

/* --- facets --- */

static const char *facet_fault(const json_t *value, const char *const *names, size_t count)
{
    const char *name = json_string_value(value);

    if (!name || !text_is_name(name, json_string_length(value)))
        return SURVEY_NAME_FAULT;
    if (strcmp(name, "channel") == 0 || strcmp(name, "agent") == 0)
        return "is a facet of every survey already";
    for (size_t i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], name) == 0)
            return "is repeated";
    }
    return NULL;
}

bool survey_facets_decode(const json_t *value, struct problem_errors *errors,
                          const char *names[static SURVEY_FACETS_MAX], size_t *ret_count)
{
    size_t count = json_array_size(value);
    bool ok = true;

    *ret_count = 0;
    if (!json_is_array(value) || count > SURVEY_FACETS_MAX) {
        problem_add(errors, "must be a list of at most 8 names", "/facets");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(value, i);
        const char *fault = facet_fault(item, names, i);

        if (fault) {
            problem_add(errors, fault, "/facets/%zu", i);
            ok = false;
        }
        names[i] = fault ? NULL : arena_strdup(errors->arena, json_string_value(item));
    }
    *ret_count = count;
    return ok;
}

/* The slot this name has, active or not; the next one if it has none. */
static size_t facet_slot(const struct survey *survey, const char *name)
{
    size_t slot = 0;

    while (slot < survey->facet_count && strcmp(survey->facets[slot].name, name) != 0)
        slot++;
    return slot;
}

bool survey_merge_facets(struct survey *survey, const char *const *names, size_t count,
                         struct problem_errors *errors)
{
    bool ok = true;

    for (size_t slot = 0; slot < survey->facet_count; slot++)
        survey->facets[slot].active = false;
    for (size_t i = 0; i < count; i++) {
        size_t slot = facet_slot(survey, names[i]);

        if (slot == SURVEY_FACETS_MAX) {
            problem_add(errors,
                        "has no place left: a survey has at most 8 facets in its life, and those "
                        "taken off keep their places",
                        "/facets/%zu", i);
            ok = false;
            continue;
        }
        if (slot == survey->facet_count)
            survey->facets[survey->facet_count++].name = names[i];
        survey->facets[slot].active = true;
    }
    return ok;
}
