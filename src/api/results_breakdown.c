#include "npsd/api/results.h"

#include "npsd/api/cut.h"
#include "npsd/domain/comparisons.h"

#include <stdlib.h>

enum { MIN_GROUP_MAX = 1000000, NOW = 0, BEFORE = 1 };

struct row {
    const struct cut_value *value;
    int64_t responses;
    struct comparison comparison;
};

struct breakdown {
    struct inquiry asked;
    const char *by;
    struct cut cut;
    int64_t min_group;
    bool compare;
    const struct nps_counts *total; /* NOW, and BEFORE if there is a window before */
    struct row *rows;               /* those that are shown */
    size_t row_count, comparisons;
    int64_t hidden_values, hidden_responses;
};

static void read_own(const struct call *call, struct inquiry *inquiry,
                     struct problem_errors *errors)
{
    struct breakdown *breakdown = (struct breakdown *)inquiry;

    breakdown->by = call_query(call, "by");
    cut_find(inquiry->survey, "by", breakdown->by, &breakdown->cut, errors);
    call_query_int(call, "min_group", 0, MIN_GROUP_MAX, &breakdown->min_group, errors);
    breakdown->compare = inquiry_read_compare(call, errors);
}

/* Largest first, then by value. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->responses != y->responses)
        return x->responses < y->responses ? 1 : -1;
    return cut_compare_values(x->value, y->value);
}

static void take_rows(struct breakdown *breakdown, struct arena *arena,
                      const struct cut_counts *counts)
{
    breakdown->rows = arena_calloc(arena, counts->count, sizeof(*breakdown->rows));
    breakdown->row_count = 0;
    breakdown->hidden_values = breakdown->hidden_responses = 0;
    for (size_t i = 0; i < counts->count; i++) {
        const struct cut_value *value = &counts->values[i];
        int64_t responses = nps_compute(&value->counts[NOW]).responses;
        if (responses >= breakdown->min_group) {
            breakdown->rows[breakdown->row_count++] =
                (struct row){.value = value, .responses = responses};
        } else {
            breakdown->hidden_values++;
            breakdown->hidden_responses += responses;
        }
    }
    if (breakdown->row_count > 0)
        qsort(breakdown->rows, breakdown->row_count, sizeof(*breakdown->rows), compare_rows);
}

static void compare_with_rest(struct breakdown *breakdown, struct arena *arena)
{
    struct comparison **known = arena_calloc(arena, breakdown->row_count, sizeof(*known));
    size_t count = 0;

    for (size_t i = 0; i < breakdown->row_count; i++) {
        struct row *row = &breakdown->rows[i];
        row->comparison = comparison_with_rest(&breakdown->total[NOW], &row->value->counts[NOW]);
        if (row->comparison.change.known)
            known[count++] = &row->comparison;
    }
    comparisons_correct(known, count);
    breakdown->comparisons = count;
}

static enum db_status count(const struct call *call, struct inquiry *inquiry,
                            struct problem_errors *errors)
{
    struct breakdown *breakdown = (struct breakdown *)inquiry;
    struct window windows[2];
    size_t window_count = inquiry_windows(inquiry, breakdown->compare, windows);
    struct number_query numbers = inquiry_numbers(inquiry, windows, window_count);
    struct cut_counts counts;

    (void)errors;
    enum db_status status = cut_count(call, &breakdown->cut, &numbers, &counts);
    if (status != DB_OK)
        return status;
    breakdown->total = counts.total;
    take_rows(breakdown, call->arena, &counts);
    compare_with_rest(breakdown, call->arena);
    return DB_OK;
}

static void write_counts(struct json_writer *w, const struct breakdown *breakdown,
                         const struct nps_counts *counts)
{
    const struct inquiry *asked = &breakdown->asked;

    results_write(w, &counts[NOW], asked->survey->min_responses);
    if (breakdown->compare)
        results_write_comparison(w, asked->choice.has_previous ? &counts[BEFORE] : NULL,
                                 &counts[NOW]);
}

static void write_difference(struct json_writer *w, const struct comparison *comparison)
{
    if (!comparison->change.known) {
        json_put_null(w, "difference");
        return;
    }
    json_object_begin(w, "difference");
    results_write_change(w, &comparison->change);
    json_put_number(w, "p_adjusted", comparison->p_adjusted, RESULTS_P_DECIMALS);
    json_put_bool(w, "differs", comparison->differs);
    json_object_end(w);
}

static void write_row(struct json_writer *w, const struct breakdown *breakdown,
                      const struct row *row)
{
    json_object_begin(w, NULL);
    cut_write_value(w, "value", &breakdown->cut, row->value);
    write_counts(w, breakdown, row->value->counts);
    results_write_short(w, "rest", &row->comparison.rest);
    write_difference(w, &row->comparison);
    json_object_end(w);
}

static void write_notes(struct json_writer *w, const struct breakdown *breakdown)
{
    json_object_begin(w, "hidden");
    json_put_int(w, "values", breakdown->hidden_values);
    json_put_int(w, "responses", breakdown->hidden_responses);
    json_object_end(w);
    json_object_begin(w, "correction");
    json_put_text(w, "method", "holm");
    json_put_number(w, "level", COMPARISONS_LEVEL, RESULTS_DECIMALS);
    json_put_int(w, "comparisons", (int64_t)breakdown->comparisons);
    json_object_end(w);
}

static void write_body(struct json_writer *w, const struct inquiry *inquiry)
{
    const struct breakdown *breakdown = (const struct breakdown *)inquiry;

    json_object_begin(w, NULL);
    results_write_head(w, inquiry);
    json_put_text(w, "by", breakdown->by);
    json_put_int(w, "min_group", breakdown->min_group);
    json_object_begin(w, "total");
    write_counts(w, breakdown, breakdown->total);
    json_object_end(w);
    json_array_begin(w, "values");
    for (size_t i = 0; i < breakdown->row_count; i++)
        write_row(w, breakdown, &breakdown->rows[i]);
    json_array_end(w);
    write_notes(w, breakdown);
    json_object_end(w);
}

struct reply results_breakdown(struct call *call)
{
    static const char *const parameters[] = {WINDOW_QUERY_NAMES, "by", "min_group", "compare",
                                             NULL};
    static const struct inquiry_kind kind = {parameters, read_own, count, write_body};
    struct breakdown breakdown = {.min_group = 0};

    return inquiry_reply(call, &kind, &breakdown.asked);
}
