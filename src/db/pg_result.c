#include "npsd/base/text.h"
#include "pg_internal.h"
#include <assert.h>
#include <string.h>

/* A struct db_result is libpq's PGresult under a name that the layers above may know. */
static const PGresult *of(const struct db_result *result)
{
    return (const PGresult *)result;
}

void db_result_free(struct db_result *result)
{
    PQclear((PGresult *)result);
}

int db_rows(const struct db_result *result)
{
    return PQntuples(of(result));
}

int db_affected(const struct db_result *result)
{
    /* libpq only reads it, but its prototype is older than const. */
    const char *text = PQcmdTuples((PGresult *)(uintptr_t)result);
    int64_t count;
    return text_to_number(text, strlen(text), 0, INT32_MAX, &count) ? (int)count : 0;
}

bool db_is_null(const struct db_result *result, int row, int column)
{
    return PQgetisnull(of(result), row, column);
}

static const char *cell(const struct db_result *result, int row, int column)
{
    assert(row >= 0 && row < PQntuples(of(result)));
    assert(column >= 0 && column < PQnfields(of(result)) && PQfformat(of(result), column) == 1);
    return PQgetvalue(of(result), row, column);
}

/* The cell's size; it is checked against what its type must have. */
static int size_of(const struct db_result *result, int row, int column)
{
    return PQgetlength(of(result), row, column);
}

static Oid type_of(const struct db_result *result, int column)
{
    return PQftype(of(result), column);
}

bool db_bool(const struct db_result *result, int row, int column)
{
    const char *bytes = cell(result, row, column);
    assert(type_of(result, column) == PG_BOOL);
    return *bytes != 0; /* a NULL cell reads as "" */
}

int64_t db_int(const struct db_result *result, int row, int column)
{
    const char *bytes = cell(result, row, column);
    switch (type_of(result, column)) {
    case PG_INT2:
        return db_is_null(result, row, column) ? 0 : (int16_t)pg_get(bytes, 2);
    case PG_INT4:
        return db_is_null(result, row, column) ? 0 : (int32_t)pg_get(bytes, 4);
    case PG_INT8:
    case PG_XID8:
        return db_is_null(result, row, column) ? 0 : (int64_t)pg_get(bytes, 8);
    default:
        assert(!"a whole number");
        return 0;
    }
}

int64_t db_time(const struct db_result *result, int row, int column)
{
    const char *bytes = cell(result, row, column);
    assert(type_of(result, column) == PG_TIMESTAMPTZ);
    return db_is_null(result, row, column) ? 0 : pg_to_instant((int64_t)pg_get(bytes, 8));
}

struct uuid db_uuid(const struct db_result *result, int row, int column)
{
    const char *bytes = cell(result, row, column);
    assert(type_of(result, column) == PG_UUID);
    struct uuid id = {{0}};
    if (!db_is_null(result, row, column))
        memcpy(id.bytes, bytes, UUID_SIZE);
    return id;
}

const char *db_bytes(const struct db_result *result, int row, int column, size_t *ret_len)
{
    const char *bytes = cell(result, row, column);
    Oid type = type_of(result, column);
    assert(type == PG_TEXT || type == PG_BYTEA || type == PG_JSONB || type == PG_SNAPSHOT);
    if (db_is_null(result, row, column)) {
        if (ret_len)
            *ret_len = 0;
        return NULL;
    }
    int version = type == PG_JSONB;
    if (ret_len)
        *ret_len = (size_t)(size_of(result, row, column) - version);
    return bytes + version;
}

char *db_text(const struct db_result *result, int row, int column, struct arena *arena)
{
    size_t len;
    const char *bytes = db_bytes(result, row, column, &len);
    return bytes ? arena_strndup(arena, bytes, len) : NULL;
}

/* Leaves *cursor at the first element; returns how many there are. Layout: number of dimensions,
 * flags, element type, then size and lower bound of each dimension, then each element's length and
 * bytes. */
static size_t array_begin(const struct db_result *result, int row, int column, Oid type,
                          const char **cursor)
{
    const char *bytes = cell(result, row, column);
    assert(type_of(result, column) == type);
    int dimensions = db_is_null(result, row, column) ? 0 : (int)pg_get(bytes, 4);
    size_t count = dimensions > 0;
    for (int i = 0; i < dimensions; i++)
        count *= pg_get(bytes + 12 + 8 * i, 4);
    *cursor = bytes + 12 + 8 * dimensions;
    return count;
}

/* The next element's bytes, NULL for NULL. */
static const char *array_next(const char **cursor, size_t *ret_len)
{
    int32_t len = (int32_t)pg_get(*cursor, 4);
    const char *bytes = *cursor + 4;
    *cursor = bytes + (len > 0 ? len : 0);
    *ret_len = len > 0 ? (size_t)len : 0;
    return len < 0 ? NULL : bytes;
}

const int32_t *db_int4_array(const struct db_result *result, int row, int column,
                             struct arena *arena, size_t *ret_count)
{
    const char *cursor;
    size_t count = array_begin(result, row, column, PG_INT4_ARRAY, &cursor);
    *ret_count = count;
    if (db_is_null(result, row, column))
        return NULL;
    int32_t *values = arena_calloc(arena, count + 1, sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *bytes = array_next(&cursor, &len);
        values[i] = bytes ? (int32_t)pg_get(bytes, 4) : 0;
    }
    return values;
}

void db_int8s(const struct db_result *result, int row, int column, int64_t *ret_values,
              size_t count)
{
    const char *cursor;
    size_t there = array_begin(result, row, column, PG_INT8_ARRAY, &cursor);
    assert(there == count || db_is_null(result, row, column));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *bytes = i < there ? array_next(&cursor, &len) : NULL;
        ret_values[i] = bytes ? (int64_t)pg_get(bytes, 8) : 0;
    }
}

const char *const *db_text_array(const struct db_result *result, int row, int column,
                                 struct arena *arena, size_t *ret_count)
{
    const char *cursor;
    size_t count = array_begin(result, row, column, PG_TEXT_ARRAY, &cursor);
    *ret_count = count;
    if (db_is_null(result, row, column))
        return NULL;
    const char **values = arena_calloc(arena, count + 1, sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *bytes = array_next(&cursor, &len);
        values[i] = bytes ? arena_strndup(arena, bytes, len) : NULL;
    }
    return values;
}
