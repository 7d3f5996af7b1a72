/* Many requests at the same moment, for one thread: as many as libmicrohttpd takes from epoll at
 * once, and one more or less. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/raw.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int counts[] = {127, 128, 129};
enum { MOST = 129, ROUNDS = 3, PATIENCE_MS = 8000 };

static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

static void connect_all(const struct daemon *daemon, int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        fds[i] = raw_connect_address(daemon->url + strlen("http://"));
        ck_assert_int_ge(fds[i], 0);
        raw_patience(fds[i], PATIENCE_MS);
        raw_send(fds[i], request);
        ck_assert_int_eq(raw_read(fds[i], false).status, 200);
    }
}

/* While it is stopped the requests gather; it finds all of them when it goes on. */
static void burst(const struct daemon *daemon, const int *fds, int count)
{
    ck_assert_int_eq(kill(daemon->pid, SIGSTOP), 0);
    usleep(20000);
    for (int i = 0; i < count; i++)
        raw_send(fds[i], request);
    ck_assert_int_eq(kill(daemon->pid, SIGCONT), 0);
    for (int i = 0; i < count; i++)
        ck_assert_msg(raw_read(fds[i], false).status == 200, "reply %d of %d", i + 1, count);
}

START_TEST(all_are_answered)
{
    static const char *const one_thread[] = {"NPSD_HTTP_THREADS=1", NULL};
    struct daemon daemon;
    int fds[MOST] = {0};
    ck_assert(daemon_start(&daemon, database_url(fixture_database()), one_thread));
    connect_all(&daemon, fds, counts[_i]);
    for (int round = 0; round < ROUNDS; round++)
        burst(&daemon, fds, counts[_i]);
    for (int i = 0; i < counts[_i]; i++)
        close(fds[i]);
    ck_assert_pstr_eq(daemon_stop(&daemon), NULL);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{all_are_answered, COUNT_OF(counts)}};
    return fixture_run("http_burst", NULL, tests, COUNT_OF(tests));
}
