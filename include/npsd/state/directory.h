/*
 * directory: what the daemon knows by heart of surveys, keys and shared secrets, so that taking an
 * answer asks the database nothing.
 *
 * A snapshot is immutable and counted by references; a request holds one for its life. The
 * directory is read anew, in one repeatable-read transaction, when directory.version has moved: the
 * poller looks four times a second, and a request that meets an unknown survey or key has a worker
 * look at once (directory_refresh). So a new key works at once, a revoked one stops within a
 * second. While the database is away the last snapshot stays good.
 */
#ifndef NPSD_STATE_DIRECTORY_H
#define NPSD_STATE_DIRECTORY_H

#include "npsd/base/crypto.h"
#include "npsd/db/pg.h"
#include "npsd/domain/link.h"
#include "npsd/domain/role.h"
#include "npsd/domain/survey.h"
#include "npsd/store/surveys.h"
#include <stdatomic.h>

struct directory_key {
    int32_t id;
    enum role role;
    const char *name;
    const char *actor; /* "key 3 Olga": for audit and history */
    bool all_surveys;
    const int32_t *surveys;
    size_t survey_count;
    const char *const *origins;
    size_t origin_count;
    int64_t expires_us; /* from then on it is not good; 0: it does not end by itself */
    struct crypto_hash hash;
    atomic_bool *used; /* see directory_note_use; lives as long as the directory */
};

enum { DIRECTORY_SECRET_SIZE = 32 };

/* Drawn at random once in a database's life: so they are its fingerprint, too. */
struct directory_secrets {
    uint8_t edit[DIRECTORY_SECRET_SIZE], cursor[DIRECTORY_SECRET_SIZE];
};

struct directory_snapshot {
    int64_t version;                     /* DIRECTORY_RESTORED: read from a copy */
    const struct survey *const *surveys; /* by slug */
    size_t survey_count;
    const struct directory_key *keys; /* those not revoked, by id */
    size_t key_count;
    struct crypto_mac_key edit_secret, cursor_secret;
    struct directory_secrets secrets; /* what they are made of */
    struct link_keys link_keys;       /* at least one */
    /* lookup tables follow, private */
    struct directory_index *index;
    struct arena *arena;
    atomic_int references;
};

struct directory;

struct directory *directory_new(void);
/* No snapshot may be held any more. */
void directory_free(struct directory *directory);

/* The latest snapshot, or NULL if none has ever been read. Release it once. */
struct directory_snapshot *directory_acquire(struct directory *directory);
void directory_release(struct directory_snapshot *snapshot);
/* The latest snapshot's; 0: there is none. What was decided by a snapshot of this version stands.
 */
int64_t directory_version(const struct directory *directory);

/* The key was used: swept into last_used_at by directory_touch. */
static inline void directory_note_use(atomic_bool *used)
{
    /* A plain store would do, but most requests find it set and need not write at all. */
    if (!atomic_load_explicit(used, memory_order_relaxed))
        atomic_store_explicit(used, true, memory_order_relaxed);
}

const struct survey *directory_survey(const struct directory_snapshot *snapshot, const char *slug);
const struct survey *directory_survey_by_id(const struct directory_snapshot *snapshot, int32_t id);
const struct directory_key *directory_key(const struct directory_snapshot *snapshot,
                                          const struct crypto_hash *hash);
/* From when on it is not good any more; INT64_MAX: it does not end by itself. */
static inline int64_t directory_key_end(const struct directory_key *key)
{
    return key->expires_us != 0 ? key->expires_us : INT64_MAX;
}
bool directory_key_covers(const struct directory_key *key, int32_t survey_id);

/* Reads the version, and everything if it moved (or nothing was read yet). Several threads may call
 * it. */
enum db_status directory_refresh(struct directory *directory, struct pg *pg);
/* Writes last_used_at of keys used since they were last written, at most once a minute: between
 * DB_OK at once. What could not be written is tried again by the next call. */
enum db_status directory_touch(struct directory *directory, struct pg *pg);

/* A new key signs links from now on; that before it stays good, older ones do not. Daemons know it
 * within a second. *ret_number: which one it is, from 0. */
enum db_status directory_rotate_link_key(struct pg *pg, const char *actor, int32_t *ret_number);

extern const struct db_stmt *const directory_statements[];

/*
 * A copy of all that a snapshot knows, as text, to be kept where it is safe (it holds the secrets,
 * and the hashes of keys); and the way back, for a daemon that starts while the database is away.
 * What is restored gives way to the database's own at the first look. directory_restore does
 * nothing if something was read already; false: the text is no such copy.
 */
enum { DIRECTORY_RESTORED = -1 };
char *directory_copy(struct arena *arena, const struct directory_snapshot *snapshot,
                     size_t *ret_len);
bool directory_restore(struct directory *directory, const char *copy, size_t len);

/*
 * A survey's record as struct survey, copied into the arena (NULL: it holds what npsd did not
 * write), and the record of a struct survey (title and definitions rendered, the rest borrowed):
 * for those who change surveys.
 */
struct survey *survey_from_record(struct arena *arena, const struct survey_record *record);
struct survey_record *survey_to_record(struct arena *arena, const struct survey *survey);

#endif
