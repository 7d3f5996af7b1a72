/* The limits of answers as clients see them: the fields RateLimit-Policy and RateLimit, both limits
 * together, and what a burst of wrong keys does. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORM "application/x-www-form-urlencoded"
#define BOTH "\"address\";q=10;w=60, \"key\";q=6;w=60"
#define ALONE "\"address\";q=10;w=60"

static const char *const few[] = {"NPSD_RATE_PUBLIC=10", "NPSD_RATE_KEY=6",
                                  "NPSD_TRUSTED_PROXIES=127.0.0.0/8", NULL};

static struct daemon limited;

static void begin(const char *const *settings)
{
    ck_assert(daemon_start(&limited, database_url(fixture_database()), settings));
    client_use(limited.url);
}

static void end(void)
{
    client_use(fixture_daemon()->url);
    ck_assert_pstr_eq(daemon_stop(&limited), NULL);
}

/* From an address of this name. */
static struct reply *post(const char *survey, const char *key, const char *from, const char *body)
{
    return client_send(
        &(struct request){.path = text("/v1/surveys/%s/responses", survey),
                          .key = key,
                          .body = body,
                          .headers = {from ? text("X-Forwarded-For: %s", from) : NULL}});
}

/* --- the fields --- */

struct item {
    int left, more_s; /* -1: not there */
};

/* The item of this name, which must be well made. */
static struct item item_of(const struct reply *reply, const char *name)
{
    struct item item = {.left = -1, .more_s = -1};
    const char *field = header_of(reply, "RateLimit");
    ck_assert_msg(field != NULL, "%s: no RateLimit", reply->request);
    const char *at = strstr(field, text("\"%s\"", name));
    if (!at)
        return item;
    int used = 0;
    at += strlen(name) + 2;
    ck_assert_msg(sscanf(at, ";r=%d%n", &item.left, &used) == 1, "%s", field);
    at += used;
    if (sscanf(at, ";t=%d%n", &item.more_s, &used) == 1)
        at += used;
    ck_assert_msg(*at == '\0' || strncmp(at, ", \"", 3) == 0, "%s", field);
    return item;
}

/* An answer comes back in seconds a while; the tests take less than that. */
static void expect_item(const struct reply *reply, const char *name, int left, int a_while)
{
    struct item item = item_of(reply, name);
    ck_assert_msg(item.left == left, "%s: r=%d of %s, not %d", reply->request, item.left, name,
                  left);
    ck_assert_msg(item.more_s >= 1 && item.more_s <= a_while, "%s: t=%d of %s", reply->request,
                  item.more_s, name);
}

static void expect_none_told(const struct reply *reply)
{
    ck_assert_ptr_null(header_of(reply, "RateLimit"));
    ck_assert_ptr_null(header_of(reply, "RateLimit-Policy"));
}

static void expect_limited(struct reply *reply, const char *violated)
{
    expect_problem(reply, 429, "too-many-requests", NULL);
    expect_json(reply, "/violated-policies", violated);
    long retry = strtol(header_of(reply, "Retry-After"), NULL, 10);
    ck_assert_msg(retry >= 1 && retry <= 60, "Retry-After: %ld", retry);
    ck_assert_int_ge(retry, item_of(reply, "address").more_s);
    ck_assert_int_ge(retry, item_of(reply, "key").more_s);
}

/* As they come when nobody has set anything: exactly these bytes. */
START_TEST(by_default)
{
    static const char *const settings[] = {"NPSD_RATE_PUBLIC=600", "NPSD_RATE_KEY=6000", NULL};
    const char *survey = fixture_survey("");
    begin(settings);
    struct reply *reply = post(survey, fixture_key(SUBMIT), NULL, "{\"score\":9}");
    expect_status(reply, 201);
    expect_header(reply, "RateLimit-Policy", "\"address\";q=600;w=60, \"key\";q=6000;w=60");
    expect_header(reply, "RateLimit", "\"address\";r=599;t=1, \"key\";r=5999;t=1");
    end();
}
END_TEST

/* Displays are counted apart from answers, by address alone. */
START_TEST(displays_tell)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/displays", survey);
    begin(few);
    struct reply *shown =
        expect_status(client_post(fixture_key(SUBMIT), "{\"event\":\"shown\"}", "%s", path), 204);
    expect_header(shown, "RateLimit-Policy", "\"displays\";q=10;w=60");
    expect_item(shown, "displays", 9, 6);
    struct request page = {.path = text("/s/%s", survey), .type = FORM, .body = "dismiss=1"};
    for (int left = 8; left >= 0; left--)
        expect_item(client_send(&page), "displays", left, 6);
    struct reply *refused = client_post(NULL, "{\"event\":\"shown\"}", "%s", path);
    expect_limited(refused, "[\"displays\"]");
    expect_item(refused, "displays", 0, 6);
    expect_item(expect_status(post(survey, NULL, NULL, "{\"score\":9}"), 201), "address", 9, 6);
    expect_none_told(
        expect_status(client_post(fixture_key(ADMIN), "{\"event\":\"shown\"}", "%s", path), 204));
    end();
}
END_TEST

/* Every way to post, and every outcome of it. */
START_TEST(every_post_tells)
{
    const char *survey = fixture_survey("");
    const char *batch = text("/v1/surveys/%s/responses/batch", survey);
    struct request page = {.path = text("/s/%s", survey), .type = FORM, .body = "score=9"};
    begin(few);
    struct reply *answer = expect_status(post(survey, NULL, NULL, "{\"score\":9}"), 201);
    expect_header(answer, "RateLimit-Policy", ALONE);
    expect_item(answer, "address", 9, 6);
    ck_assert_int_eq(item_of(answer, "key").left, -1);
    expect_item(expect_status(post(survey, NULL, NULL, "{\"score\":11}"), 422), "address", 8, 6);
    expect_item(expect_status(post(survey, NULL, NULL, "{"), 400), "address", 7, 6);
    expect_item(expect_status(client_send(&page), 303), "address", 6, 6);
    expect_item(expect_status(client_post(NULL, "[{\"score\":1},5]", "%s", batch), 200), "address",
                4, 6);
    struct reply *patched =
        client_patch(reply_string(answer, "/edit_token"), "{\"score\":8}",
                     "/v1/surveys/%s/responses/%s", survey, reply_string(answer, "/id"));
    expect_item(expect_status(patched, 200), "address", 3, 6);
    /* More than is left: as a whole, and it takes nothing. */
    struct reply *refused = client_post(NULL, "[1,2,3,4]", "%s", batch);
    expect_limited(refused, "[\"address\"]");
    expect_item(refused, "address", 3, 6);
    ck_assert_int_ge(strtol(header_of(refused, "Retry-After"), NULL, 10), 2);
    expect_item(expect_status(client_post(NULL, "[1,2,3]", "%s", batch), 200), "address", 0, 6);
    expect_limited(client_send(&page), "[\"address\"]");
    page.headers[0] = "Accept: text/html";
    struct reply *html = expect_status(client_send(&page), 429);
    expect_item(html, "address", 0, 6);
    ck_assert_ptr_nonnull(header_of(html, "Retry-After"));
    end();
}
END_TEST

/* Who has no limit, what is no post of answers, and what does not come as far. */
START_TEST(others_do_not_tell)
{
    const char *survey = fixture_survey("");
    const enum fixture_role secret[] = {AGENT, ANALYST, ADMIN};
    begin(few);
    for (size_t i = 0; i < COUNT_OF(secret); i++)
        expect_none_told(
            expect_status(post(survey, fixture_key(secret[i]), NULL, "{\"score\":9}"), 201));
    expect_none_told(expect_status(client_get(NULL, "/v1/surveys/%s", survey), 200));
    expect_none_told(expect_status(post("there-is-none", NULL, NULL, "{\"score\":9}"), 404));
    expect_none_told(expect_status(post(survey, fixture_key(VIEWER), NULL, "{\"score\":9}"), 403));
    struct request plain = {.path = text("/v1/surveys/%s/responses", survey),
                            .type = "text/plain",
                            .body = "{\"score\":9}"};
    expect_none_told(expect_status(client_send(&plain), 415));
    expect_item(post(survey, NULL, NULL, "{\"score\":9}"), "address", 9, 6);
    end();
    expect_none_told(expect_status(post(survey, fixture_key(SUBMIT), NULL, "{\"score\":9}"), 201));
}
END_TEST

/* Scripts of other origins may read them. */
START_TEST(pages_may_read_them)
{
    struct request request = {.path = text("/v1/surveys/%s/responses", fixture_survey("")),
                              .body = "{\"score\":9}",
                              .headers = {"Origin: https://shop.example"}};
    begin(few);
    struct reply *reply = expect_status(client_send(&request), 201);
    const char *exposed = header_of(reply, "Access-Control-Expose-Headers");
    ck_assert_ptr_nonnull(strstr(exposed, " RateLimit,"));
    ck_assert_ptr_nonnull(strstr(exposed, " RateLimit-Policy,"));
    end();
}
END_TEST

/* --- both limits --- */

START_TEST(a_copied_key_is_limited_everywhere)
{
    const char *survey = fixture_survey("'access':'key'"), *open = fixture_survey("");
    const char *key = fixture_new_key("submit", "--survey", survey, NULL);
    const char *other = fixture_new_key("submit", "--survey", survey, NULL);
    begin(few);
    for (int i = 0; i < 6; i++) {
        struct reply *reply = post(survey, key, text("203.0.113.%d", i), "{\"score\":9}");
        expect_header(expect_status(reply, 201), "RateLimit-Policy", BOTH);
        expect_item(reply, "address", 9, 6);
        expect_item(reply, "key", 5 - i, 10);
    }
    /* Refused for the key's sake, which takes nothing of the address. */
    for (int i = 0; i < 5; i++) {
        struct reply *reply = post(survey, key, "203.0.113.5", "{\"score\":9}");
        expect_limited(reply, "[\"key\"]");
        expect_item(reply, "address", 9, 6);
    }
    expect_item(expect_status(post(open, NULL, "203.0.113.5", "{\"score\":9}"), 201), "address", 8,
                6);
    struct reply *reply = post(survey, other, "203.0.113.5", "{\"score\":9}");
    expect_item(expect_status(reply, 201), "key", 5, 10);
    expect_status(post(survey, fixture_key(AGENT), "203.0.113.5", "{\"score\":9}"), 201);
    reply = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(reply, "/responses", 8);
    end();
}
END_TEST

/* Refused for the address's sake, which takes nothing of the key; an IPv6 address is its /64. */
START_TEST(an_address_does_not_use_up_a_key)
{
    const char *survey = fixture_survey("");
    begin(few);
    for (int i = 0; i < 10; i++)
        expect_item(post(survey, NULL, text("2001:db8:1:2::%x", i), "{\"score\":9}"), "address",
                    9 - i, 6);
    for (int i = 0; i < 5; i++) {
        struct reply *reply =
            post(survey, fixture_key(SUBMIT), text("2001:db8:1:2:%x::1", i), "{\"score\":9}");
        expect_limited(reply, "[\"address\"]");
        ck_assert_int_eq(item_of(reply, "key").left, 6);
        ck_assert_int_eq(item_of(reply, "key").more_s, -1);
    }
    struct reply *reply = post(survey, fixture_key(SUBMIT), "2001:db8:1:3::1", "{\"score\":9}");
    expect_item(expect_status(reply, 201), "address", 9, 6);
    expect_item(reply, "key", 5, 10);
    end();
}
END_TEST

/* --- wrong keys --- */

enum { FAILURES_A_MINUTE = 60 };

static struct reply *show(const char *survey, const char *key, const char *from)
{
    return client_send(&(struct request){.path = text("/v1/surveys/%s", survey),
                                         .key = key,
                                         .headers = {text("X-Forwarded-For: %s", from)}});
}

static long auth_failures(void)
{
    static const char name[] = "\nnpsd_auth_failures_total ";
    client_use(limited.admin);
    const char *at = strstr(client_get(NULL, "/metrics")->body, name);
    client_use(limited.url);
    ck_assert_ptr_nonnull(at);
    return strtol(at + strlen(name), NULL, 10);
}

static long audited(void)
{
    return database_number(fixture_database(),
                           "select count(*) from audit where action = 'login-failures'");
}

START_TEST(a_burst_of_wrong_keys)
{
    const char *survey = fixture_survey("");
    long before = audited();
    begin(few);
    /* Some come back while they are shown: one a second. */
    int shown = 0;
    while (shown < 10 * FAILURES_A_MINUTE &&
           show(survey, "npsd_admin_wrong", "203.0.113.7")->status == 401)
        shown++;
    ck_assert_msg(shown >= FAILURES_A_MINUTE && shown <= FAILURES_A_MINUTE + 30, "%d", shown);
    for (int i = 0; i < 20; i++)
        show(survey, "npsd_admin_wrong", "203.0.113.7");
    struct reply *reply = show(survey, "npsd_admin_wrong", "203.0.113.7");
    expect_problem(reply, 429, "too-many-requests", NULL);
    expect_json(reply, "/violated-policies", "[\"wrong-keys\"]");
    expect_header(reply, "Retry-After", "1");
    expect_none_told(reply);
    ck_assert_int_eq(auth_failures(), shown + 22);
    /* Others of the address, and other addresses. */
    expect_status(show(survey, fixture_key(VIEWER), "203.0.113.7"), 200);
    expect_status(show(survey, fixture_new_key("viewer", NULL), "203.0.113.7"), 200);
    expect_status(show(survey, NULL, "203.0.113.7"), 200);
    expect_status(post(survey, NULL, "203.0.113.7", "{\"score\":9}"), 201);
    expect_problem(show(survey, "npsd_admin_wrong", "203.0.113.8"), 401, "unauthorized", NULL);
    for (int i = 0; i < 100 && audited() == before; i++)
        usleep(100000);
    ck_assert_int_eq(audited() - before, 1);
    const char *log = text_file(text("%s/log", limited.folder));
    static const char line[] = "level=warning event=login-failures ";
    const char *told = strstr(log, line);
    ck_assert_ptr_nonnull(told);
    ck_assert_ptr_null(strstr(told + strlen(line), line));
    ck_assert_ptr_null(strstr(log, "203.0.113"));
    end();
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = by_default},
        {.test = displays_tell},
        {.test = every_post_tells},
        {.test = others_do_not_tell},
        {.test = pages_may_read_them},
        {.test = a_copied_key_is_limited_everywhere},
        {.test = an_address_does_not_use_up_a_key},
        {.test = a_burst_of_wrong_keys},
    };
    return fixture_run("quota", NULL, tests, COUNT_OF(tests));
}
