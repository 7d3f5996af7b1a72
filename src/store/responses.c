#include "npsd/store/responses.h"

#include "npsd/db/array.h"
#include "responses_parts.h"

#include <string.h>

/* What is read of a response, in the order of take_response. */
#define ROW                                                                                        \
    "r.id, r.answered_at, r.received_at, r.updated_at, r.score, r.channel, r.agent, a.value,"      \
    " array[coalesce(r.f1, -1), coalesce(r.f2, -1), coalesce(r.f3, -1), coalesce(r.f4, -1),"       \
    " coalesce(r.f5, -1), coalesce(r.f6, -1), coalesce(r.f7, -1), coalesce(r.f8, -1)]"             \
    ", r.excluded, r.erased,"                                                                      \
    " r.exclusion_reason, r.external_id, r.language, r.respondent, r.answers, r.properties,"       \
    " r.suspect"
#define ROW_TYPES                                                                                  \
    "uuid timestamptz timestamptz timestamptz int2 int2 int4 text int4[] bool bool text text text" \
    " text jsonb jsonb int2"
#define FROM                                                                                       \
    " from response r left join facet_value a"                                                     \
    " on a.survey_id = r.survey_id and a.facet = 2 and a.id = r.agent"

static const struct db_stmt read_one = {"response_read", "int4 uuid", ROW_TYPES,
                                        "select " ROW FROM " where r.survey_id = $1 and r.id = $2"};

/*
 * Planned for its values, so that what is not asked costs nothing and the fitting index is taken.
 * New answers stand at the end of the table, where the block range index on received_at finds them;
 * changed ones have an index of their own.
 */
static const struct db_stmt list = {
    "response_list",
    "int4 timestamptz timestamptz int2 int2 int2 int4 int4[] jsonb bool text[] timestamptz"
    " timestamptz uuid int4 bool bool",
    ROW_TYPES,
    "select " ROW FROM " where r.survey_id = $1 and not r.erased"
    " and r.answered_at >= $2 and r.answered_at < $3"
    " and ($4 is null or r.channel = $4)"
    " and r.score >= $5 and r.score <= $6"
    " and ($7 is null or r.agent = $7)"
    " and ($8[1] is null or r.f1 = $8[1]) and ($8[2] is null or r.f2 = $8[2])"
    " and ($8[3] is null or r.f3 = $8[3]) and ($8[4] is null or r.f4 = $8[4])"
    " and ($8[5] is null or r.f5 = $8[5]) and ($8[6] is null or r.f6 = $8[6])"
    " and ($8[7] is null or r.f7 = $8[7]) and ($8[8] is null or r.f8 = $8[8])"
    " and ($9 is null or r.properties @> $9)"
    " and ($10 is null or $10 = coalesce(r.answers ?| $11, false))"
    " and ($12 is null or r.received_at >= $12 or r.updated_at >= $12)"
    " and ($16 is null or r.excluded = $16)"
    " and ($17 is null or (r.suspect <> 0) = $17)"
    " and ($13 is null or (r.answered_at, r.id) < ($13, $14))"
    " order by r.answered_at desc, r.id desc limit $15"};

const struct db_stmt *const responses_statements[] = {&read_one, NULL};

/* -1 stands for NULL on both sides. */
_Static_assert(ANSWER_UNSET == -1, "as in ROW");

static void take_facets(const struct db_result *result, int r, struct arena *arena,
                        struct answer_row *row)
{
    size_t count;
    const int32_t *numbers = db_int4_array(result, r, 8, arena, &count);
    memcpy(row->facets, numbers, sizeof row->facets);
}

const char *responses_json(const struct db_result *result, int row, int column, struct arena *arena,
                           size_t *ret_len)
{
    const char *bytes = db_bytes(result, row, column, ret_len);
    return bytes ? arena_strndup(arena, bytes, *ret_len) : NULL;
}

static void take_response(const struct db_result *result, int r, struct arena *arena,
                          int32_t survey_id, struct stored_response *stored)
{
    *stored = (struct stored_response){0};
    struct answer_row *row = &stored->row;
    row->survey_id = survey_id;
    row->id = db_uuid(result, r, 0);
    row->answered_us = db_time(result, r, 1);
    row->received_us = db_time(result, r, 2);
    stored->updated_us = db_time(result, r, 3);
    row->score = (int)db_int(result, r, 4);
    row->channel = (enum channel)db_int(result, r, 5);
    row->agent = db_is_null(result, r, 6) ? ANSWER_UNSET : (int32_t)db_int(result, r, 6);
    stored->agent = db_text(result, r, 7, arena);
    take_facets(result, r, arena, row);
    stored->excluded = db_bool(result, r, 9);
    stored->erased = db_bool(result, r, 10);
    stored->exclusion_reason = db_text(result, r, 11, arena);
    row->external_id = db_text(result, r, 12, arena);
    row->language = db_text(result, r, 13, arena);
    row->respondent = db_text(result, r, 14, arena);
    row->answers = responses_json(result, r, 15, arena, &row->answers_len);
    row->properties = responses_json(result, r, 16, arena, &row->properties_len);
    row->suspect = (int)db_int(result, r, 17);
}

enum db_status responses_read(struct pg *pg, struct arena *arena, int32_t survey_id,
                              const struct uuid *id, bool *ret_found,
                              struct stored_response *ret_response)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &read_one, &result, P_INT4(survey_id), P_UUID(id));
    if (status != DB_OK)
        return status;
    *ret_found = db_rows(result) == 1;
    if (*ret_found)
        take_response(result, 0, arena, survey_id, ret_response);
    return DB_OK;
}

struct db_param responses_number(int32_t number, int32_t null)
{
    return number == null ? P_NULL : P_INT4(number);
}

struct db_param responses_facets(struct arena *arena, const int32_t *numbers, int32_t null)
{
    struct buf array = db_array_begin(arena, DB_ARRAY_INT4, SURVEY_FACETS_MAX);
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++) {
        if (numbers[slot] == null)
            db_array_null(&array);
        else
            db_array_int4(&array, numbers[slot]);
    }
    return P_BUF(&array);
}

static struct db_param texts_param(struct arena *arena, const char *const *texts, size_t count)
{
    struct buf array = db_array_begin(arena, DB_ARRAY_TEXT, count);
    for (size_t i = 0; i < count; i++)
        db_array_text(&array, texts[i]);
    return P_BUF(&array);
}

enum db_status responses_list(struct pg *pg, struct arena *arena,
                              const struct response_filter *filter,
                              struct stored_response **ret_responses, size_t *ret_count)
{
    DB_RESULT result = NULL;
    const char *properties = filter->properties;
    const struct db_param params[] = {
        P_INT4(filter->survey_id),
        P_TIME(filter->from_us),
        P_TIME(filter->to_us),
        filter->channel == RESPONSE_FILTER_ANY ? P_NULL : P_INT2(filter->channel),
        P_INT2(filter->min_score),
        P_INT2(filter->max_score),
        responses_number(filter->agent, RESPONSE_FILTER_ANY),
        responses_facets(arena, filter->facets, RESPONSE_FILTER_ANY),
        P_BYTES(properties, properties ? strlen(properties) : 0),
        filter->has_text == RESPONSE_FILTER_ANY ? P_NULL : P_BOOL(filter->has_text),
        texts_param(arena, filter->text_questions, filter->text_question_count),
        filter->updated_since_us == 0 ? P_NULL : P_TIME(filter->updated_since_us),
        filter->after_set ? P_TIME(filter->after_us) : P_NULL,
        filter->after_set ? P_UUID(&filter->after_id) : P_NULL,
        P_INT4(filter->limit),
        filter->counted ? P_BOOL(false) : P_NULL,
        filter->suspect == RESPONSE_FILTER_ANY ? P_NULL : P_BOOL(filter->suspect),
    };
    enum db_status status =
        pg_exec_unprepared(pg, &list, params, sizeof params / sizeof params[0], &result);
    if (status != DB_OK)
        return status;
    size_t count = (size_t)db_rows(result);
    struct stored_response *responses = arena_calloc(arena, count + 1, sizeof *responses);
    for (size_t i = 0; i < count; i++)
        take_response(result, (int)i, arena, filter->survey_id, &responses[i]);
    *ret_responses = responses;
    *ret_count = count;
    return DB_OK;
}
