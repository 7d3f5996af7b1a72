#include "npsd/ingest/batch.h"

#include "batch_tell.h"
#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "npsd/ingest/spooler.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAUSE_MS = 20 };                /* between tries while an outcome is unknown */
#define HASTE_US (2 * CLOCK_SECOND_US) /* for what others keep: a lock's timeout, then no more */

/* A run of items with different ids, sorted by (survey, id): what one transaction takes. */
struct run {
    struct lane_item **items;
    size_t count;
    bool sent; /* something was sent whose outcome is not known */
    uint64_t numbered_on;
    int64_t began_us;
};

static void set_outcome(struct run *run, enum lane_outcome outcome)
{
    for (size_t i = 0; i < run->count; i++)
        run->items[i]->outcome = outcome;
}

static int compare_ids(const struct answer_row *x, const struct answer_row *y)
{
    if (x->survey_id != y->survey_id)
        return x->survey_id < y->survey_id ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, UUID_SIZE);
}

/* Of two answers with one id the one that came first is the answer. */
static int by_id_and_place(const void *a, const void *b)
{
    const struct lane_item *x = *(struct lane_item *const *)a;
    const struct lane_item *y = *(struct lane_item *const *)b;
    int order = compare_ids(&x->row, &y->row);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static const struct answer_row **run_rows(struct arena *arena, const struct run *run)
{
    const struct answer_row **rows = arena_alloc(arena, run->count * sizeof *rows);
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
    memcpy(item->row.hash, found->hash, sizeof item->row.hash);
}

/* Whoever is at the other end now, values are numbered as it has them. */
static void meet_server(struct batch_tools *tools)
{
    if (pg_connect(tools->pg) != DB_OK || pg_connections(tools->pg) == tools->numbered_on)
        return;
    if (tools->numbered_on != 0)
        values_forget(tools->values);
    tools->numbered_on = pg_connections(tools->pg);
}

static void place_facet(struct answer_row *row, int facet, int32_t value)
{
    if (facet == SURVEY_FACET_AGENT)
        row->agent = value;
    else
        row->facets[facet - SURVEY_FACET_FIRST] = value;
}

/* Gives the item's facets their numbers. The database is asked for what is not known, unless it
 * has failed already. */
static enum db_status number_facets(struct batch_tools *tools, struct lane_item *item, bool failed)
{
    for (size_t i = 0; i < item->facet_count; i++) {
        const struct lane_facet *facet = &item->facets[i];
        int32_t value;
        enum db_status status = DB_OK;
        if (!values_find(tools->values, item->row.survey_id, facet->facet, facet->value, &value))
            status = failed ? DB_AWAY
                            : values_resolve(tools->values, tools->pg, item->row.survey_id,
                                             facet->facet, facet->value, &value);
        if (status != DB_OK)
            return status;
        place_facet(&item->row, facet->facet, value);
    }
    return DB_OK;
}

/* Before a try by another connection than the one by which the run's values got their numbers. */
static enum db_status number_again(struct batch_tools *tools, struct run *run)
{
    enum db_status status = DB_OK;
    meet_server(tools);
    if (run->numbered_on == tools->numbered_on)
        return DB_OK;
    for (size_t i = 0; status == DB_OK && i < run->count; i++)
        status = number_facets(tools, run->items[i], false);
    if (status == DB_OK)
        run->numbered_on = tools->numbered_on;
    return status;
}

/* With an arena of its own, because a run may be tried hundreds of times. */
static enum db_status run_carefully(struct batch_tools *tools, struct run *run)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct answer_found *found = arena_calloc(&arena, run->count, sizeof *found);
    metrics_add(METRIC_CAREFUL, 1);
    enum db_status status =
        answers_append_carefully(tools->pg, &arena, run_rows(&arena, run), run->count, found);
    if (status == DB_OK)
        for (size_t i = 0; i < run->count; i++)
            take_found(run->items[i], &found[i], run->sent);
    arena_done(&arena);
    return status;
}

static int64_t run_deadline(const struct batch_tools *tools, const struct run *run)
{
    int64_t deadline = 0;
    for (size_t i = 0; i < run->count; i++)
        if (run->items[i]->deadline_us > deadline)
            deadline = run->items[i]->deadline_us;
    int64_t soon = run->began_us + HASTE_US;
    return tools->hasty && soon < deadline ? soon : deadline;
}

/* What was not sent: whether the database is away, or not what it must be. */
static enum lane_outcome unsent_outcome(enum db_status status)
{
    return status == DB_SCHEMA || status == DB_UNSAFE ? LANE_UNFIT : LANE_UNAVAILABLE;
}

static void give_up(struct batch_tools *tools, struct run *run, enum db_status status)
{
    enum lane_outcome outcome = run->sent ? LANE_UNKNOWN : unsent_outcome(status);
    log_error(NULL, run->sent ? "ingest-outcome-unknown" : "ingest-failed",
              LOG_TEXT("status", db_status_name(status)), LOG_TEXT("error", pg_error(tools->pg)),
              LOG_NUMBER("answers", (int64_t)run->count));
    set_outcome(run, outcome);
}

/* Nothing more can be done now with this status, unless something was sent: then its outcome is
 * worth waiting for, if nobody else keeps the answers. */
static bool is_hopeless(enum db_status status)
{
    return status != DB_LOST && status != DB_RETRY && status != DB_CONFLICT;
}

static void settle(struct batch_tools *tools, struct run *run, enum db_status status);

/* PostgreSQL refused a value: each half by itself, until the bad row is alone. */
static void settle_halves(struct batch_tools *tools, const struct run *run)
{
    struct run first = *run, second = *run;
    first.count = run->count / 2;
    second.count = run->count - first.count;
    second.items = run->items + first.count;
    settle(tools, &first, DB_CONFLICT);
    settle(tools, &second, DB_CONFLICT);
}

static void refuse(struct batch_tools *tools, struct run *run)
{
    log_warning(NULL, "row-refused", LOG_TEXT("sqlstate", pg_sqlstate(tools->pg)));
    set_outcome(run, LANE_REFUSED);
}

static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

/* The careful way, again and again until the outcome of every item is known or may not be waited
 * for. status is what sends the run here. */
static void settle(struct batch_tools *tools, struct run *run, enum db_status status)
{
    int64_t deadline = run_deadline(tools, run);
    for (bool first = true; status != DB_OK; first = false) {
        run->sent |= status == DB_LOST;
        if (status == DB_REFUSED) {
            if (run->count == 1)
                refuse(tools, run);
            else
                settle_halves(tools, run);
            return;
        }
        if ((is_hopeless(status) && (tools->hasty || !run->sent)) ||
            clock_monotonic_us() >= deadline) {
            give_up(tools, run, status);
            return;
        }
        /* There is nothing to wait for when the fast way has met a conflict. */
        if (!first || status != DB_CONFLICT)
            pause_shortly();
        status = number_again(tools, run);
        if (status == DB_OK)
            status = run_carefully(tools, run);
    }
}

static void run_commit(struct batch_tools *tools, struct run *run)
{
    uint64_t xid;
    run->began_us = clock_monotonic_us();
    enum db_status status =
        answers_append(tools->pg, tools->arena, run_rows(tools->arena, run), run->count, &xid);
    if (status == DB_OK) {
        set_outcome(run, LANE_CREATED);
        batch_tell_arrivals(tools, run->items, run->count, xid);
    } else {
        tools->arrivals_only = false;
        settle(tools, run, status);
    }
    metrics_observe(METRIC_BATCH_SIZE, run->count);
    metrics_observe(METRIC_COMMIT, (uint64_t)(clock_monotonic_us() - run->began_us));
}

/* Numbers the facets of all. What cannot be numbered is dropped, the others move to the front; once
 * the database has failed, items with values that are not known are not waited for. */
static size_t number_all(struct batch_tools *tools, struct lane_item **items, size_t count)
{
    size_t kept = 0;
    bool failed = false;
    meet_server(tools);
    for (size_t i = 0; i < count; i++) {
        enum db_status status = number_facets(tools, items[i], failed);
        if (status == DB_OK) {
            items[kept++] = items[i];
            continue;
        }
        items[i]->outcome = status == DB_REFUSED ? LANE_REFUSED : unsent_outcome(status);
        if (!failed)
            log_error(NULL, "facet-value-failed", LOG_TEXT("status", db_status_name(status)),
                      LOG_TEXT("error", pg_error(tools->pg)));
        failed |= status != DB_REFUSED;
    }
    return kept;
}

/* Drops what waited too long; the others move to the front. */
static size_t drop_expired(struct lane_item **items, size_t count)
{
    int64_t now = clock_monotonic_us();
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i]->deadline_us <= now)
            items[i]->outcome = LANE_EXPIRED;
        else
            items[kept++] = items[i];
    }
    return kept;
}

/* Moves repeated ids behind the others, both in order; returns how many ids there are. */
static size_t part_repeats(struct arena *arena, struct lane_item **items, size_t count)
{
    struct lane_item **repeats = NULL;
    size_t unique = 0, repeated = 0;
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || compare_ids(&items[unique - 1]->row, &items[i]->row) != 0) {
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

static bool is_there(enum lane_outcome outcome)
{
    return outcome == LANE_CREATED || outcome == LANE_REPLAYED || outcome == LANE_REUSED;
}

/* What a repeat meets follows from what the answer before it has met. False: it may be taken where
 * the other was refused, so it must be tried. */
static bool answer_repeat(const struct lane_item *before, struct lane_item *item)
{
    item->outcome = before->outcome;
    if (is_there(before->outcome)) {
        bool same = memcmp(before->row.hash, item->row.hash, sizeof item->row.hash) == 0;
        item->outcome = same ? LANE_REPLAYED : LANE_REUSED;
        item->row.received_us = before->row.received_us;
        memcpy(item->row.hash, before->row.hash, sizeof item->row.hash);
    }
    return before->outcome != LANE_REFUSED;
}

/* Answers the repeats of a run's items. Those that must be tried move to the front. */
static size_t answer_repeats(const struct run *run, struct lane_item **repeats, size_t count)
{
    size_t kept = 0, at = 0; /* both are sorted */
    for (size_t i = 0; i < count; i++) {
        while (compare_ids(&run->items[at]->row, &repeats[i]->row) != 0)
            at++;
        if (!answer_repeat(run->items[at], repeats[i]))
            repeats[kept++] = repeats[i];
    }
    return kept;
}

_Static_assert(METRIC_CREATED_IMPORT - METRIC_CREATED == CHANNEL_IMPORT,
               "a counter for each channel, in their order");

static void count_outcomes(struct lane_item *const *items, size_t count)
{
    static const enum metric_counter counters[] = {
        [LANE_CREATED] = METRIC_CREATED,        [LANE_REPLAYED] = METRIC_REPLAYED,
        [LANE_REUSED] = METRIC_REUSED,          [LANE_ERASED] = METRIC_REPLAYED,
        [LANE_REFUSED] = METRIC_POISON,         [LANE_UNAVAILABLE] = METRIC_UNAVAILABLE,
        [LANE_UNFIT] = METRIC_UNAVAILABLE,      [LANE_UNKNOWN] = METRIC_UNKNOWN,
        [LANE_EXPIRED] = METRIC_REJECTED,       [LANE_SPOOLED] = METRIC_SPOOLED,
        [LANE_SPOOLED_AGAIN] = METRIC_REPLAYED,
    };
    for (size_t i = 0; i < count; i++) {
        bool created = items[i]->outcome == LANE_CREATED;
        metrics_add(counters[items[i]->outcome] + (created ? items[i]->row.channel : 0), 1);
    }
}

/* rest is the batch's own list. */
static void settle_all(struct batch_tools *tools, struct lane_item **rest, size_t count)
{
    tools->arrivals_only = true;
    for (size_t i = 0; i < count; i++)
        rest[i]->place = i;
    size_t left = drop_expired(rest, count);
    left = number_all(tools, rest, left);
    left = drop_expired(rest, left); /* numbering may have taken its time */
    qsort(rest, left, sizeof *rest, by_id_and_place);
    while (left > 0) {
        struct run run = {.items = rest,
                          .count = part_repeats(tools->arena, rest, left),
                          .numbered_on = tools->numbered_on};
        run_commit(tools, &run);
        rest += run.count;
        left = answer_repeats(&run, rest, left - run.count);
    }
}

void batch_settle(struct batch_tools *tools, struct lane_item *const *items, size_t count)
{
    settle_all(tools, arena_memdup(tools->arena, items, count * sizeof *items), count);
    batch_tell_committed(tools, items, count);
}

void batch_commit(struct batch_tools *tools, struct lane_item *const *items, size_t count)
{
    struct lane_item **rest = arena_memdup(tools->arena, items, count * sizeof *items);
    size_t left = spooler_meet(tools->spooler, rest, count);
    settle_all(tools, rest, left);
    batch_tell_committed(tools, items, count);
    spooler_take(tools->spooler, tools->arena, items, count);
    count_outcomes(items, count);
}
