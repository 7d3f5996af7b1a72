/* "npsd spool", called as main calls it, on a spool that a daemon has open. */
#include "npsd/cli/cli.h"
#include "suite.h"
#include "support/unit_cli.h"
#include "support/unit_spool.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static struct config config;
static struct unit_cli ran;

static void setup(void)
{
    unit_spool_setup();
    config = (struct config){.spool = unit_spool_path};
}

static void assert_run(const char *words, int status)
{
    ran = unit_cli_run(&unit_spool_arena, cli_spool, &config, words, "");
    ck_assert_msg(ran.status == status, "%s: %d\n%s%s", words, ran.status, ran.out, ran.err);
    ck_assert_str_eq(status == CLI_OK ? ran.err : ran.out, "");
}

static void assert_refused(const char *words, int status, const char *said)
{
    assert_run(words, status);
    ck_assert_msg(strstr(ran.err, said) != NULL, "%s: %s", words, ran.err);
    ck_assert_ptr_eq(strchr(ran.err, '\n'), ran.err + strlen(ran.err) - 1); /* one line */
}

/* Answers 1 to 4 are kept aside as conflicts 1 to 4, 5 and 6 wait. */
static void fill(void)
{
    size_t count;
    struct spool_end ends[4];
    for (int n = 1; n <= 6; n++)
        unit_spool_add(n, n);
    const struct spool_answer *answers = unit_spool_peek(4, &count);
    for (int i = 0; i < 4; i++)
        ends[i] = (struct spool_end){answers[i].seq, i == 0 ? "key-reused" : "refused"};
    ck_assert_int_eq(spool_settle(unit_spool, ends, 4), SPOOL_OK);
}

/* As somebody else writes it. */
static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(unit_spool_path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(shows_what_waits)
{
    static const char *const words[] = {"spool", "spool show"};
    assert_run("spool", CLI_OK);
    ck_assert_ptr_eq(strstr(ran.out, "waiting    0\nconflicts  0\nbytes      "), ran.out);
    fill();
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        assert_run(words[i], CLI_OK);
        ck_assert_ptr_eq(
            strstr(ran.out, "waiting    2\noldest     1970-01-01T00:00:05.000005Z\nconflicts  4\n"
                            "bytes      "),
            ran.out);
    }
}
END_TEST

static json_t *line_of(int number)
{
    const char *at = ran.out;
    for (int i = 1; i < number; i++)
        at = strchr(at, '\n') + 1;
    json_t *value = json_loadb(at, strcspn(at, "\n"), 0, NULL);
    ck_assert_msg(value != NULL, "%s", ran.out);
    return value;
}

static const char *text_of(const json_t *value, const char *name)
{
    const char *text = json_string_value(json_object_get(value, name));
    return text ? text : "null";
}

static void assert_conflict_1(const json_t *line)
{
    const json_t *answers = json_object_get(line, "answers");
    ck_assert_int_eq(json_integer_value(json_object_get(line, "number")), 1);
    ck_assert_str_eq(text_of(line, "reason"), "key-reused");
    ck_assert_str_eq(text_of(line, "id"), "00010700-0000-0000-0000-000000000000");
    ck_assert_int_eq(json_integer_value(json_object_get(line, "score")), 1);
    ck_assert_str_eq(text_of(answers, "why"), "1");
    ck_assert_str_eq(text_of(json_object_get(line, "properties"), "branch"), "north");
    ck_assert_str_eq(text_of(line, "agent"), "Anna K");
    ck_assert_str_eq(text_of(line, "language"), "ru");
    ck_assert_str_eq(text_of(line, "external_id"), "ext");
    ck_assert_str_eq(text_of(line, "answered_at"), "1970-01-01T00:00:00.999995Z");
    ck_assert_str_eq(text_of(line, "received_at"), "1970-01-01T00:00:01.000001Z");
}

/* A line of JSON each, also of one with little in it and of one that nobody can read. */
START_TEST(tells_conflicts)
{
    assert_run("spool conflicts", CLI_OK);
    ck_assert_str_eq(ran.out, "");
    fill();
    run_sql("update conflict set hash = x'00' where number = 2");
    assert_run("spool conflicts", CLI_OK);
    json_t *whole = line_of(1), *unreadable = line_of(2), *little = line_of(4);
    assert_conflict_1(whole);
    ck_assert_str_eq(text_of(unreadable, "reason"), "refused");
    ck_assert_uint_eq(json_object_size(unreadable), 3);
    ck_assert_str_eq(text_of(little, "agent"), "null");
    ck_assert_uint_eq(json_object_size(json_object_get(little, "answers")), 0);
    ck_assert(json_is_object(json_object_get(little, "properties")));
    json_decref(whole);
    json_decref(unreadable);
    json_decref(little);
}
END_TEST

START_TEST(ends_conflicts)
{
    fill();
    assert_run("spool retry 1", CLI_OK);
    assert_run("spool discard 3", CLI_OK);
    ck_assert_str_eq(ran.out, "");
    ck_assert_int_eq(spool_look(unit_spool), SPOOL_OK);
    unit_spool_waiting(3, 2);
    assert_refused("spool retry 1", CLI_REFUSED, "no conflict 1 ");
    assert_refused("spool discard 3", CLI_REFUSED, "no conflict 3 ");
    assert_run("spool conflicts", CLI_OK);
    json_t *first = line_of(1);
    ck_assert_int_eq(json_integer_value(json_object_get(first, "number")), 2);
    json_decref(first);
}
END_TEST

START_TEST(wrong_words)
{
    static const char *const words[] = {
        "spool all",
        "spool show all",
        "spool conflicts 1",
        "spool retry",
        "spool discard",
        "spool retry 1 2",
        "spool retry 0",
        "spool retry -1",
        "spool retry one",
        "spool retry 1x",
        "spool discard 1.0",
        "spool --all",
        "spool discard 99999999999999999999",
    };
    fill();
    for (size_t i = 0; i < COUNT_OF(words); i++)
        assert_refused(words[i], CLI_USAGE, "(see npsd spool --help)");
    unit_spool_waiting(2, 4);
}
END_TEST

START_TEST(help)
{
    static const char *const words[] = {"spool --help", "spool -h", "spool retry --help"};
    config.spool = "";
    unit_cli_helps(cli_spool, config, words, COUNT_OF(words));
}
END_TEST

START_TEST(no_spool)
{
    config.spool = "";
    assert_refused("spool", CLI_REFUSED, "NPSD_SPOOL is empty");
    config.spool = arena_printf(&unit_spool_arena, "%s/other.db", unit_spool_folder);
    assert_refused("spool", CLI_REFUSED, config.spool);
    ck_assert_ptr_null(fopen(config.spool, "r")); /* a look makes no file */
}
END_TEST

/* What SQLite has against it is told. */
START_TEST(broken)
{
    fill();
    run_sql("alter table conflict rename column reason to why");
    assert_refused("spool conflicts", CLI_REFUSED, "reason");
    assert_run("spool discard 1", CLI_OK);
    run_sql("create trigger keep before delete on conflict begin select raise(abort, 'kept'); end");
    assert_refused("spool discard 2", CLI_REFUSED, "kept");
    assert_refused("spool retry 2", CLI_REFUSED, "kept");
    ck_assert_int_eq(spool_look(unit_spool), SPOOL_OK);
    unit_spool_waiting(2, 3); /* nothing of the retry stayed */
    run_sql("pragma user_version = 99");
    assert_refused("spool", CLI_REFUSED, "another version of npsd");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        shows_what_waits, tells_conflicts, ends_conflicts, wrong_words, help, no_spool, broken};
    return suite_run_checked("cli_spool", setup, unit_spool_teardown, tests, COUNT_OF(tests));
}
