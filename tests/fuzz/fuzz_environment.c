/*
 * What is read of the environment. The first byte says which: where to listen (e), or a variable of
 * the service manager's protocol: how many sockets (f), whose they are (p), the watchdog (w), whom
 * to tell (n).
 */
#include "fuzz/fuzz.h"
#include "npsd/base/endpoint.h"
#include "npsd/base/notify.h"
#include "npsd/base/text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char own_pid[24];

void fuzz_begin(void)
{
    snprintf(own_pid, sizeof own_pid, "%d", (int)getpid());
}

/* Written out again it is the same place. */
static void check_endpoint(struct arena *arena, const char *text)
{
    struct endpoint endpoint, again;
    int64_t port;
    if (!endpoint_parse(text, &endpoint))
        return;
    fuzz_require(*endpoint.host && strlen(endpoint.host) < sizeof endpoint.host);
    fuzz_require(text_to_number(endpoint.port, strlen(endpoint.port), 0, 65535, &port));
    fuzz_require(strpbrk(endpoint.host, "[] \t\r\n") == NULL);
    const char *written = arena_printf(arena, strchr(endpoint.host, ':') ? "[%s]:%s" : "%s:%s",
                                       endpoint.host, endpoint.port);
    fuzz_require(endpoint_parse(written, &again));
    fuzz_require(strcmp(again.host, endpoint.host) == 0);
    fuzz_require(strcmp(again.port, endpoint.port) == 0);
}

/* No socket of this process listens, so none was handed over, whatever the variables say. */
static void check_sockets(const char *pid, const char *count)
{
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
    for (int n = 0; n < 3; n++)
        fuzz_require(notify_socket(n) == -1);
    fuzz_require(notify_socket(INT16_MAX) == -1);
}

static void check_watchdog(const char *text)
{
    int64_t number;
    bool is_number = text_to_number(text, strlen(text), 1, INT64_MAX / 2, &number);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", text, 1);
    fuzz_require(notify_watchdog_us() == (is_number ? number : 0));
    setenv("WATCHDOG_PID", text, 1);
    fuzz_require(notify_watchdog_us() == 0 || strcmp(text, own_pid) == 0);
}

/* To nobody: below a folder that is none. */
static void check_manager(struct arena *arena, const char *text)
{
    setenv("NOTIFY_SOCKET", arena_printf(arena, "/dev/null/%s", text), 1);
    fuzz_require(!notify_send("STATUS=fuzz"));
    if (*text == '/')
        return;
    setenv("NOTIFY_SOCKET",
           *text == '@' ? arena_printf(arena, "@npsd-fuzz-%s/%s", own_pid, text) : text, 1);
    fuzz_require(!notify_send("STATUS=fuzz"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    if (size == 0)
        return 0;
    const char *text = arena_strndup(arena, (const char *)bytes + 1, size - 1);
    switch (bytes[0]) {
    case 'f':
        check_sockets(own_pid, text);
        break;
    case 'p':
        check_sockets(text, "3");
        break;
    case 'w':
        check_watchdog(text);
        break;
    case 'n':
        check_manager(arena, text);
        break;
    default:
        check_endpoint(arena, text);
    }
    return 0;
}
