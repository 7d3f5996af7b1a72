/*
 * client: HTTP against the daemon under test, by libcurl.
 *
 * Every process has a connection of its own, kept alive; nothing crosses Check's forks. Requests go
 * to the base that client_use set. Replies live until client_reset, which the fixture calls after
 * every test. A request that gets no reply within 30 s fails the test.
 */
#ifndef SUPPORT_CLIENT_H
#define SUPPORT_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_HEADERS_MAX = 8 };

struct request {
    const char *method; /* NULL: POST with a body, GET without */
    const char *path;   /* what follows the base */
    const char *key;    /* Authorization: Bearer; NULL for none */
    const char *type;   /* Content-Type; NULL: application/json with a body, "": none */
    const char *body;   /* NULL for none */
    size_t length;      /* of the body; 0: up to its NUL */
    bool no_length;     /* neither a body nor its length, whatever the method */
    const char *headers[REQUEST_HEADERS_MAX];
};

struct reply {
    struct reply *next;
    char request[160]; /* method, path and the body's begin, for messages */
    long status;
    char *head; /* status line and headers, of the last reply if there was a 100 */
    size_t head_size;
    char *body; /* a NUL stands behind it */
    size_t size;
    json_t *json;  /* NULL when the body is none */
    long connects; /* 0 when the connection was there already */
};

void client_use(const char *url);
struct reply *client_send(const struct request *request);
/* The same with the path built like printf, and a JSON body (NULL for none). */
struct reply *client_get(const char *key, const char *path, ...)
    __attribute__((format(printf, 2, 3)));
struct reply *client_post(const char *key, const char *body, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
struct reply *client_patch(const char *key, const char *body, const char *path, ...)
    __attribute__((format(printf, 3, 4)));
struct reply *client_delete(const char *key, const char *path, ...)
    __attribute__((format(printf, 2, 3)));

/* Many requests over so many connections at once. fill is asked for each in order of number; done
 * is told the outcome, and the reply is freed after it. */
typedef void client_fill(void *closure, size_t number, struct request *ret_request);
typedef void client_done(void *closure, size_t number, const struct reply *reply);
void client_send_many(size_t connections, size_t count, client_fill *fill, client_done *done,
                      void *closure);

/* The value of a header, NULL without it; lives like text(). */
const char *header_of(const struct reply *reply, const char *name);
/* By JSON pointer; NULL when there is nothing. */
json_t *json_at(json_t *json, const char *pointer);
json_t *reply_at(const struct reply *reply, const char *pointer);
/* A string, which must be there; lives as long as the reply. */
const char *reply_string(const struct reply *reply, const char *pointer);

void client_reset(void);

#endif
