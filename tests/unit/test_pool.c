#include "npsd/base/clock.h"
#include "npsd/db/pool.h"
#include "support/unit_pg.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pg_options options;
static struct pool *pool;

static void setup(void)
{
    unit_pg_sql("DROP TABLE IF EXISTS item; CREATE TABLE item (id int4 PRIMARY KEY)");
    options = (struct pg_options){.url = unit_pg_url(), .allow_unsafe = true};
}

/* A job that waits for its gate, then writes a row and notes in which turn it ran. */
struct task {
    struct job job;
    int id;
    atomic_bool *gate; /* NULL: none */
    int turn;          /* 0: not yet run */
    bool without_pg;
    enum db_status status;
    char thread[16];
};

static atomic_int turns;

static void run_task(struct job *job, struct pg *pg)
{
    struct task *task = (struct task *)(void *)((char *)job - offsetof(struct task, job));
    while (task->gate && !atomic_load(task->gate))
        usleep(1000);
    pthread_getname_np(pthread_self(), task->thread, sizeof(task->thread));
    task->without_pg = !pg;
    char sql[64];
    snprintf(sql, sizeof(sql), "INSERT INTO item VALUES (%d)", task->id);
    if (pg)
        task->status = pg_command(pg, sql);
    task->turn = atomic_fetch_add(&turns, 1) + 1;
}

static struct task make_task(int id, atomic_bool *gate)
{
    return (struct task){.job.run = run_task, .id = id, .gate = gate, .status = DB_UNSAFE};
}

static bool healthy_within_ms(bool wanted, int ms)
{
    for (int i = 0; i < ms / 10 && pool_healthy(pool) != wanted; i++)
        usleep(10000);
    return pool_healthy(pool) == wanted;
}

START_TEST(test_runs_everything_in_order)
{
    enum { TASKS = 50 };
    struct task tasks[TASKS];
    pool = pool_start(&options, 1, TASKS);
    ck_assert_ptr_nonnull(pool);
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = make_task(i, NULL);
        ck_assert(pool_submit(pool, &tasks[i].job));
    }
    pool_stop(pool);
    for (int i = 0; i < TASKS; i++) {
        ck_assert_int_eq(tasks[i].turn, i + 1);
        ck_assert_int_eq(tasks[i].status, DB_OK);
        ck_assert_str_eq(tasks[i].thread, "npsd-db-0");
    }
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM item"), TASKS);
}
END_TEST

START_TEST(test_workers_work_side_by_side)
{
    atomic_bool gate = false;
    struct task blocked = make_task(1, &gate);
    struct task free_one = make_task(2, NULL);
    pool = pool_start(&options, 2, 10);
    ck_assert(pool_submit(pool, &blocked.job));
    ck_assert(pool_submit(pool, &free_one.job));
    for (int i = 0; i < 300 && atomic_load(&turns) == 0; i++)
        usleep(10000);
    ck_assert_int_eq(atomic_load(&turns), 1);
    atomic_store(&gate, true);
    pool_stop(pool);
    ck_assert_int_eq(free_one.turn, 1);
    ck_assert_int_eq(blocked.turn, 2);
}
END_TEST

START_TEST(test_queue_is_bounded)
{
    atomic_bool gate = false;
    struct task tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = make_task(i, &gate);
    pool = pool_start(&options, 1, 2);
    ck_assert(pool_submit(pool, &tasks[0].job));
    while (pool_waiting(pool) > 0)
        usleep(1000);
    ck_assert(pool_submit(pool, &tasks[1].job));
    ck_assert(pool_submit(pool, &tasks[2].job));
    ck_assert_uint_eq(pool_waiting(pool), 2);
    ck_assert(!pool_submit(pool, &tasks[3].job));
    ck_assert_uint_eq(pool_waiting(pool), 2);
    atomic_store(&gate, true);
    pool_stop(pool);
    ck_assert_int_eq(tasks[2].turn, 3);
    ck_assert_int_eq(tasks[3].turn, 0);
}
END_TEST

START_TEST(test_late_jobs_get_no_connection)
{
    atomic_bool gate = false;
    struct task first = make_task(1, &gate);
    struct task late = make_task(2, NULL);
    struct task in_time = make_task(3, NULL);
    late.job.deadline_us = clock_monotonic_us() + 20000;
    in_time.job.deadline_us = clock_monotonic_us() + 60 * CLOCK_SECOND_US;
    pool = pool_start(&options, 1, 10);
    ck_assert(pool_submit(pool, &first.job));
    ck_assert(pool_submit(pool, &late.job));
    ck_assert(pool_submit(pool, &in_time.job));
    usleep(50000);
    atomic_store(&gate, true);
    pool_stop(pool);
    ck_assert(!first.without_pg);
    ck_assert(late.without_pg);
    ck_assert(!in_time.without_pg);
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM item"), 2);
}
END_TEST

static void put_off(struct task *task, int ms)
{
    task->job.not_before_us = clock_monotonic_us() + ms * 1000;
    ck_assert(pool_submit(pool, &task->job));
}

static void wait_for_turn(int turn)
{
    for (int i = 0; i < 5000 && atomic_load(&turns) < turn; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(&turns), turn);
}

START_TEST(test_a_job_waits_for_its_time)
{
    struct task later = make_task(1, NULL), soon = make_task(2, NULL), now = make_task(3, NULL);
    pool = pool_start(&options, 1, 10);
    ck_assert(healthy_within_ms(true, 5000)); /* the worker has connected */
    put_off(&later, 900);
    put_off(&soon, 600);
    ck_assert(pool_submit(pool, &now.job));
    wait_for_turn(3);
    ck_assert_int_ge(clock_monotonic_us(), later.job.not_before_us);
    ck_assert_int_lt(clock_monotonic_us(), later.job.not_before_us + 2000000);
    pool_stop(pool);
    ck_assert_int_eq(now.turn, 1);
    ck_assert_int_eq(soon.turn, 2);
    ck_assert_int_eq(later.turn, 3);
}
END_TEST

/* The worker that was woken for it may have got something else to do. */
START_TEST(test_another_worker_keeps_the_time)
{
    atomic_bool gate = false;
    struct task later = make_task(1, NULL), short_one = make_task(2, NULL);
    struct task long_ones[] = {make_task(3, &gate), make_task(4, &gate)};
    pool = pool_start(&options, 3, 10);
    ck_assert(healthy_within_ms(true, 3000));
    usleep(50000);
    put_off(&later, 100);
    ck_assert(pool_submit(pool, &short_one.job));
    wait_for_turn(1);
    for (int i = 0; i < 2; i++)
        ck_assert(pool_submit(pool, &long_ones[i].job));
    wait_for_turn(2);
    ck_assert_int_eq(later.turn, 2);
    atomic_store(&gate, true);
    pool_stop(pool);
}
END_TEST

START_TEST(test_nothing_is_put_off_at_the_end)
{
    struct task first = make_task(1, NULL), later = make_task(2, NULL);
    pool = pool_start(&options, 2, 10);
    put_off(&first, 60000);
    put_off(&later, 600000);
    int64_t began_us = clock_monotonic_us();
    pool_stop(pool);
    ck_assert_int_lt(clock_monotonic_us(), began_us + 5 * CLOCK_SECOND_US);
    ck_assert_int_eq(first.turn + later.turn, 3);
}
END_TEST

START_TEST(test_health_without_a_job)
{
    pool = pool_start(&options, 2, 10);
    ck_assert(healthy_within_ms(true, 3000));
    unit_pg_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'npsd' AND datname = current_database()");
    usleep(1200000);
    ck_assert(healthy_within_ms(true, 3000));
    pool_stop(pool);
}
END_TEST

START_TEST(test_health_when_the_database_is_away)
{
    char nowhere[1024];
    snprintf(nowhere, sizeof(nowhere), "%s", unit_pg_url_with("host", "/nonexistent"));
    options.url = nowhere;
    pool = pool_start(&options, 1, 10);
    struct task task = make_task(1, NULL);
    ck_assert(pool_submit(pool, &task.job));
    usleep(1200000);
    ck_assert(!pool_healthy(pool));
    pool_stop(pool);
    ck_assert_int_eq(task.status, DB_AWAY);
}
END_TEST

static void *submit_many(void *context)
{
    struct task *tasks = context;
    for (int i = 0; i < 100; i++)
        while (!pool_submit(pool, &tasks[i].job))
            usleep(100);
    return NULL;
}

START_TEST(test_many_submitters)
{
    enum { THREADS = 4, EACH = 100 };
    static struct task tasks[THREADS * EACH];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS * EACH; i++)
        tasks[i] = make_task(i, NULL);
    pool = pool_start(&options, 3, 16);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, submit_many, &tasks[i * EACH]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pool_stop(pool);
    ck_assert_int_eq(atomic_load(&turns), THREADS * EACH);
    ck_assert_int_eq(unit_pg_number("SELECT count(*) FROM item"), THREADS * EACH);
}
END_TEST

START_TEST(test_stop_of_nothing)
{
    pool_stop(NULL);
    pool = pool_start(&options, 2, 10);
    pool_stop(pool);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_runs_everything_in_order,
        test_workers_work_side_by_side,
        test_queue_is_bounded,
        test_late_jobs_get_no_connection,
        test_a_job_waits_for_its_time,
        test_another_worker_keeps_the_time,
        test_nothing_is_put_off_at_the_end,
        test_health_without_a_job,
        test_health_when_the_database_is_away,
        test_many_submitters,
        test_stop_of_nothing,
    };
    Suite *suite = suite_create("pool");
    TCase *tcase = tcase_create("pool");
    tcase_set_timeout(tcase, 20);
    tcase_add_checked_fixture(tcase, setup, NULL);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_pg_run(suite);
}
