/*
 * lane: group commit. Accepted answers queue up; while one batch commits the next gathers. No
 * timer: the batch grows with the load, and a lone answer waits for nobody. One thread and one
 * connection a lane; the daemon has one lane for single answers and two for batches, so that a
 * large batch holds no visitor up.
 *
 *   queued --> batch --fast--> created
 *                |  a unique violation, a lost connection, a refused value
 *                `--careful--> created | replayed | reused | erased
 *                                 |  a refused value: each half by itself, to the bad row
 *                                 `--> refused
 *
 * An answer is "created" or "replayed" only after PostgreSQL reported the commit that holds its row
 * and its journal entry. After a lost connection the same batch is run again the careful way until
 * the items' deadline; then their outcome is unknown. With a spool (spooler.h) what is unavailable,
 * unknown or expired goes there, and sooner; under ids that make it harmless to commit it twice.
 */
#ifndef NPSD_INGEST_LANE_H
#define NPSD_INGEST_LANE_H

#include "npsd/db/pg.h"
#include "npsd/domain/response.h"
#include "npsd/state/freshness.h"
#include "npsd/state/values.h"
#include "npsd/store/answers.h"

enum lane_outcome {
    LANE_PENDING,
    LANE_CREATED,
    LANE_REPLAYED,
    LANE_REUSED,
    LANE_ERASED,
    LANE_REFUSED,     /* PostgreSQL does not take this row */
    LANE_UNAVAILABLE, /* nothing was written: the database is away or full */
    LANE_UNFIT,       /* nothing was written: its schema or its durability is not what it must be */
    LANE_UNKNOWN,     /* sent, and the outcome could not be learnt in time */
    LANE_EXPIRED,     /* waited too long: nothing was sent */
    LANE_SPOOLED,     /* on the disk of this machine, to be committed when the database is back */
    LANE_SPOOLED_AGAIN /* the same answer is there already */
};

/* Text of a facet to be turned into its number by the lane. */
struct lane_facet {
    int facet; /* SURVEY_FACET_AGENT or SURVEY_FACET_FIRST + slot */
    const char *value;
};

/*
 * Borrowed by the lane from submit until done is called (on the lane's thread); done may free it.
 * Of an answer that is there already, row.received_us and row.hash are then the first one's.
 */
struct lane_item {
    struct answer_row row; /* agent and facets are filled in by the lane */
    struct lane_facet facets[1 + SURVEY_FACETS_MAX];
    size_t facet_count;
    int64_t deadline_us; /* monotonic */
    enum lane_outcome outcome;
    void (*done)(struct lane_item *item);
    void *owner;
    struct lane_item *next; /* the lane's, as is place */
    size_t place;           /* in its batch */
};

struct spooler;

struct lane_options {
    const char *name; /* "single", "batch": thread name, metrics */
    const struct pg_options *database;
    struct values *values;
    struct freshness *freshness; /* told of what is committed; NULL: nobody */
    struct spooler *spooler;     /* NULL: what cannot be committed is refused */
    size_t queue_max;            /* items */
    size_t batch_max;            /* items a transaction */
};

struct lane;

struct lane *lane_start(const struct lane_options *options);
/* Takes all items or none (false: no room, or stopping). first..last are linked by next. */
bool lane_submit(struct lane *lane, struct lane_item *first, struct lane_item *last, size_t count);
size_t lane_waiting(const struct lane *lane);
size_t lane_room(const struct lane *lane);
/* The last batch met a schema or rights that its statements do not fit. Looked at again every
 * second without an answer, so that it ends by itself when that is repaired. */
bool lane_is_unfit(const struct lane *lane);
/* Commits what is queued, then ends. NULL is fine. */
void lane_stop(struct lane *lane);

#endif
