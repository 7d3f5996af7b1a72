#include "npsd/api/results.h"

#include "npsd/api/cut.h"

#include <stdlib.h>

struct driver {
    struct cut cut;
    size_t order; /* of its question */
    struct cut_value value;
    struct nps_result result;
};

struct drivers {
    struct inquiry asked;
    struct nps_counts total;
    struct driver *items;
    size_t count;
};

struct counting {
    const struct call *call;
    struct drivers *drivers;
};

static bool is_driver(const struct survey_question *question)
{
    return question->active && question_is_counted(question);
}

static void add_question(struct counting *counting, const struct cut *cut, size_t order,
                         const struct cut_counts *counts)
{
    struct drivers *drivers = counting->drivers;
    struct driver *items = arena_calloc(counting->call->arena, drivers->count + counts->count,
                                        sizeof(*drivers->items));

    for (size_t i = 0; i < drivers->count; i++)
        items[i] = drivers->items[i];
    for (size_t i = 0; i < counts->count; i++)
        items[drivers->count + i] =
            (struct driver){*cut, order, counts->values[i], nps_compute(counts->values[i].counts)};
    drivers->items = items;
    drivers->count += counts->count;
    drivers->total = counts->total[0];
}

/* A question is a statement of its own; the transaction makes them be of one moment. */
static enum db_status count_questions(struct pg *pg, void *context)
{
    struct counting *counting = context;
    struct drivers *drivers = counting->drivers;
    const struct survey *survey = drivers->asked.survey;
    struct number_query numbers =
        inquiry_numbers(&drivers->asked, &drivers->asked.choice.window, 1);
    size_t questions = 0;

    drivers->count = 0;
    for (size_t i = 0; i < survey->question_count; i++) {
        struct cut cut = cut_by_question(&survey->questions[i]);
        struct cut_counts counts;
        if (!is_driver(cut.question))
            continue;
        enum db_status status = cut_count(counting->call, &cut, &numbers, &counts);
        if (status != DB_OK)
            return status;
        add_question(counting, &cut, i, &counts);
        questions++;
    }
    if (questions > 0)
        return DB_OK;
    return numbers_count(pg, counting->call->arena, &numbers, &drivers->total);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The largest gain first, then by question, then by value. The gain is the share of critics. */
static int compare_drivers(const void *a, const void *b)
{
    const struct driver *x = a, *y = b;
    int by_gain = compare_numbers(y->result.critics, x->result.critics);
    int by_question = compare_numbers((int64_t)x->order, (int64_t)y->order);

    if (by_gain != 0)
        return by_gain;
    return by_question != 0 ? by_question : cut_compare_values(&x->value, &y->value);
}

static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    struct drivers *drivers = (struct drivers *)inquiry;
    struct counting counting = {call, drivers};
    enum db_status status =
        pg_transaction(call->db, "drivers", DB_REPEATABLE_READ, count_questions, &counting);

    (void)errors;
    if (status == DB_OK && drivers->count > 0)
        qsort(drivers->items, drivers->count, sizeof(*drivers->items), compare_drivers);
    return status;
}

static void write_driver(struct json_writer *w, const struct driver *driver, int64_t all)
{
    const struct nps_result *result = &driver->result;

    json_object_begin(w, NULL);
    json_put_text(w, "question", driver->cut.question->id);
    cut_write_value(w, "value", &driver->cut, &driver->value);
    json_put_int(w, "responses", result->responses);
    results_write_share(w, "share", result->responses, all);
    json_put_int(w, "promoters", result->promoters);
    json_put_int(w, "neutrals", result->neutrals);
    json_put_int(w, "critics", result->critics);
    results_write_number(w, "nps", result->known, result->nps);
    results_write_number(w, "nps_exact", result->known, result->nps_exact);
    /* If its critics were neutral, there would be so many points more. */
    results_write_share(w, "gain", result->critics, all);
    json_object_end(w);
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct drivers *drivers = (const struct drivers *)inquiry;
    int64_t all = nps_compute(&drivers->total).responses;

    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
    json_object_begin(w, "total");
    results_write(w, &drivers->total, inquiry->survey->min_responses);
    json_object_end(w);
    json_array_begin(w, "drivers");
    for (size_t i = 0; i < drivers->count; i++)
        write_driver(w, &drivers->items[i], all);
    json_array_end(w);
    json_object_end(w);
}

struct reply results_drivers(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, NULL};
    static const struct inquiry_kind kind = {parameters, NULL, count, write_body};
    struct drivers drivers = {.count = 0};

    return inquiry_reply(call, &kind, &drivers.asked);
}
