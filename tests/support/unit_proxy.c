#include "support/unit_proxy.h"
#include "npsd/base/clock.h"
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
static char folder[32];
static int listener;
static pthread_t thread;
static atomic_int mode;
static atomic_bool stopping;
static atomic_long room[2]; /* bytes that may still go through, by side; UNBOUNDED: any */
static atomic_int cut_away_ms;
static _Atomic int64_t away_until_us;

enum { UNBOUNDED = -1 };

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

static bool send_all(int to, const char *bytes, ssize_t count)
{
    for (ssize_t done = 0; done < count;) {
        ssize_t put = send(to, bytes + done, (size_t)(count - done), MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        done += put;
    }
    return true;
}

/* True while something was moved and more may be. */
static bool move(int from, int to, enum proxy_side side)
{
    char bytes[65536];
    long left = atomic_load(&room[side]);
    bool bounded = left != UNBOUNDED;
    size_t most = bounded && left < (long)sizeof(bytes) ? (size_t)left : sizeof(bytes);
    ssize_t got = most > 0 ? read(from, bytes, most) : 0;
    bool sent = got > 0 && send_all(to, bytes, got);
    if (!bounded)
        return sent;
    if (got < left && sent) {
        atomic_fetch_sub(&room[side], got);
        return true;
    }
    unit_proxy_away(atomic_load(&cut_away_ms));
    atomic_store(&room[side], UNBOUNDED);
    return false;
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
        if ((both[0].revents && !move(client, backend, PROXY_REQUEST)) ||
            (both[1].revents && !move(backend, client, PROXY_REPLY)))
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
        bool away = clock_monotonic_us() < atomic_load(&away_until_us);
        if (!away && connect(backend, (struct sockaddr *)&server, sizeof(server)) == 0)
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
    snprintf(folder, sizeof(folder), "/tmp/npsd-proxy.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    atomic_store(&mode, PROXY_PASS);
    atomic_store(&stopping, false);
    atomic_store(&room[PROXY_REQUEST], UNBOUNDED);
    atomic_store(&room[PROXY_REPLY], UNBOUNDED);
    atomic_store(&away_until_us, 0);
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

void unit_proxy_cut(enum proxy_side side, long bytes, int away_ms)
{
    atomic_store(&cut_away_ms, away_ms);
    atomic_store(&room[side], bytes);
}

long unit_proxy_room(enum proxy_side side)
{
    return atomic_load(&room[side]);
}

bool unit_proxy_uncut(void)
{
    bool request = atomic_exchange(&room[PROXY_REQUEST], UNBOUNDED) != UNBOUNDED;
    bool reply = atomic_exchange(&room[PROXY_REPLY], UNBOUNDED) != UNBOUNDED;
    return request || reply;
}

void unit_proxy_away(int away_ms)
{
    atomic_store(&away_until_us, clock_monotonic_us() + away_ms * INT64_C(1000));
}

void unit_proxy_stop(void)
{
    atomic_store(&stopping, true);
    pthread_join(thread, NULL);
    close(listener);
    unlink(own.sun_path);
    rmdir(folder);
}
