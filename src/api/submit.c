#include "npsd/api/submit.h"

#include "npsd/api/quota.h"
#include "npsd/api/submission.h"
#include "npsd/base/buf.h"
#include "npsd/base/fault.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"

#include <string.h>
#include <strings.h>

static void wake(struct lane_item *item)
{
    call_resume(item->owner);
}

static bool start_one(struct call *call, void *work)
{
    struct submission *submission = work;
    submission->item.done = wake;
    submission->item.owner = call;
    bool taken = lane_submit(call_world(call)->single, &submission->item, &submission->item, 1);
    FAULT_POINT("after_enqueue");
    return taken;
}

static bool wants_minimal(const struct call *call)
{
    const char *prefer = call_header(call, "Prefer");
    return prefer && strcasecmp(prefer, "return=minimal") == 0;
}

static const char *location_of(const struct call *call, const struct submission *submission)
{
    char id[UUID_TEXT_SIZE];
    struct buf text = buf_make(call->arena, 128);
    buf_text(&text, "/v1/surveys/");
    buf_text(&text, submission->response.survey->slug);
    buf_text(&text, "/responses/");
    buf_text(&text, uuid_format(&submission->item.row.id, id));
    return text.data;
}

static struct reply finish_one(struct call *call, void *work)
{
    struct submission *submission = work;
    enum lane_outcome outcome = submission->item.outcome;
    struct reply later;
    if (submission_again(call, submission, finish_one, work, &later))
        return later;
    if (!submission_succeeded(outcome)) {
        const char *detail;
        enum problem problem = submission_problem(outcome, &detail);
        return reply_problem(call, problem, detail);
    }
    bool minimal = wants_minimal(call);
    struct reply reply = reply_empty(submission_status(outcome));
    if (!minimal) {
        struct json_writer w = json_writer(call->arena);
        json_object_begin(&w, NULL);
        submission_write(&w, call, submission);
        json_object_end(&w);
        reply = reply_json(reply.status, &w);
    }
    reply_header(&reply, "Location", location_of(call, submission));
    if (submission_is_replay(outcome) && !submission->corrected)
        reply_header(&reply, "Idempotent-Replayed", "true");
    if (minimal)
        reply_header(&reply, "Preference-Applied", "return=minimal");
    return reply;
}

struct reply submit_one(struct call *call)
{
    struct submission *submission = arena_calloc(call->arena, 1, sizeof *submission);
    struct problem_errors errors = {.arena = call->arena};
    const char *detail;
    struct reply refusal = quota_take(call, 1);
    if (refusal.status)
        return refusal;
    if (!submission_key_header(call, &submission->key))
        return reply_problem(call, PROBLEM_BAD_KEY_HEADER, "1 to 255 visible ASCII characters.");
    json_t *body = json_read(call->arena, call->body, call->body_len, &detail);
    if (!body)
        return reply_problem(call, PROBLEM_BAD_JSON, detail);
    const struct response_rules rules = submission_rules(call, false);
    if (!response_decode(body, "", &rules, &errors, &submission->response, NULL))
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, false);
    submission->body = body;
    submission_prepare(call, submission);
    FAULT_POINT("after_parse");
    return reply_later(start_one, finish_one, submission);
}
