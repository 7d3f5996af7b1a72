#include "npsd/http/call.h"
#include "npsd/http/reply.h"
#include "suite.h"
#include <jansson.h>
#include <string.h>

static struct arena arena;
static const struct call call = {.arena = &arena, .request_id = "req-1"};

static const char *header(const struct reply *reply, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcmp(reply->headers[i].name, name) != 0)
            continue;
        ck_assert_ptr_null(found);
        found = reply->headers[i].value;
    }
    return found;
}

START_TEST(plain_replies)
{
    struct reply reply = reply_empty(204);
    ck_assert_int_eq(reply.status, 204);
    ck_assert_ptr_null(reply.type);
    reply = reply_text(200, "text/plain", "abc", 2);
    ck_assert_uint_eq(reply.body_len, 2);
    reply = reply_redirect("/s/demo/thanks");
    ck_assert_int_eq(reply.status, 303);
    ck_assert_str_eq(header(&reply, "Location"), "/s/demo/thanks");
    struct json_writer w = json_writer(&arena);
    json_put_int(&w, NULL, 42);
    reply = reply_json(201, &w);
    ck_assert_str_eq(reply.type, "application/json");
    ck_assert_uint_eq(reply.body_len, 2);
    ck_assert_mem_eq(reply.body, "42", 2);
    ck_assert(!reply.close);
}
END_TEST

static bool start(struct call *unused, void *work)
{
    (void)unused;
    (void)work;
    return true;
}

static struct reply finish(struct call *unused, void *work)
{
    (void)unused;
    (void)work;
    return reply_empty(200);
}

START_TEST(later_has_no_status)
{
    int work;
    struct reply reply = reply_later(start, finish, &work);
    ck_assert_int_eq(reply.status, 0);
    ck_assert(reply.start == start && reply.finish == finish && reply.work == &work);
}
END_TEST

/* Each problem of the table: status, type and instance are there, and what its status demands. */
START_TEST(every_problem_has_its_shape)
{
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        struct reply reply = reply_problem(&call, (enum problem)i, NULL);
        ck_assert_int_eq(reply.status, info->status);
        ck_assert_str_eq(reply.type, "application/problem+json");
        ck_assert_str_eq(header(&reply, "Cache-Control"), "no-store");
        json_t *body = json_loadb(reply.body, reply.body_len, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(body);
        const char *type = json_string_value(json_object_get(body, "type"));
        ck_assert_int_eq(strncmp(type, "/problems/", 10), 0);
        ck_assert_str_eq(type + 10, info->slug);
        ck_assert_str_eq(json_string_value(json_object_get(body, "title")), info->title);
        ck_assert_int_eq(json_integer_value(json_object_get(body, "status")), info->status);
        ck_assert_str_eq(json_string_value(json_object_get(body, "instance")), "req-1");
        ck_assert_str_eq(json_string_value(json_object_get(body, "detail")), info->detail);
        ck_assert_uint_eq(json_object_size(body), 5);
        json_decref(body);
        bool retry = info->status == 429 || info->status == 503;
        ck_assert((header(&reply, "Retry-After") != NULL) == retry);
        ck_assert((header(&reply, "WWW-Authenticate") != NULL) == (info->status == 401));
    }
}
END_TEST

START_TEST(errors_by_pointer_and_by_parameter)
{
    struct problem_errors errors = {.arena = &arena};
    problem_add(&errors, "is missing", "/score");
    problem_add(&errors, "is \"wrong\"", "/answers/%s", "why");
    struct reply reply = reply_problem_errors(&call, PROBLEM_INVALID, "Two.", &errors, false);
    ck_assert_str_eq(
        reply.body, "{\"type\":\"/problems/invalid\",\"title\":\"Something in the request is "
                    "wrong\",\"status\":422,\"detail\":\"Two.\",\"instance\":\"req-1\",\"errors\":["
                    "{\"pointer\":\"/score\",\"detail\":\"is missing\"},"
                    "{\"pointer\":\"/answers/why\",\"detail\":\"is \\\"wrong\\\"\"}]}");
    errors.count = 1;
    reply = reply_problem_errors(&call, PROBLEM_BAD_QUERY, NULL, &errors, true);
    ck_assert_ptr_nonnull(strstr(reply.body, "\"errors\":[{\"parameter\":\"/score\","));
    errors.count = 0;
    reply = reply_problem_errors(&call, PROBLEM_BAD_QUERY, NULL, &errors, true);
    ck_assert_ptr_null(strstr(reply.body, "errors"));
}
END_TEST

START_TEST(a_problem_inside_a_reply)
{
    struct json_writer w = json_writer(&arena);
    json_object_begin(&w, NULL);
    problem_write(&w, "problem", NULL, PROBLEM_GONE, "It was.", NULL);
    json_object_end(&w);
    ck_assert_str_eq(w.buf.data, "{\"problem\":{\"type\":\"/problems/erased\",\"title\":\"The "
                                 "response was erased\",\"status\":410,\"detail\":\"It was.\"}}");
}
END_TEST

START_TEST(retry_after_replaces)
{
    struct reply reply = reply_problem(&call, PROBLEM_TOO_MANY, NULL);
    reply_retry_after(&call, &reply, 17);
    ck_assert_str_eq(header(&reply, "Retry-After"), "17");
    reply = reply_empty(202);
    reply_retry_after(&call, &reply, 3);
    ck_assert_str_eq(header(&reply, "Retry-After"), "3");
}
END_TEST

START_TEST(which_limits_are_exceeded)
{
    const char *const policies[] = {"address", "key", NULL};
    struct reply reply = reply_too_many(&call, "Too much.", policies, 17);
    ck_assert_int_eq(reply.status, 429);
    ck_assert_str_eq(header(&reply, "Retry-After"), "17");
    ck_assert_str_eq(header(&reply, "Cache-Control"), "no-store");
    ck_assert_str_eq(reply.body,
                     "{\"type\":\"/problems/too-many-requests\",\"title\":\"Too many "
                     "requests\",\"status\":429,\"detail\":\"Too much.\",\"instance\":\"req-1\","
                     "\"violated-policies\":[\"address\",\"key\"]}");
}
END_TEST

START_TEST(too_many_headers_abort)
{
    struct reply reply = reply_empty(200);
    for (int i = 0; i <= REPLY_HEADERS_MAX; i++)
        reply_header(&reply, "X", "y");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        plain_replies,
        later_has_no_status,
        every_problem_has_its_shape,
        errors_by_pointer_and_by_parameter,
        a_problem_inside_a_reply,
        retry_after_replaces,
        which_limits_are_exceeded,
    };
    const TTest *const aborting[] = {too_many_headers_abort};
    arena_init(&arena, 4096);
    int status =
        suite_run_with_aborts("reply", tests, COUNT_OF(tests), aborting, COUNT_OF(aborting));
    arena_done(&arena);
    return status;
}
