#include "npsd/ingest/lane.h"

#include "npsd/base/clock.h"
#include "npsd/base/fault.h"
#include "npsd/base/metrics.h"
#include "npsd/base/pulse.h"
#include "npsd/ingest/batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    COMMIT_LIMIT_S = 60, /* far beyond the deadline of an answer */
    PROBE_S = 1
};

struct lane {
    struct lane_options options;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    struct lane_item *first, *last; /* the queue, under the mutex */
    atomic_size_t waiting;          /* written under the mutex, read by anyone */
    bool idle, stopping;            /* under the mutex */
    atomic_bool unfit;              /* written by the thread */
    struct lane_item **batch;       /* room for batch_max; the thread's own, as is pg */
    struct pg *pg;
};

/* Under the mutex. False: it is time to look whether the database fits again. */
static bool lane_wait(struct lane *lane)
{
    if (!atomic_load(&lane->unfit))
        return pthread_cond_wait(&lane->arrived, &lane->mutex) == 0;
    int64_t until_us = clock_monotonic_us() + PROBE_S * CLOCK_SECOND_US;
    const struct timespec until = {.tv_sec = until_us / CLOCK_SECOND_US,
                                   .tv_nsec = until_us % CLOCK_SECOND_US * 1000};
    return pthread_cond_clockwait(&lane->arrived, &lane->mutex, CLOCK_MONOTONIC, &until) == 0;
}

/* Moves up to batch_max items from the queue into lane->batch; waits while there are none, unless
 * it is time to probe. False: the end. */
static bool lane_take(struct lane *lane, size_t *ret_count)
{
    size_t count = 0;
    pthread_mutex_lock(&lane->mutex);
    while (!lane->first && !lane->stopping) {
        lane->idle = true;
        if (!lane_wait(lane))
            break;
    }
    lane->idle = false;
    while (lane->first && count < lane->options.batch_max) {
        lane->batch[count++] = lane->first;
        lane->first = lane->first->next;
    }
    if (!lane->first)
        lane->last = NULL;
    atomic_fetch_sub_explicit(&lane->waiting, count, memory_order_relaxed);
    bool ended = count == 0 && lane->stopping;
    pthread_mutex_unlock(&lane->mutex);
    *ret_count = count;
    return !ended;
}

/* What the batch has met: nothing, if the database was not asked. */
static void note_fitness(struct lane *lane, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (lane->batch[i]->outcome == LANE_UNFIT)
            atomic_store(&lane->unfit, true);
        else if (lane->batch[i]->outcome == LANE_CREATED)
            atomic_store(&lane->unfit, false);
}

/* The same statements without an answer: whether they fit and are allowed shows all the same. */
static void probe(struct lane *lane, struct arena *arena)
{
    atomic_store(&lane->unfit, answers_append(lane->pg, arena, NULL, 0, NULL) != DB_OK);
}

static void commit(struct lane *lane, struct batch_tools *tools, size_t count)
{
    batch_commit(tools, lane->batch, count);
    note_fitness(lane, count);
    FAULT_POINT("after_commit_before_reply");
    /* done() may free its item, so nothing of it is looked at any more. */
    for (size_t i = 0; i < count; i++)
        lane->batch[i]->done(lane->batch[i]);
}

static void *lane_main(void *argument)
{
    struct lane *lane = argument;
    struct arena arena;
    size_t count;

    pthread_setname_np(pthread_self(), lane->options.name);
    pg_connect(lane->pg); /* so that the first answer need not wait for it */
    arena_init(&arena, 256 * 1024);
    struct batch_tools tools = {.pg = lane->pg,
                                .arena = &arena,
                                .values = lane->options.values,
                                .freshness = lane->options.freshness,
                                .spooler = lane->options.spooler,
                                .hasty = lane->options.spooler != NULL};
    while (lane_take(lane, &count)) {
        pulse_busy("lane", COMMIT_LIMIT_S);
        if (count > 0)
            commit(lane, &tools, count);
        else
            probe(lane, &arena);
        arena_reset(&arena);
        pulse_idle();
    }
    arena_done(&arena);
    return NULL;
}

static void lane_free(struct lane *lane)
{
    pthread_cond_destroy(&lane->arrived);
    pthread_mutex_destroy(&lane->mutex);
    pg_free(lane->pg);
    free(lane->batch);
    free(lane);
}

struct lane *lane_start(const struct lane_options *options)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return NULL;
    lane->options = *options;
    lane->batch = calloc(options->batch_max, sizeof *lane->batch);
    lane->pg = pg_new(options->database);
    pthread_mutex_init(&lane->mutex, NULL);
    pthread_cond_init(&lane->arrived, NULL);
    if (!lane->batch || !lane->pg || pthread_create(&lane->thread, NULL, lane_main, lane) != 0) {
        lane_free(lane);
        return NULL;
    }
    return lane;
}

bool lane_submit(struct lane *lane, struct lane_item *first, struct lane_item *last, size_t count)
{
    last->next = NULL;
    pthread_mutex_lock(&lane->mutex);
    size_t waiting = atomic_load_explicit(&lane->waiting, memory_order_relaxed);
    bool taken = !lane->stopping && waiting + count <= lane->options.queue_max;
    bool wake = taken && lane->idle;
    if (taken) {
        if (lane->last)
            lane->last->next = first;
        else
            lane->first = first;
        lane->last = last;
        atomic_store_explicit(&lane->waiting, waiting + count, memory_order_relaxed);
        lane->idle = false; /* one wake-up is enough */
    }
    pthread_mutex_unlock(&lane->mutex);
    if (wake)
        pthread_cond_signal(&lane->arrived);
    if (!taken)
        metrics_add(METRIC_REJECTED, count);
    return taken;
}

size_t lane_waiting(const struct lane *lane)
{
    return atomic_load_explicit(&lane->waiting, memory_order_relaxed);
}

bool lane_is_unfit(const struct lane *lane)
{
    return atomic_load(&lane->unfit);
}

size_t lane_room(const struct lane *lane)
{
    size_t waiting = lane_waiting(lane);
    return waiting < lane->options.queue_max ? lane->options.queue_max - waiting : 0;
}

void lane_stop(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->mutex);
    lane->stopping = true;
    pthread_mutex_unlock(&lane->mutex);
    pthread_cond_signal(&lane->arrived);
    pthread_join(lane->thread, NULL);
    lane_free(lane);
}
