#include "npsd/db/pool.h"
#include "npsd/base/clock.h"
#include "npsd/base/pulse.h"
#include "pg_internal.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* How often an idle worker makes sure of its connection, so that pool_healthy tells the truth and a
 * restarted PostgreSQL is connected to before somebody waits for it. */
enum { IDLE_CHECK_S = 1 };

/* A job has several statements, each with its own deadline. */
enum { JOB_LIMIT_S = 300 };

struct worker {
    struct pool *pool;
    pthread_t thread;
    struct pg *pg;
    atomic_bool well;
};

struct pool {
    pthread_mutex_t mutex; /* guards the queue and stopping */
    pthread_cond_t wake;
    struct job *first, *last;
    size_t waiting, queue_max;
    bool stopping;
    size_t count; /* workers started */
    struct worker workers[];
};

/* Needs the mutex. NULL: there is none whose time has come, and *until_us is not after any of the
 * others' times. */
static struct job *take(struct pool *pool, int64_t *until_us)
{
    int64_t now_us = clock_monotonic_us();
    struct job *before = NULL, *job = pool->first;
    for (; job && job->not_before_us > now_us && !pool->stopping; job = job->next) {
        if (job->not_before_us < *until_us)
            *until_us = job->not_before_us;
        before = job;
    }
    if (!job)
        return NULL;
    *(before ? &before->next : &pool->first) = job->next;
    if (!job->next)
        pool->last = before;
    pool->waiting--;
    /* Whoever was to wake for a later one may be this worker. */
    if (pool->first)
        pthread_cond_signal(&pool->wake);
    return job;
}

/* The next job. NULL, with *ret_stop telling which: time for an idle check, or for the end. */
static struct job *next_job(struct pool *pool, bool *ret_stop)
{
    int64_t check_us = clock_monotonic_us() + IDLE_CHECK_S * CLOCK_SECOND_US;
    struct job *job;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        int64_t until_us = check_us;
        job = take(pool, &until_us);
        if (job || pool->stopping || clock_monotonic_us() >= check_us)
            break;
        const struct timespec until = {until_us / CLOCK_SECOND_US,
                                       until_us % CLOCK_SECOND_US * 1000};
        pthread_cond_timedwait(&pool->wake, &pool->mutex, &until);
    }
    *ret_stop = !job && pool->stopping;
    /* It may be the one that was to wake for a later job, and its check may take long. */
    if (!job && pool->first)
        pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

static void run_job(struct worker *worker, struct job *job)
{
    bool late = job->deadline_us != 0 && clock_monotonic_us() > job->deadline_us;
    pulse_busy("database worker", JOB_LIMIT_S);
    job->run(job, late ? NULL : worker->pg); /* after this the job is no longer ours */
    pulse_idle();
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct pool *pool = worker->pool;
    pg_connect(worker->pg);
    atomic_store(&worker->well, pg_is_well(worker->pg));
    for (bool stop = false; !stop;) {
        struct job *job = next_job(pool, &stop);
        if (job)
            run_job(worker, job);
        else if (!stop)
            pg_look_after(worker->pg);
        atomic_store(&worker->well, pg_is_well(worker->pg));
    }
    return NULL;
}

static bool start_worker(struct pool *pool, const struct pg_options *options)
{
    struct worker *worker = &pool->workers[pool->count];
    worker->pool = pool;
    worker->pg = pg_new(options);
    if (!worker->pg)
        return false;
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
        pg_free(worker->pg);
        return false;
    }
    char name[16];
    snprintf(name, sizeof(name), "npsd-db-%u", (unsigned)pool->count % 1000);
    pthread_setname_np(worker->thread, name);
    pool->count++;
    return true;
}

static struct pool *make(int workers, size_t queue_max)
{
    struct pool *pool = calloc(1, sizeof(*pool) + (size_t)workers * sizeof(struct worker));
    if (!pool)
        return NULL;
    pool->queue_max = queue_max;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return pool;
}

struct pool *pool_start(const struct pg_options *options, int workers, size_t queue_max)
{
    struct pool *pool = make(workers, queue_max);
    if (!pool)
        return NULL;
    /* Signals are for the main thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = true;
    for (int i = 0; started && i < workers; i++)
        started = start_worker(pool, options);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        return pool;
    pool_stop(pool);
    return NULL;
}

bool pool_submit(struct pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->mutex);
    bool accepted = !pool->stopping && pool->waiting < pool->queue_max;
    if (accepted) {
        job->next = NULL;
        if (pool->last)
            pool->last->next = job;
        else
            pool->first = job;
        pool->last = job;
        pool->waiting++;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->mutex);
    return accepted;
}

size_t pool_waiting(const struct pool *pool)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&pool->mutex;
    pthread_mutex_lock(mutex);
    size_t waiting = pool->waiting;
    pthread_mutex_unlock(mutex);
    return waiting;
}

bool pool_healthy(const struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        if (atomic_load(&pool->workers[i].well))
            return true;
    return false;
}

void pool_stop(struct pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->count; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        pg_free(pool->workers[i].pg);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}
