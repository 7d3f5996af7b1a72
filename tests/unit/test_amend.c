/* Changing answers that are there: who may, until when, what is told, and what stays exact. */
#include "npsd/api/access.h"
#include "npsd/api/limits.h"
#include "npsd/api/survey_change.h"
#include "npsd/base/clock.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include <string.h>

static struct unit_call c;
static const char *id, *token, *analyst;

static struct reply run(enum http_method method, const char *path, unsigned media, const char *body)
{
    unit_call_to(&c, method, path);
    unit_call_body(&c, media, body);
    return unit_call_run(&c);
}

static void post(const char *survey, const char *body)
{
    struct reply reply = run(HTTP_POST, arena_printf(&c.arena, "/v1/surveys/%s/responses", survey),
                             MEDIA_JSON, body);
    ck_assert_int_eq(reply.status, 201);
    const json_t *told = unit_reply_json(&c.arena, &reply);
    id = json_string_value(json_object_get(told, "id"));
    token = json_string_value(json_object_get(told, "edit_token"));
}

static void setup(void)
{
    unit_call_open(&c);
    unit_call_lanes(&c, 100);
    unit_call_survey(&c, "open", "'edit_minutes': 30, 'facets': ['branch']");
    analyst = unit_call_key(&c, ROLE_ANALYST, NULL, NULL);
    post("open", "{'score': 9, 'answers': {'why': 'Fast'}, 'respondent': 'c-17',"
                 " 'properties': {'branch': 'north'}, 'language': 'en'}");
}

static void teardown(void)
{
    unit_call_done(&c);
}

static const char *path(const char *tail)
{
    return arena_printf(&c.arena, "/v1/surveys/open/responses/%s%s", id, tail);
}

static struct reply patch(const char *credentials, const char *body)
{
    unit_call_bearer(&c, credentials);
    return run(HTTP_PATCH, path(""), MEDIA_JSON, body);
}

static const char *tells(struct reply reply)
{
    return unit_reply_tells(&c.arena, &reply);
}

/* Scores by weight in the journal: what the answer counts as. */
static const char *counted(void)
{
    return unit_pg_value("select coalesce(string_agg(score || ':' || n, ' ' order by score), '')"
                         " from (select score, sum(weight) as n from journal_cell"
                         "  where cut = 0 group by score) x"
                         " where n <> 0");
}

START_TEST(numbers_follow)
{
    ck_assert_str_eq(counted(), "9:1");
    ck_assert_str_eq(tells(patch(token, "{'score': 3}")), "200");
    ck_assert_str_eq(counted(), "3:1");
    ck_assert_str_eq(tells(patch(analyst, "{'excluded': true, 'reason': 'test'}")), "200");
    ck_assert_str_eq(counted(), "");
    ck_assert_str_eq(tells(patch(token, "{'score': 8}")), "200");
    ck_assert_str_eq(counted(), "");
    ck_assert_str_eq(tells(patch(analyst, "{'excluded': false}")), "200");
    ck_assert_str_eq(counted(), "8:1");
    ck_assert_int_eq(unit_pg_number("select count(*) from response_history"), 4);
    unit_call_bearer(&c, analyst);
    ck_assert_int_eq(run(HTTP_DELETE, path(""), MEDIA_NONE, "").status, 204);
    ck_assert_str_eq(counted(), "");
    ck_assert_str_eq(tells(patch(token, "{'score': 8}")), "410 erased");
    ck_assert_str_eq(tells(patch(analyst, "{'score': 8}")), "410 erased");
}
END_TEST

START_TEST(wrong_changes)
{
    static const struct {
        const char *body, *by_token, *by_key;
    } cases[] = {
        {"{", "400 bad-json", "400 bad-json"},
        {"[]", "422 invalid ", "422 invalid "},
        {"{'score': 11}", "422 invalid /score", "422 invalid /score"},
        {"{'colour': 'red'}", "422 invalid /colour", "422 invalid /colour"},
        {"{'excluded': true}", "422 invalid /excluded", "200"},
        {"{'reason': 'x'}", "422 invalid /reason", "422 invalid /reason"},
        {"{'respondent': 'x'}", "422 invalid /respondent", "200"},
        {"{'answered_at': '2020-01-01T00:00:00Z'}", "422 invalid /answered_at", "200"},
        {"{'id': '0193e5a0-0000-7000-8000-000000000000'}", "422 invalid /id", "422 invalid /id"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert_str_eq(tells(patch(token, cases[i].body)), cases[i].by_token);
        ck_assert_str_eq(tells(patch(analyst, cases[i].body)), cases[i].by_key);
    }
}
END_TEST

/* The time of a token is over after edit_minutes; that of a key is not. */
START_TEST(time_is_over)
{
    c.call.received_us += 30 * 60 * CLOCK_SECOND_US;
    ck_assert_str_eq(tells(patch(token, "{'score': 8}")), "200");
    c.call.received_us += 1;
    ck_assert_str_eq(tells(patch(token, "{'score': 7}")), "403 edit-time-over");
    ck_assert_str_eq(tells(patch(analyst, "{'score': 7}")), "200");
    ck_assert_str_eq(counted(), "7:1");
}
END_TEST

/* Who holds a token is told of his answer, not what the staff has added to it. */
START_TEST(what_a_token_shows)
{
    static const char *const hidden[] = {"excluded",   "reason",      "agent",
                                         "respondent", "external_id", "properties"};
    ck_assert_str_eq(
        tells(patch(analyst, "{'excluded': true, 'reason': 'obviously drunk', 'agent': 'Olga'}")),
        "200");
    struct reply reply = patch(token, "{'score': 8, 'answers': {'improve': 'wait'}}");
    const json_t *told = unit_reply_json(&c.arena, &reply);
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        ck_assert_msg(!json_object_get(told, hidden[i]), "%s", hidden[i]);
    ck_assert_str_eq(json_string_value(json_object_get(told, "id")), id);
    ck_assert_str_eq(json_string_value(json_object_get(told, "group")), "neutral");
    ck_assert_uint_eq(json_object_size(json_object_get(told, "answers")), 2);
    reply = patch(analyst, "{}");
    told = unit_reply_json(&c.arena, &reply);
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        ck_assert_msg(json_object_get(told, hidden[i]) != NULL, "%s", hidden[i]);
}
END_TEST

/* Each change is stored: strangers may make as many as answers. */
START_TEST(changes_are_limited)
{
    limits_free(c.world.limits);
    c.world.limits = limits_new(3);
    for (int score = 0; score < 3; score++)
        ck_assert_str_eq(tells(patch(token, arena_printf(&c.arena, "{'score': %d}", score))),
                         "200");
    ck_assert_str_eq(tells(patch(token, "{'score': 8}")), "429 too-many-requests");
    ck_assert_str_eq(tells(patch(analyst, "{'score': 8}")), "200");
}
END_TEST

START_TEST(nothing_changed_is_no_version)
{
    ck_assert_str_eq(tells(patch(token, "{}")), "200");
    ck_assert_str_eq(tells(patch(token, "{'score': 9, 'answers': {'why': 'Fast'}}")), "200");
    ck_assert_int_eq(unit_pg_number("select count(*) from response_history"), 0);
    ck_assert_int_eq(unit_pg_number("select count(*) from journal"), 1);
}
END_TEST

/* Another daemon adds an option and takes an answer with it, before this one has heard of it. */
START_TEST(answers_newer_than_the_directory)
{
    struct directory *stale = c.world.directory;
    struct survey_change change = {.arena = &c.arena, .actor = "test"};
    change.errors.arena = &c.arena;
    unit_call_refresh(&c);
    c.world.directory = directory_new();
    json_t *definition = json_loads(
        "{\"questions\": [{\"id\": \"recommend\", \"type\": \"nps\", \"text\": {\"en\": \"x\"}},"
        " {\"id\": \"fresh\", \"type\": \"yes_no\", \"text\": {\"en\": \"x\"}}]}",
        0, NULL);
    ck_assert_int_eq(survey_amend(c.call.db, &change, "open", definition), DB_OK);
    ck_assert_int_eq(change.outcome, SURVEY_DONE);
    json_decref(definition);
    unit_call_bearer(&c, NULL);
    post("open", "{'score': 9, 'answers': {'fresh': true}}");
    directory_free(c.world.directory);
    c.world.directory = stale;

    bool ask;
    unit_call_to(&c, HTTP_PATCH, path(""));
    unit_call_body(&c, MEDIA_JSON, "{'score': 2}");
    unit_call_bearer(&c, token);
    ck_assert_int_eq(access_admit(&c.call, &ask).status, 0);
    ck_assert(!ask);
    ck_assert_int_eq(c.call.route->handle(&c.call).status, 200);
    ck_assert_str_eq(unit_pg_value("select answers::text from response where id = '%s'", id),
                     "{\"fresh\": true}");
    ck_assert_str_eq(
        unit_pg_value("select string_agg(score || ':' || n, ' ') from (select score, sum(weight)"
                      " as n from journal_cell where cut & 4294967295 = 1 and cut >> 32 > 10"
                      " group by score having sum(weight) <> 0) x"),
        "2:1");
}
END_TEST

/* --- reading --- */

static const char *get(const char *where, const char *credentials)
{
    unit_call_bearer(&c, credentials);
    unit_call_to(&c, HTTP_GET, where);
    struct reply reply = access_admit_fresh(&c.call);
    if (!reply.status)
        reply = c.call.route->handle(&c.call);
    const char *cache = unit_reply_header(&reply, "Cache-Control");
    ck_assert_msg(cache && (strcmp(cache, "no-store") == 0 || strstr(cache, "no-cache")), "%s",
                  where);
    return tells(reply);
}

/* An id is good in its own survey only, and is no secret. */
START_TEST(other_surveys)
{
    unit_call_survey(&c, "other", "");
    const char *foreign = arena_printf(&c.arena, "/v1/surveys/other/responses/%s", id);
    const char *own = unit_call_key(&c, ROLE_ADMIN, "other", NULL);
    ck_assert_str_eq(get(foreign, analyst), "404 not-found");
    ck_assert_str_eq(get(foreign, own), "404 not-found");
    ck_assert_str_eq(get(path(""), own), "404 not-found");
    ck_assert_str_eq(get(arena_printf(&c.arena, "%s/history", foreign), analyst), "404 not-found");
    ck_assert_str_eq(get(path(""), analyst), "200");
    ck_assert_str_eq(get(path("/history"), analyst), "200");
    unit_call_bearer(&c, own);
    ck_assert_str_eq(tells(run(HTTP_DELETE, foreign, MEDIA_NONE, "")), "404 not-found");
    ck_assert_str_eq(tells(run(HTTP_PATCH, foreign, MEDIA_JSON, "{'score': 1}")), "404 not-found");
    ck_assert_str_eq(counted(), "9:1");
}
END_TEST

START_TEST(odd_ids)
{
    static const char *const ids[] = {"x", "0193e5a0-0000-7000-8000-000000000000", "%27", "..",
                                      "0193e5a00000700080000000000000000000"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        const char *where = arena_printf(&c.arena, "/v1/surveys/open/responses/%s", ids[i]);
        ck_assert_msg(strcmp(get(where, analyst), "404 not-found") == 0, "%s", ids[i]);
        ck_assert_str_eq(get(arena_printf(&c.arena, "%s/history", where), analyst),
                         "404 not-found");
    }
}
END_TEST

/* However often an answer was changed, a reply has an end. */
START_TEST(long_histories)
{
    unit_pg_sql("insert into response_history (survey_id, id, version, changed_at, changed_by,"
                " score, channel, answered_at, excluded) select survey_id, id, n, now(), 'x', 1, 0,"
                " now(), false from response, generate_series(1, 2500) n");
    unit_call_bearer(&c, analyst);
    struct reply reply = run(HTTP_GET, path("/history"), MEDIA_NONE, "");
    const json_t *items = json_object_get(unit_reply_json(&c.arena, &reply), "items");
    ck_assert_uint_eq(json_array_size(items), 1000);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(items, 0), "version")),
                     1501);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(items, 999), "version")),
                     2500);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        numbers_follow,
        wrong_changes,
        time_is_over,
        what_a_token_shows,
        changes_are_limited,
        nothing_changed_is_no_version,
        answers_newer_than_the_directory,
        other_surveys,
        odd_ids,
        long_histories,
    };
    return unit_database_run_checked("amend", setup, teardown, tests, COUNT_OF(tests));
}
