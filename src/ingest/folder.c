#include "npsd/ingest/folder.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "npsd/base/pulse.h"
#include "npsd/store/folds.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    PAUSE_MS = 150,     /* between rounds */
    PAUSE_SHARE = 3,    /* and three times as long as a round took, so a quarter of the time */
    AWAY_MS = 250,      /* after trouble */
    TIMEOUT_MS = 30000, /* a fold under an open snapshot, on a slow disk */
    FOLD_LIMIT_S = 120, /* of several statements */
    SETTINGS_MAX = 16
};

#define DISPLAYS_US CLOCK_SECOND_US /* between writing displays */

/* The journal looks empty to the planner's statistics, which would have it read whole. */
static const char *const own_settings[] = {"synchronous_commit=off", "enable_seqscan=off"};
enum { OWN_SETTINGS = sizeof own_settings / sizeof own_settings[0] };

struct folder {
    const char *settings[SETTINGS_MAX + OWN_SETTINGS + 1];
    struct pg_options options;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_bool stopping; /* set under the mutex */
    struct display_meter *displays;
    int64_t displays_us;                /* when they were written last */
    enum db_status told, told_displays; /* what the log has been told, so that it is told once */
};

static enum db_status fold_all(struct folder *folder, struct pg *pg, const int32_t *surveys,
                               size_t count)
{
    enum db_status status = DB_OK;
    for (size_t i = 0; i < count && status == DB_OK && !atomic_load(&folder->stopping); i++) {
        bool done = false;
        pulse_busy("folder", FOLD_LIMIT_S);
        status = folds_fold(pg, surveys[i], &done);
        if (done)
            metrics_add(METRIC_FOLDS, 1);
    }
    return status;
}

/* The guard costs next to nothing, and which call has reconnected to what is not asked here. */
static enum db_status run_round(struct folder *folder, struct pg *pg, struct arena *arena)
{
    int32_t *surveys = NULL;
    size_t count = 0;
    enum db_status status = folds_guard(pg);
    if (status == DB_OK)
        status = folds_pending(pg, arena, &surveys, &count);
    return status == DB_OK ? fold_all(folder, pg, surveys, count) : status;
}

static void tell(enum db_status *told, enum db_status status, const struct pg *pg, const char *good,
                 const char *bad)
{
    if (status == *told)
        return;
    *told = status;
    if (status == DB_OK)
        log_info(NULL, good);
    else
        log_error(NULL, bad, LOG_TEXT("status", db_status_name(status)),
                  LOG_TEXT("error", pg_error(pg)));
}

static void write_displays(struct folder *folder, struct pg *pg, struct arena *arena)
{
    if (!folder->displays)
        return;
    enum db_status status = display_meter_write(folder->displays, pg, arena);
    tell(&folder->told_displays, status, pg, "displays-written", "displays-failed");
    folder->displays_us = clock_monotonic_us();
}

/* False when it is time to end. */
static bool pause_folder(struct folder *folder, int64_t pause_us)
{
    int64_t until_us = clock_monotonic_us() + pause_us;
    const struct timespec until = {.tv_sec = until_us / CLOCK_SECOND_US,
                                   .tv_nsec = until_us % CLOCK_SECOND_US * 1000};
    pthread_mutex_lock(&folder->mutex);
    int waited = 0;
    while (!atomic_load(&folder->stopping) && waited == 0)
        waited = pthread_cond_timedwait(&folder->wake, &folder->mutex, &until);
    pthread_mutex_unlock(&folder->mutex);
    return !atomic_load(&folder->stopping);
}

static int64_t pause_after(enum db_status status, int64_t spent_us)
{
    int64_t least_us = (status == DB_OK ? PAUSE_MS : AWAY_MS) * 1000;
    int64_t share_us = PAUSE_SHARE * spent_us;
    return share_us > least_us ? share_us : least_us;
}

static void *folder_main(void *argument)
{
    struct folder *folder = argument;
    struct pg *pg = pg_new(&folder->options);
    struct arena arena;
    int64_t pause_us;
    pthread_setname_np(pthread_self(), "npsd-folder");
    arena_init(&arena, 4096);
    do {
        int64_t began_us = clock_monotonic_us();
        enum db_status status = run_round(folder, pg, &arena);
        tell(&folder->told, status, pg, "folding", "fold-failed");
        if (began_us - folder->displays_us >= DISPLAYS_US)
            write_displays(folder, pg, &arena);
        arena_reset(&arena);
        pulse_idle();
        pause_us = pause_after(status, clock_monotonic_us() - began_us);
    } while (pause_folder(folder, pause_us));
    write_displays(folder, pg, &arena);
    arena_done(&arena);
    pg_free(pg);
    return NULL;
}

/* The daemon's options with the folder's settings, which have the last word. */
static bool take_options(struct folder *folder, const struct pg_options *database)
{
    size_t count = 0;
    for (; database->settings && database->settings[count]; count++) {
        if (count == SETTINGS_MAX)
            return false;
        folder->settings[count] = database->settings[count];
    }
    for (size_t i = 0; i < OWN_SETTINGS; i++)
        folder->settings[count + i] = own_settings[i];
    folder->options = *database;
    folder->options.settings = folder->settings;
    folder->options.statement_timeout_ms = TIMEOUT_MS;
    return true;
}

static void folder_free(struct folder *folder)
{
    pthread_cond_destroy(&folder->wake);
    pthread_mutex_destroy(&folder->mutex);
    free(folder);
}

struct folder *folder_start(const struct pg_options *database, struct display_meter *displays)
{
    struct folder *folder = calloc(1, sizeof *folder);
    pthread_condattr_t monotonic;
    if (!folder)
        return NULL;
    folder->displays = displays;
    folder->told = folder->told_displays = DB_OK;
    pthread_mutex_init(&folder->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&folder->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!take_options(folder, database) ||
        pthread_create(&folder->thread, NULL, folder_main, folder) != 0) {
        folder_free(folder);
        return NULL;
    }
    return folder;
}

void folder_stop(struct folder *folder)
{
    if (!folder)
        return;
    pthread_mutex_lock(&folder->mutex);
    atomic_store(&folder->stopping, true);
    pthread_mutex_unlock(&folder->mutex);
    pthread_cond_signal(&folder->wake);
    pthread_join(folder->thread, NULL);
    folder_free(folder);
}
