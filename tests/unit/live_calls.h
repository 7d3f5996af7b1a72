/*
 * live_calls: a number that goes on, its call and what must be told of it, without a database.
 * Included once by a test program.
 */
#ifndef NPSD_TESTS_UNIT_LIVE_CALLS_H
#define NPSD_TESTS_UNIT_LIVE_CALLS_H

#include "npsd/api/live.h"

#include "npsd/api/results.h"
#include "npsd/api/world.h"
#include "suite.h"

#include <string.h>

enum { SURVEY = 7, OTHER_SURVEY = 8, MINUTES = 60 };

static struct freshness *freshness;
static struct live *live;
static struct arena arena;
static struct survey survey;
static struct directory_snapshot directory;
static struct identity who;
static struct world world;
static struct call call;
static const char *none_match;
static struct live_number number;   /* as it is read; each test changes what it is about */
static struct live_number expected; /* what must be told */

static const char *header(const struct call *of, const char *name)
{
    (void)of;
    return strcmp(name, "If-None-Match") == 0 ? none_match : NULL;
}

static void setup(void)
{
    static const char head[] = "{\"survey\":\"demo\"";
    arena_init(&arena, 1024);
    none_match = NULL;
    freshness = freshness_new();
    live = live_new(freshness);
    ck_assert_ptr_nonnull(live);
    survey = (struct survey){.id = SURVEY, .slug = "demo"};
    who = (struct identity){.role = ROLE_VIEWER, .survey = &survey, .snapshot = &directory};
    world = (struct world){.stale = NULL};
    call = (struct call){.arena = &arena,
                         .request_id = "r",
                         .path = "/v1/surveys/demo/nps",
                         .world = &world,
                         .identity = &who,
                         .header = header};
    number = (struct live_number){
        .survey_id = SURVEY,
        .seen = {.known = true, .snapshot = {100, 110, {100, 103, 107}, 3}},
        .windows = {{2000, 3000}},
        .counts = {{{2, 0, 0, 0, 0, 0, 0, 1, 0, 5, 7}}},
        .min_responses = 16,
        .head_len = strlen(head),
    };
    memcpy(number.head, head, sizeof head - 1);
}

static void teardown(void)
{
    arena_done(&arena);
    live_free(live);
    freshness_free(freshness);
}

static const struct question asked = {"asked", 5, 5};

/* Read now. It does not get old: how slow the machine is must not matter. */
static struct live_start start(void)
{
    struct live_start begun = live_start(live, number.survey_id);
    begun.began_us += MINUTES * CLOCK_SECOND_US;
    return begun;
}

static void keep_as(const struct question *question, const struct live_start *begun)
{
    live_keep(live, question, begun, &number);
    expected = number;
}

static void keep(void)
{
    const struct live_start begun = start();
    keep_as(&asked, &begun);
}

/* As the lanes do. */
static void arrive(const struct arrival *arrival)
{
    arrivals_add(freshness_arrivals(freshness), arrival, 1);
    freshness_move_on(freshness, arrival->survey_id);
}

/* Within the window, by a transaction that nobody has seen. */
static const struct arrival promoter = {
    .xid = 200, .answered_us = 2500, .survey_id = SURVEY, .agent = -1, .score = 9};

/* Status 0: it has to be read. */
static struct reply ask_of(const struct question *question)
{
    struct live_memory memory = {.table = NULL};
    struct kept_reply *kept = live_reply(live, &call, question, &memory);
    if (!kept)
        return (struct reply){0};
    ck_assert(memory.lasts); /* nobody polls here */
    return kept_answer(&call, kept);
}

/* A body, or "read". */
static const char *body_of(const struct question *question)
{
    const struct reply reply = ask_of(question);
    return reply.status ? arena_strndup(&arena, reply.body, reply.body_len) : "read";
}

static const char *body(void)
{
    return body_of(&asked);
}

/* By whom it is written when it is read. */
static const char *written(const struct live_number *of)
{
    struct json_writer w = json_writer(&arena);
    const struct results_numbers numbers = {.current = &of->counts[0],
                                            .previous = of->has_previous ? &of->counts[1] : NULL,
                                            .compare = of->compare,
                                            .min_responses = of->min_responses};
    json_object_begin(&w, NULL);
    json_put_text(&w, "survey", "demo");
    results_write_numbers(&w, &numbers);
    return arena_strndup(&arena, w.buf.data, w.buf.len);
}

static const char *expected_body(void)
{
    return written(&expected);
}

static inline void expect_promoters(int count)
{
    expected = number;
    expected.counts[0].score[9] += count;
    ck_assert_str_eq(body(), expected_body());
}

static inline int run_suite(const char *name, const TTest *const *tests, size_t count)
{
    return suite_run_checked(name, setup, teardown, tests, count);
}

#endif
