/*
 * rough: clients that behave badly.
 *
 *   rough ADDRESS:PORT pipeline N     N requests in one connection before the first reply is read
 *   rough ADDRESS:PORT half N         N requests whose client closes its sending side after them
 *   rough ADDRESS:PORT reset N        N connections that end by RST in the middle of a request
 *   rough ADDRESS:PORT idle N SECONDS N connections that say nothing
 *   rough ADDRESS:PORT head N SECONDS N connections that send a head, a few bytes a second;
 *                      body, read     the same with a body, or replies to be read
 *
 * Exit code 0: every request that has to get a reply got a good one, and slow connections stayed
 * open.
 */
#include "fault/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { REPLY_MAX = 1 << 20 };

static const char hello[] = "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n";
static const char torn[] =
    "POST /v1/surveys/fault/responses HTTP/1.1\r\nHost: test\r\n"
    "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"score\"";

/* buffer: bytes that may wait to be read; 0: as many as usual. */
static int open_connection(const struct sockaddr_in *address, int buffer)
{
    const struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (buffer > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool put(int fd, const char *bytes, size_t len)
{
    return send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* How many good replies come before so many have or the other side ends. */
static long count_replies(int fd, long wanted)
{
    static char text[REPLY_MAX + 1];
    size_t len = 0;
    long good = 0;
    for (ssize_t got; good < wanted && len < REPLY_MAX;) {
        got = recv(fd, text + len, REPLY_MAX - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        char *from = text, *reply;
        while ((reply = strstr(from, "HTTP/1.1 200 "))) {
            good++;
            from = reply + 13;
        }
        /* What may be the beginning of the next one stays. */
        size_t rest = strlen(from);
        rest = from == text ? rest : rest < 13 ? rest : 12;
        memmove(text, text + len - rest, rest + 1);
        len = rest;
    }
    return good;
}

static bool pipeline(const struct sockaddr_in *address, long count)
{
    int fd = open_connection(address, 0);
    bool sent = fd >= 0;
    pid_t writer = fork();
    if (writer == 0) {
        for (long i = 0; sent && i < count; i++)
            sent = put(fd, hello, sizeof hello - 1);
        _exit(sent ? 0 : 1);
    }
    long good = count_replies(fd, count);
    close(fd);
    printf("%ld of %ld replies\n", good, count);
    return good == count;
}

static bool half(const struct sockaddr_in *address, long count)
{
    long good = 0;
    for (long i = 0; i < count; i++) {
        int fd = open_connection(address, 0);
        if (fd >= 0 && put(fd, hello, sizeof hello - 1) && shutdown(fd, SHUT_WR) == 0)
            good += count_replies(fd, 1);
        close(fd);
    }
    printf("%ld of %ld replies\n", good, count);
    return good == count;
}

static bool reset(const struct sockaddr_in *address, long count)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    for (long i = 0; i < count; i++) {
        int fd = open_connection(address, 0);
        if (fd < 0)
            return false;
        put(fd, torn, (size_t)i % sizeof torn);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(fd);
    }
    return true;
}

static bool idle(const struct sockaddr_in *address, long count, long seconds)
{
    long opened = 0;
    for (long i = 0; i < count; i++)
        opened += open_connection(address, 0) >= 0;
    printf("%ld of %ld connections\n", opened, count);
    fflush(stdout);
    sleep((unsigned)seconds);
    return true;
}

/* What a slow connection sends at once, and every second. */
struct slow {
    const char *name, *first, *rest;
    int firsts;
};

static const struct slow slow_ones[] = {
    {"head", "GET /healthz HTTP/1.1\r\nHost: test\r\n", "X-More: 1\r\n", 1},
    {"body",
     "POST /v1/surveys/fault/responses HTTP/1.1\r\nHost: test\r\n"
     "Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n",
     " ", 1},
    /* More replies than fit into the buffers of both sides. */
    {"read", "GET /s/fault HTTP/1.1\r\nHost: test\r\n\r\n", "", 40},
};

static int open_slowly(const struct sockaddr_in *address, const struct slow *slow)
{
    int fd = open_connection(address, 2048);
    for (int i = 0; fd >= 0 && i < slow->firsts; i++)
        send(fd, slow->first, strlen(slow->first), MSG_NOSIGNAL | MSG_DONTWAIT);
    return fd;
}

/* False: the other side has ended it. */
static bool go_slowly(int fd, const struct slow *slow)
{
    char bytes[5];
    send(fd, slow->rest, strlen(slow->rest), MSG_NOSIGNAL | MSG_DONTWAIT);
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* A tenth of them every tenth of a second: so they take next to no processor. None is to be ended,
 * as all deadlines are later. */
static bool slow(const struct sockaddr_in *address, const struct slow *how, long count,
                 long seconds)
{
    long open = 0;
    int *fds = malloc((size_t)count * sizeof *fds);
    for (long turn = 0; fds && turn < seconds * 10; turn++, usleep(100000))
        for (long i = turn % 10; i < count; i += 10) {
            if (turn < 10) {
                open += (fds[i] = open_slowly(address, how)) >= 0;
            } else if (fds[i] >= 0 && !go_slowly(fds[i], how)) {
                close(fds[i]);
                fds[i] = -1;
                open--;
            }
        }
    printf("%ld of %ld connections were open in the end\n", open, count);
    free(fds);
    return open == count;
}

static const struct slow *find_slow(const char *name)
{
    for (size_t i = 0; i < sizeof slow_ones / sizeof *slow_ones; i++)
        if (strcmp(slow_ones[i].name, name) == 0)
            return &slow_ones[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    if (argc < 4 || !exchange_address(argv[1], &address))
        return 2;
    long count = strtol(argv[3], NULL, 10), seconds = argc > 4 ? strtol(argv[4], NULL, 10) : 10;
    const struct slow *how = find_slow(argv[2]);
    bool good = strcmp(argv[2], "pipeline") == 0 ? pipeline(&address, count)
                : strcmp(argv[2], "half") == 0   ? half(&address, count)
                : strcmp(argv[2], "reset") == 0  ? reset(&address, count)
                : how                            ? slow(&address, how, count, seconds)
                                                 : idle(&address, count, seconds);
    return good ? 0 : 1;
}
