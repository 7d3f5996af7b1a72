/* All surveys at once: which are there, in which windows, and that each row is what the survey's
 * own number says. */
#include "npsd/api/overview.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include "support/unit_proxy.h"
#include <string.h>

static struct unit_call c;

static void add_survey(const char *slug, const char *zone)
{
    unit_call_survey(&c, slug, arena_printf(&c.arena, "'time_zone': '%s'", zone));
}

/* One answer with this score, an hour ago, by a channel and an agent's number. */
static void add_answer(const char *slug, int score, int channel, const char *agent, int hours)
{
    unit_pg_sql(
        "with a as (insert into response (survey_id, score, channel, answered_at, received_at, id,"
        " body_hash, agent) select id, %d, %d, date_bin('15 min', now(), 'epoch')"
        " - interval '%d h' + interval '1 s', now(), gen_random_uuid(), '\\x00', %s from survey"
        " where slug = '%s' returning *)"
        " insert into journal (survey_id, slot, cuts, scores, weights) select survey_id,"
        " floor(extract(epoch from answered_at) / 900)::int, array_agg(cut), array_agg(score),"
        " array_agg(1) from a, unnest(array[0, 1::int8 << 32 | channel, 2::int8 << 32 | agent])"
        " cut where cut is not null group by 1, 2",
        score, channel, hours, agent, slug);
}

static void setup(void)
{
    unit_call_open(&c);
    add_survey("shop", "Europe/Moscow");
    add_survey("call", "UTC");
    add_survey("a-z", "Europe/Moscow");
    add_survey("zoo", "Pacific/Kiritimati");
    unit_pg_sql("insert into facet_value select id, 2, case slug when 'shop' then 1 else 2 end,"
                " 'Olga' from survey where slug <> 'zoo'");
    add_answer("shop", 10, 0, "1", 1);
    add_answer("shop", 0, 4, "2", 1);
    add_answer("shop", 9, 4, "1", 24 * 31);
    add_answer("call", 7, 4, "2", 2);
    add_answer("call", 8, 4, "1", 2);
    add_answer("zoo", 5, 0, "null", 3);
    unit_call_refresh(&c);
    unit_call_bearer(&c, unit_call_key(&c, ROLE_VIEWER, NULL, NULL));
}

static void teardown(void)
{
    unit_call_done(&c);
}

static struct reply get(const char *query)
{
    unit_call_to(&c, HTTP_GET, arena_printf(&c.arena, "/v1/nps?%s", query));
    return unit_call_run(&c);
}

static const json_t *rows(const char *query)
{
    struct reply reply = get(query);
    ck_assert_msg(reply.status == 200, "%s: %s", query, unit_reply_tells(&c.arena, &reply));
    const json_t *body = unit_reply_json(&c.arena, &reply);
    ck_assert_uint_eq(json_object_size(body), 1);
    return json_object_get(body, "items");
}

/* "a-z 0, call 2, shop 2, zoo 1" */
static const char *responses(const char *query)
{
    const json_t *list = rows(query), *row;
    struct buf text = buf_make(&c.arena, 64);
    size_t i;
    json_array_foreach(list, i, row) buf_printf(
        &text, "%s%s %d", i ? ", " : "", json_string_value(json_object_get(row, "survey")),
        (int)json_integer_value(json_object_get(row, "responses")));
    return text.data;
}

START_TEST(counts)
{
    static const char *const cases[][2] = {
        {"", "a-z 0, call 2, shop 2, zoo 1"},
        {"last=1y", "a-z 0, call 2, shop 3, zoo 1"},
        {"period=all", "a-z 0, call 2, shop 3, zoo 1"},
        {"last=2h", "a-z 0, call 0, shop 2, zoo 0"},
        {"from=2020-01-01&to=2020-02-01", "a-z 0, call 0, shop 0, zoo 0"},
        {"where.channel=phone&period=all", "a-z 0, call 2, shop 2, zoo 0"},
        {"where.channel=web", "a-z 0, call 0, shop 1, zoo 1"},
        {"where.agent=Olga&period=all", "a-z 0, call 1, shop 2, zoo 0"},
        {"where.agent=Olga&where.channel=phone&period=all", "a-z 0, call 1, shop 1, zoo 0"},
        {"where.agent=Nobody", "a-z 0, call 0, shop 0, zoo 0"},
        {"where.agent=", "a-z 0, call 0, shop 0, zoo 0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(strcmp(responses(cases[i][0]), cases[i][1]) == 0, "%s: %s, not %s",
                      cases[i][0], responses(cases[i][0]), cases[i][1]);
}
END_TEST

/* A row is the survey's own result and its title, whatever is asked. */
START_TEST(rows_are_results)
{
    static const char *const queries[] = {
        "",
        "compare=previous",
        "period=all&compare=previous",
        "period=today",
        "period=this_week&compare=previous",
        "last=24h&tz=Asia/Kathmandu",
        "from=2026-01-01&compare=previous",
        "last=40d&compare=previous&where.channel=phone",
        "last=40d&compare=previous&where.agent=Olga",
        "last=40d&where.agent=Olga&where.channel=web",
    };
    static const char *const slugs[] = {"a-z", "call", "shop", "zoo"};
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        const json_t *list = rows(queries[i]);
        ck_assert_uint_eq(json_array_size(list), COUNT_OF(slugs));
        for (size_t s = 0; s < COUNT_OF(slugs); s++) {
            json_t *row = json_array_get(list, s);
            json_t *title = json_object_get(row, "title");
            ck_assert_str_eq(json_string_value(json_object_get(title, "en")), "Visit");
            ck_assert_int_eq(json_object_del(row, "title"), 0);
            unit_call_to(&c, HTTP_GET,
                         arena_printf(&c.arena, "/v1/surveys/%s/nps?%s", slugs[s], queries[i]));
            struct reply reply = unit_call_run(&c);
            ck_assert_msg(json_equal(row, unit_reply_json(&c.arena, &reply)), "%s of %s: %s",
                          queries[i], slugs[s], reply.body);
        }
    }
}
END_TEST

/* "shop" in Moscow, "zoo" where the day is another. */
START_TEST(each_has_its_own_zone)
{
    const json_t *own = rows("period=today"), *one = rows("period=today&tz=Asia/Tokyo");
    static const char *const zones[] = {"Europe/Moscow", "UTC", "Europe/Moscow",
                                        "Pacific/Kiritimati"};
    for (size_t s = 0; s < COUNT_OF(zones); s++) {
        const json_t *window = json_object_get(json_array_get(own, s), "window");
        ck_assert_str_eq(json_string_value(json_object_get(window, "time_zone")), zones[s]);
        window = json_object_get(json_array_get(one, s), "window");
        ck_assert_str_eq(json_string_value(json_object_get(window, "time_zone")), "Asia/Tokyo");
    }
    ck_assert(!json_equal(json_object_get(json_array_get(own, 0), "window"),
                          json_object_get(json_array_get(own, 3), "window")));
}
END_TEST

/* A key shows its surveys and no others; one without surveys, none. */
START_TEST(of_the_key)
{
    unit_call_bearer(&c, unit_call_key(&c, ROLE_VIEWER, "call", NULL));
    ck_assert_str_eq(responses(""), "call 2");
    unit_pg_sql("delete from survey where slug = 'call'");
    unit_pg_sql("update directory set version = version + 1");
    unit_call_refresh(&c);
    ck_assert_str_eq(get("").body, "{\"items\":[]}");
    struct reply reply = get("tz=FOO");
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), "422 invalid tz");
    reply = get("from=2026-01-02&to=2026-01-01");
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), "422 invalid from");
}
END_TEST

static const char *const wrong[][2] = {
    {"last=30x", "last"},
    {"period=soon", "period"},
    {"from=x", "from"},
    {"from=2026-01-02&to=2026-01-01", "from"},
    /* 2026-01-02 begins before 12:00 UTC of the day before in Kiritimati, after it elsewhere. */
    {"from=2026-01-01T12:00:00Z&to=2026-01-02", "from"},
    {"tz=FOO", "tz"},
    {"tz=", "tz"},
    {"compare=last", "compare"},
    {"where.branch=north", "where.branch"},
    {"where.=x", "where."},
    {"where.channel=fax", "where.channel"},
    {"survey=shop", "survey"},
    {"limit=5", "limit"},
};

START_TEST(wrong_queries)
{
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = get(wrong[i][0]);
        const char *told = unit_reply_tells(&c.arena, &reply);
        const char *expected = arena_printf(&c.arena, "422 invalid %s", wrong[i][1]);
        ck_assert_msg(strcmp(told, expected) == 0, "%s: %s", wrong[i][0], told);
    }
    struct reply reply = get("last=x&where.branch=x&colour=red&compare=x&tz=FOO");
    const json_t *refused = unit_reply_json(&c.arena, &reply);
    ck_assert_uint_eq(json_array_size(json_object_get(refused, "errors")), 5);
    reply = get("last=x&colour=red");
    refused = unit_reply_json(&c.arena, &reply);
    ck_assert_uint_eq(json_array_size(json_object_get(refused, "errors")), 2);
}
END_TEST

START_TEST(tags)
{
    struct reply reply = get("");
    ck_assert_str_eq(unit_reply_header(&reply, "Cache-Control"), "private, no-cache");
    unit_call_header(&c, "If-None-Match", unit_reply_header(&reply, "ETag"));
    ck_assert_int_eq(get("").status, 304);
    add_answer("zoo", 5, 0, "null", 1);
    ck_assert_int_eq(get("").status, 200);
}
END_TEST

/* A connection that breaks once costs the client nothing. */
START_TEST(broken_connection)
{
    struct pg *direct = c.call.db;
    struct pg_options options = c.database;
    options.url = unit_proxy_start();
    c.call.db = pg_new(&options);
    ck_assert_int_eq(get("").status, 200);
    unit_call_to(&c, HTTP_GET, "/v1/nps");
    unit_call_admit(&c);
    unit_proxy_set(PROXY_CUT_REPLY);
    ck_assert_int_eq(overview_nps(&c.call).status, 200);
    pg_free(c.call.db);
    c.call.db = direct;
    unit_proxy_stop();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {counts,           rows_are_results, each_has_its_own_zone,
                                  of_the_key,       wrong_queries,    tags,
                                  broken_connection};
    return unit_database_run_checked("overview", setup, teardown, tests, COUNT_OF(tests));
}
