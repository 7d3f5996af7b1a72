/*
 * hold: a listening socket that outlives the daemons behind it, as a service manager's does.
 *
 *   hold ADDRESS:PORT COMMAND...
 *
 * Runs the command with the socket as descriptor 3. A daemon is given it by LISTEN_FDS=1 and by its
 * own number in LISTEN_PID.
 */
#include "fault/exchange.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (argc < 3 || !exchange_address(argv[1], &address) ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0 ||
        dup2(fd, 3) != 3) {
        perror("hold");
        return 2;
    }
    if (fd != 3)
        close(fd);
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
}
