#include "npsd/api/results.h"

#include "npsd/api/live.h"
#include "npsd/api/world.h"

#include <string.h>

static void read_own(const struct call *call, struct inquiry *inquiry,
                     struct problem_errors *errors)
{
    struct results *results = (struct results *)inquiry;

    results->compare = inquiry_read_compare(call, errors);
}

/* Both windows in one statement, so that they are of one moment. */
static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    struct results *results = (struct results *)inquiry;
    struct window windows[2];
    struct nps_counts counts[2] = {{{0}}, {{0}}};
    size_t window_count = inquiry_windows(inquiry, results->compare, windows);
    struct number_query numbers = inquiry_numbers(inquiry, windows, window_count);

    (void)errors;
    enum db_status status =
        numbers_count_seen(call->db, call->arena, &numbers, counts, &results->seen);
    if (status == DB_OK) {
        results->current = counts[0];
        results->previous = counts[1];
    }
    return status;
}

/* The body up to the counts. */
static void write_head(struct json_writer *w, const struct inquiry *inquiry)
{
    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct results *results = (const struct results *)inquiry;
    const struct results_numbers numbers = {
        .current = &results->current,
        .previous = inquiry->choice.has_previous ? &results->previous : NULL,
        .compare = results->compare,
        .min_responses = inquiry->survey->min_responses,
    };

    write_head(w, inquiry);
    results_write_numbers(w, &numbers);
}

static const char *const parameters[] = {WINDOW_QUERY_NAMES, "compare", NULL};
static const struct inquiry_kind kind = {parameters, read_own, count, write_body};

enum db_status results_ask(const struct call *call, struct results *ret_results,
                           struct problem_errors *errors)
{
    struct results results = {.compare = false};
    enum db_status status = inquiry_ask(call, &kind, &results.asked, errors);

    if (status == DB_OK && errors->count == 0)
        *ret_results = results;
    return status;
}

/* What the number consists of, for recall. */
static void tell_live(const struct call *call, const struct results *results)
{
    const struct inquiry *asked = &results->asked;
    struct json_writer head = json_writer(call->arena);

    write_head(&head, asked);
    if (head.buf.len > LIVE_HEAD_MAX)
        return;
    struct live_number *number = arena_calloc(call->arena, 1, sizeof(*number));
    *number = (struct live_number){
        .survey_id = asked->survey->id,
        .seen = results->seen,
        .counts = {results->current, results->previous},
        .compare = results->compare,
        .has_previous = asked->choice.has_previous,
        .min_responses = asked->survey->min_responses,
        .head_len = head.buf.len,
    };
    inquiry_windows(asked, results->compare, number->windows);
    memcpy(number->head, head.buf.data, head.buf.len);
    call_identity(call)->number = number;
}

struct reply results_nps(struct call *call)
{
    struct results results = {.compare = false};
    struct reply reply = inquiry_reply(call, &kind, &results.asked);

    if (live_may_go_on(&results.seen))
        tell_live(call, &results);
    return reply;
}
