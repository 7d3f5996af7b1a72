/* The recount that proves the tallies, and writing them anew. */
#include "npsd/db/migrate.h"
#include "support/unit_folds.h"

static void say_nothing(void *context, const char *line)
{
    (void)context;
    (void)line;
}

/* 2026-03-16T10:00Z is quarter hour 1970728. */
static const char *const spoils[] = {
    "update tally_quarter set n4 = n4 + 1 where (survey_id, facet, slot) = (s(), 0, 1970728)",
    "update tally_hour set n4 = 0 where (survey_id, facet, slot) = (s(), 0, 1970728 / 4)",
    "update tally_six_hours set n4 = n4 + 1 where (survey_id, facet, slot) = (s(), 3, 82113)",
    "delete from tally_six_hours where (survey_id, facet, slot) = (s(), 3, 1970728 / 24)",
    "insert into tally_six_hours values (s(), 9, 77, 82113, 0,0,0,0,0,0,0,0,0,0,5)",
    "delete from tally_day where (survey_id, facet, slot) = (s(), 3, 1970728 / 96)",
    "insert into tally_month values (s(), 9, 77, 674, 0,0,0,0,0,0,0,0,0,0,5)",
    "update tally_year set n4 = n4 - 1 where (survey_id, facet, slot) = (s(), 0, 56)",
    "delete from tally_year where (survey_id, facet, slot) = (s(), 3, 56)",
    "insert into tally_year values (s(), 9, 77, 56, 0,0,0,0,0,0,0,0,0,0,5)",
    "insert into tally_quarter values (s(), 3, 2, 1970728, 0,0,0,0,1,0,0,0,0,0,0)",
    "delete from journal where ctid = (select max(ctid) from journal where survey_id = s())",
    "update journal set weights = array_fill(2, array[cardinality(weights)]) where survey_id = s()",
    "update response set score = 5 where survey_id = s() and score = 4",
    "update response set excluded = true where survey_id = s() and score = 4",
    "update response set f2 = 3, properties = null where survey_id = s() and score = 4",
    "update response set answers = '{\"ease\": 4}' where survey_id = s() and score = 4",
};

START_TEST(what_is_spoiled_is_found_and_repaired)
{
    append(answer("2026-04-17T02:00:00Z", 4));
    append(answer("2026-03-16T10:00:00Z", 4));
    fold();
    append(answer("2026-03-16T10:01:00Z", 6));
    ck_assert_int_eq(differing(MARCH_2026), 0);
    run(spoils[_i]);
    ck_assert_int_gt(differing(MARCH_2026) + differing(MARCH_2026 + 1), 0);
    rebuild(MARCH_2026);
    ck_assert_int_eq(differing(MARCH_2026), 0);
    rebuild(MARCH_2026 + 1);
    ck_assert_int_eq(differing(MARCH_2026 + 1), 0);
    fold();
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(other_months_stay_as_they_are)
{
    append(answer("2026-04-01T00:00:00Z", 4));
    append(answer("2026-02-28T23:59:59.999999Z", 4));
    append_random(50, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    fold();
    append(answer("2026-04-01T00:00:00Z", 4));
    rebuild(MARCH_2026);
    ck_assert_int_eq(journal_rows(), 1);
    for (int32_t month = MARCH_2026 - 1; month <= MARCH_2026 + 1; month++)
        ck_assert_int_eq(differing(month), 0);
}
END_TEST

START_TEST(rebuild_takes_the_journal_of_its_month)
{
    append_random(50, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    rebuild(MARCH_2026);
    ck_assert_int_eq(journal_rows(), 0);
    ck_assert_int_eq(differing(MARCH_2026), 0);
    rebuild(MARCH_2026);
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(rebuild_makes_a_missing_state)
{
    run("delete from tally_state where survey_id = s()");
    append(answer("2026-03-02T10:00:00Z", 3));
    rebuild(MARCH_2026);
    append(answer("2026-03-02T10:00:00Z", 3));
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

/* A rebuild waits for the lock, and is killed there: what it had done before stays right. */
START_TEST(a_rebuild_broken_off_leaves_numbers_right)
{
    struct pg *other = unit_database_connect(NULL);
    append_random(50, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    fold();
    run("update response set f1 = null where survey_id = s();"
        "delete from tally_six_hours where survey_id = s() and facet = 3;"
        "delete from tally_day where survey_id = s() and facet = 3;"
        "delete from tally_month where survey_id = s() and facet = 3;"
        "delete from tally_year where survey_id = s() and facet = 3");
    ck_assert_int_eq(pg_command(other, "select pg_advisory_lock(7, s())"), DB_OK);
    ck_assert_int_eq(pg_command(unit_folds_pg(), "set lock_timeout = 1"), DB_OK);
    ck_assert_int_eq(folds_rebuild_month(unit_folds_pg(), unit_folds_survey(), MARCH_2026),
                     DB_RETRY);
    ck_assert_int_eq(unnumbered(MARCH_2026), 0); /* that was done before */
    ck_assert_int_gt(journal_rows(), 0);
    ck_assert_int_eq(differing(MARCH_2026), 0);
    pg_free(other); /* and with it the lock */
    fold();
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(months_are_those_with_anything)
{
    static const int32_t expected[] = {-1,  0,  MARCH_2026 - 12, MARCH_2026, 700, 701, 702, 703,
                                       704, 706};
    int32_t *months = NULL;
    size_t count = 0;
    ck_assert_int_eq(
        folds_months(unit_folds_pg(), unit_folds_arena(), unit_folds_survey(), &months, &count),
        DB_OK);
    ck_assert_uint_eq(count, 0);
    append(answer("1969-12-31T23:59:59Z", 5));
    append(answer("2025-03-01T00:00:00Z", 5));
    append(answer("2025-03-31T23:59:59.999999Z", 5));
    append(answer("2026-03-31T23:59:59Z", 5));
    run("update response set erased = true, answered_at = '1990-01-01' where survey_id = s()"
        " and answered_at > '2026-01-01'");
    /* Month 700 is 2028-05, which begins with day 21305. */
    run("delete from journal where survey_id = s() and slot > 0;"
        "insert into journal (survey_id, slot, cuts, scores, weights)"
        " values (s(), 0, '{0}', '{1}', '{1}'), (s(), 1972000, '{0}', '{1}', '{1}')");
    run("insert into tally_quarter values (s(), 0, 0, 21305 * 96, 0,0,0,0,0,0,0,0,0,0,5);"
        "insert into tally_hour values (s(), 0, 0, 21336 * 24, 0,0,0,0,0,0,0,0,0,0,5);"
        "insert into tally_day values (s(), 0, 0, 21366, 0,0,0,0,0,0,0,0,0,0,5);"
        "insert into tally_month values (s(), 0, 0, 703, 0,0,0,0,0,0,0,0,0,0,5);"
        /* Month 704 is 2028-09, which begins with day 21428; 706 ends with day 21518. */
        "insert into tally_six_hours values (s(), 2, 1, 21428 * 4, 0,0,0,0,0,0,0,0,0,0,5),"
        " (s(), 2, 5, 21428 * 4, 0,0,0,0,0,0,0,0,0,0,5),"
        " (s(), 10, 1, 21518 * 4 + 3, 0,0,0,0,0,0,0,0,0,0,5)");
    ck_assert_int_eq(
        folds_months(unit_folds_pg(), unit_folds_arena(), unit_folds_survey(), &months, &count),
        DB_OK);
    ck_assert_uint_eq(count, sizeof expected / sizeof expected[0]);
    ck_assert_mem_eq(months, expected, sizeof expected);
}
END_TEST

/* What a database of before version 7 is given: of what is folded, and of nothing else. */
START_TEST(migration_counts_what_is_folded)
{
    append(answer("1965-03-31T22:00:00Z", 5));
    append(answer("1969-12-31T23:59:59Z", 5));
    append_random(300, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    fold();
    run("update response set excluded = true where survey_id = s() and score = 6");
    rebuild(MARCH_2026);
    append_random(200, "2026-03-15T00:00:00Z", "2026-05-01T00:00:00Z");
    ck_assert_int_gt(journal_rows(), 0);
    run("drop table tally_six_hours; delete from schema_migrations where version = 7");
    ck_assert_int_eq(migrate_run(unit_pg_url(), false, say_nothing, NULL), MIGRATE_OK);
    ck_assert_int_gt(number_of("select count(*) from tally_six_hours where survey_id = s()"), 20);
    for (int folded = 0; folded < 2; folded++) {
        ck_assert_int_eq(differing(MARCH_2026), 0);
        ck_assert_int_eq(differing(MARCH_2026 + 1), 0);
        ck_assert_int_eq(differing(-1), 0);
        ck_assert_int_eq(differing(-58), 0);
        fold();
    }
}
END_TEST

/* --- numbers for properties --- */

/* Answers that came before their survey had these facets. */
static void append_before_facets(void)
{
    run("update survey set facets = '{}', facets_active = '{}' where id = s();"
        "delete from facet_value where survey_id = s()");
    append_random(100, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
    fold();
    run("update response set f1 = null, f2 = null where survey_id = s();"
        "update response set excluded = true where survey_id = s() and score = 5");
    rebuild(MARCH_2026);
    ck_assert_int_eq(number_of("select count(*) from response where survey_id = s()"
                               " and (f1 is not null or f2 is not null)"),
                     0);
    run("update survey set facets = '{product,branch}', facets_active = '{t,t}' where id = s()");
}

START_TEST(answers_get_the_numbers_of_facets_added_later)
{
    append_before_facets();
    ck_assert_int_eq(differing(MARCH_2026), 0);
    ck_assert_int_ge(unnumbered(MARCH_2026), 50);
    rebuild(MARCH_2026);
    ck_assert_int_eq(unnumbered(MARCH_2026), 0);
    ck_assert_int_eq(differing(MARCH_2026), 0);
    ck_assert_int_eq(number_of("select count(*) from facet_value where survey_id = s()"), 8);
    ck_assert_int_eq(number_of("select count(*) from response r left join facet_value v"
                               " on (v.survey_id, v.facet, v.id) = (r.survey_id, 3, r.f1)"
                               " where r.survey_id = s()"
                               " and r.properties ->> 'product' is distinct from v.value"),
                     0);
    ck_assert_int_eq(number_of("select count(*) from response r left join facet_value v"
                               " on (v.survey_id, v.facet, v.id) = (r.survey_id, 4, r.f2)"
                               " where r.survey_id = s()"
                               " and r.properties ->> 'branch' is distinct from v.value"),
                     0);
    /* As many in the tallies, without the excluded ones. */
    ck_assert_int_eq(number_of("select sum(n0 + n1 + n2 + n3 + n4 + n5 + n6 + n7 + n8 + n9 + n10)"
                               " from tally_month where survey_id = s() and facet = 4"),
                     number_of("select count(*) from response where survey_id = s()"
                               " and properties ? 'branch' and not excluded"));
}
END_TEST

/* The differences alone, before the tallies are written anew, are right too. */
START_TEST(numbering_is_a_correction)
{
    struct pg *other = unit_database_connect(NULL);
    append_before_facets();
    ck_assert_int_eq(pg_command(other, "select pg_advisory_lock(7, s())"), DB_OK);
    ck_assert_int_eq(pg_command(unit_folds_pg(), "set lock_timeout = 1"), DB_OK);
    ck_assert_int_eq(folds_rebuild_month(unit_folds_pg(), unit_folds_survey(), MARCH_2026),
                     DB_RETRY);
    ck_assert_int_eq(unnumbered(MARCH_2026), 0);
    ck_assert_int_eq(differing(MARCH_2026), 0);
    /* Whoever has read a row before finds that it has another version now. */
    ck_assert_int_eq(number_of("select count(*) from response where survey_id = s()"
                               " and (updated_at is null) = (f1 is not null or f2 is not null)"),
                     0);
    pg_free(other);
    fold();
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(values_past_the_cap_share_a_number)
{
    append_before_facets();
    run("insert into facet_value select s(), 4, n, 'x' || n from generate_series(1, 998) n");
    run("update response set properties = '{\"branch\": \"(other)\"}'"
        " where survey_id = s() and score = 7");
    rebuild(MARCH_2026);
    ck_assert_int_eq(number_of("select count(*) from facet_value where survey_id = s()"
                               " and facet = 4"),
                     1000);
    ck_assert_int_eq(number_of("select max(id) from facet_value where survey_id = s()"
                               " and facet = 4 and value <> '(other)'"),
                     1000);
    ck_assert_int_eq(number_of("select count(*) from response where survey_id = s()"
                               " and properties ? 'branch' and f2 is null"),
                     0);
    ck_assert_int_gt(number_of("select count(distinct properties ->> 'branch') from response"
                               " where survey_id = s() and f2 = 0"),
                     3);
    ck_assert_int_eq(number_of("select count(*) from response where survey_id = s() and score = 7"
                               " and f2 <> 0"),
                     0);
    ck_assert_int_eq(unnumbered(MARCH_2026), 0);
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(a_value_that_lost_its_number_gets_it_back)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    append(answer("2026-03-02T10:00:00Z", 4));
    run("update response set f1 = 0 where survey_id = s() and score = 3;"
        "update response set f1 = 5, properties = null where survey_id = s() and score = 4");
    ck_assert_int_eq(unnumbered(MARCH_2026), 1);
    rebuild(MARCH_2026);
    ck_assert_int_eq(number_of("select f1 from response where survey_id = s() and score = 3"), 2);
    /* Without the property nothing calls for another number. */
    ck_assert_int_eq(number_of("select f1 from response where survey_id = s() and score = 4"), 5);
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recount");
    TCase *test_case = unit_folds_case("recount");
    tcase_set_timeout(test_case, 30);
    tcase_add_loop_test(test_case, what_is_spoiled_is_found_and_repaired, 0,
                        (int)(sizeof spoils / sizeof spoils[0]));
    tcase_add_test(test_case, other_months_stay_as_they_are);
    tcase_add_test(test_case, rebuild_takes_the_journal_of_its_month);
    tcase_add_test(test_case, rebuild_makes_a_missing_state);
    tcase_add_test(test_case, a_rebuild_broken_off_leaves_numbers_right);
    tcase_add_test(test_case, months_are_those_with_anything);
    tcase_add_test(test_case, migration_counts_what_is_folded);
    tcase_add_test(test_case, answers_get_the_numbers_of_facets_added_later);
    tcase_add_test(test_case, numbering_is_a_correction);
    tcase_add_test(test_case, values_past_the_cap_share_a_number);
    tcase_add_test(test_case, a_value_that_lost_its_number_gets_it_back);
    suite_add_tcase(suite, test_case);
    return unit_database_run(suite);
}
