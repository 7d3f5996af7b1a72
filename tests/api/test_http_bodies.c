/* The edge and its bodies: in pipelines, in pieces, too large, asked for with Expect. */
#include "support/edge.h"
#include "unit/suite.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\n" HOST JSON
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST
#define HELLO GET("/hello") "\r\n"

static struct edge edge;

static void start(void)
{
    edge_start(&edge, NULL);
}

static void stop(void)
{
    edge_stop(&edge);
}

static void expect_hello(int fd)
{
    raw_send(fd, HELLO);
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.body, "hello");
}

/* --- order --- */

/* A hundred requests in one write: as many answers, in order, each its own. */
START_TEST(pipelined)
{
    static char requests[100 * 160];
    static const char *const paths[] = {"/later", "/echo", "/worker", "/worker-later"};
    size_t len = 0;
    for (int i = 0; i < 100; i++) {
        const char *path = paths[i % 4];
        len += (size_t)(i % 5 == 0 ? snprintf(requests + len, sizeof requests - len,
                                              GET("/things/%03d") "\r\n", i)
                                   : snprintf(requests + len, sizeof requests - len,
                                              POST("%s") "Content-Length: 3\r\n\r\n%03d", path, i));
    }
    int fd = raw_connect(&edge);
    raw_send_n(fd, requests, len);
    for (int i = 0; i < 100; i++) {
        struct raw_reply reply = raw_read(fd, false);
        char want[16];
        snprintf(want, sizeof want, "%03d", i);
        ck_assert_int_eq(reply.status, i % 5 == 0 || i % 4 == 1 ? 200 : 201);
        ck_assert_str_eq(reply.body, want);
    }
    expect_hello(fd);
    close(fd);
}
END_TEST

START_TEST(in_small_pieces)
{
    static const char request[] = POST("/later") "Content-Length: 5\r\n\r\n[1,2]";
    int fd = raw_connect(&edge);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        raw_send_n(fd, request + i, 1);
        usleep(i % 8 == 0 ? 1000 : 0);
    }
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 201);
    ck_assert_str_eq(reply.body, "[1,2]");
    close(fd);
}
END_TEST

/* --- sizes --- */

/* /echo takes 1000 bytes, and reads and drops up to 4000. */
static void send_body(int fd, const char *path, size_t len, bool chunked)
{
    char head[256], body[8192];
    memset(body, '1', sizeof body);
    int head_len =
        chunked
            ? snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
                       path, len)
            : snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\n" HOST JSON "Content-Length: %zu\r\n\r\n", path, len);
    raw_send_n(fd, head, (size_t)head_len);
    raw_send_n(fd, body, len);
    if (chunked)
        raw_send(fd, "\r\n0\r\n\r\n");
}

START_TEST(bodies_up_to_the_limit)
{
    int fd = raw_connect(&edge);
    send_body(fd, "/echo", 1000, false);
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_uint_eq(reply.body_len, 1000);
    send_body(fd, "/later", 1000, true);
    reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 201);
    ck_assert_uint_eq(reply.body_len, 1000);
    close(fd);
}
END_TEST

/* Dropped and answered, and the connection goes on. */
START_TEST(a_little_too_large)
{
    static const char *const paths[] = {"/echo", "/later", "/worker"};
    int fd = raw_connect(&edge);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        for (size_t len = 1001; len <= 4000; len += 2999) {
            send_body(fd, paths[i], len, false);
            struct raw_reply reply = raw_read(fd, false);
            ck_assert_int_eq(reply.status, 413);
            ck_assert_ptr_nonnull(strstr(reply.body, "/problems/too-large"));
            ck_assert_ptr_null(raw_header(&reply, "Connection"));
            expect_hello(fd);
        }
    }
    send_body(fd, "/nowhere", 5000, false);
    ck_assert_int_eq(raw_read(fd, false).status, 404);
    expect_hello(fd);
    close(fd);
}
END_TEST

/* Refused by the head alone. */
START_TEST(far_too_large)
{
    int fd = raw_connect(&edge);
    raw_send(fd, POST("/echo") "Content-Length: 4001\r\n\r\n");
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 413);
    ck_assert_str_eq(raw_header(&reply, "Connection"), "close");
    ck_assert(raw_is_closed(fd));
    close(fd);
}
END_TEST

START_TEST(chunked_too_large)
{
    int fd = raw_connect(&edge);
    send_body(fd, "/echo", 3000, true);
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 413);
    ck_assert_str_eq(raw_header(&reply, "Connection"), "close");
    ck_assert(raw_is_closed(fd));
    close(fd);
    fd = raw_connect(&edge);
    send_body(fd, "/echo", 8000, true);
    ck_assert_int_eq(raw_read(fd, false).status, 0);
    close(fd);
}
END_TEST

/* Who asks first is told before sending: a refusal instead of "100 Continue". */
START_TEST(expect_continue)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {POST("/echo") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 100},
        {POST("/echo") "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413},
        {POST("/nowhere") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 404},
        {POST("/hello") "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n", 405},
        {POST("/form") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 415},
        {POST("/echo") "Expect: 100-continue\r\n\r\n", 411},
        {POST("/echo?a=%") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 400},
        {POST("/form") "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", 415},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int fd = raw_connect(&edge);
        raw_send(fd, cases[i].request);
        struct raw_reply reply = raw_read(fd, false);
        ck_assert_int_eq(reply.status, cases[i].status);
        if (reply.status == 100) {
            raw_send(fd, "{}");
            ck_assert_str_eq(raw_read(fd, false).body, "{}");
        } else {
            ck_assert(raw_is_closed(fd));
        }
        close(fd);
    }
}
END_TEST

START_TEST(heads_too_large)
{
    static char request[64 * 1024];
    int fd = raw_connect(&edge);
    int len = snprintf(request, sizeof request, GET("/hello") "X-A: ");
    memset(request + len, 'a', 8000);
    snprintf(request + len + 8000, 8, "\r\n\r\n");
    raw_send(fd, request);
    ck_assert_int_eq(raw_read(fd, false).status, 200);
    memset(request + len, 'a', 40000);
    raw_send_n(fd, request, (size_t)len + 40000);
    int status = raw_read(fd, false).status;
    ck_assert_msg(status == 431 || status == 413 || status == 0, "%d", status);
    close(fd);
}
END_TEST

START_TEST(where_the_request_came_from)
{
    struct raw_reply reply = raw_ask(&edge,
                                     "GET /client HTTP/1.1\r\nHost: nps.example:81\r\n"
                                     "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: evil\r\n\r\n",
                                     NULL);
    ck_assert_str_eq(reply.body, "127.0.0.1 http://nps.example:81");
    reply = raw_ask(&edge, "GET http://other.example/client HTTP/1.1\r\n" HOST "\r\n", NULL);
    ck_assert_str_eq(reply.body, "127.0.0.1 http://other.example");
}
END_TEST

static void wait_for_observed(long count)
{
    for (int i = 0; i < 5000 && atomic_load(&edge.observed) < count; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(&edge.observed), count);
}

/* After it was sent, so perhaps after the next request of another connection. */
START_TEST(every_reply_is_observed)
{
    long before = atomic_load(&edge.observed);
    raw_ask(&edge, GET("/nowhere") "\r\n", NULL);
    wait_for_observed(before + 1);
    ck_assert_int_eq(atomic_load(&edge.last_status), 404);
    raw_ask(&edge, POST("/later") "Content-Length: 2\r\n\r\n{}", NULL);
    wait_for_observed(before + 2);
    ck_assert_int_eq(atomic_load(&edge.last_status), 201);
}
END_TEST

static void add_case(Suite *suite, const char *name, void (*setup)(void), const TTest *const *tests,
                     size_t count)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup, stop);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
}

int main(void)
{
    const TTest *const tests[] = {pipelined,
                                  in_small_pieces,
                                  bodies_up_to_the_limit,
                                  a_little_too_large,
                                  far_too_large,
                                  chunked_too_large,
                                  expect_continue,
                                  heads_too_large,
                                  where_the_request_came_from,
                                  every_reply_is_observed};
    Suite *suite = suite_create("http_bodies");
    add_case(suite, "bodies", start, tests, COUNT_OF(tests));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
