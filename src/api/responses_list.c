#include "npsd/api/cursor.h"
#include "npsd/api/database.h"
#include "npsd/api/response_query.h"
#include "npsd/api/responses.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"

#include <string.h>

/* The last answer of a page. */
struct place {
    int64_t answered_us;
    struct uuid id;
};
_Static_assert(sizeof(struct place) == 24, "no padding");

static const char *list_label(const struct call *call)
{
    return arena_printf(call->arena, "responses %s", call_identity(call)->survey->slug);
}

static const char *write_cursor(const struct call *call, const struct answer_row *row)
{
    const struct place place = {row->answered_us, row->id};
    return cursor_make(call, list_label(call), &place, sizeof place);
}

static void read_cursor(const struct call *call, struct response_filter *filter,
                        struct problem_errors *errors)
{
    struct place place;
    filter->after_set = cursor_take(call, list_label(call), &place, sizeof place, errors);
    if (filter->after_set) {
        filter->after_us = place.answered_us;
        filter->after_id = place.id;
    }
}

static void read_channel(const struct call *call, struct response_filter *filter,
                         struct problem_errors *errors)
{
    const char *name = call_query(call, "channel");
    enum channel channel;
    if (!name)
        return;
    if (call_query(call, WINDOW_QUERY_PREFIX "channel"))
        problem_add(errors, "does not go with where.channel", "channel");
    else if (channel_parse(name, strlen(name), &channel))
        filter->channel = (int)channel;
    else
        problem_add(errors, "is no channel", "channel");
}

static void read_bool(const struct call *call, const char *name, int *ret_value,
                      struct problem_errors *errors)
{
    const char *value = call_query(call, name);
    if (!value)
        return;
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        *ret_value = value[0] == 't';
    else
        problem_add(errors, "must be true or false", "%s", name);
}

static void read_has_text(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors)
{
    const struct survey *survey = call_identity(call)->survey;
    const char **ids = arena_alloc(call->arena, (survey->question_count + 1) * sizeof *ids);
    filter->text_questions = ids;
    for (size_t i = 0; i < survey->question_count; i++)
        if (survey->questions[i].type == QUESTION_TEXT)
            ids[filter->text_question_count++] = survey->questions[i].id;
    read_bool(call, "has_text", &filter->has_text, errors);
}

static void read_since(const struct call *call, struct response_filter *filter,
                       struct problem_errors *errors)
{
    const char *value = call_query(call, "updated_since");
    if (value && !clock_parse(value, strlen(value), &filter->updated_since_us))
        problem_add(errors, "must be an RFC 3339 time such as 2026-11-20T14:03:00Z",
                    "updated_since");
}

/* Without a window of its own a list is over all time, not over the 30 days that numbers default
 * to. */
static void read_window(const struct call *call, struct window_query *query,
                        struct problem_errors *errors)
{
    static const char *const forms[] = {"last", "period", "from", "to"};
    window_query_read(call, call_identity(call)->survey, query, errors);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (call_query(call, forms[i]))
            return;
    query->request.form = WINDOW_PERIOD;
    query->request.period = "all";
}

static void read_query(const struct call *call, struct response_filter *filter,
                       struct window_query *query, struct problem_errors *errors)
{
    static const char *const known[] = {
        WINDOW_QUERY_NAMES, "limit",   "cursor",        "group", "channel",
        "has_text",         "suspect", "updated_since", NULL};
    call_query_known(call, known, WINDOW_QUERY_PREFIX, errors);
    response_query_limit(call, filter, errors);
    response_query_group(call, filter, errors);
    read_channel(call, filter, errors);
    read_has_text(call, filter, errors);
    read_bool(call, "suspect", &filter->suspect, errors);
    read_since(call, filter, errors);
    read_cursor(call, filter, errors);
    read_window(call, query, errors);
}

static struct reply write_page(const struct call *call, const struct stored_response *responses,
                               size_t count, size_t limit)
{
    struct json_writer w = json_writer(call->arena);
    const char *cursor = NULL;
    json_object_begin(&w, NULL);
    json_array_begin(&w, "items");
    for (size_t i = 0; i < count && i < limit; i++)
        response_write(&w, NULL, call_identity(call)->survey->slug, &responses[i]);
    json_array_end(&w);
    if (count > limit)
        cursor = write_cursor(call, &responses[limit - 1].row);
    json_put_text(&w, "next_cursor", cursor);
    json_object_end(&w);
    struct reply reply = reply_json(200, &w);
    reply_header(&reply, "Cache-Control", "private, no-cache");
    cursor_link(call, &reply, cursor);
    return reply;
}

struct reply responses_list_handle(struct call *call)
{
    const struct survey *survey = call_identity(call)->survey;
    struct problem_errors errors = {.arena = call->arena};
    struct response_filter filter = response_query_any(survey);
    struct window_query query;
    struct window_choice choice;
    struct stored_response *responses;
    size_t count;
    read_query(call, &filter, &query, &errors);
    enum db_status status = DB_OK;
    if (errors.count == 0)
        status = window_query_resolve(call->db, call_world(call)->values, survey->id, &query,
                                      &choice, &errors);
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    if (status == DB_OK) {
        response_query_choose(call->arena, &choice, &filter);
        status = responses_list(call->db, call->arena, &filter, &responses, &count);
    }
    if (status != DB_OK)
        return database_refusal(call, status, "responses-list");
    return write_page(call, responses, count, (size_t)filter.limit - 1);
}
