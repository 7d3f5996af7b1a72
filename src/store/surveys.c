#include "npsd/store/surveys.h"

#include "npsd/db/array.h"

#define SURVEY_TYPES                                                                               \
    "int4 text text text text bool bool int4 int4 int4 text[] int4[] timestamptz timestamptz text" \
    " text"
#define SURVEY_COLUMNS                                                                             \
    "id, slug, title::text, time_zone, access, open, badge_public, min_responses, edit_minutes,"   \
    " keep_text_days, facets, facets_active::int4[], created_at, updated_at, suspects,"            \
    " brand::text"
#define QUESTION_TYPES "int4 int2 int2 text text"
#define QUESTION_COLUMNS "survey_id, n, coalesce(position, 0::int2), id, definition::text"

static const struct db_stmt read_surveys = {"surveys_read", "", SURVEY_TYPES,
                                            "select " SURVEY_COLUMNS " from survey order by id"};

static const struct db_stmt read_questions = {"surveys_questions", "", QUESTION_TYPES,
                                              "select " QUESTION_COLUMNS
                                              " from question order by survey_id, n"};

static const struct db_stmt lock_survey = {"surveys_lock", "text", SURVEY_TYPES,
                                           "select " SURVEY_COLUMNS
                                           " from survey where slug = $1 for update"};

static const struct db_stmt lock_questions = {"surveys_lock_questions", "int4", QUESTION_TYPES,
                                              "select " QUESTION_COLUMNS
                                              " from question where survey_id = $1 order by n"};

static const struct db_stmt insert_survey = {
    "surveys_insert", "text text text text bool bool int4 int4 int4 text[] bool[] text text",
    "int4",
    "with made as ("
    "  insert into survey (slug, title, time_zone, access, open, badge_public, min_responses,"
    "    edit_minutes, keep_text_days, facets, facets_active, suspects, brand)"
    "  values ($1, $2::json, $3, $4, $5, $6, $7, $8, nullif($9, 0), $10, $11, $12, $13::json)"
    "  returning id),"
    " state as (insert into tally_state (survey_id) select id from made)"
    " select id from made"};

static const struct db_stmt update_survey = {
    "surveys_update", "int4 text text text bool bool int4 int4 int4 text[] bool[] text text", "",
    "update survey set title = $2::json, time_zone = $3, access = $4, open = $5,"
    " badge_public = $6, min_responses = $7, edit_minutes = $8, keep_text_days = nullif($9, 0),"
    " facets = $10, facets_active = $11, suspects = $12, brand = $13::json,"
    " updated_at = now() where id = $1"};

static const struct db_stmt write_questions = {
    "surveys_write_questions", "int4 int2[] text[] int2[] text[]", "",
    "insert into question (survey_id, n, id, position, definition)"
    " select $1, n, id, nullif(position, 0::int2), definition::json"
    " from unnest($2, $3, $4, $5) as q (n, id, position, definition)"
    " on conflict (survey_id, n) do update"
    " set id = excluded.id, position = excluded.position, definition = excluded.definition"};

static const struct db_stmt has_responses = {
    "surveys_has_responses", "int4", "bool",
    "select exists (select from response where survey_id = $1 and not erased)"};

/* The score is asked of every answer; texts are found in rows only. What else is counted the
 * tallies tell, with the journal; what is not in them, rows that were changed or have marks. */
static const struct db_stmt answered_questions = {
    "surveys_answered", "int4", "int2",
    "select q.n from question q where q.survey_id = $1 and case q.definition ->> 'type'"
    " when 'nps' then exists ("
    "  select from response r where r.survey_id = q.survey_id and not r.erased)"
    " when 'text' then exists ("
    "  select from response r where r.survey_id = q.survey_id and r.answers ? q.id)"
    " else exists ("
    "  select from tally_month t where t.survey_id = q.survey_id and t.facet = 10 + q.n"
    "   and greatest(n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10) > 0)"
    "  or exists ("
    "  select from journal_cell j where j.survey_id = q.survey_id"
    "   and j.xid >= (select low from tally_state s where s.survey_id = q.survey_id)"
    "   and j.cut >> 32 = 10 + q.n and j.weight > 0)"
    "  or exists ("
    "  select from response r where r.survey_id = q.survey_id and r.updated_at is not null"
    "   and r.excluded and r.answers ? q.id)"
    "  or exists ("
    "  select from response r where r.survey_id = q.survey_id and r.suspect <> 0"
    "   and r.excluded and r.answers ? q.id)"
    " end"};

static const struct db_stmt time_zone_exists = {
    "surveys_time_zone_exists", "text", "bool",
    "select $1 = 'UTC' or exists (select from pg_timezone_names where name = $1"
    " and name !~ '^(posix|right)/' and name not in ('localtime', 'posixrules', 'Factory'))"};

/* Fold and rebuild of a survey hold the same lock: none of them may add tallies meanwhile. */
static const struct db_stmt delete_begin = {"surveys_delete_begin", "int4", "int4",
                                            "select 1 from pg_advisory_xact_lock(7, $1)"};

/* The role of the daemon deletes answers and surveys by functions only: sql/functions.sql. */
static const struct db_stmt delete_audited = {"surveys_delete_audited", "int4 text text", "int8",
                                              "select survey_delete_begin($1, $2, $3)"};

static const struct db_stmt delete_answers = {
    "surveys_delete_answers", "int8 uuid", "uuid bool",
    "select last_id, is_last from survey_delete_answers($1, $2)"};

static const struct db_stmt delete_end = {"surveys_delete", "int8", "text",
                                          "select survey_delete_end($1)::text"};

#define DELETE_FROM(table) "delete from " table " where survey_id = $1"

static const struct db_stmt delete_values = {"surveys_delete_values", "int4", "",
                                             DELETE_FROM("facet_value")};
static const struct db_stmt delete_journal = {"surveys_delete_journal", "int4", "",
                                              DELETE_FROM("journal")};
static const struct db_stmt delete_state = {"surveys_delete_state", "int4", "",
                                            DELETE_FROM("tally_state")};

/* clang-format off */

/*
 * The next 100,000 tallies of survey $1 in the order of their index, behind ($2, $3, $4): there may be
 * millions, and no statement runs for long. Answers up to where, and whether that is all.
 */
#define DELETE_TALLIES(name, table, second, third)                                                 \
    {"surveys_delete_" name, "int4 int2 int4 int4", "int2 int4 int4 bool",                         \
     "with bound as materialized ("                                                                \
     "  select facet, " second ", " third " from " table                                           \
     "  where survey_id = $1 and (facet, " second ", " third ") > ($2, $3, $4)"                    \
     "  order by facet, " second ", " third " offset 99999 limit 1),"                              \
     " up_to (a, b, c) as materialized ("                                                          \
     "  select * from bound union all"                                                             \
     "  select 32767::int2, 2147483647, 2147483647 where not exists (select from bound)),"         \
     " gone as ("                                                                                  \
     "  delete from " table                                                                        \
     "  where survey_id = $1 and (facet, " second ", " third ") > ($2, $3, $4)"                    \
     "   and (facet, " second ", " third ")"                                                       \
     "    <= ((select a from up_to), (select b from up_to), (select c from up_to)))"               \
     " select *, not exists (select from bound) from up_to"}

/* clang-format on */

static const struct db_stmt delete_tallies[] = {
    DELETE_TALLIES("quarters", "tally_quarter", "value", "slot"),
    DELETE_TALLIES("hours", "tally_hour", "value", "slot"),
    DELETE_TALLIES("six_hours", "tally_six_hours", "slot", "value"),
    DELETE_TALLIES("days", "tally_day", "value", "slot"),
    DELETE_TALLIES("months", "tally_month", "value", "slot"),
    DELETE_TALLIES("years", "tally_year", "value", "slot"),
};
enum { DELETE_LEVELS = sizeof(delete_tallies) / sizeof(delete_tallies[0]) };
_Static_assert((int)DELETE_LEVELS == (int)SLOT_LEVELS, "each of them stands in the list below");

/* Last: who adds to them holds the survey's row until then. */
static const struct db_stmt delete_displays = {"surveys_delete_displays", "int4", "",
                                               DELETE_FROM("display")};

const struct db_stmt *const surveys_statements[] = {&read_surveys,
                                                    &read_questions,
                                                    &lock_survey,
                                                    &lock_questions,
                                                    &insert_survey,
                                                    &update_survey,
                                                    &write_questions,
                                                    &has_responses,
                                                    &answered_questions,
                                                    &time_zone_exists,
                                                    &delete_begin,
                                                    &delete_audited,
                                                    &delete_answers,
                                                    &delete_values,
                                                    &delete_journal,
                                                    &delete_tallies[0],
                                                    &delete_tallies[1],
                                                    &delete_tallies[2],
                                                    &delete_tallies[3],
                                                    &delete_tallies[4],
                                                    &delete_tallies[5],
                                                    &delete_state,
                                                    &delete_end,
                                                    &delete_displays,
                                                    NULL};

static void read_facets(const struct db_result *result, int row, struct arena *arena,
                        struct survey_record *record)
{
    size_t names = 0, actives = 0;
    const char *const *name = db_text_array(result, row, 10, arena, &names);
    const int32_t *active = db_int4_array(result, row, 11, arena, &actives);

    for (size_t i = 0; i < names && i < actives && i < SURVEY_FACETS_MAX; i++)
        record->facets[record->facet_count++] = (struct survey_facet){name[i], active[i] != 0};
}

static void read_survey(const struct db_result *result, int row, struct arena *arena,
                        struct survey_record *record)
{
    *record = (struct survey_record){
        .id = (int32_t)db_int(result, row, 0),
        .slug = db_text(result, row, 1, arena),
        .title = db_text(result, row, 2, arena),
        .time_zone = db_text(result, row, 3, arena),
        .access = db_text(result, row, 4, arena),
        .open = db_bool(result, row, 5),
        .badge_public = db_bool(result, row, 6),
        .min_responses = (int)db_int(result, row, 7),
        .edit_minutes = (int)db_int(result, row, 8),
        .keep_text_days = (int)db_int(result, row, 9),
        .created_us = db_time(result, row, 12),
        .updated_us = db_time(result, row, 13),
        .suspects = db_text(result, row, 14, arena),
        .brand = db_is_null(result, row, 15) ? NULL : db_text(result, row, 15, arena),
    };
    read_facets(result, row, arena, record);
}

/* All rows of a result as questions. */
static struct question_record *take_questions(const struct db_result *result, struct arena *arena)
{
    size_t count = (size_t)db_rows(result);
    struct question_record *questions = arena_calloc(arena, count, sizeof(*questions));

    for (size_t i = 0; i < count; i++) {
        questions[i] = (struct question_record){
            .survey_id = (int32_t)db_int(result, (int)i, 0),
            .n = (int)db_int(result, (int)i, 1),
            .position = (int)db_int(result, (int)i, 2),
            .id = db_text(result, (int)i, 3, arena),
            .definition = db_text(result, (int)i, 4, arena),
        };
    }
    return questions;
}

/* Gives each survey its questions; both are in the order of the survey's id. */
static void share_questions(struct survey_record *surveys, size_t survey_count,
                            struct question_record *questions, size_t question_count)
{
    size_t next = 0;

    for (size_t i = 0; i < survey_count; i++) {
        while (next < question_count && questions[next].survey_id < surveys[i].id)
            next++;
        surveys[i].questions = &questions[next];
        while (next < question_count && questions[next].survey_id == surveys[i].id)
            next++;
        surveys[i].question_count = (size_t)(&questions[next] - surveys[i].questions);
    }
}

enum db_status surveys_read_all(struct pg *pg, struct arena *arena,
                                struct survey_record **ret_records, size_t *ret_count)
{
    DB_RESULT rows = NULL;
    DB_RESULT question_rows = NULL;
    enum db_status status = pg_exec(pg, &read_surveys, NULL, 0, &rows);
    if (status == DB_OK)
        status = pg_exec(pg, &read_questions, NULL, 0, &question_rows);
    if (status != DB_OK)
        return status;

    size_t count = (size_t)db_rows(rows);
    struct survey_record *surveys = arena_calloc(arena, count, sizeof(*surveys));
    for (size_t i = 0; i < count; i++)
        read_survey(rows, (int)i, arena, &surveys[i]);
    share_questions(surveys, count, take_questions(question_rows, arena),
                    (size_t)db_rows(question_rows));
    *ret_records = surveys;
    *ret_count = count;
    return DB_OK;
}

enum db_status surveys_lock(struct pg *pg, struct arena *arena, const char *slug, bool *ret_found,
                            struct survey_record *ret_record)
{
    DB_RESULT rows = NULL;
    DB_RESULT question_rows = NULL;
    enum db_status status = PG_EXEC(pg, &lock_survey, &rows, P_TEXT(slug));
    if (status != DB_OK)
        return status;
    if (db_rows(rows) == 0) {
        *ret_found = false;
        return DB_OK;
    }

    int64_t id = db_int(rows, 0, 0);
    status = PG_EXEC(pg, &lock_questions, &question_rows, P_INT4(id));
    if (status != DB_OK)
        return status;
    read_survey(rows, 0, arena, ret_record);
    ret_record->questions = take_questions(question_rows, arena);
    ret_record->question_count = (size_t)db_rows(question_rows);
    *ret_found = true;
    return DB_OK;
}

/* What a record's lists are as arrays of PostgreSQL. */
struct survey_arrays {
    struct arena arena;
    struct buf facets, actives;
    struct buf ns, ids, positions, definitions;
};

static void arrays_make(struct survey_arrays *arrays, const struct survey_record *record)
{
    struct arena *arena = &arrays->arena;
    size_t facets = record->facet_count, questions = record->question_count;

    arena_init(arena, 8192);
    arrays->facets = db_array_begin(arena, DB_ARRAY_TEXT, facets);
    arrays->actives = db_array_begin(arena, DB_ARRAY_BOOL, facets);
    for (size_t i = 0; i < facets; i++) {
        db_array_text(&arrays->facets, record->facets[i].name);
        db_array_bool(&arrays->actives, record->facets[i].active);
    }
    arrays->ns = db_array_begin(arena, DB_ARRAY_INT2, questions);
    arrays->ids = db_array_begin(arena, DB_ARRAY_TEXT, questions);
    arrays->positions = db_array_begin(arena, DB_ARRAY_INT2, questions);
    arrays->definitions = db_array_begin(arena, DB_ARRAY_TEXT, questions);
    for (size_t i = 0; i < questions; i++) {
        db_array_int2(&arrays->ns, (int16_t)record->questions[i].n);
        db_array_text(&arrays->ids, record->questions[i].id);
        db_array_int2(&arrays->positions, (int16_t)record->questions[i].position);
        db_array_text(&arrays->definitions, record->questions[i].definition);
    }
}

static enum db_status questions_write(struct pg *pg, int32_t survey_id,
                                      const struct survey_arrays *arrays)
{
    return PG_EXEC(pg, &write_questions, NULL, P_INT4(survey_id), P_BUF(&arrays->ns),
                   P_BUF(&arrays->ids), P_BUF(&arrays->positions), P_BUF(&arrays->definitions));
}

enum db_status surveys_insert(struct pg *pg, const struct survey_record *record, int32_t *ret_id)
{
    struct survey_arrays arrays;
    DB_RESULT result = NULL;
    int32_t id = 0;

    arrays_make(&arrays, record);
    enum db_status status =
        PG_EXEC(pg, &insert_survey, &result, P_TEXT(record->slug), P_TEXT(record->title),
                P_TEXT(record->time_zone), P_TEXT(record->access), P_BOOL(record->open),
                P_BOOL(record->badge_public), P_INT4(record->min_responses),
                P_INT4(record->edit_minutes), P_INT4(record->keep_text_days), P_BUF(&arrays.facets),
                P_BUF(&arrays.actives), P_TEXT(record->suspects), P_TEXT(record->brand));
    if (status == DB_OK) {
        id = (int32_t)db_int(result, 0, 0);
        status = questions_write(pg, id, &arrays);
    }
    if (status == DB_OK)
        *ret_id = id;
    arena_done(&arrays.arena);
    return status;
}

enum db_status surveys_update(struct pg *pg, const struct survey_record *record)
{
    struct survey_arrays arrays;

    arrays_make(&arrays, record);
    enum db_status status =
        PG_EXEC(pg, &update_survey, NULL, P_INT4(record->id), P_TEXT(record->title),
                P_TEXT(record->time_zone), P_TEXT(record->access), P_BOOL(record->open),
                P_BOOL(record->badge_public), P_INT4(record->min_responses),
                P_INT4(record->edit_minutes), P_INT4(record->keep_text_days), P_BUF(&arrays.facets),
                P_BUF(&arrays.actives), P_TEXT(record->suspects), P_TEXT(record->brand));
    if (status == DB_OK)
        status = questions_write(pg, record->id, &arrays);
    arena_done(&arrays.arena);
    return status;
}

enum db_status surveys_has_responses(struct pg *pg, int32_t survey_id, bool *ret_has)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &has_responses, &result, P_INT4(survey_id));
    if (status == DB_OK)
        *ret_has = db_bool(result, 0, 0);
    return status;
}

enum db_status surveys_answered(struct pg *pg, const struct survey *survey, bool *ret_answered)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &answered_questions, &result, P_INT4(survey->id));
    if (status != DB_OK)
        return status;
    for (size_t i = 0; i < survey->question_count; i++) {
        ret_answered[i] = false;
        for (int row = 0; row < db_rows(result); row++)
            ret_answered[i] |= db_int(result, row, 0) == survey->questions[i].n;
    }
    return DB_OK;
}

static enum db_status answers_delete(struct pg *pg, int64_t audit_id)
{
    struct uuid last = {{0}};
    bool all = false;

    while (!all) {
        DB_RESULT result = NULL;
        enum db_status status =
            PG_EXEC(pg, &delete_answers, &result, P_INT8(audit_id), P_UUID(&last));
        if (status != DB_OK)
            return status;
        last = db_uuid(result, 0, 0);
        all = db_bool(result, 0, 1);
    }
    return DB_OK;
}

static enum db_status tallies_delete(struct pg *pg, const struct db_stmt *stmt, int32_t survey_id)
{
    int64_t facet = -1, second = INT32_MIN, third = INT32_MIN;
    bool all = false;

    while (!all) {
        DB_RESULT result = NULL;
        enum db_status status = PG_EXEC(pg, stmt, &result, P_INT4(survey_id), P_INT2(facet),
                                        P_INT4(second), P_INT4(third));
        if (status != DB_OK)
            return status;
        facet = db_int(result, 0, 0);
        second = db_int(result, 0, 1);
        third = db_int(result, 0, 2);
        all = db_bool(result, 0, 3);
    }
    return DB_OK;
}

enum db_status surveys_delete(struct pg *pg, int32_t survey_id, const char *actor,
                              const char *detail)
{
    const struct db_param id = P_INT4(survey_id);
    DB_RESULT result = NULL;
    enum db_status status = pg_exec(pg, &delete_begin, &id, 1, NULL);

    if (status == DB_OK)
        status = PG_EXEC(pg, &delete_audited, &result, id, P_TEXT(actor), P_TEXT(detail));
    if (status != DB_OK)
        return status;
    int64_t audit_id = db_int(result, 0, 0);
    status = answers_delete(pg, audit_id);
    if (status == DB_OK)
        status = pg_exec(pg, &delete_values, &id, 1, NULL);
    if (status == DB_OK)
        status = pg_exec(pg, &delete_journal, &id, 1, NULL);
    for (size_t i = 0; status == DB_OK && i < DELETE_LEVELS; i++)
        status = tallies_delete(pg, &delete_tallies[i], survey_id);
    if (status == DB_OK)
        status = pg_exec(pg, &delete_state, &id, 1, NULL);
    if (status == DB_OK)
        status = PG_EXEC(pg, &delete_end, NULL, P_INT8(audit_id));
    if (status == DB_OK)
        status = pg_exec(pg, &delete_displays, &id, 1, NULL);
    return status;
}

enum db_status surveys_time_zone_exists(struct pg *pg, const char *name, bool *ret_exists)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &time_zone_exists, &result, P_TEXT(name));
    if (status == DB_OK)
        *ret_exists = db_bool(result, 0, 0);
    return status;
}
