/*
 * recall_calls: four calls of recall, without a database or a worker, whose turns are taken by
 * hand. Included once by a test program: it stands in place of jobs, freshness, live, the directory
 * and the poller.
 */
#ifndef NPSD_TESTS_UNIT_RECALL_CALLS_H
#define NPSD_TESTS_UNIT_RECALL_CALLS_H

#include "npsd/api/recall.h"

#include "npsd/api/etag.h"
#include "npsd/api/jobs.h"
#include "npsd/api/limits.h"
#include "npsd/api/live.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "npsd/state/poller.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define QUARTER_HOUR_US (900 * CLOCK_SECOND_US)
#define NOON_US (1767268800 * CLOCK_SECOND_US) /* a quarter hour begins */

enum { CALLS = 4 };

/* A call and what became of it. */
struct asked {
    struct call call;
    struct arena arena;
    struct identity who;
    struct route route;
    const char *none_match;
    struct asked *then; /* asks right after; NULL: nobody */
    struct reply reply;
    bool waits; /* its reply is a later one */
    bool left;  /* its client has gone: it is not finished */
    int woken;
};

static struct asked asked[CALLS];
static struct survey survey;
static struct directory_snapshot snapshot;
static struct directory_key keys[2];
static atomic_bool key_used[2];
static struct world world;

/* --- in place of jobs, of freshness, of live and of the directory --- */

static struct {
    bool full;             /* takes no job */
    struct asked *arrives; /* asks just before a job is refused; NULL: nobody */
    int taken, alone;      /* jobs */
    struct call *call;     /* the last job */
    struct reply (*run)(struct call *call, void *work);
    void *work;
    int64_t not_before_us;
} queue;

static struct {
    int status;
    const char *body;
    struct asked *arrives;            /* asks while the handler runs; NULL: nobody */
    bool moves;                       /* an answer comes while the handler runs */
    bool fills;                       /* the queue is full when the handler has run */
    const struct live_number *number; /* what it says that its reply consists of */
    const char *goes_on;              /* the number's body from then on; NULL: as it is */
    int runs;
} handler;

static struct {
    const char *body;      /* of the number that goes on; NULL: it has to be read */
    bool lasts;            /* until the generation moves */
    struct asked *arrives; /* asks during one look, */
    int during;            /* which is this one, counted from 1 */
    bool moves;            /* and then an answer comes */
    int looks, keeps;
    int blind; /* the look that finds nothing, counted from 1; 0: none */
} going;

static bool current;
static uint64_t generation;
static int64_t version;

static void ask(struct asked *who);

static void arrive(struct asked **who)
{
    struct asked *other = *who;
    *who = NULL;
    if (other)
        ask(other);
}

bool jobs_submit_to(struct call *call, struct reply (*run)(struct call *call, void *work),
                    void *work, int64_t not_before_us)
{
    if (queue.full) {
        arrive(&queue.arrives);
        return false;
    }
    queue.taken++;
    queue.call = call;
    queue.run = run;
    queue.work = work;
    queue.not_before_us = not_before_us;
    return true;
}

bool jobs_submit(struct call *call, bool undecided)
{
    ck_assert(!undecided);
    queue.alone++;
    queue.call = call;
    return !queue.full;
}

struct reply jobs_handle(struct call *call)
{
    handler.runs++;
    call_identity(call)->number = handler.number;
    arrive(&handler.arrives);
    generation += handler.moves;
    if (handler.goes_on)
        going.body = handler.goes_on;
    queue.full |= handler.fills;
    if (handler.status == 200)
        return etag_reply(call, "text/plain", handler.body, strlen(handler.body));
    return reply_text(handler.status, "text/plain", "no", 2);
}

struct live *live_new(struct freshness *freshness)
{
    (void)freshness;
    return malloc(1);
}

void live_free(struct live *live)
{
    free(live);
}

struct live_start live_start(struct live *live, int32_t survey_id)
{
    (void)live;
    return (struct live_start){.position = generation + (uint64_t)survey_id};
}

void live_keep(struct live *live, const struct question *question, const struct live_start *start,
               const struct live_number *number)
{
    (void)live;
    (void)question;
    going.keeps++;
    ck_assert_ptr_eq(number, handler.number);
    ck_assert_uint_eq(start->position + handler.moves, generation + 1);
}

struct kept_reply *live_reply(struct live *live, struct call *call, const struct question *question,
                              struct live_memory *memory)
{
    (void)live;
    ck_assert_uint_gt(question->len, 0);
    int look = ++going.looks;
    if (look == going.during) {
        arrive(&going.arrives);
        generation += going.moves;
    }
    if (!going.body || look == going.blind)
        return NULL;
    memory->lasts = going.lasts;
    const struct reply reply = etag_reply(call, "text/plain", going.body, strlen(going.body));
    struct kept_reply *kept = kept_copy(&reply);
    if (going.lasts)
        kept_put(memory->table, question, memory->generation, kept);
    return kept;
}

uint64_t freshness_generation(struct freshness *freshness, int32_t survey_id)
{
    (void)freshness;
    return generation + (uint64_t)survey_id * 1000;
}

bool freshness_is_current(const struct freshness *freshness)
{
    (void)freshness;
    return current;
}

bool freshness_holds(struct freshness *freshness, int32_t survey_id, uint64_t of)
{
    return current && freshness_generation(freshness, survey_id) == of;
}

int64_t directory_version(const struct directory *directory)
{
    (void)directory;
    return version;
}

enum poller_health poller_health(const struct poller *poller)
{
    (void)poller;
    return POLLER_READY;
}

/* --- calls --- */

static const char *header(const struct call *call, const char *name)
{
    return strcmp(name, "If-None-Match") == 0 ? ((struct asked *)call->edge)->none_match : NULL;
}

/* As the edge: asks finish, and starts again what is to be later once more. */
static void settle(struct asked *who, struct reply reply)
{
    who->reply = reply;
    who->waits = reply.status == 0;
    if (who->waits && !reply.start(&who->call, reply.work))
        settle(who, reply.finish(&who->call, reply.work));
}

static void resume(struct call *call)
{
    struct asked *who = call->edge;
    ck_assert(who->waits);
    who->woken++;
    if (who->left)
        return;
    settle(who, who->reply.finish(call, who->reply.work));
}

static void ask(struct asked *who)
{
    settle(who, recall_call(&who->call));
    arrive(&who->then);
}

/* The worker's turn. */
static void run(void)
{
    struct asked *who = queue.call->edge;
    settle(who, queue.run(queue.call, queue.work));
}

static void forget(struct asked *who)
{
    arena_reset(&who->arena);
    who->reply = (struct reply){0};
    who->waits = who->left = false;
    who->woken = 0;
}

/* A new request in place of the last, with its answer. */
static inline const struct reply *again(struct asked *who)
{
    forget(who);
    ask(who);
    if (who->waits)
        run();
    return &who->reply;
}

/* Whether the answer came without the handler. */
static inline bool remembered(struct asked *who)
{
    int before = handler.runs;
    ck_assert_int_eq(again(who)->status, 200);
    return handler.runs == before;
}

static void setup(void)
{
    survey = (struct survey){.id = 1, .slug = "demo"};
    static const struct survey *const surveys[] = {&survey};
    for (int i = 0; i < 2; i++)
        keys[i] = (struct directory_key){
            .id = i + 1, .role = ROLE_VIEWER, .all_surveys = true, .used = &key_used[i]};
    snapshot = (struct directory_snapshot){
        .version = 1, .surveys = surveys, .survey_count = 1, .keys = keys, .key_count = 2};
    world = (struct world){.recall = recall_new(NULL), .asks = limits_new(2)};
    memset(&queue, 0, sizeof queue);
    memset(&handler, 0, sizeof handler);
    memset(&going, 0, sizeof going);
    handler.status = 200;
    handler.body = "first";
    current = true;
    version = 1;
    for (int i = 0; i < CALLS; i++) {
        struct asked *who = &asked[i];
        *who = (struct asked){.who = {.role = ROLE_VIEWER,
                                      .key = &keys[0],
                                      .survey = &survey,
                                      .snapshot = &snapshot,
                                      .actor = "key 1"},
                              .route = {.pattern = "/v1/surveys/{survey}/nps"}};
        arena_init(&who->arena, 1024);
        who->call = (struct call){.arena = &who->arena,
                                  .request_id = "r",
                                  .route = &who->route,
                                  .path = "/v1/surveys/demo/nps",
                                  .received_us = NOON_US,
                                  .client = "192.0.2.1",
                                  .world = &world,
                                  .identity = &who->who,
                                  .header = header,
                                  .resume = resume,
                                  .edge = who};
    }
}

static void teardown(void)
{
    for (int i = 0; i < CALLS; i++)
        arena_done(&asked[i].arena);
    recall_free(world.recall);
    limits_free(world.asks);
}

/* Whether both are answered by one query; nothing of them is remembered. */
static inline bool shares(struct asked *a, struct asked *b)
{
    int before = queue.taken;
    forget(a);
    forget(b);
    generation++;
    ask(a);
    struct reply (*first)(struct call *, void *) = queue.run;
    struct call *call = queue.call;
    void *work = queue.work;
    ask(b);
    bool shared = queue.taken == before + 1;
    if (!shared)
        run();
    settle(call->edge, first(call, work));
    ck_assert_int_eq(a->reply.status, 200);
    ck_assert_int_eq(b->reply.status, 200);
    return shared;
}

static inline int run_suite(const char *name, const TTest *const *tests, size_t count)
{
    return suite_run_checked(name, setup, teardown, tests, count);
}

#endif
