/* Queries that are shared by whoever asks the same, and so are their faults. */
#include "recall_calls.h"

/* --- who shares --- */

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

/* Its snapshot may be older than what was acknowledged before the call. Those who ask meanwhile, or
 * before the next has begun, share the next; nor does that begin beside it. */
START_TEST(the_next_gathers_while_one_is_under_way)
{
    ask(&asked[0]);
    handler.arrives = &asked[1];
    asked[1].then = &asked[2];
    handler.moves = true;
    run();
    ask(&asked[3]);
    ck_assert_str_eq(asked[0].reply.body, "first");
    ck_assert_int_eq(queue.taken, 2);
    handler.body = "second";
    for (int i = 1; i < CALLS; i++)
        ck_assert(asked[i].waits);
    run();
    for (int i = 1; i < CALLS; i++)
        ck_assert_str_eq(asked[i].reply.body, "second");
    ck_assert_int_eq(handler.runs, 2);
}
END_TEST

/* A number that changes all the time is not read all the time. */
START_TEST(the_next_begins_later)
{
    ask(&asked[0]);
    ck_assert_int_eq(queue.not_before_us, 0);
    int64_t before_us = clock_monotonic_us();
    handler.arrives = &asked[1];
    handler.moves = true;
    run();
    ck_assert_int_ge(queue.not_before_us, before_us + 5000);
    ck_assert_int_le(queue.not_before_us, clock_monotonic_us() + 5000);
    run();
    ask(&asked[2]);
    ck_assert_int_eq(queue.not_before_us, 0);
}
END_TEST

START_TEST(what_still_holds_at_its_end_is_shared)
{
    ask(&asked[0]);
    handler.arrives = &asked[1];
    asked[1].then = &asked[2];
    run();
    for (int i = 1; i < 3; i++) {
        ck_assert_str_eq(asked[i].reply.body, "first");
        ck_assert_int_eq(asked[i].woken, 1);
    }
    ck_assert_int_eq(queue.taken, 1);
    ck_assert(remembered(&asked[3]));
}
END_TEST

/* Others may have answered, and this daemon does not know. */
START_TEST(what_may_not_hold_at_its_end_is_not_shared)
{
    current = false;
    ask(&asked[0]);
    handler.arrives = &asked[1];
    run();
    ck_assert(asked[1].waits);
    ck_assert_int_eq(queue.taken, 2);
    run();
    ck_assert_str_eq(asked[1].reply.body, "first");
    ck_assert_int_eq(handler.runs, 2);
}
END_TEST

/* Nothing is left of what it waited for (the leak sanitizer looks). */
START_TEST(who_leaves_gets_nothing)
{
    for (int i = 0; i < CALLS; i++)
        ask(&asked[i]);
    asked[1].left = asked[2].left = true;
    run();
    for (int i = 1; i < CALLS; i++) {
        ck_assert_int_eq(asked[i].woken, 1);
        forget(&asked[i]);
    }
    generation++; /* nor in the table */
    handler.body = "second";
    ck_assert_str_eq(again(&asked[1])->body, "second");
}
END_TEST

START_TEST(a_failure_is_for_those_who_came_meanwhile)
{
    handler.status = 503;
    handler.moves = true;
    ask(&asked[0]);
    handler.arrives = &asked[1];
    asked[1].then = &asked[2];
    run();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(asked[i].reply.status, 503);
    ck_assert_int_eq(queue.taken, 1);
    handler.status = 200;
    ck_assert_int_eq(again(&asked[3])->status, 200);
    ck_assert_int_eq(queue.taken, 2);
}
END_TEST

START_TEST(a_full_queue_refuses_those_who_came_meanwhile)
{
    ask(&asked[0]);
    handler.arrives = &asked[1];
    asked[1].then = &asked[2];
    handler.moves = handler.fills = true;
    run();
    ck_assert_int_eq(asked[0].reply.status, 200);
    for (int i = 1; i < 3; i++) {
        ck_assert_int_eq(asked[i].reply.status, 503);
        ck_assert_int_eq(asked[i].woken, 1);
    }
    queue.full = handler.fills = false;
    ck_assert_int_eq(again(&asked[3])->status, 200);
}
END_TEST

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

int main(void)
{
    const TTest *const tests[] = {who_asks_the_same_shares_a_query,
                                  each_gets_what_it_asked_for,
                                  the_next_gathers_while_one_is_under_way,
                                  the_next_begins_later,
                                  what_still_holds_at_its_end_is_shared,
                                  what_may_not_hold_at_its_end_is_not_shared,
                                  who_leaves_gets_nothing,
                                  a_failure_is_for_those_who_came_meanwhile,
                                  a_full_queue_refuses_those_who_came_meanwhile,
                                  other_questions_are_not_joined,
                                  faults_are_shared,
                                  other_refusals_are_not_shared,
                                  a_full_queue_refuses_all_who_wait,
                                  a_full_queue_refuses_whoever_goes_alone};
    return run_suite("recall", tests, COUNT_OF(tests));
}
