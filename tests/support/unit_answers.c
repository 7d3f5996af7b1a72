#include "support/unit_answers.h"

#include "npsd/base/buf.h"
#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"
#include "npsd/store/folds.h"
#include "support/unit_database.h"
#include "unit/suite.h"

const char *const answers_names[ANSWERS_FACETS] = {"branch", "product"};

static void run(struct pg *pg, const char *sql)
{
    enum db_status status = pg_command(pg, sql);
    ck_assert_msg(status == DB_OK, "%s: %s: %s", sql, db_status_name(status), pg_error(pg));
}

const char *answers_rare(struct arena *arena, int n)
{
    return arena_printf(arena, "rare %d", n);
}

static int64_t between(struct answer_set *set, int64_t low, int64_t high)
{
    return suite_between(set->random, low, high);
}

/* --- making a survey --- */

/* clang-format off */
#define OPTIONS "[{\"id\":\"o1\",\"number\":1},{\"id\":\"o2\",\"number\":2},{\"id\":\"o3\",\"number\":3}]"
static const char make_survey[] =
    "insert into survey (id, slug, title) overriding system value values (%1$d, 'survey-%1$d', '{}');"
    "insert into question (survey_id, n, id, definition) values"
    " (%1$d, 2, 'why', '{\"type\":\"text\"}'),"
    " (%1$d, 3, 'improve', '{\"type\":\"choice\",\"options\":" OPTIONS "}'),"
    " (%1$d, 4, 'liked', '{\"type\":\"choices\",\"options\":" OPTIONS "}'),"
    " (%1$d, 5, 'ease', '{\"type\":\"scale\",\"min\":1,\"max\":7}'),"
    " (%1$d, 6, 'again', '{\"type\":\"yes_no\"}');"
    "insert into facet_value (survey_id, facet, id, value)"
    " select %1$d, facet, id, 'value ' || id from unnest(array[2, %2$d, %3$d]) facet,"
    "  generate_series(1, 3) id;"
    "insert into tally_state (survey_id) values (%1$d)";
/* clang-format on */

void answers_make(struct pg *pg, struct arena *arena, int32_t survey_id, uint64_t *random,
                  struct answer_set *ret_set)
{
    static const int64_t spans_us[] = {
        3600 * CLOCK_SECOND_US, 2 * CLOCK_DAY_US,    70 * CLOCK_DAY_US,
        400 * CLOCK_DAY_US,     3000 * CLOCK_DAY_US, 30000 * CLOCK_DAY_US,
    };
    struct answer_set set = {.survey_id = survey_id};

    set.random = random;
    int first = (int)between(&set, 0, SURVEY_FACETS_MAX - 1);
    int second = (first + (int)between(&set, 1, SURVEY_FACETS_MAX - 1)) % SURVEY_FACETS_MAX;

    set.facets[0] = SURVEY_FACET_FIRST + first;
    set.facets[1] = SURVEY_FACET_FIRST + second;
    set.base_us = between(&set, -3000, 25000) * CLOCK_DAY_US + between(&set, 0, CLOCK_DAY_US);
    set.span_us = spans_us[between(&set, 0, COUNT_OF(spans_us) - 1)];
    run(pg, arena_printf(arena, make_survey, survey_id, set.facets[0], set.facets[1]));
    *ret_set = set;
}

/* --- making answers --- */

int64_t answers_instant(struct answer_set *set)
{
    static const int64_t slots_us[] = {900 * CLOCK_SECOND_US, 3600 * CLOCK_SECOND_US, CLOCK_DAY_US};
    int64_t at_us = set->base_us + between(set, 0, set->span_us - 1);
    int64_t slot_us = slots_us[between(set, 0, COUNT_OF(slots_us) - 1)];

    if (between(set, 0, 2) > 0)
        return at_us;
    return clock_floor_div(at_us, slot_us) * slot_us + between(set, -1, 1);
}

/* A number of a value, its property, or neither. */
static void add_facet(struct arena *arena, struct answer_set *set, int facet, struct buf *columns,
                      struct buf *properties)
{
    int value = (int)between(set, -1, ANSWERS_VALUES);

    if (value < 0) {
        buf_text(columns, ", null");
        return;
    }
    buf_printf(columns, ", %d", value);
    buf_printf(properties, "%s\"%s\": \"%s\"", properties->len > 1 ? ", " : "",
               answers_names[facet],
               value > 0 ? arena_printf(arena, "value %d", value)
                         : answers_rare(arena, (int)between(set, 1, ANSWERS_RARE)));
}

/* Each question, or not. */
static void add_answers(struct arena *arena, struct answer_set *set, struct buf *answers)
{
    const char *separator = "";
    const char *const texts[] = {
        arena_printf(arena, "\"why\": \"text\""),
        arena_printf(arena, "\"improve\": \"o%d\"", (int)between(set, 1, 3)),
        arena_printf(arena, "\"liked\": [\"o1\", \"o%d\"]", (int)between(set, 2, 3)),
        arena_printf(arena, "\"liked\": [\"o3\"]"),
        arena_printf(arena, "\"ease\": %d", (int)between(set, 1, 7)),
        arena_printf(arena, "\"again\": %s", between(set, 0, 1) ? "true" : "false"),
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (between(set, 0, 1)) {
            buf_printf(answers, "%s%s", separator, texts[i]);
            separator = ", ";
        }
}

static void add_row(struct arena *arena, struct answer_set *set, struct buf *sql)
{
    struct buf columns = buf_make(arena, 32), properties = buf_make(arena, 64),
               answers = buf_make(arena, 128);
    int64_t at_us = answers_instant(set);
    char at[CLOCK_TEXT_SIZE];

    buf_char(&properties, '{');
    for (int facet = 0; facet < ANSWERS_FACETS; facet++)
        add_facet(arena, set, facet, &columns, &properties);
    add_answers(arena, set, &answers);
    set->at_us[set->count++] = at_us;
    buf_printf(sql,
               "%s(%d, gen_random_uuid(), '%s', now(), %d::int2, %d::int2, %s, %s, '\\x00', '%s}',"
               " '{%s}'%s)",
               sql->data[sql->len - 1] == ')' ? ", " : " ", set->survey_id, clock_format(at_us, at),
               (int)between(set, 0, 10), (int)between(set, 0, 2),
               between(set, 0, 3) > 0 ? arena_printf(arena, "%d", (int)between(set, 0, 2)) : "null",
               between(set, 0, 9) == 0 ? "true" : "false", properties.data, answers.data,
               columns.data);
}

/* clang-format off */
/* Rows of response, by name and weight, as journal. */
#define JOURNAL                                                                                     \
    "insert into journal (survey_id, slot, cuts, scores, weights)"                                  \
    " select survey_id, slot, array_agg(cut), array_agg(score), array_agg(weight) from ("           \
    "  select survey_id, floor(extract(epoch from answered_at) / 900)::int as slot, score, weight," \
    "   unnest(array[0, 1::bigint << 32 | channel, 2::bigint << 32 | agent,"                        \
    "   3::bigint << 32 | f1, 4::bigint << 32 | f2, 5::bigint << 32 | f3, 6::bigint << 32 | f4,"    \
    "   7::bigint << 32 | f5, 8::bigint << 32 | f6, 9::bigint << 32 | f7, 10::bigint << 32 | f8]"   \
    "   || case when answers ? 'why' then 12::bigint << 32 end"                                     \
    "   || (13::bigint << 32 | substr(answers ->> 'improve', 2)::int)"                              \
    "   || case when answers ? 'liked' then 14::bigint << 32 end"                                   \
    "   || array(select 14::bigint << 32 | substr(l, 2)::int"                                       \
    "    from jsonb_array_elements_text(answers -> 'liked') l)"                                     \
    "   || (15::bigint << 32 | (answers ->> 'ease')::int)"                                          \
    "   || (16::bigint << 32 | (answers ->> 'again')::boolean::int)) as cut"                        \
    "  from changed where not excluded) c where cut is not null group by 1, 2"
/* clang-format on */

void answers_insert(struct pg *pg, struct arena *arena, struct answer_set *set, size_t count)
{
    struct buf sql = buf_make(arena, 4096);

    buf_printf(&sql,
               "with changed as (insert into response (survey_id, id, answered_at, received_at,"
               " score, channel, agent, excluded, body_hash, properties, answers, f%d, f%d) values",
               set->facets[0] - SURVEY_FACET_FIRST + 1, set->facets[1] - SURVEY_FACET_FIRST + 1);
    for (size_t i = 0; i < count; i++)
        add_row(arena, set, &sql);
    buf_text(&sql, " returning *, 1 as weight) " JOURNAL);
    run(pg, sql.data);
}

void answers_correct(struct pg *pg, struct arena *arena, const struct answer_set *set)
{
    run(pg,
        arena_printf(
            arena,
            "with old as (select * from response where survey_id = %d"
            "  order by id limit %zu for update),"
            " new as (update response r set score = (7 * r.score + 3) %% 11,"
            "  excluded = r.excluded <> (r.score = 5),"
            "  answers = r.answers - 'improve' - case r.score %% 2 when 0 then 'liked' else '' end,"
            "  answered_at = r.answered_at + interval '1 day 17 minutes' * (r.score %% 2)"
            "  from old where r.survey_id = old.survey_id and r.id = old.id"
            "  returning r.*),"
            " changed as (select *, -1 as weight from old"
            "  union all select *, 1 from new) " JOURNAL,
            set->survey_id, set->count / 3));
}

void answers_exclude_ends(struct pg *pg, struct arena *arena, const struct answer_set *set)
{
    run(pg, arena_printf(arena,
                         "with ends as (select min(answered_at) as first, max(answered_at) as last"
                         "  from response where survey_id = %1$d and not excluded),"
                         " old as (select r.* from response r, ends where survey_id = %1$d"
                         "  and not excluded and answered_at in (first, last) for update of r),"
                         " new as (update response r set excluded = true from old"
                         "  where r.survey_id = old.survey_id and r.id = old.id),"
                         " changed as (select *, -1 as weight from old) " JOURNAL,
                         set->survey_id));
}

void answers_fold(struct pg *pg, const struct answer_set *set)
{
    bool done;
    ck_assert_int_eq(folds_fold(pg, set->survey_id, &done), DB_OK);
    ck_assert(done);
}

void answers_fill(struct pg *pg, struct arena *arena, struct answer_set *set)
{
    for (int64_t batches = between(set, 1, 3); batches > 0; batches--) {
        answers_insert(pg, arena, set, (size_t)between(set, 1, ANSWERS_MAX / 3));
        if (between(set, 0, 2) > 0)
            answers_fold(pg, set);
        if (between(set, 0, 1) > 0)
            answers_correct(pg, arena, set);
        if (between(set, 0, 3) == 0)
            answers_fold(pg, set);
    }
}

/* --- windows --- */

const char *answers_zone(struct answer_set *set)
{
    static const char *const zones[] = {
        "Europe/Moscow",    "America/New_York",
        "Asia/Kathmandu",   "Australia/Lord_Howe",
        "America/Havana",   "Pacific/Apia",
        "Africa/Monrovia",  "Pacific/Kiritimati",
        "Antarctica/Troll", "UTC",
    };
    return zones[between(set, 0, COUNT_OF(zones) - 1)];
}

static struct window zone_window(struct pg *pg, struct answer_set *set)
{
    static const char *const periods[] = {"today",      "yesterday",    "this_week",
                                          "last_month", "this_quarter", "last_year"};
    struct window_request request = {
        .form = WINDOW_PERIOD,
        .period = periods[between(set, 0, COUNT_OF(periods) - 1)],
        .time_zone = answers_zone(set),
        .now_us = answers_instant(set),
    };
    struct window window, previous;
    bool zone_known, has_previous;

    ck_assert_int_eq(windows_resolve(pg, &request, &zone_known, &window, &has_previous, &previous),
                     DB_OK);
    ck_assert(zone_known && has_previous);
    return between(set, 0, 1) ? window : previous;
}

/* Ends on answers, beside them, anywhere, on quarter hours. */
static int64_t odd_end(struct answer_set *set)
{
    int64_t at_us = set->at_us[between(set, 0, (int64_t)set->count - 1)];

    switch (between(set, 0, 3)) {
    case 0:
        return at_us + between(set, -1, 1);
    case 1:
        return set->base_us + between(set, -set->span_us / 8, set->span_us + set->span_us / 8);
    case 2:
        return clock_floor_div(at_us, 900 * CLOCK_SECOND_US) * 900 * CLOCK_SECOND_US;
    default:
        return answers_instant(set);
    }
}

static struct window odd_window(struct answer_set *set)
{
    struct window window = {odd_end(set), odd_end(set)};

    if (window.from_us > window.to_us && between(set, 0, 9) > 0)
        window = (struct window){window.to_us, window.from_us};
    if (between(set, 0, 5) == 0)
        window.from_us = SLOTS_OPEN_FROM;
    if (between(set, 0, 5) == 0)
        window.to_us = SLOTS_OPEN_TO;
    return window;
}

struct window answers_window(struct pg *pg, struct answer_set *set)
{
    return between(set, 0, 2) == 0 ? zone_window(pg, set) : odd_window(set);
}

/* --- filters --- */

/* One of a facet: numbered, "(other)", a number nobody has, or a text past the cap. */
static struct number_filter facet_filter(struct arena *arena, struct answer_set *set, int n)
{
    struct number_filter filter = {.facet = set->facets[n],
                                   .value = (int32_t)between(set, 0, ANSWERS_VALUES + 1)};
    if (between(set, 0, 2) == 0) {
        filter.value = 0;
        filter.name = answers_names[n];
        filter.text = answers_rare(arena, (int)between(set, 1, ANSWERS_RARE + 1));
    }
    return filter;
}

void answers_filter(struct arena *arena, struct answer_set *set, int64_t by,
                    struct number_query *query)
{
    const struct number_filter channel = {.facet = SURVEY_FACET_CHANNEL,
                                          .value = (int)between(set, 0, 3)};
    const struct number_filter agent = {.facet = SURVEY_FACET_AGENT,
                                        .value = (int)between(set, -1, 3)};
    size_t count = 0;

    if (by & ANSWERS_BY_CHANNEL)
        query->filters[count++] = channel;
    if (by & ANSWERS_BY_AGENT)
        query->filters[count++] = agent;
    if (by & ANSWERS_BY_FIRST)
        query->filters[count++] = facet_filter(arena, set, 0);
    if (by & ANSWERS_BY_SECOND)
        query->filters[count++] = facet_filter(arena, set, 1);
    query->filter_count = count;
}
