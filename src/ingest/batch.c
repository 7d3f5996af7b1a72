#include "npsd/ingest/batch.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAUSE_MS = 20 }; /* between tries while an outcome is unknown */

/* A run of items with different ids, sorted by (survey, id): what one transaction takes. */
struct run {
    struct lane_item **items;
    size_t count;
    bool sent; /* something was sent whose outcome is not known */
};

static void set_outcome(struct run *run, enum lane_outcome outcome)
{
    for (size_t i = 0; i < run->count; i++)
        run->items[i]->outcome = outcome;
}

static int by_survey_and_id(const void *a, const void *b)
{
    const struct answer_row *x = &(*(struct lane_item *const *)a)->row;
    const struct answer_row *y = &(*(struct lane_item *const *)b)->row;
    if (x->survey_id != y->survey_id)
        return x->survey_id < y->survey_id ? -1 : 1;
    int order = memcmp(x->id.bytes, y->id.bytes, UUID_SIZE);
    /* Of two answers with one id the one that came first is the answer. */
    return order != 0 ? order
                      : (x->received_us > y->received_us) - (x->received_us < y->received_us);
}

static bool same_id(const struct lane_item *a, const struct lane_item *b)
{
    return a->row.survey_id == b->row.survey_id &&
           memcmp(a->row.id.bytes, b->row.id.bytes, UUID_SIZE) == 0;
}

static const struct answer_row **run_rows(struct batch_tools *tools, const struct run *run)
{
    const struct answer_row **rows = arena_alloc(tools->arena, run->count * sizeof *rows);
    for (size_t i = 0; i < run->count; i++)
        rows[i] = &run->items[i]->row;
    return rows;
}

static void take_found(struct lane_item *item, const struct answer_found *found, bool sent)
{
    static const enum lane_outcome outcomes[] = {
        [ANSWER_CREATED] = LANE_CREATED,
        [ANSWER_REPLAYED] = LANE_REPLAYED,
        [ANSWER_REUSED] = LANE_REUSED,
        [ANSWER_ERASED] = LANE_ERASED,
    };
    item->outcome = outcomes[found->outcome];
    /* What is there with our own time of receipt is what our lost try had written. */
    if (sent && found->outcome == ANSWER_REPLAYED && found->received_us == item->row.received_us)
        item->outcome = LANE_CREATED;
    item->row.received_us = found->received_us;
}

static enum db_status run_carefully(struct batch_tools *tools, struct run *run)
{
    struct answer_found *found = arena_calloc(tools->arena, run->count, sizeof *found);
    metrics_add(METRIC_CAREFUL, 1);
    enum db_status status =
        answers_append_carefully(tools->pg, tools->arena, run_rows(tools, run), run->count, found);
    if (status == DB_OK)
        for (size_t i = 0; i < run->count; i++)
            take_found(run->items[i], &found[i], run->sent);
    return status;
}

static int64_t run_deadline(const struct run *run)
{
    int64_t deadline = 0;
    for (size_t i = 0; i < run->count; i++)
        if (run->items[i]->deadline_us > deadline)
            deadline = run->items[i]->deadline_us;
    return deadline;
}

static void give_up(struct batch_tools *tools, struct run *run, enum db_status status)
{
    enum lane_outcome outcome = run->sent ? LANE_UNKNOWN : LANE_UNAVAILABLE;
    log_error(NULL, run->sent ? "ingest-outcome-unknown" : "ingest-failed",
              LOG_TEXT("status", db_status_name(status)), LOG_TEXT("error", pg_error(tools->pg)),
              LOG_NUMBER("answers", (int64_t)run->count));
    set_outcome(run, outcome);
}

/* Nothing more can be done now with this status, unless something was sent: then its outcome is
 * worth waiting for. */
static bool is_hopeless(enum db_status status)
{
    return status != DB_LOST && status != DB_RETRY && status != DB_CONFLICT;
}

static void settle(struct batch_tools *tools, struct run *run, enum db_status status);

/* PostgreSQL refused a value: each row alone, so that only the bad one fails. */
static void settle_alone(struct batch_tools *tools, struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct run alone = {.items = &run->items[i], .count = 1, .sent = run->sent};
        settle(tools, &alone, DB_CONFLICT);
    }
}

static void refuse(struct batch_tools *tools, struct run *run)
{
    log_warning(NULL, "row-refused", LOG_TEXT("sqlstate", pg_sqlstate(tools->pg)));
    set_outcome(run, LANE_REFUSED);
}

/* The careful way, again and again until the outcome of every item is known or may not be waited
 * for. */
static void settle(struct batch_tools *tools, struct run *run, enum db_status status)
{
    int64_t deadline = run_deadline(run);
    while (status != DB_OK) {
        run->sent |= status == DB_LOST;
        if (status == DB_REFUSED) {
            if (run->count == 1)
                refuse(tools, run);
            else
                settle_alone(tools, run);
            return;
        }
        if ((is_hopeless(status) && !run->sent) || clock_monotonic_us() >= deadline) {
            give_up(tools, run, status);
            return;
        }
        if (status != DB_CONFLICT)
            nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        status = run_carefully(tools, run);
    }
}

static void run_commit(struct batch_tools *tools, struct run *run)
{
    int64_t began = clock_monotonic_us();
    enum db_status status =
        answers_append(tools->pg, tools->arena, run_rows(tools, run), run->count);
    if (status == DB_OK)
        set_outcome(run, LANE_CREATED);
    else
        settle(tools, run, status);
    metrics_observe(METRIC_BATCH_SIZE, run->count);
    metrics_observe(METRIC_COMMIT, (uint64_t)(clock_monotonic_us() - began));
}

static void place_facet(struct answer_row *row, int facet, int32_t value)
{
    if (facet == SURVEY_FACET_AGENT)
        row->agent = value;
    else
        row->facets[facet - SURVEY_FACET_FIRST] = value;
}

/* Gives the item's facets their numbers; false if the database would not say. */
static bool number_facets(struct batch_tools *tools, struct lane_item *item)
{
    for (size_t i = 0; i < item->facet_count; i++) {
        const struct lane_facet *facet = &item->facets[i];
        int32_t value;
        if (!values_find(tools->values, item->row.survey_id, facet->facet, facet->value, &value)) {
            enum db_status status = values_resolve(tools->values, tools->pg, item->row.survey_id,
                                                   facet->facet, facet->value, &value);
            if (status != DB_OK) {
                log_error(NULL, "facet-value-failed", LOG_TEXT("status", db_status_name(status)),
                          LOG_TEXT("error", pg_error(tools->pg)));
                return false;
            }
        }
        place_facet(&item->row, facet->facet, value);
    }
    return true;
}

/* Drops what waited too long or cannot be numbered; the others move to the front. */
static size_t keep_ready(struct batch_tools *tools, struct lane_item **items, size_t count)
{
    int64_t now = clock_monotonic_us();
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct lane_item *item = items[i];
        if (item->deadline_us <= now)
            item->outcome = LANE_EXPIRED;
        else if (!number_facets(tools, item))
            item->outcome = LANE_UNAVAILABLE;
        else
            items[kept++] = item;
    }
    return kept;
}

/* Moves repeated ids behind the others, both in order; returns how many ids there are. */
static size_t part_repeats(struct arena *arena, struct lane_item **items, size_t count)
{
    struct lane_item **repeats = NULL;
    size_t unique = 0, repeated = 0;
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || !same_id(items[unique - 1], items[i])) {
            items[unique++] = items[i];
            continue;
        }
        if (!repeats)
            repeats = arena_alloc(arena, count * sizeof *repeats);
        repeats[repeated++] = items[i];
    }
    if (repeated > 0)
        memcpy(items + unique, repeats, repeated * sizeof *items);
    return unique;
}

static void count_outcomes(struct lane_item *const *items, size_t count)
{
    static const enum metric_counter counters[] = {
        [LANE_CREATED] = METRIC_CREATED, [LANE_REPLAYED] = METRIC_REPLAYED,
        [LANE_REUSED] = METRIC_REUSED,   [LANE_ERASED] = METRIC_REPLAYED,
        [LANE_REFUSED] = METRIC_POISON,  [LANE_UNAVAILABLE] = METRIC_UNAVAILABLE,
        [LANE_UNKNOWN] = METRIC_UNKNOWN, [LANE_EXPIRED] = METRIC_REJECTED,
    };
    for (size_t i = 0; i < count; i++)
        metrics_add(counters[items[i]->outcome], 1);
}

void batch_commit(struct batch_tools *tools, struct lane_item *const *items, size_t count)
{
    struct lane_item **rest = arena_memdup(tools->arena, items, count * sizeof *items);
    size_t left = keep_ready(tools, rest, count);
    qsort(rest, left, sizeof *rest, by_survey_and_id);
    while (left > 0) {
        size_t unique = part_repeats(tools->arena, rest, left);
        struct run run = {.items = rest, .count = unique};
        run_commit(tools, &run);
        rest += unique;
        left -= unique;
    }
    count_outcomes(items, count);
}
