#include "npsd/api/surveys.h"

#include "npsd/api/cursor.h"
#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/survey_change.h"
#include "npsd/api/world.h"
#include "npsd/base/log.h"
#include "npsd/json/read.h"
#include "npsd/json/survey.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

/* Those who may see results see the whole definition. */
static void write_survey(struct json_writer *w, const struct call *call,
                         const struct survey *survey)
{
    if (role_may(call_identity(call)->role, ACCESS_NUMBERS))
        survey_write(w, NULL, survey);
    else
        survey_write_public(w, NULL, survey);
}

/* --- reading --- */

static struct reply refuse_query(const struct call *call, const struct problem_errors *errors)
{
    return reply_problem_errors(call, PROBLEM_INVALID, NULL, errors, true);
}

/* Status 0: no parameter was sent. */
static struct reply refuse_any_query(const struct call *call)
{
    static const char *const none[] = {NULL};
    struct problem_errors errors = {.arena = call->arena};

    call_query_known(call, none, NULL, &errors);
    return errors.count > 0 ? refuse_query(call, &errors) : (struct reply){0};
}

/* The last survey of a page. Newer ones come before it, so a page does not move when they do. */
struct place {
    int64_t created_us, id;
};
_Static_assert(sizeof(struct place) == 16, "no padding");

static const char LIST_LABEL[] = "surveys";

static int order_newest_first(const void *a, const void *b)
{
    const struct survey *const *first = a, *const *second = b;

    if ((*first)->created_us != (*second)->created_us)
        return (*first)->created_us > (*second)->created_us ? -1 : 1;
    return (*first)->id > (*second)->id ? -1 : (*first)->id < (*second)->id;
}

static bool is_behind(const struct survey *survey, const struct place *place)
{
    if (survey->created_us != place->created_us)
        return survey->created_us < place->created_us;
    return survey->id < place->id;
}

/* The surveys of the key behind a place, newest first. */
static const struct survey **find_items(const struct call *call, const struct place *place,
                                        size_t *ret_count)
{
    const struct identity *who = call_identity(call);
    size_t all = who->snapshot->survey_count, count = 0;
    const struct survey **items = arena_alloc(call->arena, (all + 1) * sizeof(*items));

    for (size_t i = 0; i < all; i++) {
        const struct survey *survey = who->snapshot->surveys[i];

        if (directory_key_covers(who->key, survey->id) && is_behind(survey, place))
            items[count++] = survey;
    }
    qsort(items, count, sizeof(*items), order_newest_first);
    *ret_count = count;
    return items;
}

static struct reply write_page(const struct call *call, const struct survey *const *items,
                               size_t count, size_t limit)
{
    struct json_writer w = json_writer(call->arena);
    const char *cursor = NULL;

    json_object_begin(&w, NULL);
    json_array_begin(&w, "items");
    for (size_t i = 0; i < count && i < limit; i++)
        write_survey(&w, call, items[i]);
    json_array_end(&w);
    if (count > limit) {
        const struct place last = {items[limit - 1]->created_us, items[limit - 1]->id};
        cursor = cursor_make(call, LIST_LABEL, &last, sizeof(last));
    }
    json_put_text(&w, "next_cursor", cursor);
    json_object_end(&w);
    struct reply reply = etag_reply(call, "application/json", w.buf.data, w.buf.len);
    cursor_link(call, &reply, cursor);
    return reply;
}

struct reply surveys_list(struct call *call)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    struct problem_errors errors = {.arena = call->arena};
    struct place place = {INT64_MAX, INT64_MAX};
    int64_t limit = LIMIT_DEFAULT;
    size_t count;

    call_query_known(call, known, NULL, &errors);
    call_query_int(call, "limit", 1, LIMIT_MAX, &limit, &errors);
    cursor_take(call, LIST_LABEL, &place, sizeof(place), &errors);
    if (errors.count > 0)
        return refuse_query(call, &errors);
    const struct survey **items = find_items(call, &place, &count);
    return write_page(call, items, count, (size_t)limit);
}

struct reply survey_get(struct call *call)
{
    struct json_writer w = json_writer(call->arena);
    struct reply refusal = refuse_any_query(call);

    if (refusal.status)
        return refusal;
    write_survey(&w, call, call_identity(call)->survey);
    return etag_reply(call, "application/json", w.buf.data, w.buf.len);
}

/* --- changing --- */

/* Status 0: *ret_value is the body. */
static struct reply read_body(const struct call *call, json_t **ret_value)
{
    struct reply refusal = refuse_any_query(call);
    const char *detail = NULL;

    if (refusal.status)
        return refusal;
    json_t *value = json_read(call->arena, call->body, call->body_len, &detail);
    if (!value)
        return reply_problem(call, PROBLEM_BAD_JSON, detail);
    *ret_value = value;
    return refusal;
}

static struct survey_change change_begin(const struct call *call)
{
    return (struct survey_change){.arena = call->arena, .actor = call_identity(call)->actor};
}

/* This daemon is to know of the change at once; if it cannot ask now, it will within a second. */
static void tell_directory(const struct call *call)
{
    enum db_status status = directory_refresh(call_world(call)->directory, call->db);
    if (status != DB_OK)
        log_warning(call->request_id, "directory-not-read",
                    LOG_TEXT("status", db_status_name(status)));
}

static struct reply refuse_change(const struct call *call, const struct survey_change *change)
{
    switch (change->outcome) {
    case SURVEY_INVALID:
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &change->errors, false);
    case SURVEY_TAKEN:
        return reply_problem(call, PROBLEM_CONFLICT, "There is a survey with this id.");
    case SURVEY_IN_USE:
        return reply_problem(call, PROBLEM_SURVEY_IN_USE,
                             "with_responses=true deletes it with its responses, for good.");
    default:
        return reply_problem(call, PROBLEM_NOT_FOUND, "There is no such survey.");
    }
}

static struct reply changed(const struct call *call, int status, const struct survey_change *change)
{
    struct json_writer w = json_writer(call->arena);

    survey_write(&w, NULL, change->survey);
    struct reply reply = reply_json(status, &w);
    reply_header(&reply, "ETag", etag_of(call->arena, w.buf.data, w.buf.len));
    return reply;
}

struct reply surveys_create(struct call *call)
{
    const struct identity *who = call_identity(call);
    struct survey_change change = change_begin(call);
    json_t *value = NULL;

    if (who->key && !who->key->all_surveys)
        return reply_problem(call, PROBLEM_FORBIDDEN,
                             "This key is for certain surveys: it cannot add one.");
    struct reply refusal = read_body(call, &value);
    if (refusal.status)
        return refusal;
    enum db_status status = survey_create(call->db, &change, value);
    if (status != DB_OK)
        return database_refusal(call, status, "survey-not-created");
    if (change.outcome != SURVEY_DONE)
        return refuse_change(call, &change);
    tell_directory(call);
    struct reply reply = changed(call, 201, &change);
    reply_header(&reply, "Location",
                 arena_printf(call->arena, "/v1/surveys/%s", change.survey->slug));
    return reply;
}

struct reply survey_patch_handle(struct call *call)
{
    struct survey_change change = change_begin(call);
    json_t *value = NULL;

    struct reply refusal = read_body(call, &value);
    if (refusal.status)
        return refusal;
    enum db_status status =
        survey_amend(call->db, &change, call_identity(call)->survey->slug, value);
    if (status != DB_OK)
        return database_refusal(call, status, "survey-not-changed");
    if (change.outcome != SURVEY_DONE)
        return refuse_change(call, &change);
    tell_directory(call);
    return changed(call, 200, &change);
}

static bool query_flag(const struct call *call, const char *name, struct problem_errors *errors)
{
    const char *value = call_query(call, name);
    bool yes = value && strcmp(value, "true") == 0;

    if (value && !yes && strcmp(value, "false") != 0)
        problem_add(errors, "must be true or false", "%s", name);
    return yes;
}

struct reply survey_delete(struct call *call)
{
    static const char *const known[] = {"with_responses", NULL};
    struct survey_change change = change_begin(call);
    struct problem_errors errors = {.arena = call->arena};

    call_query_known(call, known, NULL, &errors);
    bool with_responses = query_flag(call, "with_responses", &errors);
    if (errors.count > 0)
        return refuse_query(call, &errors);
    enum db_status status =
        survey_remove(call->db, &change, call_identity(call)->survey->slug, with_responses);
    if (status != DB_OK)
        return database_refusal(call, status, "survey-not-deleted");
    if (change.outcome != SURVEY_DONE)
        return refuse_change(call, &change);
    tell_directory(call);
    return reply_empty(204);
}
