#include "npsd/store/displays.h"

#include "npsd/db/array.h"

/* The lock on the survey's row keeps it from being deleted meanwhile; all take rows in one order.
 */
static const struct db_stmt add_counts = {
    "displays_add", "int4[] int2[] int4[] int4[] int4[]", "",
    "insert into display (survey_id, channel, slot, shown, dismissed)"
    " select d.survey_id, d.channel, d.slot, d.shown, d.dismissed"
    " from unnest($1, $2, $3, $4, $5) d (survey_id, channel, slot, shown, dismissed)"
    " join survey s on s.id = d.survey_id order by 1, 2, 3 for key share of s"
    " on conflict (survey_id, channel, slot) do update"
    " set shown = display.shown + excluded.shown,"
    " dismissed = display.dismissed + excluded.dismissed"};

/* A range of the primary key for each channel. */
static const struct db_stmt sum_counts = {
    "displays_sum", "int4 int4 int4 int4", "int4 int8 int8",
    "select number, shown, dismissed from generate_series(0, $4 - 1) number"
    " cross join lateral (select sum(d.shown), sum(d.dismissed) from display d"
    "  where d.survey_id = $1 and d.channel = number::int2 and d.slot >= $2 and d.slot < $3)"
    " s (shown, dismissed) where shown is not null"};

const struct db_stmt *const displays_statements[] = {&add_counts, &sum_counts, NULL};

enum db_status displays_add(struct pg *pg, struct arena *arena, const struct display_count *counts,
                            size_t count)
{
    struct buf surveys = db_array_begin(arena, DB_ARRAY_INT4, count);
    struct buf channels = db_array_begin(arena, DB_ARRAY_INT2, count);
    struct buf slots = db_array_begin(arena, DB_ARRAY_INT4, count);
    struct buf shown = db_array_begin(arena, DB_ARRAY_INT4, count);
    struct buf dismissed = db_array_begin(arena, DB_ARRAY_INT4, count);
    for (size_t i = 0; i < count; i++) {
        db_array_int4(&surveys, counts[i].survey_id);
        db_array_int2(&channels, (int16_t)counts[i].channel);
        db_array_int4(&slots, counts[i].slot);
        db_array_int4(&shown, counts[i].shown);
        db_array_int4(&dismissed, counts[i].dismissed);
    }
    return PG_EXEC(pg, &add_counts, NULL, P_BUF(&surveys), P_BUF(&channels), P_BUF(&slots),
                   P_BUF(&shown), P_BUF(&dismissed));
}

/* The first quarter hour that begins at the instant or later. */
static int32_t first_slot(int64_t instant_us)
{
    if (instant_us == SLOTS_OPEN_FROM)
        return INT32_MIN;
    if (instant_us == SLOTS_OPEN_TO)
        return INT32_MAX;
    return slot_of(SLOT_QUARTER, instant_us - 1) + 1;
}

enum db_status displays_sum(struct pg *pg, int32_t survey_id, const struct window *window,
                            struct display_sums *ret_sums)
{
    DB_RESULT result = NULL;
    enum db_status status =
        PG_EXEC(pg, &sum_counts, &result, P_INT4(survey_id), P_INT4(first_slot(window->from_us)),
                P_INT4(first_slot(window->to_us)), P_INT4(CHANNEL_COUNT));
    if (status != DB_OK)
        return status;
    *ret_sums = (struct display_sums){0};
    for (int row = 0; row < db_rows(result); row++) {
        int64_t channel = db_int(result, row, 0);
        ret_sums->shown[channel] = db_int(result, row, 1);
        ret_sums->dismissed[channel] = db_int(result, row, 2);
    }
    return DB_OK;
}
