#include "npsd/state/poller.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/pulse.h"
#include "npsd/base/text.h"
#include "npsd/db/migrate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PERIOD_MS = 250, LINES_MAX = 64, LOOK_LIMIT_S = 60 };
#define AWAY_AFTER_US (2 * CLOCK_SECOND_US)

/* So that the log is told of a state once, not four times a second. */
struct telling {
    bool begun;
    enum db_status status;
    uint64_t lines[LINES_MAX]; /* hashes of what the last look at the schema has said */
    size_t line_count;         /* of this look, so far */
};

struct poller {
    struct poller_options options;
    struct pg *pg;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake, looked;
    bool stopping, has_looked;   /* under the mutex */
    _Atomic enum db_status last; /* of the last look */
    _Atomic int64_t answered_us; /* monotonic: when the last look that succeeded ended; 0: never */
    bool schema_good;            /* the thread's own, as is what follows */
    struct telling told;
};

/* What the last look has said in this place too is not news. A check only tells of what is wrong.
 */
static void say(void *context, const char *line)
{
    struct poller *poller = context;
    struct telling *told = &poller->told;
    uint64_t hash = text_hash(line, strlen(line));
    if (told->line_count == LINES_MAX)
        return;
    uint64_t *last = &told->lines[told->line_count++];
    if (*last == hash)
        return;
    *last = hash;
    if (poller->options.migrate)
        log_info(NULL, "migrate", LOG_TEXT("did", line));
    else
        log_error(NULL, "schema", LOG_TEXT("error", line));
}

static enum migrate_result look_at_schema(struct poller *poller)
{
    const struct pg_options *database = poller->options.database;
    poller->told.line_count = 0;
    return poller->options.migrate ? migrate_run(database->url, false, say, poller)
                                   : migrate_check(database->url, database->pooled, say, poller);
}

/* DB_OK: the schema is the binary's own. */
static enum db_status settle_schema(struct poller *poller)
{
    if (poller->schema_good)
        return DB_OK;
    switch (look_at_schema(poller)) {
    case MIGRATE_OK:
        poller->schema_good = true;
        return DB_OK;
    case MIGRATE_AWAY:
        return DB_AWAY;
    default:
        return DB_SCHEMA;
    }
}

static enum db_status look_for_changes(struct poller *poller)
{
    if (!poller->options.freshness)
        return DB_OK;
    struct directory_snapshot *directory = directory_acquire(poller->options.directory);
    enum db_status status = freshness_poll(poller->options.freshness, poller->pg, directory);
    directory_release(directory);
    return status;
}

static enum db_status refresh(struct poller *poller)
{
    enum db_status status = directory_refresh(poller->options.directory, poller->pg);
    if (status == DB_OK)
        status = look_for_changes(poller);
    if (status == DB_OK)
        status = directory_touch(poller->options.directory, poller->pg);
    /* The schema was changed under us: look at it again. */
    if (status == DB_SCHEMA)
        poller->schema_good = false;
    return status;
}

static void tell(struct poller *poller, enum db_status status, const char *error)
{
    struct telling *told = &poller->told;
    if (told->begun && status == told->status)
        return;
    told->begun = true;
    told->status = status;
    if (status == DB_OK)
        log_info(NULL, "database-ready");
    else
        log_error(NULL, "database-trouble", LOG_TEXT("status", db_status_name(status)),
                  LOG_TEXT("error", error));
}

static void look(struct poller *poller)
{
    const char *error = ""; /* about the schema all is said */
    enum db_status status = settle_schema(poller);
    if (status == DB_OK) {
        pulse_busy("poller", LOOK_LIMIT_S); /* not a migration, which takes what it takes */
        status = refresh(poller);
        error = pg_error(poller->pg);
    }
    if (status == DB_OK)
        atomic_store(&poller->answered_us, clock_monotonic_us());
    atomic_store(&poller->last, status);
    pulse_idle();
    tell(poller, status, error);
}

/* False when it is time to end. */
static bool pause_poller(struct poller *poller)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PERIOD_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&poller->mutex);
    int waited = 0;
    while (!poller->stopping && waited == 0)
        waited = pthread_cond_timedwait(&poller->wake, &poller->mutex, &until);
    bool go_on = !poller->stopping;
    pthread_mutex_unlock(&poller->mutex);
    return go_on;
}

static void tell_looked(struct poller *poller)
{
    pthread_mutex_lock(&poller->mutex);
    poller->has_looked = true;
    pthread_mutex_unlock(&poller->mutex);
    pthread_cond_broadcast(&poller->looked);
}

void poller_wait_first(struct poller *poller, int timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + timeout_ms * INT64_C(1000);
    const struct timespec until = {.tv_sec = until_us / CLOCK_SECOND_US,
                                   .tv_nsec = until_us % CLOCK_SECOND_US * 1000};
    int waited = 0;
    pthread_mutex_lock(&poller->mutex);
    while (!poller->has_looked && waited == 0)
        waited = pthread_cond_timedwait(&poller->looked, &poller->mutex, &until);
    pthread_mutex_unlock(&poller->mutex);
}

static void *poller_main(void *argument)
{
    struct poller *poller = argument;
    pthread_setname_np(pthread_self(), "npsd-poller");
    do {
        look(poller);
        tell_looked(poller);
    } while (pause_poller(poller));
    return NULL;
}

static void poller_free(struct poller *poller)
{
    pthread_cond_destroy(&poller->wake);
    pthread_cond_destroy(&poller->looked);
    pthread_mutex_destroy(&poller->mutex);
    pg_free(poller->pg);
    free(poller);
}

struct poller *poller_start(const struct poller_options *options)
{
    struct poller *poller = calloc(1, sizeof *poller);
    pthread_condattr_t monotonic;
    if (!poller)
        return NULL;
    poller->options = *options;
    poller->pg = pg_new(options->database);
    atomic_init(&poller->last, DB_AWAY);
    pthread_mutex_init(&poller->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&poller->wake, &monotonic);
    pthread_cond_init(&poller->looked, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!poller->pg || pthread_create(&poller->thread, NULL, poller_main, poller) != 0) {
        poller_free(poller);
        return NULL;
    }
    return poller;
}

enum poller_health poller_health(const struct poller *poller)
{
    enum db_status last = atomic_load(&poller->last);
    if (last == DB_UNSAFE)
        return POLLER_UNSAFE;
    if (last == DB_SCHEMA)
        return POLLER_SCHEMA;
    int64_t answered = atomic_load(&poller->answered_us);
    bool fresh = answered != 0 && clock_monotonic_us() - answered < AWAY_AFTER_US;
    return fresh ? POLLER_READY : POLLER_AWAY;
}

void poller_stop(struct poller *poller)
{
    if (!poller)
        return;
    pthread_mutex_lock(&poller->mutex);
    poller->stopping = true;
    pthread_mutex_unlock(&poller->mutex);
    pthread_cond_signal(&poller->wake);
    pthread_join(poller->thread, NULL);
    poller_free(poller);
}
