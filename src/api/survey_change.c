#include "npsd/api/survey_change.h"

#include "npsd/json/survey.h"
#include "npsd/state/directory.h"
#include "npsd/store/audit.h"
#include "npsd/store/surveys.h"

#include <string.h>

/* One change on its way through its transaction. */
struct step {
    struct survey_change *change;
    const struct survey *fresh; /* create */
    const char *slug;           /* amend, remove */
    json_t *patch;
    bool untold; /* amend: which questions have answers could not be told in time */
    bool with_responses;
};

/* Each run of a transaction begins anew. */
static void begin(struct survey_change *change)
{
    change->outcome = SURVEY_DONE;
    change->errors.arena = change->arena;
    change->errors.count = 0;
    change->survey = NULL;
}

static enum db_status check_time_zone(struct pg *pg, struct survey_change *change,
                                      const char *time_zone)
{
    bool exists = false;
    enum db_status status = surveys_time_zone_exists(pg, time_zone, &exists);
    if (status == DB_OK && !exists) {
        problem_add(&change->errors, "there is no such time zone", "/time_zone");
        change->outcome = SURVEY_INVALID;
    }
    return status;
}

/* Locks the survey for the rest of the transaction; NULL: there is none, or it cannot be read. */
static enum db_status lock(struct pg *pg, struct survey_change *change, const char *slug,
                           struct survey **ret_survey)
{
    struct survey_record record;
    bool found = false;
    enum db_status status = surveys_lock(pg, change->arena, slug, &found, &record);
    if (status != DB_OK)
        return status;
    if (!found) {
        change->outcome = SURVEY_MISSING;
        return DB_OK;
    }
    struct survey *survey = survey_from_record(change->arena, &record);
    if (!survey)
        return DB_SCHEMA;
    *ret_survey = survey;
    return DB_OK;
}

/* Writes down what was done, and reads back what is stored now: ids and times are the database's.
 */
static enum db_status finish(struct pg *pg, struct survey_change *change, const char *action,
                             int32_t id, const char *slug, const char *detail)
{
    struct survey *stored = NULL;
    enum db_status status = audit_add(pg, change->actor, action, id, slug, detail);
    if (status == DB_OK)
        status = lock(pg, change, slug, &stored);
    change->survey = stored;
    return status;
}

static enum db_status create_body(struct pg *pg, void *context)
{
    struct step *step = context;
    struct survey_change *change = step->change;
    int32_t id = 0;

    begin(change);
    enum db_status status = check_time_zone(pg, change, step->fresh->time_zone);
    if (status != DB_OK || change->outcome != SURVEY_DONE)
        return status;
    status = surveys_insert(pg, survey_to_record(change->arena, step->fresh), &id);
    if (status == DB_OK)
        status = finish(pg, change, "survey.create", id, step->fresh->slug, NULL);
    return status;
}

enum db_status survey_create(struct pg *pg, struct survey_change *change, const json_t *definition)
{
    struct step step = {.change = change};

    begin(change);
    step.fresh = survey_decode(definition, &change->errors);
    if (!step.fresh) {
        change->outcome = SURVEY_INVALID;
        return DB_OK;
    }
    enum db_status status =
        pg_transaction(pg, "survey-create", DB_READ_COMMITTED, create_body, &step);
    if (status != DB_CONFLICT)
        return status;
    change->outcome = SURVEY_TAKEN;
    return DB_OK;
}

/* The names of the members that were sent, which the decoder knows by now: "title, open". */
static const char *member_names(struct arena *arena, json_t *patch)
{
    struct buf names = buf_make(arena, 128);
    const char *name;
    json_t *value;

    json_object_foreach(patch, name, value)
    {
        if (names.len > 0)
            buf_text(&names, ", ");
        buf_text(&names, name);
    }
    return names.data;
}

/* Which questions have answers; NULL if it does not matter. If it cannot be told in time, the
 * transaction is run again, and takes it that all have. */
static enum db_status find_answered(struct pg *pg, struct step *step, const struct survey *old,
                                    const bool **ret_answered)
{
    if (!json_object_get(step->patch, "questions"))
        return DB_OK;
    bool *answered = arena_alloc(step->change->arena, old->question_count * sizeof(*answered));
    enum db_status status = DB_OK;
    if (step->untold)
        memset(answered, true, old->question_count * sizeof(*answered));
    else
        status = surveys_answered(pg, old, answered);
    step->untold |= status == DB_RETRY;
    *ret_answered = answered;
    return status;
}

static enum db_status amend_survey(struct pg *pg, struct step *step, const struct survey *old)
{
    struct survey_change *change = step->change;
    const bool *answered = NULL;
    enum db_status status = find_answered(pg, step, old, &answered);
    if (status != DB_OK)
        return status;
    const struct survey *fresh = survey_patch(old, step->patch, answered, &change->errors);
    if (!fresh)
        change->outcome = SURVEY_INVALID;
    else if (strcmp(fresh->time_zone, old->time_zone) != 0)
        status = check_time_zone(pg, change, fresh->time_zone);
    if (status != DB_OK || change->outcome != SURVEY_DONE)
        return status;
    status = surveys_update(pg, survey_to_record(change->arena, fresh));
    if (status == DB_OK)
        status = finish(pg, change, "survey.change", old->id, old->slug,
                        member_names(change->arena, step->patch));
    return status;
}

static enum db_status amend_body(struct pg *pg, void *context)
{
    struct step *step = context;
    struct survey *old = NULL;

    begin(step->change);
    enum db_status status = lock(pg, step->change, step->slug, &old);
    return old ? amend_survey(pg, step, old) : status;
}

enum db_status survey_amend(struct pg *pg, struct survey_change *change, const char *slug,
                            json_t *patch)
{
    struct step step = {.change = change, .slug = slug, .patch = patch};
    return pg_transaction(pg, "survey-amend", DB_READ_COMMITTED, amend_body, &step);
}

static enum db_status remove_body(struct pg *pg, void *context)
{
    struct step *step = context;
    struct survey_change *change = step->change;
    struct survey_record record;
    bool found = false, used = false;

    begin(change);
    enum db_status status = surveys_lock(pg, change->arena, step->slug, &found, &record);
    if (status == DB_OK && found)
        status = surveys_has_responses(pg, record.id, &used);
    if (status != DB_OK)
        return status;
    if (!found || (used && !step->with_responses)) {
        change->outcome = found ? SURVEY_IN_USE : SURVEY_MISSING;
        return DB_OK;
    }
    return surveys_delete(pg, record.id, change->actor, used ? "with its responses" : NULL);
}

enum db_status survey_remove(struct pg *pg, struct survey_change *change, const char *slug,
                             bool with_responses)
{
    struct step step = {.change = change, .slug = slug, .with_responses = with_responses};
    return pg_transaction(pg, "survey-remove", DB_READ_COMMITTED, remove_body, &step);
}
