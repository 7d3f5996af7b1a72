/* What the HTTP library tells about a reply that could not be sent: it quotes the path, which may
 * have the token of a link. */
#include "npsd/base/log.h"
#include "support/edge.h"
#include "support/unit_log.h"
#include "unit/suite.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOKEN "Canary7f3"

static atomic_bool gone; /* whoever is sent something has gone away */

/* Found by the library before the C library's. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    static ssize_t (*real)(int, const struct msghdr *, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
    errno = ECONNRESET;
    return atomic_load(&gone) ? -1 : real(fd, message, flags);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "send");
    errno = ECONNRESET;
    return atomic_load(&gone) ? -1 : real(fd, bytes, len, flags);
}

static int no_socket; /* why there is none to be had */

int socket(int domain, int type, int protocol)
{
    static int (*real)(int, int, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "socket");
    errno = no_socket;
    return no_socket ? -1 : real(domain, type, protocol);
}

/* An address of a kind that the system does not have, say. */
START_TEST(why_it_does_not_listen)
{
    static struct edge edge;
    edge_start(&edge, NULL);
    unit_log_begin();
    no_socket = EAFNOSUPPORT;
    const struct server_options options = {.listen = "127.0.0.1:0", .threads = 1, .connections = 8};
    ck_assert_ptr_null(server_start(&options, &edge.app));
    no_socket = 0;
    edge_stop(&edge);
    ck_assert_int_eq(
        unit_log_count("event=listen-failed address=127.0.0.1:0 reason=\"Address family"
                       " not supported"),
        1);
}
END_TEST

START_TEST(no_path_of_a_client_that_went_away)
{
    static struct edge edge;
    unit_log_begin();
    ck_assert(log_set_level("debug"));
    edge_start(&edge, NULL);
    int fd = raw_connect(&edge);
    raw_send(fd, "GET /things/" TOKEN " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ck_assert_int_eq(raw_read(fd, false).status, 200);
    edge_hold(&edge, true);
    raw_send(fd, "POST /worker?" TOKEN " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                 "Content-Type: application/json\r\n\r\n{}");
    while (edge_waiting(&edge) == 0)
        usleep(1000);
    atomic_store(&gone, true);
    edge_hold(&edge, false);
    ck_assert(raw_is_closed(fd));
    atomic_store(&gone, false);
    edge_stop(&edge);
    close(fd);
    ck_assert_int_eq(unit_log_count("event=libmicrohttpd message=\"Failed to send"), 1);
    ck_assert_int_eq(unit_log_count("`%s'"), 1);
    ck_assert_int_eq(unit_log_count(TOKEN), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {why_it_does_not_listen, no_path_of_a_client_that_went_away};
    return suite_run("http_log", tests, COUNT_OF(tests));
}
