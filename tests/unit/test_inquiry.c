/* What all results share: windows, wrong ones, ETags, a connection that breaks. */
#include "support/unit_proxy.h"
#include "support/unit_results.h"

#include "npsd/api/inquiry.h"

#include <string.h>

static const char *const paths[] = {"shop/nps?", "shop/nps/series?",
                                    "shop/nps/breakdown?by=branch&", "shop/questions/improve?",
                                    "shop/drivers?"};

static const char *with(size_t i, const char *query)
{
    return arena_printf(&unit_results_call()->arena, "%s%s", paths[i], query);
}

static const struct {
    const char *query, *parameters;
} wrong[] = {
    {"last=0d", "last"},
    {"last=1d&period=today", "last period"},
    {"to=2026-01-01", "from"},
    {"from=2026-01-02&to=2026-01-01", "from"},
    {"period=this_day", "period"},
    {"tz=Mars/Olympus", "tz"},
    {"tz=FOO&last=x", "last tz"},
    {"where.channel=fax", "where.channel"},
    {"where.shop=x", "where.shop"},
    {"where.improve=wait", "where.improve"},
    {"limit=5", "limit"},
};

START_TEST(wrong_windows)
{
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        for (size_t j = 0; j < COUNT_OF(wrong); j++) {
            struct arena *arena = &unit_results_call()->arena;
            struct reply reply = unit_results_get(with(i, wrong[j].query));
            ck_assert_msg(reply.status == 422, "%s%s: %d", paths[i], wrong[j].query, reply.status);
            ck_assert_str_eq(unit_reply_parameters(arena, &reply), wrong[j].parameters);
        }
}
END_TEST

START_TEST(windows)
{
    unit_results_post_ten();
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        unit_results_assert_at(with(i, "last=30d&tz=UTC"), "/window",
                               "{'from':'2026-10-21T14:15:00Z','to':'2026-11-20T14:15:00Z',"
                               "'time_zone':'UTC'}");
        unit_results_assert_at(with(i, "period=all"), "/window",
                               "{'from':null,'to':null,'time_zone':'Europe/Moscow'}");
        unit_results_assert_at(with(i, "period=yesterday"), "/window",
                               "{'from':'2026-11-18T21:00:00Z','to':'2026-11-19T21:00:00Z',"
                               "'time_zone':'Europe/Moscow'}");
    }
}
END_TEST

START_TEST(etags)
{
    struct unit_call *c = unit_results_call();
    unit_results_post_ten();
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        unit_call_header(c, "If-None-Match", NULL);
        struct reply reply = unit_results_get(with(i, ""));
        const char *tag = unit_reply_header(&reply, "ETag");
        ck_assert_ptr_nonnull(tag);
        unit_call_header(c, "If-None-Match", tag);
        struct reply again = unit_results_get(with(i, ""));
        ck_assert_int_eq(again.status, 304);
        ck_assert_str_eq(unit_reply_header(&again, "ETag"), tag);
        ck_assert_int_eq(unit_results_get(with(i, "tz=Asia/Tokyo")).status, 200);
        ck_assert_int_eq(unit_results_get(with(i, "last=0d")).status, 422);
    }
}
END_TEST

/* The query is read and the answers are counted by what the handler alone needs: no access. */
static struct reply handle(const char *path)
{
    struct unit_call *c = unit_results_call();
    unit_call_to(c, HTTP_GET, arena_printf(&c->arena, "/v1/surveys/%s", path));
    return c->call.route->handle(&c->call);
}

/* A connection that breaks once costs the client nothing, wherever that is. */
START_TEST(broken_connection)
{
    struct unit_call *c = unit_results_call();
    struct pg *own = c->call.db;
    struct pg_options options = c->database;

    unit_results_post_ten();
    unit_results_get("shop/nps");
    options.url = unit_proxy_start();
    c->call.db = pg_new(&options);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply whole = handle(with(i, "where.branch=south"));
        ck_assert_int_eq(whole.status, 200);
        unit_proxy_set(PROXY_CUT_REPLY);
        struct reply again = handle(with(i, "where.branch=south"));
        ck_assert_msg(again.status == 200, "%s: %d", paths[i], again.status);
        ck_assert_str_eq(again.body, whole.body);
    }
    pg_free(c->call.db);
    unit_proxy_stop();
    c->call.db = own;
}
END_TEST

/* A mistake of ours is told as such, without PostgreSQL's words. */
START_TEST(our_mistakes)
{
    unit_results_post_ten();
    unit_results_get("shop/nps");
    unit_pg_sql("alter table tally_day rename to tally_away");
    struct reply replies[COUNT_OF(paths)];
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        replies[i] = handle(with(i, "last=30d"));
    unit_pg_sql("alter table tally_away rename to tally_day");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        ck_assert_msg(replies[i].status == 500, "%s: %d", paths[i], replies[i].status);
        ck_assert(!strstr(replies[i].body, "tally"));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {wrong_windows, windows, etags, broken_connection, our_mistakes};
    return unit_results_run("inquiry", tests, COUNT_OF(tests));
}
