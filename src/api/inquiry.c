#include "npsd/api/inquiry.h"

#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/world.h"

#include <string.h>

static enum db_status resolve_and_count(const struct call *call, const struct inquiry_kind *kind,
                                        struct inquiry *inquiry, struct problem_errors *errors)
{
    enum db_status status =
        window_query_resolve(call->db, call_world(call)->values, inquiry->survey->id,
                             &inquiry->query, &inquiry->choice, errors);
    return status == DB_OK && errors->count == 0 ? kind->count(call, inquiry, errors) : status;
}

enum db_status inquiry_ask(const struct call *call, const struct inquiry_kind *kind,
                           struct inquiry *inquiry, struct problem_errors *errors)
{
    inquiry->survey = call_identity(call)->survey;
    call_query_known(call, kind->parameters, WINDOW_QUERY_PREFIX, errors);
    window_query_read(call, inquiry->survey, &inquiry->query, errors);
    if (kind->read)
        kind->read(call, inquiry, errors);
    if (errors->count > 0)
        return window_query_check_zone(call->db, &inquiry->query, errors);
    enum db_status status = resolve_and_count(call, kind, inquiry, errors);
    bool elsewhere = status == DB_RETRY && !pg_is_connected(call->db);
    if (status == DB_LOST || elsewhere)
        status = resolve_and_count(call, kind, inquiry, errors);
    return status;
}

struct reply inquiry_reply(const struct call *call, const struct inquiry_kind *kind,
                           struct inquiry *inquiry)
{
    struct problem_errors errors = {.arena = call->arena};
    enum db_status status = inquiry_ask(call, kind, inquiry, &errors);

    if (status != DB_OK)
        return database_refusal(call, status, "results-failed");
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    struct json_writer w = json_writer(call->arena);
    kind->write(&w, inquiry);
    return etag_reply(call, "application/json", w.buf.data, w.buf.len);
}

bool inquiry_read_compare(const struct call *call, struct problem_errors *errors)
{
    const char *compare = call_query(call, "compare");

    if (compare && strcmp(compare, "previous") != 0)
        problem_add(errors, "must be previous", "compare");
    return compare != NULL;
}

size_t inquiry_windows(const struct inquiry *inquiry, bool compare,
                       struct window ret_windows[static 2])
{
    const struct window_choice *choice = &inquiry->choice;
    bool both = compare && choice->has_previous;

    ret_windows[0] = choice->window;
    if (both)
        ret_windows[1] = choice->previous;
    return both ? 2 : 1;
}

struct number_query inquiry_numbers(const struct inquiry *inquiry, const struct window *windows,
                                    size_t count)
{
    struct number_query numbers = {
        .survey_id = inquiry->survey->id,
        .windows = windows,
        .window_count = count,
        .filter_count = inquiry->choice.filter_count,
        .now_us = inquiry->query.request.now_us,
    };
    memcpy(numbers.filters, inquiry->choice.filters, sizeof(numbers.filters));
    return numbers;
}
