/* Who may do what: access as the server calls it, with a directory read from a database. */
#include "access_calls.h"
#include "npsd/api/limits.h"
#include "npsd/api/submission.h"
#include "npsd/base/crypto.h"
#include "npsd/state/keytext.h"
#include <string.h>

static bool asks(void)
{
    bool ask = false;
    access_admit(&c.call, &ask);
    return ask;
}

/* --- the table of rights --- */

static const char *const surveys[] = {"open", "keyed", "linked"};

/* A cell for each role (none, submit, agent, viewer, analyst, admin): 2 go on, 1 is 401, 3 is 403.
 */
static const struct {
    enum http_method method;
    const char *path; /* {} stands for the survey */
    const char *cells[COUNT_OF(surveys)];
} rights[] = {
    {HTTP_GET, "/healthz", {"222222", "222222", "222222"}},
    {HTTP_GET, "/s/{}/thanks", {"222222", "222222", "222222"}},
    {HTTP_GET, "/s/{}/logo", {"222222", "222222", "222222"}},
    {HTTP_GET, "/s/worker.js", {"222222", "222222", "222222"}},
    {HTTP_GET, "/assets/page.css", {"222222", "222222", "222222"}},
    {HTTP_GET, "/embed.js", {"222222", "222222", "222222"}},
    {HTTP_GET, "/demo", {"222222", "222222", "222222"}},
    {HTTP_GET, "/s/{}", {"222222", "122222", "122222"}},
    {HTTP_GET, "/v1/surveys/{}", {"222222", "122222", "122222"}},
    {HTTP_GET, "/v1/surveys", {"132222", "132222", "132222"}},
    {HTTP_POST, "/v1/surveys/{}/responses", {"222322", "122322", "132322"}},
    {HTTP_POST, "/v1/surveys/{}/responses/batch", {"222322", "122322", "132322"}},
    {HTTP_POST, "/v1/surveys/{}/links", {"133322", "133322", "133322"}},
    {HTTP_POST, "/s/{}", {"222322", "222322", "222322"}},
    {HTTP_PATCH, "/v1/surveys/{}/responses/" RESPONSE_ID, {"133322", "133322", "133322"}},
    {HTTP_POST, "/v1/surveys/{}/displays", {"222322", "122322", "132322"}},
    {HTTP_GET, "/v1/surveys/{}/rates", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/nps", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/nps/series", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/nps/breakdown", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/questions/why", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/drivers", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/nps", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/nps.svg", {"133222", "133222", "133222"}},
    {HTTP_GET, "/v1/surveys/{}/comments", {"133322", "133322", "133322"}},
    {HTTP_GET, "/v1/surveys/{}/responses", {"133322", "133322", "133322"}},
    {HTTP_GET, "/v1/surveys/{}/responses/" RESPONSE_ID, {"133322", "133322", "133322"}},
    {HTTP_DELETE, "/v1/surveys/{}/responses/" RESPONSE_ID, {"133322", "133322", "133322"}},
    {HTTP_POST, "/v1/surveys", {"133332", "133332", "133332"}},
    {HTTP_PATCH, "/v1/surveys/{}", {"133332", "133332", "133332"}},
    {HTTP_DELETE, "/v1/surveys/{}", {"133332", "133332", "133332"}},
};

static void go_to(size_t row, const char *survey)
{
    const char *path = rights[row].path, *place = strstr(path, "{}");
    if (place)
        path = arena_printf(&c.arena, "%.*s%s%s", (int)(place - path), path, survey, place + 2);
    unit_call_to(&c, rights[row].method, path);
}

START_TEST(every_role_everywhere)
{
    static const char *const replies[] = {
        ['1'] = "401 unauthorized", ['2'] = "go on", ['3'] = "403 forbidden"};
    for (enum role role = ROLE_NONE; role < ROLE_COUNT; role++) {
        unit_call_bearer(&c, role == ROLE_NONE ? NULL : unit_call_key(&c, role, NULL, NULL));
        for (size_t survey = 0; survey < COUNT_OF(surveys); survey++) {
            go_to(_i, surveys[survey]);
            const char *told = tells(admit());
            const char *expected = replies[(unsigned char)rights[_i].cells[survey][role]];
            ck_assert_msg(strcmp(told, expected) == 0, "%s of %s as %s: %s, not %s",
                          rights[_i].path, surveys[survey], role_name(role), told, expected);
        }
    }
}
END_TEST

/* A survey that a key is not for does not exist for it; one that it is for does. */
START_TEST(keys_are_for_their_surveys)
{
    if (!strstr(rights[_i].path, "{}"))
        return;
    for (enum role role = ROLE_SUBMIT; role < ROLE_COUNT; role++) {
        unit_call_bearer(&c, unit_call_key(&c, role, "keyed", NULL));
        for (size_t survey = 0; survey < COUNT_OF(surveys); survey++) {
            go_to(_i, surveys[survey]);
            bool own = strcmp(surveys[survey], "keyed") == 0;
            bool hidden = strcmp(tells(admit()), "404 not-found") == 0;
            ck_assert_msg(hidden != own, "%s of %s as %s", rights[_i].path, surveys[survey],
                          role_name(role));
        }
        go_to(_i, "no-such-survey");
        ck_assert_str_eq(tells(admit()), "404 not-found");
    }
}
END_TEST

/* What the key is good for is remembered in the identity. */
START_TEST(identity)
{
    unit_call_bearer(&c, unit_call_key(&c, ROLE_ANALYST, NULL, NULL));
    unit_call_to(&c, HTTP_GET, "/v1/surveys/keyed/nps");
    ck_assert_str_eq(tells(admit()), "go on");
    const struct identity *who = call_identity(&c.call);
    ck_assert_int_eq(who->role, ROLE_ANALYST);
    ck_assert_str_eq(who->survey->slug, "keyed");
    ck_assert_str_eq(who->actor, arena_printf(&c.arena, "key %d Olga", who->key->id));
    ck_assert(atomic_load(who->key->used));
    unit_call_bearer(&c, NULL);
    unit_call_to(&c, HTTP_GET, "/healthz");
    ck_assert_str_eq(tells(admit()), "go on");
    who = call_identity(&c.call);
    ck_assert_int_eq(who->role, ROLE_NONE);
    ck_assert_ptr_null(who->key);
    ck_assert_ptr_null(who->survey);
    ck_assert_str_eq(who->actor, "anyone");
}
END_TEST

/* --- credentials --- */

static const char *basic(const char *text)
{
    size_t len = strlen(text);
    char *encoded = arena_calloc(&c.arena, 1, 4 * len + 8);
    crypto_base64url(text, len, encoded);
    for (char *at = encoded; *at; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    while (strlen(encoded) % 4)
        encoded[strlen(encoded)] = '=';
    return arena_printf(&c.arena, "Basic %s", encoded);
}

START_TEST(ways_to_show_a_key)
{
    const char *key = unit_call_key(&c, ROLE_ADMIN, NULL, NULL);
    const char *const good[] = {
        arena_printf(&c.arena, "Bearer %s", key),
        arena_printf(&c.arena, "bEARER   %s", key),
        basic(key),
        basic(arena_printf(&c.arena, "%s:", key)),
        basic(arena_printf(&c.arena, "%s:password:more", key)),
    };
    unit_call_to(&c, HTTP_GET, "/v1/surveys");
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        unit_call_header(&c, "Authorization", good[i]);
        ck_assert_msg(strcmp(tells(admit()), "go on") == 0, "%s", good[i]);
    }
}
END_TEST

/* A wrong key is 401, also where none is needed and where there is nothing. */
START_TEST(malformed_and_unknown_keys)
{
    char stranger[KEYTEXT_SIZE], changed[KEYTEXT_SIZE];
    const char *key = unit_call_key(&c, ROLE_ADMIN, NULL, NULL);
    snprintf(changed, sizeof changed, "%s", key);
    changed[20] = changed[20] == 'a' ? 'b' : 'a';
    keytext_make(ROLE_ADMIN, stranger);
    const char *const wrong[] = {
        "",
        "Bearer",
        "Bearer ",
        "Basic ",
        "Basic !!!",
        "Basic",
        "Digest x",
        key,
        arena_printf(&c.arena, "Bearer %s", stranger),
        arena_printf(&c.arena, "Bearer %s", changed),
        arena_printf(&c.arena, "Bearer %sx", key),
        arena_printf(&c.arena, "Bearer %s %s", key, key),
        arena_printf(&c.arena, "Bearer %.*s", (int)strlen(key) - 1, key),
        "Bearer an.edit.token",
        basic(":"),
        basic(""),
        basic(arena_printf(&c.arena, ":%s", key)),
        basic("user:password"),
    };
    static const char *const paths[] = {"/healthz", "/v1/surveys/open", "/v1/surveys/none/nps"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        for (size_t path = 0; path < COUNT_OF(paths); path++) {
            unit_call_to(&c, HTTP_GET, paths[path]);
            unit_call_header(&c, "Authorization", wrong[i]);
            const char *told = tells(admit());
            ck_assert_msg(strcmp(told, "401 unauthorized") == 0, "%s: %s: %s", paths[path],
                          wrong[i], told);
        }
    /* The right one is not taken for the last one tried, nor the other way round. */
    unit_call_bearer(&c, key);
    ck_assert_str_eq(tells(admit()), "404 not-found");
    unit_call_bearer(&c, changed);
    ck_assert_str_eq(tells(admit()), "401 unauthorized");
}
END_TEST

/* Who needs a key in any case is not told which surveys there are. */
START_TEST(strangers_learn_nothing)
{
    static const char *const hidden[] = {"/v1/surveys/none/nps", "/v1/surveys/keyed/nps",
                                         "/v1/surveys/none/responses"};
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        unit_call_to(&c, HTTP_GET, hidden[i]);
        ck_assert_str_eq(tells(admit()), "401 unauthorized");
        ck_assert(!asks());
    }
    unit_call_to(&c, HTTP_PATCH, "/v1/surveys/none/responses/" RESPONSE_ID);
    ck_assert_str_eq(tells(admit()), "401 unauthorized");
    ck_assert(!asks());
    unit_call_to(&c, HTTP_GET, "/v1/surveys/none");
    ck_assert_str_eq(tells(admit()), "404 not-found");
}
END_TEST

/* --- what the snapshot does not know --- */

START_TEST(unknown_asks_then_decides)
{
    unit_call_to(&c, HTTP_GET, "/v1/surveys/open");
    ck_assert(!asks());
    unit_call_bearer(&c, unit_call_key(&c, ROLE_ADMIN, NULL, NULL));
    ck_assert(asks());
    ck_assert_str_eq(tells(access_admit_fresh(&c.call)), "go on");
    ck_assert(!asks());

    unit_call_survey(&c, "late", "'access': 'open'");
    unit_call_to(&c, HTTP_GET, "/v1/surveys/late");
    ck_assert(asks());
    ck_assert_str_eq(tells(access_admit_fresh(&c.call)), "go on");
    ck_assert_str_eq(call_identity(&c.call)->survey->slug, "late");
    ck_assert(!asks());
}
END_TEST

/* Before anything has been read, everything is asked; without a database nothing is let in. */
START_TEST(nothing_read_yet)
{
    directory_free(c.world.directory);
    c.world.directory = directory_new();
    unit_call_to(&c, HTTP_GET, "/v1/surveys/open");
    ck_assert(asks());
    struct pg *pg = c.call.db;
    c.call.db = NULL;
    ck_assert_str_eq(tells(access_admit_fresh(&c.call)), "503 unavailable");
    c.call.db = pg;
    ck_assert_str_eq(tells(access_admit_fresh(&c.call)), "go on");
    unit_call_to(&c, HTTP_GET, "/healthz");
    ck_assert(!asks());
}
END_TEST

START_TEST(revoked_keys_are_unknown)
{
    unit_call_bearer(&c, unit_call_key(&c, ROLE_ADMIN, NULL, NULL));
    unit_call_to(&c, HTTP_GET, "/v1/surveys");
    ck_assert_str_eq(tells(admit()), "go on");
    unit_pg_sql("update api_key set revoked_at = now()");
    unit_pg_sql("update directory set version = version + 1");
    unit_call_refresh(&c);
    ck_assert_str_eq(tells(admit()), "401 unauthorized");
}
END_TEST

/* Asking costs the database, so one address may not do it without end. */
START_TEST(asking_is_limited)
{
    char stranger[KEYTEXT_SIZE];
    limits_free(c.world.asks);
    c.world.asks = limits_new(5);
    unit_call_to(&c, HTTP_GET, "/v1/surveys/open");
    for (int i = 0; i < 20; i++) {
        unit_call_bearer(&c, keytext_make(ROLE_ADMIN, stranger));
        ck_assert_msg(asks() == (i < 5), "%d", i);
    }
    ck_assert_str_eq(tells(admit()), "401 unauthorized");
    unit_call_bearer(&c, NULL);
    unit_call_to(&c, HTTP_GET, "/v1/surveys/none");
    ck_assert(!asks());
    ck_assert_str_eq(tells(admit()), "404 not-found");
    c.call.client = "192.0.2.2";
    ck_assert(asks());
}
END_TEST

/* --- edit tokens --- */

static const char *token_of(const char *slug, const char *id)
{
    struct uuid uuid;
    struct directory_snapshot *snapshot = directory_acquire(c.world.directory);
    char *token = arena_alloc(&c.arena, EDIT_TOKEN_SIZE);
    ck_assert(uuid_parse(id, strlen(id), &uuid));
    submission_edit_token(snapshot, slug, &uuid, token);
    directory_release(snapshot);
    return token;
}

static const char *try_token(const char *slug, const char *id, const char *token)
{
    unit_call_to(&c, HTTP_PATCH, arena_printf(&c.arena, "/v1/surveys/%s/responses/%s", slug, id));
    unit_call_bearer(&c, token);
    return tells(admit());
}

START_TEST(edit_tokens_are_for_one_response)
{
    static const char other_id[] = "0193e5a0-0000-7000-8000-000000000001";
    const char *token = token_of("keyed", RESPONSE_ID);
    ck_assert_str_eq(try_token("keyed", RESPONSE_ID, token), "go on");
    ck_assert_str_eq(call_identity(&c.call)->actor, "edit token");
    ck_assert_int_eq(call_identity(&c.call)->role, ROLE_NONE);
    ck_assert_str_eq(try_token("keyed", "0193E5A0-0000-7000-8000-000000000000", token), "go on");
    ck_assert_str_eq(try_token("keyed", other_id, token), "401 unauthorized");
    ck_assert_str_eq(try_token("open", RESPONSE_ID, token), "401 unauthorized");
    ck_assert_str_eq(try_token("none", RESPONSE_ID, token), "401 unauthorized");
    ck_assert_str_eq(try_token("keyed", "no-id", token), "401 unauthorized");
    ck_assert_str_eq(try_token("keyed", RESPONSE_ID, NULL), "401 unauthorized");
    ck_assert_str_eq(try_token("keyed", RESPONSE_ID, "x"), "401 unauthorized");
    ck_assert_str_eq(try_token("keyed", RESPONSE_ID, arena_printf(&c.arena, "%sA", token)),
                     "401 unauthorized");
    ck_assert_str_eq(
        try_token("keyed", RESPONSE_ID, arena_printf(&c.arena, "%.*s", EDIT_TOKEN_SIZE - 2, token)),
        "401 unauthorized");
    ck_assert_str_eq(try_token("keyed", RESPONSE_ID, "npsd_but_no_key"), "401 unauthorized");
}
END_TEST

/* A path may name anything as a survey. */
START_TEST(edit_token_of_no_survey)
{
    char slug[2000];
    memset(slug, 'a', sizeof slug - 1);
    slug[sizeof slug - 1] = '\0';
    ck_assert_str_eq(try_token(slug, RESPONSE_ID, "token"), "401 unauthorized");
    ck_assert_str_eq(try_token("none", RESPONSE_ID, token_of("none", RESPONSE_ID)),
                     "404 not-found");
}
END_TEST

/* An edit token is no key anywhere else. */
START_TEST(edit_tokens_open_nothing_else)
{
    static const struct {
        enum http_method method;
        const char *path;
    } others[] = {
        {HTTP_GET, "/v1/surveys/open/responses/" RESPONSE_ID},
        {HTTP_DELETE, "/v1/surveys/open/responses/" RESPONSE_ID},
        {HTTP_GET, "/v1/surveys/open/responses/" RESPONSE_ID "/history"},
        {HTTP_GET, "/v1/surveys/open/nps"},
        {HTTP_POST, "/v1/surveys/open/responses"},
        {HTTP_PATCH, "/v1/surveys/open"},
    };
    unit_call_bearer(&c, token_of("open", RESPONSE_ID));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        unit_call_to(&c, others[i].method, others[i].path);
        ck_assert_msg(strcmp(tells(admit()), "401 unauthorized") == 0, "%s", others[i].path);
    }
}
END_TEST

/* --- closed surveys --- */

/* Said before the body is looked at, to those who might post at all. */
START_TEST(closed_surveys)
{
    unit_call_survey(&c, "shut", "'access': 'open', 'open': false");
    unit_call_survey(&c, "shut-keyed", "'access': 'key', 'open': false");
    unit_call_refresh(&c);
    static const char *const paths[] = {"/v1/surveys/shut/responses",
                                        "/v1/surveys/shut/responses/batch"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        unit_call_to(&c, HTTP_POST, paths[i]);
        unit_call_bearer(&c, NULL);
        ck_assert_str_eq(tells(admit()), "403 survey-closed");
        unit_call_bearer(&c, unit_call_key(&c, ROLE_ADMIN, NULL, NULL));
        ck_assert_str_eq(tells(admit()), "403 survey-closed");
        unit_call_bearer(&c, unit_call_key(&c, ROLE_VIEWER, NULL, NULL));
        ck_assert_str_eq(tells(admit()), "403 forbidden");
    }
    unit_call_bearer(&c, NULL);
    unit_call_to(&c, HTTP_GET, "/v1/surveys/shut");
    ck_assert_str_eq(tells(admit()), "go on");
    unit_call_to(&c, HTTP_POST, "/v1/surveys/shut-keyed/responses");
    ck_assert_str_eq(tells(admit()), "401 unauthorized");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        identity,
        ways_to_show_a_key,
        malformed_and_unknown_keys,
        strangers_learn_nothing,
        unknown_asks_then_decides,
        nothing_read_yet,
        revoked_keys_are_unknown,
        asking_is_limited,
        edit_tokens_are_for_one_response,
        edit_token_of_no_survey,
        edit_tokens_open_nothing_else,
        closed_surveys,
    };
    Suite *suite = suite_create("access");
    TCase *tcase = tcase_create("access");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_role_everywhere, 0, COUNT_OF(rights));
    tcase_add_loop_test(tcase, keys_are_for_their_surveys, 0, COUNT_OF(rights));
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
