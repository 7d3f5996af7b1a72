#include "npsd/base/notify.h"

#include "npsd/base/text.h"
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCKETS_FIRST = 3, SOCKETS_MAX = 64 };

/* The number in a variable of the environment; 0: not set, or none. */
static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    int64_t number = 0;
    if (text)
        text_to_number(text, strlen(text), 1, INT64_MAX / 2, &number);
    return number;
}

static bool is_for_us(const char *pid_name)
{
    return number_of(pid_name) == getpid();
}

/* False: no path, or too long a one. A leading "@" stands for the abstract namespace. */
static bool address_of(struct sockaddr_un *to, socklen_t *ret_size)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to->sun_path || (*path != '/' && *path != '@'))
        return false;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(to->sun_path, path, len);
    if (*path == '@')
        to->sun_path[0] = '\0';
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

bool notify_send(const char *state)
{
    struct sockaddr_un to;
    socklen_t size;
    if (!address_of(&to, &size))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    size_t len = strlen(state);
    ssize_t sent = sendto(fd, state, len, MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    close(fd);
    return sent == (ssize_t)len;
}

int64_t notify_watchdog_us(void)
{
    return !getenv("WATCHDOG_PID") || is_for_us("WATCHDOG_PID") ? number_of("WATCHDOG_USEC") : 0;
}

static bool is_listening(int fd)
{
    int on = 0;
    socklen_t size = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on;
}

int notify_socket(int n)
{
    int64_t count = is_for_us("LISTEN_PID") ? number_of("LISTEN_FDS") : 0;
    int fd = SOCKETS_FIRST + n;
    if (n >= count || n >= SOCKETS_MAX || !is_listening(fd))
        return -1;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}
