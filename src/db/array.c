#include "npsd/db/array.h"
#include "pg_internal.h"
#include <string.h>

struct buf db_array_begin(struct arena *arena, enum db_array_type type, size_t count)
{
    static const struct {
        Oid type;
        size_t size; /* of a typical element with its length */
    } elements[] = {
        [DB_ARRAY_BOOL] = {PG_BOOL, 5},
        [DB_ARRAY_INT2] = {PG_INT2, 6},
        [DB_ARRAY_INT4] = {PG_INT4, 8},
        [DB_ARRAY_INT8] = {PG_INT8, 12},
        [DB_ARRAY_TEXT] = {PG_TEXT, 16},
        [DB_ARRAY_UUID] = {PG_UUID, 20},
        [DB_ARRAY_TIMESTAMPTZ] = {PG_TIMESTAMPTZ, 12},
        [DB_ARRAY_BYTEA] = {PG_BYTEA, 36},
        [DB_ARRAY_JSONB] = {PG_JSONB, 64},
    };
    struct buf array = buf_make(arena, 21 + count * elements[type].size);
    buf_be32(&array, count > 0); /* dimensions: an empty array has none */
    buf_be32(&array, 1);         /* there may be NULLs */
    buf_be32(&array, elements[type].type);
    if (count > 0) {
        buf_be32(&array, (uint32_t)count);
        buf_be32(&array, 1); /* the first index */
    }
    return array;
}

void db_array_null(struct buf *array)
{
    buf_be32(array, UINT32_MAX);
}

void db_array_bool(struct buf *array, bool value)
{
    buf_be32(array, 1);
    buf_char(array, value);
}

void db_array_int2(struct buf *array, int16_t value)
{
    buf_be32(array, 2);
    buf_be16(array, (uint16_t)value);
}

void db_array_int4(struct buf *array, int32_t value)
{
    buf_be32(array, 4);
    buf_be32(array, (uint32_t)value);
}

void db_array_int8(struct buf *array, int64_t value)
{
    buf_be32(array, 8);
    buf_be64(array, (uint64_t)value);
}

void db_array_time(struct buf *array, int64_t instant_us)
{
    db_array_int8(array, pg_from_instant(instant_us));
}

void db_array_bytea(struct buf *array, const void *bytes, size_t len)
{
    if (!bytes) {
        db_array_null(array);
        return;
    }
    buf_be32(array, (uint32_t)len);
    buf_add(array, bytes, len);
}

void db_array_text(struct buf *array, const char *text)
{
    db_array_bytea(array, text, text ? strlen(text) : 0);
}

void db_array_uuid(struct buf *array, const struct uuid *id)
{
    db_array_bytea(array, id->bytes, UUID_SIZE);
}

void db_array_jsonb(struct buf *array, const char *json, size_t len)
{
    if (!json) {
        db_array_null(array);
        return;
    }
    buf_be32(array, (uint32_t)len + 1);
    buf_char(array, PG_JSONB_VERSION);
    buf_add(array, json, len);
}
