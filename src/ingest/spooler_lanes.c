#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "spooler_internal.h"

#include <string.h>

enum { DERIVED = 8 }; /* the version of ids that come from a key */

struct spool *spooler_spool(const struct spooler *spooler)
{
    return spooler && atomic_load(&spooler->belongs) ? atomic_load(&spooler->spool) : NULL;
}

static bool has_key(const struct lane_item *item)
{
    return item->row.id.bytes[6] >> 4 == DERIVED;
}

/* The spool's answer to an item whose id is there. */
static void take_found(struct lane_item *item, const struct spool_found *found)
{
    static const enum lane_outcome outcomes[] = {
        [SPOOL_ADDED] = LANE_SPOOLED,
        [SPOOL_SAME] = LANE_SPOOLED_AGAIN,
        [SPOOL_OTHER] = LANE_REUSED,
    };
    item->outcome = outcomes[found->met];
    item->row.received_us = found->received_us;
    memcpy(item->row.hash, found->hash, sizeof item->row.hash);
}

static bool is_in_spool(struct spool *spool, struct lane_item *item)
{
    struct spool_found found;
    bool there = false;
    if (!has_key(item) || spool_find(spool, item->row.survey_id, &item->row.id, &there, &found) ||
        !there)
        return false;
    found.met =
        memcmp(found.hash, item->row.hash, sizeof found.hash) == 0 ? SPOOL_SAME : SPOOL_OTHER;
    take_found(item, &found);
    return true;
}

static size_t meet_away(struct lane_item **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i]->outcome = LANE_UNAVAILABLE;
    return 0;
}

size_t spooler_meet(struct spooler *spooler, struct lane_item **items, size_t count)
{
    struct spool *spool = spooler_spool(spooler);
    if (!spool)
        return count;
    atomic_fetch_add(&spooler->live, 1);
    if (atomic_load(&spooler->away))
        return meet_away(items, count);
    if (spool_state(spool).waiting == 0)
        return count;
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_in_spool(spool, items[i]))
            items[left++] = items[i];
    return left;
}

static bool is_for_spool(enum lane_outcome outcome)
{
    return outcome == LANE_UNAVAILABLE || outcome == LANE_UNKNOWN || outcome == LANE_EXPIRED;
}

static struct spool_answer *answer_of(struct arena *arena, const struct lane_item *item)
{
    struct spool_answer *answer = arena_calloc(arena, 1, sizeof *answer);
    answer->row = item->row;
    answer->facet_count = item->facet_count;
    for (size_t i = 0; i < item->facet_count; i++)
        answer->facets[i] = (struct spool_facet){item->facets[i].facet, item->facets[i].value};
    return answer;
}

/* The disk did not take them. unknown: perhaps it did. */
static void tell_failed(struct spool *spool, struct lane_item **items, size_t count, bool unknown)
{
    char error[SPOOL_ERROR_SIZE];
    metrics_add(METRIC_SPOOL_REFUSED, count);
    log_error(NULL, "spool-failed", LOG_TEXT("error", spool_error(spool, error)),
              LOG_NUMBER("answers", (int64_t)count));
    for (size_t i = 0; unknown && i < count; i++)
        items[i]->outcome = LANE_UNKNOWN;
}

static void take_all(struct spool *spool, struct arena *arena, struct lane_item **items,
                     size_t count)
{
    const struct spool_answer **answers = arena_calloc(arena, count, sizeof *answers);
    struct spool_found *found = arena_calloc(arena, count, sizeof *found);
    bool unknown = false;
    for (size_t i = 0; i < count; i++)
        answers[i] = answer_of(arena, items[i]);
    if (spool_add(spool, answers, count, found, &unknown) != SPOOL_OK) {
        tell_failed(spool, items, count, unknown);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (found[i].met != SPOOL_NO_ROOM)
            take_found(items[i], &found[i]);
        else
            metrics_add(METRIC_SPOOL_REFUSED, 1);
}

void spooler_take(struct spooler *spooler, struct arena *arena, struct lane_item *const *items,
                  size_t count)
{
    struct spool *spool = spooler_spool(spooler);
    if (!spool)
        return;
    struct lane_item **taken = arena_calloc(arena, count, sizeof *taken);
    size_t taken_count = 0;
    bool away = false;
    for (size_t i = 0; i < count; i++)
        if (is_for_spool(items[i]->outcome)) {
            /* What expired tells of a slow database, not of one that is away. */
            away |= items[i]->outcome != LANE_EXPIRED;
            taken[taken_count++] = items[i];
        }
    if (taken_count == 0)
        return;
    if (away && !atomic_exchange(&spooler->away, true))
        log_warning(NULL, "spooling");
    take_all(spool, arena, taken, taken_count);
    spooler_wake(spooler);
}

struct spooler_state spooler_state(const struct spooler *spooler)
{
    if (!spooler)
        return (struct spooler_state){.use = SPOOLER_OFF};
    const struct spool *spool = atomic_load(&spooler->spool);
    if (!spool)
        return (struct spooler_state){.use = SPOOLER_LOCKED};
    struct spooler_state state = {.away = atomic_load(&spooler->away), .spool = spool_state(spool)};
    if (!atomic_load(&spooler->belongs))
        state.use = SPOOLER_FOREIGN;
    else if (state.spool.broken)
        state.use = SPOOLER_BROKEN;
    else
        state.use = state.spool.full ? SPOOLER_FULL : SPOOLER_GOOD;
    return state;
}

bool spooler_holds(struct spooler *spooler, int32_t survey_id, const struct uuid *id)
{
    struct spool *spool = spooler_spool(spooler);
    struct spool_found found;
    bool there = false;
    return spool && spool_state(spool).waiting > 0 &&
           spool_find(spool, survey_id, id, &there, &found) == SPOOL_OK && there;
}
