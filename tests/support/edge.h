/*
 * edge: a small app behind the real server, in the test's own process, for a client that speaks
 * bytes (raw.h).
 *
 * One worker thread answers what is handed over; while edge->hold is set it holds everything back.
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
#include "support/raw.h"
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

/* -1: refused. */
int raw_connect(const struct edge *edge);
/* Connects, sends, reads one reply, and tells whether the connection was ended after it. */
struct raw_reply raw_ask(const struct edge *edge, const char *request, bool *ret_closed);

#endif
