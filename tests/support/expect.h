/*
 * expect: what a reply must be. A failure names the line of the test, the request and the reply.
 */
#ifndef SUPPORT_EXPECT_H
#define SUPPORT_EXPECT_H

#include "support/client.h"

struct place {
    const char *file;
    int line;
};

#define HERE ((struct place){__FILE__, __LINE__})

/* Each macro gives the reply, so that it can be used on. */
#define expect_status(reply, status) expect_status_at(HERE, reply, status)
/* A refusal as design says: status, media type, type /problems/<slug>, title, status, detail, and
 * instance, which is the X-Request-Id. where, when not NULL, must be among the errors: a JSON
 * pointer
 * ("" or beginning with "/") or the name of a parameter. */
#define expect_problem(reply, status, slug, where)                                                 \
    expect_problem_at(HERE, reply, status, slug, where)
/* Like it, with exactly these errors: pointers and parameters separated by blanks, in any order. */
#define expect_errors(reply, status, slug, list) expect_errors_at(HERE, reply, status, slug, list)
/* What was shown is no key, token or link: 401; or 429, if there were too many in a minute. */
#define expect_wrong_key(reply) expect_wrong_key_at(HERE, reply)
#define expect_header(reply, name, value) expect_header_at(HERE, reply, name, value)

/* What stands at a JSON pointer. */
#define expect_string(reply, pointer, value) expect_string_at(HERE, reply, pointer, value)
#define expect_int(reply, pointer, value) expect_int_at(HERE, reply, pointer, value)
/* To four decimals. */
#define expect_real(reply, pointer, value) expect_real_at(HERE, reply, pointer, value)
/* Equal to this JSON text; "" as pointer is the whole body. Integers and reals are told apart. */
#define expect_json(reply, pointer, value) expect_json_at(HERE, reply, pointer, value)
/* Nothing there. */
#define expect_none(reply, pointer) expect_none_at(HERE, reply, pointer)
/* A time as npsd prints it, RFC 3339 in UTC with Z; gives its microseconds since 1970. */
#define expect_time(reply, pointer) expect_time_at(HERE, reply, pointer)

struct reply *expect_status_at(struct place place, struct reply *reply, long status);
struct reply *expect_problem_at(struct place place, struct reply *reply, long status,
                                const char *slug, const char *where);
struct reply *expect_errors_at(struct place place, struct reply *reply, long status,
                               const char *slug, const char *list);
struct reply *expect_wrong_key_at(struct place place, struct reply *reply);
struct reply *expect_header_at(struct place place, struct reply *reply, const char *name,
                               const char *value);
struct reply *expect_string_at(struct place place, struct reply *reply, const char *pointer,
                               const char *value);
struct reply *expect_int_at(struct place place, struct reply *reply, const char *pointer,
                            json_int_t value);
struct reply *expect_real_at(struct place place, struct reply *reply, const char *pointer,
                             double value);
struct reply *expect_json_at(struct place place, struct reply *reply, const char *pointer,
                             const char *value);
struct reply *expect_none_at(struct place place, struct reply *reply, const char *pointer);
long long expect_time_at(struct place place, struct reply *reply, const char *pointer);

/* The same checks on the problem object of a batch's result. */
void expect_problem_object(struct place place, const struct reply *reply, json_t *problem,
                           long status, const char *slug, const char *where);

#endif
