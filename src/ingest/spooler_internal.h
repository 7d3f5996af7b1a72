/* What the spooler's thread (spooler.c, spooler_move.c) and its lanes' side (spooler_lanes.c)
 * share. */
#ifndef INGEST_SPOOLER_INTERNAL_H
#define INGEST_SPOOLER_INTERNAL_H

#include "npsd/ingest/spooler.h"

#include <pthread.h>
#include <stdatomic.h>

struct spooler {
    struct spooler_options options;
    _Atomic(struct spool *) spool; /* NULL: another daemon has it; then set once */
    atomic_bool belongs;           /* to the database that is known */
    atomic_bool away;
    atomic_uint live; /* batches that lanes have begun */
    struct pg *pg;    /* the thread's own, as are the next two (batch.h) */
    uint64_t connections, numbered_on;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool woken;           /* under the mutex: something was spooled */
    atomic_bool stopping; /* set under the mutex */
};

/* The spool if it can be used now, or NULL. */
struct spool *spooler_spool(const struct spooler *spooler);
void spooler_wake(struct spooler *spooler);
/* Moves the first SPOOLER_BATCH answers, at most. Not DB_OK: nothing could be moved. */
enum db_status spooler_move(struct spooler *spooler, struct spool *spool, struct arena *arena,
                            const struct directory_snapshot *directory);

#endif
