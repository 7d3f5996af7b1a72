/*
 * spooler: answers while PostgreSQL is away. Lanes hand over what could not be committed; it is
 * written to the spool (spool/spool.h) in one transaction a batch, and acknowledged. A thread moves
 * it into PostgreSQL when that is back.
 *
 *   at home  lanes commit; while answers are in the spool, those with a key are first looked for
 *            there, so that a key names one answer
 *   away     begins when a lane gives up a batch: lanes do not ask PostgreSQL any more but spool
 *            at once. Ends when the thread has connected anew and read the directory, or has moved
 *            something, or has nothing to move
 *
 * Moving goes in order, at most SPOOLER_BATCH answers a transaction, and waits for its turn while
 * lanes work: after each batch as long as that took. The ids make it harmless to move an answer
 * twice, so it leaves the spool only after its commit. What PostgreSQL has otherwise is kept aside
 * in the spool, counted and logged: another answer that was first with the key, a value that it
 * refuses, a survey that was deleted.
 *
 * The thread also keeps a copy of the directory in the spool whenever it has changed, so that a
 * daemon that starts while PostgreSQL is away knows surveys, keys and secrets as they were last
 * known. A spool that another daemon has is waited for; one whose answers are of another database
 * is left alone.
 */
#ifndef NPSD_INGEST_SPOOLER_H
#define NPSD_INGEST_SPOOLER_H

#include "npsd/ingest/lane.h"
#include "npsd/spool/spool.h"
#include "npsd/state/directory.h"

enum { SPOOLER_BATCH = 200 };

struct spooler_options {
    struct spool_options spool;
    const struct pg_options *database;
    struct directory *directory; /* restored from the copy if nothing was read yet */
    struct values *values;
    struct freshness *freshness; /* NULL: nobody to tell */
};

struct spooler;

/* NULL after logging why: the file cannot be used. */
struct spooler *spooler_start(const struct spooler_options *options);
/* After the lanes. What is in the spool stays there. NULL is fine. */
void spooler_stop(struct spooler *spooler);

/* --- for lanes; a spooler of NULL does nothing --- */

/* Before a batch: sets the outcome of what need not be tried, and moves the rest to the front;
 * returns how many that are. */
size_t spooler_meet(struct spooler *spooler, struct lane_item **items, size_t count);
/* After a batch: spools what is unavailable, unknown or expired. What the spool does not take stays
 * so. */
void spooler_take(struct spooler *spooler, struct arena *arena, struct lane_item *const *items,
                  size_t count);

/* --- for everybody; any thread --- */

enum spooler_use {
    SPOOLER_OFF,     /* there is none */
    SPOOLER_LOCKED,  /* another daemon has the file */
    SPOOLER_FOREIGN, /* it holds answers of another database, or none is known yet */
    SPOOLER_FULL,
    SPOOLER_BROKEN, /* the disk did not take the last answers */
    SPOOLER_GOOD
};

struct spooler_state {
    enum spooler_use use;
    bool away; /* lanes spool */
    struct spool_state spool;
};

struct spooler_state spooler_state(const struct spooler *spooler);
/* Whether the answer waits in the spool. */
bool spooler_holds(struct spooler *spooler, int32_t survey_id, const struct uuid *id);

#endif
