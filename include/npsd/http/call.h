/*
 * call: one request as handlers see it: no libmicrohttpd, no sockets. Made by server.c (or by a
 * test), lives in its arena.
 *
 * States (checked in server_request.c):
 *
 *                .-> DONE   there is a reply
 *                |
 *   RECEIVING -> RUNNING -> QUEUED -> READY
 *       |           ^    (suspended)    |
 *       |           `----- finish ------'
 *       `-> DONE   refused in the head
 *
 * While a call is QUEUED it belongs to whoever start or submit gave it to, until that calls
 * call_resume or server_answer; the edge touches nothing of it.
 */
#ifndef NPSD_HTTP_CALL_H
#define NPSD_HTTP_CALL_H

#include "npsd/base/arena.h"
#include "npsd/domain/problem.h"
#include "npsd/http/route.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query_pair {
    const char *name, *value; /* decoded, NUL-terminated, valid UTF-8, no NUL inside */
};

enum { CALL_QUERY_MAX = 32 };

struct call {
    struct arena *arena;
    const char *request_id;
    const struct route *route;
    const char *path;
    const char *params[ROUTE_PARAMS_MAX];
    struct query_pair query[CALL_QUERY_MAX];
    size_t query_count;
    unsigned media;   /* of the body, one bit of enum http_media; MEDIA_NONE without a body */
    const char *body; /* body_len bytes */
    size_t body_len;
    bool head;              /* HEAD: routed as GET, the edge drops the body */
    int64_t received_us;    /* wall clock */
    const char *client;     /* address of the client as text, trusted proxies taken into account */
    const char *host;       /* of the request line or the Host header; NULL: HTTP/1.0 without one */
    const char *public_url; /* NPSD_PUBLIC_URL; NULL: not set */
    bool through_proxy;     /* the peer is a trusted proxy: its X-Forwarded headers are believed */
    void *world;            /* what the api layer gave to the server */
    void *identity;         /* what the api layer's admit found out: who asks, which survey */
    struct pg *db;          /* on a worker: its connection; else NULL */
    const char *(*header)(const struct call *call, const char *name); /* NULL: not sent */
    void (*resume)(struct call *call);                                /* see call_resume */
    void *edge;                                                       /* the server's own */
};

/* NULL: no such header. Repeated headers: the first (those that must be unique have been refused
 * before). */
const char *call_header(const struct call *call, const char *name);
/* NULL: not sent. */
const char *call_query(const struct call *call, const char *name);
/* Adds an error for every parameter whose name is not in known (NULL-terminated) and does not start
 * with prefix (NULL: none). */
void call_query_known(const struct call *call, const char *const *known, const char *prefix,
                      struct problem_errors *errors);
/* A whole number from min to max; absent leaves *ret_value untouched and is fine; wrong adds an
 * error and returns false. */
bool call_query_int(const struct call *call, const char *name, int64_t min, int64_t max,
                    int64_t *ret_value, struct problem_errors *errors);

/* Where links begin: the public URL, or scheme and host of the request; no slash at the end. */
const char *call_base_url(const struct call *call);

/*
 * Wakes a suspended call: its finish is called on an HTTP thread. Exactly once for each start that
 * returned true; the caller touches the call no more. Any thread.
 */
void call_resume(struct call *call);

/* Splits and decodes a query string (or an urlencoded body) into pairs of the arena, repeated names
 * as often as they come. False: malformed escapes, NUL, not UTF-8, more than max. */
bool call_parse_pairs(struct arena *arena, const char *text, size_t len, struct query_pair *pairs,
                      size_t max, size_t *ret_count);

/* The text with everything but unreserved characters (RFC 3986) percent-encoded: for query strings
 * of links. */
const char *call_escape(struct arena *arena, const char *text);

#endif
