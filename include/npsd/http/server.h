/*
 * server: the edge. libmicrohttpd on one side, struct call and struct reply on the other; the only
 * file (with its server_*.c siblings) that includes microhttpd.h.
 *
 * Guarantees, beyond what 0.9.75 does: any Transfer-Encoding but one single "chunked",
 * Content-Length with Transfer-Encoding, repeated Content-Length, Host or Transfer-Encoding, a Host
 * that is none, methods and header names that are no token, control characters and NULs, folded
 * headers, lines that do not end with CR LF, %00, %2F and %5C or bytes over 0x7F in the path are
 * refused with 400 and the connection is closed; a chunked request is answered with
 * Connection: close; a POST without a length is 411. Every connection has an absolute deadline for
 * its head (10 s), its body (20 s) and reading its reply (30 s), kept by a reaper thread; the
 * system holds at most 128 KiB of replies that a client has not read, the rest waits here. Bodies
 * larger than the route's limit get their 413 (see struct route). No handler that waits runs on an
 * HTTP thread.
 *
 * What libmicrohttpd answers itself, as text/html and before we see the request: 400 for a
 * malformed request line, Content-Length or chunk, 413, 414 and 431 for heads over 16 KiB in all,
 * 500 for an endless chunk extension, 505; a line that begins with no method ends the connection
 * without an answer, as the client's ending its side may. What it hides, and a strict proxy in
 * front would refuse: bare line feeds and what stands in chunk extensions, in chunked bodies; a NUL
 * before a bare line feed, which together look like CR LF. tests/data/http_vectors.txt has it row
 * by row.
 *
 * Order of refusal: 404, 405, 401, 404 survey, 403 (admit), 411, 413, 415, 400 (query, malformed),
 * then the handler.
 *
 * Every reply gets X-Request-Id, X-Content-Type-Options, for JSON the strict
 * Content-Security-Policy and (unless the reply says otherwise) Cache-Control: no-store, and CORS
 * headers when cors says so.
 */
#ifndef NPSD_HTTP_SERVER_H
#define NPSD_HTTP_SERVER_H

#include "npsd/http/call.h"
#include <stdbool.h>
#include <stdint.h>

/* What the server asks of the layers above. All are called on HTTP threads unless said otherwise;
 * none may wait. */
struct server_app {
    struct route_table routes;
    void *world;
    /*
     * Who asks, and may they? Called when the head is there. status 0: go on. A refusal is kept
     * until the body is read (or dropped). *ret_ask: cannot be said without the database; then the
     * call goes to a worker (submit), which asks again.
     */
    struct reply (*admit)(struct call *call, bool *ret_ask);
    /*
     * Runs the call on a worker: route->handle, or admit again first if it was undecided (asked).
     * False: the queue is full. When done the worker calls server_answer(call, reply).
     */
    bool (*submit)(struct call *call, bool asked);
    /* For calls of routes with RUNS_CACHED: what is remembered, or a later reply. */
    struct reply (*recall)(struct call *call);
    /* The value of Access-Control-Allow-Origin for this call ("*", the origin, or NULL for none).
     * Asked only when the request has an Origin and its path and method have a route; for a
     * preflight call->route is that of the request to come. Without database. */
    const char *(*cors)(struct call *call);
    /* The last look at a reply (never a later one) before it is sent. NULL: as it is. */
    struct reply (*dress)(const struct call *call, struct reply reply);
    /* After each reply, for metrics and the access log. call->route may be NULL. */
    void (*observe)(const struct call *call, int status, int64_t duration_us);
};

struct server_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0" */
    int socket;         /* a listening socket that was handed to this process, instead; 0: none */
    unsigned listener;  /* which routes: one bit of enum route_listener */
    int threads;
    int connections;                /* of this server */
    int connections_per_address;    /* of an address_subscriber; those of trusted proxies do not
                                       count. More are ended at once. 0: no limit */
    int descriptors;                /* that the process needs for other things */
    const char *public_url;         /* NULL: from the request */
    const char *trusted_proxies;    /* networks, comma separated; NULL: none */
    int head_ms, body_ms, reply_ms; /* deadlines; 0: those above */
};

struct server;

/* Listens. NULL after logging why not. app must outlive the server. */
struct server *server_start(const struct server_options *options, const struct server_app *app);
/* "127.0.0.1:43125": with port 0 the one that was chosen. */
const char *server_address(const struct server *server);
/* Any thread: stores the reply (which may be a later one) of a call given to submit, and wakes it.
 */
void server_answer(struct call *call, struct reply reply);
/* Requests accepted and not yet answered. */
size_t server_in_flight(const struct server *server);
/*
 * Stops accepting connections; new requests on open ones get 503 draining and Connection: close.
 * With a socket that was handed over another process takes the new connections, and nothing is
 * refused: requests on open ones are waited for, for two seconds, and answered with Connection:
 * close, so their clients come to the other one.
 */
void server_drain(struct server *server);
/* Waits until every accepted request is answered and sent, at most timeout_ms; false if some were
 * not. After a drain and true no handler is called any more: what still comes gets 503. */
bool server_wait(struct server *server, int timeout_ms);
/*
 * Ends it and frees everything: drain and wait first, else what comes until it is quiet is still
 * answered (at most for 5 s), as by /healthz of a daemon that ends. NULL is fine. False if somebody
 * still has a call of ours: then, after a log line, the server goes on as it is, refusing new
 * requests, and app with it must stay until the process ends.
 */
bool server_stop(struct server *server);

#endif
