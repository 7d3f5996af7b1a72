#include "npsd/api/amend.h"

#include "npsd/api/access.h"
#include "npsd/api/database.h"
#include "npsd/api/quota.h"
#include "npsd/api/responses.h"
#include "npsd/api/submission.h"
#include "npsd/base/clock.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"
#include "npsd/state/freshness.h"

#include <string.h>

/* Of a change that others get ahead of; one person's devices may all send at once. */
enum { TRIES = 5, TRIES_OF_LINK = 50 };

/* A change on its way: what is there, and what shall be. */
struct amendment {
    const json_t *body;
    struct response_rules rules;
    struct stored_response before, after;
    struct response old_response, new_response;
    struct response_patch patch;
};

static struct reply go_on(void)
{
    return (struct reply){0};
}

static bool is_late(const struct call *call, const struct stored_response *response)
{
    int edit_minutes = call_identity(call)->survey->edit_minutes;
    return call->received_us > response->row.received_us + edit_minutes * 60 * CLOCK_SECOND_US;
}

static struct reply check_time(const struct call *call, const struct stored_response *response)
{
    if (call_identity(call)->role != ROLE_NONE || !is_late(call, response))
        return go_on();
    return reply_problem(call, PROBLEM_EDIT_OVER, NULL);
}

/*
 * What is there, and its survey, which is read after it: another daemon may have taken the answer
 * with questions or options that this one has not heard of, and what is not known would be lost.
 * id NULL: that of the path.
 */
static struct reply find_old(struct call *call, const struct uuid *id, struct amendment *amendment)
{
    struct reply refusal = id ? response_find_id(call, id, &amendment->before)
                              : response_find(call, &amendment->before);
    if (!refusal.status)
        refusal = access_renew_survey(call);
    if (!refusal.status)
        amendment->rules = submission_rules(call, false);
    return refusal;
}

/* What is stored, as the struct that decoders work on. False if the stored texts are not what we
 * write. */
static bool read_old(struct call *call, struct amendment *amendment)
{
    const struct stored_response *before = &amendment->before;
    const struct answer_row *row = &before->row;
    amendment->old_response = (struct response){
        .survey = amendment->rules.survey,
        .score = row->score,
        .channel = row->channel,
        .agent = before->agent,
        .language = row->language,
        .respondent = row->respondent,
        .external_id = row->external_id,
        .answered_given = true,
        .answered_given_us = row->answered_us,
        .answered_us = row->answered_us,
        .received_us = row->received_us,
    };
    return response_read_stored(call->arena, amendment->rules.survey, row->answers,
                                row->answers_len, row->properties, row->properties_len,
                                &amendment->old_response);
}

static enum db_status number_facet(struct call *call, const struct answer_row *row, int facet,
                                   const char *value, int32_t *ret_number)
{
    *ret_number = ANSWER_UNSET;
    if (!value)
        return DB_OK;
    return values_resolve(call_world(call)->values, call->db, row->survey_id, facet, value,
                          ret_number);
}

/* Numbers of all cuts of the new version. A facet whose text did not change keeps the number that
 * is counted. */
static enum db_status number_new(struct call *call, struct amendment *amendment)
{
    const struct survey *survey = amendment->rules.survey;
    struct answer_row *row = &amendment->after.row;
    enum db_status status =
        number_facet(call, row, SURVEY_FACET_AGENT, amendment->new_response.agent, &row->agent);
    for (size_t slot = 0; status == DB_OK && slot < survey->facet_count; slot++) {
        const char *name = survey->facets[slot].name;
        status =
            number_facet(call, row, SURVEY_FACET_FIRST + (int)slot,
                         response_property(&amendment->new_response, name), &row->facets[slot]);
    }
    return status;
}

static void take_exclusion(struct amendment *amendment)
{
    if (!amendment->patch.exclusion_sent)
        return;
    amendment->after.excluded = amendment->patch.excluded;
    amendment->after.exclusion_reason = amendment->patch.excluded ? amendment->patch.reason : NULL;
}

static enum db_status make_after(struct call *call, struct amendment *amendment)
{
    struct stored_response *before = &amendment->before, *after = &amendment->after;
    struct answer_row old = submission_row(call->arena, &amendment->old_response, &before->row.id);
    before->row.question_cuts = old.question_cuts;
    before->row.question_cut_count = old.question_cut_count;
    *after = *before;
    after->row = submission_row(call->arena, &amendment->new_response, &before->row.id);
    after->row.suspect = before->row.suspect;
    after->agent = amendment->new_response.agent;
    take_exclusion(amendment);
    return number_new(call, amendment);
}

static const char *action_of(const struct amendment *amendment)
{
    if (amendment->before.excluded == amendment->after.excluded)
        return "response.correct";
    return amendment->after.excluded ? "response.exclude" : "response.include";
}

static bool is_text_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool changes_nothing(const struct amendment *amendment)
{
    uint8_t old_hash[RESPONSE_HASH_SIZE], new_hash[RESPONSE_HASH_SIZE];
    response_hash(&amendment->old_response, old_hash);
    response_hash(&amendment->new_response, new_hash);
    return memcmp(old_hash, new_hash, sizeof old_hash) == 0 &&
           amendment->before.excluded == amendment->after.excluded &&
           is_text_same(amendment->before.exclusion_reason, amendment->after.exclusion_reason);
}

static struct reply reply_with(const struct call *call, const struct stored_response *response)
{
    const struct identity *who = call_identity(call);
    struct json_writer w = json_writer(call->arena);
    if (who->role == ROLE_NONE)
        response_write_own(&w, who->survey->slug, response);
    else
        response_write(&w, NULL, who->survey->slug, response);
    return reply_json(200, &w);
}

/* Status 0: it is written, or stale. */
static struct reply store_change(struct call *call, struct amendment *amendment, bool *ret_stale)
{
    const struct response_change change = {&amendment->before, &amendment->after,
                                           call_identity(call)->actor, action_of(amendment)};
    enum db_status status =
        responses_change(call->db, call->arena, &change, ret_stale, &amendment->after.updated_us);
    freshness_move(call_world(call)->freshness, amendment->before.row.survey_id);
    if (status != DB_OK)
        return database_refusal(call, status, "response-change");
    return go_on();
}

static struct reply write_change(struct call *call, struct amendment *amendment, bool *ret_stale)
{
    *ret_stale = false;
    if (changes_nothing(amendment))
        return reply_with(call, &amendment->before);
    struct reply refusal = store_change(call, amendment, ret_stale);
    return refusal.status ? refusal : reply_with(call, &amendment->after);
}

static struct reply try_change(struct call *call, struct amendment *amendment, bool *ret_stale)
{
    struct problem_errors errors = {.arena = call->arena};
    *ret_stale = false;
    struct reply refusal = find_old(call, NULL, amendment);
    if (!refusal.status)
        refusal = check_time(call, &amendment->before);
    if (refusal.status)
        return refusal;
    if (!read_old(call, amendment))
        return reply_problem(call, PROBLEM_INTERNAL, "The stored answers cannot be read.");
    if (!response_patch_decode(amendment->body, &amendment->old_response, &amendment->rules,
                               &errors, &amendment->new_response, &amendment->patch))
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
    enum db_status status = make_after(call, amendment);
    if (status != DB_OK)
        return database_refusal(call, status, "facet-value");
    return write_change(call, amendment, ret_stale);
}

struct reply amend_response(struct call *call)
{
    struct amendment *amendment = arena_calloc(call->arena, 1, sizeof *amendment);
    const char *detail;
    struct reply refusal = quota_take(call, 1);
    if (refusal.status)
        return refusal;
    amendment->body = json_read(call->arena, call->body, call->body_len, &detail);
    if (!amendment->body)
        return reply_problem(call, PROBLEM_BAD_JSON, detail);
    for (int i = 0; i < TRIES; i++) {
        bool stale;
        struct reply reply = try_change(call, amendment, &stale);
        if (!stale)
            return reply;
    }
    return reply_problem(call, PROBLEM_OVERLOADED, "Others keep changing this response.");
}

static struct reply try_erase(struct call *call, bool *ret_stale)
{
    struct amendment amendment = {0};
    *ret_stale = false;
    struct reply refusal = find_old(call, NULL, &amendment);
    if (refusal.status)
        return refusal;
    if (!read_old(call, &amendment))
        return reply_problem(call, PROBLEM_INTERNAL, "The stored answers cannot be read.");
    struct answer_row old =
        submission_row(call->arena, &amendment.old_response, &amendment.before.row.id);
    amendment.before.row.question_cuts = old.question_cuts;
    amendment.before.row.question_cut_count = old.question_cut_count;
    enum db_status status = responses_erase(call->db, call->arena, &amendment.before,
                                            call_identity(call)->actor, ret_stale);
    freshness_move(call_world(call)->freshness, amendment.before.row.survey_id);
    if (status != DB_OK)
        return database_refusal(call, status, "response-erase");
    return reply_empty(204);
}

struct reply amend_erase(struct call *call)
{
    for (int i = 0; i < TRIES; i++) {
        bool stale;
        struct reply reply = try_erase(call, &stale);
        if (!stale)
            return reply;
    }
    return reply_problem(call, PROBLEM_OVERLOADED, "Others keep changing this response.");
}

/* What is there and what shall be, of another answer to the same link. */
static struct reply merge_again(struct call *call, const struct submission *submission,
                                struct amendment *amendment)
{
    struct problem_errors errors = {.arena = call->arena};
    struct reply refusal = find_old(call, &submission->item.row.id, amendment);
    if (refusal.status)
        return refusal;
    if (!read_old(call, amendment))
        return reply_problem(call, PROBLEM_INTERNAL, "The stored answers cannot be read.");
    if (!response_decode_again(submission->body, &amendment->old_response, &amendment->rules,
                               &errors, &amendment->new_response))
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
    enum db_status status = make_after(call, amendment);
    return status == DB_OK ? go_on() : database_refusal(call, status, "facet-value");
}

/* What the reply tells then is what is there: the time of the answer is the first one's. */
static void settle_again(struct submission *submission, const struct amendment *amendment)
{
    submission->item.outcome = LANE_REPLAYED;
    submission->item.row.received_us = amendment->before.row.received_us;
    submission->response.answered_given = true;
    submission->response.answered_given_us = amendment->before.row.answered_us;
}

static struct reply try_again(struct call *call, struct submission *submission, bool *ret_stale)
{
    struct amendment amendment = {0};
    *ret_stale = false;
    struct reply refusal = merge_again(call, submission, &amendment);
    if (refusal.status)
        return refusal;
    bool late = is_late(call, &amendment.before);
    bool change = !changes_nothing(&amendment);
    if (change && late && submission->item.outcome == LANE_REUSED)
        return reply_problem(call, PROBLEM_ANSWERED, NULL);
    if (change && !late) {
        refusal = store_change(call, &amendment, ret_stale);
        if (refusal.status || *ret_stale)
            return refusal;
        submission->corrected = true;
    }
    settle_again(submission, &amendment);
    return go_on();
}

struct reply amend_again(struct call *call, struct submission *submission)
{
    for (int i = 0; i < TRIES_OF_LINK; i++) {
        bool stale;
        struct reply refusal = try_again(call, submission, &stale);
        if (!stale)
            return refusal;
    }
    return reply_problem(call, PROBLEM_OVERLOADED, "Others keep changing this response.");
}
