#include "npsd/api/comments.h"

#include "npsd/api/cursor.h"
#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/inquiry.h"
#include "npsd/api/response_query.h"
#include "npsd/api/world.h"
#include "npsd/json/read.h"

#include <stdlib.h>
#include <string.h>

/* The last comment of a page, and the window that it is a page of. */
struct place {
    int64_t answered_us;
    struct uuid id;
    int64_t from_us, to_us;
};
_Static_assert(sizeof(struct place) == 40, "no padding");

struct comments {
    struct inquiry asked;
    struct response_filter filter;
    const char *label; /* of the list's cursors */
    bool continued;
    struct place after; /* if continued */
    struct stored_response *found;
    size_t count;
};

/* --- cursors --- */

static int order_by_name(const void *a, const void *b)
{
    const struct query_pair *first = a, *second = b;
    return strcmp(first->name, second->name);
}

/* The survey and all that the list was asked for, in whatever order. */
static const char *list_label(const struct call *call)
{
    struct query_pair *pairs = arena_calloc(call->arena, CALL_QUERY_MAX, sizeof *pairs);
    size_t count = 0;
    struct buf label = buf_make(call->arena, 128);

    for (size_t i = 0; i < call->query_count; i++)
        if (strcmp(call->query[i].name, "cursor") != 0 && strcmp(call->query[i].name, "limit") != 0)
            pairs[count++] = call->query[i];
    qsort(pairs, count, sizeof *pairs, order_by_name);
    buf_printf(&label, "comments %s", call_identity(call)->survey->slug);
    for (size_t i = 0; i < count; i++)
        buf_printf(&label, "&%s=%s", call_escape(call->arena, pairs[i].name),
                   call_escape(call->arena, pairs[i].value));
    return label.data;
}

static const char *next_cursor(const struct call *call, const struct comments *comments,
                               const struct answer_row *last)
{
    const struct place place = {last->answered_us, last->id, comments->filter.from_us,
                                comments->filter.to_us};
    return cursor_make(call, comments->label, &place, sizeof place);
}

static void go_on(const struct place *after, struct response_filter *filter)
{
    filter->from_us = after->from_us;
    filter->to_us = after->to_us;
    filter->after_set = true;
    filter->after_us = after->answered_us;
    filter->after_id = after->id;
}

/* --- asking --- */

/* Retired questions were answered too; but they cannot be asked for by name. */
static void read_question(const struct call *call, struct response_filter *filter,
                          struct problem_errors *errors)
{
    const struct survey *survey = call_identity(call)->survey;
    const char *wanted = call_query(call, "question");
    const struct survey_question *chosen = wanted ? survey_question(survey, wanted) : NULL;
    const char **ids = arena_alloc(call->arena, (survey->question_count + 1) * sizeof *ids);

    for (size_t i = 0; i < survey->question_count; i++) {
        const struct survey_question *question = &survey->questions[i];
        if (question->type == QUESTION_TEXT && (!wanted || question == chosen))
            ids[filter->text_question_count++] = question->id;
    }
    filter->has_text = 1;
    filter->text_questions = ids;
    if (wanted && filter->text_question_count == 0)
        problem_add(errors, "is no text question of this survey", "question");
}

static void read_own(const struct call *call, struct inquiry *inquiry,
                     struct problem_errors *errors)
{
    struct comments *comments = (struct comments *)inquiry;

    comments->filter = response_query_any(inquiry->survey);
    comments->filter.counted = true;
    response_query_limit(call, &comments->filter, errors);
    response_query_group(call, &comments->filter, errors);
    read_question(call, &comments->filter, errors);
    comments->label = list_label(call);
    comments->continued =
        cursor_take(call, comments->label, &comments->after, sizeof comments->after, errors);
}

static enum db_status find(const struct call *call, struct inquiry *inquiry,
                           struct problem_errors *errors)
{
    struct comments *comments = (struct comments *)inquiry;

    (void)errors;
    response_query_choose(call->arena, &inquiry->choice, &comments->filter);
    if (comments->continued)
        go_on(&comments->after, &comments->filter);
    return responses_list(call->db, call->arena, &comments->filter, &comments->found,
                          &comments->count);
}

/* --- the reply --- */

/* Of the questions that were asked for, in their order. */
static void write_texts(struct json_writer *w, struct arena *arena,
                        const struct response_filter *filter, const struct answer_row *row)
{
    const char *detail;
    const json_t *answers = json_read(arena, row->answers, row->answers_len, &detail);

    json_object_begin(w, "texts");
    for (size_t i = 0; i < filter->text_question_count; i++) {
        const char *id = filter->text_questions[i];
        const char *text = json_string_value(json_object_get(answers, id));
        if (text)
            json_put_text(w, id, text);
    }
    json_object_end(w);
}

static void write_comment(struct json_writer *w, struct arena *arena,
                          const struct response_filter *filter,
                          const struct stored_response *response)
{
    const struct answer_row *row = &response->row;
    char id[UUID_TEXT_SIZE];

    json_object_begin(w, NULL);
    json_put_text(w, "id", uuid_format(&row->id, id));
    json_put_time(w, "answered_at", row->answered_us);
    json_put_int(w, "score", row->score);
    json_put_text(w, "group", nps_group_name(nps_group_of(row->score)));
    write_texts(w, arena, filter, row);
    json_put_text(w, "channel", channel_name(row->channel));
    json_put_text(w, "agent", response->agent);
    json_put_text(w, "language", row->language);
    if (row->properties)
        json_put_raw(w, "properties", row->properties, row->properties_len);
    else
        json_put_raw(w, "properties", "{}", 2);
    json_object_end(w);
}

static struct reply write_page(const struct call *call, const struct comments *comments)
{
    struct json_writer w = json_writer(call->arena);
    size_t limit = (size_t)comments->filter.limit - 1;
    const char *cursor = NULL;

    json_object_begin(&w, NULL);
    json_array_begin(&w, "items");
    for (size_t i = 0; i < comments->count && i < limit; i++)
        write_comment(&w, call->arena, &comments->filter, &comments->found[i]);
    json_array_end(&w);
    if (comments->count > limit)
        cursor = next_cursor(call, comments, &comments->found[limit - 1].row);
    json_put_text(&w, "next_cursor", cursor);
    json_object_end(&w);
    struct reply reply = etag_reply(call, "application/json", w.buf.data, w.buf.len);
    cursor_link(call, &reply, cursor);
    return reply;
}

struct reply comments_list(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, "group", "question", "limit",
                                             "cursor",           NULL};
    static const struct inquiry_kind kind = {parameters, read_own, find, NULL};
    struct comments comments = {.continued = false};
    struct problem_errors errors = {.arena = call->arena};

    enum db_status status = inquiry_ask(call, &kind, &comments.asked, &errors);
    if (status != DB_OK)
        return database_refusal(call, status, "comments-failed");
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    return write_page(call, &comments);
}
