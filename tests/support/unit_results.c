#include "support/unit_results.h"

#include "npsd/base/clock.h"
#include "npsd/json/read.h"

#include <string.h>

static struct unit_call c;
static const char *admin, *viewer;

static const char definition[] =
    "'time_zone': 'Europe/Moscow', 'facets': ['branch', 'product'], 'questions': ["
    "{'id': 'recommend', 'type': 'nps', 'text': {'en': 'Would you?'}},"
    "{'id': 'improve', 'type': 'choice', 'text': {'en': 'What?'}, 'options': ["
    " {'id': 'wait', 'text': {'en': 'W'}}, {'id': 'price', 'text': {'en': 'P'}},"
    " {'id': 'staff', 'text': {'en': 'S'}}]},"
    "{'id': 'used', 'type': 'choices', 'text': {'en': 'Which?'}, 'options': ["
    " {'id': 'a', 'text': {'en': 'A'}}, {'id': 'b', 'text': {'en': 'B'}},"
    " {'id': 'c', 'text': {'en': 'C'}}]},"
    "{'id': 'ease', 'type': 'scale', 'min': 1, 'max': 5, 'text': {'en': 'Easy?'}},"
    "{'id': 'again', 'type': 'yes_no', 'text': {'en': 'Again?'}}]";

#define TEN_AT "'answered_at': '2026-11-10T09:30:00Z', "
static const char *const ten[] = {
    TEN_AT "'score': 10, 'channel': 'web', 'properties': {'branch': 'north'},"
           " 'answers': {'improve': 'wait', 'used': ['a'], 'ease': 5, 'again': true}",
    TEN_AT "'score': 10, 'channel': 'web', 'properties': {'branch': 'north'},"
           " 'answers': {'used': ['a', 'b'], 'ease': 5, 'again': true}",
    TEN_AT "'score': 9, 'channel': 'email', 'properties': {'branch': 'north'},"
           " 'answers': {'improve': 'price', 'used': ['b'], 'ease': 4, 'again': true}",
    TEN_AT "'score': 9, 'channel': 'web', 'properties': {'branch': 'south'},"
           " 'answers': {'ease': 4, 'again': false}",
    TEN_AT "'score': 8, 'channel': 'web', 'properties': {'branch': 'south'},"
           " 'answers': {'improve': 'wait', 'used': ['a', 'b', 'c'], 'ease': 3, 'again': true}",
    TEN_AT "'score': 7, 'channel': 'email', 'properties': {'branch': 'south'},"
           " 'answers': {'improve': 'staff'}",
    TEN_AT "'score': 6, 'channel': 'web', 'properties': {'branch': 'south'},"
           " 'answers': {'improve': 'wait', 'used': ['c'], 'ease': 2, 'again': false}",
    TEN_AT "'score': 3, 'channel': 'kiosk', 'properties': {'branch': 'south'},"
           " 'answers': {'improve': 'wait', 'ease': 1, 'again': false}",
    TEN_AT "'score': 0, 'channel': 'web', 'agent': 'Olga',"
           " 'answers': {'improve': 'price', 'ease': 1, 'again': false}",
    TEN_AT "'score': 10, 'channel': 'web'",
};

static void setup(void)
{
    static const char now[] = "2026-11-20T14:03:00Z";

    unit_call_open(&c);
    unit_call_survey(&c, "shop", definition);
    admin = unit_call_key(&c, ROLE_ADMIN, NULL, NULL);
    viewer = unit_call_key(&c, ROLE_VIEWER, NULL, NULL);
    unit_call_refresh(&c);
    ck_assert(clock_parse(now, strlen(now), &c.call.received_us));
}

static void teardown(void)
{
    unit_call_done(&c);
}

int unit_results_run(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}

struct unit_call *unit_results_call(void)
{
    return &c;
}

/* --- answers --- */

void unit_results_post(const char *survey, const char *const *answers, size_t count)
{
    struct buf body = buf_make(&c.arena, 4096);

    for (size_t i = 0; i < count; i++)
        buf_printf(&body, "%s{%s}", i ? ", " : "[", answers[i]);
    buf_char(&body, ']');
    if (!c.world.batch[0])
        unit_call_lanes(&c, 2000);
    unit_call_bearer(&c, admin);
    unit_call_to(&c, HTTP_POST, arena_printf(&c.arena, "/v1/surveys/%s/responses/batch", survey));
    unit_call_body(&c, MEDIA_JSON, body.data);
    struct reply reply = unit_call_run(&c);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_msg(!strstr(reply.body, "problem"), "%.*s", (int)reply.body_len, reply.body);
}

void unit_results_post_ten(void)
{
    unit_results_post("shop", ten, COUNT_OF(ten));
}

/* --- questions --- */

struct reply unit_results_get(const char *path)
{
    unit_call_bearer(&c, viewer);
    unit_call_body(&c, MEDIA_NONE, "");
    unit_call_to(&c, HTTP_GET, arena_printf(&c.arena, "/v1/surveys/%s", path));
    return unit_call_run(&c);
}

static const char *turned(const char *text)
{
    char *copy = arena_strdup(&c.arena, text);
    for (char *at = copy; (at = strchr(at, '\'')); at++)
        *at = '"';
    return copy;
}

void unit_results_assert(const char *path, const char *body)
{
    struct reply reply = unit_results_get(path);
    ck_assert_msg(reply.status == 200, "%s: %s", path, unit_reply_tells(&c.arena, &reply));
    ck_assert_str_eq(reply.type, "application/json");
    ck_assert_str_eq(reply.body, turned(body));
    ck_assert_uint_eq(reply.body_len, strlen(reply.body));
}

static json_t *step(json_t *at, const char *name)
{
    return json_is_array(at) ? json_array_get(at, (size_t)strtoul(name, NULL, 10))
                             : json_object_get(at, name);
}

void unit_results_assert_at(const char *path, const char *pointer, const char *json)
{
    struct reply reply = unit_results_get(path);
    ck_assert_msg(reply.status == 200, "%s: %s", path, unit_reply_tells(&c.arena, &reply));
    json_t *at = unit_reply_json(&c.arena, &reply);
    char *steps = arena_strdup(&c.arena, pointer), *rest = NULL;
    for (char *name = strtok_r(steps, "/", &rest); name && at; name = strtok_r(NULL, "/", &rest))
        at = step(at, name);
    ck_assert_msg(at != NULL, "%s: no %s in %s", path, pointer, reply.body);
    size_t room = 2 * reply.body_len;
    char *found = arena_calloc(&c.arena, room + 1, 1);
    json_dumpb(at, found, room, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
    ck_assert_msg(strcmp(found, turned(json)) == 0, "%s: %s is %s, not %s", path, pointer, found,
                  turned(json));
}

static void add_members(struct buf *text, const json_t *row, const char *members)
{
    char *names = arena_strdup(&c.arena, members), *rest = NULL;
    const char *gap = "";

    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        char value[64] = {0};
        json_dumpb(json_object_get(row, name), value, sizeof value - 1,
                   JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
        buf_printf(text, "%s%s", gap, value);
        gap = " ";
    }
}

const char *unit_results_rows(const char *path, const char *array, const char *members)
{
    struct reply reply = unit_results_get(path);
    ck_assert_msg(reply.status == 200, "%s: %s", path, unit_reply_tells(&c.arena, &reply));
    const json_t *rows = json_object_get(unit_reply_json(&c.arena, &reply), array), *row;
    struct buf text = buf_make(&c.arena, 512);
    size_t i;
    json_array_foreach(rows, i, row)
    {
        buf_text(&text, i ? ", " : "");
        add_members(&text, row, members);
    }
    return text.data;
}

void unit_results_assert_wrong(const char *path, const struct unit_results_wrong *wrong,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reply reply =
            unit_results_get(arena_printf(&c.arena, "%s?%s", path, wrong[i].query));
        ck_assert_msg(reply.status == 422, "%s: %d", wrong[i].query, reply.status);
        const char *named = unit_reply_parameters(&c.arena, &reply);
        ck_assert_msg(strcmp(named, wrong[i].parameters) == 0, "%s: %s", wrong[i].query, named);
    }
}
