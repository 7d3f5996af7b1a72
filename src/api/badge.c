#include "npsd/api/badge.h"

#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/inquiry.h"
#include "npsd/store/numbers.h"

struct badge {
    struct inquiry asked;
    const char *label;
    struct nps_counts counts;
};

static void read_label(const struct call *call, struct inquiry *inquiry,
                       struct problem_errors *errors)
{
    struct badge *badge = (struct badge *)inquiry;
    const char *label = call_query(call, "label");

    if (!label)
        return;
    if (!badge_label_is_good(label))
        problem_add(errors, "must be 1 to 40 characters, without control characters", "label");
    badge->label = label;
}

static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    struct badge *badge = (struct badge *)inquiry;
    struct number_query numbers = inquiry_numbers(inquiry, &inquiry->choice.window, 1);

    (void)errors;
    return numbers_count(call->db, call->arena, &numbers, &badge->counts);
}

static struct reply make_reply(const struct call *call, const struct badge *badge)
{
    struct nps_result result = nps_compute(&badge->counts);
    struct buf svg =
        badge_draw(call->arena, badge->label, &result, badge->asked.survey->min_responses);
    struct reply reply = etag_reply(call, "image/svg+xml", svg.data, svg.len);

    /* A picture that is opened on its own is a document, which needs nothing from anywhere. */
    reply_header(&reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    return reply;
}

struct reply badge_nps(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, "label", NULL};
    static const struct inquiry_kind kind = {parameters, read_label, count, NULL};
    struct badge badge = {.label = "NPS"};
    struct problem_errors errors = {.arena = call->arena};

    enum db_status status = inquiry_ask(call, &kind, &badge.asked, &errors);
    if (status != DB_OK)
        return database_refusal(call, status, "badge-failed");
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    return make_reply(call, &badge);
}
