/*
 * unit_call: a call made by hand, for tests of access and of handlers without a server: a directory
 * read from the test's database (unit_database.h), a world around it, headers, a path, a body.
 *
 * In each test: unit_call_open, surveys and keys as needed, unit_call_to, then the function under
 * test with &c->call; unit_call_done in the end.
 */
#ifndef SUPPORT_UNIT_CALL_H
#define SUPPORT_UNIT_CALL_H

#include "npsd/api/world.h"
#include "npsd/http/reply.h"
#include <jansson.h>
#include <semaphore.h>

enum { UNIT_HEADERS_MAX = 8 };

struct unit_call {
    struct config config;
    struct pg_options database;
    struct arena arena;
    struct world world;
    sem_t resumed;
    struct call call;
    struct {
        const char *name, *value;
    } headers[UNIT_HEADERS_MAX];
};

/* Empties the database. Nothing is limited: a test puts limits of its own in their places,
 * key_limits and failures, which are not there. The call has a worker's connection, from 192.0.2.1,
 * received now. */
void unit_call_open(struct unit_call *c);
void unit_call_done(struct unit_call *c);

/* members: "'access': 'key', 'open': false" (quotes are turned) or "". */
void unit_call_survey(struct unit_call *c, const char *slug, const char *members);
/* The text of a new key named "Olga"; for one survey, or all (NULL); of one origin, or any (NULL).
 */
const char *unit_call_key(struct unit_call *c, enum role role, const char *slug,
                          const char *origin);
/* Has the directory read what is new. */
void unit_call_refresh(struct unit_call *c);

/* Method, path and query of the request: finds its route and the path's parameters. */
void unit_call_to(struct unit_call *c, enum http_method method, const char *path);
/* value NULL: not sent. */
void unit_call_header(struct unit_call *c, const char *name, const char *value);
void unit_call_bearer(struct unit_call *c, const char *key);
/* The body; single quotes become double ones. */
void unit_call_body(struct unit_call *c, unsigned media, const char *body);
/* Admits the call as a worker does; fails the test if it is refused. */
void unit_call_admit(struct unit_call *c);

/* Starts the lanes, with room for so many answers each. */
void unit_call_lanes(struct unit_call *c, size_t room);
/* Admits the call, runs its handler, and what that has put off: the real reply. */
struct reply unit_call_run(struct unit_call *c);

/* NULL: none. */
const char *unit_reply_header(const struct reply *reply, const char *name);
json_t *unit_reply_json(struct arena *arena, const struct reply *reply);
/* The parameters that a refusal names, in its order: "last period". */
const char *unit_reply_parameters(struct arena *arena, const struct reply *reply);
/* "422 invalid /score": status, slug, and the place of the first error; "200" of other replies;
 * "later" of those. */
const char *unit_reply_tells(struct arena *arena, const struct reply *reply);

#endif
