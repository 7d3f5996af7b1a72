/* "npsd key", called as main calls it: what it prints and how it ends. */
#include "npsd/base/arena.h"
#include "npsd/base/buf.h"
#include "npsd/base/crypto.h"
#include "npsd/cli/cli.h"
#include "npsd/cli/key_options.h"
#include "npsd/state/keytext.h"
#include "suite.h"
#include "support/unit_cli.h"
#include "support/unit_database.h"
#include <string.h>

static struct arena arena;
static struct config config;
static const char *out, *err;

static void setup(void)
{
    unit_pg_sql("truncate survey, question, api_key, tally_state, audit");
    arena_init(&arena, 4096);
    config = (struct config){
        .database_url = unit_pg_url(), .var = "var", .allow_unsafe_durability = true};
}

static void teardown(void)
{
    arena_done(&arena);
}

/* --- running a command --- */

/* Sets out and err. */
static int run(const char *words)
{
    struct unit_cli ran = unit_cli_run(&arena, cli_key, &config, words, "");
    out = ran.out;
    err = ran.err;
    return ran.status;
}

static void assert_run(const char *words, int status)
{
    int is = run(words);
    ck_assert_msg(is == status, "%s: %d\n%s%s", words, is, out, err);
}

/* --- origins --- */

START_TEST(origins)
{
    static const char *const good[] = {
        "https://www.example.com",    "http://localhost",      "http://localhost:3000",
        "https://a-b.example:8443",   "http://127.0.0.1:8080", "http://[::1]:8080",
        "https://xn--80ak6aa92e.com", "capacitor://localhost", "chrome-extension://abcdefgh",
        "https://example.com:80",
    };
    static const char *const wrong[] = {
        "",
        "*",
        "null",
        "example.com",
        "https://",
        "://example.com",
        "https:/example.com",
        "https://example.com/",
        "https://example.com/path",
        "https://example.com?a",
        "https://example.com#a",
        "https://user@example.com",
        "https://*.example.com",
        "https://Example.com",
        "HTTPS://example.com",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:080",
        "https://example.com:x",
        "https://example.com:443",
        "http://example.com:80",
        "https://exam ple.com",
        "https://example.com,https://b.example",
        "https://[::1",
        "https://[::g]",
        "https://\xd0\xb6.example",
        "1https://example.com",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++)
        ck_assert_msg(key_origin_fault(good[i]) == NULL, "%s", good[i]);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(key_origin_fault(wrong[i]) != NULL, "%s", wrong[i]);
}
END_TEST

/* --- key --- */

/* The hash in the database is that of the text printed: the key is good. */
static void assert_key_is_stored(void)
{
    char hex[65];
    size_t len = strlen(out) - 1;
    ck_assert_int_eq(out[len], '\n');
    ck_assert_msg(keytext_is_valid(out, len), "%s", out);
    struct crypto_hash hash = crypto_sha256(out, len);
    ck_assert_str_eq(
        unit_pg_value("select encode(hash, 'hex') from api_key order by id desc limit 1"),
        crypto_hex(hash.bytes, 32, hex));
}

START_TEST(key_created)
{
    assert_run("key create --role admin", CLI_OK);
    assert_key_is_stored();
    ck_assert_str_eq(err, "");
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', role, name, surveys, origins) from"
                                   " api_key"),
                     "admin|admin|{}");
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', actor, action, subject ="
                                   " (select 'key ' || id from api_key), detail) from audit"),
                     "command line|key.create|t|admin admin");
}
END_TEST

static void add_survey(const char *slug)
{
    unit_pg_sql("insert into survey (slug, title) values ('%s', '{\"en\": \"Visit\"}')", slug);
}

START_TEST(key_created_for_some)
{
    add_survey("one");
    add_survey("two");
    add_survey("three");
    assert_run("key create --role submit --survey three --name Shop --survey one"
               " --origin https://a.example --origin http://b.example:81",
               CLI_OK);
    assert_key_is_stored();
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', role, name, origins, (select"
                                   " string_agg(slug, ',' order by slug) from survey where id ="
                                   " any (surveys))) from api_key"),
                     "submit|Shop|{https://a.example,http://b.example:81}|one,three");
}
END_TEST

START_TEST(key_refused)
{
    static const struct {
        const char *words;
        int status;
        const char *says;
    } cases[] = {
        {"key", CLI_USAGE, "create, list or revoke"},
        {"key make", CLI_USAGE, "create, list or revoke"},
        {"key list all", CLI_USAGE, "usage"},
        {"key create", CLI_USAGE, "--role: is needed"},
        {"key create --role", CLI_USAGE, "--role"},
        {"key create --role none", CLI_USAGE, "submit, agent, viewer, analyst or admin"},
        {"key create --role root", CLI_USAGE, "--role"},
        {"key create --role admin extra", CLI_USAGE, "extra"},
        {"key create --role admin --force", CLI_USAGE, "force"},
        {"key create --role agent", CLI_USAGE, "--name"},
        {"key create --role agent --name \x01", CLI_USAGE, "--name"},
        {"key create --role agent --name \xff", CLI_USAGE, "--name"},
        {"key create --role admin --survey One", CLI_USAGE, "--survey"},
        {"key create --role admin --survey missing", CLI_REFUSED, "no survey missing"},
        {"key create --role submit --origin https://a.example/", CLI_USAGE, "--origin"},
        {"key revoke", CLI_USAGE, "usage"},
        {"key revoke x", CLI_USAGE, "usage"},
        {"key revoke 1 2", CLI_USAGE, "usage"},
        {"key revoke 2147483648", CLI_USAGE, "usage"},
        {"key revoke 2147483647", CLI_REFUSED, "no good key"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_run(cases[i].words, cases[i].status);
        ck_assert_msg(strstr(err, cases[i].says) != NULL, "%s: %s", cases[i].words, err);
        ck_assert_str_eq(out, "");
    }
    ck_assert_int_eq(unit_pg_number("select count(*) from api_key"), 0);
    ck_assert_int_eq(unit_pg_number("select count(*) from audit"), 0);
}
END_TEST

START_TEST(key_listed_and_revoked)
{
    add_survey("one");
    assert_run("key create --role agent --name \xd0\x9e\xd0\xbb\xd1\x8f --survey one", CLI_OK);
    const char *hint = arena_printf(&arena, "%.15s...%.4s", out, out + strlen(out) - 5);
    assert_run("key create --role viewer", CLI_OK);
    assert_run("key list", CLI_OK);
    ck_assert_ptr_eq(strstr(out, "ID "), out);
    ck_assert_ptr_nonnull(strstr(out, hint));
    ck_assert_ptr_nonnull(strstr(out, "agent   \xd0\x9e\xd0\xbb\xd1\x8f     one "));
    ck_assert_ptr_nonnull(strstr(out, "viewer  viewer  all "));
    long id = unit_pg_number("select min(id) from api_key");
    assert_run(arena_printf(&arena, "key revoke %ld", id), CLI_OK);
    ck_assert_str_eq(out, "");
    assert_run(arena_printf(&arena, "key revoke %ld", id), CLI_REFUSED);
    ck_assert_int_eq(unit_pg_number("select count(*) from api_key where revoked_at is not null"),
                     1);
    ck_assert_int_eq(unit_pg_number("select count(*) from audit where action = 'key.revoke'"), 1);
    assert_run("key list", CLI_OK);
    ck_assert_ptr_nonnull(strstr(out, hint));
}
END_TEST

/* A key outlives its surveys, and is for nothing then. */
START_TEST(key_of_a_survey_that_is_gone)
{
    add_survey("one");
    add_survey("two");
    assert_run("key create --role viewer --survey one --survey two", CLI_OK);
    assert_run("key list", CLI_OK);
    ck_assert_ptr_nonnull(strstr(out, " one,two "));
    unit_pg_sql("delete from survey where slug = 'one'");
    assert_run("key list", CLI_OK);
    ck_assert_ptr_nonnull(strstr(out, " two "));
    unit_pg_sql("delete from survey");
    assert_run("key list", CLI_OK);
    ck_assert_ptr_nonnull(strstr(out, " none left "));
}
END_TEST

START_TEST(key_with_too_long_lists)
{
    static const char *const lists[][2] = {{"--survey one", "--survey: too many"},
                                           {"--origin https://a.example", "--origin: too many"}};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct buf words = buf_make(&arena, 4096);
        buf_text(&words, "key create --role submit");
        for (int j = 0; j <= KEY_LIST_MAX; j++)
            buf_printf(&words, " %s", lists[i][0]);
        assert_run(words.data, CLI_USAGE);
        ck_assert_msg(strstr(err, lists[i][1]) != NULL, "%s", err);
    }
    ck_assert_int_eq(unit_pg_number("select count(*) from api_key"), 0);
}
END_TEST

START_TEST(help)
{
    static const char *const words[] = {"key --help", "key -h", "key create --help"};
    unit_cli_helps(cli_key, config, words, COUNT_OF(words));
}
END_TEST

START_TEST(database_away)
{
    static const char *const words[] = {"key list", "key create --role admin", "key revoke 1"};
    unit_cli_is_away(cli_key, config, words, COUNT_OF(words), "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {origins,
                                  key_created,
                                  key_created_for_some,
                                  key_refused,
                                  key_listed_and_revoked,
                                  key_of_a_survey_that_is_gone,
                                  key_with_too_long_lists,
                                  help,
                                  database_away};
    Suite *suite = suite_create("cli_key");
    TCase *tcase = tcase_create("cli_key");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
