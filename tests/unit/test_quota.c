/* What an answer is taken from, and what its reply tells of it. */
#include "npsd/api/limits.h"
#include "npsd/api/quota.h"
#include "npsd/base/metrics.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include <string.h>

static struct unit_call c;

static void setup(void)
{
    unit_call_open(&c);
    unit_call_lanes(&c, 100);
    unit_call_survey(&c, "open", "'access': 'open'");
}

static void teardown(void)
{
    unit_call_done(&c);
}

static void set_limits(int by_address, int by_key)
{
    limits_free(c.world.limits);
    limits_free(c.world.key_limits);
    c.world.limits = limits_new(by_address);
    c.world.key_limits = limits_new(by_key);
}

static struct reply post(const char *path, unsigned media, const char *body)
{
    unit_call_to(&c, HTTP_POST, path);
    unit_call_body(&c, media, body);
    struct reply reply = unit_call_run(&c);
    quota_tell(&c.call, &reply);
    return reply;
}

static struct reply post_one(const char *body)
{
    return post("/v1/surveys/open/responses", MEDIA_JSON, body);
}

static void expect_fields(struct reply reply, const char *told, const char *policies,
                          const char *rest)
{
    const char *found_policies = unit_reply_header(&reply, "RateLimit-Policy");
    const char *found = unit_reply_header(&reply, "RateLimit");
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), told);
    ck_assert_pstr_eq(found_policies, policies);
    ck_assert_pstr_eq(found, rest);
}

#define ADDRESS "\"address\";q=10;w=60"
#define KEY "\"key\";q=6;w=60"

START_TEST(strangers_have_the_address)
{
    set_limits(10, 6);
    expect_fields(post_one("{'score': 9}"), "201", ADDRESS, "\"address\";r=9;t=6");
    expect_fields(post_one("{'score': 9}"), "201", ADDRESS, "\"address\";r=8;t=6");
}
END_TEST

START_TEST(publishable_keys_have_both)
{
    set_limits(10, 6);
    unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    expect_fields(post_one("{'score': 9}"), "201", ADDRESS ", " KEY,
                  "\"address\";r=9;t=6, \"key\";r=5;t=10");
    set_limits(0, 6);
    expect_fields(post_one("{'score': 9}"), "201", KEY, "\"key\";r=5;t=10");
    set_limits(10, 0);
    expect_fields(post_one("{'score': 9}"), "201", ADDRESS, "\"address\";r=9;t=6");
    set_limits(1000000, 1000000);
    expect_fields(post_one("{'score': 9}"), "201",
                  "\"address\";q=1000000;w=60, \"key\";q=1000000;w=60",
                  "\"address\";r=999999;t=1, \"key\";r=999999;t=1");
}
END_TEST

START_TEST(no_limit_no_fields)
{
    expect_fields(post_one("{'score': 9}"), "201", NULL, NULL);
    set_limits(0, 0);
    unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    expect_fields(post_one("{'score': 9}"), "201", NULL, NULL);
    set_limits(1, 1);
    static const enum role secret[] = {ROLE_AGENT, ROLE_ANALYST, ROLE_ADMIN};
    for (size_t i = 0; i < COUNT_OF(secret); i++) {
        unit_call_bearer(&c, unit_call_key(&c, secret[i], NULL, NULL));
        for (int n = 0; n < 3; n++)
            expect_fields(post_one("{'score': 9}"), "201", NULL, NULL);
    }
    c.call.identity = NULL; /* refused before it was asked who it is */
    struct reply reply = reply_empty(404);
    quota_tell(&c.call, &reply);
    ck_assert_uint_eq(reply.header_count, 0);
}
END_TEST

/* What fails has been work: every post takes, if it comes as far as its handler. */
START_TEST(failures_take_too)
{
    set_limits(10, 6);
    unit_call_header(&c, "Idempotency-Key", "one");
    expect_fields(post_one("{'score': 9}"), "201", ADDRESS, "\"address\";r=9;t=6");
    expect_fields(post_one("{'score': 9}"), "200", ADDRESS, "\"address\";r=8;t=6");
    expect_fields(post_one("{'score': 8}"), "422 key-reused", ADDRESS, "\"address\";r=7;t=6");
    unit_call_header(&c, "Idempotency-Key", "two words");
    expect_fields(post_one("{'score': 9}"), "400 bad-idempotency-key", ADDRESS,
                  "\"address\";r=6;t=6");
    unit_call_header(&c, "Idempotency-Key", NULL);
    expect_fields(post_one("{"), "400 bad-json", ADDRESS, "\"address\";r=5;t=6");
    expect_fields(post_one("{'score': 11}"), "422 invalid /score", ADDRESS, "\"address\";r=4;t=6");
    expect_fields(post("/s/open", MEDIA_FORM, "score=wrong"), "422 invalid /score", ADDRESS,
                  "\"address\";r=3;t=6");
    expect_fields(post("/s/open", MEDIA_FORM, "score=9"), "303", ADDRESS, "\"address\";r=2;t=6");
}
END_TEST

START_TEST(what_finds_no_room_takes_too)
{
    static const char batch[] = "/v1/surveys/open/responses/batch";
    set_limits(200, 6);
    struct buf body = buf_make(&c.arena, 4096);
    buf_text(&body, "[{'score': 1}");
    for (int i = 0; i < 100; i++)
        buf_text(&body, ",{'score': 1}");
    buf_char(&body, ']');
    expect_fields(post(batch, MEDIA_JSON, body.data), "503 overloaded", "\"address\";q=200;w=60",
                  "\"address\";r=99;t=1");
}
END_TEST

/* "address key" */
static const char *violated(const struct reply *reply)
{
    const json_t *body = unit_reply_json(&c.arena, reply);
    const json_t *names = json_object_get(body, "violated-policies");
    struct buf text = buf_make(&c.arena, 32);
    for (size_t i = 0; i < json_array_size(names); i++)
        buf_printf(&text, "%s%s", i ? " " : "", json_string_value(json_array_get(names, i)));
    return text.data;
}

static void expect_refused(struct reply reply, const char *policies, const char *rest,
                           const char *retry_after)
{
    expect_fields(reply, "429 too-many-requests", ADDRESS ", " KEY, rest);
    ck_assert_str_eq(violated(&reply), policies);
    ck_assert_str_eq(unit_reply_header(&reply, "Retry-After"), retry_after);
}

/* The key is empty; the address keeps what it has, and can be used up without the key. Then it is
 * the other way round for another address. */
START_TEST(a_refusal_takes_from_none)
{
    uint64_t limited = metrics_read(METRIC_LIMITED);
    set_limits(10, 6);
    const char *key = unit_call_key(&c, ROLE_SUBMIT, NULL, NULL);
    unit_call_bearer(&c, key);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(post_one("{'score': 9}").status, 201);
    for (int i = 0; i < 5; i++)
        expect_refused(post_one("{'score': 9}"), "key", "\"address\";r=4;t=6, \"key\";r=0;t=10",
                       "10");
    ck_assert_uint_eq(metrics_read(METRIC_LIMITED) - limited, 5);
    unit_call_bearer(&c, NULL);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(post_one("{'score': 9}").status, 201);
    unit_call_bearer(&c, key);
    expect_refused(post_one("{'score': 9}"), "address key", "\"address\";r=0;t=6, \"key\";r=0;t=10",
                   "10");
    unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    for (int i = 0; i < 3; i++)
        expect_refused(post_one("{'score': 9}"), "address", "\"address\";r=0;t=6, \"key\";r=6",
                       "6");
    c.call.client = "192.0.2.2";
    expect_fields(post_one("{'score': 9}"), "201", ADDRESS ", " KEY,
                  "\"address\";r=9;t=6, \"key\";r=5;t=10");
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 11);
}
END_TEST

/* All who have a key share it, wherever they are. */
START_TEST(a_key_is_one_for_all_addresses)
{
    set_limits(10, 6);
    unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    for (int i = 0; i < 7; i++) {
        c.call.client = arena_printf(&c.arena, "2001:db8:0:%x::1", i);
        ck_assert_int_eq(post_one("{'score': 9}").status, i < 6 ? 201 : 429);
    }
}
END_TEST

START_TEST(batches)
{
    static const char batch[] = "/v1/surveys/open/responses/batch";
    static const char four[] = "[{'score': 1}, {'score': 1}, {'score': 11}, {'score': 1}]";
    set_limits(10, 6);
    unit_call_bearer(&c, unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    expect_fields(post(batch, MEDIA_JSON, four), "200", ADDRESS ", " KEY,
                  "\"address\";r=6;t=6, \"key\";r=2;t=10");
    expect_refused(post(batch, MEDIA_JSON, four), "key", "\"address\";r=6;t=6, \"key\";r=2;t=10",
                   "20");
    expect_fields(post(batch, MEDIA_JSON, "[{'score': 1}, {'score': 1}]"), "200", ADDRESS ", " KEY,
                  "\"address\";r=4;t=6, \"key\";r=0;t=10");
    expect_refused(post(batch, MEDIA_JSON, "no JSON"), "key",
                   "\"address\";r=4;t=6, \"key\";r=0;t=10", "10");
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 5);
}
END_TEST

/* In a form the key is a field; a link goes by its address, whatever key came along. */
START_TEST(forms)
{
    set_limits(10, 6);
    const char *with_key =
        arena_printf(&c.arena, "score=9&key=%s", unit_call_key(&c, ROLE_SUBMIT, NULL, NULL));
    expect_fields(post("/s/open", MEDIA_FORM, with_key), "303", ADDRESS ", " KEY,
                  "\"address\";r=9;t=6, \"key\";r=5;t=10");
    expect_fields(post("/s/open", MEDIA_FORM, "dismiss=1"), "303", NULL, NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        strangers_have_the_address,
        publishable_keys_have_both,
        no_limit_no_fields,
        failures_take_too,
        what_finds_no_room_takes_too,
        a_refusal_takes_from_none,
        a_key_is_one_for_all_addresses,
        batches,
        forms,
    };
    return unit_database_run_checked("quota", setup, teardown, tests, COUNT_OF(tests));
}
