/* The audit trail: every change of keys, secrets, surveys and answers leaves one row with who and
 * when, none leaves what somebody wrote or who somebody is, and what cannot be written down is not
 * done. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/links.h"
#include "support/text.h"
#include <string.h>
#include <unistd.h>

/* What stands in answers, reasons, texts and names of persons here. */
#define PERSONAL "Canary"

static long last;

static void begin(void)
{
    last = database_number(fixture_database(), "select coalesce(max(id), 0) from audit");
}

static const char *admin(void)
{
    return text("key %ld admin",
                database_number(fixture_database(), "select id from api_key where name = 'admin'"));
}

/* The one row since the last time; detail NULL: none. */
static void expect_row(const char *actor, const char *action, const char *survey,
                       const char *subject, const char *detail)
{
    const char *name = fixture_database();
    ck_assert_int_eq(database_number(name, "select count(*) from audit where id > %ld", last), 1);
    const char *expected = text("%s|%s|%s|%s|%s", actor, action, survey ? "its" : "none", subject,
                                detail ? detail : "none");
    ck_assert_str_eq(
        database_value(name,
                       "select concat_ws('|', actor, action, case when survey_id is null then"
                       " 'none' when survey_id is not distinct from coalesce((select id from survey"
                       " where slug = '%s'), survey_id) then 'its' else 'other' end, subject,"
                       " coalesce(detail, 'none')) from audit where id > %ld",
                       survey ? survey : "", last),
        expected);
    ck_assert_int_eq(database_number(name,
                                     "select count(*) from audit where id > %ld and at between"
                                     " clock_timestamp() - interval '1 min' and clock_timestamp()",
                                     last),
                     1);
    begin();
}

static void expect_no_row(void)
{
    ck_assert_int_eq(
        database_number(fixture_database(), "select count(*) from audit where id > %ld", last), 0);
}

/* Nowhere in the trail, whatever column. */
static void expect_nothing_personal(void)
{
    ck_assert_int_eq(database_number(fixture_database(),
                                     "select count(*) from audit a where a::text ~* '" PERSONAL
                                     "|npsd_(submit|agent|viewer|analyst|admin)_'"),
                     0);
}

/* --- keys and secrets --- */

START_TEST(keys_and_secrets)
{
    const char *name = fixture_database();
    begin();
    const char *key = fixture_new_key("viewer", "--name", "wall", NULL);
    long id = database_number(name, "select max(id) from api_key");
    expect_row("command line", "key.create", NULL, text("key %ld", id), "viewer wall");
    const char *const revoke[] = {"key", "revoke", text("%ld", id), NULL};
    fixture_command(revoke);
    expect_row("command line", "key.revoke", NULL, text("key %ld", id), NULL);
    ck_assert_int_ne(fixture_run_command(name, revoke).status, 0);
    expect_no_row();
    fixture_command((const char *const[]){"secret", "rotate", "link", NULL});
    long number = database_number(name, "select max(substr(name, 6)::int) from secret"
                                        " where name like 'link.%%'");
    expect_row("command line", "secret.rotate", NULL, text("link key %ld", number), NULL);
    ck_assert_int_eq(database_number(name,
                                     "select count(*) from audit a where a::text like '%%%s%%'",
                                     key + strlen(key) - 12),
                     0);
    expect_nothing_personal();
}
END_TEST

/* --- surveys --- */

START_TEST(surveys)
{
    begin();
    const char *survey = fixture_survey("");
    expect_row(admin(), "survey.create", survey, survey, NULL);
    const char *body = "{\"title\":{\"en\":\"" PERSONAL "\"},\"open\":false}";
    expect_status(client_patch(fixture_key(ADMIN), body, "/v1/surveys/%s", survey), 200);
    expect_row(admin(), "survey.change", survey, survey, "title, open");
    expect_status(
        client_patch(fixture_key(ADMIN), "{\"min_responses\":0}", "/v1/surveys/%s", survey), 422);
    expect_status(client_patch(fixture_key(ANALYST), body, "/v1/surveys/%s", survey), 403);
    expect_status(client_delete(fixture_key(ANALYST), "/v1/surveys/%s", survey), 403);
    expect_no_row();
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s", survey), 204);
    expect_row(admin(), "survey.delete", survey, survey, NULL);
    const char *full = fixture_survey("");
    fixture_answer(full, 9, "");
    begin();
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s", full), 409);
    expect_no_row();
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s?with_responses=true", full),
                  204);
    expect_row(admin(), "survey.delete", full, full, "with its responses");
    expect_nothing_personal();
}
END_TEST

START_TEST(surveys_by_command)
{
    char path[] = "/tmp/npsd-audit.XXXXXX";
    int fd = mkstemp(path);
    const char *id = text("by-command-%d", (int)getpid());
    ck_assert_int_ge(fd, 0);
    dprintf(fd, "{\"id\":\"%s\",\"title\":{\"en\":\"" PERSONAL "\"}}", id);
    close(fd);
    begin();
    fixture_command((const char *const[]){"survey", "create", path, NULL});
    unlink(path);
    expect_row("command line", "survey.create", id, id, NULL);
    expect_nothing_personal();
}
END_TEST

/* --- answers --- */

static struct reply *change(const char *key, const char *survey, const char *id, const char *body)
{
    struct reply *reply =
        client_patch(key, text_json("%s", body), "/v1/surveys/%s/responses/%s", survey, id);
    return expect_status(reply, 200);
}

START_TEST(answers)
{
    const char *survey = fixture_survey("");
    begin();
    struct reply *answer = client_post(
        NULL, text_json("{'score':9,'respondent':'" PERSONAL "','answers':{'why':'" PERSONAL "'}}"),
        "/v1/surveys/%s/responses", survey);
    const char *id = reply_string(expect_status(answer, 201), "/id");
    expect_no_row(); /* an answer is its own record */
    change(fixture_key(ADMIN), survey, id, "{'score':8,'answers':{'why':'" PERSONAL " 2'}}");
    expect_row(admin(), "response.correct", survey, id, NULL);
    change(fixture_key(ADMIN), survey, id, "{'score':8}");
    expect_no_row();
    change(reply_string(answer, "/edit_token"), survey, id, "{'answers':{'why':'" PERSONAL " 3'}}");
    expect_row("edit token", "response.correct", survey, id, NULL);
    change(fixture_key(ADMIN), survey, id, "{'excluded':true,'reason':'" PERSONAL "'}");
    expect_row(admin(), "response.exclude", survey, id, NULL);
    change(fixture_key(ADMIN), survey, id, "{'excluded':false}");
    expect_row(admin(), "response.include", survey, id, NULL);
    expect_status(client_delete(fixture_key(VIEWER), "/v1/surveys/%s/responses/%s", survey, id),
                  403);
    expect_no_row();
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey, id),
                  204);
    expect_row(admin(), "response.erase", survey, id, NULL);
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey, id),
                  410);
    expect_no_row();
    expect_nothing_personal();
}
END_TEST

START_TEST(answers_by_link)
{
    const char *survey = link_survey(""), *token = link_token(survey, PERSONAL);
    begin();
    struct reply *answer = link_answer(survey, token, "{'score':9}");
    const char *id = reply_string(expect_status(answer, 201), "/id");
    expect_no_row();
    expect_status(link_answer(survey, token, "{'score':2,'answers':{'why':'" PERSONAL "'}}"), 200);
    expect_row("link", "response.correct", survey, id, NULL);
    expect_nothing_personal();
}
END_TEST

/* --- no row, no change --- */

START_TEST(what_cannot_be_written_down)
{
    const char *name = fixture_database();
    const char *survey = fixture_survey("");
    const char *id = reply_string(fixture_answer(survey, 9, ""), "/id");
    long keys = database_number(name, "select count(*) from api_key where revoked_at is null");
    begin();
    database_sql(name, "alter table audit add constraint nothing check (false) not valid");
    const char *path = text("/v1/surveys/%s", survey);
    expect_status(client_patch(fixture_key(ADMIN), "{\"open\":false}", "%s", path), 500);
    expect_status(client_delete(fixture_key(ADMIN), "%s?with_responses=true", path), 500);
    expect_status(client_patch(fixture_key(ADMIN), "{\"score\":1}", "%s/responses/%s", path, id),
                  500);
    expect_status(client_delete(fixture_key(ADMIN), "%s/responses/%s", path, id), 500);
    expect_status(client_post(fixture_key(ADMIN),
                              text_json("{'id':'%s-b','title':{'en':'T'}}", survey), "/v1/surveys"),
                  500);
    const char *const create[] = {"key", "create", "--role", "admin", NULL};
    const char *const rotate[] = {"secret", "rotate", "link", NULL};
    struct command created = fixture_run_command(name, create);
    struct command rotated = fixture_run_command(name, rotate);
    database_sql(name, "alter table audit drop constraint nothing");
    ck_assert_int_ne(created.status, 0);
    ck_assert_str_eq(created.out, "");
    ck_assert_int_ne(rotated.status, 0);
    ck_assert_int_eq(database_number(name, "select count(*) from api_key where revoked_at is null"),
                     keys);
    expect_no_row();
    struct reply *kept = client_get(fixture_key(ADMIN), "%s/responses/%s", path, id);
    expect_int(expect_status(kept, 200), "/score", 9);
    expect_json(expect_status(client_get(NULL, "%s", path), 200), "/open", "true");
    expect_status(client_get(fixture_key(ADMIN), "%s-b", path), 404);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = keys_and_secrets},   {.test = surveys},
        {.test = surveys_by_command}, {.test = answers},
        {.test = answers_by_link},    {.test = what_cannot_be_written_down},
    };
    return fixture_run("audit", NULL, tests, COUNT_OF(tests));
}
