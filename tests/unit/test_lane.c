/* The queue and the thread of a lane. What a batch does is in test_batch. */
#include "npsd/ingest/lane.h"

#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "suite.h"
#include "support/unit_ingest.h"
#include "support/unit_proxy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static struct pg_options database;
static struct values *values;
static atomic_int done_count;

static void setup(void)
{
    database = ingest_options(unit_pg_url());
    values = values_new();
    atomic_store(&done_count, 0);
}

static void teardown(void)
{
    values_free(values);
}

static struct lane *start(size_t queue_max, size_t batch_max)
{
    const struct lane_options options = {.name = "test-lane",
                                         .database = &database,
                                         .values = values,
                                         .queue_max = queue_max,
                                         .batch_max = batch_max};
    struct lane *lane = lane_start(&options);
    ck_assert_ptr_nonnull(lane);
    return lane;
}

static void count_done(struct lane_item *item)
{
    ck_assert_int_ne(item->outcome, LANE_PENDING);
    atomic_fetch_add(&done_count, 1);
}

static struct lane_item **counted_items(size_t count)
{
    struct lane_item **items = ingest_items(count);
    for (size_t i = 0; i < count; i++)
        items[i]->done = count_done;
    return items;
}

static bool submit(struct lane *lane, struct lane_item *const *items, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++)
        items[i]->next = items[i + 1];
    return lane_submit(lane, items[0], items[count - 1], count);
}

static void wait_done(int count)
{
    int64_t until = clock_monotonic_us() + 20 * CLOCK_SECOND_US;
    while (atomic_load(&done_count) < count && clock_monotonic_us() < until)
        usleep(200);
    ck_assert_int_eq(atomic_load(&done_count), count);
}

START_TEST(a_lone_answer_waits_for_nobody)
{
    struct lane *lane = start(10, 10);
    struct lane_item **items = counted_items(20);
    submit(lane, items, 1);
    wait_done(1); /* connected by now */
    int64_t began = clock_monotonic_us();
    for (int i = 1; i < 20; i++) {
        ck_assert(submit(lane, &items[i], 1));
        wait_done(i + 1);
    }
    ck_assert_int_lt(clock_monotonic_us() - began, 2 * CLOCK_SECOND_US);
    lane_stop(lane);
    ck_assert_uint_eq(ingest_count(items, 20, LANE_CREATED), 20);
    ingest_check(items, 20);
}
END_TEST

/* A transaction that nobody can write beside. */
static struct pg *block(void)
{
    struct pg *other = unit_database_connect(NULL);
    ck_assert_int_eq(pg_command(other, "begin"), DB_OK);
    ck_assert_int_eq(pg_command(other, "set local role none; lock table response in share mode"),
                     DB_OK);
    return other;
}

static void unblock(struct pg *other)
{
    ck_assert_int_eq(pg_command(other, "commit"), DB_OK);
    pg_free(other);
}

static void wait_until_taken(const struct lane *lane, size_t left)
{
    for (int i = 0; lane_waiting(lane) > left && i < 5000; i++)
        usleep(1000);
    ck_assert_uint_eq(lane_waiting(lane), left);
}

START_TEST(what_arrives_meanwhile_is_the_next_batch)
{
    struct lane *lane = start(100, 40);
    struct lane_item **items = counted_items(91);
    submit(lane, items, 1);
    wait_done(1);
    struct pg *other = block();
    submit(lane, &items[1], 1);
    wait_until_taken(lane, 0);
    struct metric_histogram_value before = metrics_histogram(METRIC_BATCH_SIZE);
    ck_assert(submit(lane, &items[2], 89));
    unblock(other);
    wait_done(91);
    lane_stop(lane);
    struct metric_histogram_value after = metrics_histogram(METRIC_BATCH_SIZE);
    ck_assert_uint_eq(after.count - before.count, 4); /* 1, 40, 40, 9 */
    ck_assert_uint_eq(after.buckets[6] - before.buckets[6], 2);
    ck_assert_uint_eq(ingest_count(items, 91, LANE_CREATED), 91);
    ingest_check(items, 91);
}
END_TEST

START_TEST(a_full_queue_takes_all_or_none)
{
    struct lane *lane = start(10, 4);
    struct lane_item **items = counted_items(20);
    ck_assert(!submit(lane, items, 11)); /* never fits */
    submit(lane, items, 1);
    wait_done(1);
    struct pg *other = block();
    submit(lane, &items[1], 1);
    wait_until_taken(lane, 0);
    uint64_t rejected = metrics_read(METRIC_REJECTED);
    ck_assert(submit(lane, &items[2], 7));
    ck_assert(!submit(lane, &items[9], 4));
    ck_assert_uint_eq(lane_room(lane), 3);
    ck_assert(submit(lane, &items[9], 3));
    ck_assert_uint_eq(lane_room(lane), 0);
    ck_assert_uint_eq(lane_waiting(lane), 10);
    ck_assert(!submit(lane, &items[12], 1));
    ck_assert(!submit(lane, &items[12], 8));
    ck_assert_uint_eq(metrics_read(METRIC_REJECTED) - rejected, 13);
    unblock(other);
    wait_done(12);
    ck_assert_uint_eq(lane_room(lane), 10);
    ck_assert(submit(lane, &items[12], 8));
    lane_stop(lane);
    ck_assert_int_eq(atomic_load(&done_count), 20);
    ck_assert_uint_eq(ingest_count(items, 20, LANE_CREATED), 20);
    ingest_check(items, 20);
}
END_TEST

START_TEST(stopping_commits_what_is_queued)
{
    struct lane *lane = start(1000, 64);
    struct lane_item **items = counted_items(700);
    ck_assert(submit(lane, items, 700));
    lane_stop(lane);
    ck_assert_int_eq(atomic_load(&done_count), 700);
    ck_assert_uint_eq(ingest_count(items, 700, LANE_CREATED), 700);
    ck_assert_int_eq(ingest_rows(), 700);
    ingest_check(items, 700);
}
END_TEST

START_TEST(stopping_an_idle_lane)
{
    for (int i = 0; i < 50; i++)
        lane_stop(start(1, 1));
    lane_stop(NULL);
}
END_TEST

/* On the lane's thread: sends the next one, as long as the lane takes it. */
static void send_next(struct lane_item *item)
{
    struct lane *lane = *(struct lane **)item->owner;
    struct lane_item *next = item + 1;
    if (next->done && lane_submit(lane, next, next, 1))
        atomic_fetch_add(&done_count, 1);
}

START_TEST(nothing_is_taken_while_it_stops)
{
    enum { COUNT = 2000 };
    struct lane_item *chain = arena_calloc(unit_folds_arena(), COUNT + 1, sizeof *chain);
    struct lane *lane = start(10, 10);
    for (int i = 0; i < COUNT; i++) {
        chain[i] = *ingest_item();
        chain[i].done = send_next;
        chain[i].owner = &lane;
    }
    ck_assert(lane_submit(lane, chain, chain, 1));
    while (atomic_load(&done_count) < 5)
        usleep(100);
    lane_stop(lane);
    int count = atomic_load(&done_count);
    ck_assert_int_lt(count, COUNT - 1);
    ck_assert_int_eq(ingest_rows(), count + 1);
    ck_assert(ingest_is_counted());
}
END_TEST

static void free_item(struct lane_item *item)
{
    free(item);
    atomic_fetch_add(&done_count, 1);
}

/* Under the address sanitizer a look at an item after its done() would show. */
START_TEST(done_may_free_the_item)
{
    enum { COUNT = 300 };
    struct lane_item **items = ingest_items(COUNT);
    struct lane *lane = start(COUNT, 50);
    for (size_t i = 0; i < COUNT; i++) {
        struct lane_item *item = malloc(sizeof *item);
        *item = *items[i % 200]; /* some are repeats */
        item->done = free_item;
        items[i] = item;
    }
    ck_assert(submit(lane, items, COUNT));
    lane_stop(lane);
    ck_assert_int_eq(atomic_load(&done_count), COUNT);
    ck_assert_int_eq(ingest_rows(), 200);
    ck_assert(ingest_is_counted());
}
END_TEST

enum { SENDERS = 4, EACH = 300, LANES = 2 };

struct sender {
    pthread_t thread;
    struct lane **lanes;
    struct lane_item **items;
    int number;
    int refused;
};

/* Chains of 1 to 7, to the lanes in turn, again when there is no room. */
static void *send_all(void *argument)
{
    struct sender *sender = argument;
    for (size_t sent = 0, size; sent < EACH; sent += size) {
        size = 1 + (sent + (size_t)sender->number) % 7;
        if (size > EACH - sent)
            size = EACH - sent;
        struct lane *lane = sender->lanes[(sent + (size_t)sender->number) % LANES];
        while (!submit(lane, sender->items + sent, size)) {
            sender->refused++;
            usleep(500);
        }
    }
    return NULL;
}

/* All senders share a few ids, and values that are new to everybody. */
static void mix(struct sender *senders)
{
    for (int s = 0; s < SENDERS; s++)
        for (int i = 0; i < EACH; i++) {
            struct lane_item *item = senders[s].items[i];
            if (s > 0 && i % 10 == 0)
                item->row = senders[0].items[i]->row;
            if (s > 0 && i % 20 == 0)
                item->row.hash[0] ^= (uint8_t)s;
            item->row.facets[0] = ANSWER_UNSET;
            item->facets[item->facet_count++] =
                (struct lane_facet){SURVEY_FACET_FIRST, i % 2 ? "left" : "right"};
        }
}

START_TEST(many_senders_and_lanes)
{
    static struct sender senders[SENDERS];
    struct lane *lanes[LANES];
    struct lane_item *all[SENDERS * EACH];
    for (int l = 0; l < LANES; l++)
        lanes[l] = start(50, 20);
    for (int s = 0; s < SENDERS; s++)
        senders[s] = (struct sender){.lanes = lanes, .number = s, .items = counted_items(EACH)};
    mix(senders);
    for (int s = 0; s < SENDERS; s++)
        ck_assert_int_eq(pthread_create(&senders[s].thread, NULL, send_all, &senders[s]), 0);
    for (int s = 0; s < SENDERS; s++)
        pthread_join(senders[s].thread, NULL);
    for (int l = 0; l < LANES; l++)
        lane_stop(lanes[l]);
    ck_assert_int_eq(atomic_load(&done_count), SENDERS * EACH);
    for (int i = 0; i < SENDERS * EACH; i++)
        all[i] = senders[i / EACH].items[i % EACH];
    ingest_check(all, SENDERS * EACH);
    size_t created = ingest_count(all, SENDERS * EACH, LANE_CREATED);
    ck_assert_uint_eq(created, SENDERS * EACH - (SENDERS - 1) * EACH / 10);
    ck_assert_int_eq(ingest_rows(), (int64_t)created);
    ck_assert_uint_eq(ingest_count(all, SENDERS * EACH, LANE_REPLAYED) +
                          ingest_count(all, SENDERS * EACH, LANE_REUSED),
                      (SENDERS - 1) * EACH / 10);
}
END_TEST

START_TEST(the_database_goes_and_comes_back)
{
    database.url = unit_proxy_start();
    struct lane *lane = start(100, 10);
    struct lane_item **items = counted_items(40);
    submit(lane, items, 10);
    wait_done(10);
    unit_proxy_cut(PROXY_REQUEST, 0, 700);
    submit(lane, &items[10], 10); /* sent, perhaps: waits for the outcome */
    wait_done(20);
    unit_proxy_away(600);
    unit_proxy_cut(PROXY_REQUEST, 0, 600);
    usleep(20000);
    int64_t began = clock_monotonic_us();
    do {
        atomic_store(&done_count, 20);
        items[20]->outcome = LANE_PENDING;
        ck_assert(submit(lane, &items[20], 1));
        wait_done(21);
    } while (items[20]->outcome == LANE_UNAVAILABLE);
    ck_assert_int_lt(clock_monotonic_us() - began, 2 * CLOCK_SECOND_US);
    lane_stop(lane);
    ck_assert_uint_eq(ingest_count(items, 21, LANE_CREATED), 21);
    ingest_check(items, 21);
    unit_proxy_stop();
}
END_TEST

START_TEST(the_database_is_away)
{
    database.url = unit_pg_url_with("host", "/nowhere");
    struct lane *lane = start(500, 10);
    struct lane_item **items = counted_items(500);
    int64_t began = clock_monotonic_us();
    ck_assert(submit(lane, items, 500));
    lane_stop(lane);
    ck_assert_int_lt(clock_monotonic_us() - began, CLOCK_SECOND_US);
    ck_assert_uint_eq(ingest_count(items, 500, LANE_UNAVAILABLE), 500);
    ingest_check(items, 500);
}
END_TEST

START_TEST(what_expires_in_the_queue)
{
    struct lane *lane = start(100, 10);
    struct lane_item **items = counted_items(12);
    submit(lane, items, 1);
    wait_done(1);
    struct pg *other = block();
    submit(lane, &items[1], 1);
    wait_until_taken(lane, 0);
    for (size_t i = 2; i < 12; i += 2)
        items[i]->deadline_us = clock_monotonic_us() + 100000;
    ck_assert(submit(lane, &items[2], 10));
    usleep(200000);
    unblock(other);
    lane_stop(lane);
    for (size_t i = 0; i < 12; i++)
        ck_assert_int_eq(items[i]->outcome, i >= 2 && i % 2 == 0 ? LANE_EXPIRED : LANE_CREATED);
    ck_assert_int_eq(ingest_rows(), 7);
    ingest_check(items, 12);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {a_lone_answer_waits_for_nobody,
                            what_arrives_meanwhile_is_the_next_batch,
                            a_full_queue_takes_all_or_none,
                            stopping_commits_what_is_queued,
                            stopping_an_idle_lane,
                            nothing_is_taken_while_it_stops,
                            done_may_free_the_item,
                            many_senders_and_lanes,
                            the_database_goes_and_comes_back,
                            the_database_is_away,
                            what_expires_in_the_queue};
    Suite *suite = suite_create("lane");
    TCase *tcase = unit_folds_case("lane");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
