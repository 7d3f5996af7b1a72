/* What a service manager is told, and what it hands over. */
#include "npsd/base/notify.h"
#include "suite.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_number(const char *name, long number)
{
    char text[32];
    snprintf(text, sizeof text, "%ld", number);
    setenv(name, text, 1);
}

/* A manager's socket, bound to a path or to an abstract name. */
static int manager(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(at.sun_path, name, len);
    if (*name == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(
        bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void expect_told(const char *name)
{
    char got[64] = "";
    int fd = manager(name);
    ck_assert(notify_send("READY=1\nSTATUS=well"));
    ck_assert_int_eq(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 19);
    ck_assert_str_eq(got, "READY=1\nSTATUS=well");
    close(fd);
}

START_TEST(tells)
{
    char path[] = "/tmp/npsd-notify.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char name[64];
    snprintf(name, sizeof name, "%s/s", path);
    expect_told(name);
    unlink(name);
    rmdir(path);
    snprintf(name, sizeof name, "@npsd-test-%d", (int)getpid());
    expect_told(name);
}
END_TEST

START_TEST(nobody_to_tell)
{
    static const char *const wrong[] = {"", "x", "@", "relative", "/tmp/npsd-there-is-none"};
    unsetenv("NOTIFY_SOCKET");
    ck_assert(!notify_send("READY=1"));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        setenv("NOTIFY_SOCKET", wrong[i], 1);
        ck_assert_msg(!notify_send("READY=1"), "%s", wrong[i]);
    }
    char path[200] = "/";
    memset(path + 1, 'x', sizeof path - 2);
    setenv("NOTIFY_SOCKET", path, 1);
    ck_assert(!notify_send("READY=1"));
}
END_TEST

START_TEST(watchdog)
{
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    ck_assert_int_eq(notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_int_eq(notify_watchdog_us(), 30000000);
    set_number("WATCHDOG_PID", getpid());
    ck_assert_int_eq(notify_watchdog_us(), 30000000);
    set_number("WATCHDOG_PID", getpid() + 1);
    ck_assert_int_eq(notify_watchdog_us(), 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "soon", 1);
    ck_assert_int_eq(notify_watchdog_us(), 0);
}
END_TEST

/* In a process of its own, since Check uses descriptor 3. Returns the first thing that is wrong. */
static int look_at_sockets(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (listen(fd, 1) != 0 || dup2(fd, 3) != 3)
        return 1;
    set_number("LISTEN_PID", getpid());
    setenv("LISTEN_FDS", "1", 1);
    if (notify_socket(0) != 3 || notify_socket(1) != -1)
        return 2;
    if ((fcntl(3, F_GETFD) & FD_CLOEXEC) == 0 || (fcntl(3, F_GETFL) & O_NONBLOCK) == 0)
        return 3;
    set_number("LISTEN_PID", getppid());
    if (notify_socket(0) != -1)
        return 4;
    unsetenv("LISTEN_PID");
    if (notify_socket(0) != -1)
        return 5;
    set_number("LISTEN_PID", getpid());
    int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return dup2(other, 3) == 3 && notify_socket(0) == -1 ? 0 : 6;
}

START_TEST(sockets)
{
    int status = -1;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(look_at_sockets());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {tells, nobody_to_tell, watchdog, sockets};
    return suite_run("notify", tests, COUNT_OF(tests));
}
