#include "npsd/store/keys.h"

#include "npsd/db/array.h"

#include <string.h>

static const struct db_stmt read_all = {
    "keys_read_all", "bool",
    "int4 text text text int4[] text[] bytea timestamptz timestamptz timestamptz timestamptz",
    "select id, role, name, hint, surveys, origins, hash, created_at, last_used_at, expires_at,"
    " revoked_at from api_key where $1 or revoked_at is null order by id"};

static const struct db_stmt insert = {
    "keys_insert", "text text int4[] text[] bytea text int4", "int4",
    "insert into api_key (role, name, surveys, origins, hash, hint, expires_at)"
    " values ($1, $2, $3, $4, $5, $6, now() + nullif($7, 0) * interval '1 day') returning id"};

static const struct db_stmt revoke = {
    "keys_revoke", "int4", "int4",
    "update api_key set revoked_at = now() where id = $1 and revoked_at is null returning id"};

/* What somebody has locked is left out: to wait for it would make the database look away. */
static const struct db_stmt touch = {
    "keys_touch", "int4[]", "",
    "update api_key set last_used_at = now() where id in ("
    " select id from api_key where id = any ($1) for no key update skip locked)"};

const struct db_stmt *const keys_statements[] = {&read_all, &insert, &revoke, &touch, NULL};

/* 0 is "does not end", so a key that has ended long ago ended a moment after 1970. */
static int64_t read_expiry(const struct db_result *result, int row, int column)
{
    int64_t at_us = db_time(result, row, column);
    return db_is_null(result, row, column) ? 0 : at_us > 1 ? at_us : 1;
}

static void read_key(const struct db_result *result, int row, struct arena *arena,
                     struct key_record *key)
{
    const char *role = db_text(result, row, 1, arena);
    size_t hash_len = 0;
    const char *hash = db_bytes(result, row, 6, &hash_len);

    *key = (struct key_record){
        .id = (int32_t)db_int(result, row, 0),
        .name = db_text(result, row, 2, arena),
        .hint = db_text(result, row, 3, arena),
        .all_surveys = db_is_null(result, row, 4),
        .created_us = db_time(result, row, 7),
        .last_used_us = db_time(result, row, 8),
        .expires_us = read_expiry(result, row, 9),
        .revoked_us = db_time(result, row, 10),
    };
    role_parse(role, strlen(role), &key->role);
    if (!key->all_surveys)
        key->surveys = db_int4_array(result, row, 4, arena, &key->survey_count);
    key->origins = db_text_array(result, row, 5, arena, &key->origin_count);
    memcpy(key->hash.bytes, hash, hash_len < CRYPTO_HASH_SIZE ? hash_len : CRYPTO_HASH_SIZE);
}

enum db_status keys_read_all(struct pg *pg, struct arena *arena, bool with_revoked,
                             struct key_record **ret_records, size_t *ret_count)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &read_all, &result, P_BOOL(with_revoked));
    if (status != DB_OK)
        return status;

    size_t count = (size_t)db_rows(result);
    struct key_record *keys = arena_calloc(arena, count, sizeof(*keys));
    for (size_t i = 0; i < count; i++)
        read_key(result, (int)i, arena, &keys[i]);
    *ret_records = keys;
    *ret_count = count;
    return DB_OK;
}

static struct buf surveys_array(struct arena *arena, const struct key_record *key)
{
    struct buf array = db_array_begin(arena, DB_ARRAY_INT4, key->survey_count);
    for (size_t i = 0; i < key->survey_count; i++)
        db_array_int4(&array, key->surveys[i]);
    return array;
}

static struct buf origins_array(struct arena *arena, const struct key_record *key)
{
    struct buf array = db_array_begin(arena, DB_ARRAY_TEXT, key->origin_count);
    for (size_t i = 0; i < key->origin_count; i++)
        db_array_text(&array, key->origins[i]);
    return array;
}

enum db_status keys_insert(struct pg *pg, const struct key_record *record, int32_t *ret_id)
{
    struct arena arena;
    DB_RESULT result = NULL;

    arena_init(&arena, 1024);
    struct buf surveys = surveys_array(&arena, record);
    struct buf origins = origins_array(&arena, record);
    enum db_status status =
        PG_EXEC(pg, &insert, &result, P_TEXT(role_name(record->role)), P_TEXT(record->name),
                record->all_surveys ? P_NULL : P_BUF(&surveys), P_BUF(&origins),
                P_BYTES(record->hash.bytes, CRYPTO_HASH_SIZE), P_TEXT(record->hint),
                P_INT4(record->expires_in_days));
    if (status == DB_OK)
        *ret_id = (int32_t)db_int(result, 0, 0);
    arena_done(&arena);
    return status;
}

enum db_status keys_revoke(struct pg *pg, int32_t id, bool *ret_found)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &revoke, &result, P_INT4(id));
    if (status == DB_OK)
        *ret_found = db_rows(result) > 0;
    return status;
}

enum db_status keys_touch(struct pg *pg, const int32_t *ids, size_t count)
{
    struct arena arena;

    arena_init(&arena, 1024);
    struct buf array = db_array_begin(&arena, DB_ARRAY_INT4, count);
    for (size_t i = 0; i < count; i++)
        db_array_int4(&array, ids[i]);
    enum db_status status = PG_EXEC(pg, &touch, NULL, P_BUF(&array));
    arena_done(&arena);
    return status;
}
