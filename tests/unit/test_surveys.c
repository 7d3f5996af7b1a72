/* The handlers of surveys, called as the server calls them, without a server. */
#include "npsd/api/surveys.h"
#include "npsd/api/world.h"
#include "npsd/json/read.h"
#include "npsd/store/audit.h"
#include "npsd/store/folds.h"
#include "npsd/store/keys.h"
#include "suite.h"
#include "support/unit_database.h"
#include <jansson.h>
#include <string.h>

static const struct db_stmt *const *const sets[] = {directory_statements, folds_statements,
                                                    surveys_statements,   keys_statements,
                                                    audit_statements,     NULL};

static struct arena arena;
static struct world world;
static struct identity who;
static struct call call;
static struct directory_key key;
static const char *none_match;

static const char *header(const struct call *unused, const char *name)
{
    (void)unused;
    return strcmp(name, "If-None-Match") == 0 ? none_match : NULL;
}

static void setup(void)
{
    unit_pg_sql("truncate survey, question, response, tally_state, audit");
    unit_pg_sql("update directory set version = version + 1");
    arena_init(&arena, 4096);
    world = (struct world){.directory = directory_new()};
    key = (struct directory_key){.id = 3, .role = ROLE_ADMIN, .name = "Olga", .all_surveys = true};
    who = (struct identity){.role = ROLE_ADMIN, .key = &key, .actor = "key 3 Olga"};
    call = (struct call){.arena = &arena,
                         .request_id = "r",
                         .world = &world,
                         .identity = &who,
                         .header = header,
                         .public_url = "https://nps.example",
                         .db = unit_database_connect(sets)};
    none_match = NULL;
}

static void teardown(void)
{
    directory_release(who.snapshot);
    directory_free(world.directory);
    pg_free(call.db);
    arena_done(&arena);
}

/* What the server does before a handler: query, body, snapshot, survey. */
static struct reply run(struct reply (*handle)(struct call *), const char *survey,
                        const char *query, const char *body)
{
    directory_release(who.snapshot);
    ck_assert_int_eq(directory_refresh(world.directory, call.db), DB_OK);
    who.snapshot = directory_acquire(world.directory);
    who.survey = survey ? directory_survey(who.snapshot, survey) : NULL;
    ck_assert(!survey || who.survey);
    ck_assert(call_parse_pairs(&arena, query, strlen(query), call.query, CALL_QUERY_MAX,
                               &call.query_count));
    call.body = body;
    call.body_len = body ? strlen(body) : 0;
    return handle(&call);
}

static const char *find(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

static json_t *body_of(const struct reply *reply)
{
    const char *detail = NULL;
    json_t *value = json_read(&arena, reply->body, reply->body_len, &detail);
    ck_assert_msg(value != NULL, "%s", detail);
    return value;
}

static const char *text(const struct reply *reply, const char *member)
{
    const char *found = json_string_value(json_object_get(body_of(reply), member));
    return found ? found : "";
}

/* The problem's slug and the place of its first error: "invalid /time_zone". */
static const char *problem(const struct reply *reply)
{
    const json_t *error = json_array_get(json_object_get(body_of(reply), "errors"), 0);
    const char *place = json_string_value(json_object_get(error, "pointer"));
    if (!place)
        place = json_string_value(json_object_get(error, "parameter"));
    return arena_printf(&arena, "%s%s%s", strrchr(text(reply, "type"), '/') + 1, place ? " " : "",
                        place ? place : "");
}

static void create(const char *slug)
{
    const char *body =
        arena_printf(&arena, "{\"id\": \"%s\", \"title\": {\"en\": \"Visit\"}}", slug);
    struct reply reply = run(surveys_create, NULL, "", body);
    ck_assert_msg(reply.status == 201, "%.*s", (int)reply.body_len, reply.body);
}

static void answer(const char *slug)
{
    unit_pg_sql("insert into response (survey_id, score, channel, answered_at, received_at, id,"
                " body_hash) select id, 9, 0, now(), now(), gen_random_uuid(), '\\x00'"
                " from survey where slug = '%s'",
                slug);
}

START_TEST(created_is_there_at_once)
{
    struct reply reply = run(surveys_create, NULL, "",
                             "{\"id\": \"one\", \"title\": {\"en\": \"Visit\"},"
                             " \"time_zone\": \"Europe/Moscow\", \"min_responses\": 5}");
    ck_assert_int_eq(reply.status, 201);
    ck_assert_str_eq(find(&reply, "Location"), "/v1/surveys/one");
    ck_assert_str_eq(text(&reply, "id"), "one");
    ck_assert_str_eq(text(&reply, "time_zone"), "Europe/Moscow");
    ck_assert_int_eq(json_integer_value(json_object_get(body_of(&reply), "min_responses")), 5);
    ck_assert_uint_eq(json_array_size(json_object_get(body_of(&reply), "questions")), 3);
    ck_assert_str_ne(text(&reply, "created_at"), "1970-01-01T00:00:00Z");
    struct directory_snapshot *snapshot = directory_acquire(world.directory);
    ck_assert_ptr_nonnull(directory_survey(snapshot, "one"));
    directory_release(snapshot);
    ck_assert_str_eq(unit_pg_value("select concat_ws('|', actor, action, subject,"
                                   " survey_id = (select id from survey)) from audit"),
                     "key 3 Olga|survey.create|one|t");
}
END_TEST

START_TEST(refused_creations_leave_nothing)
{
    static const struct {
        const char *query, *body, *problem;
        int status;
    } cases[] = {
        {"", "{", "bad-json", 400},
        {"", "", "bad-json", 400},
        {"", "{\"id\": \"x\", \"id\": \"x\", \"title\": {\"en\": \"V\"}}", "bad-json", 400},
        {"", "[]", "invalid ", 422},
        {"", "{\"title\": {\"en\": \"V\"}}", "invalid /id", 422},
        {"", "{\"id\": \"X\", \"title\": {\"en\": \"V\"}}", "invalid /id", 422},
        {"", "{\"id\": \"x\", \"title\": {\"en\": \"V\"}, \"tz\": 1}", "invalid /tz", 422},
        {"", "{\"id\": \"x\", \"title\": {\"en\": \"V\"}, \"time_zone\": \"Mars/Base\"}",
         "invalid /time_zone", 422},
        {"force=1", "{\"id\": \"x\", \"title\": {\"en\": \"V\"}}", "invalid force", 422},
        {"", "{\"id\": \"taken\", \"title\": {\"en\": \"V\"}}", "conflict", 409},
    };
    create("taken");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply reply = run(surveys_create, NULL, cases[i].query, cases[i].body);
        ck_assert_msg(reply.status == cases[i].status, "%s: %d", cases[i].body, reply.status);
        ck_assert_str_eq(problem(&reply), cases[i].problem);
    }
    ck_assert_int_eq(unit_pg_number("select count(*) from survey"), 1);
    ck_assert_int_eq(unit_pg_number("select count(*) from audit"), 1);
}
END_TEST

START_TEST(a_key_for_some_surveys_adds_none)
{
    key.all_surveys = false;
    struct reply reply = run(surveys_create, NULL, "", "{");
    ck_assert_int_eq(reply.status, 403);
}
END_TEST

/* Members of a survey that only one of the forms has. */
START_TEST(each_role_sees_its_form)
{
    create("one");
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        who.role = role;
        struct reply reply = run(survey_get, "one", "", NULL);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_str_eq(text(&reply, "id"), "one");
        bool full = json_object_get(body_of(&reply), "min_responses") != NULL;
        ck_assert_msg(full == (role >= ROLE_VIEWER), "%s", role_name(role));
    }
}
END_TEST

START_TEST(got_twice_is_not_modified)
{
    create("one");
    struct reply first = run(survey_get, "one", "", NULL);
    none_match = find(&first, "ETag");
    struct reply second = run(survey_get, "one", "", NULL);
    ck_assert_int_eq(second.status, 304);
    who.role = ROLE_AGENT;
    ck_assert_int_eq(run(survey_get, "one", "", NULL).status, 200);
    who.role = ROLE_ADMIN;
    struct reply change = run(survey_patch_handle, "one", "", "{\"open\": false}");
    ck_assert_int_eq(change.status, 200);
    struct reply third = run(survey_get, "one", "", NULL);
    ck_assert_int_eq(third.status, 200);
    ck_assert_str_eq(find(&third, "ETag"), find(&change, "ETag"));
    struct reply wrong = run(survey_get, "one", "a=1", NULL);
    ck_assert_int_eq(wrong.status, 422);
    ck_assert_str_eq(problem(&wrong), "invalid a");
}
END_TEST

START_TEST(patch_merges)
{
    create("one");
    struct reply reply =
        run(survey_patch_handle, "one", "",
            "{\"open\": false, \"title\": {\"ru\": \"\xd0\x96\"}, \"time_zone\": \"Asia/Tokyo\"}");
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(text(&reply, "time_zone"), "Asia/Tokyo");
    ck_assert(json_is_false(json_object_get(body_of(&reply), "open")));
    ck_assert_str_ne(text(&reply, "updated_at"), text(&reply, "created_at"));
    ck_assert_int_eq(json_integer_value(json_object_get(body_of(&reply), "edit_minutes")), 30);
    ck_assert_str_eq(unit_pg_value("select action || ' ' || detail from audit order by id desc"),
                     "survey.change open, title, time_zone");
    struct reply got = run(survey_get, "one", "", NULL);
    ck_assert_uint_eq(got.body_len, reply.body_len);
    ck_assert_mem_eq(got.body, reply.body, got.body_len);
}
END_TEST

#define NPS "{\"id\": \"recommend\", \"type\": \"nps\", \"text\": {\"en\": \"How likely?\"}}"
#define WHY(type)                                                                                  \
    "{\"questions\": [" NPS ", {\"id\": \"why\", \"type\": \"" type                                \
    "\", \"text\": {\"en\": \"Why?\"}}]}"

START_TEST(questions_are_kept_once_answered)
{
    create("one");
    create("two");
    answer("two");
    struct reply reply = run(survey_patch_handle, "one", "", WHY("yes_no"));
    ck_assert_msg(reply.status == 200, "%.*s", (int)reply.body_len, reply.body);
    ck_assert_uint_eq(json_array_size(json_object_get(body_of(&reply), "questions")), 2);
    ck_assert_str_eq(unit_pg_value("select string_agg(id || n || coalesce(position, 0), ','"
                                   " order by n) from question where survey_id ="
                                   " (select id from survey where slug = 'one')"),
                     "recommend11,why22,improve30");
    reply = run(survey_patch_handle, "two", "", WHY("yes_no"));
    ck_assert_int_eq(reply.status, 200);
    reply = run(survey_patch_handle, "two", "", WHY("text"));
    ck_assert_int_eq(reply.status, 200);
    unit_pg_sql("update response set answers = '{\"why\": \"Slow\"}'");
    reply = run(survey_patch_handle, "two", "", WHY("yes_no"));
    ck_assert_int_eq(reply.status, 422);
    ck_assert_str_eq(problem(&reply), "invalid /questions/1/type");
    reply = run(survey_patch_handle, "two", "", WHY("text"));
    ck_assert_int_eq(reply.status, 200);
}
END_TEST

/* Somebody holds what must be read to find out, longer than a statement may take. */
static enum db_status patch_while_locked(struct pg *pg, void *context)
{
    struct reply *reply = context;
    ck_assert_int_eq(pg_command(pg, "set local role none;"
                                    " lock table response in access exclusive mode"),
                     DB_OK);
    *reply = survey_patch_handle(&call);
    return DB_OK;
}

START_TEST(questions_are_kept_in_doubt)
{
    create("one");
    run(survey_get, "one", "", NULL);
    struct reply reply;
    struct pg *other = call.db;
    struct pg_options hasty = {
        .url = unit_pg_url(), .sets = sets, .allow_unsafe = true, .statement_timeout_ms = 200};
    call.db = pg_new(&hasty);
    ck_assert_int_eq(pg_connect(call.db), DB_OK);
    call.body = WHY("yes_no");
    call.body_len = strlen(call.body);
    ck_assert_int_eq(pg_transaction(other, "test", DB_READ_COMMITTED, patch_while_locked, &reply),
                     DB_OK);
    ck_assert_int_eq(reply.status, 422);
    ck_assert_str_eq(problem(&reply), "invalid /questions/1/type");
    call.body = "{\"open\": false}"; /* does not ask */
    call.body_len = strlen(call.body);
    ck_assert_int_eq(pg_transaction(other, "test", DB_READ_COMMITTED, patch_while_locked, &reply),
                     DB_OK);
    ck_assert_int_eq(reply.status, 200);
    pg_free(call.db);
    call.db = other;
}
END_TEST

START_TEST(refused_patches_change_nothing)
{
    static const struct {
        const char *query, *body, *problem;
        int status;
    } cases[] = {
        {"", "{", "bad-json", 400},
        {"", "[]", "invalid ", 422},
        {"", "{\"id\": \"other\"}", "invalid /id", 422},
        {"", "{\"open\": 1, \"x\": 2}", "invalid /open", 422},
        {"", "{\"title\": {\"en\": \"New\"}, \"time_zone\": \"Mars/Base\"}", "invalid /time_zone",
         422},
        {"a=b", "{\"open\": false}", "invalid a", 422},
    };
    create("one");
    struct reply before = run(survey_get, "one", "", NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply reply = run(survey_patch_handle, "one", cases[i].query, cases[i].body);
        ck_assert_msg(reply.status == cases[i].status, "%s: %d", cases[i].body, reply.status);
        ck_assert_msg(strncmp(problem(&reply), cases[i].problem, strlen(cases[i].problem)) == 0,
                      "%s: %s", cases[i].body, problem(&reply));
    }
    struct reply after = run(survey_get, "one", "", NULL);
    ck_assert_str_eq(find(&before, "ETag"), find(&after, "ETag"));
    ck_assert_int_eq(unit_pg_number("select count(*) from audit"), 1);
}
END_TEST

/* Another daemon was quicker than this one's directory. */
START_TEST(gone_meanwhile)
{
    create("one");
    run(survey_get, "one", "", NULL);
    unit_pg_sql("delete from survey");
    call.body = "{\"open\": false}";
    call.body_len = strlen(call.body);
    ck_assert_int_eq(survey_patch_handle(&call).status, 404);
    ck_assert_int_eq(survey_delete(&call).status, 404);
}
END_TEST

START_TEST(deleted_with_its_responses_only_if_told)
{
    create("empty");
    create("used");
    answer("used");
    ck_assert_int_eq(run(survey_delete, "empty", "", NULL).status, 204);
    struct reply reply = run(survey_delete, "used", "", NULL);
    ck_assert_int_eq(reply.status, 409);
    ck_assert_str_eq(problem(&reply), "survey-in-use");
    ck_assert_int_eq(run(survey_delete, "used", "with_responses=false", NULL).status, 409);
    reply = run(survey_delete, "used", "with_responses=1", NULL);
    ck_assert_str_eq(problem(&reply), "invalid with_responses");
    reply = run(survey_delete, "used", "with=true", NULL);
    ck_assert_str_eq(problem(&reply), "invalid with");
    ck_assert_int_eq(run(survey_delete, "used", "with_responses=true", NULL).status, 204);
    ck_assert_int_eq(unit_pg_number("select count(*) from survey"), 0);
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 0);
    ck_assert_str_eq(unit_pg_value("select string_agg(concat_ws(' ', action, subject, detail), ','"
                                   " order by id) from audit where action = 'survey.delete'"),
                     "survey.delete empty,survey.delete used with its responses");
    struct directory_snapshot *snapshot = directory_acquire(world.directory);
    ck_assert_uint_eq(snapshot->survey_count, 0);
    directory_release(snapshot);
}
END_TEST

/* --- list --- */

/* The ids of a list's items: "a,b". */
static const char *items(const struct reply *reply)
{
    const json_t *list = json_object_get(body_of(reply), "items");
    struct buf ids = buf_make(&arena, 64);

    ck_assert_msg(reply->status == 200 && json_is_array(list), "%.*s", (int)reply->body_len,
                  reply->body);
    for (size_t i = 0; i < json_array_size(list); i++)
        buf_printf(&ids, "%s%s", i > 0 ? "," : "",
                   json_string_value(json_object_get(json_array_get(list, i), "id")));
    return ids.data;
}

START_TEST(listed_newest_first)
{
    static const char *const slugs[] = {"b", "d", "a", "c", "e"};
    for (size_t i = 0; i < COUNT_OF(slugs); i++)
        create(slugs[i]);
    struct reply reply = run(surveys_list, NULL, "", NULL);
    ck_assert_str_eq(items(&reply), "e,c,a,d,b");
    ck_assert(json_is_null(json_object_get(body_of(&reply), "next_cursor")));
    ck_assert_ptr_null(find(&reply, "Link"));
    reply = run(surveys_list, NULL, "limit=5", NULL);
    ck_assert(json_is_null(json_object_get(body_of(&reply), "next_cursor")));
}
END_TEST

START_TEST(pages_follow_each_other)
{
    static const char *const slugs[] = {"e", "d-0-9-long", "c", "b", "a"};
    for (size_t i = 0; i < COUNT_OF(slugs); i++)
        create(slugs[i]);
    call.path = "/v1/surveys";
    struct reply reply = run(surveys_list, NULL, "limit=2", NULL);
    ck_assert_str_eq(items(&reply), "a,b");
    const char *cursor = text(&reply, "next_cursor");
    ck_assert_str_eq(
        find(&reply, "Link"),
        arena_printf(&arena, "<https://nps.example/v1/surveys?cursor=%s&limit=2>; rel=\"next\"",
                     cursor));
    unit_pg_sql("delete from survey where slug = 'b'"); /* a cursor needs not its item */
    create("newer");
    reply = run(surveys_list, NULL, arena_printf(&arena, "limit=2&cursor=%s", cursor), NULL);
    ck_assert_str_eq(items(&reply), "c,d-0-9-long");
    cursor = text(&reply, "next_cursor");
    reply = run(surveys_list, NULL, arena_printf(&arena, "cursor=%s&limit=2", cursor), NULL);
    ck_assert_str_eq(items(&reply), "e");
    ck_assert(json_is_null(json_object_get(body_of(&reply), "next_cursor")));
}
END_TEST

/* Made in one transaction: the later number is the newer one. */
START_TEST(pages_of_surveys_of_one_moment)
{
    static const char *const slugs[] = {"a", "b", "c"};
    for (size_t i = 0; i < COUNT_OF(slugs); i++)
        create(slugs[i]);
    unit_pg_sql("update survey set created_at = '2026-11-20T14:03:00Z'");
    struct reply reply = run(surveys_list, NULL, "limit=1", NULL);
    ck_assert_str_eq(items(&reply), "c");
    const char *cursor = text(&reply, "next_cursor");
    reply = run(surveys_list, NULL, arena_printf(&arena, "cursor=%s", cursor), NULL);
    ck_assert_str_eq(items(&reply), "b,a");
}
END_TEST

START_TEST(listed_are_those_of_the_key)
{
    create("a");
    create("b");
    create("c");
    const int32_t ids[] = {(int32_t)unit_pg_number("select id from survey where slug = 'c'"),
                           (int32_t)unit_pg_number("select id from survey where slug = 'a'")};
    key.all_surveys = false;
    key.surveys = ids;
    key.survey_count = 2;
    struct reply reply = run(surveys_list, NULL, "", NULL);
    ck_assert_str_eq(items(&reply), "c,a");
    reply = run(surveys_list, NULL, "limit=1", NULL);
    ck_assert_str_eq(items(&reply), "c");
    ck_assert_str_ne(text(&reply, "next_cursor"), "");
    key.survey_count = 1;
    reply = run(surveys_list, NULL, "limit=1", NULL);
    ck_assert(json_is_null(json_object_get(body_of(&reply), "next_cursor")));
    const json_t *item = json_array_get(json_object_get(body_of(&reply), "items"), 0);
    ck_assert_ptr_nonnull(json_object_get(item, "min_responses"));
    who.role = ROLE_AGENT;
    reply = run(surveys_list, NULL, "", NULL);
    item = json_array_get(json_object_get(body_of(&reply), "items"), 0);
    ck_assert_ptr_null(json_object_get(item, "min_responses"));
}
END_TEST

START_TEST(wrong_pages)
{
    static const struct {
        const char *query, *problem;
    } cases[] = {
        {"limit=0", "invalid limit"},
        {"limit=1001", "invalid limit"},
        {"limit=", "invalid limit"},
        {"limit=-1", "invalid limit"},
        {"limit=1.0", "invalid limit"},
        {"cursor=", "invalid cursor"},
        {"cursor=!!", "invalid cursor"},
        {"cursor=YQ==", "invalid cursor"},
        {"cursor=YQ", "invalid cursor"},
        {"page=2", "invalid page"},
        {"cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "invalid cursor"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reply reply = run(surveys_list, NULL, cases[i].query, NULL);
        ck_assert_msg(reply.status == 422, "%s: %d", cases[i].query, reply.status);
        ck_assert_str_eq(problem(&reply), cases[i].problem);
    }
    const char *endless = arena_printf(&arena, "cursor=%0300d", 0);
    ck_assert_int_eq(run(surveys_list, NULL, endless, NULL).status, 422);
}
END_TEST

/* --- the database fails --- */

START_TEST(told_when_the_database_is_away)
{
    create("one");
    run(survey_get, "one", "", NULL);
    struct pg_options nowhere = {
        .url = "host=/nonexistent connect_timeout=1", .sets = sets, .allow_unsafe = true};
    struct pg *good = call.db;
    call.db = pg_new(&nowhere);
    call.body = "{\"open\": false}";
    call.body_len = strlen(call.body);
    struct reply reply = survey_patch_handle(&call);
    ck_assert_int_eq(reply.status, 503);
    ck_assert_str_eq(problem(&reply), "unavailable");
    ck_assert_str_eq(find(&reply, "Retry-After"), "1");
    ck_assert_int_eq(survey_delete(&call).status, 503);
    ck_assert_int_eq(survey_get(&call).status, 200);
    pg_free(call.db);
    call.db = good;
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {created_is_there_at_once,
                                  refused_creations_leave_nothing,
                                  a_key_for_some_surveys_adds_none,
                                  each_role_sees_its_form,
                                  got_twice_is_not_modified,
                                  patch_merges,
                                  questions_are_kept_once_answered,
                                  questions_are_kept_in_doubt,
                                  refused_patches_change_nothing,
                                  gone_meanwhile,
                                  deleted_with_its_responses_only_if_told,
                                  listed_newest_first,
                                  pages_follow_each_other,
                                  pages_of_surveys_of_one_moment,
                                  listed_are_those_of_the_key,
                                  wrong_pages,
                                  told_when_the_database_is_away};
    Suite *suite = suite_create("surveys");
    TCase *tcase = tcase_create("surveys");

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
