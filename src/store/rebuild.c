#include "folds_sql.h"
#include "npsd/base/clock.h"

/* --- numbers for properties --- */

/* The lock under which facet_value grows (state/values). */
const struct db_stmt rebuild_lock_values = {"rebuild_lock_values", "int4", "int4",
                                            "select 1 from pg_advisory_xact_lock(8, $1)"};

/* Values of a span that have no number get the next ones, in the order in which they appeared, as
 * long as there is room. */
const struct db_stmt rebuild_add_values = {
    "rebuild_add_values", "int4 timestamptz timestamptz", "",
    "with facet as ("
    "  select 2 + n as facet, name from survey s, unnest(s.facets) with ordinality f (name, n)"
    "  where s.id = $1),"
    " had as ("
    "  select facet, count(*) as count, max(id) as last from facet_value where survey_id = $1"
    "  group by facet),"
    " new as ("
    "  select f.facet, r.properties ->> f.name as value, min(r.answered_at) as first"
    "  from response r cross join facet f"
    "  where r.survey_id = $1 and r.answered_at >= $2 and r.answered_at < $3"
    "   and r.properties ->> f.name <> '(other)' group by 1, 2),"
    " ranked as ("
    "  select facet, value, row_number() over (partition by facet order by first, value) as rank"
    "  from new where not exists (select from facet_value v"
    "   where v.survey_id = $1 and v.facet = new.facet and v.value = new.value))"
    " insert into facet_value (survey_id, facet, id, value)"
    " select $1, facet, coalesce(had.last, 0) + rank, value from ranked left join had using (facet)"
    " where coalesce(had.count, 0) + rank <= 1000"};

/*
 * As a correction would do it: the row, with a new version (store/responses), and the difference in
 * the journal. An answer that somebody changes between this statement's snapshot and its update has
 * another place then, and is left to the next rebuild; so is one whose value is new.
 */
const struct db_stmt rebuild_number = {
    "rebuild_number", "int4 timestamptz timestamptz", "",
    "with due as materialized ("
    "  select * from response_numbers($1, $2, $3) where array_position(numbers, -1) is null),"
    " numbered as ("
    "  update response r set f1 = numbers[1], f2 = numbers[2], f3 = numbers[3], f4 = numbers[4],"
    "   f5 = numbers[5], f6 = numbers[6], f7 = numbers[7], f8 = numbers[8],"
    "   updated_at = greatest(clock_timestamp(), coalesce(updated_at, received_at) + interval '1 us')"
    "  from due where r.ctid = due.place and r.survey_id = $1"
    "  returning quarter_of(r.answered_at) as slot, r.score, r.excluded, stored, numbers),"
    " cell as ("
    "  select slot, (2 + i)::bigint << 32 | n[i] as cut, score, sum(weight)::int as weight"
    "  from numbered cross join generate_series(1, 8) i"
    "  cross join lateral (values (-1, stored), (1, numbers)) side (weight, n)"
    "  where not excluded and n[i] is not null and stored[i] is distinct from numbers[i]"
    "  group by 1, 2, 3 having sum(weight) <> 0)"
    " insert into journal (survey_id, slot, cuts, scores, weights)"
    " select $1, slot, array_agg(cut), array_agg(score), array_agg(weight) from cell group by slot"};

/* --- tallies --- */

const struct db_stmt rebuild_lock = {"rebuild_lock", "int4", "int4",
                                     LOCK_SURVEY("1", "pg_advisory_xact_lock(7, $1)")};

/* survey, first quarter hour, end, month, year. */
const struct db_stmt rebuild_clear = {
    "rebuild_clear", "int4 int4 int4 int4 int4", "",
    "with quarter as ("
    "  delete from tally_quarter where survey_id = $1 and slot >= $2 and slot < $3),"
    " hour as ("
    "  delete from tally_hour where survey_id = $1 and slot >= $2 >> 2 and slot < $3 >> 2),"
    " six_hours as ("
    "  delete from tally_six_hours where survey_id = $1 and " OF_MANY_VALUES
    "   slot >= $2 / 24 and slot < $3 / 24),"
    " day as ("
    "  delete from tally_day where survey_id = $1 and slot >= $2 / 96 and slot < $3 / 96),"
    " year as (delete from tally_year where survey_id = $1 and slot = $5)"
    " delete from tally_month where survey_id = $1 and slot = $4"};

/* One statement, so one snapshot: the journal rows that go are those of the answers that are
 * counted. survey, from, to, first quarter hour, end. */
const struct db_stmt rebuild_count = {
    "rebuild_count", "int4 timestamptz timestamptz int4 int4", "",
    WITH_TALLIES("with gone as ("
                 "  delete from journal where survey_id = $1 and slot >= $4 and slot < $5),"
                 " delta as (select slot, unnest(cuts) as cut, score, 1 as weight"
                 "   from response_cuts($1, $2, $3))",
                 " update tally_state set changed = pg_current_xact_id() where survey_id = $1")};

/* To the month that was counted, the others of its year. survey, month, year. */
const struct db_stmt rebuild_year = {
    "rebuild_year", "int4 int4 int4", "",
    "insert into tally_year as t (survey_id, facet, value, slot, " COUNTER_NAMES ")"
    " select $1, facet, value, $3, " COUNTER_SUMS " from tally_month"
    " where survey_id = $1 and slot >= $3 * 12 and slot < $3 * 12 + 12 and slot <> $2"
    " group by facet, value"
    " on conflict (survey_id, facet, value, slot) do update set " COUNTERS_ADDED};

struct rebuild {
    int32_t survey_id;
    int64_t from_us, to_us; /* of what is numbered now */
    struct fold_month month;
};

static enum db_status add_values(struct pg *pg, void *context)
{
    const struct rebuild *r = context;
    enum db_status status = PG_EXEC(pg, &rebuild_lock_values, NULL, P_INT4(r->survey_id));
    return status != DB_OK ? status
                           : PG_EXEC(pg, &rebuild_add_values, NULL, P_INT4(r->survey_id),
                                     P_TIME(r->from_us), P_TIME(r->to_us));
}

static enum db_status number(struct pg *pg, void *context)
{
    const struct rebuild *r = context;
    return PG_EXEC(pg, &rebuild_number, NULL, P_INT4(r->survey_id), P_TIME(r->from_us),
                   P_TIME(r->to_us));
}

/* A day at a time, so that nobody who changes an answer waits for long. */
static enum db_status number_month(struct pg *pg, struct rebuild *r)
{
    enum db_status status = DB_OK;
    for (r->from_us = r->month.from_us; status == DB_OK && r->from_us < r->month.to_us;
         r->from_us = r->to_us) {
        r->to_us = r->from_us + CLOCK_DAY_US;
        status = pg_transaction(pg, "rebuild-values", DB_READ_COMMITTED, add_values, r);
        if (status == DB_OK)
            status = pg_transaction(pg, "rebuild-number", DB_READ_COMMITTED, number, r);
    }
    return status;
}

static enum db_status count_again(struct pg *pg, void *context)
{
    const struct rebuild *r = context;
    const struct fold_month *m = &r->month;
    enum db_status status = PG_EXEC(pg, &rebuild_lock, NULL, P_INT4(r->survey_id));
    if (status == DB_OK)
        status = PG_EXEC(pg, &rebuild_clear, NULL, P_INT4(r->survey_id), P_INT4(m->first_quarter),
                         P_INT4(m->end_quarter), P_INT4(m->month), P_INT4(m->year));
    if (status == DB_OK)
        status = PG_EXEC(pg, &rebuild_count, NULL, P_INT4(r->survey_id), P_TIME(m->from_us),
                         P_TIME(m->to_us), P_INT4(m->first_quarter), P_INT4(m->end_quarter));
    if (status == DB_OK)
        status = PG_EXEC(pg, &rebuild_year, NULL, P_INT4(r->survey_id), P_INT4(m->month),
                         P_INT4(m->year));
    return status;
}

enum db_status folds_rebuild_month(struct pg *pg, int32_t survey_id, int32_t month)
{
    struct rebuild rebuild = {.survey_id = survey_id, .month = fold_month(month)};
    enum db_status status = number_month(pg, &rebuild);
    return status != DB_OK
               ? status
               : pg_transaction(pg, "rebuild", DB_READ_COMMITTED, count_again, &rebuild);
}
