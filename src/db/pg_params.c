#include "npsd/base/buf.h"
#include "pg_internal.h"
#include <stdio.h>
#include <string.h>

/* The largest value PostgreSQL takes. */
enum { VALUE_MAX = 0x3fffffff };

struct db_param P_TEXT(const char *text) {
    return P_BYTES(text, text ? strlen(text) : 0);
}

struct db_param
P_BUF(const void *buf) {
    const struct buf *bytes = buf;
    return P_BYTES(bytes->data, bytes->len);
}

static bool
is_number(Oid type)
{
    return type == PG_BOOL || type == PG_INT2 || type == PG_INT4 || type == PG_INT8 ||
           type == PG_XID8 || type == PG_TIMESTAMPTZ;
}

static bool fits(const struct db_param *param, Oid type)
{
    switch (param->kind) {
    case DB_P_BOOL:
        return type == PG_BOOL;
    case DB_P_INT2:
        return type == PG_INT2;
    case DB_P_INT4:
        return type == PG_INT4;
    case DB_P_INT8:
        return type == PG_INT8 || type == PG_XID8;
    case DB_P_TIME:
        return type == PG_TIMESTAMPTZ;
    case DB_P_BYTES:
        return param->null || (!is_number(type) && (type != PG_UUID || param->len == UUID_SIZE));
    }
    return false;
}

static int number_size(int kind)
{
    static const int sizes[] = {
        [DB_P_BOOL] = 1, [DB_P_INT2] = 2, [DB_P_INT4] = 4, [DB_P_INT8] = 8, [DB_P_TIME] = 8,
    };
    return sizes[kind];
}

static char *encode_number(struct arena *arena, const struct db_param *param)
{
    int64_t number = param->kind == DB_P_TIME ? pg_from_instant(param->number) : param->number;
    if (param->kind == DB_P_BOOL)
        number = number != 0;
    char *bytes = arena_alloc(arena, 8);
    pg_put(bytes, (uint64_t)number, number_size(param->kind));
    return bytes;
}

static char *encode_jsonb(struct arena *arena, const struct db_param *param)
{
    char *bytes = arena_alloc(arena, param->len + 1);
    bytes[0] = PG_JSONB_VERSION;
    memcpy(bytes + 1, param->data, param->len);
    return bytes;
}

static void encode(struct arena *arena, const struct db_param *param, Oid type,
                   const char **ret_value, int *ret_length)
{
    if (param->null) {
        *ret_value = NULL;
        *ret_length = 0;
    } else if (param->kind != DB_P_BYTES) {
        *ret_value = encode_number(arena, param);
        *ret_length = number_size(param->kind);
    } else if (type == PG_JSONB) {
        *ret_value = encode_jsonb(arena, param);
        *ret_length = (int)param->len + 1;
    } else {
        *ret_value = param->data;
        *ret_length = (int)param->len;
    }
}

static enum db_status check(struct pg *pg, const struct db_stmt *stmt, size_t number,
                            const struct db_param *param, Oid type)
{
    bool small = param->null || param->kind != DB_P_BYTES || param->len < VALUE_MAX;
    if (fits(param, type) && small)
        return DB_OK;
    char text[160];
    snprintf(text, sizeof(text), "%s: parameter %zu %s%s", stmt->name, number,
             small ? "does not fit " : "is too large", small ? pg_type_word(type) : "");
    pg_note(pg, NULL, text);
    return small ? DB_SCHEMA : DB_REFUSED;
}

static enum db_status miscounted(struct pg *pg, const struct db_stmt *stmt, size_t count)
{
    char text[160];
    snprintf(text, sizeof(text), "%s: %zu parameters given", stmt->name, count);
    pg_note(pg, NULL, text);
    return DB_SCHEMA;
}

enum db_status pg_encode(struct pg *pg, struct arena *arena, const struct db_stmt *stmt,
                         const struct db_param *params, size_t count, struct pg_values *ret_values)
{
    if (pg_count_types(stmt->params) != count)
        return miscounted(pg, stmt, count);
    Oid *types = arena_calloc(arena, count + 1, sizeof(*types));
    const char **values = arena_calloc(arena, count + 1, sizeof(*values));
    int *lengths = arena_calloc(arena, count + 1, sizeof(*lengths));
    int *formats = arena_calloc(arena, count + 1, sizeof(*formats));
    const char *words = stmt->params;
    for (size_t i = 0; i < count && pg_next_type(&words, &types[i]); i++) {
        enum db_status status = check(pg, stmt, i + 1, &params[i], types[i]);
        if (status != DB_OK)
            return status;
        encode(arena, &params[i], types[i], &values[i], &lengths[i]);
        formats[i] = 1;
    }
    *ret_values = (struct pg_values){(int)count, types, values, lengths, formats};
    return DB_OK;
}
