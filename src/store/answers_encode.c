#include "npsd/store/answers_encode.h"

#include "npsd/base/text.h"
#include "npsd/db/array.h"
#include "npsd/domain/slots.h"

#include <string.h>

/* A column that every row has: how its array is made. */
struct full_column {
    enum db_array_type type;
    void (*add)(struct buf *array, const struct answer_row *row);
};

static void add_survey(struct buf *array, const struct answer_row *row)
{
    db_array_int4(array, row->survey_id);
}

static void add_score(struct buf *array, const struct answer_row *row)
{
    db_array_int2(array, (int16_t)row->score);
}

static void add_channel(struct buf *array, const struct answer_row *row)
{
    db_array_int2(array, (int16_t)row->channel);
}

static void add_answered(struct buf *array, const struct answer_row *row)
{
    db_array_time(array, row->answered_us);
}

static void add_received(struct buf *array, const struct answer_row *row)
{
    db_array_time(array, row->received_us);
}

static void add_id(struct buf *array, const struct answer_row *row)
{
    db_array_uuid(array, &row->id);
}

static void add_hash(struct buf *array, const struct answer_row *row)
{
    db_array_bytea(array, row->hash, sizeof row->hash);
}

static const struct full_column full_columns[] = {
    {DB_ARRAY_INT4, add_survey},          {DB_ARRAY_INT2, add_score},
    {DB_ARRAY_INT2, add_channel},         {DB_ARRAY_TIMESTAMPTZ, add_answered},
    {DB_ARRAY_TIMESTAMPTZ, add_received}, {DB_ARRAY_UUID, add_id},
    {DB_ARRAY_BYTEA, add_hash},
};

enum {
    FULL_COLUMNS = sizeof full_columns / sizeof full_columns[0],
    NUMBER_COLUMNS = 1 + SURVEY_FACETS_MAX, /* agent, f1..f8 */
    TEXT_COLUMNS = 3,
    JSON_COLUMNS = 2
};
_Static_assert(FULL_COLUMNS + NUMBER_COLUMNS + TEXT_COLUMNS + JSON_COLUMNS == ANSWER_COLUMNS,
               "a parameter a column");

static struct db_param encode_full(struct arena *arena, const struct answer_row *const *rows,
                                   size_t count, const struct full_column *column)
{
    struct buf array = db_array_begin(arena, column->type, count);
    for (size_t i = 0; i < count; i++)
        column->add(&array, rows[i]);
    return P_BUF(&array);
}

/* Column 0 is the agent, the others are the facets by slot. */
static int32_t number_of(const struct answer_row *row, int column)
{
    return column == 0 ? row->agent : row->facets[column - 1];
}

static struct db_param encode_numbers(struct arena *arena, const struct answer_row *const *rows,
                                      size_t count, int column)
{
    size_t first = 0;
    while (first < count && number_of(rows[first], column) == ANSWER_UNSET)
        first++;
    if (first == count)
        return P_NULL;
    struct buf array = db_array_begin(arena, DB_ARRAY_INT4, count);
    for (size_t i = 0; i < count; i++) {
        int32_t number = number_of(rows[i], column);
        if (number == ANSWER_UNSET)
            db_array_null(&array);
        else
            db_array_int4(&array, number);
    }
    return P_BUF(&array);
}

static const char *text_of(const struct answer_row *row, int column)
{
    return column == 0 ? row->external_id : column == 1 ? row->language : row->respondent;
}

static struct db_param encode_texts(struct arena *arena, const struct answer_row *const *rows,
                                    size_t count, int column)
{
    size_t first = 0;
    while (first < count && !text_of(rows[first], column))
        first++;
    if (first == count)
        return P_NULL;
    struct buf array = db_array_begin(arena, DB_ARRAY_TEXT, count);
    for (size_t i = 0; i < count; i++)
        db_array_text(&array, text_of(rows[i], column));
    return P_BUF(&array);
}

static const char *json_of(const struct answer_row *row, int column, size_t *ret_len)
{
    *ret_len = column == 0 ? row->answers_len : row->properties_len;
    return column == 0 ? row->answers : row->properties;
}

static struct db_param encode_json(struct arena *arena, const struct answer_row *const *rows,
                                   size_t count, int column)
{
    size_t first = 0, len;
    while (first < count && !json_of(rows[first], column, &len))
        first++;
    if (first == count)
        return P_NULL;
    struct buf array = db_array_begin(arena, DB_ARRAY_JSONB, count);
    for (size_t i = 0; i < count; i++) {
        const char *json = json_of(rows[i], column, &len);
        db_array_jsonb(&array, json, len);
    }
    return P_BUF(&array);
}

void answers_encode_rows(struct arena *arena, const struct answer_row *const *rows, size_t count,
                         struct db_param params[static ANSWER_COLUMNS])
{
    struct db_param *next = params;
    for (int i = 0; i < FULL_COLUMNS; i++)
        *next++ = encode_full(arena, rows, count, &full_columns[i]);
    for (int i = 0; i < NUMBER_COLUMNS; i++)
        *next++ = encode_numbers(arena, rows, count, i);
    for (int i = 0; i < TEXT_COLUMNS; i++)
        *next++ = encode_texts(arena, rows, count, i);
    for (int i = 0; i < JSON_COLUMNS; i++)
        *next++ = encode_json(arena, rows, count, i);
}

/* The cuts of an answer: facet << 32 | value. */
struct dims {
    int64_t *items;
    size_t count;
};

static void dims_add(struct dims *dims, int facet, int32_t value)
{
    if (value != ANSWER_UNSET)
        dims->items[dims->count++] = answer_dim(facet, value);
}

static struct dims row_dims(struct arena *arena, const struct answer_row *row)
{
    size_t room = 2 + SURVEY_FACETS_MAX + row->question_dim_count;
    struct dims dims = {.items = arena_alloc(arena, room * sizeof *dims.items)};
    dims_add(&dims, SURVEY_FACET_CHANNEL, (int32_t)row->channel);
    dims_add(&dims, SURVEY_FACET_AGENT, row->agent);
    for (int slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        dims_add(&dims, SURVEY_FACET_FIRST + slot, row->facets[slot]);
    for (size_t i = 0; i < row->question_dim_count; i++)
        dims.items[dims.count++] = row->question_dims[i];
    return dims;
}

static const char *dims_text(struct arena *arena, const struct dims *dims)
{
    struct buf text = buf_make(arena, 2 + dims->count * 20);
    buf_char(&text, '{');
    for (size_t i = 0; i < dims->count; i++)
        buf_printf(&text, i ? ",%lld" : "%lld", (long long)dims->items[i]);
    buf_char(&text, '}');
    return text.data;
}

const char *answers_dims_text(struct arena *arena, const struct answer_row *row)
{
    const struct dims dims = row_dims(arena, row);
    return dims_text(arena, &dims);
}

/* Answers of one batch that are alike. */
struct delta {
    const struct answer_row *row;
    struct dims dims;
    int32_t slot;
    int32_t weight;
    uint64_t hash;
};

static size_t dims_size(const struct dims *dims)
{
    return dims->count * sizeof *dims->items;
}

static struct delta delta_of(struct arena *arena, const struct answer_row *row)
{
    const struct dims dims = row_dims(arena, row);
    int32_t slot = slot_of(SLOT_QUARTER, row->answered_us);
    const int64_t key[] = {row->survey_id, slot, row->score};
    uint64_t hash = text_hash((const char *)dims.items, dims_size(&dims)) ^
                    text_hash((const char *)key, sizeof key) * UINT64_C(0x9E3779B97F4A7C15);
    return (struct delta){.row = row, .dims = dims, .slot = slot, .weight = 1, .hash = hash};
}

static bool delta_alike(const struct delta *a, const struct delta *b)
{
    return a->hash == b->hash && a->row->survey_id == b->row->survey_id && a->slot == b->slot &&
           a->row->score == b->row->score && a->dims.count == b->dims.count &&
           memcmp(a->dims.items, b->dims.items, dims_size(&a->dims)) == 0;
}

/* Groups by an open hash table of indices into deltas (0: free, else index + 1). */
static size_t group(struct arena *arena, const struct answer_row *const *rows, size_t count,
                    struct delta *deltas)
{
    size_t size = 16, used = 0;
    while (size < 2 * count)
        size *= 2;
    uint32_t *table = arena_calloc(arena, size, sizeof *table);
    for (size_t i = 0; i < count; i++) {
        struct delta delta = delta_of(arena, rows[i]);
        size_t place = delta.hash & (size - 1);
        while (table[place] && !delta_alike(&deltas[table[place] - 1], &delta))
            place = (place + 1) & (size - 1);
        if (table[place]) {
            deltas[table[place] - 1].weight++;
            continue;
        }
        deltas[used++] = delta;
        table[place] = (uint32_t)used;
    }
    return used;
}

void answers_encode_deltas(struct arena *arena, const struct answer_row *const *rows, size_t count,
                           struct db_param params[static DELTA_COLUMNS])
{
    struct delta *deltas = arena_alloc(arena, count * sizeof *deltas);
    size_t n = group(arena, rows, count, deltas);
    struct buf surveys = db_array_begin(arena, DB_ARRAY_INT4, n);
    struct buf slots = db_array_begin(arena, DB_ARRAY_INT4, n);
    struct buf scores = db_array_begin(arena, DB_ARRAY_INT2, n);
    struct buf weights = db_array_begin(arena, DB_ARRAY_INT4, n);
    struct buf dims = db_array_begin(arena, DB_ARRAY_TEXT, n);
    for (size_t i = 0; i < n; i++) {
        db_array_int4(&surveys, deltas[i].row->survey_id);
        db_array_int4(&slots, deltas[i].slot);
        db_array_int2(&scores, (int16_t)deltas[i].row->score);
        db_array_int4(&weights, deltas[i].weight);
        db_array_text(&dims, dims_text(arena, &deltas[i].dims));
    }
    const struct buf *const arrays[DELTA_COLUMNS] = {&surveys, &slots, &scores, &weights, &dims};
    for (int i = 0; i < DELTA_COLUMNS; i++)
        params[i] = P_BUF(arrays[i]);
}

void answers_encode_journal(struct arena *arena, const struct answer_row *const *rows, size_t count,
                            struct db_param params[static 2])
{
    struct buf slots = db_array_begin(arena, DB_ARRAY_INT4, count);
    struct buf dims = db_array_begin(arena, DB_ARRAY_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        db_array_int4(&slots, slot_of(SLOT_QUARTER, rows[i]->answered_us));
        db_array_text(&dims, answers_dims_text(arena, rows[i]));
    }
    params[0] = P_BUF(&slots);
    params[1] = P_BUF(&dims);
}

void answers_encode_keys(struct arena *arena, const struct answer_row *const *rows, size_t count,
                         const bool *known, struct db_param params[static 2])
{
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++)
        wanted += !known[i];
    struct buf surveys = db_array_begin(arena, DB_ARRAY_INT4, wanted);
    struct buf ids = db_array_begin(arena, DB_ARRAY_UUID, wanted);
    for (size_t i = 0; i < count; i++) {
        if (known[i])
            continue;
        db_array_int4(&surveys, rows[i]->survey_id);
        db_array_uuid(&ids, &rows[i]->id);
    }
    params[0] = P_BUF(&surveys);
    params[1] = P_BUF(&ids);
}
