/* Which pages of other origins may use what: posting, amending and the definition, nothing else. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define SHOP "https://shop.example"
#define SURVEY "/v1/surveys/{survey}"

/* What a page on SHOP may read; {survey} and {id} stand for those of the scene. The role is of the
 * key that the request carries, NONE with its edit token for PATCH. */
static const struct {
    const char *method, *path;
    enum fixture_role role;
    const char *body;
    bool allowed;
} rows[] = {
    {"POST", SURVEY "/responses", NONE, "{'score':9}", true},
    {"POST", SURVEY "/responses", SUBMIT, "{'score':9}", true},
    {"POST", SURVEY "/responses", NONE, "{'score':11}", true},
    {"POST", SURVEY "/responses", NONE, "{", true},
    {"POST", SURVEY "/responses/batch", NONE, "[{'score':9}]", true},
    {"PATCH", SURVEY "/responses/{id}", NONE, "{'score':10}", true},
    {"PATCH", SURVEY "/responses/{id}", NONE, "{'score':11}", true},
    {"GET", SURVEY, NONE, NULL, true},
    {"GET", SURVEY "/nps", VIEWER, NULL, false},
    {"GET", SURVEY "/responses", ANALYST, NULL, false},
    {"GET", SURVEY "/responses/{id}/history", ANALYST, NULL, false},
    {"GET", "/v1/surveys", ADMIN, NULL, false},
    {"POST", "/v1/surveys", ADMIN, "{}", false},
};

static const char *replace(const char *string, const char *part, const char *with)
{
    const char *at = strstr(string, part);
    if (!at)
        return string;
    return text("%.*s%s%s", (int)(at - string), string, with, at + strlen(part));
}

static bool is_allowed(const struct reply *reply)
{
    ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Credentials"));
    const char *origin = header_of(reply, "Access-Control-Allow-Origin");
    ck_assert_msg(!origin || strcmp(origin, "*") == 0 || strcmp(origin, SHOP) == 0, "%s: %s",
                  reply->request, origin);
    return origin != NULL;
}

/* An open survey is for pages everywhere; results and persons are for none. */
START_TEST(open_survey)
{
    const char *survey = fixture_survey("");
    struct reply *answer = fixture_answer(survey, 9, "");
    const char *path =
        replace(replace(rows[_i].path, "{survey}", survey), "{id}", reply_string(answer, "/id"));
    bool amends = strcmp(rows[_i].method, "PATCH") == 0;
    struct reply *reply = client_send(&(struct request){
        .method = rows[_i].method,
        .path = path,
        .key = amends ? reply_string(answer, "/edit_token") : fixture_key(rows[_i].role),
        .body = rows[_i].body ? text_json("%s", rows[_i].body) : NULL,
        .headers = {"Origin: " SHOP}});
    ck_assert_int_ne(reply->status, 401);
    ck_assert_msg(is_allowed(reply) == rows[_i].allowed, "%s: %ld", reply->request, reply->status);
    if (!rows[_i].allowed)
        return;
    const char *exposed = header_of(reply, "Access-Control-Expose-Headers");
    ck_assert_msg(exposed && strstr(exposed, "Location") && strstr(exposed, "Retry-After"), "%s",
                  exposed ? exposed : "nothing exposed");
    reply = client_send(&(struct request){
        .method = "OPTIONS",
        .path = path,
        .headers = {"Origin: " SHOP, text("Access-Control-Request-Method: %s", rows[_i].method)}});
    ck_assert(is_allowed(reply));
    ck_assert_ptr_nonnull(
        strstr(header_of(reply, "Access-Control-Allow-Methods"), rows[_i].method));
}
END_TEST

/* A request of no page needs no header of pages. */
START_TEST(no_origin)
{
    const char *survey = fixture_survey("'access':'key'");
    struct reply *reply =
        client_post(fixture_key(SUBMIT), "{\"score\":9}", "/v1/surveys/%s/responses", survey);
    ck_assert_ptr_null(header_of(expect_status(reply, 201), "Access-Control-Allow-Origin"));
}
END_TEST

static bool preflight_allows(const char *survey, const char *origin)
{
    const char *path = text("/v1/surveys/%s/responses", survey);
    const char *header = text("Origin: %s", origin);
    struct reply *reply = client_send(&(struct request){
        .method = "OPTIONS",
        .path = path,
        .headers = {header, "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: authorization, content-type"}});
    const char *allowed = header_of(reply, "Access-Control-Allow-Origin");
    ck_assert_msg(!allowed || strcmp(allowed, origin) == 0, "%s for %s", allowed, origin);
    return allowed != NULL;
}

/* A survey with keys is for the pages of its keys, which a preflight tells without a key. */
START_TEST(keyed_survey)
{
    const char *survey = fixture_survey("'access':'key'");
    const char *key = fixture_new_key("submit", "--survey", survey, "--origin", SHOP, NULL);
    const char *other = fixture_survey("'access':'key'");
    fixture_new_key("submit", "--survey", other, "--origin", "https://other.example", NULL);
    struct request request = {.path = text("/v1/surveys/%s/responses", survey),
                              .key = key,
                              .body = "{\"score\":9}",
                              .headers = {"Origin: " SHOP}};
    ck_assert(is_allowed(expect_status(client_send(&request), 201)));
    ck_assert(preflight_allows(survey, SHOP));
    ck_assert(preflight_allows(other, "https://other.example"));
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = open_survey, .rows = COUNT_OF(rows)},
        {.test = no_origin},
        {.test = keyed_survey},
    };
    return fixture_run("cors", NULL, tests, COUNT_OF(tests));
}
