/* Calls on their way through the worker pool, also when memory is out. */
#include "npsd/api/jobs.h"
#include "npsd/api/world.h"
#include "npsd/base/metrics.h"
#include "npsd/db/pool.h"
#include "npsd/http/server.h"
#include "unit/suite.h"
#include <semaphore.h>
#include <string.h>
#include <sys/resource.h>

/* Nobody listens there. */
static const struct pg_options nowhere = {.url = "host=/nonexistent"};

static struct arena arena;
static struct world world;
static struct call request;
static struct route route;
static struct reply answered;
static sem_t done;

/* In the place of the server's. */
void server_answer(struct call *call, struct reply reply)
{
    ck_assert_ptr_eq(call, &request);
    answered = reply;
    sem_post(&done);
}

static void setup(void)
{
    arena_init(&arena, 4096);
    world = (struct world){.pool = pool_start(&nowhere, 1, 4), .directory = directory_new()};
    request = (struct call){
        .arena = &arena, .request_id = "r", .world = &world, .route = &route, .body = ""};
    route = (struct route){.pattern = "/x", .access = ACCESS_MANAGE};
    answered = (struct reply){0};
    ck_assert_int_eq(sem_init(&done, 0, 0), 0);
}

static void teardown(void)
{
    pool_stop(world.pool);
    directory_free(world.directory);
    sem_destroy(&done);
    arena_done(&arena);
}

static int run(struct reply (*handle)(struct call *), bool asked)
{
    route.handle = handle;
    ck_assert(jobs_submit(&request, asked));
    sem_wait(&done);
    return answered.status;
}

static struct reply is_on_a_worker(struct call *from)
{
    return reply_empty(from->db ? 204 : 500);
}

START_TEST(handlers_have_a_connection)
{
    ck_assert_int_eq(run(is_on_a_worker, false), 204);
    ck_assert_ptr_null(request.db);
    ck_assert_ptr_null(arena.landing);
}
END_TEST

static struct reply tells_its_work(struct call *from, void *work)
{
    const int *status = work;
    ck_assert(from->arena->landing != NULL);
    return reply_empty(from->db ? *status : 500);
}

/* What a handler has put off runs as handlers do. */
START_TEST(work_has_a_connection_and_a_landing)
{
    int status = 201;
    ck_assert(jobs_submit_work(&request, tells_its_work, &status));
    sem_wait(&done);
    ck_assert_int_eq(answered.status, 201);
    ck_assert_ptr_null(request.db);
    ck_assert_ptr_null(arena.landing);
}
END_TEST

/* What could not be decided is decided first; here, without a database, it cannot. */
START_TEST(access_is_asked_first)
{
    ck_assert_int_eq(run(is_on_a_worker, true), 503);
}
END_TEST

static struct reply takes_too_much(struct call *from)
{
    arena_strndup(from->arena, "", SIZE_MAX);
    return reply_empty(204);
}

START_TEST(a_handler_out_of_memory)
{
    ck_assert_int_eq(run(takes_too_much, false), 503);
    ck_assert_ptr_null(arena.landing);
    ck_assert_int_eq(run(is_on_a_worker, false), 204);
}
END_TEST

/* A sanitizer ends the process where memory does. */
#ifndef __SANITIZE_ADDRESS__

/* Nothing at all can be allocated any more, also not for a reply. */
static void take_all_memory(void)
{
    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    jmp_buf landing;
    jmp_buf *outer = arena.landing;
    if (setjmp(landing) == 0) {
        arena.landing = &landing;
        for (;;)
            arena_alloc(&arena, 16);
    }
    arena.landing = outer;
}

static struct reply takes_everything(struct call *from)
{
    take_all_memory();
    arena_alloc(from->arena, 16);
    return reply_empty(204);
}

START_TEST(not_even_for_a_reply)
{
    ck_assert_int_eq(run(takes_everything, false), 503);
    ck_assert_uint_gt(answered.body_len, 0);
    ck_assert_ptr_nonnull(strstr(answered.type, "problem+json"));
}
END_TEST

/* The call is refused, and the daemon lives. */
START_TEST(not_even_for_a_job)
{
    route.handle = is_on_a_worker;
    take_all_memory();
    ck_assert(!jobs_submit(&request, false));
    ck_assert_ptr_null(arena.landing);
}
END_TEST

#endif

START_TEST(full_queues)
{
    uint64_t before = metrics_read(METRIC_REJECTED);
    pool_stop(world.pool);
    world.pool = pool_start(&nowhere, 0, 2);
    route.handle = is_on_a_worker;
    ck_assert(jobs_submit(&request, false));
    ck_assert(jobs_submit(&request, false));
    ck_assert(!jobs_submit(&request, false));
    ck_assert_uint_eq(metrics_read(METRIC_REJECTED), before + 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        handlers_have_a_connection,
        work_has_a_connection_and_a_landing,
        access_is_asked_first,
        a_handler_out_of_memory,
#ifndef __SANITIZE_ADDRESS__
        not_even_for_a_reply,
        not_even_for_a_job,
#endif
        full_queues,
    };
    return suite_run_checked("jobs", setup, teardown, tests, COUNT_OF(tests));
}
