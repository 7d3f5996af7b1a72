/*
 * The least that libmicrohttpd can do: one reply for everything, made once. What npsd's polls are
 * measured against. Threads, flags and the way of taking connections are npsd's (http/server.c).
 *
 *     hello BYTES      listens on a free port of 127.0.0.1, prints its address; the body has BYTES
 * bytes
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 2, CONNECTIONS = 4096, CONNECTION_MEMORY = 16384, BODY_MAX = 1 << 20 };

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **request)
{
    static int seen;
    (void)url, (void)method, (void)version, (void)upload;

    if (!*request || *upload_size > 0) { /* a body is thrown away */
        *request = &seen;
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, cls);
}

static struct MHD_Response *make_response(size_t size)
{
    char *body = malloc(size + 1);
    if (!body)
        return NULL;
    memset(body, 'x', size);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response)
        MHD_add_response_header(response, "Content-Type", "application/json");
    return response;
}

/* A listening socket on a free port; -1: there is none. */
static int listen_somewhere(struct sockaddr_in *ret_at)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return -1;
    *ret_at = at;
    return fd;
}

static void serve(struct MHD_Daemon *daemon, int listening)
{
    for (;;) {
        struct sockaddr_in peer;
        socklen_t len = sizeof(peer);
        int fd = accept4(listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            MHD_add_connection(daemon, fd, (struct sockaddr *)&peer, len);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at;
    unsigned long size = argc == 2 ? strtoul(argv[1], NULL, 10) : BODY_MAX + 1;
    struct MHD_Response *response = size <= BODY_MAX ? make_response(size) : NULL;
    int listening = response ? listen_somewhere(&at) : -1;
    if (listening < 0)
        return 1;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            MHD_USE_NO_LISTEN_SOCKET | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
        0, NULL, NULL, on_access, response, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)THREADS, MHD_OPTION_END);
    if (!daemon)
        return 1;
    printf("http://127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    serve(daemon, listening);
}
