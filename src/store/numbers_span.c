#include "numbers_parts.h"

/* clang-format off */

#define ANSWERS                                                                                    \
    "n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10"

/* Slots of a level that have answers, tallies and journal together, among those from lo to hi. */
#define SLOTS_WITH_ANSWERS(table, journal_slots, lo, hi)                                           \
    "select slot from ("                                                                           \
    "  select slot, " ANSWERS " as n from " table                                                  \
    "  where survey_id = $1 and facet = 0 and value = 0"                                           \
    "  union all"                                                                                  \
    "  select " journal_slots ", n from unfolded) s"                                               \
    " where slot >= " lo " and slot < " hi " group by slot having sum(n) > 0"

#define DAY_OF_MONTH(month)                                                                        \
    "((date '1970-01-01' + (" month ") * interval '1 month')::date - date '1970-01-01')"
#define DAYS_OF(month)                                                                             \
    SLOTS_WITH_ANSWERS("tally_day", DAY_SLOT, DAY_OF_MONTH(month), DAY_OF_MONTH(month " + 1"))
#define QUARTERS_OF(day)                                                                           \
    SLOTS_WITH_ANSWERS("tally_quarter", QUARTER_SLOT, day " * 96", day " * 96 + 96")

/* First the months that have answers, then days of the first and the last one, then quarters. */
const struct db_stmt numbers_ends = {
    "numbers_ends", "int4", "int4 int4",
    "with unfolded as materialized ("
    "  select slot, sum(weight)::int4 as n from ("
    "    select slot, unnest(cuts) as cut, unnest(weights) as weight from journal j"
    "    where survey_id = $1"
    "     and xid >= (select low from tally_state s where s.survey_id = $1)) j"
    "  where cut = 0 group by slot having sum(weight) <> 0),"
    " month as materialized ("
    "  select min(slot) as first, max(slot) as last from ("
    SLOTS_WITH_ANSWERS("tally_month", MONTH_SLOT, "-2147483648", "2147483647") ") m),"
    " day as materialized ("
    "  select (select min(slot) from (" DAYS_OF("month.first") ") d) as first,"
    "   (select max(slot) from (" DAYS_OF("month.last") ") d) as last from month)"
    " select (select min(slot) from (" QUARTERS_OF("day.first") ") q),"
    "  (select max(slot) from (" QUARTERS_OF("day.last") ") q) from day"};

/* clang-format on */

enum db_status numbers_span(struct pg *pg, int32_t survey_id, int64_t *ret_from_us,
                            int64_t *ret_to_us, bool *ret_any)
{
    DB_RESULT ends = NULL;
    enum db_status status = PG_EXEC(pg, &numbers_ends, &ends, P_INT4(survey_id));

    if (status != DB_OK)
        return status;
    *ret_any = !db_is_null(ends, 0, 0);
    if (*ret_any) {
        *ret_from_us = slot_start_us(SLOT_QUARTER, (int32_t)db_int(ends, 0, 0));
        *ret_to_us = slot_start_us(SLOT_QUARTER, (int32_t)db_int(ends, 0, 1) + 1);
    }
    return DB_OK;
}
