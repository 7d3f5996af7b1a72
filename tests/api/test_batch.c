/* Batches: many answers in one request, each with an outcome of its own, in order. */
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <string.h>

#define NDJSON "application/x-ndjson"

static struct reply *post(enum fixture_role role, const char *survey, const char *type,
                          const char *body)
{
    const char *path = text("/v1/surveys/%s/responses/batch", survey);
    return client_send(
        &(struct request){.path = path, .key = fixture_key(role), .type = type, .body = body});
}

static void expect_count(const char *survey, int count)
{
    struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps?period=all", survey);
    expect_int(nps, "/responses", count);
}

static size_t result_count(const struct reply *reply)
{
    return json_array_size(reply_at(reply, "/results"));
}

/* Exactly these statuses, in this order: "201 422 201". */
static void expect_statuses(struct reply *reply, const char *statuses)
{
    expect_status(reply, 200);
    size_t i = 0;
    for (const char *at = statuses; *at; at += strspn(at, " "), i++) {
        char *end;
        expect_int(reply, text("/results/%zu/status", i), strtol(at, &end, 10));
        at = end;
    }
    ck_assert_uint_eq(result_count(reply), i);
}

/* The problem of one result. */
static void expect_item_problem(struct reply *reply, size_t item, long status, const char *slug,
                                const char *where)
{
    json_t *problem = reply_at(reply, text("/results/%zu/problem", item));
    expect_problem_object(HERE, reply, problem, status, slug, where);
    expect_none(reply, text("/results/%zu/id", item));
}

/* An array and lines of JSON are the same. */
START_TEST(array_and_lines)
{
    static const struct {
        const char *type, *body;
    } forms[] = {
        {"application/json", "[{'score':0},{'score':7,'channel':'kiosk'},{'score':10}]"},
        {NDJSON, "{'score':0}\n{'score':7,'channel':'kiosk'}\n{'score':10}\n"},
        {NDJSON, "{'score':0}\n{'score':7,'channel':'kiosk'}\n{'score':10}"},
        {NDJSON, "{'score':0}\r\n{'score':7,'channel':'kiosk'}\r\n{'score':10}\r\n"},
        {NDJSON "; charset=utf-8", "{'score':0}\n{'score':7,'channel':'kiosk'}\n{'score':10}\n"},
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        const char *survey = fixture_survey("");
        struct reply *reply = post(NONE, survey, forms[i].type, text_json("%s", forms[i].body));
        expect_statuses(reply, "201 201 201");
        struct reply *nps = client_get(fixture_key(VIEWER), "/v1/surveys/%s/nps", survey);
        expect_json(nps, "/histogram", "[1,0,0,0,0,0,0,1,0,0,1]");
        struct reply *second = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s",
                                          survey, reply_string(reply, "/results/1/id"));
        expect_int(expect_status(second, 200), "/score", 7);
        expect_string(second, "/channel", "kiosk");
    }
}
END_TEST

/* The same batch again replays each item with its id. */
START_TEST(replays)
{
    const char *survey = fixture_survey("");
    const char *body = text_json("[{'score':1,'idempotency_key':'a'},{'score':2,'external_id':'b'},"
                                 "{'score':3,'idempotency_key':'c'}]");
    struct reply *first = post(ANALYST, survey, NULL, body);
    expect_statuses(first, "201 201 201");
    struct reply *again = post(ANALYST, survey, NULL, body);
    expect_statuses(again, "200 200 200");
    for (int i = 0; i < 3; i++) {
        const char *id = text("/results/%d/id", i);
        expect_json(again, text("/results/%d/replayed", i), "true");
        expect_string(again, id, reply_string(first, id));
        expect_none(first, text("/results/%d/replayed", i));
    }
    expect_count(survey, 3);
}
END_TEST

/* A single answer and an item of a batch with one key are one answer. */
START_TEST(key_of_a_single_answer)
{
    const char *survey = fixture_survey("");
    const char *path = text("/v1/surveys/%s/responses", survey);
    struct reply *single = client_send(&(struct request){
        .path = path, .body = "{\"score\":1}", .headers = {"Idempotency-Key: a"}});
    expect_status(single, 201);
    struct reply *reply = post(NONE, survey, NULL,
                               text_json("[{'score':1,'idempotency_key':'a'},"
                                         "{'score':2,'idempotency_key':'a'}]"));
    expect_statuses(reply, "200 422");
    expect_string(reply, "/results/0/id", reply_string(single, "/id"));
    expect_item_problem(reply, 1, 422, "key-reused", NULL);
    expect_count(survey, 1);
}
END_TEST

/* Twice in one batch: the first is taken, the same again is a replay, another body is refused. */
START_TEST(duplicates_within)
{
    const char *survey = fixture_survey("");
    struct reply *reply = post(NONE, survey, NULL,
                               text_json("[{'score':5,'idempotency_key':'k'},"
                                         "{'score':5,'idempotency_key':'k'},"
                                         "{'score':6,'idempotency_key':'k'},"
                                         "{'score':7},{'score':7},"
                                         "{'score':5,'idempotency_key':'k'}]"));
    expect_statuses(reply, "201 200 422 201 201 200");
    expect_string(reply, "/results/1/id", reply_string(reply, "/results/0/id"));
    expect_string(reply, "/results/5/id", reply_string(reply, "/results/0/id"));
    expect_item_problem(reply, 2, 422, "key-reused", NULL);
    ck_assert_str_ne(reply_string(reply, "/results/3/id"), reply_string(reply, "/results/4/id"));
    expect_count(survey, 3);
}
END_TEST

/* A wrong item names its errors and does not stop the others. */
START_TEST(wrong_items)
{
    const char *survey = fixture_survey("");
    struct reply *reply = post(
        NONE, survey, NULL,
        text_json("[{'score':9},{'score':11},{'score':9,'colour':1,'channel':'fax'},null,5,'x',[],"
                  "{'score':9,'idempotency_key':5},{'score':9,'idempotency_key':'two words'},"
                  "{'score':9,'external_id':'x'},{'score':8,'answers':{'improve':'nothing'}},"
                  "{'score':9}]"));
    expect_statuses(reply, "201 422 422 422 422 422 422 422 422 422 422 201");
    expect_item_problem(reply, 1, 422, "invalid", "/score");
    expect_item_problem(reply, 2, 422, "invalid", "/colour");
    expect_item_problem(reply, 2, 422, "invalid", "/channel");
    for (size_t i = 3; i < 7; i++)
        expect_item_problem(reply, i, 422, "invalid", "");
    expect_item_problem(reply, 7, 422, "invalid", "/idempotency_key");
    expect_item_problem(reply, 8, 422, "invalid", "/idempotency_key");
    expect_item_problem(reply, 9, 422, "invalid", "/external_id");
    expect_item_problem(reply, 10, 422, "invalid", "/answers/improve");
    expect_count(survey, 2);
}
END_TEST

/* A line that is no JSON is wrong alone. */
START_TEST(wrong_lines)
{
    const char *survey = fixture_survey("");
    struct reply *reply = post(NONE, survey, NDJSON,
                               text_json("{'score':1}\n{'score':\n{'score':2,'score':3}\n"
                                         "{'score':4} {'score':5}\nscore\n{'score':6}\n"));
    expect_statuses(reply, "201 400 400 400 400 201");
    for (size_t i = 1; i < 5; i++)
        expect_item_problem(reply, i, 400, "bad-json", NULL);
    expect_count(survey, 2);
}
END_TEST

/* An erased answer does not come back by a batch. */
START_TEST(erased)
{
    const char *survey = fixture_survey("");
    const char *body =
        text_json("[{'score':1,'idempotency_key':'a'},{'score':2,'idempotency_key':'b'}]");
    struct reply *reply = post(NONE, survey, NULL, body);
    expect_status(client_delete(fixture_key(ADMIN), "/v1/surveys/%s/responses/%s", survey,
                                reply_string(reply, "/results/0/id")),
                  204);
    reply = post(NONE, survey, NULL, body);
    expect_statuses(reply, "410 200");
    expect_item_problem(reply, 0, 410, "erased", NULL);
    expect_count(survey, 1);
}
END_TEST

/* Bodies that are no batch. */
START_TEST(no_batch)
{
    const char *survey = fixture_survey("");
    static const struct {
        const char *type, *body;
        long status;
    } cases[] = {
        {NULL, "", 400},
        {NULL, "[", 400},
        {NULL, "[{'score':1},]", 400},
        {NULL, "[{'score':1}] x", 400},
        {NULL, "[{'score':1,'score':2}]", 400},
        {NULL, "[{'score':99999999999999999999}]", 400},
        {NULL, "{'score':1}", 422},
        {NULL, "{'results':[{'score':1}]}", 422},
        {"text/plain", "[{'score':1}]", 415},
        {"text/csv", "score\n1\n", 415},
        {"application/x-www-form-urlencoded", "score=1", 415},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_status(post(NONE, survey, cases[i].type, text_json("%s", cases[i].body)),
                      cases[i].status);
    expect_count(survey, 0);
}
END_TEST

static const char *many(int count, const char *member)
{
    char *body = text_space((size_t)count * 6000 + 16), *at = body;
    for (int i = 0; i < count; i++)
        at += snprintf(at, 6000, "%s{\"score\":%d,\"idempotency_key\":\"m-%d\"%s}", i ? "," : "[",
                       i % 11, i, member);
    snprintf(at, 2, "]");
    return body;
}

/* 1,000 are a batch; one more is too many, and none of them is taken. */
START_TEST(a_thousand)
{
    const char *survey = fixture_survey("");
    struct reply *reply = post(NONE, survey, NULL, many(1001, ""));
    ck_assert_msg(reply->status == 413 || reply->status == 422, "%ld %s", reply->status,
                  reply->body);
    expect_count(survey, 0);
    reply = expect_status(post(NONE, survey, NULL, many(1000, "")), 200);
    ck_assert_uint_eq(result_count(reply), 1000);
    size_t i;
    json_t *result;
    json_array_foreach(reply_at(reply, "/results"), i, result)
        ck_assert_int_eq(json_integer_value(json_object_get(result, "status")), 201);
    expect_count(survey, 1000);
    reply = expect_status(post(NONE, survey, NULL, many(1000, "")), 200);
    json_array_foreach(reply_at(reply, "/results"), i, result)
        ck_assert_int_eq(json_integer_value(json_object_get(result, "status")), 200);
    expect_count(survey, 1000);
}
END_TEST

/* Up to 8 MiB, beyond it 413 and the connection is kept. */
START_TEST(large_batches)
{
    const char *survey = fixture_survey("");
    const char *long_text = text(",\"answers\":{\"why\":\"%s\"}", text_repeat("x", 4000));
    expect_status(post(NONE, survey, NULL, many(1000, long_text)), 200);
    expect_count(survey, 1000);
    const char *path = text("/v1/surveys/%s/responses/batch", survey);
    const struct {
        size_t size;
        long status;
    } cases[] = {{8 << 20, 200}, {(8 << 20) + 1, 413}, {16 << 20, 413}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *body = text_space(cases[i].size);
        memset(body, ' ', cases[i].size);
        memcpy(body, "[{\"score\":3}]", 13);
        client_get(NULL, "/healthz");
        struct reply *reply =
            client_send(&(struct request){.path = path, .body = body, .length = cases[i].size});
        expect_status(reply, cases[i].status);
        ck_assert_int_eq(client_get(NULL, "/healthz")->connects, 0);
    }
    expect_count(survey, 1001);
}
END_TEST

/* An agent's batch is calls of that agent. */
START_TEST(batch_of_an_agent)
{
    const char *survey = fixture_survey("");
    struct reply *reply =
        post(AGENT, survey, NULL, text_json("[{'score':5,'external_id':'call-1'}]"));
    expect_statuses(reply, "201");
    struct reply *stored = client_get(fixture_key(ANALYST), "/v1/surveys/%s/responses/%s", survey,
                                      reply_string(reply, "/results/0/id"));
    expect_string(stored, "/channel", "phone");
    expect_string(stored, "/agent", AGENT_NAME);
    expect_string(stored, "/external_id", "call-1");
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {
        {.test = array_and_lines},
        {.test = replays},
        {.test = key_of_a_single_answer},
        {.test = duplicates_within},
        {.test = wrong_items},
        {.test = wrong_lines},
        {.test = erased},
        {.test = no_batch},
        {.test = a_thousand},
        {.test = large_batches},
        {.test = batch_of_an_agent},
    };
    return fixture_run("batch", NULL, tests, COUNT_OF(tests));
}
