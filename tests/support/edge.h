/*
 * edge: a small app behind the real server, in the test's own process, and a client that speaks
 * bytes, so that requests can be as wrong as they like.
 *
 * One worker thread answers what is handed over; while edge->hold is set it holds everything back.
 * All reads end after five seconds at the latest.
 *
 *   GET    /hello              "hello"
 *   POST   /echo               200, the body (JSON or NDJSON, 1000 bytes, dropped up to 4000)
 *   POST   /later              201 from finish, the body, after the worker has woken it
 *   POST   /start-fails        503 from finish: start returns false
 *   POST   /worker             201 from the worker, the body
 *   POST   /worker-later       201 from finish, after the worker answered with a later reply
 *   POST   /worker-start-fails 503 from finish, the same with a start that returns false
 *   POST   /form               200, the body, urlencoded
 *   GET    /query              "name=value;" for each parameter
 *   GET    /client             client address, a blank, the base URL
 *   GET    /private            401 without "Authorization: yes"
 *   POST   /asked              as /private, but the worker has to be asked
 *   DELETE /things/{id}        204
 *   GET    /things/{id}        200, the id
 *   GET    /torn-header        a reply whose header has a line end
 *   GET    /large              16 MiB
 */
#ifndef NPSD_TESTS_EDGE_H
#define NPSD_TESTS_EDGE_H

#include "npsd/http/server.h"
#include <pthread.h>
#include <stdatomic.h>

struct edge_job {
    struct edge_job *next;
    struct call *call;
    bool answer; /* handle it, and server_answer; else call_resume */
    bool asked;  /* ask admit again first */
};

struct edge {
    struct server_app app;
    struct server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct edge_job *first, **last;
    size_t waiting, queue_max;
    bool hold, ending;
    _Atomic long observed;   /* replies that were told to observe */
    _Atomic int last_status; /* of them */
};

/* options may be NULL: two threads, 1000 connections. */
void edge_start(struct edge *edge, const struct server_options *options);
void edge_hold(struct edge *edge, bool hold);
/* How many calls the worker has not answered yet. */
size_t edge_waiting(struct edge *edge);
/* Lets go of what is held, stops the server and the worker; fails the test if that takes long. */
void edge_stop(struct edge *edge);

struct raw_reply {
    int status; /* 0: the connection was ended before a reply; -1: nothing within five seconds */
    char head[4096], body[8192]; /* cut if larger */
    size_t body_len;
};

/* -1: refused. */
int raw_connect(const struct edge *edge);
void raw_send(int fd, const char *bytes);
void raw_send_n(int fd, const char *bytes, size_t len);
/* Reads one reply: up to its Content-Length, or to its head if no_body. */
struct raw_reply raw_read(int fd, bool no_body);
/* The value of a header of a reply, in static memory of the thread; NULL: not there. */
const char *raw_header(const struct raw_reply *reply, const char *name);
/* True if the other end has ended the connection, or does so within five seconds. */
bool raw_is_closed(int fd);
/* Connects, sends, reads one reply, and tells whether the connection was ended after it. */
struct raw_reply raw_ask(const struct edge *edge, const char *request, bool *ret_closed);

#endif
