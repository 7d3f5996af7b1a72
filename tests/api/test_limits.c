/* The limit of the rate, and whose address a request has behind a proxy. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

enum { A_MINUTE = 5 };

/* So many answers of one address are taken, the next one is 429. */
static const char *const few[] = {"NPSD_RATE_PUBLIC=5", NULL};

static struct reply *post(const char *survey, const char *key, const char *header)
{
    const char *path = text("/v1/surveys/%s/responses", survey);
    return client_send(
        &(struct request){.path = path, .key = key, .body = "{\"score\":9}", .headers = {header}});
}

static void expect_limited(struct reply *reply)
{
    expect_problem(reply, 429, "too-many-requests", NULL);
    const char *retry = header_of(reply, "Retry-After");
    ck_assert(retry && strspn(retry, "0123456789") == strlen(retry));
    long seconds = strtol(retry, NULL, 10);
    ck_assert_msg(seconds >= 1 && seconds <= 60, "Retry-After: %s", retry);
}

static void begin(struct daemon *daemon, const char *const *settings)
{
    ck_assert(daemon_start(daemon, database_url(fixture_database()), settings));
    client_use(daemon->url);
}

static void end(struct daemon *daemon)
{
    client_use(fixture_daemon()->url);
    ck_assert_pstr_eq(daemon_stop(daemon), NULL);
}

/* Strangers and publishable keys are limited together by address; secret keys and readers are not.
 */
START_TEST(strangers_are_limited)
{
    const char *survey = fixture_survey("");
    struct daemon daemon;
    begin(&daemon, few);
    for (int i = 0; i < A_MINUTE; i++)
        expect_status(post(survey, i % 2 ? fixture_key(SUBMIT) : NULL, NULL), 201);
    expect_limited(post(survey, NULL, NULL));
    expect_limited(post(survey, fixture_key(SUBMIT), NULL));
    struct request form = {.path = text("/s/%s", survey),
                           .type = "application/x-www-form-urlencoded",
                           .body = "score=9"};
    expect_limited(client_send(&form));
    const enum fixture_role known[] = {AGENT, ANALYST, ADMIN};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        expect_status(post(survey, fixture_key(known[i]), NULL), 201);
    expect_status(client_get(NULL, "/v1/surveys/%s", survey), 200);
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
    expect_int(nps, "/responses", A_MINUTE + 3);
    end(&daemon);
}
END_TEST

/* Without trusted proxies nobody can pretend another address. */
START_TEST(forwarded_is_not_believed)
{
    const char *survey = fixture_survey("");
    struct daemon daemon;
    begin(&daemon, few);
    for (int i = 0; i < A_MINUTE; i++)
        expect_status(post(survey, NULL, text("X-Forwarded-For: 203.0.113.%d", i)), 201);
    expect_limited(post(survey, NULL, "X-Forwarded-For: 203.0.113.99"));
    expect_limited(post(survey, NULL, "Forwarded: for=203.0.113.98"));
    end(&daemon);
}
END_TEST

/* Headers of a trusted proxy, and the address that counts. Each row is another address; the headers
 * of one row are ways to say the same. */
static const char *const same_address[][4] = {
    {"X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 1.1.1.1, 203.0.113.1",
     "X-Forwarded-For: 203.0.113.1, 127.0.0.1", "X-Forwarded-For: 203.0.113.1:4711"},
    {"X-Forwarded-For: 203.0.113.2", "X-Forwarded-For: ::ffff:203.0.113.2",
     "Forwarded: for=203.0.113.2;proto=https", "Forwarded: for=\"203.0.113.2:80\""},
    {"X-Forwarded-For: 2001:db8:1:2::1", "X-Forwarded-For: 2001:db8:1:2:ffff::5",
     "Forwarded: for=\"[2001:db8:1:2::9]\"", "Forwarded: for=\"[2001:db8:1:2::9]:443\""},
    {"X-Forwarded-For: 203.0.113.3 , 127.0.0.1", "X-Forwarded-For:203.0.113.3",
     "X-Forwarded-For: garbage, 203.0.113.3", "Forwarded: for=1.1.1.1, for=203.0.113.3"},
};

START_TEST(trusted_proxies)
{
    const char *survey = fixture_survey("");
    const char *settings[] = {"NPSD_RATE_PUBLIC=4", "NPSD_TRUSTED_PROXIES=127.0.0.0/8", NULL};
    struct daemon daemon;
    begin(&daemon, settings);
    for (size_t i = 0; i < COUNT_OF(same_address); i++) {
        for (size_t j = 0; j < 4; j++)
            expect_status(post(survey, NULL, same_address[i][j]), 201);
        for (size_t j = 0; j < 4; j++)
            expect_limited(post(survey, NULL, same_address[i][j]));
    }
    end(&daemon);
}
END_TEST

/* Whatever does not parse is the proxy itself; nothing of it does harm. */
START_TEST(garbage_from_a_proxy)
{
    const char *survey = fixture_survey("");
    const char *settings[] = {"NPSD_TRUSTED_PROXIES=127.0.0.1", "NPSD_RATE_PUBLIC=1000", NULL};
    struct daemon daemon;
    begin(&daemon, settings);
    const char *const garbage[] = {"X-Forwarded-For;",
                                   "X-Forwarded-For: ,",
                                   "X-Forwarded-For: ,,,,",
                                   "X-Forwarded-For: unknown",
                                   "X-Forwarded-For: 999.1.1.1",
                                   "X-Forwarded-For: 1.1.1",
                                   "X-Forwarded-For: [::1",
                                   "X-Forwarded-For: ::1]",
                                   "X-Forwarded-For: [::1]:99999",
                                   "X-Forwarded-For: %s%n%s",
                                   "X-Forwarded-For: 1.1.1.1:",
                                   "Forwarded;",
                                   "Forwarded: for=",
                                   "Forwarded: for=\"",
                                   "Forwarded: for=\"[\"",
                                   "Forwarded: for=_hidden",
                                   "Forwarded: =;=;,",
                                   "Forwarded: proto=https",
                                   text("X-Forwarded-For: %s", text_repeat("1", 7000)),
                                   text("X-Forwarded-For: %s", text_repeat("1.1.1.1, ", 700)),
                                   text("Forwarded: for=\"%s", text_repeat("\\", 6000))};
    for (size_t i = 0; i < COUNT_OF(garbage); i++) {
        struct reply *reply = post(survey, NULL, garbage[i]);
        ck_assert_msg(reply->status == 201, "%.80s: %ld %s", garbage[i], reply->status,
                      reply->body);
    }
    end(&daemon);
}
END_TEST

/* 0 is no limit. */
START_TEST(no_limit)
{
    const char *survey = fixture_survey("");
    for (int i = 0; i < 700; i++)
        expect_status(post(survey, NULL, NULL), 201);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = strangers_are_limited},
        {.test = forwarded_is_not_believed},
        {.test = trusted_proxies},
        {.test = garbage_from_a_proxy},
        {.test = no_limit},
    };
    return fixture_run("limits", NULL, tests, COUNT_OF(tests));
}
