#include "support/unit_recount.h"

#include "npsd/base/buf.h"
#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"
#include "npsd/store/folds.h"
#include "support/unit_database.h"
#include "unit/suite.h"

#include <check.h>
#include <stdlib.h>

struct pg *recount_connect(void)
{
    static const struct db_stmt *const *const sets[] = {numbers_statements, windows_statements,
                                                        folds_statements, NULL};
    struct pg *pg = unit_database_connect(sets);
    ck_assert_int_eq(pg_command(pg, "set enable_seqscan = off; set synchronous_commit = off"),
                     DB_OK);
    return pg;
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

static const char *windows_of(struct arena *arena, const struct number_query *query)
{
    struct buf windows = buf_make(arena, 1024);

    for (size_t w = 0; w < query->window_count; w++)
        buf_printf(&windows, "%s (%zu, %s, %s)", w > 0 ? "," : "", w,
                   sql_time(arena, query->windows[w].from_us),
                   sql_time(arena, query->windows[w].to_us));
    return windows.data;
}

static const char *conditions_of(struct arena *arena, const struct number_query *query)
{
    struct buf conditions = buf_make(arena, 256);

    for (size_t i = 0; i < query->filter_count; i++)
        buf_text(&conditions, filter_condition(arena, &query->filters[i]));
    return conditions.data;
}

static const char *histogram_of(struct arena *arena)
{
    struct buf scores = buf_make(arena, 512);

    for (int score = 0; score < NPS_SCORES; score++)
        buf_printf(&scores, "%scount(*) filter (where score = %d)", score > 0 ? ", " : "", score);
    return scores.data;
}

static void ask(struct pg *pg, const char *sql, struct db_result **ret_rows)
{
    struct db_stmt stmt = {"recount", "", "text", sql};
    enum db_status status = pg_exec_unprepared(pg, &stmt, NULL, 0, ret_rows);
    ck_assert_msg(status == DB_OK, "%s: %s", sql, pg_error(pg));
}

/* --- bodies --- */

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

void recount_bodies(struct pg *pg, struct arena *arena, const struct number_query *query,
                    const char **ret_bodies)
{
    DB_RESULT rows = NULL;

    ask(pg,
        arena_printf(arena, recount, windows_of(arena, query), histogram_of(arena),
                     query->survey_id, conditions_of(arena, query)),
        &rows);
    ck_assert_int_eq(db_rows(rows), (int)query->window_count);
    for (size_t w = 0; w < query->window_count; w++)
        ret_bodies[w] = db_text(rows, (int)w, 0, arena);
}

/* --- lines --- */

/* Its values in an answer r, as an array. */
static const char *values_of(struct arena *arena, int facet)
{
    switch (facet) {
    case SURVEY_FACET_TOTAL:
        return "null::int[]";
    case SURVEY_FACET_CHANNEL:
        return "array[r.channel]";
    case SURVEY_FACET_AGENT:
        return "array[r.agent]";
    case SURVEY_FACET_QUESTION + ANSWERS_TEXT:
        return "array[case when r.answers ? 'why' then 0 end]";
    case SURVEY_FACET_QUESTION + ANSWERS_CHOICE:
        return "array[substr(r.answers ->> 'improve', 2)::int]";
    case SURVEY_FACET_QUESTION + ANSWERS_CHOICES:
        return "array[case when r.answers ? 'liked' then 0 end] || array("
               " select substr(l, 2)::int from jsonb_array_elements_text(r.answers -> 'liked') l)";
    case SURVEY_FACET_QUESTION + ANSWERS_SCALE:
        return "array[(r.answers ->> 'ease')::int]";
    case SURVEY_FACET_QUESTION + ANSWERS_YES_NO:
        return "array[case r.answers ->> 'again' when 'true' then 1 when 'false' then 0 end]";
    default:
        return arena_printf(arena, "array[r.f%d]", facet - SURVEY_FACET_FIRST + 1);
    }
}

static const char lines[] =
    "with w (i, a, b) as (values%s),"
    " counted as (select v.value, i, concat_ws(',', %s) as histogram"
    "  from w join response r on r.survey_id = %d and r.answered_at >= a and r.answered_at < b"
    "   and not r.excluded%s"
    "  cross join lateral (select null as value union all select v from unnest(%s) v"
    "   where v is not null) v group by v.value, i)"
    " select coalesce(string_agg(coalesce(value::text, 'all') || ', ' || i || ': ' || histogram"
    "  || chr(10), '' order by value nulls last, i), '') from counted";

const char *recount_break(struct pg *pg, struct arena *arena, const struct number_query *query,
                          int facet)
{
    DB_RESULT rows = NULL;

    ask(pg,
        arena_printf(arena, lines, windows_of(arena, query), histogram_of(arena), query->survey_id,
                     conditions_of(arena, query), values_of(arena, facet)),
        &rows);
    return db_text(rows, 0, 0, arena);
}

const char *recount_windows(struct pg *pg, struct arena *arena, const struct number_query *query)
{
    return recount_break(pg, arena, query, SURVEY_FACET_TOTAL);
}

static void add_lines(struct buf *text, const char *value, const struct nps_counts *windows,
                      size_t window_count)
{
    for (size_t w = 0; w < window_count; w++) {
        int64_t responses = 0;
        for (int score = 0; score < NPS_SCORES; score++)
            responses += windows[w].score[score];
        if (responses == 0)
            continue;
        buf_printf(text, "%s, %zu: ", value, w);
        for (int score = 0; score < NPS_SCORES; score++)
            buf_printf(text, "%s%lld", score > 0 ? "," : "", (long long)windows[w].score[score]);
        buf_char(text, '\n');
    }
}

static int compare_values(const void *a, const void *b)
{
    int32_t x = ((const struct number_value *)a)->value;
    int32_t y = ((const struct number_value *)b)->value;
    return (x > y) - (x < y);
}

const char *recount_break_text(struct arena *arena, const struct number_query *query,
                               const struct nps_counts *total, const struct number_value *values,
                               size_t count)
{
    struct buf text = buf_make(arena, 1024);
    struct number_value *sorted = arena_memdup(arena, values, count * sizeof(struct number_value));

    qsort(sorted, count, sizeof(*sorted), compare_values);
    for (size_t i = 0; i < count; i++)
        add_lines(&text, arena_printf(arena, "%d", sorted[i].value), sorted[i].counts,
                  query->window_count);
    add_lines(&text, "all", total, query->window_count);
    return text.data;
}
