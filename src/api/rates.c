#include "npsd/api/displays.h"

#include "npsd/api/cut.h"
#include "npsd/api/results.h"
#include "npsd/store/displays.h"

#include <string.h>

struct rates {
    struct inquiry asked;
    int64_t answered, answered_by[CHANNEL_COUNT];
    struct display_sums sums;
};

/* A display has no facet but its channel. */
static void read_own(const struct call *call, struct inquiry *inquiry,
                     struct problem_errors *errors)
{
    (void)inquiry;
    for (size_t i = 0; i < call->query_count; i++)
        if (strncmp(call->query[i].name, WINDOW_QUERY_PREFIX, strlen(WINDOW_QUERY_PREFIX)) == 0)
            problem_add(errors, "is not known of displays: see by_channel", "%s",
                        call->query[i].name);
}

static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    static const struct cut by_channel = {.facet = SURVEY_FACET_CHANNEL};
    struct rates *rates = (struct rates *)inquiry;
    const struct window *window = &inquiry->choice.window;
    struct number_query numbers = inquiry_numbers(inquiry, window, 1);
    struct cut_counts counts;

    (void)errors;
    enum db_status status = cut_count(call, &by_channel, &numbers, &counts);
    if (status != DB_OK)
        return status;
    rates->answered = nps_compute(counts.total).responses;
    memset(rates->answered_by, 0, sizeof(rates->answered_by));
    for (size_t i = 0; i < counts.count; i++)
        rates->answered_by[counts.values[i].number] =
            nps_compute(counts.values[i].counts).responses;
    return displays_sum(call->db, inquiry->survey->id, window, &rates->sums);
}

static void write_rate(struct json_writer *w, int64_t shown, int64_t dismissed, int64_t answered)
{
    json_put_int(w, "shown", shown);
    json_put_int(w, "dismissed", dismissed);
    json_put_int(w, "answered", answered);
    results_write_share(w, "response_rate", answered, shown);
}

static int64_t sum_of(const int64_t by_channel[static CHANNEL_COUNT])
{
    int64_t sum = 0;

    for (int channel = 0; channel < CHANNEL_COUNT; channel++)
        sum += by_channel[channel];
    return sum;
}

static void write_channels(struct json_writer *w, const struct rates *rates)
{
    json_array_begin(w, "by_channel");
    for (int channel = 0; channel < CHANNEL_COUNT; channel++) {
        int64_t shown = rates->sums.shown[channel], dismissed = rates->sums.dismissed[channel];
        int64_t answered = rates->answered_by[channel];

        if (shown == 0 && dismissed == 0 && answered == 0)
            continue;
        json_object_begin(w, NULL);
        json_put_text(w, "channel", channel_name((enum channel)channel));
        write_rate(w, shown, dismissed, answered);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct rates *rates = (const struct rates *)inquiry;

    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
    write_rate(w, sum_of(rates->sums.shown), sum_of(rates->sums.dismissed), rates->answered);
    write_channels(w, rates);
    json_object_end(w);
}

struct reply rates_get(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, NULL};
    static const struct inquiry_kind kind = {parameters, read_own, count, write_body};
    struct rates rates = {.answered = 0};

    return inquiry_reply(call, &kind, &rates.asked);
}
