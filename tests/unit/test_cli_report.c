/* "npsd report", called as main calls it: how it reads its options, what it says and how it ends.
 */
#include "npsd/base/buf.h"
#include "npsd/http/call.h"
#include "suite.h"
#include "support/unit_cli.h"
#include "support/unit_database.h"
#include <string.h>

static struct arena arena;
static struct config config;
static struct unit_cli ran;

static void setup(void)
{
    unit_pg_sql("truncate survey, question");
    arena_init(&arena, 4096);
    config = (struct config){
        .database_url = unit_pg_url(), .var = "var", .allow_unsafe_durability = true};
    ran =
        unit_cli_run(&arena, cli_survey, &config, "survey create -",
                     "{\"id\": \"one\", \"title\": {\"en\": \"Visit\"}, \"facets\": [\"branch\"]}");
    ck_assert_msg(ran.status == CLI_OK, "%s", ran.err);
}

static void teardown(void)
{
    arena_done(&arena);
}

static void assert_run(const char *words, int status, const char *said)
{
    ran = unit_cli_run(&arena, cli_report, &config, words, "");
    ck_assert_msg(ran.status == status, "%s: %d\n%s%s", words, ran.status, ran.out, ran.err);
    const char *text = status == CLI_OK ? ran.out : ran.err;
    ck_assert_msg(strstr(text, said) != NULL, "%s: %s", words, text);
    ck_assert_str_eq(status == CLI_OK ? ran.err : ran.out, "");
}

START_TEST(wrong_words)
{
    static const struct {
        const char *words, *says;
    } cases[] = {
        {"report", "which survey?"},
        {"report one two", "which survey?"},
        {"report --last 30d", "which survey?"},
        {"report one --last", "--last: no such option, or its value is missing"},
        {"report one --colour red", "--colour: no such option"},
        {"report one --last 30d --last 7d", "last may be given once"},
        {"report one --compare --compare", "compare may be given once"},
        {"report one --where branch", "--where takes NAME=VALUE"},
        {"report one --where branch=a --where branch=b", "branch may be given once"},
        {"report one --last 30x", "npsd report: last: "},
        {"report one --period someday", "npsd report: period: "},
        {"report one --last 30d --period today", "npsd report: "},
        {"report one --tz Mars/Base", "npsd report: tz: "},
        {"report one --from 2026-02-30", "npsd report: from: "},
        {"report one --where colour=red", "colour: "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_run(cases[i].words, CLI_USAGE, cases[i].says);
}
END_TEST

START_TEST(too_many_options)
{
    struct buf words = buf_make(&arena, 512);
    buf_text(&words, "report one");
    for (int i = 0; i <= CALL_QUERY_MAX; i++)
        buf_printf(&words, " --where n%d=1", i);
    assert_run(words.data, CLI_USAGE, "too many options");
}
END_TEST

/* What is asked for stands in the head, whatever the answer. */
START_TEST(reports)
{
    static const struct {
        const char *words, *says;
    } cases[] = {
        {"report one", "Visit (one)\n"},
        {"report one", "no answers yet (0 of 30)\n"},
        {"report --period all one", "all time (UTC)\n"},
        {"report one --tz Asia/Kathmandu --period all", "all time (Asia/Kathmandu)\n"},
        {"report one --from 2026-03-01 --to 2026-03-08",
         "2026-03-01T00:00:00Z to 2026-03-08T00:00:00Z (UTC)\n"},
        {"report one --where branch=north --last 12w", "where branch = north\n"},
        {"report one --compare", "no answers yet (0 of 30)\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_run(cases[i].words, CLI_OK, cases[i].says);
}
END_TEST

START_TEST(surveys_that_cannot_be_shown)
{
    assert_run("report two", CLI_REFUSED, "there is no survey two\n");
    unit_pg_sql("update survey set title = '[]'");
    assert_run("report one", CLI_REFUSED, "one cannot be read\n");
}
END_TEST

/* Help is given, and wrong words are told, whatever the database does. */
START_TEST(database_away)
{
    static const char *const urls[] = {NULL, "host=/nonexistent"};
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        config.database_url = urls[i];
        assert_run("report one", CLI_AWAY, "npsd: ");
        assert_run("report", CLI_USAGE, "which survey?");
        assert_run("report --help", CLI_OK, "usage: npsd report S");
        assert_run("report one -h --last 1d", CLI_OK, "usage: npsd report S");
    }
}
END_TEST

/* A schema without what the report asks for is told as such. */
START_TEST(schema_that_does_not_fit)
{
    unit_pg_sql("alter table survey rename column title to name");
    ran = unit_cli_run(&arena, cli_report, &config, "report one", "");
    unit_pg_sql("alter table survey rename column name to title");
    ck_assert_int_eq(ran.status, CLI_REFUSED);
    ck_assert_ptr_nonnull(strstr(ran.err, "npsd migrate"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {wrong_words,   too_many_options,
                                  reports,       surveys_that_cannot_be_shown,
                                  database_away, schema_that_does_not_fit};
    Suite *suite = suite_create("cli_report");
    TCase *tcase = tcase_create("cli_report");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
