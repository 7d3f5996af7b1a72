#include "npsd/api/results.h"

void results_write_number(struct json_writer *w, const char *name, bool known, double value)
{
    if (known)
        json_put_number(w, name, value, RESULTS_DECIMALS);
    else
        json_put_null(w, name);
}

void results_write_share(struct json_writer *w, const char *name, int64_t part, int64_t whole)
{
    results_write_number(w, name, whole > 0, whole > 0 ? nps_percent(part, whole) : 0);
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
    json_put_number(w, "level", 0.95, RESULTS_DECIMALS);
    json_put_number(w, "low", result->low, RESULTS_DECIMALS);
    json_put_number(w, "high", result->high, RESULTS_DECIMALS);
    json_object_end(w);
}

void results_write(struct json_writer *w, const struct nps_counts *counts, int min_responses)
{
    struct nps_result result = nps_compute(counts);

    json_put_int(w, "responses", result.responses);
    json_put_int(w, "promoters", result.promoters);
    json_put_int(w, "neutrals", result.neutrals);
    json_put_int(w, "critics", result.critics);
    results_write_number(w, "promoter_share", result.known, result.promoter_share);
    results_write_number(w, "neutral_share", result.known, result.neutral_share);
    results_write_number(w, "critic_share", result.known, result.critic_share);
    results_write_number(w, "nps", result.known, result.nps);
    results_write_number(w, "nps_exact", result.known, result.nps_exact);
    results_write_number(w, "mean", result.known, result.mean);
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

void results_write_window(struct json_writer *w, const struct window *window, const char *time_zone)
{
    json_object_begin(w, "window");
    put_end(w, "from", window->from_us, SLOTS_OPEN_FROM);
    put_end(w, "to", window->to_us, SLOTS_OPEN_TO);
    json_put_text(w, "time_zone", time_zone);
    json_object_end(w);
}

void results_write_head(struct json_writer *w, const struct inquiry *inquiry)
{
    json_put_text(w, "survey", inquiry->survey->slug);
    results_write_window(w, &inquiry->choice.window, inquiry->query.request.time_zone);
}

void results_write_short(struct json_writer *w, const char *name, const struct nps_counts *counts)
{
    struct nps_result result = nps_compute(counts);

    json_object_begin(w, name);
    json_put_int(w, "responses", result.responses);
    results_write_number(w, "nps_exact", result.known, result.nps_exact);
    json_object_end(w);
}

void results_write_change(struct json_writer *w, const struct nps_change *change)
{
    json_put_number(w, "nps_exact", change->nps_exact, RESULTS_DECIMALS);
    json_put_number(w, "low", change->low, RESULTS_DECIMALS);
    json_put_number(w, "high", change->high, RESULTS_DECIMALS);
    json_put_number(w, "z", change->z, RESULTS_DECIMALS);
    json_put_number(w, "p", change->p, RESULTS_P_DECIMALS);
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
    results_write_change(w, &change);
    json_object_end(w);
}

void results_write_numbers(struct json_writer *w, const struct results_numbers *numbers)
{
    results_write(w, numbers->current, numbers->min_responses);
    if (numbers->compare)
        results_write_comparison(w, numbers->previous, numbers->current);
    json_object_end(w);
}

void results_write_comparison(struct json_writer *w, const struct nps_counts *previous,
                              const struct nps_counts *current)
{
    if (previous) {
        results_write_short(w, "previous", previous);
        put_change(w, previous, current);
    } else {
        json_put_null(w, "previous");
        json_put_null(w, "change");
    }
}
