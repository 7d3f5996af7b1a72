/* Access by the token of a signed link, as Bearer and in the path. */
#include "access_calls.h"
#include "npsd/api/limits.h"
#include "npsd/base/clock.h"
#include "npsd/domain/link.h"
#include <string.h>

static struct link_keys keys(void)
{
    struct directory_snapshot *snapshot = directory_acquire(c.world.directory);
    struct link_keys keys = snapshot->link_keys;
    directory_release(snapshot);
    return keys;
}

static const char *sign(const char *slug, const struct link_key *key, int64_t lasts_s)
{
    struct link link = {.expires_s = (uint32_t)(clock_now_us() / CLOCK_SECOND_US + lasts_s),
                        .respondent = "c-17"};
    link.survey_id = (int32_t)unit_pg_number("select id from survey where slug = '%s'", slug);
    return link_write(&link, key, arena_alloc(&c.arena, LINK_TOKEN_SIZE));
}

static const char *token_of(const char *slug)
{
    struct link_keys all = keys();
    return sign(slug, &all.items[0], 1000);
}

static const char *as_bearer(enum http_method method, const char *path, const char *token)
{
    unit_call_to(&c, method, path);
    unit_call_bearer(&c, token);
    return tells(admit());
}

static const char *as_path(enum http_method method, const char *token, const char *rest)
{
    unit_call_bearer(&c, NULL);
    unit_call_to(&c, method, arena_printf(&c.arena, "/s/%s%s", token, rest));
    return tells(admit());
}

static void expect_link(const char *slug)
{
    const struct identity *who = call_identity(&c.call);
    ck_assert_ptr_nonnull(who->link);
    ck_assert_str_eq(who->link->respondent, "c-17");
    ck_assert_str_eq(who->survey->slug, slug);
    ck_assert_int_eq(who->link->survey_id, who->survey->id);
    ck_assert_int_eq(who->role, ROLE_NONE);
    ck_assert_str_eq(who->actor, "link");
}

/* What a link of the survey opens as Bearer; everything else is 401, as with a wrong key. */
static const struct {
    enum http_method method;
    const char *path, *open, *linked, *keyed;
} doors[] = {
    {HTTP_POST, "/responses", "go on", "go on", "401 unauthorized"},
    {HTTP_GET, "", "go on", "go on", "401 unauthorized"},
    {HTTP_GET, "/nps", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_GET, "/nps.svg", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_GET, "/comments", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_GET, "/responses", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_POST, "/links", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_PATCH, "", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_DELETE, "", "401 unauthorized", "401 unauthorized", "401 unauthorized"},
    {HTTP_GET, "/responses/" RESPONSE_ID, "401 unauthorized", "401 unauthorized",
     "401 unauthorized"},
    {HTTP_PATCH, "/responses/" RESPONSE_ID, "401 unauthorized", "401 unauthorized",
     "401 unauthorized"},
};

static void try_door(size_t row, const char *slug, const char *expected)
{
    const char *path = arena_printf(&c.arena, "/v1/surveys/%s%s", slug, doors[row].path);
    const char *told = as_bearer(doors[row].method, path, token_of(slug));
    ck_assert_msg(strcmp(told, expected) == 0, "%s: %s, not %s", path, told, expected);
    if (strcmp(told, "go on") == 0)
        expect_link(slug);
}

START_TEST(what_a_link_opens)
{
    try_door(_i, "open", doors[_i].open);
    try_door(_i, "linked", doors[_i].linked);
    try_door(_i, "keyed", doors[_i].keyed);
}
END_TEST

START_TEST(links_in_paths)
{
    static const char *const slugs[] = {"open", "linked", "keyed"};
    for (size_t i = 0; i < COUNT_OF(slugs); i++) {
        ck_assert_str_eq(as_path(HTTP_POST, token_of(slugs[i]), ""), "go on");
        expect_link(slugs[i]);
        const char *form = strcmp(slugs[i], "keyed") == 0 ? "401 unauthorized" : "go on";
        ck_assert_str_eq(tells(access_admit_form(&c.call, NULL)), form);
        expect_link(slugs[i]);
        ck_assert_str_eq(as_path(HTTP_GET, token_of(slugs[i]), "/thanks"), "go on");
        expect_link(slugs[i]);
    }
    /* Other paths know surveys by their names alone. */
    unit_call_to(&c, HTTP_GET, arena_printf(&c.arena, "/v1/surveys/%s", token_of("open")));
    ck_assert_str_eq(tells(admit()), "404 not-found");
    ck_assert_ptr_null(call_identity(&c.call)->link);
}
END_TEST

START_TEST(without_a_link)
{
    ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/linked/responses", NULL),
                     "401 unauthorized");
    const char *submit = unit_call_key(&c, ROLE_SUBMIT, NULL, NULL);
    ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/linked/responses", submit), "403 forbidden");
    unit_call_bearer(&c, NULL);
    unit_call_to(&c, HTTP_POST, "/s/linked");
    ck_assert_str_eq(tells(admit()), "go on");
    ck_assert_str_eq(tells(access_admit_form(&c.call, NULL)), "401 unauthorized");
    ck_assert_str_eq(tells(access_admit_form(&c.call, submit)), "403 forbidden");
    ck_assert_ptr_null(call_identity(&c.call)->link);
}
END_TEST

/* A key in the form must be good and for this survey; the answer is the link's all the same. */
START_TEST(a_key_besides)
{
    const char *token = token_of("linked");
    const char *admin = unit_call_key(&c, ROLE_ADMIN, NULL, NULL);
    const char *viewer = unit_call_key(&c, ROLE_VIEWER, NULL, NULL);
    const char *other = unit_call_key(&c, ROLE_SUBMIT, "open", NULL);
    as_path(HTTP_POST, token, "");
    ck_assert_str_eq(tells(access_admit_form(&c.call, admin)), "go on");
    expect_link("linked");
    ck_assert_ptr_nonnull(call_identity(&c.call)->key);
    ck_assert_str_eq(tells(access_admit_form(&c.call, viewer)), "go on");
    expect_link("linked");
    ck_assert_str_eq(tells(access_admit_form(&c.call, other)), "404 not-found");
    ck_assert_str_eq(tells(access_admit_form(&c.call, "npsd_submit_wrong")), "401 unauthorized");
}
END_TEST

START_TEST(wrong_links)
{
    const char *good = token_of("linked");
    struct link_keys all = keys();
    struct link_key stranger = all.items[0];
    stranger.bytes[31] ^= 1;
    const char *const wrong[] = {arena_printf(&c.arena, "%sA", good),
                                 arena_printf(&c.arena, "A%s", good),
                                 arena_printf(&c.arena, ".%s", good),
                                 sign("linked", &stranger, 1000),
                                 "a.b",
                                 "."};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/linked/responses", wrong[i]),
                         "401 unauthorized");
        ck_assert(!asked);
        ck_assert_ptr_null(call_identity(&c.call)->link);
        /* A wrong one is 401 also where none is needed, and where there is nothing. */
        ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/open/responses", wrong[i]),
                         "401 unauthorized");
        ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/none/responses", wrong[i]),
                         "401 unauthorized");
        ck_assert_str_eq(as_path(HTTP_POST, wrong[i], ""), "404 not-found");
        ck_assert_str_eq(as_path(HTTP_GET, wrong[i], "/thanks"), "404 not-found");
        ck_assert(!asked);
    }
    ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/open/responses", good), "404 not-found");
    ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/none/responses", good), "404 not-found");
    const char *late = sign("linked", &all.items[0], -100);
    ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/linked/responses", late),
                     "410 link-expired");
    ck_assert_str_eq(as_path(HTTP_POST, late, ""), "410 link-expired");
    ck_assert_str_eq(as_path(HTTP_GET, late, "/thanks"), "410 link-expired");
}
END_TEST

/* Another daemon may sign with a key, and for a survey, that this one has not heard of. */
START_TEST(unknown_asks_then_decides)
{
    static const char responses[] = "/v1/surveys/linked/responses";
    struct link_keys all = keys();
    struct link_key next = {.kid = (uint8_t)(all.items[0].kid + 1)};
    memset(next.bytes, 7, sizeof next.bytes);
    const char *token = sign("linked", &next, 1000);
    ck_assert_str_eq(as_bearer(HTTP_POST, responses, token), "401 unauthorized");
    ck_assert(asked);
    unit_pg_sql("insert into secret select 'link.' || max(substr(name, 6)::int) + 1,"
                " decode(repeat('07', 32), 'hex') from secret where name like 'link.%%'");
    ck_assert_str_eq(as_path(HTTP_POST, token, ""), "go on");
    ck_assert(asked);
    ck_assert_str_eq(as_bearer(HTTP_POST, responses, token), "go on");
    ck_assert(!asked);

    unit_call_survey(&c, "late", "'access': 'link'");
    ck_assert_str_eq(as_path(HTTP_POST, sign("late", &next, 1000), ""), "go on");
    ck_assert(asked);
    expect_link("late");
    unit_pg_sql("delete from survey where slug = 'late'");
    struct link gone = {.survey_id = 1 << 30, .expires_s = UINT32_MAX};
    char text[LINK_TOKEN_SIZE];
    ck_assert_str_eq(as_path(HTTP_POST, link_write(&gone, &next, text), ""), "404 not-found");
    ck_assert(asked);
}
END_TEST

START_TEST(asking_is_limited)
{
    struct link_key stranger = {.kid = 200};
    const char *token = sign("linked", &stranger, 1000);
    limits_free(c.world.asks);
    c.world.asks = limits_new(5);
    for (int i = 0; i < 20; i++) {
        ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/linked/responses", token),
                         "401 unauthorized");
        ck_assert_msg(asked == (i < 5), "%d", i);
    }
    ck_assert_str_eq(as_bearer(HTTP_POST, "/v1/surveys/linked/responses", token_of("linked")),
                     "go on");
}
END_TEST

START_TEST(nothing_read_yet)
{
    const char *token = token_of("linked");
    directory_free(c.world.directory);
    c.world.directory = directory_new();
    ck_assert_str_eq(as_path(HTTP_POST, token, ""), "go on");
    ck_assert(asked);
    expect_link("linked");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        links_in_paths,    without_a_link,   a_key_besides, wrong_links, unknown_asks_then_decides,
        asking_is_limited, nothing_read_yet,
    };
    Suite *suite = suite_create("access_link");
    TCase *tcase = tcase_create("access_link");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, what_a_link_opens, 0, COUNT_OF(doors));
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
