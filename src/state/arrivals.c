#include "npsd/state/arrivals.h"

#include <pthread.h>
#include <stdlib.h>

struct arrivals {
    pthread_mutex_t mutex; /* guards what follows */
    uint64_t count;        /* so far; the last is at (count - 1) % ARRIVALS_KEPT */
    struct arrival kept[ARRIVALS_KEPT];
};

struct arrivals *arrivals_new(void)
{
    /* calloc, so that memory is taken only when answers come. */
    struct arrivals *arrivals = calloc(1, sizeof *arrivals);
    if (arrivals)
        pthread_mutex_init(&arrivals->mutex, NULL);
    return arrivals;
}

void arrivals_free(struct arrivals *arrivals)
{
    if (!arrivals)
        return;
    pthread_mutex_destroy(&arrivals->mutex);
    free(arrivals);
}

void arrivals_add(struct arrivals *arrivals, const struct arrival *added, size_t count)
{
    pthread_mutex_lock(&arrivals->mutex);
    for (size_t i = 0; i < count; i++)
        arrivals->kept[arrivals->count++ % ARRIVALS_KEPT] = added[i];
    pthread_mutex_unlock(&arrivals->mutex);
}

uint64_t arrivals_count(struct arrivals *arrivals)
{
    pthread_mutex_lock(&arrivals->mutex);
    uint64_t count = arrivals->count;
    pthread_mutex_unlock(&arrivals->mutex);
    return count;
}

bool arrivals_visit(struct arrivals *arrivals, uint64_t *position,
                    void (*visit)(void *context, const struct arrival *arrival), void *context)
{
    pthread_mutex_lock(&arrivals->mutex);
    bool all_kept = arrivals->count - *position <= ARRIVALS_KEPT;
    for (uint64_t i = *position; all_kept && i < arrivals->count; i++)
        visit(context, &arrivals->kept[i % ARRIVALS_KEPT]);
    if (all_kept)
        *position = arrivals->count;
    pthread_mutex_unlock(&arrivals->mutex);
    return all_kept;
}
