/*
 * array: PostgreSQL's binary form of one-dimensional arrays, built in a buffer, for
 * unnest($1::int4[], ...).
 *
 *     struct buf ids = db_array_begin(arena, DB_ARRAY_INT4, n);
 *     for each: db_array_int4(&ids, value);        // or db_array_null
 * Exactly n elements must follow. db_array_begin's has_nulls flag is always set, which is valid
 * without NULLs too.
 */
#ifndef NPSD_DB_ARRAY_H
#define NPSD_DB_ARRAY_H

#include "npsd/base/buf.h"
#include "npsd/base/uuid.h"
#include <stdbool.h>
#include <stdint.h>

enum db_array_type {
    DB_ARRAY_BOOL,
    DB_ARRAY_INT2,
    DB_ARRAY_INT4,
    DB_ARRAY_INT8,
    DB_ARRAY_TEXT,
    DB_ARRAY_UUID,
    DB_ARRAY_TIMESTAMPTZ,
    DB_ARRAY_BYTEA,
    DB_ARRAY_JSONB
};

struct buf db_array_begin(struct arena *arena, enum db_array_type type, size_t count);
void db_array_null(struct buf *array);
void db_array_bool(struct buf *array, bool value);
void db_array_int2(struct buf *array, int16_t value);
void db_array_int4(struct buf *array, int32_t value);
void db_array_int8(struct buf *array, int64_t value);
void db_array_text(struct buf *array, const char *text); /* NULL: NULL */
void db_array_uuid(struct buf *array, const struct uuid *id);
void db_array_time(struct buf *array, int64_t instant_us);
void db_array_bytea(struct buf *array, const void *bytes, size_t len); /* NULL: NULL */
void db_array_jsonb(struct buf *array, const char *json, size_t len);  /* NULL: NULL */

#endif
