#include "npsd/api/database.h"
#include "npsd/api/responses.h"
#include "npsd/api/window_query.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"

#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

/*
 * A cursor names the last answer of a page, and is bound to the survey by a MAC, so that nobody
 * mistakes it for something to be made by hand. base64url of: answered_us (8), id (16), first 8
 * bytes of the MAC.
 */
struct cursor {
    uint8_t answered[8];
    uint8_t id[UUID_SIZE];
    uint8_t mac[8];
};
_Static_assert(sizeof(struct cursor) == 32, "no padding");
enum { CURSOR_TEXT_SIZE = 44 };

static void cursor_sign(const struct call *call, struct cursor *cursor)
{
    const struct identity *who = call_identity(call);
    char *text = arena_printf(call->arena, "npsd-list-v1 %s ", who->survey->slug);
    size_t len = strlen(text), size = sizeof cursor->answered + sizeof cursor->id;
    char *bytes = arena_alloc(call->arena, len + size);
    memcpy(bytes, text, len);
    memcpy(bytes + len, cursor, size);
    struct crypto_hash mac = crypto_hmac_sha256(&who->snapshot->cursor_secret, bytes, len + size);
    memcpy(cursor->mac, mac.bytes, sizeof cursor->mac);
}

static const char *cursor_write(const struct call *call, const struct answer_row *row)
{
    struct cursor cursor;
    char *text = arena_alloc(call->arena, CURSOR_TEXT_SIZE);
    memcpy(cursor.answered, &row->answered_us, sizeof cursor.answered);
    memcpy(cursor.id, row->id.bytes, sizeof cursor.id);
    cursor_sign(call, &cursor);
    return crypto_base64url(&cursor, sizeof cursor, text);
}

static void cursor_read(const struct call *call, struct response_filter *filter,
                        struct problem_errors *errors)
{
    const char *text = call_query(call, "cursor");
    struct cursor cursor, signed_again;
    if (!text)
        return;
    bool good = crypto_base64url_decode(text, strlen(text), &cursor, sizeof cursor);
    if (good) {
        signed_again = cursor;
        cursor_sign(call, &signed_again);
        good = crypto_equal(cursor.mac, signed_again.mac, sizeof cursor.mac);
    }
    if (!good) {
        problem_add(errors, "is not a cursor of this list", "cursor");
        return;
    }
    filter->after_set = true;
    memcpy(&filter->after_us, cursor.answered, sizeof cursor.answered);
    memcpy(filter->after_id.bytes, cursor.id, sizeof cursor.id);
}

static void read_group(const struct call *call, struct response_filter *filter,
                       struct problem_errors *errors)
{
    static const int bounds[NPS_GROUPS][2] = {
        [NPS_CRITIC] = {0, 6}, [NPS_NEUTRAL] = {7, 8}, [NPS_PROMOTER] = {9, 10}};
    const char *name = call_query(call, "group");
    filter->min_score = 0;
    filter->max_score = NPS_SCORES - 1;
    if (!name)
        return;
    for (int group = 0; group < NPS_GROUPS; group++)
        if (strcmp(name, nps_group_name(group)) == 0) {
            filter->min_score = bounds[group][0];
            filter->max_score = bounds[group][1];
            return;
        }
    problem_add(errors, "must be critic, neutral or promoter", "group");
}

static void read_channel(const struct call *call, struct response_filter *filter,
                         struct problem_errors *errors)
{
    const char *name = call_query(call, "channel");
    enum channel channel;
    filter->channel = RESPONSE_FILTER_ANY;
    if (!name)
        return;
    if (channel_parse(name, strlen(name), &channel))
        filter->channel = (int)channel;
    else
        problem_add(errors, "is no channel", "channel");
}

static void read_has_text(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors)
{
    const struct survey *survey = call_identity(call)->survey;
    const char *value = call_query(call, "has_text");
    const char **ids = arena_alloc(call->arena, (survey->question_count + 1) * sizeof *ids);
    filter->has_text = RESPONSE_FILTER_ANY;
    filter->text_questions = ids;
    for (size_t i = 0; i < survey->question_count; i++)
        if (survey->questions[i].type == QUESTION_TEXT)
            ids[filter->text_question_count++] = survey->questions[i].id;
    if (!value)
        return;
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        filter->has_text = value[0] == 't';
    else
        problem_add(errors, "must be true or false", "has_text");
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
    static const char *const known[] = {WINDOW_QUERY_NAMES, "limit",    "cursor",        "group",
                                        "channel",          "has_text", "updated_since", NULL};
    int64_t limit = LIMIT_DEFAULT;
    call_query_known(call, known, WINDOW_QUERY_PREFIX, errors);
    call_query_int(call, "limit", 1, LIMIT_MAX, &limit, errors);
    filter->limit = (int)limit + 1; /* one more tells whether there is a next page */
    read_group(call, filter, errors);
    read_channel(call, filter, errors);
    read_has_text(call, filter, errors);
    read_since(call, filter, errors);
    cursor_read(call, filter, errors);
    read_window(call, query, errors);
}

/* The facets asked for, as numbers; those that have none as properties too. */
static void take_filters(struct arena *arena, const struct window_choice *choice,
                         struct response_filter *filter)
{
    struct json_writer w = json_writer(arena);
    bool texts = false;
    json_object_begin(&w, NULL);
    for (size_t i = 0; i < choice->filter_count; i++) {
        const struct number_filter *f = &choice->filters[i];
        if (f->facet == SURVEY_FACET_CHANNEL)
            filter->channel = f->value;
        else if (f->facet == SURVEY_FACET_AGENT)
            filter->agent = f->value;
        else
            filter->facets[f->facet - SURVEY_FACET_FIRST] = f->value;
        if (f->text)
            json_put_text(&w, f->name, f->text);
        texts |= f->text != NULL;
    }
    json_object_end(&w);
    if (texts)
        filter->properties = w.buf.data;
}

static const char *next_link(const struct call *call, const char *cursor)
{
    struct buf link = buf_make(call->arena, 256);
    buf_printf(&link, "<%s%s?cursor=%s", call_base_url(call), call->path, cursor);
    for (size_t i = 0; i < call->query_count; i++)
        if (strcmp(call->query[i].name, "cursor") != 0) {
            buf_char(&link, '&');
            buf_text(&link, call_escape(call->arena, call->query[i].name));
            buf_char(&link, '=');
            buf_text(&link, call_escape(call->arena, call->query[i].value));
        }
    buf_text(&link, ">; rel=\"next\"");
    return link.data;
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
        cursor = cursor_write(call, &responses[limit - 1].row);
    json_put_text(&w, "next_cursor", cursor);
    json_object_end(&w);
    struct reply reply = reply_json(200, &w);
    reply_header(&reply, "Cache-Control", "private, no-cache");
    if (cursor)
        reply_header(&reply, "Link", next_link(call, cursor));
    return reply;
}

struct reply responses_list_handle(struct call *call)
{
    const struct survey *survey = call_identity(call)->survey;
    struct problem_errors errors = {.arena = call->arena};
    struct response_filter filter = {.survey_id = survey->id, .agent = RESPONSE_FILTER_ANY};
    struct window_query query;
    struct window_choice choice;
    struct stored_response *responses;
    size_t count;
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        filter.facets[slot] = RESPONSE_FILTER_ANY;
    read_query(call, &filter, &query, &errors);
    enum db_status status = DB_OK;
    if (errors.count == 0)
        status = window_query_resolve(call->db, call_world(call)->values, survey->id, &query,
                                      &choice, &errors);
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    if (status == DB_OK) {
        filter.from_us = choice.window.from_us;
        filter.to_us = choice.window.to_us;
        take_filters(call->arena, &choice, &filter);
        status = responses_list(call->db, call->arena, &filter, &responses, &count);
    }
    if (status != DB_OK)
        return database_refusal(call, status, "responses-list");
    return write_page(call, responses, count, (size_t)filter.limit - 1);
}
