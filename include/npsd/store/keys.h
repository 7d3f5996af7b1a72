/*
 * keys (store): the queries about API keys. A key's text never reaches this layer, only its SHA-256
 * and a hint.
 */
#ifndef NPSD_STORE_KEYS_H
#define NPSD_STORE_KEYS_H

#include "npsd/base/crypto.h"
#include "npsd/db/pg.h"
#include "npsd/domain/role.h"

struct key_record {
    int32_t id;
    enum role role;
    const char *name;
    const char *hint;
    bool all_surveys;
    const int32_t *surveys; /* unless all_surveys */
    size_t survey_count;
    const char *const *origins; /* none: any */
    size_t origin_count;
    struct crypto_hash hash;
    int64_t created_us, last_used_us, expires_us, revoked_us; /* 0: never */
    int expires_in_days; /* what keys_insert makes expires_us of; 0: never */
};

extern const struct db_stmt *const keys_statements[];

/* Those that were not revoked only, or all; by id. */
enum db_status keys_read_all(struct pg *pg, struct arena *arena, bool with_revoked,
                             struct key_record **ret_records, size_t *ret_count);
enum db_status keys_insert(struct pg *pg, const struct key_record *record, int32_t *ret_id);
/* *ret_found false: there is no such good key. */
enum db_status keys_revoke(struct pg *pg, int32_t id, bool *ret_found);
/* Sets last_used_at of several keys to now. */
enum db_status keys_touch(struct pg *pg, const int32_t *ids, size_t count);

#endif
