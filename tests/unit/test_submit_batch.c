/* Batches: one result an item, in order, and what a batch costs its sender. */
#include "npsd/api/limits.h"
#include "npsd/api/submit.h"
#include "suite.h"
#include "support/unit_call.h"
#include "support/unit_database.h"
#include <string.h>

static struct unit_call c;

static void setup(void)
{
    unit_call_open(&c);
    unit_call_survey(&c, "open", "'access': 'open'");
}

static void teardown(void)
{
    unit_call_done(&c);
}

static struct reply post(unsigned media, const char *body)
{
    if (!c.world.batch[0])
        unit_call_lanes(&c, 2000);
    unit_call_to(&c, HTTP_POST, "/v1/surveys/open/responses/batch");
    unit_call_body(&c, media, body);
    return unit_call_run(&c);
}

static const char *tells(unsigned media, const char *body)
{
    struct reply reply = post(media, body);
    return unit_reply_tells(&c.arena, &reply);
}

/* Statuses of the items: "201 422 200". */
static const char *statuses(unsigned media, const char *body)
{
    struct reply reply = post(media, body);
    struct buf text = buf_make(&c.arena, 64);
    ck_assert_msg(reply.status == 200, "%.*s", (int)reply.body_len, reply.body);
    const json_t *results = json_object_get(unit_reply_json(&c.arena, &reply), "results");
    for (size_t i = 0; i < json_array_size(results); i++)
        buf_printf(&text, "%s%d", i ? " " : "",
                   (int)json_integer_value(json_object_get(json_array_get(results, i), "status")));
    return text.data;
}

/* n answers, as an array or as lines. */
static const char *many(size_t n, bool lines)
{
    struct buf body = buf_make(&c.arena, 16384);
    if (!lines)
        buf_char(&body, '[');
    for (size_t i = 0; i < n; i++)
        buf_printf(&body, "%s{'score': %d}", i == 0 ? "" : lines ? "\n" : ",", (int)(i % 11));
    if (!lines)
        buf_char(&body, ']');
    return body.data;
}

START_TEST(one_result_an_item)
{
    ck_assert_str_eq(statuses(MEDIA_JSON, "[{'score': 9, 'idempotency_key': 'a'}, {'score': 11},"
                                          " {'score': 9, 'idempotency_key': 'a'}, 7,"
                                          " {'score': 8, 'idempotency_key': 'a'}, {'score': 0}]"),
                     "201 422 200 422 422 201");
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 2);
}
END_TEST

START_TEST(lines)
{
    ck_assert_str_eq(statuses(MEDIA_NDJSON, "\n{'score': 9}\r\n\r\n{\n   \n[]\n{'score': 1}"),
                     "201 400 400 422 201");
    ck_assert_str_eq(statuses(MEDIA_NDJSON, ""), "");
    ck_assert_str_eq(statuses(MEDIA_NDJSON, "\n\r\n"), "");
}
END_TEST

START_TEST(no_batches)
{
    ck_assert_str_eq(statuses(MEDIA_JSON, "[]"), "");
    ck_assert_str_eq(statuses(MEDIA_JSON, "[1, null, 'x']"), "422 422 422");
    ck_assert_str_eq(tells(MEDIA_JSON, ""), "400 bad-json");
    ck_assert_str_eq(tells(MEDIA_JSON, "[{'score': 9}"), "400 bad-json");
    ck_assert_str_eq(tells(MEDIA_JSON, "{'score': 9}"), "422 invalid ");
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 0);
}
END_TEST

START_TEST(a_thousand_and_no_more)
{
    for (int as_lines = 0; as_lines < 2; as_lines++) {
        unsigned media = as_lines ? MEDIA_NDJSON : MEDIA_JSON;
        unit_pg_sql("truncate response");
        ck_assert_str_eq(tells(media, many(BATCH_MAX, as_lines)), "200");
        ck_assert_int_eq(unit_pg_number("select count(*) from response"), BATCH_MAX);
        ck_assert_str_eq(tells(media, many(BATCH_MAX + 1, as_lines)), "422 invalid ");
        ck_assert_int_eq(unit_pg_number("select count(*) from response"), BATCH_MAX);
    }
}
END_TEST

/* A batch is refused as a whole when there is no room: nothing of it was taken. */
START_TEST(no_room)
{
    unit_call_lanes(&c, 10);
    struct reply reply = post(MEDIA_JSON, many(11, false));
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), "503 overloaded");
    ck_assert_str_eq(unit_reply_header(&reply, "Retry-After"), "1");
    ck_assert_str_eq(tells(MEDIA_JSON, many(10, false)), "200");
    ck_assert_int_eq(unit_pg_number("select count(*) from response"), 10);
}
END_TEST

/* Every item counts, the wrong ones too; what is no batch counts as one answer. */
START_TEST(limited)
{
    static const char *const bodies[] = {"[", "{'score': 9}", "[]", "[{'score': 11}]",
                                         "[{'score': 1}]"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        limits_free(c.world.limits);
        c.world.limits = limits_new(10);
        for (int n = 0; n < 10; n++)
            ck_assert_str_ne(tells(MEDIA_JSON, bodies[i]), "429 too-many-requests");
        ck_assert_msg(strcmp(tells(MEDIA_JSON, bodies[i]), "429 too-many-requests") == 0, "%s",
                      bodies[i]);
    }
    limits_free(c.world.limits);
    c.world.limits = limits_new(10);
    ck_assert_str_eq(tells(MEDIA_JSON, many(6, false)), "200");
    struct reply reply = post(MEDIA_JSON, many(6, false));
    ck_assert_str_eq(unit_reply_tells(&c.arena, &reply), "429 too-many-requests");
    ck_assert_str_eq(unit_reply_header(&reply, "Retry-After"), "12");
    ck_assert_str_eq(tells(MEDIA_JSON, many(4, false)), "200");
    ck_assert_str_eq(tells(MEDIA_JSON, "no JSON"), "429 too-many-requests");
    unit_call_bearer(&c, unit_call_key(&c, ROLE_ANALYST, NULL, NULL));
    ck_assert_str_eq(tells(MEDIA_JSON, many(100, false)), "200");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        one_result_an_item, lines, no_batches, a_thousand_and_no_more, no_room, limited,
    };
    return unit_database_run_checked("submit_batch", setup, teardown, tests, COUNT_OF(tests));
}
