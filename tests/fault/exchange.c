#include "fault/exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool exchange_address(const char *text, struct sockaddr_in *ret_address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10))};
    return inet_pton(AF_INET, host, &ret_address->sin_addr) == 1;
}

void exchange_init(struct exchange *exchange, const struct sockaddr_in *address)
{
    exchange->fd = -1;
    exchange->state = EXCHANGE_IDLE;
    exchange->address = *address;
}

void exchange_close(struct exchange *exchange)
{
    if (exchange->fd >= 0)
        close(exchange->fd);
    exchange->fd = -1;
    exchange->state = EXCHANGE_IDLE;
}

/* The other side has closed a kept connection: a client that looks first does not send into it. */
static bool is_stale(const struct exchange *exchange)
{
    char byte;
    ssize_t got = recv(exchange->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void open_socket(struct exchange *exchange)
{
    exchange->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(exchange->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    exchange->state = EXCHANGE_CONNECTING;
    if (connect(exchange->fd, (const struct sockaddr *)&exchange->address,
                sizeof exchange->address) == 0)
        exchange->state = EXCHANGE_SENDING;
}

void exchange_begin(struct exchange *exchange)
{
    exchange->sent = exchange->in_len = 0;
    exchange->in[0] = '\0';
    exchange->began_us = now_us();
    exchange->sent_us = 0;
    if (exchange->fd >= 0 && is_stale(exchange))
        exchange_close(exchange);
    if (exchange->fd < 0)
        open_socket(exchange);
    else
        exchange->state = EXCHANGE_SENDING;
}

static bool fail(struct exchange *exchange, const char *why, struct outcome *ret_outcome)
{
    exchange_close(exchange);
    *ret_outcome = (struct outcome){.why = why, .body = ""};
    return true;
}

static const char *word_of_errno(int error)
{
    return error == ECONNREFUSED                   ? "refused"
           : error == ECONNRESET || error == EPIPE ? "reset"
                                                   : "broken";
}

/* The value of a header in the head that ends at end; NULL without it. */
static const char *header(const char *head, const char *end, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " ");
    }
    return NULL;
}

/* True when the reply is there as a whole. */
static bool take_reply(struct exchange *exchange, struct outcome *ret_outcome)
{
    char *end = strstr(exchange->in, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = header(exchange->in, end, "Content-Length");
    size_t body_len = length ? (size_t)strtol(length, NULL, 10) : 0;
    size_t head_len = (size_t)(end + 4 - exchange->in);
    if (exchange->in_len < head_len + body_len)
        return false;
    const char *connection = header(exchange->in, end, "Connection");
    const char *space = strchr(exchange->in, ' ');
    *ret_outcome = (struct outcome){
        .status = space ? (int)strtol(space, NULL, 10) : 0,
        .why = space ? "" : "malformed",
        .body = end + 4,
        .retry_after = header(exchange->in, end, "Retry-After") != NULL,
        .replayed = header(exchange->in, end, "Idempotent-Replayed") != NULL,
    };
    exchange->state = EXCHANGE_IDLE;
    if (connection && strncasecmp(connection, "close", 5) == 0)
        exchange_close(exchange);
    return true;
}

static bool read_some(struct exchange *exchange, struct outcome *ret_outcome)
{
    for (;;) {
        size_t room = EXCHANGE_IN_MAX - exchange->in_len;
        if (room == 0)
            return fail(exchange, "malformed", ret_outcome);
        ssize_t got = recv(exchange->fd, exchange->in + exchange->in_len, room, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (got < 0)
            return fail(exchange, word_of_errno(errno), ret_outcome);
        if (got == 0)
            return fail(exchange, "eof", ret_outcome);
        exchange->in_len += (size_t)got;
        exchange->in[exchange->in_len] = '\0';
        if (take_reply(exchange, ret_outcome))
            return true;
    }
}

static bool send_some(struct exchange *exchange, struct outcome *ret_outcome)
{
    while (exchange->sent < exchange->out_len) {
        ssize_t put = send(exchange->fd, exchange->out + exchange->sent,
                           exchange->out_len - exchange->sent, MSG_NOSIGNAL);
        if (put < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (put < 0)
            return fail(exchange, word_of_errno(errno), ret_outcome);
        exchange->sent += (size_t)put;
    }
    exchange->sent_us = now_us();
    exchange->state = EXCHANGE_READING;
    return false;
}

/* False: not yet, or it failed with *ret_ended. */
static bool is_connected(struct exchange *exchange, bool *ret_ended, struct outcome *ret_outcome)
{
    struct pollfd one = {.fd = exchange->fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof error;
    if (poll(&one, 1, 0) <= 0)
        return false;
    if (getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
        return true;
    *ret_ended = fail(exchange, word_of_errno(error), ret_outcome);
    return false;
}

bool exchange_step(struct exchange *exchange, struct outcome *ret_outcome)
{
    bool ended = false;
    if (exchange->state == EXCHANGE_CONNECTING) {
        if (!is_connected(exchange, &ended, ret_outcome))
            return ended;
        exchange->state = EXCHANGE_SENDING;
    }
    if (exchange->state == EXCHANGE_SENDING && send_some(exchange, ret_outcome))
        return true;
    return exchange->state == EXCHANGE_READING && read_some(exchange, ret_outcome);
}

void exchange_expire(struct exchange *exchange, struct outcome *ret_outcome)
{
    fail(exchange, "timeout", ret_outcome);
}

short exchange_events(const struct exchange *exchange)
{
    switch (exchange->state) {
    case EXCHANGE_CONNECTING:
    case EXCHANGE_SENDING:
        return POLLOUT;
    case EXCHANGE_READING:
        return POLLIN;
    default:
        return 0;
    }
}
