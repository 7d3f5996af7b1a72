#include "npsd/base/clock.h"
#include "npsd/base/flood.h"
#include "suite.h"
#include <stdio.h>

/* How many of so many lines at this instant are written; how many had been left out before them. */
static int written(const char *event, int lines, int64_t now_us, int64_t *ret_left_out)
{
    int count = 0;
    *ret_left_out = 0;
    for (int i = 0; i < lines; i++) {
        int64_t left_out = -1;
        count += flood_admit(event, now_us, &left_out);
        ck_assert_int_ge(left_out, 0);
        *ret_left_out += left_out;
    }
    return count;
}

START_TEST(a_second_has_so_many)
{
    int64_t left_out;
    ck_assert_int_eq(written("a", FLOOD_LINES, 0, &left_out), FLOOD_LINES);
    ck_assert_int_eq(written("a", 1000, CLOCK_SECOND_US - 1, &left_out), 0);
    ck_assert_int_eq(left_out, 0);
    ck_assert_int_eq(written("a", 1, CLOCK_SECOND_US, &left_out), 1);
    ck_assert_int_eq(left_out, 1000);
    ck_assert_int_eq(written("a", 1000, CLOCK_SECOND_US, &left_out), FLOOD_LINES - 1);
    ck_assert_int_eq(left_out, 0);
    ck_assert_int_eq(written("a", 1, 90 * CLOCK_SECOND_US, &left_out), 1);
    ck_assert_int_eq(left_out, 1000 - FLOOD_LINES + 1);
}
END_TEST

/* The second begins with an event's own first line. */
START_TEST(a_few_are_never_left_out)
{
    int64_t left_out;
    for (int64_t at_us = 0; at_us < 60 * CLOCK_SECOND_US; at_us += CLOCK_SECOND_US / FLOOD_LINES) {
        ck_assert_int_eq(written("b", 1, at_us, &left_out), 1);
        ck_assert_int_eq(left_out, 0);
    }
}
END_TEST

START_TEST(events_are_counted_apart)
{
    int64_t left_out;
    char same[] = "c";
    ck_assert_int_eq(written("c", FLOOD_LINES, 0, &left_out), FLOOD_LINES);
    ck_assert_int_eq(written("d", FLOOD_LINES, 0, &left_out), FLOOD_LINES);
    ck_assert_int_eq(written(same, 1, 0, &left_out), 0);
}
END_TEST

START_TEST(the_rest_is_told_when_its_second_is_over)
{
    const char *event = NULL;
    int64_t left_out = 0;
    ck_assert(!flood_rest(0, &event, &left_out));
    written("e", FLOOD_LINES + 7, 0, &left_out);
    written("f", FLOOD_LINES, 0, &left_out);
    ck_assert(!flood_rest(CLOCK_SECOND_US - 1, &event, &left_out));
    ck_assert(flood_rest(CLOCK_SECOND_US, &event, &left_out));
    ck_assert_str_eq(event, "e");
    ck_assert_int_eq(left_out, 7);
    ck_assert(!flood_rest(CLOCK_SECOND_US, &event, &left_out));
    ck_assert_int_eq(written("e", 1, CLOCK_SECOND_US, &left_out), 1);
    ck_assert_int_eq(left_out, 0); /* not twice */
}
END_TEST

START_TEST(more_events_than_there_is_room_for)
{
    static char names[1000][8];
    int64_t left_out;
    for (int i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof names[i], "e%d", i);
        ck_assert_int_eq(written(names[i], 1, 0, &left_out), 1);
    }
    ck_assert_int_eq(written("e0", FLOOD_LINES, 0, &left_out), FLOOD_LINES - 1);
    ck_assert_int_eq(written("e999", 100, 0, &left_out), 100);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_second_has_so_many, a_few_are_never_left_out, events_are_counted_apart,
        the_rest_is_told_when_its_second_is_over, more_events_than_there_is_room_for};
    return suite_run("flood", tests, COUNT_OF(tests));
}
