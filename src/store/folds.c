#include "folds_sql.h"

static const struct db_stmt guard = {
    "folds_guard", "", "",
    "update tally_state set"
    " low = case when low > pg_snapshot_xmax(pg_current_snapshot()) then '0' else low end,"
    " changed = case when changed > pg_snapshot_xmax(pg_current_snapshot()) then '0'"
    "   else changed end"
    " where low > pg_snapshot_xmax(pg_current_snapshot())"
    " or changed > pg_snapshot_xmax(pg_current_snapshot())"};

/* One probe of the journal's index a survey. */
static const struct db_stmt pending = {
    "folds_pending", "", "int4",
    "select s.id from survey s left join tally_state t on t.survey_id = s.id"
    " where exists (select from journal j"
    "   where j.survey_id = s.id and j.xid >= coalesce(t.low, '0'))"};

static const struct db_stmt lock_survey = {
    "folds_lock", "int4", "bool",
    LOCK_SURVEY("locked", "pg_try_advisory_xact_lock(7, $1) as locked")};

/*
 * "until" is the transaction with which a piece of 200,000 cuts and scores ends, none if there are
 * fewer; whole transactions are taken, so each call gets on. After it no row below "until" is left,
 * but for transactions that this snapshot does not see: those begin at its xmin.
 */
static const struct db_stmt fold = {
    "folds_fold", "int4", "",
    WITH_TALLIES(
        "with until as materialized (select ("
        "  select xid from ("
        "    select xid, sum(cardinality(cuts)) over (order by xid) as cells from journal"
        "    where survey_id = $1 and xid >= (select low from tally_state where survey_id = $1)"
        "    order by xid) j"
        "  where cells > 200000 limit 1) as xid),"
        " gone as ("
        "  delete from journal j using tally_state s, until u"
        "  where s.survey_id = $1 and j.survey_id = $1 and j.xid >= s.low"
        "   and j.xid <= coalesce(u.xid, '18446744073709551615')"
        "  returning j.slot, j.cuts, j.scores, j.weights),"
        " delta as (select slot, unnest(cuts) as cut, unnest(scores) as score,"
        "   unnest(weights) as weight from gone)",
        " update tally_state set changed = pg_current_xact_id(),"
        "  low = least(pg_snapshot_xmin(pg_current_snapshot()), (select xid from until))"
        " where survey_id = $1 and exists (select from gone)")};

const struct db_stmt *const folds_statements[] = {&guard,
                                                  &pending,
                                                  &lock_survey,
                                                  &fold,
                                                  &recount_months,
                                                  &recount_check,
                                                  &recount_unnumbered,
                                                  &rebuild_lock_values,
                                                  &rebuild_add_values,
                                                  &rebuild_number,
                                                  &rebuild_lock,
                                                  &rebuild_clear,
                                                  &rebuild_count,
                                                  &rebuild_year,
                                                  NULL};

enum db_status folds_guard(struct pg *pg)
{
    return pg_exec(pg, &guard, NULL, 0, NULL);
}

enum db_status folds_pending(struct pg *pg, struct arena *arena, int32_t **ret_surveys,
                             size_t *ret_count)
{
    DB_RESULT result = NULL;
    enum db_status status = pg_exec(pg, &pending, NULL, 0, &result);
    if (status != DB_OK)
        return status;
    size_t count = (size_t)db_rows(result);
    int32_t *surveys = arena_calloc(arena, count + 1, sizeof *surveys);
    for (size_t i = 0; i < count; i++)
        surveys[i] = (int32_t)db_int(result, (int)i, 0);
    *ret_surveys = surveys;
    *ret_count = count;
    return DB_OK;
}

struct fold {
    int32_t survey_id;
    bool done;
};

static enum db_status fold_survey(struct pg *pg, void *context)
{
    struct fold *folding = context;
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &lock_survey, &result, P_INT4(folding->survey_id));
    if (status != DB_OK)
        return status;
    folding->done = db_bool(result, 0, 0);
    return folding->done ? PG_EXEC(pg, &fold, NULL, P_INT4(folding->survey_id)) : DB_OK;
}

enum db_status folds_fold(struct pg *pg, int32_t survey_id, bool *ret_done)
{
    struct fold folding = {.survey_id = survey_id};
    enum db_status status = pg_transaction(pg, "fold", DB_READ_COMMITTED, fold_survey, &folding);
    if (status == DB_OK)
        *ret_done = folding.done;
    return status;
}
