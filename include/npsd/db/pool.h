/*
 * pool: a bounded queue of jobs and the threads that run them, each with a connection of its own.
 *
 * A job is a struct embedded in whatever it works for; the pool borrows it from pool_submit until
 * run returns. Jobs run in the order they came, but none before its time. A job that waited past
 * its deadline is run with pg = NULL: it must then answer "overloaded" and touch no database.
 *
 * The threads are called npsd-db-0 and so on and take no signals. They connect when they start, and
 * look after an idle connection once a second, so that pool_healthy is true or false by itself.
 */
#ifndef NPSD_DB_POOL_H
#define NPSD_DB_POOL_H

#include "npsd/db/pg.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job {
    void (*run)(struct job *job, struct pg *pg);
    int64_t not_before_us; /* monotonic; 0: at once */
    int64_t deadline_us;   /* monotonic; 0: none */
    struct job *next;      /* the pool's */
};

struct pool;

/* Starts the threads. NULL if they cannot be started. */
struct pool *pool_start(const struct pg_options *options, int workers, size_t queue_max);
/* False, without touching the job, when the queue is full or the pool is stopping. */
bool pool_submit(struct pool *pool, struct job *job);
size_t pool_waiting(const struct pool *pool);
/* True if a worker's last exchange with the database went well. */
bool pool_healthy(const struct pool *pool);
/* Runs what is queued, at once, then ends the threads and frees everything. NULL is fine. */
void pool_stop(struct pool *pool);

#endif
