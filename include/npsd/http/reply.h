/*
 * reply: what a handler returns: a value. Nothing has been sent yet; the edge (server.c) does that.
 *
 * Bodies and header values live in the request's arena or are constants.
 *
 * A handler that must wait for something (a commit) returns reply_later: the edge suspends the
 * connection, calls start(call, job) and returns to its other connections; when the work is done,
 * the worker calls call_resume(call) once, and the edge calls finish(call) on an HTTP thread for
 * the real reply. start may return false: then finish is called at once, and finds out itself that
 * nothing was done. start runs with the connection suspended and no landing in the arena: what it
 * needs is allocated before; who takes the call over sets a landing of its own, or none.
 *
 * A 200 or 304 to a GET that depends on nothing but the request's head, and on what a lease can
 * tell, may come with a maker of leases: the edge may then give it again, to whoever sends the same
 * head (apart from X-Request-Id), without asking anybody but the lease.
 */
#ifndef NPSD_HTTP_REPLY_H
#define NPSD_HTTP_REPLY_H

#include "npsd/base/arena.h"
#include "npsd/domain/problem.h"
#include "npsd/json/write.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct lease;

enum { REPLY_HEADERS_MAX = 12 };

struct reply_header {
    const char *name, *value;
};

struct lease {
    /* Whether the reply is good for a request that came at now_us (wall clock). Several threads may
     * ask, of leases of their own. */
    bool (*holds)(struct lease *lease, int64_t now_us);
    /* Called once, when nothing of the reply is used any more; any thread. */
    void (*end)(struct lease *lease);
};

struct reply {
    int status;       /* 0: later; 304: the body is not sent */
    const char *type; /* Content-Type; NULL: no body */
    const char *body;
    size_t body_len;
    struct reply_header headers[REPLY_HEADERS_MAX];
    size_t header_count;
    bool close; /* end the connection after this reply */
    /* NULL: only once. Makes a lease, which keeps the body; NULL: it may not be given again after
     * all. */
    struct lease *(*lease)(struct call *call, void *work);
    /* later */
    bool (*start)(struct call *call, void *work);
    struct reply (*finish)(struct call *call, void *work);
    void *work; /* for these three */
};

struct reply reply_empty(int status);
/* Takes what the writer holds. Content-Type application/json. */
struct reply reply_json(int status, const struct json_writer *w);
struct reply reply_text(int status, const char *type, const char *body, size_t len);
/* 303. */
struct reply reply_redirect(const char *location);
struct reply reply_later(bool (*start)(struct call *call, void *work),
                         struct reply (*finish)(struct call *call, void *work), void *work);
/* Adds a header; the pair is borrowed. Aborts beyond REPLY_HEADERS_MAX: that is a mistake in a
 * handler. */
void reply_header(struct reply *reply, const char *name, const char *value);

/*
 * problem+json: type "/problems/<slug>", title, status, detail (NULL: the table's), instance (the
 * request id), and errors if there are any, each with "pointer" (for_query false) or "parameter"
 * (for_query true). Never cached. 401 gets WWW-Authenticate, 429 and 503 Retry-After: 1 unless the
 * caller sets it by reply_retry_after.
 */
struct reply reply_problem(const struct call *call, enum problem problem, const char *detail);
struct reply reply_problem_errors(const struct call *call, enum problem problem, const char *detail,
                                  const struct problem_errors *errors, bool for_query);
/* 429 with the member violated-policies: the names of the limits that are exceeded, ended by NULL;
 * and with the seconds to wait. */
struct reply reply_too_many(const struct call *call, const char *detail,
                            const char *const *policies, int wait_s);
/* The members of such a problem as a JSON object under name: for items of a batch. */
void problem_write(struct json_writer *w, const char *name, const char *request_id,
                   enum problem problem, const char *detail, const struct problem_errors *errors);
/* 503 unavailable, made without any memory: for where that has run out. Closes the connection. */
struct reply reply_out_of_memory(void);
void reply_retry_after(const struct call *call, struct reply *reply, int seconds);

#endif
