#include "npsd/http/server.h"
#include "npsd/base/clock.h"
#include "npsd/base/crypto.h"
#include "npsd/base/log.h"
#include "npsd/base/pulse.h"
#include "server_internal.h"
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    IDLE_SECONDS = 15,
    CONNECTION_MEMORY = 16 * 1024, /* head of a request and head of its reply */
    CONNECTIONS_SLACK = 256, /* a thread's room above our own limit, which is the one that counts */
    STOP_WAIT_MS = 5000,
    STEP_LIMIT_S = 20, /* no step waits for anything */
    LINGER_MS = 2000,  /* on open connections, while another process takes the new ones */
    QUIET_MS = 20
};

/* --- what libmicrohttpd calls --- */

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connection_close(server, *context);
        *context = NULL;
        return;
    }
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const struct sockaddr *peer =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    *context = connection_open(server, fd, peer);
}

static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct connection *connection = connection_of(mhd);
    if (!connection || connection->refused)
        return NULL;
    return request_begin(cls, connection, mhd, target ? target : "");
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_size, void **context)
{
    (void)cls;
    (void)mhd;
    /* Of url only the place is used: it is decoded there, and "%00" has cut it. */
    if (!*context)
        return MHD_NO;
    size_t len = *data_size;
    *data_size = 0;
    pulse_busy("http", STEP_LIMIT_S);
    const struct start_line line = {method, url, version};
    bool go_on = request_step(*context, &line, data, len);
    pulse_idle();
    return go_on ? MHD_YES : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)mhd;
    (void)code;
    if (*context)
        request_end(*context);
    *context = NULL;
}

/* Before the start it speaks about us. Then about clients, whom it quotes, tokens in paths
 * included: so only its own words are told. */
__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format,
                                                         va_list args)
{
    struct server *server = cls;
    bool started = atomic_load(&server->started);
    enum log_level level = started ? LOG_DEBUG : LOG_WARNING;
    char text[256];
    if (!log_enabled(level))
        return;
    if (started)
        snprintf(text, sizeof text, "%s", format);
    else
        vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_write(level, NULL, "libmicrohttpd", LOG_FIELDS(LOG_TEXT("message", text)));
}

/* --- start --- */

static bool raise_descriptors(const struct server_options *options)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = limit.rlim_max;
    rlim_t needed = (rlim_t)options->connections + (rlim_t)options->descriptors;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= needed)
        return true;
    log_error(NULL, "too-few-descriptors", LOG_NUMBER("limit", (int64_t)limit.rlim_max),
              LOG_NUMBER("needed", (int64_t)needed),
              LOG_TEXT("hint", "raise the limit of open files, or lower NPSD_CONNECTIONS"));
    return false;
}

static int64_t limit_us(int given_ms, int default_ms)
{
    return (int64_t)(given_ms > 0 ? given_ms : default_ms) * 1000;
}

static bool copy_options(struct server *server, const struct server_options *options)
{
    server->routes = options->listener;
    server->connections_max = options->connections;
    server->per_address_max = options->connections_per_address;
    server->head_us = limit_us(options->head_ms, 10000);
    server->body_us = limit_us(options->body_ms, 20000);
    server->reply_us = limit_us(options->reply_ms, 30000);
    bool has_url = options->public_url && *options->public_url;
    if (has_url && !(server->public_url = strdup(options->public_url)))
        return false;
    for (size_t len = server->public_url ? strlen(server->public_url) : 0;
         len > 0 && server->public_url[len - 1] == '/'; len--)
        server->public_url[len - 1] = '\0';
    if (networks_parse(options->trusted_proxies, &server->trusted))
        return true;
    log_error(NULL, "trusted-proxies-malformed", LOG_TEXT("value", options->trusted_proxies));
    return false;
}

/*
 * libmicrohttpd's, which finds this one before the C library's. When 0.9.75 gets as many events as
 * it has asked for (128), it asks for more before it looks at them, and waits when there are none:
 * if those were all of a thread's connections, they all hung until one of them timed out. So it
 * never gets as many as it asks for; what is left comes with its next turn.
 */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout_ms)
{
    return epoll_pwait(epoll, events, max > 1 ? max - 1 : max, timeout_ms, NULL);
}

static bool start_mhd(struct server *server, const struct server_options *options)
{
    int threads = options->threads > 1 ? options->threads : 1;
    struct MHD_OptionItem pool[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            MHD_USE_NO_LISTEN_SOCKET,
        0, NULL, NULL, on_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(options->connections + threads * CONNECTIONS_SLACK),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    if (!server->mhd)
        log_error(NULL, "http-start-failed");
    return server->mhd != NULL;
}

static struct server *server_make(const struct server_app *app)
{
    struct server *server = aligned_alloc(_Alignof(struct server), sizeof *server);
    if (!server)
        return NULL;
    memset(server, 0, sizeof *server);
    uint8_t random[4];
    crypto_random(random, sizeof random);
    crypto_hex(random, sizeof random, server->id_prefix);
    server->app = app;
    server->layout_known = layout_is_known();
    server->listener.fd = server->listener.wake[0] = server->listener.wake[1] = -1;
    pthread_mutex_init(&server->listener.lock, NULL);
    pthread_mutex_init(&server->free_lock, NULL);
    if (ready_open(server))
        return server;
    pthread_mutex_destroy(&server->listener.lock);
    pthread_mutex_destroy(&server->free_lock);
    free(server);
    return NULL;
}

static void server_free(struct server *server)
{
    listener_close(&server->listener);
    if (server->mhd)
        MHD_stop_daemon(server->mhd);
    ready_close(server);
    requests_free(server);
    pthread_mutex_destroy(&server->listener.lock);
    pthread_mutex_destroy(&server->free_lock);
    free(server->public_url);
    free(server);
}

struct server *server_start(const struct server_options *options, const struct server_app *app)
{
    struct server *server = server_make(app);
    if (!server) {
        log_error(NULL, "out-of-memory");
        return NULL;
    }
    if (!raise_descriptors(options) || !copy_options(server, options) ||
        !listener_open(&server->listener, options->listen, options->socket) ||
        !start_mhd(server, options) || !listener_start(server)) {
        server_free(server);
        return NULL;
    }
    atomic_store(&server->started, true);
    log_debug(NULL, "http-listening", LOG_TEXT("address", server->listener.address));
    return server;
}

const char *server_address(const struct server *server)
{
    return server->listener.address;
}

/* --- the end --- */

size_t server_in_flight(const struct server *server)
{
    return atomic_load(&server->in_flight);
}

static void drain(struct server *server, bool refuses, int linger_ms)
{
    if (atomic_load(&server->draining))
        return;
    atomic_store(&server->linger_until_us, clock_monotonic_us() + linger_ms * INT64_C(1000));
    atomic_store(&server->refuses, refuses);
    if (!atomic_exchange(&server->draining, true))
        listener_stop_accepting(&server->listener);
}

/* Whose socket was handed over has a successor, and nobody needs to be refused: each connection is
 * closed with its next reply, and the client's next one is the successor's. */
void server_drain(struct server *server)
{
    bool has_successor = server->listener.handed_over;
    drain(server, !has_successor, has_successor ? LINGER_MS : 0);
}

/* Connections that are open may bring a request, and we would wait for it. */
static bool may_bring(const struct server *server)
{
    return atomic_load(&server->draining) && atomic_load(&server->listener.count) > 0 &&
           clock_monotonic_us() < atomic_load(&server->linger_until_us);
}

static bool is_quiet(const struct server *server)
{
    return atomic_load(&server->in_flight) == 0 && atomic_load(&server->waking) == 0 &&
           !may_bring(server);
}

/* From now on nothing is handled that an open connection may still bring, so that what stands
 * behind the handlers can go. False if something has just come: it is counted before it looks. */
static bool close_door(struct server *server)
{
    if (atomic_load(&server->draining))
        atomic_store(&server->refuses, true);
    return is_quiet(server);
}

/* Quiet for a moment, so that a request that lies in a socket's buffer is not forgotten. */
bool server_wait(struct server *server, int timeout_ms)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    int quiet_ms = 0;
    do {
        quiet_ms = is_quiet(server) ? quiet_ms + 1 : 0;
        if (quiet_ms > QUIET_MS && close_door(server))
            return true;
        usleep(1000);
    } while (clock_monotonic_us() < end_us);
    return is_quiet(server) && close_door(server);
}

bool server_stop(struct server *server)
{
    if (!server)
        return true;
    /* Without a drain before nobody has to go elsewhere: what still comes is answered. */
    drain(server, false, 0);
    if (!server_wait(server, STOP_WAIT_MS)) {
        /* Somebody still holds calls of ours, and libmicrohttpd would abort the process. */
        atomic_store(&server->refuses, true);
        log_error(NULL, "requests-left", LOG_NUMBER("count", (int64_t)server_in_flight(server)));
        return false;
    }
    /* No thread of libmicrohttpd may be handed a connection when it is gone, but its connections
     * need our lists until then. */
    listener_end(&server->listener);
    server_free(server);
    return true;
}
