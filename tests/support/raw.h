/*
 * raw: a client that speaks bytes, so that requests can be as wrong as they like. All reads end
 * after five seconds at the latest.
 */
#ifndef NPSD_TESTS_RAW_H
#define NPSD_TESTS_RAW_H

#include <stdbool.h>
#include <stddef.h>

struct raw_reply {
    int status; /* 0: the connection was ended before a reply; -1: nothing within five seconds */
    char head[4096], body[8192]; /* cut if larger */
    size_t body_len;
};

/* "127.0.0.1:8080", or a URL that ends with the port, on this machine. -1: refused. */
int raw_connect_address(const char *address);
/* How long a read or a write waits from now on. */
void raw_patience(int fd, int ms);
void raw_send(int fd, const char *bytes);
void raw_send_n(int fd, const char *bytes, size_t len);
/* Reads one reply: up to its Content-Length, or to its head if no_body. */
struct raw_reply raw_read(int fd, bool no_body);
/* The value of a header of a reply, in static memory of the thread; NULL: not there. */
const char *raw_header(const struct raw_reply *reply, const char *name);
/* True if the other end has ended the connection, or does so within five seconds. */
bool raw_is_closed(int fd);

#endif
