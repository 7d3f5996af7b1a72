#include "npsd/api/results.h"

#include "npsd/store/numbers.h"

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
    enum db_status status = numbers_count(call->db, call->arena, &numbers, counts);
    if (status == DB_OK) {
        results->current = counts[0];
        results->previous = counts[1];
    }
    return status;
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct results *results = (const struct results *)inquiry;
    const struct nps_counts *previous = inquiry->choice.has_previous ? &results->previous : NULL;

    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
    results_write(w, &results->current, inquiry->survey->min_responses);
    if (results->compare)
        results_write_comparison(w, previous, &results->current);
    json_object_end(w);
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

struct reply results_nps(struct call *call)
{
    struct results results = {.compare = false};

    return inquiry_reply(call, &kind, &results.asked);
}
