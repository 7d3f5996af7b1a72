#include "npsd/ingest/display_meter.h"

#include "npsd/base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 2 * DISPLAY_METER_CELLS };

struct display_meter {
    pthread_mutex_t mutex; /* guards the rest */
    struct display_count cells[DISPLAY_METER_CELLS];
    size_t count;
    uint16_t places[PLACES]; /* an open hash table: 0 is free, else the number of a cell + 1 */
    int64_t dropped;
};

struct display_meter *display_meter_new(void)
{
    struct display_meter *meter = calloc(1, sizeof *meter);
    if (meter)
        pthread_mutex_init(&meter->mutex, NULL);
    return meter;
}

void display_meter_free(struct display_meter *meter)
{
    if (!meter)
        return;
    pthread_mutex_destroy(&meter->mutex);
    free(meter);
}

static size_t place_of(const struct display_count *count)
{
    uint64_t hash = (uint32_t)count->survey_id * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= ((uint64_t)(uint32_t)count->slot << 8 | count->channel) * UINT64_C(0xBF58476D1CE4E5B9);
    return (size_t)(hash >> 32) % PLACES;
}

static bool is_same(const struct display_count *a, const struct display_count *b)
{
    return a->survey_id == b->survey_id && a->channel == b->channel && a->slot == b->slot;
}

/* Needs the mutex. */
static void add(struct display_meter *meter, const struct display_count *count)
{
    size_t place = place_of(count);
    for (; meter->places[place]; place = (place + 1) % PLACES) {
        struct display_count *cell = &meter->cells[meter->places[place] - 1];
        if (is_same(cell, count)) {
            cell->shown += count->shown;
            cell->dismissed += count->dismissed;
            return;
        }
    }
    if (meter->count == DISPLAY_METER_CELLS) {
        meter->dropped += count->shown + count->dismissed;
        return;
    }
    meter->cells[meter->count++] = *count;
    meter->places[place] = (uint16_t)meter->count;
}

static void add_one(struct display_meter *meter, const struct display_count *count)
{
    pthread_mutex_lock(&meter->mutex);
    add(meter, count);
    pthread_mutex_unlock(&meter->mutex);
}

void display_meter_shown(struct display_meter *meter, int32_t survey_id, enum channel channel,
                         int64_t at_us)
{
    add_one(meter, &(struct display_count){.survey_id = survey_id,
                                           .channel = channel,
                                           .slot = slot_of(SLOT_QUARTER, at_us),
                                           .shown = 1});
}

void display_meter_dismissed(struct display_meter *meter, int32_t survey_id, enum channel channel,
                             int64_t at_us)
{
    add_one(meter, &(struct display_count){.survey_id = survey_id,
                                           .channel = channel,
                                           .slot = slot_of(SLOT_QUARTER, at_us),
                                           .dismissed = 1});
}

/* Empties the meter; returns what was in it. */
static struct display_count *take(struct display_meter *meter, struct arena *arena,
                                  size_t *ret_count, int64_t *ret_dropped)
{
    struct display_count *counts = arena_alloc(arena, sizeof meter->cells);
    pthread_mutex_lock(&meter->mutex);
    memcpy(counts, meter->cells, meter->count * sizeof *counts);
    *ret_count = meter->count;
    *ret_dropped = meter->dropped;
    memset(meter->places, 0, sizeof meter->places);
    meter->count = 0;
    meter->dropped = 0;
    pthread_mutex_unlock(&meter->mutex);
    return counts;
}

static void put_back(struct display_meter *meter, const struct display_count *counts, size_t count)
{
    pthread_mutex_lock(&meter->mutex);
    for (size_t i = 0; i < count; i++)
        add(meter, &counts[i]);
    pthread_mutex_unlock(&meter->mutex);
}

enum db_status display_meter_write(struct display_meter *meter, struct pg *pg, struct arena *arena)
{
    size_t count;
    int64_t dropped;
    const struct display_count *counts = take(meter, arena, &count, &dropped);
    if (dropped > 0)
        log_warning(NULL, "displays-dropped", LOG_NUMBER("displays", dropped));
    if (count == 0)
        return DB_OK;
    enum db_status status = displays_add(pg, arena, counts, count);
    /* After DB_LOST they may be there. */
    if (status != DB_OK && status != DB_LOST)
        put_back(meter, counts, count);
    return status;
}
