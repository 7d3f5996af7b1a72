/* The limits of the edge: deadlines of slow clients, connections, and what it does not start with.
 */
#include "npsd/base/clock.h"
#include "support/edge.h"
#include "unit/suite.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

static double ms_since(int64_t start_us)
{
    return (double)(clock_monotonic_us() - start_us) / 1000.0;
}

static void expect_hello(int fd)
{
    raw_send(fd, HELLO);
    struct raw_reply reply = raw_read(fd, false);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.body, "hello");
}

/* --- deadlines --- */

static void start_impatient(void)
{
    static const struct server_options options = {.listen = "127.0.0.1:0",
                                                  .listener = 1,
                                                  .threads = 1,
                                                  .connections = 100,
                                                  .head_ms = 300,
                                                  .body_ms = 500,
                                                  .reply_ms = 400};
    edge_start(&edge, &options);
}

/* Sends a byte every 20 ms until the other end gives up; how long that took. */
static double trickle(const char *begin, char byte)
{
    int64_t start_us = clock_monotonic_us();
    int fd = raw_connect(&edge);
    raw_send(fd, begin);
    while (ms_since(start_us) < 4000 && send(fd, &byte, 1, MSG_NOSIGNAL) == 1)
        usleep(20000);
    close(fd);
    return ms_since(start_us);
}

START_TEST(slow_heads_and_bodies_are_cut)
{
    double ms = trickle("", 'A');
    ck_assert_msg(ms > 200 && ms < 1500, "request line: %f", ms);
    ms = trickle(GET("/hello") "X-A: ", 'a');
    ck_assert_msg(ms > 200 && ms < 1500, "headers: %f", ms);
    ms = trickle(POST("/echo") "Content-Length: 1000\r\n\r\n", '1');
    ck_assert_msg(ms > 400 && ms < 1500, "body: %f", ms);
    int fd = raw_connect(&edge);
    expect_hello(fd);
    close(fd);
}
END_TEST

START_TEST(a_reply_nobody_reads_is_cut)
{
    int64_t start_us = clock_monotonic_us();
    int fd = raw_connect(&edge);
    raw_send(fd, GET("/large") "\r\n");
    while (server_in_flight(edge.server) == 0 && ms_since(start_us) < 2000)
        usleep(1000);
    while (server_in_flight(edge.server) != 0 && ms_since(start_us) < 4000)
        usleep(1000);
    double ms = ms_since(start_us);
    ck_assert_msg(ms > 300 && ms < 2000, "%f", ms);
    close(fd);
}
END_TEST

/* Reading a little now and then does not make it longer. */
START_TEST(a_reply_that_is_read_slowly_is_cut)
{
    int fd = raw_connect(&edge);
    raw_send(fd, GET("/large") "\r\n");
    int64_t start_us = clock_monotonic_us();
    char byte;
    while (server_in_flight(edge.server) == 0 && ms_since(start_us) < 2000)
        usleep(1000);
    while (server_in_flight(edge.server) != 0 && ms_since(start_us) < 4000) {
        recv(fd, &byte, 1, MSG_DONTWAIT);
        usleep(20000);
    }
    double ms = ms_since(start_us);
    ck_assert_msg(ms > 300 && ms < 2000, "%f", ms);
    close(fd);
}
END_TEST

/* Waiting for us is not being slow. */
START_TEST(a_suspended_request_is_not_cut)
{
    edge_hold(&edge, true);
    int fd = raw_connect(&edge);
    raw_send(fd, POST("/later") "Content-Length: 2\r\n\r\n{}");
    usleep(1200000);
    edge_hold(&edge, false);
    ck_assert_int_eq(raw_read(fd, false).status, 201);
    close(fd);
}
END_TEST

/* --- limits --- */

/* What the system holds of our replies to the client with this port, in bytes. Both ports count:
   connections to others may have the same port on the client's side, the ended ones for a minute. */
static unsigned long held_for(unsigned server_port, unsigned client_port)
{
    FILE *file = fopen("/proc/net/tcp", "re");
    ck_assert_ptr_nonnull(file);
    char line[256];
    unsigned long held = 0, waiting;
    unsigned local, remote;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, " %*[^:]: %*8x:%x %*8x:%x %*x %lx:", &local, &remote, &waiting) == 3 &&
            local == server_port && remote == client_port)
            held = waiting;
    fclose(file);
    return held;
}

static unsigned server_port(void)
{
    return (unsigned)strtoul(strrchr(server_address(edge.server), ':') + 1, NULL, 10);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in own = {0};
    socklen_t len = sizeof own;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    return ntohs(own.sin_port);
}

/* Else a thousand clients that do not read take a gigabyte of the system's memory. */
START_TEST(a_reply_nobody_reads_takes_little_of_the_system)
{
    int fd = raw_connect(&edge), small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    raw_send(fd, GET("/large") "\r\n");
    unsigned long held = 0;
    for (int i = 0; i < 300 && (held == 0 || i < 30); i++, usleep(10000))
        held = held_for(server_port(), port_of(fd));
    ck_assert_uint_gt(held, 16 << 10);
    ck_assert_uint_lt(held, 192 << 10);
    close(fd);
}
END_TEST

START_TEST(a_thousand_idle_connections)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    enum { IDLE = 990 };
    static int fds[IDLE];
    for (int i = 0; i < IDLE; i++)
        ck_assert_int_ge(fds[i] = raw_connect(&edge), 0);
    expect_hello(fds[0]);
    expect_hello(fds[IDLE - 1]);
    int fd = raw_connect(&edge);
    expect_hello(fd);
    close(fd);
    for (int i = 0; i < IDLE; i++)
        close(fds[i]);
}
END_TEST

static void start_narrow(void)
{
    static const struct server_options options = {.listen = "localhost:0",
                                                  .listener = 1,
                                                  .threads = 2,
                                                  .connections = 4,
                                                  .public_url = "https://nps.example/",
                                                  .trusted_proxies = "127.0.0.0/8"};
    edge_start(&edge, &options);
}

/* The fifth waits, and is served when one of the four goes. */
START_TEST(at_the_limit_others_wait)
{
    int fds[5];
    for (int i = 0; i < 4; i++) {
        fds[i] = raw_connect(&edge);
        expect_hello(fds[i]);
    }
    fds[4] = raw_connect(&edge);
    ck_assert_int_ge(fds[4], 0);
    raw_send(fds[4], HELLO);
    char byte;
    usleep(200000);
    ck_assert_int_lt(recv(fds[4], &byte, 1, MSG_DONTWAIT), 0);
    close(fds[0]);
    ck_assert_int_eq(raw_read(fds[4], false).status, 200);
    for (int i = 1; i < 5; i++)
        close(fds[i]);
}
END_TEST

static void start_counting(void)
{
    static const struct server_options options = {.listen = "127.0.0.1:0",
                                                  .listener = 1,
                                                  .threads = 2,
                                                  .connections = 100,
                                                  .connections_per_address = 3,
                                                  .trusted_proxies = "127.0.0.3"};
    edge_start(&edge, &options);
}

static int connect_from(const char *address)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    inet_pton(AF_INET, address, &from.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    to.sin_port = htons((uint16_t)server_port());
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    raw_patience(fd, 5000);
    return fd;
}

static int expect_served(const char *address)
{
    int fd = connect_from(address);
    expect_hello(fd);
    return fd;
}

/* What it sends at once is not looked at either. */
static void expect_ended(const char *address, long served)
{
    int fd = connect_from(address);
    send(fd, HELLO, sizeof HELLO - 1, MSG_NOSIGNAL);
    ck_assert_int_eq(raw_read(fd, false).status, 0);
    ck_assert_int_le(edge.observed, served);
    close(fd);
}

START_TEST(an_address_has_so_many_connections)
{
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = expect_served("127.0.0.1");
    expect_ended("127.0.0.1", 3);
    expect_ended("127.0.0.1", 3);
    close(expect_served("127.0.0.2"));
    close(fds[1]);
    usleep(100000);
    fds[1] = expect_served("127.0.0.1");
    expect_ended("127.0.0.1", 5);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}
END_TEST

/* All its clients come by it. */
START_TEST(a_trusted_proxy_has_any_number_of_connections)
{
    int fds[10];
    for (int i = 0; i < 10; i++)
        fds[i] = expect_served("127.0.0.3");
    for (int i = 0; i < 10; i++)
        close(fds[i]);
}
END_TEST

START_TEST(behind_a_proxy)
{
    struct raw_reply reply = raw_ask(&edge,
                                     "GET /client HTTP/1.1\r\n" HOST "X-Forwarded-For: 6.6.6.6\r\n"
                                     "X-Forwarded-For: 192.0.2.1, 127.0.0.2\r\n\r\n",
                                     NULL);
    ck_assert_str_eq(reply.body, "192.0.2.1 https://nps.example");
}
END_TEST

static void refuse_to_start(struct server_options options)
{
    ck_assert_ptr_null(server_start(&options, &edge.app));
}

START_TEST(wrong_options)
{
    static const char *const wrong[] = {"",
                                        ":",
                                        "127.0.0.1",
                                        ":80",
                                        "127.0.0.1:",
                                        "127.0.0.1:x",
                                        "127.0.0.1:65536",
                                        "::1:80",
                                        "[::1]",
                                        "example.org:80",
                                        "256.0.0.1:80",
                                        "127.0.0.1:-1"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        refuse_to_start((struct server_options){
            .listen = wrong[i], .listener = 1, .threads = 1, .connections = 10});
    refuse_to_start((struct server_options){.listen = "127.0.0.1:0",
                                            .listener = 1,
                                            .threads = 1,
                                            .connections = 10,
                                            .trusted_proxies = "10.0.0.0/99"});
    refuse_to_start((struct server_options){
        .listen = "127.0.0.1:0", .listener = 1, .threads = 1, .connections = 2000000000});
    refuse_to_start((struct server_options){
        .listen = server_address(edge.server), .listener = 1, .threads = 1, .connections = 10});
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
    const TTest *const usual[] = {a_thousand_idle_connections,
                                  a_reply_nobody_reads_takes_little_of_the_system, wrong_options};
    const TTest *const impatient[] = {slow_heads_and_bodies_are_cut, a_reply_nobody_reads_is_cut,
                                      a_reply_that_is_read_slowly_is_cut,
                                      a_suspended_request_is_not_cut};
    const TTest *const counting[] = {an_address_has_so_many_connections,
                                     a_trusted_proxy_has_any_number_of_connections};
    const TTest *const narrow[] = {at_the_limit_others_wait, behind_a_proxy};
    Suite *suite = suite_create("http_limits");
    add_case(suite, "usual", start, usual, COUNT_OF(usual));
    add_case(suite, "impatient", start_impatient, impatient, COUNT_OF(impatient));
    add_case(suite, "counting", start_counting, counting, COUNT_OF(counting));
    add_case(suite, "narrow", start_narrow, narrow, COUNT_OF(narrow));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
