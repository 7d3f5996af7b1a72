#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "npsd/ingest/batch.h"
#include "spooler_internal.h"

#include <string.h>

enum { ANSWER_SECONDS = 8 };

static struct lane_item *item_of(struct arena *arena, const struct spool_answer *answer)
{
    struct lane_item *item = arena_calloc(arena, 1, sizeof *item);
    item->row = answer->row;
    item->facet_count = answer->facet_count;
    item->deadline_us = clock_monotonic_us() + ANSWER_SECONDS * CLOCK_SECOND_US;
    for (size_t i = 0; i < answer->facet_count; i++)
        item->facets[i] = (struct lane_facet){answer->facets[i].facet, answer->facets[i].value};
    return item;
}

/* Of an answer that was tried: whether it leaves, and why it is kept aside. */
static bool has_ended(const struct spool_answer *answer, const struct lane_item *item,
                      struct spool_end *ret_end)
{
    *ret_end = (struct spool_end){.seq = answer->seq};
    switch (item->outcome) {
    case LANE_CREATED:
    case LANE_REPLAYED:
        return true;
    case LANE_REUSED:
        ret_end->conflict = "key-reused";
        return true;
    case LANE_ERASED: /* the same answer was taken before, and erased since */
        if (memcmp(item->row.hash, answer->row.hash, sizeof answer->row.hash) != 0)
            ret_end->conflict = "erased";
        return true;
    case LANE_REFUSED:
        ret_end->conflict = "refused";
        return true;
    default:
        return false;
    }
}

static void tell_conflict(const struct spool_answer *answer, const char *reason)
{
    char id[UUID_TEXT_SIZE];
    metrics_add(METRIC_SPOOL_CONFLICTS, 1);
    log_error(NULL, "spool-conflict", LOG_TEXT("response", uuid_format(&answer->row.id, id)),
              LOG_TEXT("reason", reason));
}

/* What is being moved: answers, of which some have an item, and how they end. */
struct load {
    struct spool_answer *answers;
    size_t count;
    struct lane_item **items; /* by answer; NULL: cannot be tried */
    struct spool_end *ends;
    size_t end_count;
};

static const char *fault_of(const struct spool_answer *answer,
                            const struct directory_snapshot *directory)
{
    if (answer->unreadable)
        return "unreadable";
    return directory_survey_by_id(directory, answer->row.survey_id) ? NULL : "survey-unknown";
}

static void commit_load(struct spooler *spooler, struct arena *arena, struct load *load,
                        const struct directory_snapshot *directory)
{
    const struct spooler_options *options = &spooler->options;
    struct batch_tools tools = {.pg = spooler->pg,
                                .arena = arena,
                                .values = options->values,
                                .freshness = options->freshness,
                                .hasty = true,
                                .connections = spooler->connections,
                                .numbered_on = spooler->numbered_on};
    struct lane_item **tried = arena_calloc(arena, load->count, sizeof *tried);
    size_t tried_count = 0;
    load->items = arena_calloc(arena, load->count, sizeof *load->items);
    for (size_t i = 0; i < load->count; i++)
        if (!fault_of(&load->answers[i], directory))
            tried[tried_count++] = load->items[i] = item_of(arena, &load->answers[i]);
    batch_settle(&tools, tried, tried_count);
    spooler->connections = tools.connections;
    spooler->numbered_on = tools.numbered_on;
}

static void end_load(struct arena *arena, struct load *load,
                     const struct directory_snapshot *directory)
{
    load->ends = arena_calloc(arena, load->count, sizeof *load->ends);
    for (size_t i = 0; i < load->count; i++) {
        const struct spool_answer *answer = &load->answers[i];
        struct spool_end end = {.seq = answer->seq, .conflict = fault_of(answer, directory)};
        if (load->items[i] && !has_ended(answer, load->items[i], &end))
            continue;
        load->ends[load->end_count++] = end;
        if (end.conflict)
            tell_conflict(answer, end.conflict);
        else
            metrics_add(METRIC_SPOOL_MOVED, 1);
    }
}

enum db_status spooler_move(struct spooler *spooler, struct spool *spool, struct arena *arena,
                            const struct directory_snapshot *directory)
{
    struct load load = {0};
    if (spool_peek(spool, arena, SPOOLER_BATCH, &load.answers, &load.count) != SPOOL_OK)
        return DB_RESOURCES;
    commit_load(spooler, arena, &load, directory);
    end_load(arena, &load, directory);
    if (spool_settle(spool, load.ends, load.end_count) != SPOOL_OK)
        return DB_RESOURCES;
    return load.end_count > 0 || load.count == 0 ? DB_OK : DB_AWAY;
}
