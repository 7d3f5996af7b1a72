#include "npsd/base/text.h"
#include "npsd/domain/zone.h"
#include "npsd/json/read.h"
#include "survey_parts.h"

/* The members of a definition: some go to the survey as they are, some need a closer look. */
struct members {
    struct survey survey;
    const char *id, *time_zone, *access, *badge, *suspects;
    json_t *title, *facets, *keep_text_days, *brand, *questions;
};

enum member {
    ID,
    TITLE,
    TIME_ZONE,
    ACCESS,
    OPEN,
    FACETS,
    MIN_RESPONSES,
    EDIT_MINUTES,
    BADGE,
    SUSPECTS,
    KEEP_TEXT_DAYS,
    BRAND,
    QUESTIONS,
    MEMBERS
};

static const struct json_field fields[MEMBERS] = {
    [ID] = JSON_TEXT("id", offsetof(struct members, id), 1, SURVEY_SLUG_MAX, 0),
    [TITLE] = JSON_VALUE("title", offsetof(struct members, title), 0),
    [TIME_ZONE] = JSON_TEXT("time_zone", offsetof(struct members, time_zone), 1, 64, 0),
    [ACCESS] = JSON_TEXT("access", offsetof(struct members, access), 1, 32, 0),
    [OPEN] = JSON_BOOL("open", offsetof(struct members, survey.open), 0),
    [FACETS] = JSON_VALUE("facets", offsetof(struct members, facets), 0),
    [MIN_RESPONSES] =
        JSON_INT("min_responses", offsetof(struct members, survey.min_responses), 1, 1000000, 0),
    [EDIT_MINUTES] =
        JSON_INT("edit_minutes", offsetof(struct members, survey.edit_minutes), 0, 525600, 0),
    [BADGE] = JSON_TEXT("badge", offsetof(struct members, badge), 1, 32, 0),
    [SUSPECTS] = JSON_TEXT("suspects", offsetof(struct members, suspects), 1, 32, 0),
    [KEEP_TEXT_DAYS] = JSON_VALUE("keep_text_days", offsetof(struct members, keep_text_days), 0),
    [BRAND] = JSON_VALUE("brand", offsetof(struct members, brand), 0),
    [QUESTIONS] = JSON_VALUE("questions", offsetof(struct members, questions), 0),
};

/* What a new survey is a change of. */
static const struct survey nothing = {
    .time_zone = "UTC",
    .access = SURVEY_OPEN,
    .open = true,
    .min_responses = 30,
    .edit_minutes = 30,
};

struct decoder {
    const struct survey *old;
    const bool *answered; /* as in survey_patch */
    struct problem_errors *errors;
    struct survey survey; /* so far */
    bool ok;
};

static void fault(struct decoder *d, enum member member, const char *detail)
{
    problem_add(d->errors, detail, "/%s", fields[member].name);
    d->ok = false;
}

static void take_id(struct decoder *d, const char *id)
{
    const char *before = d->old->slug;

    if (before && strcmp(id, before) != 0)
        fault(d, ID, "cannot be changed");
    else if (!text_is_slug(id, strlen(id)))
        fault(d, ID, "must be 1 to 64 of a-z, 0-9 and -");
    d->survey.slug = id;
}

static void take_time_zone(struct decoder *d, const char *name)
{
    if (!zone_region(name))
        fault(d, TIME_ZONE, "must be the name of a time zone such as Europe/Moscow");
    d->survey.time_zone = name;
}

static void take_access(struct decoder *d, const char *name)
{
    if (!survey_access_parse(name, strlen(name), &d->survey.access))
        fault(d, ACCESS, "must be open, link or key");
}

static void take_badge(struct decoder *d, const char *name)
{
    d->survey.badge_public = strcmp(name, "public") == 0;
    if (!d->survey.badge_public && strcmp(name, "private") != 0)
        fault(d, BADGE, "must be private or public");
}

static void take_suspects(struct decoder *d, const char *name)
{
    d->survey.suspects_excluded = strcmp(name, "exclude") == 0;
    if (!d->survey.suspects_excluded && strcmp(name, "count") != 0)
        fault(d, SUSPECTS, "must be count or exclude");
}

static void take_keep_text_days(struct decoder *d, const json_t *value)
{
    json_int_t days = json_integer_value(value);

    if (!json_is_null(value) && (!json_is_integer(value) || days < 1 || days > 36500))
        fault(d, KEEP_TEXT_DAYS, "must be null or an integer from 1 to 36500");
    else
        d->survey.keep_text_days = (int)days;
}

/* --- questions and facets --- */

/* What is to be asked and by what results are to be cut: as given, or as it was. */
struct lists {
    struct survey_question questions[SURVEY_QUESTIONS_MAX];
    size_t question_count;
    bool questions_ok;
    const char *facets[SURVEY_FACETS_MAX];
    size_t facet_count;
    bool facets_ok;
};

static void keep_questions(struct lists *lists, const struct survey_question *questions,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (questions[i].active)
            lists->questions[lists->question_count++] = questions[i];
    }
}

static void keep_facets(struct lists *lists, const struct survey *survey)
{
    for (size_t i = 0; i < survey->facet_count; i++) {
        if (survey->facets[i].active)
            lists->facets[lists->facet_count++] = survey->facets[i].name;
    }
}

static bool asks(const struct lists *lists, const char *id)
{
    for (size_t i = 0; i < lists->question_count; i++) {
        if (lists->questions[i].id && strcmp(lists->questions[i].id, id) == 0)
            return true;
    }
    return false;
}

/* A question of that name needs no facet. */
static void default_facets(struct lists *lists)
{
    static const char *const names[] = {"branch", "product"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!asks(lists, names[i]))
            lists->facets[lists->facet_count++] = names[i];
    }
}

static void collect_lists(struct decoder *d, const struct members *members, struct lists *lists)
{
    bool is_new = !d->old->slug;

    lists->questions_ok = lists->facets_ok = true;
    if (members->questions)
        lists->questions_ok = survey_questions_decode(members->questions, d->errors,
                                                      lists->questions, &lists->question_count);
    else if (is_new)
        keep_questions(lists, survey_model_questions, SURVEY_MODEL_QUESTIONS);
    else
        keep_questions(lists, d->old->questions, d->old->question_count);

    if (members->facets)
        lists->facets_ok =
            survey_facets_decode(members->facets, d->errors, lists->facets, &lists->facet_count);
    else if (is_new)
        default_facets(lists);
    else
        keep_facets(lists, d->old);
    d->ok = d->ok && lists->questions_ok && lists->facets_ok;
}

/* One name must not mean two things where results are asked for. */
static void check_names(struct decoder *d, const struct lists *lists, bool facets_given)
{
    for (size_t i = 0; i < lists->question_count; i++) {
        const char *id = lists->questions[i].id;

        for (size_t j = 0; id && j < lists->facet_count; j++) {
            if (!lists->facets[j] || strcmp(id, lists->facets[j]) != 0)
                continue;
            if (facets_given)
                problem_add(d->errors, "is the id of a question", "/facets/%zu", j);
            else
                problem_add(d->errors, "is the name of a facet", "/questions/%zu/id", i);
            d->ok = false;
        }
    }
}

static void take_lists(struct decoder *d, const struct members *members)
{
    struct lists lists = {0};
    bool is_new = !d->old->slug;

    collect_lists(d, members, &lists);
    check_names(d, &lists, members->facets);
    if (lists.questions_ok && (members->questions || is_new))
        d->ok = survey_merge_questions(&d->survey, lists.questions, lists.question_count,
                                       d->answered, d->errors) &&
                d->ok;
    if (lists.facets_ok && (members->facets || is_new))
        d->ok =
            survey_merge_facets(&d->survey, lists.facets, lists.facet_count, d->errors) && d->ok;
}

/* --- the whole --- */

static void require(struct decoder *d, uint64_t sent, enum member member)
{
    if (!(sent >> member & 1))
        fault(d, member, "is required");
}

static void take_members(struct decoder *d, const struct members *members)
{
    d->survey = members->survey;
    if (members->id)
        take_id(d, members->id);
    if (members->title)
        d->ok = survey_texts_decode(members->title, "/title", d->errors, &d->survey.title) && d->ok;
    if (members->time_zone)
        take_time_zone(d, members->time_zone);
    if (members->access)
        take_access(d, members->access);
    if (members->badge)
        take_badge(d, members->badge);
    if (members->suspects)
        take_suspects(d, members->suspects);
    if (members->keep_text_days)
        take_keep_text_days(d, members->keep_text_days);
    if (members->brand)
        d->ok = survey_brand_decode(members->brand, "/brand", d->errors, &d->survey.brand) && d->ok;
    take_lists(d, members);
}

static struct survey *change(const struct survey *old, const json_t *value, const bool *answered,
                             struct problem_errors *errors)
{
    struct members members = {.survey = *old};
    struct decoder d = {.old = old, .answered = answered, .errors = errors};
    uint64_t sent;

    d.ok = json_decode(value, "", fields, MEMBERS, &members, errors, &sent);
    if (!json_is_object(value))
        return NULL;
    if (!old->slug) {
        require(&d, sent, ID);
        require(&d, sent, TITLE);
    }
    take_members(&d, &members);
    return d.ok ? arena_memdup(errors->arena, &d.survey, sizeof(d.survey)) : NULL;
}

struct survey *survey_decode(const json_t *value, struct problem_errors *errors)
{
    return change(&nothing, value, NULL, errors);
}

struct survey *survey_patch(const struct survey *old, const json_t *value, const bool *answered,
                            struct problem_errors *errors)
{
    return change(old, value, answered, errors);
}
