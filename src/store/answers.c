#include "npsd/store/answers.h"

#include "npsd/store/answers_encode.h"
#include "npsd/store/answers_journal.h"

#include <stdlib.h>
#include <string.h>

/*
 * Set-returning functions in the select list run in step and are padded with NULLs, so a column
 * that no row of the batch has is one NULL instead of an array; and unlike unnest in FROM nothing
 * is gathered in a tuplestore first.
 */
#define RESPONSE_COLUMNS                                                                           \
    "survey_id, score, channel, answered_at, received_at, id, body_hash,"                          \
    " agent, f1, f2, f3, f4, f5, f6, f7, f8, external_id, language, respondent, answers, properties"
#define RESPONSE_ARRAYS                                                                            \
    "unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7),"          \
    " unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14),"    \
    " unnest($15), unnest($16), unnest($17), unnest($18), unnest($19), unnest($20), unnest($21)"
#define RESPONSE_PARAMS                                                                            \
    "int4[] int2[] int2[] timestamptz[] timestamptz[] uuid[] bytea[]"                              \
    " int4[] int4[] int4[] int4[] int4[] int4[] int4[] int4[] int4[]"                              \
    " text[] text[] text[] jsonb[] jsonb[]"

/* What a batch carries besides if some of its answers are marked; the others have the defaults. */
#define MARKS ", suspect, excluded, exclusion_reason"
#define MARK_PARAMS " int2[] bool[] text[]"

static const struct db_stmt append_rows = {"response_append", RESPONSE_PARAMS, "",
                                           "insert into response (" RESPONSE_COLUMNS ")"
                                           " select " RESPONSE_ARRAYS};

static const struct db_stmt append_marked = {
    "response_append_marked", RESPONSE_PARAMS MARK_PARAMS, "",
    "insert into response (" RESPONSE_COLUMNS MARKS ")"
    " select " RESPONSE_ARRAYS ", unnest($22), unnest($23), unnest($24)"};

static const struct db_stmt append_journal = {
    "journal_append", "int4[] int4[] int4[] int4[] int8[] int2[] int4[]", "xid8",
    "insert into journal (survey_id, slot, cuts, scores, weights)"
    " select survey_id, slot, ($5)[first:last], ($6)[first:last], ($7)[first:last]"
    " from unnest($1, $2, $3, $4) r (survey_id, slot, first, last) returning xid"};

/* The rows that were not there, and what they add to the journal: one statement, one transaction.
 */
#define APPEND_NEW(marks, arrays)                                                                  \
    "with added as (insert into response (" RESPONSE_COLUMNS marks                                 \
    ") select " RESPONSE_ARRAYS arrays " on conflict do nothing returning survey_id, id, score),"  \
    " cell as (select survey_id, b.slot, cut, a.score, count(*)::int as weight"                    \
    " from added a"                                                                                \
    " join unnest($1, $6, $22, $23) b (survey_id, id, slot, cuts) using (survey_id, id)"           \
    " cross join lateral unnest(b.cuts::bigint[]) cut group by 1, 2, 3, 4),"                       \
    " counted as (insert into journal (survey_id, slot, cuts, scores, weights)"                    \
    " select survey_id, slot, array_agg(cut), array_agg(score), array_agg(weight)"                 \
    " from cell group by survey_id, slot)"                                                         \
    " select survey_id, id from added"

static const struct db_stmt append_new = {"response_append_new", RESPONSE_PARAMS " int4[] text[]",
                                          "int4 uuid", APPEND_NEW("", "")};

static const struct db_stmt append_new_marked = {
    "response_append_new_marked", RESPONSE_PARAMS " int4[] text[]" MARK_PARAMS, "int4 uuid",
    APPEND_NEW(MARKS, ", unnest($24), unnest($25), unnest($26)")};

/* Who is there instead: needs a later snapshot than the insert that stepped back. */
static const struct db_stmt find_rows = {
    "response_find", "int4[] uuid[]", "int4 uuid bytea timestamptz bool",
    "select r.survey_id, r.id, r.body_hash, r.received_at, r.erased"
    " from unnest($1, $2) b(survey_id, id) join response r using (survey_id, id)"};

const struct db_stmt *const answers_statements[] = {
    &append_rows, &append_marked, &append_journal, &append_new, &append_new_marked, &find_rows,
    NULL};

enum { EACH_COLUMNS = 2 }; /* of answers_journal_of_each */

static bool is_any_marked(const struct answer_row *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i]->suspect)
            return true;
    return false;
}

enum db_status answers_append(struct pg *pg, struct arena *arena,
                              const struct answer_row *const *rows, size_t count, uint64_t *ret_xid)
{
    DB_RESULT journalled = NULL;
    struct db_param row_params[ANSWER_COLUMNS + MARK_COLUMNS], journal_params[JOURNAL_COLUMNS];
    bool marked = is_any_marked(rows, count);
    answers_encode_rows(arena, rows, count, row_params);
    if (marked)
        answers_encode_marks(arena, rows, count, row_params + ANSWER_COLUMNS);
    answers_journal(arena, rows, count, journal_params);
    const struct db_call calls[] = {{marked ? &append_marked : &append_rows, row_params,
                                     ANSWER_COLUMNS + (marked ? MARK_COLUMNS : 0)},
                                    {&append_journal, journal_params, JOURNAL_COLUMNS}};
    enum db_status status = pg_pipeline(pg, calls, 2, &journalled);
    if (status == DB_OK && ret_xid)
        *ret_xid = db_rows(journalled) > 0 ? (uint64_t)db_int(journalled, 0, 0) : 0;
    return status;
}

static int compare_key(int32_t survey_id, const struct uuid *id, const struct answer_row *row)
{
    if (survey_id != row->survey_id)
        return survey_id < row->survey_id ? -1 : 1;
    return memcmp(id->bytes, row->id.bytes, UUID_SIZE);
}

/* The index of the row in the sorted batch; count if it is not there, which cannot be. */
static size_t find_row(const struct answer_row *const *rows, size_t count, int32_t survey_id,
                       const struct uuid *id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_key(survey_id, id, rows[middle]);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return count;
}

static enum db_status insert_new(struct pg *pg, struct arena *arena,
                                 const struct answer_row *const *rows, size_t count, bool *known,
                                 struct answer_found *found)
{
    DB_RESULT result = NULL;
    struct db_param params[ANSWER_COLUMNS + EACH_COLUMNS + MARK_COLUMNS];
    bool marked = is_any_marked(rows, count);
    answers_encode_rows(arena, rows, count, params);
    answers_journal_of_each(arena, rows, count, params + ANSWER_COLUMNS);
    if (marked)
        answers_encode_marks(arena, rows, count, params + ANSWER_COLUMNS + EACH_COLUMNS);
    enum db_status status =
        pg_exec(pg, marked ? &append_new_marked : &append_new, params,
                ANSWER_COLUMNS + EACH_COLUMNS + (marked ? MARK_COLUMNS : 0), &result);
    if (status != DB_OK)
        return status;
    for (int r = 0; r < db_rows(result); r++) {
        struct uuid id = db_uuid(result, r, 1);
        size_t i = find_row(rows, count, (int32_t)db_int(result, r, 0), &id);
        if (i == count)
            continue;
        known[i] = true;
        found[i].outcome = ANSWER_CREATED;
        found[i].received_us = rows[i]->received_us;
        memcpy(found[i].hash, rows[i]->hash, sizeof found[i].hash);
    }
    return DB_OK;
}

static void take_row(const struct db_result *result, int r, const struct answer_row *row,
                     struct answer_found *found)
{
    size_t len;
    const char *hash = db_bytes(result, r, 2, &len);
    found->received_us = db_time(result, r, 3);
    memset(found->hash, 0, sizeof found->hash);
    memcpy(found->hash, hash, len < sizeof found->hash ? len : sizeof found->hash);
    if (db_bool(result, r, 4))
        found->outcome = ANSWER_ERASED;
    else if (memcmp(found->hash, row->hash, sizeof found->hash) == 0)
        found->outcome = ANSWER_REPLAYED;
    else
        found->outcome = ANSWER_REUSED;
}

static enum db_status look_up(struct pg *pg, struct arena *arena,
                              const struct answer_row *const *rows, size_t count, bool *known,
                              struct answer_found *found)
{
    DB_RESULT result = NULL;
    struct db_param params[2];
    answers_encode_keys(arena, rows, count, known, params);
    enum db_status status = pg_exec(pg, &find_rows, params, 2, &result);
    if (status != DB_OK)
        return status;
    for (int r = 0; r < db_rows(result); r++) {
        struct uuid id = db_uuid(result, r, 1);
        size_t i = find_row(rows, count, (int32_t)db_int(result, r, 0), &id);
        if (i == count)
            continue;
        known[i] = true;
        take_row(result, r, rows[i], &found[i]);
    }
    return DB_OK;
}

static size_t count_known(const bool *known, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += known[i];
    return found;
}

enum db_status answers_append_carefully(struct pg *pg, struct arena *arena,
                                        const struct answer_row *const *rows, size_t count,
                                        struct answer_found *ret_found)
{
    bool *known = arena_calloc(arena, count, sizeof *known);
    enum db_status status = insert_new(pg, arena, rows, count, known, ret_found);
    if (status != DB_OK)
        return status;
    size_t written = count_known(known, count);
    if (written < count)
        status = look_up(pg, arena, rows, count, known, ret_found);
    /* A row that is neither taken nor there went with its survey between the two statements. */
    if (status == DB_OK && count_known(known, count) < count)
        status = DB_RETRY;
    /* Not "nothing happened": the insert is committed. */
    return status != DB_OK && written > 0 ? DB_LOST : status;
}
