/*
 * daemon: runs the npsd under test (NPSD_TEST_BINARY), as a command or as a server.
 *
 * Settings are NAME=VALUE strings, ended by NULL. Of the environment only NPSD_TEST_* and what does
 * not begin with NPSD_ is passed on. Processes end with the process that started them.
 */
#ifndef SUPPORT_DAEMON_H
#define SUPPORT_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
    int status; /* the exit code; 128 + n after signal n; -1 when it had to be killed */
    const char *out;
    const char *err; /* both live like text() */
};

/* `npsd ARGS...`, ended by NULL, within 30 s. */
struct command command_run(const char *const *settings, const char *const *args);
/* The same without waiting; command_wait gives the outcome. */
struct running {
    pid_t pid;
    int out;
    int err;
};
struct running command_start(const char *const *settings, const char *const *args);
struct command command_wait(struct running running);

/* A server, on ports of its own. */
struct daemon {
    pid_t pid;
    char url[64];     /* http://127.0.0.1:PORT */
    char admin[64];   /* the same of the admin listener */
    char folder[128]; /* its NPSD_VAR; its log is the file "log" there */
};

/* Starts `$NPSD_TEST_WRAPPER npsd serve` and waits until it is ready. The settings come on top of
 * those for tests: ports 0, a fresh NPSD_VAR, no limit of the rate, unsafe durability allowed.
 * NPSD_TEST_SERVE=OPTIONS is what follows `serve`. False after telling why on stderr. */
bool daemon_start(struct daemon *daemon, const char *database_url, const char *const *settings);
/* The servers that are started from now on are given this listening socket, as a service manager
 * gives it; -1: none. */
void daemon_hand_over(int fd);
/* SIGTERM; NULL when it ended in time with exit code 0 and without a report of a sanitizer, else
 * what was wrong (lives like text()). Removes the folder. */
const char *daemon_stop(struct daemon *daemon);
/* SIGKILL. Removes the folder, too: what shall outlive it is kept elsewhere. */
void daemon_kill(struct daemon *daemon);
/* Resident memory in KiB. */
long daemon_rss_kib(const struct daemon *daemon);

#endif
