#include "npsd/base/endpoint.h"
#include "npsd/cli/cli.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char help[] =
    "usage: npsd healthcheck\n\n"
    "Asks the daemon on NPSD_ADMIN_LISTEN (or NPSD_LISTEN, if that is off) for /readyz.\n"
    "Exit 0 when it is ready (also while only its spool takes answers), 1 when it is not or does not answer.\n";

enum { TIMEOUT_S = 3 };

static int connect_to(const char *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval limit = {.tv_sec = TIMEOUT_S};
    struct addrinfo *found = NULL;
    struct endpoint at;
    int fd = -1;
    if (!endpoint_parse(address, &at) || getaddrinfo(at.host, at.port, &hints, &found) != 0)
        return -1;
    for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* The whole reply, cut after size - 1 bytes. */
static size_t exchange(int fd, char *reply, size_t size)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t len = 0;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return 0;
    while (len + 1 < size) {
        ssize_t got = recv(fd, reply + len, size - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    reply[len] = '\0';
    return len;
}

int cli_healthcheck(int argc, char **argv, const struct config *config)
{
    bool none;
    int status;
    if (!cli_flag(argc, argv, help, NULL, &none, &status))
        return status;
    char reply[4096];
    const char *address = *config->admin_listen ? config->admin_listen : config->listen;
    int fd = connect_to(address);
    size_t len = fd >= 0 ? exchange(fd, reply, sizeof reply) : 0;
    if (fd >= 0)
        close(fd);
    const char *body = len ? strstr(reply, "\r\n\r\n") : NULL;
    if (!body) {
        fprintf(stderr, "npsd: no daemon answers at %s\n", address);
        return CLI_REFUSED;
    }
    puts(body + 4);
    return strncmp(reply, "HTTP/1.1 200 ", 13) == 0 ? CLI_OK : CLI_REFUSED;
}
