/*
 * directory_read: a snapshot read from the database and made ready to be looked up. Inside of the
 * directory.
 */
#ifndef STATE_DIRECTORY_READ_H
#define STATE_DIRECTORY_READ_H

#include "npsd/state/directory.h"
#include "npsd/store/keys.h"

/* How a snapshot finds things: each table is sorted, look-ups are binary searches. */
struct directory_index {
    const struct survey **surveys_by_id;
    const struct directory_key **keys_by_hash;
};

/* What a snapshot is made of. keys are in its arena, surveys in another. */
struct directory_content {
    struct arena *arena;
    struct directory_snapshot *snapshot; /* with arena, version and secrets */
    struct survey_record *surveys;       /* by id */
    size_t survey_count;
    struct key_record *keys; /* good ones, by id */
    size_t key_count;
};

/* Makes it ready to be looked up, with one reference. Flags as in directory_read. */
void directory_make(struct directory_content *content, struct arena *flags,
                    const struct directory_snapshot *last);

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

/* The snapshot of which directory_copy made the text; NULL: it is none. */
struct directory_snapshot *directory_read_copy(const char *copy, size_t len, struct arena *flags);

#endif
