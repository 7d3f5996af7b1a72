/*
 * directory_read: a snapshot read from the database and made ready to be looked up. Inside of the
 * directory.
 */
#ifndef STATE_DIRECTORY_READ_H
#define STATE_DIRECTORY_READ_H

#include "npsd/state/directory.h"

/* How a snapshot finds things: each table is sorted, look-ups are binary searches. */
struct directory_index {
    const struct survey **surveys_by_id;
    const struct directory_key **keys_by_hash;
};

/* The version that a snapshot read now would have. */
enum db_status directory_read_version(struct pg *pg, int64_t *ret_version);

/* Among directory_statements. */
enum { SECRET_READ, SECRET_READ_LINKS, SECRET_ADD, SECRET_ADD_LINK };
extern const struct db_stmt directory_secret_stmts[];

/* The secrets into the snapshot. *ret_complete false: some are not there yet. */
enum db_status directory_read_secrets(struct pg *pg, struct directory_snapshot *snapshot,
                                      bool *ret_complete);
/* Adds those that are not there. */
enum db_status directory_add_secrets(struct pg *pg);

/*
 * A new snapshot, with one reference, in an arena of its own. Flags of keys that last knows (NULL:
 * none) are shared with it, those of new keys are made in flags, which outlives all snapshots.
 */
enum db_status directory_read(struct pg *pg, struct arena *flags,
                              const struct directory_snapshot *last,
                              struct directory_snapshot **ret_snapshot);

#endif
