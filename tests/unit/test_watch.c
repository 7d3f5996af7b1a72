/* The main thread's watch: the manager is told that all is well only while it is. */
#include "../../src/cli/watch.h"

#include "npsd/base/clock.h"
#include "npsd/base/flood.h"
#include "npsd/base/log.h"
#include "npsd/base/pulse.h"
#include "suite.h"
#include "support/unit_log.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static sigset_t signals;
static int manager;
static pthread_t watcher;

/* The manager's socket has an abstract name. */
static void setup(void)
{
    char name[64];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(name, sizeof name, "@npsd-watch-%d", (int)getpid());
    size_t len = strlen(name);
    memcpy(at.sun_path + 1, name + 1, len - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_ge(manager, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "40000", 1);
    unsetenv("WATCHDOG_PID");
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void teardown(void)
{
    close(manager);
}

static void *watch(void *number)
{
    *(int *)number = watch_until(&signals);
    return NULL;
}

/* What the manager is told next, within so long; "nothing". */
static const char *told(int ms)
{
    static char text[64];
    const struct timeval limit = {ms / 1000, ms % 1000 * 1000};
    setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssize_t len = recv(manager, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    return len > 0 ? text : "nothing";
}

static void forget_what_was_told(void)
{
    char text[64];
    while (recv(manager, text, sizeof text, MSG_DONTWAIT) > 0)
        ;
}

static int end_with(int number, const int *ended)
{
    const char *last;
    pthread_kill(watcher, number);
    do
        last = told(5000);
    while (strcmp(last, "WATCHDOG=1") == 0);
    ck_assert_str_eq(last, "STOPPING=1");
    pthread_join(watcher, NULL);
    return *ended;
}

START_TEST(feeds_the_watchdog_until_a_signal)
{
    static const int numbers[] = {SIGTERM, SIGHUP};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        int ended = 0;
        ck_assert_int_eq(pthread_create(&watcher, NULL, watch, &ended), 0);
        ck_assert_str_eq(told(5000), "READY=1");
        for (int beat = 0; beat < 3; beat++)
            ck_assert_str_eq(told(5000), "WATCHDOG=1");
        ck_assert_int_eq(end_with(numbers[i], &ended), numbers[i]);
    }
}
END_TEST

/* A thread that does not get on: the watchdog starves, and the log is told once. */
START_TEST(a_stuck_thread_starves_it)
{
    int ended = 0;
    unit_log_begin();
    pulse_busy("lane", 0); /* late as soon as a microsecond has passed */
    usleep(1000);
    ck_assert_int_eq(pthread_create(&watcher, NULL, watch, &ended), 0);
    ck_assert_str_eq(told(5000), "READY=1");
    ck_assert_str_eq(told(300), "nothing");
    pulse_idle();
    ck_assert_str_eq(told(5000), "WATCHDOG=1");
    pulse_busy("lane", 0);
    usleep(100000);
    forget_what_was_told();
    ck_assert_str_eq(told(200), "nothing");
    pulse_idle();
    ck_assert_str_eq(told(5000), "WATCHDOG=1");
    ck_assert_int_eq(end_with(SIGTERM, &ended), SIGTERM);
    ck_assert_int_eq(unit_log_count("event=thread-stuck thread=lane"), 2); /* once each time */
    ck_assert_int_eq(unit_log_count("event=threads-well"), 2);
}
END_TEST

/* Of an event that does not come again. */
START_TEST(tells_what_the_log_was_spared)
{
    int ended = 0;
    unit_log_begin();
    for (int i = 0; i < FLOOD_LINES + 3; i++)
        log_error(NULL, "once");
    ck_assert_int_eq(pthread_create(&watcher, NULL, watch, &ended), 0);
    for (int ms = 0; ms < 5000 && unit_log_count("event=left-out") == 0; ms += 10)
        told(10);
    ck_assert_int_eq(end_with(SIGTERM, &ended), SIGTERM);
    ck_assert_int_eq(unit_log_count("event=once"), FLOOD_LINES);
    ck_assert_int_eq(unit_log_count("level=warning event=left-out left_out=3 of=once"), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {feeds_the_watchdog_until_a_signal, a_stuck_thread_starves_it,
                                  tells_what_the_log_was_spared};
    return suite_run_checked("watch", setup, teardown, tests, COUNT_OF(tests));
}
