/* Folds: from journal to tallies; the guard. */
#include "support/unit_folds.h"

/* --- fold --- */

START_TEST(one_answer_is_counted_at_every_level)
{
    append(answer("2026-03-29T01:14:59.999999Z", 9));
    append(answer("2026-03-29T01:15:00Z", 0));
    ck_assert(is_pending());
    ck_assert(fold());
    ck_assert(!is_pending());
    ck_assert_int_eq(journal_rows(), 0);
    /* 2026-03-29 is day 20541; channel phone is 4. */
    ck_assert_int_eq(number_of("select count(*) from tally_quarter where survey_id = s()"), 4);
    ck_assert_int_eq(number_of("select n9 from tally_quarter where (survey_id, facet, value, slot)"
                               " = (s(), 0, 0, 20541 * 96 + 4) and n0 = 0"),
                     1);
    ck_assert_int_eq(number_of("select n0 from tally_quarter where (survey_id, facet, value, slot)"
                               " = (s(), 1, 4, 20541 * 96 + 5) and n9 = 0"),
                     1);
    ck_assert_int_eq(number_of("select n0 + n9 from tally_hour where"
                               " (survey_id, facet, value, slot) = (s(), 1, 4, 20541 * 24 + 1)"),
                     2);
    ck_assert_int_eq(number_of("select count(*) from tally_hour where survey_id = s()"), 2);
    /* The facet has six hours instead of both. */
    ck_assert_int_eq(number_of("select n0 + n9 from tally_six_hours where"
                               " (survey_id, facet, value, slot) = (s(), 3, 2, 20541 * 4)"),
                     2);
    ck_assert_int_eq(number_of("select count(*) from tally_six_hours where survey_id = s()"), 1);
    ck_assert_int_eq(number_of("select n0 + n9 from tally_day where"
                               " (survey_id, facet, value, slot) = (s(), 3, 2, 20541)"),
                     2);
    ck_assert_int_eq(number_of("select n0 + n9 from tally_month where"
                               " (survey_id, facet, value, slot) = (s(), 3, 2, 56 * 12 + 2)"),
                     2);
    ck_assert_int_eq(number_of("select count(*) from tally_month where survey_id = s()"), 3);
    ck_assert_int_eq(number_of("select n0 + n9 from tally_year where"
                               " (survey_id, facet, value, slot) = (s(), 3, 2, 56)"),
                     2);
    ck_assert_int_eq(number_of("select count(*) from tally_year where survey_id = s()"), 3);
}
END_TEST

START_TEST(instants_before_1970_round_down)
{
    append(answer("1969-12-31T23:59:59Z", 5));
    append(answer("1965-03-31T22:00:00Z", 5));
    fold();
    ck_assert_int_eq(number_of("select count(*) from tally_six_hours where survey_id = s()"
                               " and facet = 3 and slot in (-1, -1737 * 4 + 3) and n5 = 1"),
                     2);
    ck_assert_int_eq(number_of("select count(*) from tally_quarter where survey_id = s()"
                               " and facet = 0 and slot = -1 and n5 = 1"),
                     1);
    ck_assert_int_eq(number_of("select count(*) from tally_hour where survey_id = s()"
                               " and facet = 0 and slot = -1 and n5 = 1"),
                     1);
    ck_assert_int_eq(number_of("select count(*) from tally_day where survey_id = s()"
                               " and facet = 0 and slot = -1 and n5 = 1"),
                     1);
    ck_assert_int_eq(number_of("select count(*) from tally_month where survey_id = s()"
                               " and facet = 0 and slot in (-1, -58) and n5 = 1"),
                     2);
    ck_assert_int_eq(number_of("select count(*) from tally_year where survey_id = s()"
                               " and facet = 0 and slot in (-1, -5) and n5 = 1"),
                     2);
    ck_assert_int_eq(differing(-1) + differing(-58), 0);
    rebuild(-58);
    ck_assert_int_eq(differing(-58), 0);
}
END_TEST

START_TEST(many_answers_of_all_kinds_are_counted)
{
    append_random(600, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    ck_assert_int_eq(differing(MARCH_2026), 0); /* all in the journal */
    fold();
    ck_assert_int_eq(differing(MARCH_2026), 0); /* all in tallies */
    append_random(300, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    ck_assert_int_eq(differing(MARCH_2026), 0); /* some here, some there */
    fold();
    ck_assert_int_eq(differing(MARCH_2026), 0);
    ck_assert_int_eq(journal_rows(), 0);
    ck_assert_int_eq(number_of("select n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10"
                               " from tally_month where survey_id = s() and facet = 0"),
                     900);
    ck_assert_int_gt(number_of("select count(distinct (facet, value)) from tally_quarter"
                               " where survey_id = s() and facet > 10"),
                     8);
}
END_TEST

START_TEST(negative_weights_take_out)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    append(answer("2026-03-02T10:00:00Z", 4));
    fold();
    run("insert into journal (survey_id, slot, cuts, scores, weights)"
        " select survey_id, quarter_of(answered_at), array[0, 4294967300, 12884901890],"
        "  array_fill(score, array[3]), '{-1,-1,-1}'"
        " from response where survey_id = s() and score = 3;"
        "delete from response where survey_id = s() and score = 3");
    ck_assert_int_eq(differing(MARCH_2026), 0);
    fold();
    ck_assert_int_eq(differing(MARCH_2026), 0);
    ck_assert_int_eq(number_of("select count(*) from tally_day where survey_id = s()"
                               " and n3 = 0 and n4 = 1"),
                     3);
}
END_TEST

START_TEST(what_adds_up_to_nothing_makes_no_cell)
{
    run("insert into journal (survey_id, slot, cuts, scores, weights) values"
        " (s(), 100, '{0,4294967296}', '{3,3}', '{1,1}'), (s(), 100, '{0}', '{3}', '{-1}'),"
        " (s(), 100, '{4294967296,0}', '{3,5}', '{-1,0}'), (s(), 100, '{}', '{}', '{}')");
    ck_assert(fold());
    ck_assert_int_eq(journal_rows(), 0);
    ck_assert_int_eq(number_of("select count(*) from tally_day where survey_id = s()"), 0);
}
END_TEST

#define CHANGED "select changed::text::int8 from tally_state where survey_id = s()"

START_TEST(nothing_to_fold_changes_nothing)
{
    ck_assert(fold());
    ck_assert_int_eq(number_of(CHANGED), 0);
    append(answer("2026-03-02T10:00:00Z", 3));
    fold();
    int64_t changed = number_of(CHANGED);
    ck_assert_int_gt(changed, 0);
    ck_assert(fold());
    ck_assert_int_eq(number_of(CHANGED), changed);
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

/* Made by hand, without its row of tally_state: readers would miss its journal. */
START_TEST(a_survey_without_state_is_folded)
{
    run("delete from tally_state where survey_id = s()");
    append(answer("2026-03-02T10:00:00Z", 3));
    ck_assert_int_gt(differing(MARCH_2026), 0);
    ck_assert(is_pending());
    ck_assert(fold());
    ck_assert(!is_pending());
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(a_survey_that_is_not_there_gets_no_state)
{
    bool done = false;
    ck_assert_int_eq(folds_fold(unit_folds_pg(), 1000000, &done), DB_OK);
    ck_assert_int_eq(number_of("select count(*) from tally_state where survey_id = 1000000"), 0);
}
END_TEST

START_TEST(one_fold_at_a_time)
{
    struct pg *other = unit_database_connect(NULL);
    append(answer("2026-03-02T10:00:00Z", 3));
    ck_assert_int_eq(pg_command(other, "select pg_advisory_lock(7, s())"), DB_OK);
    ck_assert(!fold());
    ck_assert_int_eq(journal_rows(), 1);
    ck_assert_int_eq(pg_command(other, "select pg_advisory_unlock(7, s())"), DB_OK);
    ck_assert(fold());
    ck_assert_int_eq(journal_rows(), 0);
    pg_free(other);
}
END_TEST

START_TEST(an_uncommitted_answer_is_folded_later)
{
    struct pg *other = unit_database_connect(NULL);
    const char *late =
        "insert into journal (survey_id, slot, cuts, scores, weights) values (s(), 100, '{0}', '{3}', '{1}')";
    ck_assert_int_eq(pg_command(other, "begin"), DB_OK);
    ck_assert_int_eq(pg_command(other, late), DB_OK);
    append(answer("2026-03-02T10:00:00Z", 3));
    ck_assert(fold());
    ck_assert(!is_pending());
    ck_assert_int_eq(pg_command(other, "commit"), DB_OK);
    ck_assert(is_pending());
    fold();
    ck_assert_int_eq(
        number_of("select n3 from tally_quarter where (survey_id, facet, slot) = (s(), 0, 100)"),
        1);
    ck_assert_int_eq(journal_rows(), 0);
    pg_free(other);
}
END_TEST

START_TEST(a_long_journal_is_folded_in_pieces)
{
    for (int i = 0; i < 3; i++)
        run("insert into journal (survey_id, slot, cuts, scores, weights)"
            " select s(), n % 100, array_fill(4294967296, array[10]), array_fill(n % 11, array[10]),"
            "  array_fill(1, array[10]) from generate_series(1, 30000) n");
    for (int left = 60000; left >= 0; left -= 30000) {
        ck_assert(is_pending());
        ck_assert(fold());
        ck_assert_int_eq(journal_rows(), left);
    }
    ck_assert(!is_pending());
    ck_assert_int_eq(number_of("select sum(n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10)"
                               " from tally_hour where survey_id = s() and facet = 1"),
                     900000);
}
END_TEST

/* --- guard --- */

START_TEST(guard_mends_a_state_from_the_future)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    ck_assert_int_eq(folds_guard(unit_folds_pg()), DB_OK);
    run("update tally_state set low = '900000000000', changed = '900000000000'"
        " where survey_id = s()");
    ck_assert_int_gt(differing(MARCH_2026), 0); /* as readers read it */
    ck_assert_int_eq(folds_guard(unit_folds_pg()), DB_OK);
    ck_assert_int_eq(differing(MARCH_2026), 0);
    ck_assert_int_eq(number_of(CHANGED), 0);
}
END_TEST

START_TEST(guard_leaves_a_good_state_alone)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    fold();
    int64_t changed = number_of(CHANGED);
    ck_assert_int_eq(folds_guard(unit_folds_pg()), DB_OK);
    ck_assert_int_eq(number_of(CHANGED), changed);
    ck_assert_int_gt(number_of("select low::text::int8 from tally_state where survey_id = s()"), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folds");
    TCase *test_case = unit_folds_case("folds");
    tcase_set_timeout(test_case, 30);
    tcase_add_test(test_case, one_answer_is_counted_at_every_level);
    tcase_add_test(test_case, instants_before_1970_round_down);
    tcase_add_test(test_case, many_answers_of_all_kinds_are_counted);
    tcase_add_test(test_case, negative_weights_take_out);
    tcase_add_test(test_case, what_adds_up_to_nothing_makes_no_cell);
    tcase_add_test(test_case, nothing_to_fold_changes_nothing);
    tcase_add_test(test_case, a_survey_without_state_is_folded);
    tcase_add_test(test_case, a_survey_that_is_not_there_gets_no_state);
    tcase_add_test(test_case, one_fold_at_a_time);
    tcase_add_test(test_case, an_uncommitted_answer_is_folded_later);
    tcase_add_test(test_case, a_long_journal_is_folded_in_pieces);
    tcase_add_test(test_case, guard_mends_a_state_from_the_future);
    tcase_add_test(test_case, guard_leaves_a_good_state_alone);
    suite_add_tcase(suite, test_case);
    return unit_database_run(suite);
}
