/*
 * server_internal: what the files of the edge share, and nobody else includes.
 *
 *   server.c           start, drain, wait, stop: the life of a server and its libmicrohttpd daemon
 *   server_listener.c  the listening address; the thread that accepts and ends late connections
 *   server_ready.c     replies that are ready for the same head
 *   server_guard.c     the head of a request against what HTTP allows
 *   server_layout.c    the same, for what libmicrohttpd does not tell about a head
 *   server_head.c      route, access, sizes, media type, query: all refusals before the handler
 *   server_request.c   the states of a request: body, handler, suspending, waking
 *   server_reply.c     a reply into libmicrohttpd's hands
 *
 * We accept connections ourselves and hand them to libmicrohttpd, because 0.9.75 divides its limit
 * among its threads, spins when descriptors are out, and may abort in MHD_quiesce_daemon when a
 * thread of its pool leaves the listening socket at the same moment. And its epoll_wait is ours
 * (server.c), because it waits for more when it got as many events as it asked for.
 */
#ifndef NPSD_HTTP_SERVER_INTERNAL_H
#define NPSD_HTTP_SERVER_INTERNAL_H

#include "npsd/base/buf.h"
#include "npsd/http/client_address.h"
#include "npsd/http/server.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;
struct ready;

/* --- connections and their deadlines --- */

/* One open connection. The list belongs to the listener's lock; deadline_us is shared with the
 * reaper. */
struct connection {
    struct connection *next, **at;
    int fd;
    _Atomic int64_t deadline_us; /* monotonic; 0: none */
    int64_t shut_us;             /* when it was ended for being late; 0: it was not. The reaper's */
    struct address peer;
    bool peer_trusted;
    bool refused; /* one too many of its address: nothing of it is read */
    char peer_text[ADDRESS_TEXT_SIZE];
};

enum listener_phase { LISTENER_ACCEPTING, LISTENER_DRAINING, LISTENER_CLOSED, LISTENER_ENDING };

struct listener {
    int fd;
    int wake[2]; /* a pipe: a byte tells the thread to look at its phase */
    pthread_t thread;
    _Atomic int phase;    /* enum listener_phase */
    pthread_mutex_t lock; /* of the list */
    struct connection *connections;
    _Atomic int count;
    char address[ADDRESS_TEXT_SIZE + 16];
    bool handed_over; /* the socket is not ours alone: somebody goes on listening when we stop */
};

/* --- requests --- */

enum request_state {
    REQUEST_RECEIVING,
    REQUEST_RUNNING,
    REQUEST_QUEUED,
    REQUEST_READY,
    REQUEST_DONE
};

/* The headers that most requests are asked for; found in one pass. */
enum head_field {
    HEAD_HOST,
    HEAD_PREFER,
    HEAD_EXPECT,
    HEAD_ORIGIN,
    HEAD_CONTENT_TYPE,
    HEAD_REQUEST_ID,
    HEAD_AUTHORIZATION,
    HEAD_CONTENT_LENGTH,
    HEAD_IDEMPOTENCY_KEY,
    HEAD_TRANSFER_ENCODING,
    HEAD_REQUEST_METHOD,
    HEAD_FIELDS
};

/* As libmicrohttpd has cut it, in its own memory. */
struct start_line {
    const char *method, *target, *version;
};

enum { REQUEST_ID_MAX = 64, REQUEST_ID_OWN = 32 };

struct request {
    struct call call;
    struct server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    _Atomic int state; /* enum request_state */

    /* the head */
    const char *target; /* as it came, before any decoding */
    const char *query;  /* "?..." of it, or "" */
    const char *fields[HEAD_FIELDS];
    const char *malformed; /* why the head is refused; NULL: it is fine */
    enum http_method method;
    bool method_known;
    bool head_seen;
    bool plain; /* a GET of HTTP/1.1: its reply may be ready */
    bool chunked;
    bool close;
    uint64_t declared; /* Content-Length */
    int64_t started_us;
    char own_id[REQUEST_ID_OWN];

    /* the body */
    struct buf body;
    uint64_t received;
    uint64_t body_max, drop_max;

    /* the outcome */
    struct ready *ready;       /* NULL: the request goes the long way */
    const struct route *route; /* what call.route is for everybody else; NULL: none */
    bool ask;                  /* admit could not say without the database */
    bool refused;
    struct reply refusal;
    struct reply reply; /* what a worker gave, or the later one under way */
    int status;         /* sent; 0: nothing was */

    /* what is kept when a request is used again; all above is zeroed */
    struct arena arena;
    struct request *next_free;
};

struct server {
    const struct server_app *app;
    unsigned routes;   /* the bit of the listener */
    bool layout_known; /* see server_layout.c */
    char *public_url;
    struct networks trusted;
    int connections_max, per_address_max;
    int64_t head_us, body_us, reply_us;
    struct listener listener;
    struct MHD_Daemon *mhd;
    _Atomic bool started;
    _Atomic bool draining;
    _Atomic bool refuses;            /* while draining: what open connections bring */
    _Atomic int64_t linger_until_us; /* while draining: for what they bring; monotonic */
    char id_prefix[9];
    pthread_key_t ready; /* of each thread of libmicrohttpd: its struct ready_table */
    /* What threads write with every request, apart from what they only read. */
    _Alignas(64) _Atomic size_t in_flight; /* requests from their head to their completion */
    _Atomic size_t waking;                 /* threads inside MHD_resume_connection */
    _Atomic uint64_t last_id;
    pthread_mutex_t free_lock; /* of the two below */
    struct request *free_requests;
    int free_count;
};

/* --- server_listener.c --- */

/* fd 0: a socket of our own. */
bool listener_open(struct listener *listener, const char *address, int fd);
bool listener_start(struct server *server);
/* Takes what waits in the backlog (unless the next process will), then closes the listening socket.
 */
void listener_stop_accepting(struct listener *listener);
/* Ends the thread. */
void listener_end(struct listener *listener);
void listener_close(struct listener *listener);
/* For MHD_OPTION_NOTIFY_CONNECTION. */
struct connection *connection_open(struct server *server, int fd, const struct sockaddr *peer);
void connection_close(struct server *server, struct connection *connection);
void connection_deadline(struct connection *connection, int64_t at_us);

/* --- server_guard.c --- */

/* Reads the head of request->mhd into request; sets malformed if it must not be trusted. */
void guard_head(struct request *request, const struct start_line *line);
/* [A-Za-z0-9._-]{1,64} */
bool guard_is_request_id(const char *text);
/* After guard_head: the value of a header, the first one's if it is repeated, without the blanks
 * behind it; NULL: not sent. */
const char *guard_header(struct request *request, const char *name);
/* The values of a header that may be repeated, joined by commas; NULL: not sent. */
const char *guard_joined(struct request *request, const char *name);

/* --- server_layout.c --- */

/* Whether this libmicrohttpd is one whose way with heads we know. */
bool layout_is_known(void);
/* False if the head is not made of these pieces alone, each line ended by CR LF: something was
 * folded, has a NUL, or was hidden behind it. */
bool layout_is_whole(struct request *request, const struct start_line *line);

/* --- server_head.c --- */

/* Everything that can be decided before the body. Sets refused and refusal, ask, and the limits. */
void head_decide(struct request *request);
/* The first refusal stands. */
void request_refuse(struct request *request, enum problem problem, const char *detail);
/* For a body larger than the route takes, or one where it takes none. */
void request_refuse_body(struct request *request);

/* --- server_request.c --- */

struct request *request_begin(struct server *server, struct connection *connection,
                              struct MHD_Connection *mhd, const char *target);
/* What the access handler does; false ends the connection. */
bool request_step(struct request *request, const struct start_line *line, const char *data,
                  size_t len);
/* The reply has been sent, or the connection is gone. */
void request_end(struct request *request);
void requests_free(struct server *server);

/* --- server_ready.c --- */

/* Replies that are ready to be sent again: what reply.h says of leases. A table for each thread, so
 * without locks; small, as it is for those who ask again and again. */
bool ready_open(struct server *server);
/* When libmicrohttpd's threads have ended, which empties their tables. */
void ready_close(struct server *server);
/* Instead of guard_head and head_decide: looks for the head of request->mhd, and sets the request's
 * id. What is found is the request's (request->ready) until ready_send or ready_drop. */
bool ready_find(struct request *request, const struct start_line *line);
/* False: the connection is to be ended. */
bool ready_send(struct request *request);
/* NULL is fine. */
void ready_drop(struct ready *ready);
/* A lease for a reply that may be kept; NULL: it may not. */
struct lease *ready_lease(struct request *request, const struct reply *reply);
/* Takes over the caller's reference of a response that was queued for the request; the response
 * ends the lease. */
void ready_keep(struct request *request, int status, struct MHD_Response *response,
                struct lease *lease);

/* --- server_reply.c --- */

/* Queues it; what libmicrohttpd does not take (a header with a line end) becomes a 500. False: the
 * connection is to be ended. */
bool reply_send(struct request *request, const struct reply *reply);
/* The same without the second try, and without the arena. */
bool reply_queue(struct request *request, const struct reply *reply);

#endif
