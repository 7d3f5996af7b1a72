/* "npsd survey", called as main calls it: what it prints and how it ends. */
#include "npsd/cli/cli.h"
#include "suite.h"
#include "support/unit_cli.h"
#include "support/unit_database.h"
#include <string.h>

static struct arena arena;
static struct config config;
static const char *out, *err;

static void setup(void)
{
    unit_pg_sql("truncate survey, question, audit");
    arena_init(&arena, 4096);
    config = (struct config){
        .database_url = unit_pg_url(), .var = "var", .allow_unsafe_durability = true};
}

static void teardown(void)
{
    arena_done(&arena);
}

/* Sets out and err. */
static int run_with(const char *words, const char *input)
{
    struct unit_cli ran = unit_cli_run(&arena, cli_survey, &config, words, input);
    out = ran.out;
    err = ran.err;
    return ran.status;
}

static void assert_run(const char *words, int status)
{
    int is = run_with(words, "");
    ck_assert_msg(is == status, "%s: %d\n%s%s", words, is, out, err);
}

static void add_survey(const char *slug)
{
    const char *definition =
        arena_printf(&arena, "{\"id\": \"%s\", \"title\": {\"en\": \"Visit\"}}", slug);
    ck_assert_msg(run_with("survey create -", definition) == CLI_OK, "%s", err);
    ck_assert_str_eq(out, arena_printf(&arena, "%s\n", slug));
}

/* Of a definition that somebody else has spoiled nothing is shown, and the others are. */
START_TEST(surveys_that_cannot_be_read)
{
    add_survey("bad");
    add_survey("good");
    unit_pg_sql("update survey set title = '[]' where slug = 'bad'");
    assert_run("survey list", CLI_OK);
    ck_assert_ptr_null(strstr(out, "bad"));
    ck_assert_ptr_nonnull(strstr(out, "\ngood  Visit  "));
    ck_assert_str_eq(err, "npsd survey list: bad cannot be read\n");
    assert_run("survey show bad", CLI_REFUSED);
    ck_assert_str_eq(err, "npsd survey show: bad cannot be read\n");
    assert_run("survey show good", CLI_OK);
}
END_TEST

START_TEST(survey_refused)
{
    static const struct {
        const char *words, *input;
        int status;
        const char *says;
    } cases[] = {
        {"survey", "", CLI_USAGE, "usage"},
        {"survey create", "", CLI_USAGE, "usage"},
        {"survey create a b", "", CLI_USAGE, "usage"},
        {"survey show", "", CLI_USAGE, "usage"},
        {"survey show none", "", CLI_REFUSED, "no survey none"},
        {"survey create /nonexistent/file", "", CLI_REFUSED, "/nonexistent/file: No such file"},
        {"survey create /", "", CLI_REFUSED, "/: Is a directory"},
        {"survey create -", "{", CLI_REFUSED, "line 1, column"},
        {"survey create -", "", CLI_REFUSED, "line 1, column"},
        {"survey create -", "{\"id\": \"A\", \"x\": 1}", CLI_REFUSED, "/id: "},
        {"survey create -", "{\"id\": \"A\", \"x\": 1}", CLI_REFUSED, "/title: "},
        {"survey create -", "{\"id\": \"A\", \"x\": 1}", CLI_REFUSED, "/x: "},
        {"survey create -", "{\"id\": \"a\", \"title\": {\"en\": \"A\"}, \"time_zone\": \"M/B\"}",
         CLI_REFUSED, "/time_zone: "},
        {"survey create -", "{\"id\": \"one\", \"title\": {\"en\": \"A\"}}", CLI_REFUSED,
         "a survey one already"},
    };
    add_survey("one");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int status = run_with(cases[i].words, cases[i].input);
        ck_assert_msg(status == cases[i].status, "%s: %d: %s", cases[i].words, status, err);
        ck_assert_msg(strstr(err, cases[i].says) != NULL, "%s: %s", cases[i].words, err);
        ck_assert_str_eq(out, "");
    }
    ck_assert_int_eq(unit_pg_number("select count(*) from survey"), 1);
}
END_TEST

START_TEST(too_large_a_file)
{
    enum { SIZE = 300 * 1024 };
    char *text = arena_alloc(&arena, SIZE + 1);
    memset(text, ' ', SIZE);
    text[SIZE] = '\0';
    ck_assert_int_eq(run_with("survey create -", text), CLI_REFUSED);
    ck_assert_ptr_nonnull(strstr(err, "more than 256 KiB"));
}
END_TEST

/* What show prints is what create takes. */
START_TEST(survey_shown_can_be_created)
{
    add_survey("one");
    assert_run("survey show one", CLI_OK);
    const char *shown = out;
    ck_assert_ptr_null(strstr(shown, "created_at"));
    unit_pg_sql("delete from survey");
    ck_assert_int_eq(run_with("survey create -", shown), CLI_OK);
    assert_run("survey show one", CLI_OK);
    ck_assert_str_eq(out, shown);
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', actor, action, subject) from audit"),
                     "command line|survey.create|one");
}
END_TEST

START_TEST(surveys_listed)
{
    assert_run("survey list", CLI_OK);
    ck_assert_str_eq(out, "ID  TITLE  ACCESS  OPEN  QUESTIONS  TIME ZONE  CREATED\n");
    add_survey("one");
    assert_run("survey list", CLI_OK);
    ck_assert_ptr_nonnull(strstr(out, "\none  Visit  open    yes   3          UTC        2"));
}
END_TEST

START_TEST(help)
{
    static const char *const words[] = {"survey --help", "survey list -h"};
    unit_cli_helps(cli_survey, config, words, COUNT_OF(words));
}
END_TEST

START_TEST(database_away)
{
    static const char *const words[] = {"survey list", "survey show one", "survey create -"};
    unit_cli_is_away(cli_survey, config, words, COUNT_OF(words),
                     "{\"id\":\"a\",\"title\":{\"en\":\"A\"}}");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {survey_refused,
                                  too_large_a_file,
                                  survey_shown_can_be_created,
                                  surveys_listed,
                                  surveys_that_cannot_be_read,
                                  help,
                                  database_away};
    Suite *suite = suite_create("cli_survey");
    TCase *tcase = tcase_create("cli_survey");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
