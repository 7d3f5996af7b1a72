/* Numbers that go on with what arrives: who gets them without a query, and what is kept of them. */
#include "recall_calls.h"

static const struct live_number number = {.survey_id = 1};

static void read_first(void)
{
    handler.number = &number;
    ck_assert_int_eq(again(&asked[0])->status, 200);
    ck_assert_int_eq(going.keeps, 1);
    handler.body = "read again";
}

START_TEST(what_has_arrived_costs_no_query)
{
    uint64_t moved_on = metrics_read(METRIC_MOVED_ON);
    read_first();
    going.body = "gone on";
    going.lasts = true;
    generation++;
    ck_assert_str_eq(again(&asked[1])->body, "gone on");
    ck_assert_int_eq(handler.runs, 1);
    ck_assert_uint_eq(metrics_read(METRIC_MOVED_ON), moved_on + 1);
}
END_TEST

START_TEST(what_lasts_is_remembered)
{
    read_first();
    going.body = "gone on";
    going.lasts = true;
    generation++;
    again(&asked[1]);
    int looks = going.looks;
    ck_assert_str_eq(again(&asked[2])->body, "gone on");
    ck_assert_int_eq(going.looks, looks);
    generation++;
    again(&asked[2]);
    ck_assert_int_eq(going.looks, looks + 1);
}
END_TEST

START_TEST(what_is_good_for_a_moment_is_not)
{
    read_first();
    going.body = "gone on";
    generation++;
    uint64_t recalled = metrics_read(METRIC_RECALLED);
    again(&asked[1]);
    ck_assert_ptr_null(asked[1].reply.lease);
    ck_assert_uint_eq(metrics_read(METRIC_RECALLED), recalled + 1);
    int looks = going.looks;
    going.body = "further";
    ck_assert_str_eq(again(&asked[2])->body, "further");
    ck_assert_int_eq(going.looks, looks + 1);
}
END_TEST

START_TEST(what_cannot_go_on_is_read)
{
    read_first();
    generation++;
    ck_assert_str_eq(again(&asked[1])->body, "read again");
    ck_assert_int_eq(going.keeps, 2);
    handler.number = NULL;
    generation++;
    again(&asked[1]);
    ck_assert_int_eq(going.keeps, 2);
}
END_TEST

/* Its generation is many. */
START_TEST(numbers_of_many_surveys_do_not_go_on)
{
    asked[0].who.survey = NULL;
    going.body = "gone on";
    ck_assert_str_eq(again(&asked[0])->body, "first");
    ck_assert_int_eq(going.looks, 0);
}
END_TEST

/* asked[1] and [2] ask while the number is read, and an answer comes. */
static void ask_meanwhile(void)
{
    ask(&asked[0]);
    handler.number = &number;
    handler.arrives = &asked[1];
    asked[1].then = &asked[2];
    handler.moves = true;
    handler.goes_on = "gone on";
}

START_TEST(who_asks_while_it_is_read_gets_what_has_arrived)
{
    ask_meanwhile();
    run();
    for (int i = 1; i < 3; i++) {
        ck_assert_str_eq(asked[i].reply.body, "gone on");
        ck_assert_int_eq(asked[i].woken, 1);
    }
    ck_assert_int_eq(queue.taken, 1);
    ck_assert_int_eq(handler.runs, 1);
}
END_TEST

/* What is looked up for others may lack what was acknowledged before the call. */
START_TEST(who_asks_while_that_is_looked_up_is_looked_up_for_anew)
{
    ask_meanwhile();
    going.arrives = &asked[3];
    going.moves = true;
    going.during = going.looks + 3; /* that for asked[1] and [2], after those of their own */
    going.blind = going.during + 1; /* of asked[3] */
    run();
    ck_assert_int_eq(asked[3].woken, 1);
    ck_assert_int_eq(going.looks, going.blind + 1);
    ck_assert_str_eq(asked[3].reply.body, "gone on");
    ck_assert_int_eq(queue.taken, 1);
}
END_TEST

START_TEST(who_asks_while_nothing_is_found_gathers)
{
    ask_meanwhile();
    handler.goes_on = NULL;
    going.arrives = &asked[3];
    going.during = going.looks + 3;
    run();
    ck_assert_int_eq(queue.taken, 2);
    ck_assert(asked[3].waits);
    run();
    if (asked[3].waits)
        run();
    for (int i = 1; i < CALLS; i++)
        ck_assert_int_eq(asked[i].reply.status, 200);
}
END_TEST

/* As above, but no worker is free for the flight that has to be: nobody is left behind. */
START_TEST(who_gathers_behind_what_nobody_takes_is_told)
{
    ask_meanwhile();
    handler.goes_on = NULL;
    handler.fills = true;
    going.arrives = &asked[3];
    going.during = going.looks + 3;
    run();
    ck_assert_int_eq(asked[3].reply.status, 503);
    for (int i = 1; i < CALLS; i++)
        ck_assert_msg(asked[i].woken == 1, "call %d was woken %d times", i, asked[i].woken);
}
END_TEST

/* It has not begun: its pause is not over. */
START_TEST(who_asks_before_the_next_begins_shares_it)
{
    ask_meanwhile();
    handler.goes_on = NULL;
    run();
    ck_assert(asked[1].waits);
    ask(&asked[3]);
    run();
    for (int i = 1; i < CALLS; i++)
        ck_assert_int_eq(asked[i].reply.status, 200);
    ck_assert_int_eq(queue.taken, 2);
    ck_assert_int_eq(handler.runs, 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_has_arrived_costs_no_query,
                                  what_lasts_is_remembered,
                                  what_is_good_for_a_moment_is_not,
                                  what_cannot_go_on_is_read,
                                  numbers_of_many_surveys_do_not_go_on,
                                  who_asks_while_it_is_read_gets_what_has_arrived,
                                  who_asks_while_that_is_looked_up_is_looked_up_for_anew,
                                  who_asks_while_nothing_is_found_gathers,
                                  who_gathers_behind_what_nobody_takes_is_told,
                                  who_asks_before_the_next_begins_shares_it};
    return run_suite("recall_going_on", tests, COUNT_OF(tests));
}
