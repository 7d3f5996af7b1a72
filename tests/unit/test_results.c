#include "npsd/api/etag.h"
#include "npsd/api/results.h"
#include "npsd/api/window_query.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/store/numbers.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include "support/unit_proxy.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct db_stmt *const *const sets[] = {numbers_statements, windows_statements,
                                                    values_statements, NULL};

static const struct survey survey = {
    .id = 1,
    .slug = "checkout",
    .time_zone = "Europe/Moscow",
    .min_responses = 30,
    .facets = {{"branch", true}, {"old", false}, {"product", true}},
    .facet_count = 3,
};

static struct pg *pg;
static struct arena arena;
static struct world world;
static struct identity identity = {.survey = &survey};
static const char *if_none_match;

static void setup(void)
{
    pg = unit_database_connect(sets);
    arena_init(&arena, 1 << 16);
    world.values = values_new();
    if_none_match = NULL;
}

static void teardown(void)
{
    values_free(world.values);
    arena_done(&arena);
    pg_free(pg);
}

static const char *header(const struct call *call, const char *name)
{
    (void)call;
    return strcmp(name, "If-None-Match") == 0 ? if_none_match : NULL;
}

static struct call make_call(const char *query)
{
    struct call call = {.arena = &arena,
                        .request_id = "r1",
                        .identity = &identity,
                        .world = &world,
                        .db = pg,
                        .header = header};
    static const char now[] = "2026-11-20T14:03:00Z";

    ck_assert(clock_parse(now, strlen(now), &call.received_us));
    ck_assert(call_parse_pairs(&arena, query, strlen(query), call.query, CALL_QUERY_MAX,
                               &call.query_count));
    return call;
}

static struct reply ask(const char *query)
{
    struct call call = make_call(query);
    return results_nps(&call);
}

/* --- what is refused --- */

static const struct {
    const char *query, *parameters; /* in the order of the errors */
} wrong[] = {
    {"last=30d&period=today", "last period"},
    {"last=30d&from=2026-01-01", "last from"},
    {"period=today&to=2026-01-01", "period to"},
    {"last=1d&period=today&from=2026-01-01&to=2026-02-01", "last period from to"},
    {"to=2026-01-01", "from"},
    {"last=", "last"},
    {"last=0d", "last"},
    {"last=-1d", "last"},
    {"last=1", "last"},
    {"last=d", "last"},
    {"last=01d", "last"},
    {"last=1.5d", "last"},
    {"last=30D", "last"},
    {"last=30%20d", "last"},
    {"last=30dd", "last"},
    {"last=1m", "last"},
    {"last=10001h", "last"},
    {"last=10001d", "last"},
    {"last=5201w", "last"},
    {"last=1201mo", "last"},
    {"last=101y", "last"},
    {"last=99999999999999999999d", "last"},
    {"period=", "period"},
    {"period=this_day", "period"},
    {"period=Today", "period"},
    {"from=yesterday", "from"},
    {"from=2026-02-30", "from"},
    {"from=2026-01-01T00:00:00", "from"},
    {"from=2026-01-01T00:00:00+03:00", "from"}, /* the plus of a query is a space */
    {"from=2026-01-01&to=now", "to"},
    {"from=x&to=y", "from to"},
    {"from=&to=", "from to"},
    {"from=2026-01-02&to=2026-01-01", "from"},
    {"from=2026-01-01&to=2026-01-01", "from"},
    {"from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"},
    {"from=2026-11-20T14:15:00Z", "from"},
    {"from=2027-01-01", "from"},
    {"tz=", "tz"},
    {"tz=Mars/Olympus", "tz"},
    {"tz=FOO%2B3", "tz"},
    {"tz=MSK&period=all", "tz"},
    {"compare=", "compare"},
    {"compare=last", "compare"},
    {"where.channel=fax", "where.channel"},
    {"where.channel=", "where.channel"},
    {"where.branches=north", "where.branches"},
    {"where.old=x", "where.old"},
    {"where.=x", "where."},
    {"where=x", "where"},
    {"branch=north", "branch"},
    {"Last=30d", "Last"},
    {"last=30d&limit=5&where.nope=1&compare=x&tz=FOO", "limit where.nope compare tz"},
};

START_TEST(test_wrong_queries)
{
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply reply = ask(wrong[i].query);
        ck_assert_msg(reply.status == 422, "%s: %d", wrong[i].query, reply.status);
        ck_assert_msg(strcmp(unit_reply_parameters(&arena, &reply), wrong[i].parameters) == 0,
                      "%s: %.*s", wrong[i].query, (int)reply.body_len, reply.body);
    }
}
END_TEST

/* The edge refuses repeated parameters; whoever calls without it cannot overflow anything. */
START_TEST(test_repeated_where)
{
    struct reply reply = ask("where.agent=a&where.agent=b&where.agent=c&where.agent=d&where.agent=e"
                             "&where.agent=f&where.agent=g&where.agent=h&where.agent=i"
                             "&where.agent=j&where.agent=k&where.agent=l&where.branch=x");
    ck_assert_int_eq(reply.status, 422);
    ck_assert(strstr(reply.body, "where.agent") && !strstr(reply.body, "where.branch"));
}
END_TEST

START_TEST(test_long_value)
{
    char query[512] = "where.branch=";
    memset(query + strlen(query), 'x', 257);
    struct reply reply = ask(query);
    ck_assert_int_eq(reply.status, 422);
    query[strlen("where.branch=") + 256] = '\0';
    reply = ask(query);
    ck_assert_int_eq(reply.status, 200);
}
END_TEST

/* --- what is answered --- */

/* Answers of a day, in the middle of it, with some of each score. */
static void add_answers(const char *day, const char *histogram, const char *columns,
                        const char *values)
{
    unit_pg_sql("insert into tally_state (survey_id) values (1) on conflict do nothing;"
                " with a as (insert into response (survey_id, id, answered_at, received_at, score,"
                "  channel, body_hash%s) select 1, gen_random_uuid(), timestamptz '%s 09:30:07Z',"
                "  now(), score - 1, 0, ''%s from unnest('%s'::int[]) with ordinality h (n, score)"
                "  cross join generate_series(1, n) returning *)"
                " insert into journal (survey_id, slot, cuts, scores, weights)"
                " select 1, slot, array_agg(cut), array_agg(score), array_agg(1) from ("
                "  select floor(extract(epoch from answered_at) / 900)::int as slot, score,"
                "   unnest(array[0, 1::bigint << 32 | channel, 2::bigint << 32 | agent,"
                "   3::bigint << 32 | f1, 5::bigint << 32 | f3]) as cut from a) c"
                " where cut is not null group by slot",
                columns, day, values, histogram);
}

static void forget_answers(void)
{
    unit_pg_sql("delete from response; delete from journal; delete from facet_value");
}

static void assert_body(const char *query, const char *expected)
{
    struct reply reply = ask(query);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.type, "application/json");
    ck_assert_uint_eq(reply.body_len, strlen(reply.body));
    ck_assert_str_eq(reply.body, expected);
}

#define RESULT                                                                                     \
    "\"responses\":51,\"promoters\":32,\"neutrals\":13,\"critics\":6,"                             \
    "\"promoter_share\":62.7451,\"neutral_share\":25.4902,\"critic_share\":11.7647,"               \
    "\"nps\":51,\"nps_exact\":50.9804,\"mean\":8.5098,\"histogram\":[0,0,1,0,2,1,2,5,8,12,20],"    \
    "\"interval\":{\"method\":\"adjusted_wald\",\"level\":0.95,\"low\":29.2949,"                   \
    "\"high\":67.0014},\"enough\":true,\"min_responses\":30"
#define NOTHING                                                                                    \
    "\"responses\":0,\"promoters\":0,\"neutrals\":0,\"critics\":0,\"promoter_share\":null,"        \
    "\"neutral_share\":null,\"critic_share\":null,\"nps\":null,\"nps_exact\":null,\"mean\":null,"  \
    "\"histogram\":[0,0,0,0,0,0,0,0,0,0,0],\"interval\":null,\"enough\":false,"                    \
    "\"min_responses\":30"
#define LAST_30 "\"from\":\"2026-10-21T14:15:00Z\",\"to\":\"2026-11-20T14:15:00Z\""
#define HEAD(window, zone)                                                                         \
    "{\"survey\":\"checkout\",\"window\":{" window ",\"time_zone\":\"" zone "\"},"
#define CHANGE                                                                                     \
    "\"previous\":{\"responses\":40,\"nps_exact\":35},\"change\":{\"nps_exact\":15.9804,"          \
    "\"low\":-13.2559,\"high\":44.4359,\"z\":1.0593,\"p\":0.289472}"
#define NOW_SCORES "{0,0,1,0,2,1,2,5,8,12,20}"
#define BEFORE_SCORES "{0,0,1,1,1,1,2,7,7,10,10}"

START_TEST(test_bodies)
{
    add_answers("2026-11-02", NOW_SCORES, "", "");
    assert_body("", HEAD(LAST_30, "Europe/Moscow") RESULT "}");
    assert_body("last=30d&tz=UTC", HEAD(LAST_30, "UTC") RESULT "}");
    assert_body("period=this_month&tz=CET",
                HEAD("\"from\":\"2026-10-31T23:00:00Z\",\"to\":\"2026-11-30T23:00:00Z\"", "CET")
                    RESULT "}");
    assert_body("period=all", HEAD("\"from\":null,\"to\":null", "Europe/Moscow") RESULT "}");
    assert_body("from=2026-11-02&to=2026-11-03&tz=America/New_York",
                HEAD("\"from\":\"2026-11-02T05:00:00Z\",\"to\":\"2026-11-03T05:00:00Z\"",
                     "America/New_York") RESULT "}");
    assert_body("from=2026-11-02T12%3A30%3A07%2B03:00",
                HEAD("\"from\":\"2026-11-02T09:30:07Z\",\"to\":\"2026-11-20T14:15:00Z\"",
                     "Europe/Moscow") RESULT "}");
    assert_body("from=2026-11-02T09:30:07.000001Z",
                HEAD("\"from\":\"2026-11-02T09:30:07.000001Z\",\"to\":\"2026-11-20T14:15:00Z\"",
                     "Europe/Moscow") NOTHING "}");
    assert_body("last=24h&where.channel=kiosk",
                HEAD("\"from\":\"2026-11-19T14:15:00Z\",\"to\":\"2026-11-20T14:15:00Z\"",
                     "Europe/Moscow") NOTHING "}");
    forget_answers();
}
END_TEST

START_TEST(test_comparison)
{
    static const char nothing_before[] = HEAD(LAST_30, "Europe/Moscow") RESULT
        ",\"previous\":{\"responses\":0,\"nps_exact\":null},\"change\":null}";

    add_answers("2026-11-02", NOW_SCORES, "", "");
    assert_body("compare=previous", nothing_before);
    add_answers("2026-10-02", BEFORE_SCORES, "", "");
    assert_body("compare=previous", HEAD(LAST_30, "Europe/Moscow") RESULT "," CHANGE "}");
    assert_body("last=30d", HEAD(LAST_30, "Europe/Moscow") RESULT "}");
    assert_body(
        "period=last_month&compare=previous&where.channel=kiosk",
        HEAD("\"from\":\"2026-09-30T21:00:00Z\",\"to\":\"2026-10-31T21:00:00Z\"", "Europe/Moscow")
            NOTHING ",\"previous\":{\"responses\":0,\"nps_exact\":null},\"change\":null}");
    assert_body("period=all&compare=previous&where.channel=kiosk",
                HEAD("\"from\":null,\"to\":null", "Europe/Moscow") NOTHING
                ",\"previous\":null,\"change\":null}");
    forget_answers();
}
END_TEST

static int64_t responses(const char *query)
{
    static const char key[] = "\"responses\":";
    struct reply reply = ask(query);
    ck_assert_int_eq(reply.status, 200);
    return strtoll(strstr(reply.body, key) + strlen(key), NULL, 10);
}

/* Values with numbers, past the cap, never sent; agents, who have no text in rows; several. */
START_TEST(test_filters)
{
    unit_pg_sql("insert into facet_value values (1, 3, 1, 'north'), (1, 5, 1, 'a & b'),"
                " (1, 2, 1, 'Olga')");
    add_answers("2026-11-02", "{1}", ", f1, f3", ", 1, 1");
    add_answers("2026-11-03", "{2}", ", f1, properties", ", 0, '{\"branch\": \"rare\"}'");
    add_answers("2026-11-04", "{4}", ", f1, properties", ", 0, '{\"branch\": \"rarer\"}'");
    add_answers("2026-11-05", "{8}", ", agent, f1", ", 1, 1");
    add_answers("2026-11-06", "{16}", ", agent", ", 0");
    ck_assert_int_eq(responses(""), 31);
    ck_assert_int_eq(responses("where.branch=north"), 9);
    ck_assert_int_eq(responses("where.branch=rare"), 2);
    ck_assert_int_eq(responses("where.branch=rarest"), 0);
    ck_assert_int_eq(responses("where.branch=(other)"), 6);
    ck_assert_int_eq(responses("where.product=a+%26+b"), 1);
    ck_assert_int_eq(responses("where.product=a+%26+b&where.branch=north"), 1);
    ck_assert_int_eq(responses("where.product=a+%26+b&where.branch=rare"), 0);
    ck_assert_int_eq(responses("where.agent=Olga"), 8);
    ck_assert_int_eq(responses("where.agent=Olga&where.branch=north&where.channel=web"), 8);
    ck_assert_int_eq(responses("where.agent=Olga&where.channel=email"), 0);
    ck_assert_int_eq(responses("where.agent=Pavel"), 0);
    ck_assert_int_eq(responses("where.agent=Pavel&where.channel=web"), 0);
    /* Agents are not capped, so this is a name like any other. */
    ck_assert_int_eq(responses("where.agent=(other)"), 0);
    ck_assert_int_eq(responses("where.channel=web"), 31);
    ck_assert_int_eq(responses("where.branch=rare&where.channel=web&period=all"), 2);
    forget_answers();
}
END_TEST

static const char *reply_header_value(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return "";
}

START_TEST(test_etag)
{
    struct reply reply = ask("last=30d");
    const char *etag = arena_strdup(&arena, reply_header_value(&reply, "ETag"));

    ck_assert_str_eq(etag, etag_of(&arena, reply.body, reply.body_len));
    ck_assert_str_eq(reply_header_value(&reply, "Cache-Control"), "private, no-cache");
    if_none_match = arena_printf(&arena, "\"x\", W/%s", etag);
    reply = ask("last=30d");
    ck_assert_int_eq(reply.status, 304);
    ck_assert_str_eq(reply_header_value(&reply, "ETag"), etag);
    if_none_match = "*";
    ck_assert_int_eq(ask("last=30d").status, 304);
    ck_assert_int_eq(ask("last=0d").status, 422);
    if_none_match = "\"x\"";
    ck_assert_int_eq(ask("last=30d").status, 200);
}
END_TEST

/* A connection that breaks once, in the middle of a question, costs the client nothing. */
START_TEST(test_broken_connection)
{
    const struct pg_options options = {
        .url = unit_proxy_start(), .sets = sets, .role = "npsd_app", .allow_unsafe = true};
    struct call call = make_call("compare=previous&where.branch=x");

    call.db = pg_new(&options);
    ck_assert_int_eq(results_nps(&call).status, 200);
    unit_proxy_set(PROXY_CUT_REPLY);
    ck_assert_int_eq(results_nps(&call).status, 200);
    pg_free(call.db);
    unit_proxy_stop();
}
END_TEST

/* A mistake of ours is told as such, without PostgreSQL's words. */
START_TEST(test_database_refusal)
{
    unit_pg_sql("alter table journal rename to journal_away");
    struct reply reply = ask("last=30d");
    unit_pg_sql("alter table journal_away rename to journal");
    ck_assert_int_eq(reply.status, 500);
    ck_assert(!strstr(reply.body, "journal"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_wrong_queries, test_repeated_where,    test_long_value,
        test_bodies,        test_comparison,        test_filters,
        test_etag,          test_broken_connection, test_database_refusal,
    };
    Suite *suite = suite_create("results");
    TCase *tcase = tcase_create("results");

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
