#include "npsd/base/buf.h"
#include "npsd/base/text.h"
#include "spool_internal.h"

#include <string.h>

/* The first instant of the years 1 and 10000: what a time may be that npsd takes (clock_parse). */
#define FIRST_US INT64_C(-62135596800000000)
#define END_US INT64_C(253402300800000000)

enum { ROW_BYTES = 160 }; /* of an answer besides its texts, with its place in the index */

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    if (text)
        sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

static void bind_json(sqlite3_stmt *statement, int place, const char *text, size_t len)
{
    if (text)
        sqlite3_bind_text(statement, place, text, (int)len, SQLITE_STATIC);
}

/* Each as a byte with the facet, and its value with a NUL, which no value holds. */
static struct buf encode_facets(struct arena *arena, const struct spool_answer *answer)
{
    struct buf bytes = buf_make(arena, 64);
    for (size_t i = 0; i < answer->facet_count; i++) {
        const struct spool_facet *facet = &answer->facets[i];
        buf_char(&bytes, (char)facet->facet);
        buf_add(&bytes, facet->value, strlen(facet->value) + 1);
    }
    return bytes;
}

/* What is bound lives in the answer and the arena. */
void spool_answer_bind(sqlite3_stmt *statement, struct arena *arena,
                       const struct spool_answer *answer)
{
    const struct answer_row *row = &answer->row;
    const struct buf facets = encode_facets(arena, answer);
    const size_t cuts_len = row->question_cut_count * sizeof *row->question_cuts;
    sqlite3_bind_int(statement, 1, row->survey_id);
    sqlite3_bind_blob(statement, 2, row->id.bytes, UUID_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, row->hash, sizeof row->hash, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, row->answered_us);
    sqlite3_bind_int64(statement, 5, row->received_us);
    sqlite3_bind_int(statement, 6, row->score);
    sqlite3_bind_int(statement, 7, row->channel);
    sqlite3_bind_blob(statement, 8, facets.data, (int)facets.len, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 9, cuts_len ? (const void *)row->question_cuts : "", (int)cuts_len,
                      SQLITE_STATIC);
    bind_text(statement, 10, row->external_id);
    bind_text(statement, 11, row->language);
    bind_text(statement, 12, row->respondent);
    bind_json(statement, 13, row->answers, row->answers_len);
    bind_json(statement, 14, row->properties, row->properties_len);
    sqlite3_bind_int(statement, 15, row->suspect);
    sqlite3_bind_int(statement, 16, row->set_aside);
}

/* Columns of a result that are read one after the other. */
struct columns {
    sqlite3_stmt *statement;
    int at;
    struct arena *arena;
    bool bad;
};

static int64_t take_number(struct columns *columns, int64_t min, int64_t max)
{
    int64_t number = sqlite3_column_int64(columns->statement, columns->at);
    columns->bad |= sqlite3_column_type(columns->statement, columns->at++) != SQLITE_INTEGER ||
                    number < min || number > max;
    return number;
}

static void take_bytes(struct columns *columns, void *bytes, size_t size)
{
    int at = columns->at++;
    if (sqlite3_column_bytes(columns->statement, at) == (int)size)
        memcpy(bytes, sqlite3_column_blob(columns->statement, at), size);
    else
        columns->bad = true;
}

static const char *take_blob(struct columns *columns, size_t *ret_len)
{
    int at = columns->at++;
    const void *bytes = sqlite3_column_blob(columns->statement, at);
    *ret_len = (size_t)sqlite3_column_bytes(columns->statement, at);
    return arena_strndup(columns->arena, bytes ? bytes : "", *ret_len);
}

/* Valid UTF-8 without a NUL. */
static bool is_text(const char *bytes, size_t len)
{
    size_t at = 0;
    for (size_t step; at < len && bytes[at] && (step = text_utf8_size(bytes + at, len - at)) > 0;)
        at += step;
    return at == len;
}

/* NULL for NULL. */
static const char *take_text(struct columns *columns, size_t *ret_len)
{
    int type = sqlite3_column_type(columns->statement, columns->at);
    if (type != SQLITE_NULL) {
        const char *text = take_blob(columns, ret_len);
        columns->bad |= type != SQLITE_TEXT || !is_text(text, *ret_len);
        return text;
    }
    columns->at++;
    *ret_len = 0;
    return NULL;
}

static void take_facets(struct columns *columns, struct spool_answer *answer)
{
    size_t len, at = 0;
    const char *bytes = take_blob(columns, &len);
    while (at < len && answer->facet_count < SPOOL_FACETS_MAX) {
        int facet = (unsigned char)bytes[at];
        const char *value = bytes + at + 1;
        columns->bad |= facet < SURVEY_FACET_AGENT || facet > SURVEY_FACET_QUESTION ||
                        !is_text(value, strlen(value));
        answer->facets[answer->facet_count++] = (struct spool_facet){facet, value};
        at += 1 + strlen(value) + 1;
    }
    columns->bad |= at != len;
}

static void take_cuts(struct columns *columns, struct answer_row *row)
{
    size_t len;
    const char *bytes = take_blob(columns, &len);
    row->question_cut_count = len / sizeof *row->question_cuts;
    columns->bad |= len % sizeof *row->question_cuts != 0;
    const int64_t *cuts = arena_memdup(columns->arena, bytes, len);
    for (size_t i = 0; i < row->question_cut_count; i++)
        columns->bad |= cuts[i] >> 32 <= SURVEY_FACET_QUESTION || (int32_t)cuts[i] < 0;
    row->question_cuts = cuts;
}

void spool_answer_read(sqlite3_stmt *statement, int first, struct arena *arena,
                       struct spool_answer *ret_answer)
{
    struct columns columns = {.statement = statement, .at = first, .arena = arena};
    struct spool_answer answer = {.seq = ret_answer->seq};
    struct answer_row *row = &answer.row;
    size_t len;
    row->survey_id = (int32_t)take_number(&columns, 1, INT32_MAX);
    take_bytes(&columns, row->id.bytes, UUID_SIZE);
    take_bytes(&columns, row->hash, sizeof row->hash);
    row->answered_us = take_number(&columns, FIRST_US, END_US - 1);
    row->received_us = take_number(&columns, FIRST_US, END_US - 1);
    row->score = (int)take_number(&columns, 0, 10);
    row->channel = (enum channel)take_number(&columns, 0, CHANNEL_IMPORT);
    take_facets(&columns, &answer);
    take_cuts(&columns, row);
    row->external_id = take_text(&columns, &len);
    row->language = take_text(&columns, &len);
    row->respondent = take_text(&columns, &len);
    row->answers = take_text(&columns, &row->answers_len);
    row->properties = take_text(&columns, &row->properties_len);
    row->suspect = (int)take_number(&columns, 0, INT16_MAX);
    row->set_aside = take_number(&columns, 0, 1) != 0;
    row->agent = ANSWER_UNSET;
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row->facets[slot] = ANSWER_UNSET;
    answer.unreadable = columns.bad;
    *ret_answer = answer;
}

static int64_t length(const char *text)
{
    return text ? (int64_t)strlen(text) : 0;
}

int64_t spool_answer_size(const struct spool_answer *answer)
{
    const struct answer_row *row = &answer->row;
    int64_t size = ROW_BYTES + (int64_t)(row->answers_len + row->properties_len) +
                   (int64_t)(row->question_cut_count * sizeof *row->question_cuts) +
                   length(row->external_id) + length(row->language) + length(row->respondent);
    for (size_t i = 0; i < answer->facet_count; i++)
        size += 2 + length(answer->facets[i].value);
    return size;
}
