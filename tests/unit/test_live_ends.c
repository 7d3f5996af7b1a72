/* Numbers that go on with what arrives: when they have to be read again, and by whom. */
#include "live_calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* --- what ends it --- */

START_TEST(a_change_ends_it)
{
    keep();
    arrive(&promoter);
    freshness_move(freshness, OTHER_SURVEY);
    expect_promoters(1);
    freshness_move(freshness, SURVEY);
    ck_assert_str_eq(body(), "read");
    ck_assert_str_eq(body(), "read");
    keep();
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

/* Whether it stands in what was read is not known. */
START_TEST(a_change_while_it_is_read_ends_it)
{
    const struct live_start begun = start();
    freshness_move(freshness, SURVEY);
    keep_as(&asked, &begun);
    ck_assert_str_eq(body(), "read");
}
END_TEST

START_TEST(a_start_tells_what_was_so_far)
{
    arrive(&promoter);
    freshness_move(freshness, SURVEY);
    freshness_move(freshness, SURVEY);
    freshness_move(freshness, OTHER_SURVEY);
    int64_t before_us = clock_monotonic_us();
    const struct live_start begun = live_start(live, SURVEY);
    ck_assert_int_ge(begun.began_us, before_us);
    ck_assert_int_le(begun.began_us, clock_monotonic_us());
    ck_assert_uint_eq(begun.position, 1);
    ck_assert_uint_eq(begun.moves.changed, 2);
    ck_assert_uint_eq(begun.moves.polled, 0);
}
END_TEST

START_TEST(arrivals_that_are_gone_end_it)
{
    keep();
    for (int i = 0; i < ARRIVALS_KEPT; i++)
        arrivals_add(freshness_arrivals(freshness), &promoter, 1);
    expect_promoters(ARRIVALS_KEPT);
    for (int i = 0; i < ARRIVALS_KEPT; i++)
        arrivals_add(freshness_arrivals(freshness), &promoter, 1);
    expect_promoters(2 * ARRIVALS_KEPT);
    for (int i = 0; i <= ARRIVALS_KEPT; i++)
        arrivals_add(freshness_arrivals(freshness), &promoter, 1);
    ck_assert_str_eq(body(), "read");
    ck_assert_str_eq(body(), "read");
    keep();
    arrive(&promoter);
    expect_promoters(1);
}
END_TEST

/* --- its age --- */

/* Read so long ago. */
static int64_t keep_aged(int64_t age_us)
{
    static int times;
    ck_assert_int_lt(times++, 1000); /* whoever tries again does so in vain */
    struct live_start begun = live_start(live, SURVEY);
    begun.began_us -= age_us;
    keep_as(&asked, &begun);
    return begun.began_us;
}

/* What three who ask are told of a number of this age: "+" the number, "-" to read it. Again if the
 * machine was so slow that it got older than until_us meanwhile. */
static const char *told_at(int64_t age_us, int64_t until_us)
{
    static char told[4];
    int64_t began_us;
    do {
        began_us = keep_aged(age_us);
        for (int i = 0; i < 3; i++)
            told[i] = strcmp(body(), "read") == 0 ? '-' : '+';
    } while (clock_monotonic_us() - began_us >= until_us);
    return told;
}

enum { CLOSE_US = 20000 };

START_TEST(young_ones_go_on)
{
    ck_assert_str_eq(told_at(0, LIVE_RENEW_US), "+++");
    ck_assert_str_eq(told_at(LIVE_RENEW_US - CLOSE_US, LIVE_RENEW_US), "+++");
}
END_TEST

START_TEST(one_is_sent_to_read_it_again_while_others_go_on)
{
    ck_assert_str_eq(told_at(LIVE_RENEW_US, LIVE_HOLDS_US), "-++");
    ck_assert_str_eq(told_at(LIVE_HOLDS_US - CLOSE_US, LIVE_HOLDS_US), "-++");
}
END_TEST

START_TEST(it_ends_even_if_nobody_has_read_it_again)
{
    ck_assert_str_eq(told_at(LIVE_HOLDS_US, INT64_MAX), "---");
    ck_assert_str_eq(told_at(10 * LIVE_HOLDS_US, INT64_MAX), "---");
}
END_TEST

/* Who has been sent reads the rest; the others' number has all that arrives meanwhile. */
START_TEST(what_arrives_while_one_reads_it_again_is_added)
{
    int64_t began_us;
    const char *sent, *first, *second;
    do {
        began_us = keep_aged(LIVE_RENEW_US);
        arrive(&promoter);
        sent = body();
        first = body();
        arrive(&promoter);
        second = body();
    } while (clock_monotonic_us() - began_us >= LIVE_HOLDS_US);
    ck_assert_str_eq(sent, "read");
    expected.counts[0].score[9]++;
    ck_assert_str_eq(first, expected_body());
    expected.counts[0].score[9]++;
    ck_assert_str_eq(second, expected_body());
}
END_TEST

START_TEST(what_is_read_again_is_young)
{
    keep_aged(10 * LIVE_HOLDS_US);
    ck_assert_str_eq(body(), "read");
    number.counts[0].score[0] += 10;
    keep();
    arrive(&promoter);
    expect_promoters(1);
}
END_TEST

/* --- places --- */

static struct question question_at(const char *text, uint64_t hash)
{
    return (struct question){text, strlen(text), hash};
}

START_TEST(another_question_is_not_answered)
{
    static const char *const others[] = {"", "aske", "askeD", "asked."};
    keep();
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        const struct question other = question_at(others[i], asked.hash);
        ck_assert_str_eq(body_of(&other), "read");
    }
    const struct question neighbour = question_at("asked", asked.hash + LIVE_PLACES);
    ck_assert_str_eq(body_of(&neighbour), "read");
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

START_TEST(the_later_of_two_at_one_place_stays)
{
    const struct question other = question_at("other", asked.hash + LIVE_PLACES);
    keep();
    const struct live_start begun = start();
    number.counts[0].score[0] = 1000;
    keep_as(&other, &begun);
    ck_assert_str_eq(body_of(&asked), "read");
    ck_assert_str_eq(body_of(&other), expected_body());
    keep();
    ck_assert_str_eq(body_of(&other), "read");
    ck_assert_str_eq(body_of(&asked), expected_body());
}
END_TEST

/* Each goes on by itself. */
START_TEST(many_questions_have_places)
{
    char name[LIVE_PLACES][8];
    for (int i = 0; i < LIVE_PLACES; i++) {
        snprintf(name[i], sizeof name[i], "q%d", i);
        const struct question question = question_at(name[i], (uint64_t)i * 1025);
        const struct live_start begun = start();
        number.counts[0].score[0] = i;
        keep_as(&question, &begun);
    }
    arrive(&promoter);
    for (int i = 0; i < LIVE_PLACES; i++) {
        const struct question question = question_at(name[i], (uint64_t)i * 1025);
        expected.counts[0].score[0] = i;
        expected.counts[0].score[9] = number.counts[0].score[9] + 1;
        ck_assert_str_eq(body_of(&question), expected_body());
    }
}
END_TEST

START_TEST(the_question_is_a_copy)
{
    char text[] = "asked";
    const struct question question = question_at(text, asked.hash);
    const struct live_start begun = start();
    keep_as(&question, &begun);
    memset(text, 'x', sizeof text - 1);
    ck_assert_str_eq(body_of(&question), "read");
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

/* --- threads --- */

enum { ASKERS = 3, ROUNDS = 3000, PAIRS = 50 };

static atomic_int asking;

/* Who asks, in a thread of its own. */
struct asker {
    struct arena arena;
    struct call call;
    int sent; /* to read it */
    struct kept_reply *kept;
};

static void *ask_once(void *closure)
{
    struct asker *asker = closure;
    struct live_memory memory = {.table = NULL};
    struct kept_reply *kept = live_reply(live, &asker->call, &asked, &memory);
    asker->sent = !kept;
    if (kept)
        kept_release(kept);
    return NULL;
}

static long member(const struct reply *reply, const char *name)
{
    return strtol(strstr(reply->body, name) + strlen(name), NULL, 10);
}

/* What came together is told together, and nothing is taken back. */
static void *ask_again_and_again(void *closure)
{
    struct asker *asker = closure;
    long before = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct live_memory memory = {.table = NULL};
        struct kept_reply *kept = live_reply(live, &asker->call, &asked, &memory);
        ck_assert_ptr_nonnull(kept);
        const struct reply reply = kept_answer(&asker->call, kept);
        long promoters = member(&reply, "\"promoters\":"), critics = member(&reply, "\"critics\":");
        if (promoters != critics || promoters < before)
            ck_abort_msg("%ld and %ld after %ld", promoters, critics, before);
        before = promoters;
        arena_reset(&asker->arena);
    }
    atomic_fetch_sub(&asking, 1);
    return NULL;
}

static void start_askers(pthread_t *threads, struct asker *askers, void *(*run)(void *closure))
{
    for (int i = 0; i < ASKERS; i++) {
        arena_init(&askers[i].arena, 1024);
        askers[i].call = call;
        askers[i].call.arena = &askers[i].arena;
        pthread_create(&threads[i], NULL, run, &askers[i]);
    }
}

/* How many of them were sent to read it. */
static int join_askers(const pthread_t *threads, struct asker *askers)
{
    int sent = 0;
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
        sent += askers[i].sent;
        arena_done(&askers[i].arena);
    }
    return sent;
}

START_TEST(of_many_who_ask_at_once_one_reads_it)
{
    for (int round = 0; round < 20; round++) {
        pthread_t threads[ASKERS];
        struct asker askers[ASKERS] = {{.sent = 0}};
        int64_t began_us = keep_aged(LIVE_RENEW_US);
        start_askers(threads, askers, ask_once);
        int sent = join_askers(threads, askers);
        if (clock_monotonic_us() - began_us < LIVE_HOLDS_US)
            ck_assert_int_eq(sent, 1);
    }
}
END_TEST

START_TEST(nothing_is_lost_while_many_ask)
{
    pthread_t threads[ASKERS];
    struct asker askers[ASKERS] = {{.sent = 0}};
    struct arrival pairs[2 * PAIRS];
    int64_t added = 0;
    for (int i = 0; i < 2 * PAIRS; i++) {
        pairs[i] = promoter;
        pairs[i].score = i < PAIRS ? 0 : 10;
    }
    number.counts[0] = (struct nps_counts){{0}};
    keep();
    atomic_store(&asking, ASKERS);
    start_askers(threads, askers, ask_again_and_again);
    for (; atomic_load(&asking) > 0; added += PAIRS) {
        arrivals_add(freshness_arrivals(freshness), pairs, COUNT_OF(pairs));
        ck_assert_str_ne(body(), "read"); /* so it never falls behind by the whole ring */
        arena_reset(&arena);
    }
    join_askers(threads, askers);
    expected.counts[0].score[0] = expected.counts[0].score[10] = added;
    ck_assert_str_eq(body(), expected_body());
}
END_TEST

enum { A_WHILE_US = 30000 };

/* Two who come while arrivals are kept from it: one asks, the other puts something else there. */
struct rivals {
    struct asker asker;
    struct question other;
    struct live_start begun;
    struct live_number of_other;
    pthread_t threads[2];
};

static void *keep_other(void *closure)
{
    struct rivals *rivals = closure;
    live_keep(live, &rivals->other, &rivals->begun, &rivals->of_other);
    return NULL;
}

static void *ask_and_hold(void *closure)
{
    struct asker *asker = closure;
    struct live_memory memory = {.table = NULL};
    asker->kept = live_reply(live, &asker->call, &asked, &memory);
    return NULL;
}

static void let_them_come(void *context, const struct arrival *arrival)
{
    struct rivals *rivals = context;
    (void)arrival;
    pthread_create(&rivals->threads[0], NULL, ask_and_hold, &rivals->asker);
    usleep(A_WHILE_US);
    pthread_create(&rivals->threads[1], NULL, keep_other, rivals);
    usleep(A_WHILE_US);
}

/* Whoever has found it gets its number, not that of another question. */
START_TEST(nobody_gets_what_is_put_in_its_place_meanwhile)
{
    struct rivals rivals = {.other = question_at("other", asked.hash + LIVE_PLACES)};
    uint64_t position = 0;
    arena_init(&rivals.asker.arena, 1024);
    rivals.asker.call = call;
    rivals.asker.call.arena = &rivals.asker.arena;
    keep();
    arrive(&promoter);
    expected.counts[0].score[9]++;
    rivals.begun = start();
    rivals.of_other = number;
    rivals.of_other.counts[0].score[0] = 1000;
    ck_assert(arrivals_visit(freshness_arrivals(freshness), &position, let_them_come, &rivals));
    for (int i = 0; i < 2; i++)
        pthread_join(rivals.threads[i], NULL);
    if (rivals.asker.kept) /* else it came too late: it has to be read */
        ck_assert_str_eq(kept_answer(&rivals.asker.call, rivals.asker.kept).body, expected_body());
    ck_assert_str_eq(body(), "read");
    arena_done(&rivals.asker.arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_change_ends_it,
                                  a_change_while_it_is_read_ends_it,
                                  a_start_tells_what_was_so_far,
                                  arrivals_that_are_gone_end_it,
                                  young_ones_go_on,
                                  one_is_sent_to_read_it_again_while_others_go_on,
                                  it_ends_even_if_nobody_has_read_it_again,
                                  what_arrives_while_one_reads_it_again_is_added,
                                  what_is_read_again_is_young,
                                  another_question_is_not_answered,
                                  the_later_of_two_at_one_place_stays,
                                  many_questions_have_places,
                                  the_question_is_a_copy,
                                  of_many_who_ask_at_once_one_reads_it,
                                  nothing_is_lost_while_many_ask,
                                  nobody_gets_what_is_put_in_its_place_meanwhile};
    return run_suite("live_ends", tests, COUNT_OF(tests));
}
