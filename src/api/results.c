#include "npsd/api/results.h"

#include "npsd/api/database.h"
#include "npsd/api/etag.h"
#include "npsd/api/world.h"
#include "npsd/store/numbers.h"

#include <string.h>

enum { DECIMALS = 4, P_DECIMALS = 6 };

/* --- writing --- */

static void put_computed(struct json_writer *w, const char *name, bool known, double value)
{
    if (known)
        json_put_number(w, name, value, DECIMALS);
    else
        json_put_null(w, name);
}

static void put_histogram(struct json_writer *w, const struct nps_counts *counts)
{
    json_array_begin(w, "histogram");
    for (int score = 0; score < NPS_SCORES; score++)
        json_put_int(w, NULL, counts->score[score]);
    json_array_end(w);
}

static void put_interval(struct json_writer *w, const struct nps_result *result)
{
    if (!result->known) {
        json_put_null(w, "interval");
        return;
    }
    json_object_begin(w, "interval");
    json_put_text(w, "method", "adjusted_wald");
    json_put_number(w, "level", 0.95, DECIMALS);
    json_put_number(w, "low", result->low, DECIMALS);
    json_put_number(w, "high", result->high, DECIMALS);
    json_object_end(w);
}

void results_write(struct json_writer *w, const struct nps_counts *counts, int min_responses)
{
    struct nps_result result = nps_compute(counts);

    json_put_int(w, "responses", result.responses);
    json_put_int(w, "promoters", result.promoters);
    json_put_int(w, "neutrals", result.neutrals);
    json_put_int(w, "critics", result.critics);
    put_computed(w, "promoter_share", result.known, result.promoter_share);
    put_computed(w, "neutral_share", result.known, result.neutral_share);
    put_computed(w, "critic_share", result.known, result.critic_share);
    put_computed(w, "nps", result.known, result.nps);
    put_computed(w, "nps_exact", result.known, result.nps_exact);
    put_computed(w, "mean", result.known, result.mean);
    put_histogram(w, counts);
    put_interval(w, &result);
    json_put_bool(w, "enough", result.responses >= min_responses);
    json_put_int(w, "min_responses", min_responses);
}

static void put_end(struct json_writer *w, const char *name, int64_t at_us, int64_t open)
{
    if (at_us == open)
        json_put_null(w, name);
    else
        json_put_time(w, name, at_us);
}

static void put_window(struct json_writer *w, const struct window *window, const char *time_zone)
{
    json_object_begin(w, "window");
    put_end(w, "from", window->from_us, SLOTS_OPEN_FROM);
    put_end(w, "to", window->to_us, SLOTS_OPEN_TO);
    json_put_text(w, "time_zone", time_zone);
    json_object_end(w);
}

static void put_previous(struct json_writer *w, const struct nps_counts *counts)
{
    struct nps_result result = nps_compute(counts);

    json_object_begin(w, "previous");
    json_put_int(w, "responses", result.responses);
    put_computed(w, "nps_exact", result.known, result.nps_exact);
    json_object_end(w);
}

static void put_change(struct json_writer *w, const struct nps_counts *previous,
                       const struct nps_counts *current)
{
    struct nps_change change = nps_compare(previous, current);

    if (!change.known) {
        json_put_null(w, "change");
        return;
    }
    json_object_begin(w, "change");
    json_put_number(w, "nps_exact", change.nps_exact, DECIMALS);
    json_put_number(w, "low", change.low, DECIMALS);
    json_put_number(w, "high", change.high, DECIMALS);
    json_put_number(w, "z", change.z, DECIMALS);
    json_put_number(w, "p", change.p, P_DECIMALS);
    json_object_end(w);
}

/* previous NULL: there is none. */
static void put_comparison(struct json_writer *w, const struct nps_counts *previous,
                           const struct nps_counts *current)
{
    if (previous) {
        put_previous(w, previous);
        put_change(w, previous, current);
    } else {
        json_put_null(w, "previous");
        json_put_null(w, "change");
    }
}

/* --- asking --- */

static void read_query(const struct call *call, struct results *results,
                       struct problem_errors *errors)
{
    static const char *const known[] = {WINDOW_QUERY_NAMES, "compare", NULL};
    const char *compare = call_query(call, "compare");

    call_query_known(call, known, WINDOW_QUERY_PREFIX, errors);
    window_query_read(call, results->survey, &results->query, errors);
    if (compare && strcmp(compare, "previous") != 0)
        problem_add(errors, "must be previous", "compare");
    results->compare = compare != NULL;
}

/* Both windows in one statement, so that they are of one moment. */
static enum db_status count(const struct call *call, struct results *results)
{
    const struct window_choice *choice = &results->choice;
    struct window windows[] = {choice->window, choice->previous};
    struct nps_counts counts[] = {{{0}}, {{0}}};
    struct number_query numbers = {
        .survey_id = results->survey->id,
        .windows = windows,
        .window_count = results->compare && choice->has_previous ? 2 : 1,
        .filter_count = choice->filter_count,
    };
    memcpy(numbers.filters, choice->filters, sizeof(numbers.filters));

    enum db_status status = numbers_count(call->db, call->arena, &numbers, counts);
    if (status == DB_OK) {
        results->current = counts[0];
        results->previous = counts[1];
    }
    return status;
}

static enum db_status resolve_and_count(const struct call *call, struct results *results,
                                        struct problem_errors *errors)
{
    enum db_status status =
        window_query_resolve(call->db, call_world(call)->values, results->survey->id,
                             &results->query, &results->choice, errors);
    return status == DB_OK && errors->count == 0 ? count(call, results) : status;
}

enum db_status results_count(const struct call *call, struct results *results,
                             struct problem_errors *errors)
{
    if (errors->count > 0)
        return window_query_check_zone(call->db, &results->query, errors);
    enum db_status status = resolve_and_count(call, results, errors);
    /* The connection broke, and reading may be done twice. */
    if (status == DB_LOST)
        status = resolve_and_count(call, results, errors);
    return status;
}

enum db_status results_ask(const struct call *call, struct results *ret_results,
                           struct problem_errors *errors)
{
    struct results results = {.survey = call_identity(call)->survey};

    read_query(call, &results, errors);
    enum db_status status = results_count(call, &results, errors);
    if (status == DB_OK && errors->count == 0)
        *ret_results = results;
    return status;
}

/* --- GET /v1/surveys/{survey}/nps --- */

static struct reply make_reply(const struct call *call, const struct results *results)
{
    struct json_writer w = json_writer(call->arena);

    json_object_begin(&w, NULL);
    json_put_text(&w, "survey", results->survey->slug);
    put_window(&w, &results->choice.window, results->query.request.time_zone);
    results_write(&w, &results->current, results->survey->min_responses);
    if (results->compare)
        put_comparison(&w, results->choice.has_previous ? &results->previous : NULL,
                       &results->current);
    json_object_end(&w);
    return etag_reply(call, "application/json", w.buf.data, w.buf.len);
}

struct reply results_nps(struct call *call)
{
    struct results results = {.survey = call_identity(call)->survey};
    struct problem_errors errors = {.arena = call->arena};

    enum db_status status = results_ask(call, &results, &errors);
    if (status != DB_OK)
        return database_refusal(call, status, "results-failed");
    if (errors.count > 0)
        return reply_problem_errors(call, PROBLEM_INVALID, NULL, &errors, true);
    return make_reply(call, &results);
}
