#include "support/unit_proxy.h"
#include "support/unit_pg.h"
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un server, own;
static char folder[] = "/tmp/npsd-proxy.XXXXXX";
static int listener;
static pthread_t thread;
static atomic_int mode;
static atomic_bool stopping;

/* Where PostgreSQL listens, as libpq has found out. */
static void find_server(const char **ret_port)
{
    static char port[16];
    PGconn *conn = PQconnectdb(unit_pg_url());
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK && PQhost(conn)[0] == '/',
                  "the proxy needs a server on a Unix socket");
    snprintf(port, sizeof(port), "%s", PQport(conn));
    server.sun_family = AF_UNIX;
    snprintf(server.sun_path, sizeof(server.sun_path), "%s/.s.PGSQL.%s", PQhost(conn), port);
    PQfinish(conn);
    *ret_port = port;
}

/* True while something was moved. */
static bool move(int from, int to)
{
    char bytes[65536];
    ssize_t got = read(from, bytes, sizeof(bytes));
    for (ssize_t done = 0; done < got;) {
        ssize_t put = send(to, bytes + done, (size_t)(got - done), MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        done += put;
    }
    return got > 0;
}

static void relay(int client, int backend)
{
    while (!atomic_load(&stopping)) {
        struct pollfd both[] = {{.fd = client, .events = POLLIN},
                                {.fd = backend, .events = POLLIN}};
        if (atomic_load(&mode) == PROXY_SILENT || poll(both, 2, 10) <= 0) {
            usleep(1000);
            continue;
        }
        if (both[1].revents && atomic_load(&mode) == PROXY_CUT_REPLY) {
            atomic_store(&mode, PROXY_PASS);
            return;
        }
        if ((both[0].revents && !move(client, backend)) ||
            (both[1].revents && !move(backend, client)))
            return;
    }
}

static void *serve(void *unused)
{
    (void)unused;
    while (!atomic_load(&stopping)) {
        struct pollfd one = {.fd = listener, .events = POLLIN};
        if (poll(&one, 1, 10) <= 0)
            continue;
        int client = accept(listener, NULL, NULL);
        int backend = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(backend, (struct sockaddr *)&server, sizeof(server)) == 0)
            relay(client, backend);
        close(backend);
        close(client);
    }
    return NULL;
}

const char *unit_proxy_start(void)
{
    const char *port;
    find_server(&port);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    own.sun_family = AF_UNIX;
    snprintf(own.sun_path, sizeof(own.sun_path), "%s/.s.PGSQL.%s", folder, port);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&own, sizeof(own)), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
    return unit_pg_url_with("host", folder);
}

void unit_proxy_set(enum proxy_mode wanted)
{
    atomic_store(&mode, wanted);
}

void unit_proxy_stop(void)
{
    atomic_store(&stopping, true);
    pthread_join(thread, NULL);
    close(listener);
    unlink(own.sun_path);
    rmdir(folder);
}
