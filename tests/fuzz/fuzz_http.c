/*
 * A connection's bytes through the whole edge: libmicrohttpd, guard, head, body, reply. Each input
 * is a connection to a server in this process; whatever comes, the server answers or hangs up, and
 * takes the next one.
 */
#include "fuzz/fuzz.h"
#include "npsd/base/buf.h"
#include "npsd/base/log.h"
#include "npsd/http/server.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct reply echo(struct call *call)
{
    return reply_text(200, "text/plain", call->body, call->body_len);
}

static struct reply list(struct call *call)
{
    struct buf text = buf_make(call->arena, 64);
    for (size_t i = 0; i < call->query_count; i++)
        buf_printf(&text, "%s=%s;", call->query[i].name, call->query[i].value);
    return reply_text(200, "text/plain", text.data, text.len);
}

static const struct route routes[] = {
    {HTTP_GET, "/", ACCESS_ANYONE, RUNS_INLINE, MEDIA_NONE, 0, 4096, LISTENER_SERVICE, list},
    {HTTP_GET, "/{a}/{b}", ACCESS_ANYONE, RUNS_INLINE, MEDIA_NONE, 0, 0, LISTENER_SERVICE, list},
    {HTTP_POST, "/", ACCESS_ANYONE, RUNS_INLINE, MEDIA_JSON | MEDIA_FORM, 1000, 4096,
     LISTENER_SERVICE, echo},
};

static const struct server_app app = {.routes = {routes, sizeof routes / sizeof routes[0]}};
static struct sockaddr_in at;

void fuzz_begin(void)
{
    log_set_level("error");
    const struct server_options options = {.listen = "127.0.0.1:0",
                                           .listener = LISTENER_SERVICE,
                                           .threads = 1,
                                           .connections = 100,
                                           .trusted_proxies = "127.0.0.1",
                                           .head_ms = 1000,
                                           .body_ms = 1000,
                                           .reply_ms = 1000};
    const struct server *server = server_start(&options, &app);
    fuzz_require(server != NULL);
    const char *port = strrchr(server_address(server), ':');
    fuzz_require(port != NULL);
    at = (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char got[4096], first[5] = "";
    size_t total = 0;
    const struct timeval patience = {.tv_usec = 4000};
    const struct linger none = {.l_onoff = 1, .l_linger = 0}; /* no TIME_WAIT: ports are few */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fuzz_require(fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (ssize_t sent; size > 0 && (sent = send(fd, bytes, size, MSG_NOSIGNAL)) > 0;) {
        bytes += sent;
        size -= (size_t)sent;
    }
    shutdown(fd, SHUT_WR);
    for (ssize_t n; (n = recv(fd, got, sizeof got, 0)) > 0; total += (size_t)n)
        if (total == 0)
            memcpy(first, got, (size_t)n < 4 ? (size_t)n : 4);
    close(fd);
    fuzz_require(total == 0 || strncmp(first, "HTTP", strlen(first)) == 0);
    return 0;
}
