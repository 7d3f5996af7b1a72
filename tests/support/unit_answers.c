#include "support/unit_answers.h"

#include "npsd/base/buf.h"
#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"
#include "support/unit_database.h"
#include "unit/suite.h"

const char *const answers_names[ANSWERS_FACETS] = {"branch", "product"};

static void run(struct pg *pg, const char *sql)
{
    enum db_status status = pg_command(pg, sql);
    ck_assert_msg(status == DB_OK, "%s: %s: %s", sql, db_status_name(status), pg_error(pg));
}

static const char *sql_time(struct arena *arena, int64_t at_us)
{
    char text[CLOCK_TEXT_SIZE];
    if (at_us == SLOTS_OPEN_FROM)
        return "timestamptz '-infinity'";
    if (at_us == SLOTS_OPEN_TO)
        return "timestamptz 'infinity'";
    return arena_printf(arena, "timestamptz '%s'", clock_format(at_us, text));
}

const char *answers_rare(struct arena *arena, int n)
{
    return arena_printf(arena, "rare %d", n);
}

/* --- making answers --- */

int64_t answers_instant(struct answer_set *set)
{
    static const int64_t slots_us[] = {900 * CLOCK_SECOND_US, 3600 * CLOCK_SECOND_US, CLOCK_DAY_US};
    int64_t at_us = set->base_us + suite_between(set->random, 0, set->span_us - 1);
    int64_t slot_us = slots_us[suite_between(set->random, 0, COUNT_OF(slots_us) - 1)];

    if (suite_between(set->random, 0, 2) > 0)
        return at_us;
    return clock_floor_div(at_us, slot_us) * slot_us + suite_between(set->random, -1, 1);
}

/* A number of a value, its property, or neither. */
static void add_facet(struct arena *arena, struct answer_set *set, int facet, struct buf *columns,
                      struct buf *properties)
{
    int value = (int)suite_between(set->random, -1, ANSWERS_VALUES);

    if (value < 0) {
        buf_text(columns, ", null");
        return;
    }
    buf_printf(columns, ", %d", value);
    buf_printf(properties, "%s\"%s\": \"%s\"", properties->len > 1 ? ", " : "",
               answers_names[facet],
               value > 0 ? arena_printf(arena, "value %d", value)
                         : answers_rare(arena, (int)suite_between(set->random, 1, ANSWERS_RARE)));
}

static void add_row(struct arena *arena, struct answer_set *set, struct buf *sql)
{
    struct buf columns = buf_make(arena, 32), properties = buf_make(arena, 64);
    int64_t at_us = answers_instant(set);

    buf_char(&properties, '{');
    for (int facet = 0; facet < ANSWERS_FACETS; facet++)
        add_facet(arena, set, facet, &columns, &properties);
    set->at_us[set->count++] = at_us;
    buf_printf(
        sql, "%s(%d, gen_random_uuid(), %s, now(), %d::int2, %d::int2, %s, %s, '\\x00', '%s}'%s)",
        sql->data[sql->len - 1] == ')' ? ", " : " ", set->survey_id, sql_time(arena, at_us),
        (int)suite_between(set->random, 0, 10), (int)suite_between(set->random, 0, 2),
        suite_between(set->random, 0, 3) > 0
            ? arena_printf(arena, "%d", (int)suite_between(set->random, 0, 2))
            : "null",
        suite_between(set->random, 0, 9) == 0 ? "true" : "false", properties.data, columns.data);
}

/* Rows of response, by name and weight, as journal. */
#define JOURNAL                                                                                     \
    "insert into journal (survey_id, slot, cuts, scores, weights)"                                  \
    " select survey_id, slot, array_agg(cut), array_agg(score), array_agg(weight) from ("           \
    "  select survey_id, floor(extract(epoch from answered_at) / 900)::int as slot, score, weight," \
    "   unnest(array[0, 1::bigint << 32 | channel, 2::bigint << 32 | agent,"                        \
    "   3::bigint << 32 | f1, 4::bigint << 32 | f2, 5::bigint << 32 | f3, 6::bigint << 32 | f4,"    \
    "   7::bigint << 32 | f5, 8::bigint << 32 | f6, 9::bigint << 32 | f7, 10::bigint << 32 | f8])"  \
    "   as cut from changed where not excluded) c where cut is not null group by 1, 2"

void answers_insert(struct pg *pg, struct arena *arena, struct answer_set *set, size_t count)
{
    struct buf sql = buf_make(arena, 4096);

    buf_printf(&sql,
               "with changed as (insert into response (survey_id, id, answered_at, received_at,"
               " score, channel, agent, excluded, body_hash, properties, f%d, f%d) values",
               set->facets[0] - SURVEY_FACET_FIRST + 1, set->facets[1] - SURVEY_FACET_FIRST + 1);
    for (size_t i = 0; i < count; i++)
        add_row(arena, set, &sql);
    buf_text(&sql, " returning *, 1 as weight) " JOURNAL);
    run(pg, sql.data);
}

void answers_correct(struct pg *pg, struct arena *arena, const struct answer_set *set)
{
    run(pg,
        arena_printf(arena,
                     "with old as (select * from response where survey_id = %d"
                     "  order by id limit %zu for update),"
                     " new as (update response r set score = (7 * r.score + 3) %% 11,"
                     "  excluded = r.excluded <> (r.score = 5),"
                     "  answered_at = r.answered_at + interval '1 day 17 minutes' * (r.score %% 2)"
                     "  from old where r.survey_id = old.survey_id and r.id = old.id"
                     "  returning r.*),"
                     " changed as (select *, -1 as weight from old"
                     "  union all select *, 1 from new) " JOURNAL,
                     set->survey_id, set->count / 3));
}

/* --- recounting --- */

static const char *filter_condition(struct arena *arena, const struct number_filter *filter)
{
    const char *column = filter->facet == SURVEY_FACET_CHANNEL ? "channel"
                         : filter->facet == SURVEY_FACET_AGENT
                             ? "agent"
                             : arena_printf(arena, "f%d", filter->facet - SURVEY_FACET_FIRST + 1);
    const char *text = filter->text ? arena_printf(arena, " and r.properties ->> '%s' = '%s'",
                                                   filter->name, filter->text)
                                    : "";
    return arena_printf(arena, " and r.%s = %d%s", column, filter->value, text);
}

/* n answers, p promoters, u neutrals, c critics; m, v, k: the mean, variance and count of the
 * interval with its three added answers. */
#define BODY                                                                                                                                                             \
    "format('{\"responses\":%%s,\"promoters\":%%s,\"neutrals\":%%s,\"critics\":%%s,"                                                                                     \
    "\"promoter_share\":%%s,\"neutral_share\":%%s,\"critic_share\":%%s,\"nps\":%%s,"                                                                                     \
    "\"nps_exact\":%%s,\"mean\":%%s,\"histogram\":[%%s],\"interval\":%%s,\"enough\":%%s,"                                                                                \
    "\"min_responses\":30}', n, p, u, c, " PERCENT("p") ", " PERCENT("u") ", " PERCENT("c") ", coalesce(round(100.0 * (p - c) / nullif(n, 0))::text, 'null'), " PERCENT( \
        "(p - c)") ","                                                                                                                                                   \
                   " coalesce(trim_scale(round(s::numeric / nullif(n, 0), 4))::text, 'null'),"                                                                           \
                   " array_to_string(h, ','),"                                                                                                                           \
                   " case when n = 0 then 'null' else format('{\"method\":\"adjusted_wald\",\"level\":0.95,"                                                             \
                   "\"low\":%%s,\"high\":%%s}', trim_scale(round(greatest(-100, 100 * (m - e)), 4)),"                                                                    \
                   "  trim_scale(round(least(100, 100 * (m + e)), 4))) end, (n >= 30)::text)"
#define PERCENT(part)                                                                              \
    "coalesce(trim_scale(round(100.0 * " part " / nullif(n, 0), 4))::text, 'null')"

static const char recount[] =
    "with w (i, a, b) as (values%s),"
    " c as (select i, count(score) as n, count(*) filter (where score >= 9) as p,"
    "  count(*) filter (where score in (7, 8)) as u, count(*) filter (where score <= 6) as c,"
    "  sum(score) as s, array[%s] as h from w left join response r on r.survey_id = %d"
    "  and r.answered_at >= a and r.answered_at < b and not r.excluded%s group by i),"
    " x as (select *, (p - c) / (n + 3.0) as m, (p + c + 1.5) / (n + 3.0) as q from c),"
    " y as (select *, 1.959963984540054 * sqrt((q - m * m) / (n + 3.0)) as e from x)"
    " select " BODY " from y order by i";

void answers_recount(struct pg *pg, struct arena *arena, const struct number_query *query,
                     const char **ret_bodies)
{
    struct buf windows = buf_make(arena, 1024), scores = buf_make(arena, 512),
               conditions = buf_make(arena, 256);
    DB_RESULT rows = NULL;

    for (size_t w = 0; w < query->window_count; w++)
        buf_printf(&windows, "%s (%zu, %s, %s)", w > 0 ? "," : "", w,
                   sql_time(arena, query->windows[w].from_us),
                   sql_time(arena, query->windows[w].to_us));
    for (int score = 0; score < NPS_SCORES; score++)
        buf_printf(&scores, "%scount(*) filter (where score = %d)", score > 0 ? ", " : "", score);
    for (size_t i = 0; i < query->filter_count; i++)
        buf_text(&conditions, filter_condition(arena, &query->filters[i]));

    struct db_stmt stmt = {
        "recount", "", "text",
        arena_printf(arena, recount, windows.data, scores.data, query->survey_id, conditions.data)};
    enum db_status status = pg_exec_unprepared(pg, &stmt, NULL, 0, &rows);
    ck_assert_msg(status == DB_OK, "%s: %s", stmt.sql, pg_error(pg));
    ck_assert_int_eq(db_rows(rows), (int)query->window_count);
    for (size_t w = 0; w < query->window_count; w++)
        ret_bodies[w] = db_text(rows, (int)w, 0, arena);
}
