#include "npsd/api/badge.h"

#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/results.h"
#include "npsd/api/world.h"
#include "npsd/base/buf.h"

static const char *read_label(const struct call *call, struct problem_errors *errors)
{
    const char *label = call_query(call, "label");

    if (!label)
        return "NPS";
    if (!badge_label_is_good(label))
        problem_add(errors, "must be 1 to 40 characters, without control characters", "label");
    return label;
}

static struct reply make_reply(const struct call *call, const char *label,
                               const struct results *results)
{
    struct nps_result result = nps_compute(&results->current);
    struct buf svg = badge_draw(call->arena, label, &result, results->survey->min_responses);
    struct reply reply = etag_reply(call, "image/svg+xml", svg.data, svg.len);

    /* A picture that is opened on its own is a document, which needs nothing from anywhere. */
    reply_header(&reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    return reply;
}

struct reply badge_nps(struct call *call)
{
    static const char *const known[] = {WINDOW_QUERY_NAMES, "label", NULL};
    struct results results = {.survey = call_identity(call)->survey};
    struct problem_errors errors = {.arena = call->arena};

    call_query_known(call, known, WINDOW_QUERY_PREFIX, &errors);
    const char *label = read_label(call, &errors);
    window_query_read(call, results.survey, &results.query, &errors);
    enum db_status status = results_count(call, &results, &errors);
    if (status != DB_OK)
        return database_refusal(call, status, "badge-failed");
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    return make_reply(call, label, &results);
}
