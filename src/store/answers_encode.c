#include "npsd/store/answers_encode.h"

#include "npsd/db/array.h"

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
    static const uint8_t none[RESPONSE_HASH_SIZE];
    bool given = memcmp(row->hash, none, sizeof none) != 0;
    db_array_bytea(array, row->hash, given ? sizeof row->hash : 0);
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

static const char *reason_of(const struct answer_row *row, char text[static SUSPECT_REASON_SIZE])
{
    return row->set_aside ? suspect_reason(row->suspect, text) : NULL;
}

void answers_encode_marks(struct arena *arena, const struct answer_row *const *rows, size_t count,
                          struct db_param params[static MARK_COLUMNS])
{
    struct buf suspects = db_array_begin(arena, DB_ARRAY_INT2, count);
    struct buf excluded = db_array_begin(arena, DB_ARRAY_BOOL, count);
    struct buf reasons = db_array_begin(arena, DB_ARRAY_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        char reason[SUSPECT_REASON_SIZE];
        db_array_int2(&suspects, (int16_t)rows[i]->suspect);
        db_array_bool(&excluded, rows[i]->set_aside);
        db_array_text(&reasons, reason_of(rows[i], reason));
    }
    params[0] = P_BUF(&suspects);
    params[1] = P_BUF(&excluded);
    params[2] = P_BUF(&reasons);
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
