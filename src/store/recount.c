#include "folds_sql.h"
#include "npsd/domain/slots.h"

#define MONTH_OF_ANSWER MONTH_OF_DATE("at")
#define MONTH_OF_SIX_HOURS MONTH_OF_DATE("(date '1970-01-01' + floor(slot / 4::float8)::int)")
#define SIX_HOURS_AFTER_MONTH                                                                      \
    "((date '1970-01-01' + (month + 1) * interval '1 month')::date - date '1970-01-01') * 4"

/* Months of rows are found by leaps over the index of time, and so are those of six hours, which
 * are many; those of other tallies by reading them. */
const struct db_stmt recount_months = {
    "recount_months", "int4", "int4",
    "with recursive leap as ("
    "  select min(answered_at) as at from response where survey_id = $1 and not erased"
    "  union all"
    "  select (select min(answered_at) from response where survey_id = $1 and not erased"
    "   and answered_at >= date_trunc('month', at, 'UTC') + interval '1 month')"
    "  from leap where at is not null),"
    " stride (facet, month) as ("
    "  select facet, (select " MONTH_OF_SIX_HOURS " from (select min(slot) as slot"
    "    from tally_six_hours t where t.survey_id = $1 and t.facet = f.facet) first)"
    "  from generate_series(2, 10) f (facet)"
    "  union all"
    "  select facet, (select " MONTH_OF_SIX_HOURS " from (select min(slot) as slot"
    "    from tally_six_hours t where t.survey_id = $1 and t.facet = s.facet"
    "     and t.slot >= " SIX_HOURS_AFTER_MONTH ") next)"
    "  from stride s where month is not null),"
    " quarter as ("
    "  select distinct slot from journal where survey_id = $1"
    "  union select distinct slot from tally_quarter where survey_id = $1"
    "  union select distinct slot * 4 from tally_hour where survey_id = $1"
    "  union select distinct slot * 96 from tally_day where survey_id = $1)"
    " select " MONTH_OF_ANSWER " from leap where at is not null"
    " union select month from stride where month is not null"
    " union select " MONTH_SLOT " from quarter"
    " union select distinct slot from tally_month where survey_id = $1"
    " union select distinct slot * 12 from tally_year t where survey_id = $1 and not exists ("
    "  select from tally_month m where m.survey_id = $1"
    "   and m.slot >= t.slot * 12 and m.slot < t.slot * 12 + 12)"
    " order by 1"};

/* Where tallies of one level differ from cells (of rows, less the journal's). */
#define DIFFERING(tallies, slots, condition, first, end)                                           \
    "select 1 from ("                                                                              \
    "  select facet, value, " slots " as slot, " COUNTER_NAMES " from cell" condition              \
    "  union all select facet, value, slot, " COUNTERS_TAKEN " from " tallies                      \
    "  survey_id = $1 and slot >= " first " and slot < " end                                       \
    " ) c group by facet, value, slot having (" COUNTER_SUMS ") <> (" COUNTER_ZEROS ")"
#define DIFFERING_QUARTERS DIFFERING("tally_quarter where", QUARTER_SLOT, IF_FEW_VALUES, "$4", "$5")
#define DIFFERING_HOURS                                                                            \
    DIFFERING("tally_hour where", HOUR_SLOT, IF_FEW_VALUES, "$4 >> 2", "$5 >> 2")
#define DIFFERING_SIX_HOURS                                                                        \
    DIFFERING("tally_six_hours where " OF_MANY_VALUES, SIX_HOURS_SLOT, IF_MANY_VALUES, "$4 / 24",  \
              "$5 / 24")
#define DIFFERING_DAYS DIFFERING("tally_day where", DAY_SLOT, "", "$4 / 96", "$5 / 96")
#define DIFFERING_MONTHS DIFFERING("tally_month where", MONTH_SLOT, "", "$6", "$6 + 1")
/* Of the month's year, from its months: whether these are right is seen one by one. */
#define DIFFERING_YEAR                                                                             \
    "select 1 from ("                                                                              \
    "  select facet, value, " COUNTER_NAMES " from tally_month"                                    \
    "  where survey_id = $1 and slot >= $7 * 12 and slot < $7 * 12 + 12"                           \
    "  union all select facet, value, " COUNTERS_TAKEN " from tally_year"                          \
    "  where survey_id = $1 and slot = $7"                                                         \
    " ) c group by facet, value having (" COUNTER_SUMS ") <> (" COUNTER_ZEROS ")"

/* Of the journal, what readers would read. survey, from, to, first quarter hour, end, month,
 * year. */
const struct db_stmt recount_check = {
    "recount_check", "int4 timestamptz timestamptz int4 int4 int4 int4", "int8",
    WITH_CELLS("with delta as ("
               "  select slot, unnest(cuts) as cut, score, 1 as weight"
               "  from response_cuts($1, $2, $3)"
               "  union all select slot, cut, score, -weight from journal_cell where survey_id = $1"
               "   and xid >= (select low from tally_state where survey_id = $1)"
               "   and slot >= $4 and slot < $5)",
               " select count(*) from (" DIFFERING_QUARTERS " union all " DIFFERING_HOURS
               " union all " DIFFERING_SIX_HOURS " union all " DIFFERING_DAYS
               " union all " DIFFERING_MONTHS " union all " DIFFERING_YEAR ") d")};

const struct db_stmt recount_unnumbered = {"recount_unnumbered", "int4 timestamptz timestamptz",
                                           "int8",
                                           "select count(*) from response_numbers($1, $2, $3)"};

struct fold_month fold_month(int32_t month)
{
    int64_t from_us = slot_start_us(SLOT_MONTH, month);
    int64_t to_us = slot_start_us(SLOT_MONTH, month + 1);
    return (struct fold_month){
        .month = month,
        .year = slot_of(SLOT_YEAR, from_us),
        .from_us = from_us,
        .to_us = to_us,
        .first_quarter = slot_of(SLOT_QUARTER, from_us),
        .end_quarter = slot_of(SLOT_QUARTER, to_us),
    };
}

enum db_status folds_months(struct pg *pg, struct arena *arena, int32_t survey_id,
                            int32_t **ret_months, size_t *ret_count)
{
    DB_RESULT result = NULL;
    enum db_status status = PG_EXEC(pg, &recount_months, &result, P_INT4(survey_id));
    if (status != DB_OK)
        return status;
    size_t count = (size_t)db_rows(result);
    int32_t *months = arena_calloc(arena, count + 1, sizeof *months);
    for (size_t i = 0; i < count; i++)
        months[i] = (int32_t)db_int(result, (int)i, 0);
    *ret_months = months;
    *ret_count = count;
    return DB_OK;
}

enum db_status folds_check_month(struct pg *pg, int32_t survey_id, int32_t month,
                                 int64_t *ret_cells)
{
    DB_RESULT result = NULL;
    const struct fold_month m = fold_month(month);
    enum db_status status =
        PG_EXEC(pg, &recount_check, &result, P_INT4(survey_id), P_TIME(m.from_us), P_TIME(m.to_us),
                P_INT4(m.first_quarter), P_INT4(m.end_quarter), P_INT4(month), P_INT4(m.year));
    if (status == DB_OK)
        *ret_cells = db_int(result, 0, 0);
    return status;
}

enum db_status folds_unnumbered(struct pg *pg, int32_t survey_id, int32_t month,
                                int64_t *ret_answers)
{
    DB_RESULT result = NULL;
    const struct fold_month m = fold_month(month);
    enum db_status status = PG_EXEC(pg, &recount_unnumbered, &result, P_INT4(survey_id),
                                    P_TIME(m.from_us), P_TIME(m.to_us));
    if (status == DB_OK)
        *ret_answers = db_int(result, 0, 0);
    return status;
}
