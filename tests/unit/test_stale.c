/* The last known numbers, for while the database is away: what is kept, for whom, and how it is
 * told. */
#include "npsd/api/stale.h"

#include "npsd/api/kept.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "npsd/state/poller.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define NOON_US (1767268800 * CLOCK_SECOND_US)
#define JSON "application/json"

static struct arena arena;
static struct survey survey;
static struct directory_snapshot snapshot;
static struct directory_key keys[2];
static struct identity who;
static struct world world;
static struct call call;
static const char *none_match;
static enum poller_health health;

/* --- in place of the poller --- */

enum poller_health poller_health(const struct poller *poller)
{
    (void)poller;
    return health;
}

/* --- a call --- */

static const char *header(const struct call *of, const char *name)
{
    (void)of;
    return strcmp(name, "If-None-Match") == 0 ? none_match : NULL;
}

static void setup(void)
{
    arena_init(&arena, 1024);
    none_match = NULL;
    health = POLLER_READY;
    survey = (struct survey){.id = 1, .slug = "demo"};
    snapshot = (struct directory_snapshot){.version = 1};
    for (int i = 0; i < 2; i++)
        keys[i] = (struct directory_key){.id = i + 1, .role = ROLE_VIEWER};
    who = (struct identity){
        .role = ROLE_VIEWER, .key = &keys[0], .survey = &survey, .snapshot = &snapshot};
    world = (struct world){.stale = stale_new()};
    ck_assert_ptr_nonnull(world.stale);
    call = (struct call){.arena = &arena,
                         .request_id = "r",
                         .path = "/v1/surveys/demo/nps",
                         .received_us = NOON_US,
                         .world = &world,
                         .identity = &who,
                         .header = header};
}

static void teardown(void)
{
    arena_done(&arena); /* what was handed out outlives its table */
    stale_free(world.stale);
}

static void keep_as(int status, const char *type, const char *body)
{
    const struct reply reply = reply_text(status, type, body, body ? strlen(body) : 0);
    stale_keep(&call, &reply);
    ck_assert_ptr_null(arena.landing);
}

static void keep(const char *body)
{
    keep_as(200, JSON, body);
}

/* What there is for the call: a body, or "none". */
static const char *last(void)
{
    const struct reply reply = stale_answer(&call);
    ck_assert_ptr_null(arena.landing);
    return reply.status ? arena_strndup(&arena, reply.body, reply.body_len) : "none";
}

static const char *marked(const char *time, const char *rest)
{
    return arena_printf(&arena, "{\"stale\":true,\"as_of\":\"%s\",%s", time, rest);
}

static const char *value_of(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

START_TEST(a_copy_says_that_it_is_one)
{
    struct reply reply = reply_text(200, JSON, "{\"nps\":25}", 10);
    reply_header(&reply, "ETag", "\"abc\"");
    reply_header(&reply, "Cache-Control", "private, no-cache");
    stale_keep(&call, &reply);
    uint64_t before = metrics_read(METRIC_STALE);
    none_match = "\"abc\"";
    call.received_us += CLOCK_DAY_US;
    reply = stale_answer(&call);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.type, JSON);
    ck_assert_str_eq(last(), marked("2026-01-01T12:00:00Z", "\"nps\":25}"));
    ck_assert_str_eq(value_of(&reply, "Cache-Control"), "no-store");
    ck_assert_ptr_null(value_of(&reply, "ETag"));
    ck_assert_uint_eq(metrics_read(METRIC_STALE), before + 2);
}
END_TEST

START_TEST(the_last_one_counts)
{
    keep("{\"nps\":1}");
    call.received_us += CLOCK_SECOND_US;
    keep("{\"nps\":2}");
    ck_assert_str_eq(last(), marked("2026-01-01T12:00:01Z", "\"nps\":2}"));
}
END_TEST

/* A 304 that has its body is as good as a 200. */
START_TEST(what_was_told_as_unchanged_is_kept)
{
    keep_as(304, JSON, "{\"nps\":25}");
    ck_assert_str_eq(last(), marked("2026-01-01T12:00:00Z", "\"nps\":25}"));
}
END_TEST

START_TEST(what_cannot_say_so_is_not_kept)
{
    static const struct {
        int status;
        const char *type, *body;
    } cases[] = {
        {503, "application/problem+json", "{\"status\":503}"},
        {422, JSON, "{\"status\":422}"},
        {202, JSON, "{\"id\":1}"},
        {200, "image/svg+xml", "<svg></svg>"},
        {200, "application/problem+json", "{\"nps\":25}"},
        {200, JSON, "[{\"nps\":25}]"},
        {200, JSON, "{}"},
        {200, JSON, ""},
        {200, JSON, NULL},
        {200, NULL, "{\"nps\":25}"},
        {304, JSON, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        keep_as(cases[i].status, cases[i].type, cases[i].body);
        ck_assert_msg(strcmp(last(), "none") == 0, "case %zu: %s", i, last());
    }
}
END_TEST

START_TEST(another_question_has_another_answer)
{
    keep("{\"nps\":1}");
    call.path = "/v1/surveys/other/nps";
    ck_assert_str_eq(last(), "none");
    keep("{\"nps\":2}");
    call.query[0] = (struct query_pair){"last", "30d"};
    call.query_count = 1;
    ck_assert_str_eq(last(), "none");
    keep("{\"nps\":3}");
    call.query[0] = (struct query_pair){"last3", "0d"};
    ck_assert_str_eq(last(), "none");
    call.query_count = 0;
    ck_assert_ptr_nonnull(strstr(last(), "\"nps\":2}"));
    call.path = "/v1/surveys/demo/nps";
    ck_assert_ptr_nonnull(strstr(last(), "\"nps\":1}"));
}
END_TEST

/* Access was decided before: where the path names the survey, who asks makes no difference. */
START_TEST(overviews_are_of_one_key)
{
    keep("{\"nps\":1}");
    who.key = &keys[1];
    ck_assert_ptr_nonnull(strstr(last(), "\"nps\":1}"));
    who.key = NULL;
    ck_assert_ptr_nonnull(strstr(last(), "\"nps\":1}"));
    call.path = "/v1/nps";
    who.survey = NULL;
    who.key = &keys[0];
    keep("{\"items\":1}");
    who.key = &keys[1];
    ck_assert_str_eq(last(), "none");
    who.key = NULL;
    ck_assert_str_eq(last(), "none");
    who.key = &keys[0];
    ck_assert_ptr_nonnull(strstr(last(), "\"items\":1}"));
}
END_TEST

/* What was changed about surveys since is no reason to know nothing. */
START_TEST(later_versions_of_the_directory_do_not_matter)
{
    keep("{\"nps\":1}");
    struct directory_snapshot later = {.version = 2};
    who.snapshot = &later;
    ck_assert_str_ne(last(), "none");
}
END_TEST

/* On an HTTP thread it is given only while the database does not answer. */
START_TEST(only_while_the_database_is_away)
{
    keep("{\"nps\":1}");
    ck_assert_int_eq(stale_answer_away(&call).status, 0); /* no poller: nobody knows */
    world.poller = (struct poller *)&world;
    static const enum poller_health others[] = {POLLER_READY, POLLER_SCHEMA, POLLER_UNSAFE};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        health = others[i];
        ck_assert_int_eq(stale_answer_away(&call).status, 0);
    }
    health = POLLER_AWAY;
    ck_assert_int_eq(stale_answer_away(&call).status, 200);
    call.path = "/v1/surveys/other/nps";
    ck_assert_int_eq(stale_answer_away(&call).status, 0);
}
END_TEST

START_TEST(a_world_without_it)
{
    struct stale *stale = world.stale;
    world.stale = NULL;
    world.poller = (struct poller *)&world;
    health = POLLER_AWAY;
    keep("{\"nps\":1}");
    ck_assert_int_eq(stale_answer(&call).status, 0);
    ck_assert_int_eq(stale_answer_away(&call).status, 0);
    world.stale = stale;
    ck_assert_str_eq(last(), "none");
    stale_free(NULL);
}
END_TEST

/* However much is asked for: the least recently used go first, and what is huge is not kept. */
START_TEST(bounded)
{
    enum { COUNT = 100, SIZE = 100000 };
    char *body = arena_alloc(&arena, STALE_BYTES);
    int there = 0;
    memset(body, 'x', STALE_BYTES);
    memcpy(body, "{\"nps\":1,\"", 10);
    for (int i = 0; i < COUNT; i++) {
        call.path = arena_printf(&arena, "/v1/surveys/s%d/nps", i);
        memcpy(body + SIZE - 3, "\"}", 3);
        keep(body);
    }
    for (int i = 0; i < COUNT; i++) {
        call.path = arena_printf(&arena, "/v1/surveys/s%d/nps", i);
        bool found = stale_answer(&call).status != 0;
        ck_assert(!found || i > COUNT - STALE_BYTES / SIZE - 2);
        there += found;
    }
    ck_assert_int_ge(there, STALE_BYTES / SIZE - 2);
    ck_assert_int_le(there, STALE_BYTES / SIZE);
    body[SIZE - 3] = 'x';
    body[SIZE - 2] = 'x';
    body[SIZE - 1] = 'x';
    body[STALE_BYTES / 2] = '\0';
    call.path = "/v1/nps";
    keep(body);
    ck_assert_str_eq(last(), "none");
}
END_TEST

/* A sanitizer ends the process where memory does. */
#ifndef __SANITIZE_ADDRESS__
/* Without memory they do nothing: the reply that was made is given all the same. */
START_TEST(without_memory)
{
    enum { SIZE = 1 << 20 };
    char *path = arena_alloc(&arena, SIZE);
    memset(path, 'p', SIZE - 1);
    path[SIZE - 1] = '\0';
    keep("{\"nps\":1}");
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    const char *good = call.path;
    call.path = path;
    setrlimit(RLIMIT_AS, &none);
    keep("{\"nps\":2}");
    struct reply reply = stale_answer(&call);
    setrlimit(RLIMIT_AS, &before);
    ck_assert_int_eq(reply.status, 0);
    ck_assert_str_eq(last(), "none");
    call.path = good;
    ck_assert_ptr_nonnull(strstr(last(), "\"nps\":1}"));
}
END_TEST
#endif

int main(void)
{
    const TTest *const tests[] = {a_copy_says_that_it_is_one,
                                  the_last_one_counts,
                                  what_was_told_as_unchanged_is_kept,
                                  what_cannot_say_so_is_not_kept,
                                  another_question_has_another_answer,
                                  overviews_are_of_one_key,
                                  later_versions_of_the_directory_do_not_matter,
                                  only_while_the_database_is_away,
                                  a_world_without_it,
#ifndef __SANITIZE_ADDRESS__
                                  without_memory,
#endif
                                  bounded};
    return suite_run_checked("stale", setup, teardown, tests, COUNT_OF(tests));
}
