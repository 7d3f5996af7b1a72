#include "batch_tell.h"

#include <string.h>

static struct arrival arrival_of(const struct answer_row *row, uint64_t xid)
{
    struct arrival arrival = {.xid = xid,
                              .answered_us = row->answered_us,
                              .survey_id = row->survey_id,
                              .agent = row->agent,
                              .channel = (int16_t)row->channel,
                              .score = (int16_t)row->score};
    memcpy(arrival.facets, row->facets, sizeof arrival.facets);
    return arrival;
}

/* Before its arrivals can be seen, so that a query which missed them is not remembered in place of
 * a number that has them. */
static void move_surveys(struct freshness *freshness, struct lane_item *const *items, size_t count)
{
    int32_t moved = 0; /* no survey's id */
    for (size_t i = 0; i < count; i++)
        if (items[i]->row.survey_id != moved) {
            moved = items[i]->row.survey_id;
            freshness_move_on(freshness, moved);
        }
}

void batch_tell_arrivals(struct batch_tools *tools, struct lane_item *const *items, size_t count,
                         uint64_t xid)
{
    if (!tools->freshness)
        return;
    if (pg_connections(tools->pg) != tools->connections)
        freshness_move_all(tools->freshness);
    tools->connections = pg_connections(tools->pg);
    struct arrival *arrivals = arena_alloc(tools->arena, count * sizeof *arrivals);
    size_t counted = 0;
    for (size_t i = 0; i < count; i++)
        if (!items[i]->row.set_aside)
            arrivals[counted++] = arrival_of(&items[i]->row, xid);
    if (counted > 0 && xid == 0) {
        tools->arrivals_only = false;
        return;
    }
    move_surveys(tools->freshness, items, count);
    arrivals_add(freshness_arrivals(tools->freshness), arrivals, counted);
}

static bool is_committed(enum lane_outcome outcome)
{
    return outcome == LANE_CREATED || outcome == LANE_REPLAYED;
}

void batch_tell_committed(const struct batch_tools *tools, struct lane_item *const *items,
                          size_t count)
{
    int32_t told = 0; /* no survey's id */
    for (size_t i = 0; tools->freshness && i < count; i++)
        if (is_committed(items[i]->outcome) && items[i]->row.survey_id != told) {
            told = items[i]->row.survey_id;
            if (tools->arrivals_only)
                freshness_move_on(tools->freshness, told);
            else
                freshness_move(tools->freshness, told);
        }
}
