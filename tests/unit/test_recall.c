/* Results that are remembered, and queries that are shared: without a database or a worker, whose
 * turns are taken here by hand. */
#include "npsd/api/recall.h"

#include "npsd/api/etag.h"
#include "npsd/api/jobs.h"
#include "npsd/api/limits.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "suite.h"

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
    struct reply reply;
    bool waits; /* its reply is a later one */
    int woken;
};

static struct asked asked[CALLS];
static struct survey survey;
static struct directory_snapshot snapshot;
static struct directory_key keys[2];
static atomic_bool key_used[2];
static struct world world;

/* --- in place of jobs, of freshness and of the directory --- */

static struct {
    bool full;             /* takes no job */
    struct asked *arrives; /* asks just before a job is refused; NULL: nobody */
    int taken, alone;      /* jobs */
    struct call *call;     /* the last job */
    struct reply (*run)(struct call *call, void *work);
    void *work;
} queue;

static struct {
    int status;
    const char *body;
    struct asked *arrives; /* asks while the handler runs; NULL: nobody */
    bool moves;            /* an answer comes while the handler runs */
    int runs;
} handler;

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
                    void *work)
{
    if (queue.full) {
        arrive(&queue.arrives);
        return false;
    }
    queue.taken++;
    queue.call = call;
    queue.run = run;
    queue.work = work;
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
    arrive(&handler.arrives);
    generation += handler.moves;
    if (handler.status == 200)
        return etag_reply(call, "text/plain", handler.body, strlen(handler.body));
    return reply_text(handler.status, "text/plain", "no", 2);
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
    settle(who, who->reply.finish(call, who->reply.work));
}

static void ask(struct asked *who)
{
    settle(who, recall_call(&who->call));
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
    who->waits = false;
    who->woken = 0;
}

/* A new request in place of the last, with its answer. */
static const struct reply *again(struct asked *who)
{
    forget(who);
    ask(who);
    if (who->waits)
        run();
    return &who->reply;
}

/* Whether the answer came without the handler. */
static bool remembered(struct asked *who)
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
    handler.status = 200;
    handler.body = "first";
    current = true;
    version = 1;
    for (int i = 0; i < CALLS; i++) {
        struct asked *who = &asked[i];
        *who = (struct asked){.who = {ROLE_VIEWER, &keys[0], &survey, &snapshot, "key 1"},
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

/* --- queries that are shared --- */

START_TEST(who_asks_the_same_shares_a_query)
{
    uint64_t shared = metrics_read(METRIC_SHARED);
    for (int i = 0; i < CALLS; i++)
        ask(&asked[i]);
    ck_assert_int_eq(queue.taken, 1);
    run();
    ck_assert_int_eq(handler.runs, 1);
    ck_assert_uint_eq(metrics_read(METRIC_SHARED), shared + CALLS - 1);
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_eq(asked[i].reply.status, 200);
        ck_assert_str_eq(asked[i].reply.body, "first");
        ck_assert_int_eq(asked[i].woken, i > 0);
    }
    ck_assert(remembered(&asked[0]));
}
END_TEST

/* A GET with the ETag is told that nothing changed, a HEAD gets what a GET gets (the edge drops the
 * body), whoever of them asked first. */
START_TEST(each_gets_what_it_asked_for)
{
    ck_assert_int_eq(again(&asked[0])->status, 200);
    char tag[64];
    snprintf(tag, sizeof tag, "%s", asked[0].reply.headers[0].value);
    for (int first = 0; first < CALLS; first++) {
        asked[1].none_match = tag;
        asked[2].call.head = true;
        asked[3].none_match = "\"other\"";
        for (int i = 0; i < CALLS; i++)
            forget(&asked[i]);
        generation++;
        for (int i = 0; i < CALLS; i++)
            ask(&asked[(first + i) % CALLS]);
        run();
        for (int i = 0; i < CALLS; i++) {
            ck_assert_int_eq(asked[i].reply.status, i == 1 ? 304 : 200);
            ck_assert_uint_eq(asked[i].reply.body_len, 5);
        }
    }
    ck_assert_int_eq(handler.runs, 1 + CALLS);
}
END_TEST

/* Its snapshot may be older than what was acknowledged before the call. */
START_TEST(what_has_begun_is_not_joined)
{
    ask(&asked[0]);
    handler.arrives = &asked[1];
    run();
    ck_assert_str_eq(asked[0].reply.body, "first");
    ck_assert_int_eq(queue.taken, 2);
    ck_assert(asked[1].waits);
    handler.body = "second";
    run();
    ck_assert_str_eq(asked[1].reply.body, "second");
}
END_TEST

static bool shares(struct asked *a, struct asked *b)
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

START_TEST(other_questions_are_not_joined)
{
    struct asked *a = &asked[0], *b = &asked[1];
    ck_assert(shares(a, b));
    b->call.path = "/v1/surveys/demo/nps/series";
    ck_assert(!shares(a, b));
    b->call.path = a->call.path;
    b->call.query[0] = (struct query_pair){"last", "30d"};
    b->call.query_count = 1;
    ck_assert(!shares(a, b));
    a->call.query[0] = (struct query_pair){"last", "30d"};
    a->call.query_count = 1;
    ck_assert(shares(a, b));
    a->call.query[0] = (struct query_pair){"last3", "0d"};
    ck_assert(!shares(a, b));
    b->call.query_count = a->call.query_count = 0;
    struct directory_snapshot later = snapshot;
    later.version = 2;
    b->who.snapshot = &later;
    ck_assert(!shares(a, b));
    b->who.snapshot = &snapshot;
    b->call.received_us += QUARTER_HOUR_US;
    ck_assert(!shares(a, b));
}
END_TEST

/* --- refusals --- */

START_TEST(faults_are_shared)
{
    static const int statuses[][2] = {{500, 500}, {503, 503}, {501, 500}};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        handler.status = statuses[i][0];
        for (int j = 0; j < 3; j++) {
            forget(&asked[j]);
            ask(&asked[j]);
        }
        run();
        ck_assert_int_eq(asked[0].reply.status, statuses[i][0]);
        for (int j = 1; j < 3; j++) {
            ck_assert_int_eq(asked[j].reply.status, statuses[i][1]);
            ck_assert_int_eq(asked[j].woken, 1);
            ck_assert_str_eq(asked[j].reply.type, "application/problem+json");
        }
    }
    ck_assert_int_eq(handler.runs, 3);
    ck_assert_int_eq(queue.alone, 0);
    handler.status = 200;
    ck_assert(!remembered(&asked[0]));
}
END_TEST

/* What was wrong with the first one's request is told to each by itself. */
START_TEST(other_refusals_are_not_shared)
{
    handler.status = 400;
    ask(&asked[0]);
    ask(&asked[1]);
    run();
    ck_assert_int_eq(asked[0].reply.status, 400);
    ck_assert_int_eq(queue.alone, 1);
    ck_assert(asked[1].waits);
    ck_assert_ptr_eq(queue.call, &asked[1].call);
    handler.status = 200;
    ck_assert(!remembered(&asked[0]));
}
END_TEST

START_TEST(a_full_queue_refuses_all_who_wait)
{
    queue.full = true;
    queue.arrives = &asked[1];
    ask(&asked[0]);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(asked[i].reply.status, 503);
        ck_assert_int_eq(asked[i].woken, i);
    }
    /* Nothing of them is left behind. */
    queue.full = false;
    ask(&asked[2]);
    ck_assert_int_eq(queue.taken, 1);
    run();
    ck_assert_int_eq(asked[2].reply.status, 200);
    /* Nor does a full queue keep anybody from what is remembered. */
    queue.full = true;
    ck_assert(remembered(&asked[3]));
}
END_TEST

START_TEST(a_full_queue_refuses_whoever_goes_alone)
{
    handler.status = 400;
    ask(&asked[0]);
    ask(&asked[1]);
    queue.full = true;
    run();
    ck_assert_int_eq(asked[1].reply.status, 503);
}
END_TEST

/* --- memory --- */

START_TEST(remembered_while_it_is_fresh)
{
    ck_assert(!remembered(&asked[0]));
    ck_assert(remembered(&asked[0]));
    generation++;
    ck_assert(!remembered(&asked[0]));
    ck_assert(remembered(&asked[0]));
    current = false;
    ck_assert(!remembered(&asked[0]));
    current = true;
    ck_assert(remembered(&asked[0]));
    snapshot.version = 2;
    ck_assert(!remembered(&asked[0]));
}
END_TEST

/* What was read while an answer came may lack it. */
START_TEST(not_remembered_if_it_moved_meanwhile)
{
    handler.moves = true;
    ck_assert(!remembered(&asked[0]));
    handler.moves = false;
    ck_assert(!remembered(&asked[0]));
    ck_assert(remembered(&asked[0]));
}
END_TEST

START_TEST(windows_end_at_quarter_hours)
{
    asked[0].call.received_us = NOON_US - 1;
    ck_assert(!remembered(&asked[0]));
    ck_assert(remembered(&asked[0]));
    asked[0].call.received_us = NOON_US;
    ck_assert(!remembered(&asked[0]));
    asked[0].call.received_us = NOON_US + QUARTER_HOUR_US - 1;
    ck_assert(remembered(&asked[0]));
    asked[0].call.received_us = NOON_US + QUARTER_HOUR_US;
    ck_assert(!remembered(&asked[0]));
}
END_TEST

static void ask_for_all(struct asked *who, const struct directory_key *key)
{
    who->who.survey = NULL;
    who->who.key = key;
    who->call.path = "/v1/nps";
}

/* Each sees its own surveys. */
START_TEST(overviews_are_of_one_key)
{
    ask_for_all(&asked[0], &keys[0]);
    ask_for_all(&asked[1], &keys[1]);
    ask_for_all(&asked[2], &keys[0]);
    ck_assert(!shares(&asked[0], &asked[1]));
    ck_assert(shares(&asked[0], &asked[2]));
    generation++;
    ck_assert(!remembered(&asked[0]));
    ck_assert(!remembered(&asked[1]));
    ck_assert(remembered(&asked[2]));
    ck_assert(remembered(&asked[1]));
    ck_assert_ptr_null(asked[1].reply.lease); /* its generation is one of many surveys */
}
END_TEST

/* Where the path names the survey, who asks makes no difference: access was decided before. */
START_TEST(results_are_of_all_keys)
{
    asked[1].who.key = &keys[1];
    ck_assert(!remembered(&asked[0]));
    ck_assert(remembered(&asked[1]));
}
END_TEST

START_TEST(strangers_have_a_memory_and_a_limit_of_their_own)
{
    struct asked *stranger = &asked[1];
    stranger->who.role = ROLE_NONE;
    stranger->who.key = NULL;
    ck_assert(!remembered(&asked[0]));
    ck_assert(!remembered(stranger));
    ck_assert(remembered(stranger));
    generation++;
    ck_assert(!remembered(stranger));
    generation++;
    ck_assert_int_eq(again(stranger)->status, 429);
    ck_assert(!remembered(&asked[0]));
    stranger->call.client = "192.0.2.2";
    ck_assert(!remembered(stranger));
    stranger->call.client = "192.0.2.1";
    ck_assert(remembered(stranger));
}
END_TEST

/* --- leases --- */

static struct lease *lease_of(struct asked *who)
{
    ck_assert(remembered(who) || remembered(who));
    struct lease *lease = who->reply.lease(&who->call, who->reply.work);
    ck_assert_ptr_nonnull(lease);
    return lease;
}

START_TEST(a_lease_holds_as_memory_does)
{
    uint64_t recalled;
    struct lease *lease = lease_of(&asked[0]);
    recalled = metrics_read(METRIC_RECALLED);
    atomic_store(&key_used[0], false);
    ck_assert(lease->holds(lease, NOON_US + QUARTER_HOUR_US - 1));
    ck_assert(atomic_load(&key_used[0]));
    ck_assert_uint_eq(metrics_read(METRIC_RECALLED), recalled + 1);
    ck_assert(!lease->holds(lease, NOON_US + QUARTER_HOUR_US));
    ck_assert(!lease->holds(lease, NOON_US - 1));
    current = false;
    ck_assert(!lease->holds(lease, NOON_US));
    current = true;
    generation++;
    ck_assert(!lease->holds(lease, NOON_US));
    generation--;
    version++; /* a key was revoked, say */
    atomic_store(&key_used[0], false);
    ck_assert(!lease->holds(lease, NOON_US));
    ck_assert(!atomic_load(&key_used[0]));
    version--;
    ck_assert(lease->holds(lease, NOON_US));
    ck_assert_uint_eq(metrics_read(METRIC_RECALLED), recalled + 2);
    lease->end(lease);
}
END_TEST

/* An answer that comes between memory and lease ends the lease. */
START_TEST(a_lease_is_of_what_was_found)
{
    ck_assert(remembered(&asked[0]) || remembered(&asked[0]));
    generation++;
    struct lease *lease = asked[0].reply.lease(&asked[0].call, asked[0].reply.work);
    ck_assert(!lease->holds(lease, NOON_US));
    lease->end(lease);
}
END_TEST

START_TEST(a_lease_keeps_the_body)
{
    struct lease *lease = lease_of(&asked[0]);
    const char *body = asked[0].reply.body;
    generation++;
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(again(&asked[i])->status, 200);
    recall_free(world.recall);
    world.recall = NULL;
    ck_assert_str_eq(body, "first");
    lease->end(lease);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        who_asks_the_same_shares_a_query,
        each_gets_what_it_asked_for,
        what_has_begun_is_not_joined,
        other_questions_are_not_joined,
        faults_are_shared,
        other_refusals_are_not_shared,
        a_full_queue_refuses_all_who_wait,
        a_full_queue_refuses_whoever_goes_alone,
        remembered_while_it_is_fresh,
        not_remembered_if_it_moved_meanwhile,
        windows_end_at_quarter_hours,
        overviews_are_of_one_key,
        results_are_of_all_keys,
        strangers_have_a_memory_and_a_limit_of_their_own,
        a_lease_holds_as_memory_does,
        a_lease_is_of_what_was_found,
        a_lease_keeps_the_body,
    };
    Suite *suite = suite_create("recall");
    TCase *tcase = tcase_create("recall");
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
