#include "npsd/state/directory.h"

#include "npsd/store/folds.h"

#include "directory_read.h"
#include "npsd/base/clock.h"
#include "npsd/store/keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TOUCH_PAUSE_US (60 * CLOCK_SECOND_US)

struct directory {
    pthread_mutex_t mutex;             /* held for a moment: guards latest */
    struct directory_snapshot *latest; /* NULL: nothing was read yet */
    _Atomic int64_t version;           /* of the latest */
    pthread_mutex_t reading;           /* held while one thread reads the database */
    struct arena flags;                /* under reading */
    pthread_mutex_t touching;          /* held while one thread writes last_used_at */
    int64_t touched_us;                /* under touching; monotonic, 0: never */
};

struct directory *directory_new(void)
{
    struct directory *directory = calloc(1, sizeof(*directory));
    if (!directory)
        return NULL;
    pthread_mutex_init(&directory->mutex, NULL);
    pthread_mutex_init(&directory->reading, NULL);
    pthread_mutex_init(&directory->touching, NULL);
    arena_init(&directory->flags, 1024);
    return directory;
}

void directory_free(struct directory *directory)
{
    if (!directory)
        return;
    directory_release(directory->latest);
    arena_done(&directory->flags);
    pthread_mutex_destroy(&directory->touching);
    pthread_mutex_destroy(&directory->reading);
    pthread_mutex_destroy(&directory->mutex);
    free(directory);
}

struct directory_snapshot *directory_acquire(struct directory *directory)
{
    pthread_mutex_lock(&directory->mutex);
    struct directory_snapshot *snapshot = directory->latest;
    if (snapshot)
        atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&directory->mutex);
    return snapshot;
}

void directory_release(struct directory_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1)
        return;
    struct arena *arena = snapshot->arena; /* the snapshot itself lies in it */
    arena_done(arena);
    free(arena);
}

int64_t directory_version(const struct directory *directory)
{
    return atomic_load(&directory->version);
}

static void directory_publish(struct directory *directory, struct directory_snapshot *snapshot)
{
    pthread_mutex_lock(&directory->mutex);
    struct directory_snapshot *old = directory->latest;
    directory->latest = snapshot;
    atomic_store(&directory->version, snapshot->version);
    pthread_mutex_unlock(&directory->mutex);
    directory_release(old);
}

static bool is_latest(struct directory *directory, int64_t version)
{
    pthread_mutex_lock(&directory->mutex);
    bool same = directory->latest && directory->latest->version == version;
    pthread_mutex_unlock(&directory->mutex);
    return same;
}

/* One thread at a time, so what is read last is the newest; who waited finds it read already. */
static enum db_status read_if_moved(struct directory *directory, struct pg *pg)
{
    struct directory_snapshot *snapshot = NULL;
    int64_t version = 0;

    enum db_status status = directory_read_version(pg, &version);
    if (status != DB_OK || is_latest(directory, version))
        return status;
    /* Nobody is told of a survey before its numbers are safe to read: see folds_guard. */
    status = folds_guard(pg);
    if (status != DB_OK)
        return status;
    struct directory_snapshot *last = directory_acquire(directory);
    status = directory_read(pg, &directory->flags, last, &snapshot);
    directory_release(last);
    if (status == DB_OK)
        directory_publish(directory, snapshot);
    return status;
}

enum db_status directory_refresh(struct directory *directory, struct pg *pg)
{
    int64_t version = 0;
    enum db_status status = directory_read_version(pg, &version);
    if (status != DB_OK || is_latest(directory, version))
        return status;

    pthread_mutex_lock(&directory->reading);
    status = read_if_moved(directory, pg);
    pthread_mutex_unlock(&directory->reading);
    return status;
}

bool directory_restore(struct directory *directory, const char *copy, size_t len)
{
    bool good = true;
    pthread_mutex_lock(&directory->reading);
    if (!directory->latest) { /* which only moves under reading */
        struct directory_snapshot *snapshot = directory_read_copy(copy, len, &directory->flags);
        good = snapshot != NULL;
        if (good)
            directory_publish(directory, snapshot);
    }
    pthread_mutex_unlock(&directory->reading);
    return good;
}

/* Sweeps the flags and writes; what could not be written is flagged again. */
static enum db_status touch_keys(const struct directory_snapshot *snapshot, struct pg *pg,
                                 bool *ret_any)
{
    const struct directory_key *keys = snapshot->keys;
    int32_t *ids = calloc(snapshot->key_count + 1, sizeof(*ids));
    size_t count = 0;
    if (!ids)
        return DB_RESOURCES;

    for (size_t i = 0; i < snapshot->key_count; i++)
        if (atomic_exchange_explicit(keys[i].used, false, memory_order_relaxed))
            ids[count++] = keys[i].id;
    enum db_status status = count > 0 ? keys_touch(pg, ids, count) : DB_OK;
    for (size_t i = 0, done = 0; status != DB_OK && done < count; i++) {
        if (keys[i].id == ids[done]) {
            atomic_store_explicit(keys[i].used, true, memory_order_relaxed);
            done++;
        }
    }
    free(ids);
    *ret_any = count > 0;
    return status;
}

enum db_status directory_touch(struct directory *directory, struct pg *pg)
{
    enum db_status status = DB_OK;
    int64_t now_us = clock_monotonic_us();

    pthread_mutex_lock(&directory->touching);
    if (directory->touched_us == 0 || now_us - directory->touched_us >= TOUCH_PAUSE_US) {
        struct directory_snapshot *snapshot = directory_acquire(directory);
        bool any = false;
        if (snapshot)
            status = touch_keys(snapshot, pg, &any);
        if (any && status == DB_OK)
            directory->touched_us = now_us;
        directory_release(snapshot);
    }
    pthread_mutex_unlock(&directory->touching);
    return status;
}
