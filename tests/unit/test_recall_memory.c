/* Results that are remembered, and leases of them. */
#include "recall_calls.h"

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
        remembered_while_it_is_fresh, not_remembered_if_it_moved_meanwhile,
        windows_end_at_quarter_hours, overviews_are_of_one_key,
        results_are_of_all_keys,      strangers_have_a_memory_and_a_limit_of_their_own,
        a_lease_holds_as_memory_does, a_lease_is_of_what_was_found,
        a_lease_keeps_the_body};
    return run_suite("recall_memory", tests, COUNT_OF(tests));
}
