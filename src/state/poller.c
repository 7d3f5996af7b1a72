#include "npsd/state/poller.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/db/migrate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { PERIOD_MS = 250, TOUCH_S = 60 };
#define AWAY_AFTER_US (2 * CLOCK_SECOND_US)

struct poller {
    struct poller_options options;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping; /* under the mutex */
    atomic_bool schema_good;
    _Atomic enum db_status last; /* of the last look */
    _Atomic int64_t answered_us; /* monotonic: when the database answered last */
    int64_t touched_us;
    enum db_status told; /* what the log has been told, so that it is told once */
};

static void say(void *context, const char *line)
{
    (void)context;
    log_info(NULL, "migrate", LOG_TEXT("did", line));
}

static enum migrate_result look_at_schema(struct poller *poller)
{
    const char *url = poller->options.database->url;
    return poller->options.migrate ? migrate_run(url, false, say, NULL) : migrate_check(url);
}

/* True when there is nothing left to do about the schema. */
static bool settle_schema(struct poller *poller)
{
    if (atomic_load(&poller->schema_good))
        return true;
    enum migrate_result result = look_at_schema(poller);
    if (result == MIGRATE_OK)
        atomic_store(&poller->schema_good, true);
    else if (result != MIGRATE_AWAY)
        atomic_store(&poller->last, DB_SCHEMA);
    return result == MIGRATE_OK;
}

static void tell(struct poller *poller, const struct pg *pg, enum db_status status)
{
    if (status == poller->told)
        return;
    poller->told = status;
    if (status == DB_OK)
        log_info(NULL, "database-ready");
    else
        log_error(NULL, "database-trouble", LOG_TEXT("status", db_status_name(status)),
                  LOG_TEXT("error", pg_error(pg)));
}

static void look(struct poller *poller, struct pg *pg)
{
    int64_t now = clock_monotonic_us();
    enum db_status status = directory_refresh(poller->options.directory, pg);
    if (status == DB_OK && now - poller->touched_us > TOUCH_S * CLOCK_SECOND_US) {
        poller->touched_us = now;
        status = directory_touch(poller->options.directory, pg);
    }
    /* The schema was changed under us: look at it again. */
    if (status == DB_SCHEMA)
        atomic_store(&poller->schema_good, false);
    if (status == DB_OK)
        atomic_store(&poller->answered_us, now);
    atomic_store(&poller->last, status);
    tell(poller, pg, status);
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

static void *poller_main(void *argument)
{
    struct poller *poller = argument;
    struct pg *pg = pg_new(poller->options.database);
    pthread_setname_np(pthread_self(), "npsd-poller");
    do {
        if (settle_schema(poller))
            look(poller, pg);
    } while (pause_poller(poller));
    if (atomic_load(&poller->schema_good))
        directory_touch(poller->options.directory, pg);
    pg_free(pg);
    return NULL;
}

static void poller_free(struct poller *poller)
{
    pthread_cond_destroy(&poller->wake);
    pthread_mutex_destroy(&poller->mutex);
    free(poller);
}

struct poller *poller_start(const struct poller_options *options)
{
    struct poller *poller = calloc(1, sizeof *poller);
    pthread_condattr_t monotonic;
    if (!poller)
        return NULL;
    poller->options = *options;
    poller->told = DB_AWAY;
    poller->touched_us = clock_monotonic_us();
    atomic_init(&poller->last, DB_AWAY);
    pthread_mutex_init(&poller->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&poller->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&poller->thread, NULL, poller_main, poller) != 0) {
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
