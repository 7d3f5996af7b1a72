#include "npsd/base/clock.h"
#include "npsd/base/endpoint.h"
#include "npsd/base/log.h"
#include "npsd/base/pulse.h"
#include "server_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    ACCEPT_MAX = 64,   /* connections in a row, then the deadlines have their turn */
    TICK_MIN_MS = 5,   /* how often deadlines are looked at: a quarter of the shortest, */
    TICK_MAX_MS = 250, /* within these bounds */
    PAUSE_MS = 20,     /* while no connection can be taken */
    BEAT_S = 20,       /* a turn takes a quarter of a second */
    HELD_MAX = 64 << 10
};

/* How soon a thread of libmicrohttpd sees that a connection was ended. */
#define HEED_US (20 * CLOCK_SECOND_US)

/* --- the address --- */

static struct addrinfo *resolve(const char *address)
{
    struct endpoint at;
    if (!endpoint_parse(address, &at))
        return NULL;
    const char *name = strcmp(at.host, "localhost") == 0 ? "127.0.0.1" : at.host;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    return getaddrinfo(name, at.port, &hints, &found) == 0 ? found : NULL;
}

/* How much of a reply the system takes before the client has read it; connections have it from the
 * listening socket. Else it takes megabytes: a thousand clients that do not read would have a
 * gigabyte, and as many pages made for them in advance as that holds. */
static void limit_held(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){HELD_MAX}, sizeof(int));
}

static bool describe(struct listener *listener)
{
    struct sockaddr_storage bound = {0};
    socklen_t len = sizeof bound;
    char host[64], port[8];
    if (getsockname(listener->fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    bool v6 = bound.ss_family == AF_INET6;
    int written = snprintf(listener->address, sizeof listener->address, "%s%s%s:%s", v6 ? "[" : "",
                           host, v6 ? "]" : "", port);
    return written > 0 && written < (int)sizeof listener->address;
}

static bool bind_socket(struct listener *listener, const struct addrinfo *to)
{
    listener->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (listener->fd < 0)
        return false;
    limit_held(listener->fd);
    return setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(listener->fd, to->ai_addr, to->ai_addrlen) == 0 &&
           listen(listener->fd, BACKLOG) == 0 && describe(listener);
}

static bool take_socket(struct listener *listener, int fd)
{
    listener->fd = fd;
    listener->handed_over = true;
    limit_held(fd);
    bool open = describe(listener) && pipe2(listener->wake, O_CLOEXEC | O_NONBLOCK) == 0;
    if (!open)
        log_error(NULL, "listen-failed", LOG_TEXT("address", "handed over"),
                  LOG_TEXT("reason", strerrordesc_np(errno)));
    return open;
}

bool listener_open(struct listener *listener, const char *address, int fd)
{
    if (fd > 0)
        return take_socket(listener, fd);
    struct addrinfo *to = resolve(address);
    if (!to) {
        log_error(NULL, "listen-address-malformed", LOG_TEXT("address", address));
        return false;
    }
    bool open = bind_socket(listener, to) && pipe2(listener->wake, O_CLOEXEC | O_NONBLOCK) == 0;
    int why = errno;
    freeaddrinfo(to);
    if (!open)
        log_error(NULL, "listen-failed", LOG_TEXT("address", address),
                  LOG_TEXT("reason", strerrordesc_np(why)));
    return open;
}

/* --- connections --- */

/* libmicrohttpd then closes it. */
static void end(struct connection *connection, int64_t now_us)
{
    connection_deadline(connection, 0);
    connection->shut_us = now_us;
    shutdown(connection->fd, SHUT_RDWR);
}

static struct address peer_address(const struct sockaddr *peer)
{
    struct address address = {.bytes = {[10] = 0xFF, [11] = 0xFF}};
    if (peer->sa_family == AF_INET6)
        memcpy(address.bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr, 16);
    else if (peer->sa_family == AF_INET)
        memcpy(address.bytes + 12, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    return address;
}

/* Under the lock. */
static bool is_one_too_many(const struct server *server, const struct connection *connection)
{
    if (server->per_address_max == 0 || connection->peer_trusted)
        return false;
    struct address whose = address_subscriber(&connection->peer);
    int count = 0;
    for (const struct connection *at = server->listener.connections; at; at = at->next) {
        struct address other = address_subscriber(&at->peer);
        count += at->shut_us == 0 && memcmp(&other, &whose, sizeof whose) == 0;
    }
    return count >= server->per_address_max;
}

struct connection *connection_open(struct server *server, int fd, const struct sockaddr *peer)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->fd = fd;
    connection->peer = peer_address(peer);
    connection->peer_trusted = networks_have(&server->trusted, &connection->peer);
    address_format(&connection->peer, connection->peer_text);
    atomic_store(&connection->deadline_us, clock_monotonic_us() + server->head_us);
    struct listener *listener = &server->listener;
    pthread_mutex_lock(&listener->lock);
    connection->refused = is_one_too_many(server, connection);
    connection->at = &listener->connections;
    connection->next = listener->connections;
    if (connection->next)
        connection->next->at = &connection->next;
    listener->connections = connection;
    if (connection->refused)
        end(connection, clock_monotonic_us());
    pthread_mutex_unlock(&listener->lock);
    atomic_fetch_add(&listener->count, 1);
    return connection;
}

void connection_close(struct server *server, struct connection *connection)
{
    if (!connection)
        return;
    struct listener *listener = &server->listener;
    pthread_mutex_lock(&listener->lock);
    *connection->at = connection->next;
    if (connection->next)
        connection->next->at = connection->at;
    pthread_mutex_unlock(&listener->lock);
    atomic_fetch_sub(&listener->count, 1);
    free(connection);
}

void connection_deadline(struct connection *connection, int64_t at_us)
{
    atomic_store_explicit(&connection->deadline_us, at_us, memory_order_relaxed);
}

/* Ends what is late. The descriptor is still this connection's: connection_close comes before
 * close(2), and needs our lock. False if a connection that was ended long ago is still there: then
 * its thread has other things to do, for ever. */
static bool reap(struct listener *listener)
{
    int64_t now_us = clock_monotonic_us();
    bool heeded = true;
    pthread_mutex_lock(&listener->lock);
    for (struct connection *at = listener->connections; at; at = at->next) {
        int64_t deadline_us = atomic_load_explicit(&at->deadline_us, memory_order_relaxed);
        heeded &= at->shut_us == 0 || now_us - at->shut_us < HEED_US;
        if (deadline_us == 0 || deadline_us > now_us)
            continue;
        end(at, now_us);
    }
    pthread_mutex_unlock(&listener->lock);
    return heeded;
}

/* --- the thread --- */

static bool is_full(const struct server *server)
{
    return atomic_load(&server->listener.count) >= server->connections_max;
}

/* False: there is nothing more to accept, or nothing to accept it with. */
static bool accept_one(struct server *server, bool *ret_exhausted)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    int fd =
        accept4(server->listener.fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        MHD_add_connection(server->mhd, fd, (struct sockaddr *)&peer,
                           len); /* closes what it refuses */
        return true;
    }
    *ret_exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
}

/* Returns whether to leave the listening socket alone for a moment. */
static bool accept_some(struct server *server)
{
    bool exhausted = false;
    for (int i = 0; i < ACCEPT_MAX && !is_full(server); i++)
        if (!accept_one(server, &exhausted))
            break;
    if (exhausted)
        log_warning(NULL, "accept-failed", LOG_TEXT("reason", "descriptors or memory are out"));
    return exhausted;
}

static int tick_ms(const struct server *server)
{
    int64_t shortest_us = server->head_us;
    if (server->body_us < shortest_us)
        shortest_us = server->body_us;
    if (server->reply_us < shortest_us)
        shortest_us = server->reply_us;
    int64_t ms = shortest_us / 4000;
    return ms < TICK_MIN_MS ? TICK_MIN_MS : ms > TICK_MAX_MS ? TICK_MAX_MS : (int)ms;
}

static void drain_backlog(struct server *server)
{
    bool exhausted = false;
    while (!server->listener.handed_over && !is_full(server) && accept_one(server, &exhausted))
        ;
    close(server->listener.fd);
    server->listener.fd = -1;
    atomic_store(&server->listener.phase, LISTENER_CLOSED);
}

static void wait_turn(struct server *server, bool paused, int tick)
{
    struct listener *listener = &server->listener;
    bool idle = paused || is_full(server);
    struct pollfd fds[] = {{.fd = listener->wake[0], .events = POLLIN},
                           {.fd = idle ? -1 : listener->fd, .events = POLLIN}};
    poll(fds, 2, idle && tick > PAUSE_MS ? PAUSE_MS : tick);
    char byte;
    while (read(listener->wake[0], &byte, 1) > 0)
        ;
}

static void *listener_main(void *arg)
{
    struct server *server = arg;
    struct listener *listener = &server->listener;
    int tick = tick_ms(server);
    bool paused = false;
    for (;;) {
        wait_turn(server, paused, tick);
        int phase = atomic_load(&listener->phase);
        if (phase == LISTENER_ENDING)
            return NULL;
        if (phase == LISTENER_DRAINING)
            drain_backlog(server);
        else if (phase == LISTENER_ACCEPTING)
            paused = accept_some(server);
        if (reap(listener))
            pulse_busy("http or its listener", BEAT_S);
    }
}

bool listener_start(struct server *server)
{
    if (pthread_create(&server->listener.thread, NULL, listener_main, server) == 0) {
        pthread_setname_np(server->listener.thread, "npsd-listener");
        return true;
    }
    log_error(NULL, "thread-failed", LOG_TEXT("thread", "listener"));
    return false;
}

static void enter(struct listener *listener, enum listener_phase phase)
{
    atomic_store(&listener->phase, phase);
    ssize_t written = write(listener->wake[1], "", 1);
    (void)written; /* a full pipe wakes as well */
}

void listener_stop_accepting(struct listener *listener)
{
    enter(listener, LISTENER_DRAINING);
    while (atomic_load(&listener->phase) == LISTENER_DRAINING)
        usleep(500);
}

void listener_end(struct listener *listener)
{
    enter(listener, LISTENER_ENDING);
    pthread_join(listener->thread, NULL);
}

void listener_close(struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->wake[0] >= 0)
        close(listener->wake[0]);
    if (listener->wake[1] >= 0)
        close(listener->wake[1]);
}
