/*
 * unit_ingest: answers on their way into the database, for tests of what takes them there: items
 * for lanes and batches in the survey of unit_folds, and what has become of them. It is used inside
 * the fixture of unit_folds_case.
 */
#ifndef SUPPORT_UNIT_INGEST_H
#define SUPPORT_UNIT_INGEST_H

#include "npsd/ingest/lane.h"
#include "support/unit_folds.h"
#include <sys/types.h>

/* A connection of a lane: to the test's database, or through a proxy. */
struct pg_options ingest_options(const char *url);
/* A checked fixture for tests of batches: the tools of a lane, for ingest_commit. */
void ingest_begin(void);
void ingest_end(void);
/* Connections made from now on begin with these settings. */
void ingest_settings(const char *const *settings);
/* What ingest_commit tells of; borrowed, until ingest_end. NULL: nobody. */
void ingest_tell(struct freshness *freshness);
/* The next batch goes over a new connection. */
void ingest_drop(void);
/* Takes the items as a lane does. */
void ingest_commit(struct lane_item *const *items, size_t count);

/* An item with a new answer of March 2026, its cuts numbered already, and eight seconds to go. */
struct lane_item *ingest_item(void);
/* The same answer sent again, and another answer sent under the same id. */
struct lane_item *ingest_again(const struct lane_item *item);
struct lane_item *ingest_other(const struct lane_item *item);
/* So many new ones. */
struct lane_item **ingest_items(size_t count);
/* Marks an item as one that ingest_poison refuses. */
void ingest_mark(struct lane_item *item);
/* From now on PostgreSQL refuses marked answers with this SQLSTATE. */
void ingest_poison(const char *sqlstate);
/* As many of the items have come to this. */
size_t ingest_count(struct lane_item *const *items, size_t count, enum lane_outcome outcome);

/* Holds what the items say against the database: what is created or replayed is there as it was
 * sent, what is said not to be written is not, and the journal adds up to a recount of the rows. */
void ingest_check(struct lane_item *const *items, size_t count);
/* Whether the journal adds up to a recount of the rows of the survey. */
bool ingest_is_counted(void);
/* Rows of the survey. */
int64_t ingest_rows(void);
/* Deletes them and their journal, so that long tests stay quick. */
void ingest_forget(void);

/* Ends the transaction of a connection after 300 ms, in a child process that has the connection
 * until it ends, with exit code 0. */
pid_t ingest_end_later(struct pg *pg, const char *how);

#endif
