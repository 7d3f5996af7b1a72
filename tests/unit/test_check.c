/* npsd check: what it says and how it ends. */
#include "npsd/cli/cli.h"
#include "support/unit_folds.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGS_MAX = 5, TEXT_SIZE = 2048 };

/* What the last run wrote to stdout. */
static char said[TEXT_SIZE];

static void read_back(FILE *file)
{
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
}

/* Runs the command with stdout into a file; its exit status. Options end with NULL. */
static int check_with(const char *url, const char *const *options)
{
    char *argv[ARGS_MAX + 1] = {arena_strdup(unit_folds_arena(), "check")};
    const struct config config = {.database_url = url, .allow_unsafe_durability = true};
    FILE *file = tmpfile();
    int argc = 1, status;

    for (; options[argc - 1]; argc++)
        argv[argc] = arena_strdup(unit_folds_arena(), options[argc - 1]);
    fflush(stdout);
    int real_stdout = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    optind = 0; /* getopt starts anew */
    status = cli_check(argc, argv, &config);
    fflush(stdout);
    dup2(real_stdout, STDOUT_FILENO);
    close(real_stdout);
    read_back(file);
    return status;
}

#define CHECK(...) check_with(unit_pg_url(), (const char *const[]){__VA_ARGS__, NULL})

static const char *slug(void)
{
    return arena_strdup(unit_folds_arena(),
                        unit_pg_value("select slug from survey where id = s()"));
}

static const char *lines(const char *first, const char *rest)
{
    return arena_printf(unit_folds_arena(), "%s %s%s", slug(), first, rest);
}

START_TEST(says_that_all_is_equal)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    append(answer("2026-04-02T10:00:00Z", 3));
    ck_assert_int_eq(CHECK("--survey", slug()), CLI_OK);
    ck_assert_str_eq(said, "2 months checked: all equal\n");
    fold();
    ck_assert_int_eq(CHECK("--rebuild", "--survey", slug()), CLI_OK);
    ck_assert_str_eq(said, "2 months checked: all equal\n");
}
END_TEST

START_TEST(tells_which_months_differ_and_repairs_them)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    append(answer("2026-04-02T10:00:00Z", 3));
    fold();
    run("update tally_day set n3 = n3 + 1 where survey_id = s() and slot = 20514");
    ck_assert_int_eq(CHECK("--survey", slug()), CLI_REFUSED);
    ck_assert_str_eq(said, lines("2026-03 differing cells: 3\n", "2 months checked: 1 differs\n"));
    ck_assert_int_eq(CHECK("--survey", slug(), "--rebuild"), CLI_OK);
    ck_assert_str_eq(said, lines("2026-03 differing cells: 3, rebuilt\n",
                                 "2 months checked: 1 differed, all equal now\n"));
    ck_assert_int_eq(CHECK("--survey", slug()), CLI_OK);
    run("update tally_day set n3 = n3 + 1 where survey_id = s()");
    ck_assert_int_eq(CHECK("--survey", slug()), CLI_REFUSED);
    ck_assert_ptr_nonnull(strstr(said, "\n2 months checked: 2 differ\n"));
}
END_TEST

START_TEST(checks_one_month)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    append(answer("2026-04-02T10:00:00Z", 3));
    fold();
    run("update tally_day set n3 = n3 + 1 where survey_id = s() and slot = 20514");
    ck_assert_int_eq(CHECK("--survey", slug(), "--month", "2026-04"), CLI_OK);
    ck_assert_str_eq(said, "1 month checked: all equal\n");
    ck_assert_int_eq(CHECK("--survey", slug(), "--month", "2026-03"), CLI_REFUSED);
    ck_assert_str_eq(said, lines("2026-03 differing cells: 3\n", "1 month checked: 1 differs\n"));
    ck_assert_int_eq(CHECK("--survey", slug(), "--month", "2026-05"), CLI_OK);
    ck_assert_str_eq(said, "there are no answers to check\n");
    ck_assert_int_eq(CHECK("--month", "2026-13"), CLI_USAGE);
    ck_assert_int_eq(CHECK("--month", "2026-04-01"), CLI_USAGE);
    ck_assert_int_eq(CHECK("--month", "April"), CLI_USAGE);
}
END_TEST

/* Something writes the tallies wrong as soon as they are written. */
START_TEST(tells_what_still_differs)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    append(answer("2026-04-02T10:00:00Z", 3));
    fold();
    run("update tally_day set n3 = n3 + 1 where survey_id = s()");
    run("create function spoil() returns trigger language plpgsql as"
        " $$ begin new.n3 = new.n3 + 1; return new; end $$;"
        "create trigger spoil before insert on tally_day for each row"
        " when (new.slot < 20530) execute function spoil()");
    ck_assert_int_eq(CHECK("--rebuild", "--survey", slug()), CLI_REFUSED);
    run("drop trigger spoil on tally_day; drop function spoil()");
    ck_assert_ptr_nonnull(strstr(said, "2026-03 differing cells: 3, rebuilt and still so\n"));
    ck_assert_ptr_nonnull(strstr(said, "2026-04 differing cells: 3, rebuilt\n"));
    ck_assert_ptr_nonnull(strstr(said, "\n2 months checked: 2 differed, 1 still differs\n"));
}
END_TEST

START_TEST(counts_answers_under_a_facet_added_later)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    run("update response set properties = '{\"branch\": \"b2\", \"region\": \"east\"}'"
        " where survey_id = s();"
        "update survey set facets = array_append(facets, 'region'),"
        " facets_active = array_append(facets_active, true)"
        " where id = s()");
    ck_assert_int_eq(CHECK("--survey", slug()), CLI_OK);
    ck_assert_str_eq(
        said, lines("2026-03 answers from before a facet: 1\n", "1 month checked: all equal\n"));
    ck_assert_int_eq(CHECK("--rebuild", "--survey", slug()), CLI_OK);
    ck_assert_str_eq(said, lines("2026-03 answers from before a facet: 1, rebuilt\n",
                                 "1 month checked: all equal\n"));
    ck_assert_int_eq(number_of("select n3 from tally_month where survey_id = s() and facet = 5"),
                     1);
    ck_assert_int_eq(CHECK("--survey", slug()), CLI_OK);
    ck_assert_str_eq(said, "1 month checked: all equal\n");
}
END_TEST

START_TEST(goes_through_all_surveys)
{
    append(answer("2026-03-02T10:00:00Z", 3));
    run("insert into survey (slug, title) values ('empty', '{}')");
    ck_assert_int_eq(CHECK(NULL), CLI_OK);
    ck_assert_ptr_nonnull(strstr(said, " checked: all equal\n"));
    ck_assert_int_eq(CHECK("--survey", "empty"), CLI_OK);
    ck_assert_str_eq(said, "there are no answers to check\n");
}
END_TEST

START_TEST(refuses_what_it_does_not_know)
{
    ck_assert_int_eq(CHECK("--survey", "nowhere"), CLI_REFUSED);
    ck_assert_int_eq(CHECK("--repair"), CLI_USAGE);
    ck_assert_int_eq(CHECK("--survey"), CLI_USAGE);
    ck_assert_int_eq(CHECK("demo"), CLI_USAGE);
    ck_assert_int_eq(CHECK("--help"), CLI_OK);
    ck_assert_ptr_nonnull(strstr(said, "--rebuild"));
    ck_assert_int_eq(check_with("host=/nowhere", (const char *const[]){NULL}), CLI_AWAY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check");
    TCase *test_case = unit_folds_case("check");
    tcase_set_timeout(test_case, 30);
    tcase_add_test(test_case, says_that_all_is_equal);
    tcase_add_test(test_case, tells_which_months_differ_and_repairs_them);
    tcase_add_test(test_case, checks_one_month);
    tcase_add_test(test_case, tells_what_still_differs);
    tcase_add_test(test_case, counts_answers_under_a_facet_added_later);
    tcase_add_test(test_case, goes_through_all_surveys);
    tcase_add_test(test_case, refuses_what_it_does_not_know);
    suite_add_tcase(suite, test_case);
    return unit_database_run(suite);
}
