/* Suspended requests: many at once, none starved, and all answered when the service stops. */
#include "npsd/base/clock.h"
#include "support/edge.h"
#include "unit/suite.h"
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\n" HOST JSON
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST
#define LATER POST("/later") "Content-Length: 2\r\n\r\n{}"
#define HELLO GET("/hello") "\r\n"

static struct edge edge;

static double ms_since(int64_t start_us)
{
    return (double)(clock_monotonic_us() - start_us) / 1000.0;
}

static void wait_for_waiting(size_t count)
{
    int64_t start_us = clock_monotonic_us();
    while (edge_waiting(&edge) != count && ms_since(start_us) < 5000)
        usleep(1000);
    ck_assert_uint_eq(edge_waiting(&edge), count);
}

static void more_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the end --- */

/* What was accepted is answered; what comes after is told to go elsewhere; new connections are
 * refused. */
START_TEST(drain_answers_everybody)
{
    enum { SUSPENDED = 200, IDLE = 20 };
    int fds[SUSPENDED], idle[IDLE];
    more_descriptors();
    edge_start(&edge, NULL);
    edge_hold(&edge, true);
    for (int i = 0; i < IDLE; i++) {
        idle[i] = raw_connect(&edge);
        raw_send(idle[i], HELLO);
        ck_assert_int_eq(raw_read(idle[i], false).status, 200);
    }
    for (int i = 0; i < SUSPENDED; i++) {
        fds[i] = raw_connect(&edge);
        raw_send(fds[i], i % 2 ? LATER : POST("/worker-later") "Content-Length: 2\r\n\r\n{}");
    }
    wait_for_waiting(SUSPENDED);
    ck_assert_uint_eq(server_in_flight(edge.server), SUSPENDED);
    server_drain(edge.server);
    ck_assert_int_eq(raw_connect(&edge), -1);
    for (int i = 0; i < IDLE; i++) {
        raw_send(idle[i], i % 2 ? LATER : HELLO);
        struct raw_reply reply = raw_read(idle[i], false);
        ck_assert_int_eq(reply.status, 503);
        ck_assert_ptr_nonnull(strstr(reply.body, "/problems/draining"));
        ck_assert_str_eq(raw_header(&reply, "Connection"), "close");
        ck_assert_str_eq(raw_header(&reply, "Retry-After"), "1");
        ck_assert(raw_is_closed(idle[i]));
        close(idle[i]);
    }
    ck_assert(!server_wait(edge.server, 100));
    edge_hold(&edge, false);
    ck_assert(server_wait(edge.server, 5000));
    for (int i = 0; i < SUSPENDED; i++) {
        struct raw_reply reply = raw_read(fds[i], false);
        ck_assert_int_eq(reply.status, 201);
        ck_assert_str_eq(raw_header(&reply, "Connection"), "close");
        close(fds[i]);
    }
    edge_stop(&edge);
}
END_TEST

static int idle_fd, held_fd;

/* A request that keeps the server from its end, and a connection that has brought one before. */
static void hold_one(void)
{
    edge_hold(&edge, true);
    idle_fd = raw_connect(&edge);
    held_fd = raw_connect(&edge);
    raw_send(idle_fd, HELLO);
    ck_assert_int_eq(raw_read(idle_fd, false).status, 200);
    raw_send(held_fd, LATER);
    wait_for_waiting(1);
}

static void expect_last_answer(void)
{
    raw_send(idle_fd, HELLO);
    struct raw_reply reply = raw_read(idle_fd, false);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(raw_header(&reply, "Connection"), "close");
}

static void stop_held(void)
{
    close(idle_fd);
    close(held_fd);
    edge_stop(&edge);
}

static void *stop_server(void *ret_stopped)
{
    *(bool *)ret_stopped = server_stop(edge.server);
    return NULL;
}

static void wait_until_nobody_is_accepted(void)
{
    int64_t start_us = clock_monotonic_us();
    for (int fd; (fd = raw_connect(&edge)) >= 0 && ms_since(start_us) < 5000; usleep(1000))
        close(fd);
}

/* Who watches a daemon's health does not take it for ill because it ends. */
START_TEST(what_comes_while_it_stops_is_answered)
{
    bool stopped = false;
    pthread_t stopping;
    edge_start(&edge, NULL);
    hold_one();
    pthread_create(&stopping, NULL, stop_server, &stopped);
    wait_until_nobody_is_accepted();
    expect_last_answer();
    edge_hold(&edge, false);
    pthread_join(stopping, NULL);
    ck_assert(stopped);
    edge.server = NULL;
    stop_held();
}
END_TEST

static int listen_somewhere(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
    return listening;
}

/* However late: nobody is told to go elsewhere while a successor takes what is new. */
START_TEST(who_has_a_successor_refuses_nothing)
{
    int listening = listen_somewhere();
    const struct server_options options = {
        .socket = listening, .listener = 1, .threads = 1, .connections = 16};
    edge_start(&edge, &options);
    hold_one();
    server_drain(edge.server);
    usleep(2200000);
    expect_last_answer();
    edge_hold(&edge, false);
    ck_assert(server_wait(edge.server, 5000));
    stop_held();
}
END_TEST

/* When all is answered, what is behind the handlers goes: whoever comes then by a connection that
 * is still open must not reach it. */
START_TEST(nothing_is_handled_after_the_wait)
{
    int listening = listen_somewhere();
    const struct server_options options = {
        .socket = listening, .listener = 1, .threads = 1, .connections = 16};
    edge_start(&edge, &options);
    int fd = raw_connect(&edge);
    raw_send(fd, HELLO);
    ck_assert_int_eq(raw_read(fd, false).status, 200);
    server_drain(edge.server);
    ck_assert(server_wait(edge.server, 5000));
    raw_send(fd, HELLO);
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 503);
    ck_assert_ptr_nonnull(strstr(reply.body, "draining"));
    ck_assert(raw_is_closed(fd));
    close(fd);
    edge_stop(&edge);
}
END_TEST

/* A client that goes while its request is suspended. */
START_TEST(clients_that_went)
{
    edge_start(&edge, NULL);
    edge_hold(&edge, true);
    for (int i = 0; i < 50; i++) {
        int fd = raw_connect(&edge);
        raw_send(fd, LATER);
        struct linger reset = {.l_onoff = 1};
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        wait_for_waiting((size_t)i + 1);
        close(fd);
    }
    edge_hold(&edge, false);
    ck_assert(server_wait(edge.server, 5000));
    ck_assert_int_eq(raw_ask(&edge, LATER, NULL).status, 201);
    edge_stop(&edge);
}
END_TEST

START_TEST(a_full_queue_is_told)
{
    edge_start(&edge, NULL);
    edge_hold(&edge, true);
    edge.queue_max = 0;
    struct raw_reply reply = raw_ask(&edge, POST("/worker") "Content-Length: 2\r\n\r\n{}", NULL);
    ck_assert_int_eq(reply.status, 503);
    ck_assert_ptr_nonnull(strstr(reply.body, "/problems/overloaded"));
    edge_stop(&edge);
}
END_TEST

/* Stopping with a request that nobody answers neither hangs nor aborts; it can be done again. */
START_TEST(a_request_left_behind)
{
    edge_start(&edge, NULL);
    edge_hold(&edge, true);
    int fd = raw_connect(&edge);
    raw_send(fd, LATER);
    wait_for_waiting(1);
    int64_t start_us = clock_monotonic_us();
    ck_assert(!server_stop(edge.server));
    ck_assert(ms_since(start_us) < 10000);
    edge_hold(&edge, false);
    ck_assert_int_eq(raw_read(fd, false).status, 201);
    close(fd);
    edge_stop(&edge);
}
END_TEST

/* Stops at any moment of a busy server: each client has got whole replies, then an end. */
static void *busy_client(void *arg)
{
    long *bad = arg;
    for (int fd; (fd = raw_connect(&edge)) >= 0; close(fd)) {
        for (int i = 0; i < 20; i++) {
            raw_send(fd, i % 3 ? LATER : HELLO);
            struct raw_reply reply = raw_read(fd, false);
            if (reply.status == 503 || reply.status == 0)
                break;
            *bad += reply.status != 200 && reply.status != 201;
        }
    }
    return NULL;
}

START_TEST(drain_under_load)
{
    for (int round = 0; round < 20; round++) {
        enum { CLIENTS = 8 };
        pthread_t threads[CLIENTS];
        long bad[CLIENTS] = {0};
        edge_start(&edge, NULL);
        for (int i = 0; i < CLIENTS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, busy_client, &bad[i]), 0);
        usleep(20000 + 1000 * (useconds_t)round);
        server_drain(edge.server);
        ck_assert(server_wait(edge.server, 5000));
        for (int i = 0; i < CLIENTS; i++) {
            pthread_join(threads[i], NULL);
            ck_assert_int_eq(bad[i], 0);
        }
        edge_stop(&edge);
    }
}
END_TEST

/* --- nobody starves --- */

enum { PAIRS = 200, STARVATION_MS = 4000 };

struct poller {
    int fd;
    bool later;
    int64_t asked_us;
};

static void ask_again(struct poller *poller)
{
    poller->asked_us = clock_monotonic_us();
    raw_send(poller->fd, poller->later ? LATER : HELLO);
}

/* 200 connections always suspended or being resumed, and 200 that poll. Who starves waits to the
 * end; the bound leaves room for what else the machine does. */
START_TEST(nobody_starves)
{
    static struct poller pollers[2 * PAIRS];
    static struct pollfd fds[2 * PAIRS];
    more_descriptors();
    edge_start(&edge, NULL);
    for (int i = 0; i < 2 * PAIRS; i++) {
        pollers[i] = (struct poller){.fd = raw_connect(&edge), .later = i % 2};
        fds[i] = (struct pollfd){.fd = pollers[i].fd, .events = POLLIN};
        ask_again(&pollers[i]);
    }
    int64_t start_us = clock_monotonic_us();
    double longest_ms = 0;
    long answers = 0;
    while (ms_since(start_us) < STARVATION_MS) {
        ck_assert_int_gt(poll(fds, 2 * PAIRS, 2000), 0);
        for (int i = 0; i < 2 * PAIRS; i++) {
            double waited_ms = ms_since(pollers[i].asked_us);
            if (waited_ms > longest_ms)
                longest_ms = waited_ms;
            if (!fds[i].revents)
                continue;
            ck_assert_int_eq(raw_read(pollers[i].fd, false).status, pollers[i].later ? 201 : 200);
            ask_again(&pollers[i]);
            answers++;
        }
    }
    printf("%ld answers, the longest wait was %.1f ms\n", answers, longest_ms);
    ck_assert(2 * longest_ms < STARVATION_MS);
    ck_assert_int_gt(answers, 1000);
    for (int i = 0; i < 2 * PAIRS; i++)
        close(pollers[i].fd);
    edge_stop(&edge);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {drain_answers_everybody,
                                  what_comes_while_it_stops_is_answered,
                                  who_has_a_successor_refuses_nothing,
                                  nothing_is_handled_after_the_wait,
                                  clients_that_went,
                                  a_full_queue_is_told,
                                  a_request_left_behind,
                                  drain_under_load,
                                  nobody_starves};
    Suite *suite = suite_create("http_drain");
    TCase *tcase = tcase_create("drain");
    tcase_set_timeout(tcase, 90);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
