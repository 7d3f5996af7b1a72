/*
 * route: the shape of the route table. One table (api/routes.c) says everything that is the same
 * for every request of a route; 404, 405 with Allow, OPTIONS, body limits, accepted media types,
 * access and metric labels all derive from it.
 */
#ifndef NPSD_HTTP_ROUTE_H
#define NPSD_HTTP_ROUTE_H

#include "npsd/domain/role.h"
#include "npsd/http/reply.h"
#include <stddef.h>

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHODS
};

/* Body media types a route takes, as bits. */
enum http_media { MEDIA_NONE = 0, MEDIA_JSON = 1, MEDIA_NDJSON = 2, MEDIA_FORM = 4 };

/* Where a handler runs: on the HTTP thread (never waits for anything), or on a worker with a
 * database connection; RUNS_CACHED: so too, unless the layer above remembers the reply. */
enum route_runs { RUNS_INLINE, RUNS_WORKER, RUNS_CACHED };

/* Which listeners serve it. */
enum route_listener { LISTENER_SERVICE = 1, LISTENER_ADMIN = 2 };

struct route {
    enum http_method method;
    const char *pattern; /* "/v1/surveys/{survey}/responses/{id}" */
    enum access access;
    enum route_runs runs;
    unsigned media;       /* MEDIA_NONE: a body is refused with 415 unless it is empty */
    size_t body_max;      /* bytes; larger is 413 */
    size_t body_drop_max; /* a larger body up to this is read and dropped before the 413; beyond,
                             the connection is closed */
    unsigned listeners;
    struct reply (*handle)(struct call *call);
};

struct route_table {
    const struct route *routes;
    size_t count;
};

enum { ROUTE_PARAMS_MAX = 4 };

struct route_match {
    const struct route *route; /* NULL: no such path (allow == 0) or no such method (allow != 0) */
    unsigned allow;            /* without a route: bits 1 << enum http_method, OPTIONS always */
    const char *params[ROUTE_PARAMS_MAX]; /* in the order of the pattern; point into the path's copy
                                             in the arena */
};

/* path is percent-decoded. A segment in braces matches one or more characters without "/". Literal
 * segments win. Pure. */
struct route_match route_find(const struct route_table *table, unsigned listener,
                              enum http_method method, const char *path, struct arena *arena);
/* "GET, HEAD, OPTIONS". */
const char *route_allow_text(unsigned allow, struct arena *arena);
/* Takes HEAD as GET; false for a method we do not know. */
bool http_method_parse(const char *text, enum http_method *ret_method);
const char *http_method_name(enum http_method method);

#endif
