/* What has arrived lately: in order, each once, and nothing as if it were there when it is gone. */
#include "npsd/state/arrivals.h"

#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static struct arrivals *arrivals;

static void setup(void)
{
    arrivals = arrivals_new();
    ck_assert_ptr_nonnull(arrivals);
}

static void teardown(void)
{
    arrivals_free(arrivals);
}

/* Those of these numbers, in one call. */
static void add(uint64_t first, size_t count)
{
    struct arrival *added = calloc(count, sizeof *added);
    for (size_t i = 0; i < count; i++)
        added[i].xid = first + i;
    arrivals_add(arrivals, added, count);
    free(added);
}

/* Who visits: the numbers must follow each other. (Check's own words for each would take long.) */
struct seen {
    uint64_t next;
    size_t count, wrong;
};

static void see(void *context, const struct arrival *arrival)
{
    struct seen *seen = context;
    seen->wrong += arrival->xid != seen->next;
    seen->next++;
    seen->count++;
}

/* How many came since, of which the first must have this number. */
static size_t visit(uint64_t *position, uint64_t first)
{
    struct seen seen = {.next = first};
    ck_assert(arrivals_visit(arrivals, position, see, &seen));
    ck_assert_uint_eq(seen.wrong, 0);
    return seen.count;
}

START_TEST(at_first_there_is_nothing)
{
    uint64_t position = arrivals_count(arrivals);
    ck_assert_uint_eq(position, 0);
    ck_assert_uint_eq(visit(&position, 0), 0);
    arrivals_add(arrivals, NULL, 0);
    ck_assert_uint_eq(visit(&position, 0), 0);
    ck_assert_uint_eq(position, 0);
    arrivals_free(NULL);
}
END_TEST

START_TEST(they_come_in_their_order_and_once)
{
    uint64_t position = arrivals_count(arrivals);
    add(1, 3);
    add(4, 1);
    ck_assert_uint_eq(arrivals_count(arrivals), 4);
    ck_assert_uint_eq(visit(&position, 1), 4);
    ck_assert_uint_eq(position, 4);
    ck_assert_uint_eq(visit(&position, 0), 0);
    add(5, 2);
    ck_assert_uint_eq(visit(&position, 5), 2);
    ck_assert_uint_eq(position, 6);
}
END_TEST

/* Each goes on from where it stands. */
START_TEST(positions_do_not_know_of_each_other)
{
    uint64_t early = arrivals_count(arrivals);
    add(1, 2);
    uint64_t late = arrivals_count(arrivals);
    add(3, 2);
    ck_assert_uint_eq(visit(&late, 3), 2);
    ck_assert_uint_eq(visit(&early, 1), 4);
    ck_assert_uint_eq(early, late);
}
END_TEST

static void take(void *context, const struct arrival *arrival)
{
    *(struct arrival *)context = *arrival;
}

START_TEST(all_of_an_arrival_is_kept)
{
    const struct arrival added = {.xid = UINT64_MAX - 1,
                                  .answered_us = INT64_MIN + 1,
                                  .survey_id = INT32_MAX,
                                  .agent = -1,
                                  .facets = {1, 2, 3, 4, 5, 6, 7, -8},
                                  .channel = 8,
                                  .score = 10};
    struct arrival kept;
    uint64_t position = 0;
    arrivals_add(arrivals, &added, 1);
    ck_assert(arrivals_visit(arrivals, &position, take, &kept));
    ck_assert_uint_eq(kept.xid, added.xid);
    ck_assert_int_eq(kept.answered_us, added.answered_us);
    ck_assert_int_eq(kept.survey_id, added.survey_id);
    ck_assert_int_eq(kept.agent, added.agent);
    ck_assert_mem_eq(kept.facets, added.facets, sizeof added.facets);
    ck_assert_int_eq(kept.channel, added.channel);
    ck_assert_int_eq(kept.score, added.score);
}
END_TEST

/* Three rounds and a bit, in steps that do not divide a round. */
START_TEST(the_ring_goes_round)
{
    enum { STEP = 1000 };
    uint64_t position = 0, added = 0;
    while (added < 3 * (uint64_t)ARRIVALS_KEPT + 2 * STEP) {
        add(added, STEP);
        ck_assert_uint_eq(visit(&position, added), STEP);
        added += STEP;
        ck_assert_uint_eq(position, added);
    }
    ck_assert_uint_eq(arrivals_count(arrivals), added);
}
END_TEST

START_TEST(as_many_as_are_kept_may_be_waiting)
{
    add(0, 777);
    uint64_t position = arrivals_count(arrivals);
    add(777, ARRIVALS_KEPT);
    ck_assert_uint_eq(visit(&position, 777), ARRIVALS_KEPT);
    ck_assert_uint_eq(position, 777 + (uint64_t)ARRIVALS_KEPT);
}
END_TEST

static void must_not_see(void *context, const struct arrival *arrival)
{
    (void)context;
    ck_abort_msg("%d is shown", (int)arrival->xid);
}

START_TEST(who_comes_too_late_is_told_so_and_shown_nothing)
{
    add(0, 777);
    uint64_t late = arrivals_count(arrivals), in_time = late + 1;
    add(777, (size_t)ARRIVALS_KEPT + 1);
    for (int i = 0; i < 2; i++) {
        ck_assert(!arrivals_visit(arrivals, &late, must_not_see, NULL));
        ck_assert_uint_eq(late, 777);
    }
    ck_assert_uint_eq(visit(&in_time, 778), ARRIVALS_KEPT);
}
END_TEST

/* More in one call than there is room for: the last ones are there. */
START_TEST(more_at_once_than_are_kept)
{
    enum { MORE = 5 };
    uint64_t from_the_first = 0, of_the_kept = MORE;
    add(0, (size_t)ARRIVALS_KEPT + MORE);
    ck_assert_uint_eq(arrivals_count(arrivals), (uint64_t)ARRIVALS_KEPT + MORE);
    ck_assert(!arrivals_visit(arrivals, &from_the_first, must_not_see, NULL));
    ck_assert_uint_eq(visit(&of_the_kept, MORE), ARRIVALS_KEPT);
}
END_TEST

/* A place that there is not yet, of another life of the daemon, say. */
START_TEST(a_position_beyond_the_end_is_refused)
{
    uint64_t position = 3;
    add(0, 2);
    ck_assert(!arrivals_visit(arrivals, &position, must_not_see, NULL));
    ck_assert_uint_eq(position, 3);
}
END_TEST

/* --- threads --- */

/* All that wait fit into the ring, so a visitor that is slow loses nothing; what was there before
 * makes it go round. */
enum { ADDERS = 2, EACH = 30000, BEFORE = 50000, AT_ONCE_MAX = 7, ROUNDS = 20 };
_Static_assert(ADDERS *EACH <= ARRIVALS_KEPT, "nothing is lost");
_Static_assert(BEFORE + ADDERS * EACH > ARRIVALS_KEPT, "the ring goes round");

static pthread_barrier_t together;
static atomic_int adding;

static void *add_in_turn(void *closure)
{
    int32_t adder = (int32_t)(intptr_t)closure;
    uint64_t state = (uint64_t)adder, xid = 0;
    pthread_barrier_wait(&together);
    while (xid < EACH) {
        struct arrival added[AT_ONCE_MAX] = {{0}};
        size_t count = 0, wanted = (size_t)suite_between(&state, 1, AT_ONCE_MAX);
        while (count < wanted && xid < EACH)
            added[count++] = (struct arrival){.agent = adder, .xid = xid++};
        arrivals_add(arrivals, added, count);
    }
    atomic_fetch_sub(&adding, 1);
    return NULL;
}

static void see_of_adder(void *context, const struct arrival *arrival)
{
    struct seen *of = (struct seen *)context + arrival->agent;
    of->wrong += arrival->xid != of->next;
    of->next++;
    of->count++;
}

/* Visits all the while they add. */
static void visit_adders(uint64_t *position, struct seen *seen)
{
    pthread_t threads[ADDERS];
    atomic_store(&adding, ADDERS);
    for (intptr_t i = 0; i < ADDERS; i++)
        pthread_create(&threads[i], NULL, add_in_turn, (void *)i); /* NOLINT */
    pthread_barrier_wait(&together);
    for (bool last = false, done = false; !done; done = last) {
        last = atomic_load(&adding) == 0;
        ck_assert(arrivals_visit(arrivals, position, see_of_adder, seen));
    }
    for (int i = 0; i < ADDERS; i++)
        pthread_join(threads[i], NULL);
}

START_TEST(nothing_is_lost_and_nothing_comes_twice_while_others_add)
{
    add(0, BEFORE);
    uint64_t position = arrivals_count(arrivals);
    pthread_barrier_init(&together, NULL, ADDERS + 1);
    for (int round = 1; round <= ROUNDS; round++) {
        struct seen seen[ADDERS] = {{0}};
        visit_adders(&position, seen);
        for (int i = 0; i < ADDERS; i++) {
            ck_assert_uint_eq(seen[i].wrong, 0);
            ck_assert_uint_eq(seen[i].count, EACH);
        }
        ck_assert_uint_eq(position, BEFORE + (uint64_t)round * ADDERS * EACH);
        ck_assert_uint_eq(arrivals_count(arrivals), position);
    }
    pthread_barrier_destroy(&together);
}
END_TEST

enum { A_WHILE_US = 30000 };

static atomic_bool added;

static void *add_one(void *closure)
{
    (void)closure;
    add(2, 1);
    atomic_store(&added, true);
    return NULL;
}

static void wait_for_adder(void *context, const struct arrival *arrival)
{
    pthread_t *thread = context;
    ck_assert_uint_eq(arrival->xid, 1);
    pthread_create(thread, NULL, add_one, NULL);
    usleep(A_WHILE_US);
    ck_assert(!atomic_load(&added));
}

/* So nothing is overwritten that is just looked at. */
START_TEST(who_visits_keeps_others_from_adding)
{
    pthread_t thread;
    uint64_t position = arrivals_count(arrivals);
    add(1, 1);
    ck_assert(arrivals_visit(arrivals, &position, wait_for_adder, &thread));
    ck_assert_uint_eq(position, 1);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(visit(&position, 2), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {at_first_there_is_nothing,
                                  they_come_in_their_order_and_once,
                                  positions_do_not_know_of_each_other,
                                  all_of_an_arrival_is_kept,
                                  the_ring_goes_round,
                                  as_many_as_are_kept_may_be_waiting,
                                  who_comes_too_late_is_told_so_and_shown_nothing,
                                  more_at_once_than_are_kept,
                                  a_position_beyond_the_end_is_refused,
                                  nothing_is_lost_and_nothing_comes_twice_while_others_add,
                                  who_visits_keeps_others_from_adding};
    return suite_run_checked("arrivals", setup, teardown, tests, COUNT_OF(tests));
}
