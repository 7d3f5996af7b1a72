/* Under a service manager: readiness, the watchdog, and a daemon that takes over from another. */
#include "support/database.h"
#include "support/expect.h"
#include "support/fixture.h"
#include "support/text.h"
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS = 32, TAKEOVERS = 3 };

/* --- a manager --- */

static int listen_anywhere(char *url, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 1024), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, size, "http://127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static struct daemon start_one(void)
{
    struct daemon daemon;
    ck_assert(daemon_start(&daemon, database_url(fixture_database()), NULL));
    return daemon;
}

static void end_daemon(struct daemon *daemon)
{
    const char *wrong = daemon_stop(daemon);
    ck_assert_msg(wrong == NULL, "%s", wrong);
}

/* --- clients --- */

struct load {
    pthread_t thread;
    const char *url;
    const char *key;
    atomic_bool *stop;
    long sent, refused, broken, connects;
    char first_wrong[160];
};

static size_t drop(const void *data, size_t size, size_t count, void *closure)
{
    (void)data;
    (void)closure;
    return size * count;
}

static void note(struct load *load, CURLcode code, long status)
{
    if (code == CURLE_OK && status == 201) {
        load->sent++;
        return;
    }
    if (code == CURLE_OK)
        load->refused++;
    else
        load->broken++;
    if (!*load->first_wrong)
        snprintf(load->first_wrong, sizeof load->first_wrong, "%ld %s", status,
                 curl_easy_strerror(code));
}

static void *post_on(void *closure)
{
    struct load *load = closure;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, load->key);
    curl_easy_setopt(curl, CURLOPT_URL, load->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{\"score\":9}");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    while (!atomic_load(load->stop)) {
        long status = 0, connects = 0;
        CURLcode code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
        load->connects += connects;
        note(load, code, status);
        usleep(5000); /* most connections are idle when a daemon is told to end */
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

/* One daemon after the other on one socket, under load: nobody notices. */
START_TEST(takes_over)
{
    char base[64];
    atomic_bool stop = false;
    struct load loads[CLIENTS];
    const char *survey = fixture_survey("");
    int fd = listen_anywhere(base, sizeof base);
    daemon_hand_over(fd);
    struct daemon old = start_one();
    ck_assert_str_eq(old.url, base);
    for (int i = 0; i < CLIENTS; i++) {
        loads[i] = (struct load){.url = text("%s/v1/surveys/%s/responses", base, survey),
                                 .key = text("Authorization: Bearer %s", fixture_key(ADMIN)),
                                 .stop = &stop};
        ck_assert_int_eq(pthread_create(&loads[i].thread, NULL, post_on, &loads[i]), 0);
    }
    for (int i = 0; i < TAKEOVERS; i++) {
        struct daemon new = start_one();
        end_daemon(&old);
        old = new;
        usleep(300000);
    }
    atomic_store(&stop, true);
    long sent = 0;
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(loads[i].thread, NULL);
        ck_assert_msg(loads[i].refused + loads[i].broken == 0, "%ld refused, %ld broken: %s",
                      loads[i].refused, loads[i].broken, loads[i].first_wrong);
        ck_assert_int_ge(loads[i].connects, TAKEOVERS + 1);
        sent += loads[i].sent;
    }
    ck_assert_int_gt(sent, CLIENTS * TAKEOVERS);
    client_use(old.url);
    expect_int(client_get(fixture_key(ADMIN), "/v1/surveys/%s/nps", survey), "/responses", sent);
    client_use(fixture_daemon()->url);
    end_daemon(&old);
    daemon_hand_over(-1);
    close(fd);
}
END_TEST

/* --- what a manager is told --- */

static int manager_socket(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 20};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void expect_told(int fd, const char *expected)
{
    char got[256] = "";
    ck_assert_int_gt(recv(fd, got, sizeof got - 1, 0), 0);
    ck_assert_str_eq(got, expected);
}

START_TEST(tells_the_manager)
{
    char folder[] = "/tmp/npsd-service.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/notify", folder);
    int fd = manager_socket(path);
    setenv("NPSD_TEST_WRAPPER", text("env NOTIFY_SOCKET=%s WATCHDOG_USEC=200000", path), 1);
    struct daemon daemon = start_one();
    unsetenv("NPSD_TEST_WRAPPER");
    expect_told(fd, "READY=1");
    for (int i = 0; i < 5; i++)
        expect_told(fd, "WATCHDOG=1");
    end_daemon(&daemon);
    char got[64] = "";
    while (strcmp(got, "STOPPING=1") != 0) {
        memset(got, 0, sizeof got);
        ck_assert_int_gt(recv(fd, got, sizeof got - 1, 0), 0);
    }
    close(fd);
    unlink(path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    const struct fixture_test tests[] = {{takes_over, 1}, {tells_the_manager, 1}};
    return fixture_run("service", NULL, tests, COUNT_OF(tests));
}
