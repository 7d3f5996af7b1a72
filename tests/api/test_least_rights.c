/* A login that is nothing but a member of npsd_app is all that the daemon and its commands need,
 * once somebody else has migrated. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>
#include <unistd.h>

static const char *login, *url;

static struct command run(const char *const *args)
{
    const char *settings[] = {text("NPSD_DATABASE_URL=%s", url), "NPSD_VAR=/nonexistent",
                              "NPSD_ALLOW_UNSAFE_DURABILITY=1", NULL};
    return command_run(settings, args);
}

static const char *command(const char *const *args)
{
    struct command command = run(args);
    ck_assert_msg(command.status == 0, "npsd %s %s ended with %d: %s", args[0],
                  args[1] ? args[1] : "", command.status, command.err);
    return text("%.*s", (int)strcspn(command.out, "\n"), command.out);
}

static void begin(void)
{
    login = text("npsd_test_login_%d", (int)getpid());
    url = database_url_as(fixture_database(), login);
    database_sql(fixture_database(), "create role %s login in role npsd_app", login);
}

static void end(void)
{
    database_sql(fixture_database(), "drop role %s", login);
}

START_TEST(commands)
{
    begin();
    const char *key = command((const char *const[]){"key", "create", "--role", "viewer", NULL});
    expect_status(client_get(key, "/v1/nps"), 200);
    const char *id = database_value(fixture_database(), "select max(id) from api_key");
    command((const char *const[]){"key", "list", NULL});
    command((const char *const[]){"key", "revoke", id, NULL});
    command((const char *const[]){"secret", "rotate", "link", NULL});
    command((const char *const[]){"survey", "list", NULL});
    command((const char *const[]){"check", NULL});
    command((const char *const[]){"check", "--rebuild", NULL});
    command((const char *const[]){"migrate", "--dry-run", NULL});
    /* There is nothing to do; on a database where there is, it may not. */
    command((const char *const[]){"migrate", NULL});
    const char *empty = fixture_new_database(false);
    url = database_url_as(empty, login);
    ck_assert_int_ne(run((const char *const[]){"migrate", NULL}).status, 0);
    ck_assert_int_eq(database_number(empty, "select count(*) from pg_class where relnamespace ="
                                            " 'public'::regnamespace"),
                     0);
    database_drop(empty);
    end();
}
END_TEST

/* Everything that changes something, through a daemon with this login. */
static void change_everything(void)
{
    const char *survey = fixture_survey("'facets':['branch']");
    const char *path = text("/v1/surveys/%s", survey);
    expect_status(
        client_patch(fixture_key(ADMIN), "{\"facets\":[\"branch\",\"floor\"]}", "%s", path), 200);
    struct reply *first = fixture_answer(survey, 9, "'properties':{'branch':'north'}");
    const char *id = reply_string(first, "/id");
    expect_status(client_patch(fixture_key(ADMIN), "{\"score\":3}", "%s/responses/%s", path, id),
                  200);
    expect_status(client_patch(fixture_key(ADMIN), "{\"excluded\":true,\"reason\":\"test\"}",
                               "%s/responses/%s", path, id),
                  200);
    expect_status(client_get(fixture_key(ADMIN), "%s/responses/%s/history", path, id), 200);
    expect_status(client_post(NULL, "[{\"score\":1},{\"score\":2}]", "%s/responses/batch", path),
                  200);
    expect_status(client_post(NULL, "{\"event\":\"shown\"}", "%s/displays", path), 204);
    expect_status(client_post(fixture_key(ADMIN), "{\"respondents\":[\"c-1\"]}", "%s/links", path),
                  200);
    expect_int(expect_status(client_get(fixture_key(ADMIN), "%s/nps", path), 200), "/responses", 2);
    expect_status(client_get(fixture_key(ADMIN), "%s/nps/breakdown?by=branch", path), 200);
    expect_status(client_get(fixture_key(ADMIN), "%s/questions/improve", path), 200);
    expect_status(client_get(fixture_key(ADMIN), "%s/drivers", path), 200);
    expect_status(client_get(fixture_key(ADMIN), "%s/comments", path), 200);
    expect_status(client_get(fixture_key(ADMIN), "%s/rates", path), 200);
    expect_status(client_get(fixture_key(ADMIN), "/v1/nps"), 200);
    expect_status(client_delete(fixture_key(ADMIN), "%s/responses/%s", path, id), 204);
    usleep(1500 * 1000); /* a fold, displays, and when keys were used */
    expect_status(client_delete(fixture_key(ADMIN), "%s?with_responses=true", path), 204);
}

START_TEST(the_daemon)
{
    begin();
    struct daemon daemon;
    const char *settings[] = {"NPSD_TEST_SERVE=--migrate", "NPSD_DB_WORKERS=2", NULL};
    ck_assert(daemon_start(&daemon, url, settings));
    client_use(daemon.url);
    change_everything();
    expect_status(client_get(NULL, "/readyz"), 200);
    const char *log = text_file(text("%s/log", daemon.folder));
    ck_assert_msg(!strstr(log, "level=error") && !strstr(log, "level=warning event=database"), "%s",
                  log);
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
    end();
}
END_TEST

/* Whoever breaks into the daemon gets no further than its login: this one has no way back to an
 * owner's rights. */
START_TEST(no_way_back)
{
    begin();
    const char *name = fixture_database();
    ck_assert_int_eq(database_number(name,
                                     "select count(*) from pg_roles r where rolname <> '%s'"
                                     " and pg_has_role('%s', r.oid, 'member')",
                                     login, login),
                     1);
    ck_assert_str_eq(
        database_value(name, "select has_table_privilege('%s', 'audit', 'select')", login), "f");
    end();
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = commands}, {.test = the_daemon}, {.test = no_way_back}};
    return fixture_run("least_rights", NULL, tests, COUNT_OF(tests));
}
