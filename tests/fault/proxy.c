/*
 * proxy: a relay before PostgreSQL that breaks on demand.
 *
 *   proxy ADDRESS:PORT SOCKET CONTROL
 *
 * Takes connections at the address, relays each to the Unix socket, and reads commands, a line
 * each, from the FIFO CONTROL (which it makes):
 *
 *   pass            as if it were not there; new connections are taken again
 *   delay MS        every byte comes so much later, in both directions
 *   throttle BYTES  so many bytes go through every 10 ms, in each direction of a connection
 *   silent          nothing goes through any more, nothing is closed
 *   mute            new connections: the first packet is taken, and never answered
 *   reset           ends all connections by RST, and new ones, until pass
 *   close           ends all connections orderly, and new ones, until pass
 *   half            closes only the daemon's receiving direction
 *   cut SIDE N      after N more bytes of SIDE (request, reply) that connection ends by RST, once
 *
 * Ends with SIGTERM. One thread; what it holds back is bounded by CHUNKS a direction.
 */
#include "fault/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAIRS = 64, CHUNKS = 64, CHUNK_SIZE = 4096, TICK_US = 10000 };
enum side { REQUEST, REPLY };

struct chunk {
    int64_t due_us;
    size_t len, sent;
    char bytes[CHUNK_SIZE];
};

/* One direction: what was read at one end and is to be written at the other. */
struct stream {
    int from, to;
    bool ended;
    struct chunk chunks[CHUNKS];
    size_t first, count;
    int64_t tick;
    long budget; /* of this tick */
};

struct pair {
    bool used, mute;
    struct stream streams[2];
};

static struct proxy {
    int listener, control;
    struct sockaddr_un server;
    bool silent, mute, refuse, orderly;
    long delay_us, throttle;
    int cut_side; /* -1: none */
    long cut_left;
    struct pair pairs[PAIRS];
} proxy = {.cut_side = -1};

static void close_pair(struct pair *pair, bool orderly)
{
    int daemon = pair->streams[REQUEST].from, server = pair->streams[REPLY].from;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (!orderly)
        setsockopt(daemon, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(daemon);
    if (server >= 0)
        close(server);
    pair->used = false;
}

static void close_all(bool orderly)
{
    for (size_t i = 0; i < PAIRS; i++)
        if (proxy.pairs[i].used)
            close_pair(&proxy.pairs[i], orderly);
}

static int connect_server(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&proxy.server, sizeof proxy.server) == 0) {
        fcntl(fd, F_SETFL, O_NONBLOCK);
        return fd;
    }
    close(fd);
    return -1;
}

static void open_pair(struct pair *pair, int daemon)
{
    int server = connect_server();
    pair->used = true;
    pair->mute = proxy.mute;
    for (int side = 0; side < 2; side++) {
        struct stream *stream = &pair->streams[side];
        stream->from = side == REQUEST ? daemon : server;
        stream->to = side == REQUEST ? server : daemon;
        stream->ended = false;
        stream->first = stream->count = 0;
        stream->tick = 0;
    }
    if (server < 0 || proxy.refuse)
        close_pair(pair, proxy.orderly && server >= 0);
}

static void take_connection(void)
{
    int daemon = accept4(proxy.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    size_t i = 0;
    while (i < PAIRS && proxy.pairs[i].used)
        i++;
    if (daemon >= 0 && i < PAIRS)
        open_pair(&proxy.pairs[i], daemon);
    else if (daemon >= 0)
        close(daemon);
}

static void half_close(void)
{
    for (size_t i = 0; i < PAIRS; i++)
        if (proxy.pairs[i].used)
            shutdown(proxy.pairs[i].streams[REPLY].to, SHUT_WR);
}

static void obey(const char *line)
{
    char word[16] = "", side[16] = "";
    long number = 0;
    sscanf(line, "%15s", word);
    if (strcmp(word, "cut") == 0 && sscanf(line, "%*s %15s %ld", side, &number) == 2) {
        proxy.cut_side = strcmp(side, "request") == 0 ? REQUEST : REPLY;
        proxy.cut_left = number;
        return;
    }
    sscanf(line, "%*s %ld", &number);
    proxy.silent = strcmp(word, "silent") == 0;
    proxy.mute = strcmp(word, "mute") == 0;
    proxy.orderly = strcmp(word, "close") == 0;
    proxy.refuse = proxy.orderly || strcmp(word, "reset") == 0;
    proxy.delay_us = strcmp(word, "delay") == 0 ? number * 1000 : 0;
    proxy.throttle = strcmp(word, "throttle") == 0 ? number : 0;
    if (proxy.refuse)
        close_all(proxy.orderly);
    if (strcmp(word, "half") == 0)
        half_close();
}

static void take_commands(void)
{
    char text[1024];
    ssize_t got = read(proxy.control, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        if (*line)
            obey(line);
}

/* --- moving bytes --- */

static bool is_cut(enum side side, size_t *len)
{
    if (proxy.cut_side != (int)side)
        return false;
    if ((long)*len < proxy.cut_left) {
        proxy.cut_left -= (long)*len;
        return false;
    }
    *len = (size_t)proxy.cut_left;
    proxy.cut_side = -1;
    return true;
}

/* False: the pair is to be closed now. */
static bool take(struct pair *pair, enum side side)
{
    struct stream *stream = &pair->streams[side];
    if (stream->ended || stream->count == CHUNKS || stream->from < 0)
        return true;
    struct chunk *chunk = &stream->chunks[(stream->first + stream->count) % CHUNKS];
    ssize_t got = recv(stream->from, chunk->bytes, CHUNK_SIZE, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    stream->ended = got <= 0;
    if (got <= 0 || pair->mute)
        return true;
    chunk->len = (size_t)got;
    chunk->sent = 0;
    chunk->due_us = now_us() + proxy.delay_us;
    bool cut = is_cut(side, &chunk->len);
    stream->count++;
    if (!cut)
        return true;
    send(stream->to, chunk->bytes, chunk->len, MSG_NOSIGNAL);
    return false;
}

static size_t allowance(struct stream *stream, size_t wanted)
{
    if (proxy.throttle == 0)
        return wanted;
    int64_t tick = now_us() / TICK_US;
    if (tick != stream->tick) {
        stream->tick = tick;
        stream->budget = proxy.throttle;
    }
    return (long)wanted < stream->budget ? wanted : (size_t)stream->budget;
}

static bool give(struct stream *stream)
{
    while (stream->count > 0 && !proxy.silent) {
        struct chunk *chunk = &stream->chunks[stream->first];
        size_t len = allowance(stream, chunk->len - chunk->sent);
        if (chunk->due_us > now_us() || len == 0)
            return true;
        ssize_t put =
            send(stream->to, chunk->bytes + chunk->sent, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0)
            return errno == EAGAIN || errno == EINTR;
        chunk->sent += (size_t)put;
        stream->budget -= put;
        if (chunk->sent < chunk->len)
            continue;
        stream->first = (stream->first + 1) % CHUNKS;
        stream->count--;
    }
    return true;
}

static void move(struct pair *pair)
{
    for (int side = 0; side < 2; side++)
        if (!take(pair, side)) {
            close_pair(pair, false);
            return;
        }
    for (int side = 0; side < 2; side++) {
        struct stream *stream = &pair->streams[side];
        if (!give(stream) || (stream->ended && stream->count == 0 && !proxy.silent)) {
            close_pair(pair, true);
            return;
        }
    }
}

static bool is_busy(const struct pair *pair)
{
    return pair->streams[0].count > 0 || pair->streams[1].count > 0;
}

static void wait_for_something(void)
{
    struct pollfd fds[2 + 2 * PAIRS] = {{.fd = proxy.listener, .events = POLLIN},
                                        {.fd = proxy.control, .events = POLLIN}};
    nfds_t count = 2;
    bool busy = false;
    for (size_t i = 0; i < PAIRS; i++) {
        const struct pair *pair = &proxy.pairs[i];
        for (int side = 0; pair->used && side < 2; side++)
            if (!pair->streams[side].ended)
                fds[count++] = (struct pollfd){.fd = pair->streams[side].from, .events = POLLIN};
        busy |= pair->used && is_busy(pair);
    }
    poll(fds, count, busy ? 1 : 1000);
    if (fds[1].revents)
        take_commands();
    if (fds[0].revents)
        take_connection();
}

static bool prepare(char **argv)
{
    struct sockaddr_in address;
    int on = 1;
    proxy.server.sun_family = AF_UNIX;
    snprintf(proxy.server.sun_path, sizeof proxy.server.sun_path, "%s", argv[2]);
    proxy.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(proxy.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!exchange_address(argv[1], &address) ||
        bind(proxy.listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(proxy.listener, 64) != 0 || (mkfifo(argv[3], 0600) != 0 && errno != EEXIST))
        return false;
    return (proxy.control = open(argv[3], O_RDWR | O_NONBLOCK | O_CLOEXEC)) >= 0;
}

int main(int argc, char **argv)
{
    if (argc != 4 || !prepare(argv)) {
        fprintf(stderr, "proxy: %s\n", argc == 4 ? strerror(errno) : "ADDRESS:PORT SOCKET CONTROL");
        return 2;
    }
    for (;;) {
        wait_for_something();
        for (size_t i = 0; i < PAIRS; i++)
            if (proxy.pairs[i].used)
                move(&proxy.pairs[i]);
    }
}
