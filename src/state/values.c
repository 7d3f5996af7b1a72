#include "npsd/state/values.h"

#include "npsd/base/text.h"
#include "npsd/db/array.h"
#include "npsd/domain/survey.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOCK_CLASS = 8, TABLE_START = 64 };

/* The values of one facet of one survey, all that the database has had when they were read last. */
struct facet_entry {
    char *value; /* NULL: free */
    int32_t id;
};

struct facet_values {
    int32_t survey_id;
    int facet;
    struct facet_entry *table; /* open addressing, at most half full */
    size_t size;               /* a power of two, or 0 */
    size_t count;
    struct facet_values *next;
};

enum { BUCKETS = 1024 };

struct values {
    pthread_rwlock_t lock;
    struct facet_values *buckets[BUCKETS]; /* by survey and facet */
};

static const struct db_stmt read_values = {
    "facet_values_read", "int4 int2", "int4 text",
    "select id, value from facet_value where survey_id = $1 and facet = $2"};

static const struct db_stmt lock_values = {"facet_values_lock", "int4", "int4",
                                           "select 1 from pg_advisory_xact_lock(8, $1)"};

/* Adds the value if it is new and there is room; the caller holds the lock, so max + 1 is free. */
static const struct db_stmt add_value = {
    "facet_value_add", "int4 int2 text", "",
    "insert into facet_value (survey_id, facet, id, value)"
    " select $1, $2, coalesce(max(id), 0) + 1, $3"
    " from facet_value where survey_id = $1 and facet = $2"
    " having ($2 = 2 or count(*) < 1000) and not coalesce(bool_or(value = $3), false)"};

/* $3 the numbers; the place of each among them comes back with its value. */
static const struct db_stmt name_values = {
    "facet_values_name", "int4 int2 int4[]", "int8 text",
    "select i.place, v.value from unnest($3) with ordinality i (id, place)"
    " join facet_value v on v.survey_id = $1 and v.facet = $2 and v.id = i.id"};

const struct db_stmt *const values_statements[] = {&read_values, &lock_values, &add_value,
                                                   &name_values, NULL};

_Static_assert(VALUES_MAX == 1000 && LOCK_CLASS == 8 && SURVEY_FACET_AGENT == 2,
               "the numbers stand in the statements too");

struct values *values_new(void)
{
    struct values *values = calloc(1, sizeof *values);
    if (values)
        pthread_rwlock_init(&values->lock, NULL);
    return values;
}

static void facet_values_free(struct facet_values *facet)
{
    for (size_t i = 0; i < facet->size; i++)
        free(facet->table[i].value);
    free(facet->table);
    free(facet);
}

void values_forget(struct values *values)
{
    pthread_rwlock_wrlock(&values->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        while (values->buckets[i]) {
            struct facet_values *next = values->buckets[i]->next;
            facet_values_free(values->buckets[i]);
            values->buckets[i] = next;
        }
    pthread_rwlock_unlock(&values->lock);
}

void values_free(struct values *values)
{
    if (!values)
        return;
    values_forget(values);
    pthread_rwlock_destroy(&values->lock);
    free(values);
}

static struct facet_values **facet_place(struct values *values, int32_t survey_id, int facet)
{
    struct facet_values **place =
        &values->buckets[((uint32_t)survey_id * 16u + (uint32_t)facet) % BUCKETS];
    while (*place && ((*place)->survey_id != survey_id || (*place)->facet != facet))
        place = &(*place)->next;
    return place;
}

/* The entry of the value, or the free one where it would go. */
static struct facet_entry *table_place(struct facet_entry *table, size_t size, const char *value)
{
    size_t i = text_hash(value, strlen(value)) & (size - 1);
    while (table[i].value && strcmp(table[i].value, value) != 0)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static bool facet_is_full(const struct facet_values *facet)
{
    return facet->facet != SURVEY_FACET_AGENT && facet->count >= VALUES_MAX;
}

/* Under the lock. *ret_full: the facet is known to have no room for new values. */
static bool find_locked(struct values *values, int32_t survey_id, int facet, const char *value,
                        int32_t *ret_id, bool *ret_full)
{
    const struct facet_values *found = *facet_place(values, survey_id, facet);
    *ret_full = found && facet_is_full(found);
    if (!found || found->size == 0)
        return false;
    const struct facet_entry *entry = table_place(found->table, found->size, value);
    if (!entry->value)
        return false;
    *ret_id = entry->id;
    return true;
}

static bool find(struct values *values, int32_t survey_id, int facet, const char *value,
                 int32_t *ret_id, bool *ret_full)
{
    pthread_rwlock_rdlock(&values->lock);
    bool found = find_locked(values, survey_id, facet, value, ret_id, ret_full);
    pthread_rwlock_unlock(&values->lock);
    return found;
}

/* Agents are never put together, so one may have that name. */
static bool is_other(int facet, const char *value)
{
    return facet != SURVEY_FACET_AGENT && strcmp(value, VALUES_OTHER_NAME) == 0;
}

bool values_find(struct values *values, int32_t survey_id, int facet, const char *value,
                 int32_t *ret_id)
{
    bool full = false;
    if (is_other(facet, value)) {
        *ret_id = VALUES_OTHER;
        return true;
    }
    if (find(values, survey_id, facet, value, ret_id, &full))
        return true;
    if (full)
        *ret_id = VALUES_OTHER;
    return full;
}

static bool facet_grow(struct facet_values *facet)
{
    size_t size = facet->size ? 2 * facet->size : TABLE_START;
    struct facet_entry *table = calloc(size, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < facet->size; i++)
        if (facet->table[i].value)
            *table_place(table, size, facet->table[i].value) = facet->table[i];
    free(facet->table);
    facet->table = table;
    facet->size = size;
    return true;
}

static void facet_add(struct facet_values *facet, const char *value, int32_t id)
{
    if (2 * facet->count >= facet->size && !facet_grow(facet))
        return;
    struct facet_entry *entry = table_place(facet->table, facet->size, value);
    if (entry->value)
        return;
    entry->value = strdup(value);
    entry->id = id;
    facet->count += entry->value != NULL;
}

/* Takes over what the database has; rows are never changed nor removed there, so adding is enough.
 */
static void merge_locked(struct values *values, int32_t survey_id, int facet,
                         const struct db_result *rows)
{
    struct facet_values **place = facet_place(values, survey_id, facet);
    if (!*place) {
        *place = calloc(1, sizeof **place);
        if (!*place)
            return;
        (*place)->survey_id = survey_id;
        (*place)->facet = facet;
    }
    for (int row = 0; row < db_rows(rows); row++)
        facet_add(*place, db_bytes(rows, row, 1, NULL), (int32_t)db_int(rows, row, 0));
}

static enum db_status read_facet(struct values *values, struct pg *pg, int32_t survey_id, int facet)
{
    DB_RESULT rows = NULL;
    enum db_status status = PG_EXEC(pg, &read_values, &rows, P_INT4(survey_id), P_INT2(facet));
    if (status != DB_OK)
        return status;
    pthread_rwlock_wrlock(&values->lock);
    merge_locked(values, survey_id, facet, rows);
    pthread_rwlock_unlock(&values->lock);
    return DB_OK;
}

struct addition {
    int32_t survey_id;
    int facet;
    const char *value;
};

static enum db_status add(struct pg *pg, void *context)
{
    const struct addition *addition = context;
    enum db_status status = PG_EXEC(pg, &lock_values, NULL, P_INT4(addition->survey_id));
    if (status != DB_OK)
        return status;
    return PG_EXEC(pg, &add_value, NULL, P_INT4(addition->survey_id), P_INT2(addition->facet),
                   P_TEXT(addition->value));
}

static enum db_status add_and_read(struct values *values, struct pg *pg, struct addition *addition)
{
    enum db_status status = pg_transaction(pg, "facet-value-add", DB_READ_COMMITTED, add, addition);
    if (status != DB_OK)
        return status;
    return read_facet(values, pg, addition->survey_id, addition->facet);
}

enum db_status values_resolve(struct values *values, struct pg *pg, int32_t survey_id, int facet,
                              const char *value, int32_t *ret_id)
{
    bool full = false;
    if (values_find(values, survey_id, facet, value, ret_id))
        return DB_OK;
    struct addition addition = {survey_id, facet, value};
    enum db_status status = add_and_read(values, pg, &addition);
    if (status == DB_LOST) /* harmless to repeat */
        status = add_and_read(values, pg, &addition);
    if (status != DB_OK)
        return status;
    if (find(values, survey_id, facet, value, ret_id, &full))
        return DB_OK;
    if (!full)
        return DB_RESOURCES; /* it is there, but there was no memory to remember it */
    *ret_id = VALUES_OTHER;
    return DB_OK;
}

enum db_status values_look_up(struct values *values, struct pg *pg, int32_t survey_id, int facet,
                              const char *value, bool *ret_known, int32_t *ret_id)
{
    int32_t id = VALUES_OTHER;
    bool full = false;
    bool known = is_other(facet, value) || find(values, survey_id, facet, value, &id, &full);
    if (!known && !full) {
        /* Another daemon may have given it a number meanwhile. */
        enum db_status status = read_facet(values, pg, survey_id, facet);
        if (status != DB_OK)
            return status;
        known = find(values, survey_id, facet, value, &id, &full);
    }
    *ret_known = known;
    *ret_id = known ? id : VALUES_OTHER;
    return DB_OK;
}

enum db_status values_names(struct pg *pg, struct arena *arena, int32_t survey_id, int facet,
                            const int32_t *ids, size_t count, const char **ret_names)
{
    DB_RESULT rows = NULL;
    struct buf numbers = db_array_begin(arena, DB_ARRAY_INT4, count);

    for (size_t i = 0; i < count; i++)
        db_array_int4(&numbers, ids[i]);
    enum db_status status =
        PG_EXEC(pg, &name_values, &rows, P_INT4(survey_id), P_INT2(facet), P_BUF(&numbers));
    if (status != DB_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        ret_names[i] =
            facet != SURVEY_FACET_AGENT && ids[i] == VALUES_OTHER ? VALUES_OTHER_NAME : NULL;
    for (int row = 0; row < db_rows(rows); row++)
        ret_names[db_int(rows, row, 0) - 1] = db_text(rows, row, 1, arena);
    return DB_OK;
}
