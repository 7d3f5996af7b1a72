#include "support/raw.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int raw_connect_address(const char *address)
{
    const char *colon = strrchr(address, ':');
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    raw_patience(fd, 5000);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

void raw_patience(int fd, int ms)
{
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

void raw_send_n(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the reading will show */
        bytes += sent;
        len -= (size_t)sent;
    }
}

void raw_send(int fd, const char *bytes)
{
    raw_send_n(fd, bytes, strlen(bytes));
}

/* Looks before it takes, so that nothing of the next reply is taken; false at the end or a fault.
 */
static bool read_head(int fd, struct raw_reply *reply)
{
    for (size_t len = 0; len + 1 < sizeof reply->head;) {
        char *at = reply->head + len;
        ssize_t got = recv(fd, at, sizeof reply->head - 1 - len, MSG_PEEK);
        if (got <= 0) {
            reply->status = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -1 : 0;
            return false;
        }
        at[got] = '\0';
        char *end = strstr(len > 3 ? at - 3 : reply->head, "\r\n\r\n");
        size_t take = end ? (size_t)(end + 4 - at) : (size_t)got;
        recv(fd, at, take, 0);
        at[take] = '\0';
        len += take;
        if (end)
            return true;
    }
    return false;
}

static void read_body(int fd, struct raw_reply *reply, size_t len)
{
    char chunk[4096];
    for (size_t left = len; left > 0;) {
        ssize_t got = recv(fd, chunk, left < sizeof chunk ? left : sizeof chunk, 0);
        if (got <= 0) {
            reply->status = 0;
            return;
        }
        size_t room = sizeof reply->body - 1 - reply->body_len;
        size_t kept = (size_t)got < room ? (size_t)got : room;
        memcpy(reply->body + reply->body_len, chunk, kept);
        reply->body_len += kept;
        left -= (size_t)got;
    }
}

struct raw_reply raw_read(int fd, bool no_body)
{
    struct raw_reply reply = {.status = 0};
    if (!read_head(fd, &reply))
        return reply;
    ck_assert_int_eq(strncmp(reply.head, "HTTP/1.1 ", 9), 0);
    reply.status = (int)strtol(reply.head + 9, NULL, 10);
    const char *length = raw_header(&reply, "Content-Length");
    if (!no_body && length && reply.status != 204 && reply.status != 304)
        read_body(fd, &reply, strtoul(length, NULL, 10));
    return reply;
}

const char *raw_header(const struct raw_reply *reply, const char *name)
{
    static _Thread_local char value[1024];
    size_t name_len = strlen(name);
    for (const char *line = strstr(reply->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
            continue;
        const char *from = line + name_len + 1 + strspn(line + name_len + 1, " ");
        size_t len = strcspn(from, "\r");
        len = len < sizeof value ? len : sizeof value - 1;
        memcpy(value, from, len);
        value[len] = '\0';
        return value;
    }
    return NULL;
}

bool raw_is_closed(int fd)
{
    char rest[1024];
    ssize_t got;
    while ((got = recv(fd, rest, sizeof rest, 0)) > 0)
        ;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}
