#include "npsd/base/fault.h"

#ifdef NPSD_TEST_FAULTS
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether the process has come to the place that is meant often enough. */
static bool is_due(const char *place)
{
    static const char prefix[] = "abort@";
    static atomic_long times;
    const char *wish = getenv("NPSD_TEST_FAULT");
    size_t len = strlen(place);
    if (!wish || strncmp(wish, prefix, sizeof prefix - 1) != 0)
        return false;
    wish += sizeof prefix - 1;
    if (strncmp(wish, place, len) != 0 || (wish[len] != '\0' && wish[len] != ':'))
        return false;
    long due = wish[len] == ':' ? strtol(wish + len + 1, NULL, 10) : 1;
    return atomic_fetch_add(&times, 1) + 1 == due;
}

void fault_reach(const char *place)
{
    if (is_due(place))
        kill(getpid(), SIGKILL);
}

void fault_reach_saying(const char *place, int fd, const char *text)
{
    if (!is_due(place))
        return;
    send(fd, text, strlen(text), MSG_NOSIGNAL);
    kill(getpid(), SIGKILL);
}
#else
/* A translation unit must not be empty. */
typedef int fault_none;
#endif
