#include "npsd/api/responses.h"

#include "npsd/api/database.h"
#include "npsd/api/world.h"
#include "npsd/ingest/spooler.h"

#include <string.h>

static void write_object(struct json_writer *w, const char *name, const char *json, size_t len)
{
    if (json)
        json_put_raw(w, name, json, len);
    else
        json_put_raw(w, name, "{}", 2);
}

static void write_answers(struct json_writer *w, const struct answer_row *row)
{
    json_put_int(w, "score", row->score);
    json_put_text(w, "group", nps_group_name(nps_group_of(row->score)));
    write_object(w, "answers", row->answers, row->answers_len);
}

/* What a version of a response is made of, the present one and earlier ones alike. */
static void write_content(struct json_writer *w, const struct stored_response *response)
{
    const struct answer_row *row = &response->row;
    write_answers(w, row);
    json_put_text(w, "channel", channel_name(row->channel));
    json_put_text(w, "agent", response->agent);
    json_put_text(w, "language", row->language);
    json_put_text(w, "respondent", row->respondent);
    write_object(w, "properties", row->properties, row->properties_len);
    json_put_time(w, "answered_at", row->answered_us);
    json_put_bool(w, "excluded", response->excluded);
    json_put_text(w, "reason", response->exclusion_reason);
}

static void write_names(struct json_writer *w, const char *survey,
                        const struct stored_response *response)
{
    char id[UUID_TEXT_SIZE];
    json_put_text(w, "id", uuid_format(&response->row.id, id));
    json_put_text(w, "survey", survey);
}

static void write_times(struct json_writer *w, const struct stored_response *response)
{
    json_put_time(w, "received_at", response->row.received_us);
    if (response->updated_us)
        json_put_time(w, "updated_at", response->updated_us);
    else
        json_put_null(w, "updated_at");
}

static void write_suspect(struct json_writer *w, int marks)
{
    if (!marks)
        return;
    json_array_begin(w, "suspect");
    for (int n = 0; n < SUSPECT_MARKS; n++)
        if (marks & 1 << n)
            json_put_text(w, NULL, suspect_name(n));
    json_array_end(w);
}

void response_write(struct json_writer *w, const char *name, const char *survey,
                    const struct stored_response *response)
{
    json_object_begin(w, name);
    write_names(w, survey, response);
    json_put_text(w, "external_id", response->row.external_id);
    write_content(w, response);
    write_suspect(w, response->row.suspect);
    write_times(w, response);
    json_object_end(w);
}

void response_write_own(struct json_writer *w, const char *survey,
                        const struct stored_response *response)
{
    json_object_begin(w, NULL);
    write_names(w, survey, response);
    write_answers(w, &response->row);
    json_put_text(w, "language", response->row.language);
    json_put_time(w, "answered_at", response->row.answered_us);
    write_times(w, response);
    json_object_end(w);
}

static struct reply refuse_response(const struct call *call)
{
    return reply_problem(call, PROBLEM_NOT_FOUND, "There is no such response.");
}

struct reply response_find_id(struct call *call, const struct uuid *id,
                              struct stored_response *ret_response)
{
    bool found = false;
    /* Asked first: what has left the spool is in the database. */
    if (spooler_holds(call_world(call)->spooler, call_identity(call)->survey->id, id))
        return reply_problem(call, PROBLEM_UNAVAILABLE,
                             "This response is taken, and not yet in the database.");
    enum db_status status = responses_read(call->db, call->arena, call_identity(call)->survey->id,
                                           id, &found, ret_response);
    if (status != DB_OK)
        return database_refusal(call, status, "response-read");
    if (!found)
        return refuse_response(call);
    if (ret_response->erased)
        return reply_problem(call, PROBLEM_GONE, NULL);
    return (struct reply){0};
}

struct reply response_find(struct call *call, struct stored_response *ret_response)
{
    struct uuid id;
    if (!uuid_parse(call->params[1], strlen(call->params[1]), &id))
        return refuse_response(call);
    return response_find_id(call, &id, ret_response);
}

/* What people have said is for the one who asked, now. */
static struct reply reply_personal(const struct json_writer *w)
{
    struct reply reply = reply_json(200, w);
    reply_header(&reply, "Cache-Control", "no-store");
    return reply;
}

struct reply response_get(struct call *call)
{
    struct stored_response response = {0};
    struct reply refusal = response_find(call, &response);
    if (refusal.status)
        return refusal;
    struct json_writer w = json_writer(call->arena);
    response_write(&w, NULL, call_identity(call)->survey->slug, &response);
    return reply_personal(&w);
}

static void write_version(struct json_writer *w, const struct response_version *version)
{
    json_object_begin(w, NULL);
    json_put_int(w, "version", version->version);
    json_put_time(w, "changed_at", version->changed_us);
    json_put_text(w, "changed_by", version->changed_by);
    write_content(w, &version->response);
    json_object_end(w);
}

struct reply response_history(struct call *call)
{
    struct stored_response response = {0};
    struct response_version *versions;
    size_t count;
    struct reply refusal = response_find(call, &response);
    if (refusal.status)
        return refusal;
    enum db_status status = responses_history(call->db, call->arena, response.row.survey_id,
                                              &response.row.id, &versions, &count);
    if (status != DB_OK)
        return database_refusal(call, status, "response-history");
    struct json_writer w = json_writer(call->arena);
    json_object_begin(&w, NULL);
    json_array_begin(&w, "items");
    for (size_t i = 0; i < count; i++)
        write_version(&w, &versions[i]);
    json_array_end(&w);
    json_object_end(&w);
    return reply_personal(&w);
}
