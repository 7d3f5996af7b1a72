/*
 * front: a proxy before the daemon under test: Debian's nginx or HAProxy, with the configuration of
 * deploy/, but ports of its own and a folder of its own. No service of the machine is used or
 * touched. The process ends with the one that started it.
 */
#ifndef NPSD_TESTS_FRONT_H
#define NPSD_TESTS_FRONT_H

#include <sys/types.h>

struct front {
    pid_t pid;
    char address[32]; /* 127.0.0.1:PORT */
    char folder[64];  /* its configuration, and what it has to say in "log" */
};

/* Starts it before the daemon at this URL, and waits until a request comes through. Fails the test
 * if that takes long, or if the proxy is not installed. */
void front_start_nginx(struct front *front, const char *url);
void front_start_haproxy(struct front *front, const char *url);
/* SIGTERM, by its pid; what it had to say goes to stderr if it was not ended by that. */
void front_stop(struct front *front);

#endif
