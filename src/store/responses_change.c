#include "npsd/store/responses.h"

#include "npsd/domain/slots.h"
#include "npsd/store/answers_journal.h"
#include "npsd/store/audit.h"
#include "responses_parts.h"

#include <string.h>

/*
 * A version is named by its updated_at: the update finds its row only if nobody changed it
 * meanwhile. The new time is later than the old one even if the clock stepped back.
 */
#define THIS_VERSION                                                                               \
    " where survey_id = $1 and id = $2 and not erased and updated_at is not distinct from $3"
#define NEXT_TIME "greatest(clock_timestamp(), coalesce(updated_at, received_at) + interval '1 us')"

static const struct db_stmt update_row = {
    "response_update",
    "int4 uuid timestamptz int2 int2 timestamptz int4 int4[] text text bool text jsonb jsonb",
    "timestamptz",
    "update response set updated_at = " NEXT_TIME ", score = $4, channel = $5, answered_at = $6,"
    " agent = $7, f1 = $8[1], f2 = $8[2], f3 = $8[3], f4 = $8[4], f5 = $8[5], f6 = $8[6],"
    " f7 = $8[7], f8 = $8[8], language = $9, respondent = $10, excluded = $11,"
    " exclusion_reason = $12, answers = $13, properties = $14" THIS_VERSION
    " returning updated_at"};

static const struct db_stmt erase_row = {
    "response_erase", "int4 uuid timestamptz", "timestamptz",
    "update response set updated_at = " NEXT_TIME ", erased = true, excluded = true, score = 0,"
    " channel = 0, answered_at = 'epoch', agent = null, f1 = null, f2 = null, f3 = null, f4 = null,"
    " f5 = null, f6 = null, f7 = null, f8 = null, external_id = null, language = null,"
    " respondent = null, exclusion_reason = null, answers = null, properties = null,"
    " suspect = 0" THIS_VERSION " returning updated_at"};

static const struct db_stmt add_history = {
    "response_history_add",
    "int4 uuid text int2 int2 timestamptz text text text bool text jsonb jsonb", "",
    "insert into response_history (survey_id, id, version, changed_at, changed_by, score, channel,"
    " answered_at, agent, language, respondent, excluded, exclusion_reason, answers, properties)"
    " select $1, $2, coalesce(max(version), 0) + 1, clock_timestamp(), $3, $4, $5, $6, $7, $8, $9,"
    " $10, $11, $12, $13 from response_history where survey_id = $1 and id = $2"};

static const struct db_stmt drop_history = {"response_history_drop", "int4 uuid", "text",
                                            "select response_history_drop($1, $2)::text"};

static const struct db_stmt add_journal = {
    "journal_add", "int4 int4 int2 int4 text", "",
    "insert into journal (survey_id, slot, cuts, scores, weights)"
    " select $1, $2, cuts, array_fill($3, size), array_fill($4, size)"
    " from (select $5::bigint[]) c (cuts) cross join lateral (select array[cardinality(cuts)]) s (size)"};

static const struct db_stmt read_history = {
    "response_history_read", "int4 uuid",
    "int4 timestamptz text int2 int2 timestamptz text text text bool text jsonb jsonb",
    "select version, changed_at, changed_by, score, channel, answered_at, agent, language,"
    " respondent, excluded, exclusion_reason, answers, properties"
    " from response_history h where survey_id = $1 and id = $2"
    " and version > (select max(version) - 1000 from response_history m"
    "  where m.survey_id = h.survey_id and m.id = h.id)"
    " order by version"};

const struct db_stmt *const responses_change_statements[] = {
    &update_row, &erase_row, &add_history, &drop_history, &add_journal, &read_history, NULL};

/* What the transaction's body knows; arena is only for parameters. */
struct work {
    struct arena *arena;
    const struct stored_response *before, *after; /* after NULL: erase */
    const char *by, *action;
    bool stale;
    int64_t updated_us;
};

static struct db_param version_param(const struct stored_response *response)
{
    return response->updated_us == 0 ? P_NULL : P_TIME(response->updated_us);
}

static enum db_status write_row(struct pg *pg, const struct work *work,
                                struct db_result **ret_result)
{
    const struct answer_row *old = &work->before->row;
    if (!work->after)
        return PG_EXEC(pg, &erase_row, ret_result, P_INT4(old->survey_id), P_UUID(&old->id),
                       version_param(work->before));
    const struct answer_row *row = &work->after->row;
    return PG_EXEC(pg, &update_row, ret_result, P_INT4(row->survey_id), P_UUID(&row->id),
                   version_param(work->before), P_INT2(row->score), P_INT2(row->channel),
                   P_TIME(row->answered_us), responses_number(row->agent, ANSWER_UNSET),
                   responses_facets(work->arena, row->facets, ANSWER_UNSET), P_TEXT(row->language),
                   P_TEXT(row->respondent), P_BOOL(work->after->excluded),
                   P_TEXT(work->after->exclusion_reason), P_BYTES(row->answers, row->answers_len),
                   P_BYTES(row->properties, row->properties_len));
}

static enum db_status write_history(struct pg *pg, const struct work *work)
{
    const struct stored_response *before = work->before;
    const struct answer_row *row = &before->row;
    if (!work->after)
        return PG_EXEC(pg, &drop_history, NULL, P_INT4(row->survey_id), P_UUID(&row->id));
    return PG_EXEC(pg, &add_history, NULL, P_INT4(row->survey_id), P_UUID(&row->id),
                   P_TEXT(work->by), P_INT2(row->score), P_INT2(row->channel),
                   P_TIME(row->answered_us), P_TEXT(before->agent), P_TEXT(row->language),
                   P_TEXT(row->respondent), P_BOOL(before->excluded),
                   P_TEXT(before->exclusion_reason), P_BYTES(row->answers, row->answers_len),
                   P_BYTES(row->properties, row->properties_len));
}

static enum db_status write_delta(struct pg *pg, const struct work *work,
                                  const struct answer_row *row, int weight)
{
    return PG_EXEC(pg, &add_journal, NULL, P_INT4(row->survey_id),
                   P_INT4(slot_of(SLOT_QUARTER, row->answered_us)), P_INT2(row->score),
                   P_INT4(weight), P_TEXT(weight ? answers_cuts_text(work->arena, row) : "{}"));
}

static bool is_counted_alike(struct arena *arena, const struct answer_row *a,
                             const struct answer_row *b)
{
    return a->score == b->score &&
           slot_of(SLOT_QUARTER, a->answered_us) == slot_of(SLOT_QUARTER, b->answered_us) &&
           strcmp(answers_cuts_text(arena, a), answers_cuts_text(arena, b)) == 0;
}

/* A change that moves no number leaves a row without cuts, so that readers of texts notice it too.
 */
static enum db_status write_journal(struct pg *pg, const struct work *work)
{
    const struct stored_response *before = work->before, *after = work->after;
    bool was = !before->excluded, is = after && !after->excluded;
    enum db_status status = DB_OK;
    if (was == is && (!is || is_counted_alike(work->arena, &before->row, &after->row)))
        return write_delta(pg, work, &before->row, 0);
    if (was)
        status = write_delta(pg, work, &before->row, -1);
    if (is && status == DB_OK)
        status = write_delta(pg, work, &after->row, 1);
    return status;
}

static enum db_status change(struct pg *pg, void *context)
{
    struct work *work = context;
    char id[UUID_TEXT_SIZE];
    DB_RESULT result = NULL;
    enum db_status status = write_row(pg, work, &result);
    if (status != DB_OK)
        return status;
    work->stale = db_rows(result) == 0;
    if (work->stale)
        return DB_OK;
    work->updated_us = db_time(result, 0, 0);
    status = write_history(pg, work);
    if (status == DB_OK)
        status = write_journal(pg, work);
    if (status == DB_OK)
        status = audit_add(pg, work->by, work->action, work->before->row.survey_id,
                           uuid_format(&work->before->row.id, id), NULL);
    return status;
}

enum db_status responses_change(struct pg *pg, struct arena *arena,
                                const struct response_change *wanted, bool *ret_stale,
                                int64_t *ret_updated_us)
{
    struct work work = {.arena = arena,
                        .before = wanted->before,
                        .after = wanted->after,
                        .by = wanted->changed_by,
                        .action = wanted->action};
    enum db_status status = pg_transaction(pg, "response-change", DB_READ_COMMITTED, change, &work);
    if (status != DB_OK)
        return status;
    *ret_stale = work.stale;
    *ret_updated_us = work.updated_us;
    return DB_OK;
}

enum db_status responses_erase(struct pg *pg, struct arena *arena,
                               const struct stored_response *before, const char *erased_by,
                               bool *ret_stale)
{
    struct work work = {
        .arena = arena, .before = before, .by = erased_by, .action = "response.erase"};
    enum db_status status = pg_transaction(pg, "response-erase", DB_READ_COMMITTED, change, &work);
    if (status == DB_OK)
        *ret_stale = work.stale;
    return status;
}

static void take_version(const struct db_result *result, int r, struct arena *arena,
                         struct response_version *version)
{
    struct stored_response *response = &version->response;
    struct answer_row *row = &response->row;
    version->version = (int)db_int(result, r, 0);
    version->changed_us = db_time(result, r, 1);
    version->changed_by = db_text(result, r, 2, arena);
    row->score = (int)db_int(result, r, 3);
    row->channel = (enum channel)db_int(result, r, 4);
    row->answered_us = db_time(result, r, 5);
    response->agent = db_text(result, r, 6, arena);
    row->language = db_text(result, r, 7, arena);
    row->respondent = db_text(result, r, 8, arena);
    response->excluded = db_bool(result, r, 9);
    response->exclusion_reason = db_text(result, r, 10, arena);
    row->answers = responses_json(result, r, 11, arena, &row->answers_len);
    row->properties = responses_json(result, r, 12, arena, &row->properties_len);
}

enum db_status responses_history(struct pg *pg, struct arena *arena, int32_t survey_id,
                                 const struct uuid *id, struct response_version **ret_versions,
                                 size_t *ret_count)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &read_history, &result, P_INT4(survey_id), P_UUID(id));
    if (status != DB_OK)
        return status;
    size_t count = (size_t)db_rows(result);
    struct response_version *versions = arena_calloc(arena, count + 1, sizeof *versions);
    for (size_t i = 0; i < count; i++)
        take_version(result, (int)i, arena, &versions[i]);
    *ret_versions = versions;
    *ret_count = count;
    return DB_OK;
}
