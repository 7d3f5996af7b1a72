/* Who may do what: every route with every role, and what a route answers to other methods. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define SURVEY "/v1/surveys/{survey}"
#define FORM "application/x-www-form-urlencoded"
/* The id of no response. */
#define NOBODY "0193e5a0-0000-7000-8000-000000000000"
#define NDJSON "application/x-ndjson"

enum access { OPEN, KEYED, LINK, ACCESS_COUNT };

/*
 * A cell says what a role gets: 2 any success, R a redirect, 1 is 401, 3 is 403, 4 is 404, x 401 or
 * 403. A dot is a cell that the contract leaves open: no 404, no 405 and no fault of the server.
 * The columns are none, submit, agent, viewer, analyst, admin.
 */
struct row {
    const char *method;
    const char *path; /* {survey} and {id} stand for those of the case */
    const char *type; /* NULL: JSON */
    const char *body;
    const char *cells[ACCESS_COUNT];
};

/* The last rows change or remove what the others need. */
static const struct row rows[] = {
    {"GET", "/v1/surveys", NULL, NULL, {"1...22", "1...22", "1...22"}},
    {"POST",
     "/v1/surveys",
     NULL,
     "{'id':'{new}','title':{'en':'T'}}",
     {"133332", "133332", "133332"}},
    {"GET", SURVEY, NULL, NULL, {"222222", "1..222", "x..222"}},
    {"PATCH", SURVEY, NULL, "{'min_responses':31}", {"133332", "133332", "133332"}},
    {"POST", SURVEY "/responses", NULL, "{'score':9}", {"222.22", "122322", "x.2322"}},
    {"POST", SURVEY "/responses/batch", NULL, "[{'score':9}]", {"222.22", "122322", "x.2322"}},
    {"POST", SURVEY "/responses/batch", NDJSON, "{'score':9}", {"222.22", "122322", "x.2322"}},
    {"POST", SURVEY "/displays", NULL, "{'event':'shown'}", {"222322", "122322", "x32322"}},
    {"GET", SURVEY "/rates", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/responses", NULL, NULL, {"133322", "133322", "133322"}},
    {"GET", SURVEY "/responses/{id}", NULL, NULL, {"133322", "133322", "133322"}},
    {"GET", SURVEY "/responses/{id}/history", NULL, NULL, {"133322", "133322", "133322"}},
    {"PATCH", SURVEY "/responses/{id}", NULL, "{'score':8}", {"133322", "133322", "133322"}},
    {"PATCH",
     SURVEY "/responses/{id}",
     NULL,
     "{'excluded':true,'reason':'test'}",
     {"133322", "133322", "133322"}},
    {"GET", SURVEY "/nps", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/nps/series", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/nps/breakdown?by=channel", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/questions/improve", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/drivers", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", "/v1/nps", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/nps.svg", NULL, NULL, {"133222", "133222", "133222"}},
    {"GET", SURVEY "/comments", NULL, NULL, {"133322", "133322", "133322"}},
    {"POST", SURVEY "/links", NULL, "{'respondents':['c-17']}", {"133322", "1333..", "133322"}},
    {"GET", "/s/{survey}", NULL, NULL, {"222222", "1..222", "x..222"}},
    {"GET", "/s/{survey}/thanks", NULL, NULL, {"222222", "222222", "222222"}},
    {"GET", "/assets/page.css", NULL, NULL, {"222222", "222222", "222222"}},
    {"POST", "/s/{survey}", FORM, "score=9", {"R.....", "1.....", "x....."}},
    {"DELETE", SURVEY "/responses/{id}", NULL, NULL, {"1333.2", "1333.2", "1333.2"}},
    {"DELETE", SURVEY, NULL, NULL, {"13333.", "13333.", "13333."}},
};

static const char *const access_names[ACCESS_COUNT] = {"open", "key", "link"};

static const char *replace(const char *string, const char *part, const char *with)
{
    const char *at = string ? strstr(string, part) : NULL;
    if (!at)
        return string;
    return text("%.*s%s%s", (int)(at - string), string, with, at + strlen(part));
}

static bool fits(char cell, long status)
{
    switch (cell) {
    case '2':
        return status >= 200 && status < 300;
    case 'R':
        return status == 303;
    case 'x':
        return status == 401 || status == 403;
    case '.':
        return status < 500 && status != 404 && status != 405;
    default:
        return status == 400 + (cell - '0');
    }
}

struct scene {
    const char *survey;
    const char *id;
};

static struct reply *play(const struct row *row, const struct scene *scene, const char *key)
{
    static int number;
    const char *path = replace(row->path, "{survey}", scene->survey);
    const char *body = replace(row->body, "{new}", text("new-%s-%d", scene->survey, ++number));
    return client_send(&(struct request){.method = row->method,
                                         .path = replace(path, "{id}", scene->id),
                                         .key = key,
                                         .type = row->type,
                                         .body = body ? text_json("%s", body) : NULL});
}

/* What every reply has, whoever gets it: nothing of it is guessed at, framed or kept by others. */
static void expect_safe(struct reply *reply)
{
    const char *type = header_of(reply, "Content-Type");
    expect_header(reply, "X-Content-Type-Options", "nosniff");
    ck_assert_ptr_null(header_of(reply, "Server"));
    ck_assert_ptr_null(header_of(reply, "Set-Cookie"));
    ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Credentials"));
    if (!type || !strstr(type, "json"))
        return;
    const char *kept = header_of(reply, "Cache-Control");
    ck_assert_msg(kept && (strcmp(kept, "no-store") == 0 || strcmp(kept, "private, no-cache") == 0),
                  "%s: Cache-Control: %s", reply->request, kept ? kept : "none");
    const char *policy = header_of(reply, "Content-Security-Policy");
    ck_assert_pstr_eq(policy, "default-src 'none'; frame-ancestors 'none'");
}

static struct scene make_scene(enum access access)
{
    struct scene scene = {.survey = fixture_survey(text("'access':'%s'", access_names[access]))};
    scene.id = reply_string(fixture_answer(scene.survey, 9, ""), "/id");
    return scene;
}

static void try_cell(const struct row *row, enum access access, int role, struct reply *reply)
{
    char cell = row->cells[access][role];
    ck_assert_msg(fits(cell, reply->status),
                  "%s %s of an %s survey as %s: %ld, the table says %c\n%s", row->method, row->path,
                  access_names[access], fixture_role_name(role), reply->status, cell, reply->body);
    expect_safe(reply);
    if (reply->status == 401)
        expect_problem(reply, 401, "unauthorized", NULL);
    if (reply->status == 403)
        expect_problem(reply, 403, "forbidden", NULL);
}

/* What has changed a scene gets a new one, so that no cell depends on another one. */
static void try_row(const struct row *row, enum access access)
{
    struct scene scene = {0};
    for (int role = NONE; role < ROLE_COUNT; role++) {
        if (!scene.survey)
            scene = make_scene(access);
        struct reply *reply = play(row, &scene, fixture_key(role));
        try_cell(row, access, role, reply);
        if (strcmp(row->method, "GET") != 0 && reply->status < 400)
            scene.survey = NULL;
    }
}

/* The rows are looped over by Check, so that each wrong row is told. */
START_TEST(every_route_with_every_role)
{
    for (int access = OPEN; access < ACCESS_COUNT; access++)
        try_row(&rows[_i], access);
}
END_TEST

/* A survey that a key is not for does not exist for it, whatever its role and the route. */
START_TEST(other_surveys_do_not_exist)
{
    const char *own = fixture_survey("");
    struct scene scene = {.survey = fixture_survey("")};
    scene.id = reply_string(fixture_answer(scene.survey, 9, ""), "/id");
    for (int role = SUBMIT; role < ROLE_COUNT; role++) {
        const char *key =
            fixture_new_key(fixture_role_name(role), "--name", "Own", "--survey", own, NULL);
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            if (strstr(rows[i].path, "{survey}"))
                expect_problem(play(&rows[i], &scene, key), 404, "not-found", NULL);
    }
    struct reply *nps = client_get(fixture_key(ADMIN), "/v1/surveys/%s/nps", scene.survey);
    expect_int(expect_status(nps, 200), "/histogram/9", 1);
}
END_TEST

struct path {
    const char *path;
    const char *methods; /* must be among the Allow */
};

static const struct path paths[] = {
    {"/v1/surveys", "GET POST"},
    {SURVEY, "GET PATCH DELETE"},
    {SURVEY "/responses", "GET POST"},
    {SURVEY "/responses/batch", "POST"},
    {SURVEY "/links", "POST"},
    {SURVEY "/responses/{id}", "GET PATCH DELETE"},
    {SURVEY "/responses/{id}/history", "GET"},
    {SURVEY "/displays", "POST"},
    {SURVEY "/rates", "GET"},
    {SURVEY "/nps", "GET"},
    {SURVEY "/nps/series", "GET"},
    {SURVEY "/nps/breakdown", "GET"},
    {SURVEY "/questions/improve", "GET"},
    {SURVEY "/drivers", "GET"},
    {"/v1/nps", "GET"},
    {SURVEY "/nps.svg", "GET"},
    {SURVEY "/comments", "GET"},
    {"/s/{survey}", "GET POST"},
    {"/s/{survey}/thanks", "GET"},
    {"/s/{survey}/logo", "GET"},
    {"/s/worker.js", "GET"},
    {"/assets/page.css", "GET"},
    {"/embed.js", "GET"},
    {"/demo", "GET"},
    {"/healthz", "GET"},
    {"/readyz", "GET"},
};

static void expect_allowed(struct reply *reply, const char *header, const char *methods)
{
    const char *allow = header_of(reply, header);
    ck_assert_msg(allow != NULL, "%s: no %s", reply->request, header);
    for (const char *at = methods; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        ck_assert_msg(strstr(allow, text("%.*s", (int)len, at)) != NULL, "%s: %s: %s, not %s",
                      reply->request, header, allow, methods);
        at += len;
    }
}

static const char *concrete(const char *path, const struct scene *scene)
{
    return replace(replace(path, "{survey}", scene->survey), "{id}", scene->id);
}

/* 405 with Allow, whoever asks, also with a wrong key and for what does not exist. */
START_TEST(other_methods_are_405)
{
    struct scene scene = {.survey = fixture_survey(""), .id = NOBODY};
    static const char *const wrong[] = {"PUT", "TRACE", "CONNECTED", "get", "DELETEX"};
    const char *const keys[] = {NULL, fixture_key(ADMIN), "npsd_admin_wrong"};
    for (size_t m = 0; m < COUNT_OF(wrong); m++)
        for (size_t k = 0; k < COUNT_OF(keys); k++) {
            struct reply *reply = client_send(&(struct request){
                .method = wrong[m], .path = concrete(paths[_i].path, &scene), .key = keys[k]});
            expect_problem(reply, 405, "method-not-allowed", NULL);
            expect_allowed(reply, "Allow", paths[_i].methods);
            ck_assert_ptr_null(strstr(header_of(reply, "Allow"), wrong[m]));
        }
}
END_TEST

/* OPTIONS is answered without a key, with the methods and what a browser may send. */
START_TEST(options_of_every_path)
{
    struct scene scene = {.survey = "no-such-survey", .id = NOBODY};
    struct reply *reply = client_send(&(struct request){
        .method = "OPTIONS",
        .path = concrete(paths[_i].path, &scene),
        .headers = {"Origin: https://shop.example", "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: content-type, idempotency-key"}});
    ck_assert_msg(reply->status == 204 || reply->status == 200, "%s: %ld", reply->request,
                  reply->status);
    expect_allowed(reply, "Allow", paths[_i].methods);
    ck_assert_uint_eq(reply->size, 0);
    ck_assert_ptr_null(header_of(reply, "Access-Control-Allow-Credentials"));
    ck_assert_ptr_nonnull(header_of(reply, "X-Request-Id"));
}
END_TEST

/* The preflight of posting and amending lets the browser go on. */
START_TEST(preflight_of_an_answer)
{
    const char *survey = fixture_survey("");
    const char *const targets[] = {text("/v1/surveys/%s/responses", survey),
                                   text("/v1/surveys/%s/responses/" NOBODY, survey)};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct reply *reply = client_send(
            &(struct request){.method = "OPTIONS",
                              .path = targets[i],
                              .headers = {"Origin: https://shop.example",
                                          i == 0 ? "Access-Control-Request-Method: POST"
                                                 : "Access-Control-Request-Method: PATCH"}});
        const char *origin = header_of(reply, "Access-Control-Allow-Origin");
        ck_assert(origin && (strcmp(origin, "*") == 0 || strstr(origin, "https://shop.example")));
        expect_allowed(reply, "Access-Control-Allow-Methods", i == 0 ? "POST" : "PATCH");
        const char *headers = header_of(reply, "Access-Control-Allow-Headers");
        ck_assert_ptr_nonnull(headers);
        ck_assert_ptr_nonnull(strcasestr(headers, "content-type"));
        ck_assert_ptr_nonnull(strcasestr(headers, "idempotency-key"));
        ck_assert_ptr_nonnull(strcasestr(headers, "authorization"));
        expect_header(reply, "Access-Control-Max-Age", "7200");
    }
}
END_TEST

/* 404 before anything else, with a wrong key too. */
START_TEST(unknown_paths_are_404)
{
    static const char *const unknown[] = {"/",
                                          "/v1",
                                          "/v1/",
                                          "/v2/surveys",
                                          "/v1/survey",
                                          "/v1/surveys/",
                                          "/v1/surveys/a/b",
                                          "/v1/surveys/a/responses/",
                                          "/v1/surveys/a/responses/b/c",
                                          "/v1/surveys/a/nps/",
                                          "/v1/surveys/a/nps/other",
                                          "/v1/surveys/a/nps/series/",
                                          "/v1/surveys/a/questions",
                                          "/v1/surveys/a/questions/",
                                          "/v1/surveys/a/questions/b/c",
                                          "//",
                                          "/v1//surveys",
                                          "/V1/surveys",
                                          "/healthz/",
                                          "/metrics",
                                          "/favicon.icon",
                                          "/s",
                                          "/s/",
                                          "/v1/surveys/a/../b/nps/..",
                                          "/.env",
                                          "/wp-login.php"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        expect_problem(client_get(NULL, "%s", unknown[i]), 404, "not-found", NULL);
        expect_problem(client_get("npsd_admin_wrong", "%s", unknown[i]), 404, "not-found", NULL);
        expect_problem(client_post(NULL, "{", "%s", unknown[i]), 404, "not-found", NULL);
    }
}
END_TEST

/* HEAD is GET without the body. */
START_TEST(head_is_get_without_a_body)
{
    const char *survey = fixture_survey("");
    const char *const targets[] = {"/v1/surveys",
                                   text("/v1/surveys/%s", survey),
                                   text("/v1/surveys/%s/nps", survey),
                                   text("/v1/surveys/%s/nps/series", survey),
                                   text("/v1/surveys/%s/nps/breakdown?by=branch", survey),
                                   text("/v1/surveys/%s/questions/improve", survey),
                                   text("/v1/surveys/%s/drivers", survey),
                                   "/healthz"};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct reply *get = client_get(fixture_key(ADMIN), "%s", targets[i]);
        struct reply *head = client_send(
            &(struct request){.method = "HEAD", .path = targets[i], .key = fixture_key(ADMIN)});
        ck_assert_int_eq(head->status, get->status);
        ck_assert_uint_eq(head->size, 0);
        expect_header(head, "Content-Length", header_of(get, "Content-Length"));
        expect_header(head, "Content-Type", header_of(get, "Content-Type"));
    }
}
END_TEST

/* The request's id is taken over when it is one, else made. */
START_TEST(request_ids)
{
    static const char *const good[] = {"a", "A.b_c-9", "0193e5a0-0000-7000-8000-000000000000"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const char *header = text("X-Request-Id: %s", good[i]);
        struct request request = {.path = "/v1/nothing", .headers = {header}};
        struct reply *reply = client_send(&request);
        expect_header(expect_problem(reply, 404, "not-found", NULL), "X-Request-Id", good[i]);
        request.path = "/healthz";
        expect_header(client_send(&request), "X-Request-Id", good[i]);
    }
    const char *const bad[] = {"a b", "a/b", "\"a\"", "ключ", text_repeat("a", 65)};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char *header = text("X-Request-Id: %s", bad[i]);
        struct reply *reply =
            client_send(&(struct request){.path = "/v1/nothing", .headers = {header}});
        expect_problem(reply, 404, "not-found", NULL);
        ck_assert_str_ne(header_of(reply, "X-Request-Id"), bad[i]);
    }
}
END_TEST

/* The order of refusal: 404 no route, 405, 401, 404 no such survey, 403, 411, 413, 415, 400, 422.
 */
START_TEST(order_of_refusal)
{
    const char *survey = fixture_survey("'access':'key'");
    const char *path = text("/v1/surveys/%s", survey), *none = "/v1/surveys/there-is-none";
    const char *large = text_repeat("x", 300 * 1024);
    const struct {
        struct request request;
        long status;
    } cases[] = {
        {{.method = "PATCH", .path = none, .key = "npsd_wrong", .body = "{"}, 401},
        {{.method = "PATCH", .path = none, .key = fixture_key(SUBMIT), .body = "{"}, 404},
        {{.method = "PATCH", .path = path, .key = fixture_key(SUBMIT), .no_length = true}, 403},
        {{.method = "PATCH", .path = path, .key = fixture_key(SUBMIT), .body = large}, 403},
        {{.method = "PATCH",
          .path = path,
          .key = fixture_key(SUBMIT),
          .type = "text/plain",
          .body = "{"},
         403},
        {{.method = "PATCH", .path = path, .key = fixture_key(ADMIN), .no_length = true}, 411},
        {{.method = "PATCH",
          .path = path,
          .key = fixture_key(ADMIN),
          .type = "text/plain",
          .body = large},
         413},
        {{.method = "PATCH",
          .path = path,
          .key = fixture_key(ADMIN),
          .type = "text/plain",
          .body = "{"},
         415},
        {{.method = "PATCH", .path = path, .key = fixture_key(ADMIN), .body = "{\"open\":1"}, 400},
        {{.method = "PATCH", .path = path, .key = fixture_key(ADMIN), .body = "{\"open\":1}"}, 422},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_status(client_send(&cases[i].request), cases[i].status);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = every_route_with_every_role, .rows = COUNT_OF(rows)},
        {.test = other_surveys_do_not_exist},
        {.test = other_methods_are_405, .rows = COUNT_OF(paths)},
        {.test = options_of_every_path, .rows = COUNT_OF(paths)},
        {.test = preflight_of_an_answer},
        {.test = unknown_paths_are_404},
        {.test = head_is_get_without_a_body},
        {.test = request_ids},
        {.test = order_of_refusal},
    };
    return fixture_run("roles", NULL, tests, COUNT_OF(tests));
}
