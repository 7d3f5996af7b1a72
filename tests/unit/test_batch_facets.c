/* Facets of the items of a batch get their numbers, or not. */
#include "npsd/ingest/batch.h"

#include "npsd/base/clock.h"
#include "suite.h"
#include "support/unit_ingest.h"

#include <sys/wait.h>

static void expect(const struct lane_item *item, enum lane_outcome outcome)
{
    ck_assert_int_eq(item->outcome, outcome);
}

static void add_facet(struct lane_item *item, int facet, const char *value)
{
    item->facets[item->facet_count++] = (struct lane_facet){facet, value};
}

START_TEST(facets_get_their_numbers)
{
    struct lane_item **items = ingest_items(4);
    for (size_t i = 0; i < 4; i++)
        items[i]->row.facets[0] = items[i]->row.agent = ANSWER_UNSET;
    add_facet(items[0], SURVEY_FACET_FIRST, "b3");
    add_facet(items[1], SURVEY_FACET_FIRST, "new");
    add_facet(items[1], SURVEY_FACET_AGENT, "Olga");
    add_facet(items[2], SURVEY_FACET_FIRST, "new");
    ingest_commit(items, 4);
    ck_assert_uint_eq(ingest_count(items, 4, LANE_CREATED), 4);
    ck_assert_int_eq(items[0]->row.facets[0], 3);
    ck_assert_int_eq(items[1]->row.facets[0], 6);
    ck_assert_int_eq(items[1]->row.agent, 1);
    ck_assert_int_eq(items[2]->row.facets[0], 6);
    ck_assert_int_eq(items[3]->row.facets[0], ANSWER_UNSET);
    ck_assert_int_eq(number_of("select count(*) from response where survey_id = s() and f1 = 6"),
                     2);
    ingest_check(items, 4);
}
END_TEST

/* A value that PostgreSQL does not take is the fault of its item alone. */
START_TEST(a_refused_facet_value)
{
    struct lane_item **items = ingest_items(3);
    add_facet(items[0], SURVEY_FACET_FIRST, "\xff");
    add_facet(items[2], SURVEY_FACET_FIRST, "good");
    ingest_commit(items, 3);
    expect(items[0], LANE_REFUSED);
    expect(items[1], LANE_CREATED);
    expect(items[2], LANE_CREATED);
    ingest_check(items, 3);
}
END_TEST

/* Numbering the first takes as long as the second can wait. */
START_TEST(what_waited_too_long_for_another_is_not_sent)
{
    struct lane_item **items = ingest_items(3);
    struct pg *other = unit_database_connect(NULL);
    add_facet(items[1], SURVEY_FACET_FIRST, "another new one");
    items[0]->deadline_us = items[2]->deadline_us = clock_monotonic_us() + 150000;
    ck_assert_int_eq(pg_command(other, "begin"), DB_OK);
    ck_assert_int_eq(pg_command(other, "do 'begin perform pg_advisory_xact_lock(8, s()); end'"),
                     DB_OK);
    pid_t pid = ingest_end_later(other, "commit");
    ingest_commit(items, 3);
    waitpid(pid, NULL, 0);
    pg_free(other);
    expect(items[0], LANE_EXPIRED);
    expect(items[1], LANE_CREATED);
    expect(items[2], LANE_EXPIRED);
    ck_assert_int_eq(ingest_rows(), 1);
    ingest_check(items, 3);
}
END_TEST

/* A survey's values are locked for longer than anybody waits: that must not cost the batch its
 * time again for each item. */
START_TEST(numbering_that_fails_is_not_tried_for_each_item)
{
    static const char *const impatient[] = {"lock_timeout=50ms", NULL};
    struct lane_item **items = ingest_items(6);
    struct pg *other = unit_database_connect(NULL);
    ingest_settings(impatient);
    for (size_t i = 0; i < 5; i++)
        add_facet(items[i], SURVEY_FACET_FIRST, arena_printf(unit_folds_arena(), "v%zu", i));
    ck_assert_int_eq(pg_command(other, "do 'begin perform pg_advisory_lock(8, s()); end'"), DB_OK);
    int64_t began = clock_monotonic_us();
    ingest_commit(items, 6);
    ck_assert_int_lt(clock_monotonic_us() - began, 1500000);
    pg_free(other);
    ck_assert_uint_eq(ingest_count(items, 5, LANE_UNAVAILABLE), 5);
    expect(items[5], LANE_CREATED);
    ingest_check(items, 6);
}
END_TEST

/* Once the batch's first try has failed. */
static pid_t take_over_later(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        usleep(300000);
        unit_pg_sql("begin; update facet_value set value = 'west' where value = 'east';"
                    " drop trigger fail_over on response; commit");
        _exit(0);
    }
    return pid;
}

static struct lane_item *with_branch(const char *branch)
{
    struct lane_item *item = ingest_item();
    item->row.facets[0] = ANSWER_UNSET;
    add_facet(item, SURVEY_FACET_FIRST, branch);
    return item;
}

/* Another server took over, to which the last value had not come yet. */
START_TEST(another_server_numbers_values_anew)
{
    struct lane_item *before = with_branch("north");
    ingest_commit(&before, 1);
    expect(before, LANE_CREATED);
    unit_pg_sql("delete from facet_value where value = 'north'");
    ingest_drop();
    struct lane_item *after[] = {with_branch("south"), with_branch("north")};
    ingest_commit(after, 2);
    expect(after[0], LANE_CREATED);
    expect(after[1], LANE_CREATED);
    ck_assert_int_ne(after[0]->row.facets[0], after[1]->row.facets[0]);
    ck_assert_int_eq(after[0]->row.facets[0], before->row.facets[0]);
}
END_TEST

/* The same while a batch is on its way: its connection ends in the middle of it. */
START_TEST(another_server_in_the_middle_of_a_batch)
{
    struct lane_item *before = with_branch("east");
    ingest_commit(&before, 1);
    unit_pg_sql("create function fail_over() returns trigger language plpgsql security definer"
                " set search_path = public as"
                " $$begin perform pg_terminate_backend(pg_backend_pid()); return new; end$$;"
                " create trigger fail_over before insert on response for each row"
                " execute function fail_over()");
    struct lane_item *east = with_branch("east");
    pid_t pid = take_over_later();
    ingest_commit(&east, 1);
    waitpid(pid, NULL, 0);
    expect(east, LANE_CREATED);
    ck_assert_int_eq(number_of("select id from facet_value where value = 'east'"),
                     east->row.facets[0]);
    ck_assert_int_eq(number_of("select id from facet_value where value = 'west'"),
                     before->row.facets[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch_facets");
    TCase *tcase = unit_folds_case("batch_facets");
    tcase_add_checked_fixture(tcase, ingest_begin, ingest_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, facets_get_their_numbers);
    tcase_add_test(tcase, a_refused_facet_value);
    tcase_add_test(tcase, what_waited_too_long_for_another_is_not_sent);
    tcase_add_test(tcase, numbering_that_fails_is_not_tried_for_each_item);
    tcase_add_test(tcase, another_server_numbers_values_anew);
    tcase_add_test(tcase, another_server_in_the_middle_of_a_batch);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
