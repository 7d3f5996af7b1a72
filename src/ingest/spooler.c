#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/pulse.h"
#include "spooler_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    IDLE_MS = 250,     /* between looks at the directory and the lock */
    AWAY_MS = 20,      /* between tries; the connection backs off by itself */
    TURN_MAX_MS = 100, /* the longest that is left to lanes after a batch */
    FINGERPRINT_SIZE = 16,
    ROUND_LIMIT_S = 60, /* a commit with its halves, each as long as a statement may take */
    PROBE_S = 1         /* between looks at a file that did not take a write */
};

static const char copy_name[] = "directory";

/* What the thread has at hand. */
struct mover {
    struct spooler *spooler;
    struct spool *spool;
    struct arena arena;     /* of one round */
    int64_t copied_version; /* of the directory that the spool has a copy of */
    int64_t probe_us;       /* not before this (monotonic) a file that is broken is tried again */
    uint64_t connections;   /* of pg, that lanes have been told of */
    bool unwritable;        /* the last move failed, though the database could be read */
    enum db_status told;    /* what the log has been told of moving, so that it is told once */
    bool told_foreign, told_locked;
};

/* --- the file --- */

static bool open_spool(struct spooler *spooler, char error[static SPOOL_ERROR_SIZE],
                       enum spool_status *ret_status)
{
    struct spool *spool = NULL;
    *ret_status = spool_open(&spooler->options.spool, &spool, error);
    if (*ret_status == SPOOL_OK)
        atomic_store(&spooler->spool, spool);
    return *ret_status == SPOOL_OK;
}

/* A daemon that starts while the database is away knows what was known last. */
static void restore_directory(struct spooler *spooler)
{
    struct arena arena;
    const char *copy = NULL;
    size_t len = 0;
    arena_init(&arena, 4096);
    if (spool_recall(atomic_load(&spooler->spool), &arena, copy_name, &copy, &len) != SPOOL_OK ||
        (copy && !directory_restore(spooler->options.directory, copy, len)))
        log_error(NULL, "spool-copy-unreadable");
    arena_done(&arena);
}

/* Another daemon may have had the file until now: one that is being replaced. */
static void look_for_spool(struct mover *mover)
{
    struct spooler *spooler = mover->spooler;
    char error[SPOOL_ERROR_SIZE];
    enum spool_status status;
    mover->spool = atomic_load(&spooler->spool);
    if (mover->spool)
        return;
    if (open_spool(spooler, error, &status)) {
        mover->spool = atomic_load(&spooler->spool);
        restore_directory(spooler);
        log_info(NULL, "spool-taken-over");
    } else if (!mover->told_locked) {
        mover->told_locked = true;
        log_warning(NULL, "spool-locked", LOG_TEXT("error", error));
    }
}

/* Readiness tells that the file is broken, so perhaps nobody sends the answer that would show that
 * it is not so any more. */
static void mend_spool(struct mover *mover)
{
    int64_t now_us = clock_monotonic_us();
    if (!spool_state(mover->spool).broken || now_us < mover->probe_us)
        return;
    mover->probe_us = now_us + PROBE_S * CLOCK_SECOND_US;
    if (spool_probe(mover->spool) == SPOOL_OK)
        log_info(NULL, "spool-mended");
}

/* --- the directory --- */

static void tell_foreign(struct mover *mover, bool belongs)
{
    if (!belongs && !mover->told_foreign)
        log_error(NULL, "spool-of-another-database",
                  LOG_NUMBER("answers", spool_state(mover->spool).waiting));
    mover->told_foreign = !belongs;
}

static bool check_database(struct mover *mover, const struct directory_secrets *secrets)
{
    struct crypto_hash hash = crypto_sha256(secrets, sizeof *secrets);
    bool belongs = false;
    if (spool_belongs(mover->spool, hash.bytes, FINGERPRINT_SIZE, &belongs) != SPOOL_OK)
        return false;
    atomic_store(&mover->spooler->belongs, belongs);
    tell_foreign(mover, belongs);
    return belongs;
}

/* Keeps a copy of what is new. A restored one is the copy itself. */
static void copy_directory(struct mover *mover, const struct directory_snapshot *snapshot)
{
    size_t len;
    if (snapshot->version == mover->copied_version)
        return;
    if (!check_database(mover, &snapshot->secrets))
        return;
    if (snapshot->version != DIRECTORY_RESTORED) {
        const char *copy = directory_copy(&mover->arena, snapshot, &len);
        if (spool_remember(mover->spool, copy_name, copy, len) != SPOOL_OK)
            return; /* the next round tries again */
    }
    mover->copied_version = snapshot->version;
}

static void look_at_directory(struct mover *mover)
{
    struct directory_snapshot *snapshot = directory_acquire(mover->spooler->options.directory);
    if (snapshot)
        copy_directory(mover, snapshot);
    directory_release(snapshot);
}

/* --- moving --- */

/* The database answers again, so lanes may connect while the first batch is moved: once a
 * connection, and not to a database that has just shown that it takes no answers (where a commit
 * hangs, each move costs its connection). */
static void let_lanes_try(struct mover *mover)
{
    uint64_t connections = pg_connections(mover->spooler->pg);
    if (connections == mover->connections || mover->unwritable)
        return;
    mover->connections = connections;
    atomic_store(&mover->spooler->away, false);
}

/* The directory is asked first: what it knows then is not older than the survey's end. */
static enum db_status move_some(struct mover *mover)
{
    struct directory *directory = mover->spooler->options.directory;
    enum db_status status = directory_refresh(directory, mover->spooler->pg);
    if (status != DB_OK) {
        mover->unwritable = false;
        return status;
    }
    let_lanes_try(mover);
    look_at_directory(mover);
    if (!atomic_load(&mover->spooler->belongs))
        return DB_OK;
    struct directory_snapshot *snapshot = directory_acquire(directory);
    status = spooler_move(mover->spooler, mover->spool, &mover->arena, snapshot);
    mover->unwritable = status != DB_OK;
    directory_release(snapshot);
    return status;
}

static void tell_moving(struct mover *mover, enum db_status status)
{
    struct spool_state state = spool_state(mover->spool);
    if (status == mover->told && (status != DB_OK || state.waiting > 0))
        return;
    mover->told = status;
    if (status != DB_OK)
        log_warning(NULL, "spool-waits", LOG_TEXT("status", db_status_name(status)),
                    LOG_NUMBER("answers", state.waiting));
    else if (state.waiting == 0)
        log_info(NULL, "spool-empty", LOG_NUMBER("conflicts", state.conflicts));
    else
        log_info(NULL, "spool-moving", LOG_NUMBER("answers", state.waiting));
}

/* Whether lanes still need not ask the database. */
static bool is_away(enum db_status status)
{
    return status != DB_OK && status != DB_SCHEMA && status != DB_UNSAFE;
}

/* Returns how long to pause before the next round. */
static int64_t run_round(struct mover *mover)
{
    struct spooler *spooler = mover->spooler;
    look_for_spool(mover);
    if (!mover->spool)
        return IDLE_MS * 1000;
    mend_spool(mover);
    look_at_directory(mover);
    if (spool_state(mover->spool).conflicts > 0)
        spool_look(mover->spool);
    if (spool_state(mover->spool).waiting == 0 || !atomic_load(&spooler->belongs)) {
        atomic_store(&spooler->away, false);
        pg_drop(spooler->pg);
        return IDLE_MS * 1000;
    }
    unsigned live = atomic_load(&spooler->live);
    int64_t began_us = clock_monotonic_us();
    enum db_status status = move_some(mover);
    atomic_store(&spooler->away, is_away(status));
    tell_moving(mover, status);
    if (status != DB_OK)
        return AWAY_MS * 1000;
    int64_t spent_us = clock_monotonic_us() - began_us;
    if (atomic_load(&spooler->live) == live)
        return 0;
    return spent_us < TURN_MAX_MS * 1000 ? spent_us : TURN_MAX_MS * 1000;
}

/* --- the thread --- */

void spooler_wake(struct spooler *spooler)
{
    pthread_mutex_lock(&spooler->mutex);
    spooler->woken = true;
    pthread_mutex_unlock(&spooler->mutex);
    pthread_cond_signal(&spooler->wake);
}

/* False when it is time to end. */
static bool pause_mover(struct spooler *spooler, int64_t pause_us)
{
    int64_t until_us = clock_monotonic_us() + pause_us;
    const struct timespec until = {.tv_sec = until_us / CLOCK_SECOND_US,
                                   .tv_nsec = until_us % CLOCK_SECOND_US * 1000};
    bool idle = pause_us >= IDLE_MS * 1000;
    pthread_mutex_lock(&spooler->mutex);
    int waited = pause_us > 0 ? 0 : 1;
    while (!atomic_load(&spooler->stopping) && !(idle && spooler->woken) && waited == 0)
        waited = pthread_cond_timedwait(&spooler->wake, &spooler->mutex, &until);
    spooler->woken = false;
    pthread_mutex_unlock(&spooler->mutex);
    return !atomic_load(&spooler->stopping);
}

static void *mover_main(void *argument)
{
    struct spooler *spooler = argument;
    struct mover mover = {.spooler = spooler, .copied_version = INT64_MIN, .told = DB_OK};
    int64_t pause_us;
    pthread_setname_np(pthread_self(), "npsd-spooler");
    arena_init(&mover.arena, 64 * 1024);
    do {
        pulse_busy("spooler", ROUND_LIMIT_S);
        pause_us = run_round(&mover);
        arena_reset(&mover.arena);
        pulse_idle();
    } while (pause_mover(spooler, pause_us));
    arena_done(&mover.arena);
    return NULL;
}

static void spooler_free(struct spooler *spooler)
{
    spool_close(atomic_load(&spooler->spool));
    pg_free(spooler->pg);
    pthread_cond_destroy(&spooler->wake);
    pthread_mutex_destroy(&spooler->mutex);
    free(spooler);
}

static struct spooler *spooler_new(const struct spooler_options *options)
{
    struct spooler *spooler = calloc(1, sizeof *spooler);
    pthread_condattr_t monotonic;
    if (!spooler)
        return NULL;
    spooler->options = *options;
    spooler->pg = pg_new(options->database);
    pthread_mutex_init(&spooler->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&spooler->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return spooler;
}

struct spooler *spooler_start(const struct spooler_options *options)
{
    char error[SPOOL_ERROR_SIZE];
    enum spool_status status;
    struct spooler *spooler = spooler_new(options);
    if (!spooler)
        return NULL;
    if (open_spool(spooler, error, &status))
        restore_directory(spooler);
    else if (status == SPOOL_BROKEN)
        log_error(NULL, "spool-unusable", LOG_TEXT("path", options->spool.path),
                  LOG_TEXT("error", error));
    if (status == SPOOL_BROKEN || !spooler->pg ||
        pthread_create(&spooler->thread, NULL, mover_main, spooler) != 0) {
        spooler_free(spooler);
        return NULL;
    }
    return spooler;
}

void spooler_stop(struct spooler *spooler)
{
    if (!spooler)
        return;
    pthread_mutex_lock(&spooler->mutex);
    atomic_store(&spooler->stopping, true);
    pthread_mutex_unlock(&spooler->mutex);
    pthread_cond_signal(&spooler->wake);
    pthread_join(spooler->thread, NULL);
    spooler_free(spooler);
}
