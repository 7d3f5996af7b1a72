#include "pg_internal.h"
#include <string.h>

/* 2000-01-01, where PostgreSQL's clock begins. */
#define EPOCH_US INT64_C(946684800000000)

/* The OIDs of built-in types never change (PostgreSQL's pg_type.dat). */
static const struct {
    const char *word;
    Oid type;
} types[] = {
    {"bool", PG_BOOL},
    {"int2", PG_INT2},
    {"int4", PG_INT4},
    {"int8", PG_INT8},
    {"text", PG_TEXT},
    {"uuid", PG_UUID},
    {"timestamptz", PG_TIMESTAMPTZ},
    {"bytea", PG_BYTEA},
    {"jsonb", PG_JSONB},
    {"xid8", PG_XID8},
    {"pg_snapshot", PG_SNAPSHOT},
    {"bool[]", 1000},
    {"int2[]", 1005},
    {"int4[]", PG_INT4_ARRAY},
    {"int8[]", PG_INT8_ARRAY},
    {"text[]", PG_TEXT_ARRAY},
    {"uuid[]", 2951},
    {"timestamptz[]", 1185},
    {"bytea[]", 1001},
    {"jsonb[]", 3807},
    {"xid8[]", 271},
    {"pg_snapshot[]", 5039},
};

static Oid type_of_word(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (strlen(types[i].word) == len && memcmp(types[i].word, word, len) == 0)
            return types[i].type;
    return InvalidOid;
}

bool pg_next_type(const char **words, Oid *ret_type)
{
    const char *word = *words + strspn(*words, " ");
    size_t len = strcspn(word, " ");
    if (len == 0)
        return false;
    *words = word + len;
    *ret_type = type_of_word(word, len);
    return true;
}

size_t pg_count_types(const char *words)
{
    size_t count = 0;
    for (Oid type; pg_next_type(&words, &type);)
        count++;
    return count;
}

bool pg_fits(const char *columns, const PGresult *result)
{
    Oid declared;
    int count = 0;
    for (; pg_next_type(&columns, &declared); count++)
        if (count >= PQnfields(result) || declared != PQftype(result, count))
            return false;
    return count == PQnfields(result);
}

const char *pg_type_word(Oid type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (types[i].type == type)
            return types[i].word;
    return "another type";
}

int64_t pg_from_instant(int64_t instant_us)
{
    if (instant_us == INT64_MIN || instant_us == INT64_MAX)
        return instant_us;
    return instant_us < INT64_MIN + EPOCH_US ? INT64_MIN + 1 : instant_us - EPOCH_US;
}

int64_t pg_to_instant(int64_t pg_us)
{
    if (pg_us == INT64_MIN || pg_us == INT64_MAX)
        return pg_us;
    return pg_us + EPOCH_US; /* PostgreSQL's last instant is far from overflowing this */
}

void pg_put(char *bytes, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--, value >>= 8)
        bytes[i] = (char)(value & 0xff);
}

uint64_t pg_get(const char *bytes, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}
