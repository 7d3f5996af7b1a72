/*
 * vector: the table of tests/data/http_vectors.txt (its head tells the form), and what comes of a
 * row: its bytes sent over one connection, and all that is answered there.
 */
#ifndef NPSD_TESTS_VECTOR_H
#define NPSD_TESTS_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

enum vector_way { DIRECT, NGINX, HAPROXY, WAYS };

struct vector {
    const char *name;
    const char *expected[WAYS]; /* "201,400." and so on, "200./." for either */
    bool hidden;                /* what libmicrohttpd hides, when asked directly */
    const char *bytes;          /* as they stand in the table */
};

enum { VECTORS_MAX = 400, VECTOR_REPLIES_MAX = 128 };
/* Of answers that may be stored, and of those that never may. */
enum { OWN_SCORE = 9, SMUGGLED_SCORE = 1 };

/* Reads NPSD_TEST_DATA/http_vectors.txt; the strings live like text(). Fails the test if a row is
 * none. */
size_t vector_table(struct vector vectors[VECTORS_MAX]);

struct vector_outcome {
    char seen[VECTOR_REPLIES_MAX * 6]; /* in the form of expected */
    size_t replies;                    /* final ones, the probe's included */
    size_t from_npsd;                  /* of them: made by npsd itself, by their X-Request-Id */
    size_t taken;                      /* of them: 201 */
    bool out_of_order;                 /* a request's X-Request-Id came back elsewhere */
    bool ill_formed;                   /* an answer without a header that it must have */
    bool unsure;                       /* the client ended its side, or all: npsd may have taken
                                        * more than it could acknowledge */
};

/* Sends a row's bytes to address, answers for this survey, and reads as expected tells. What is not
 * as expected shows in seen. */
struct vector_outcome vector_run(const struct vector *vector, enum vector_way way,
                                 const char *address, const char *survey);
/* Whether seen is what was expected, or one of the ways that were. */
bool vector_matches(const char *expected, const char *seen);
/* A well-formed request over a connection of its own gets its own answer. */
bool vector_bystander(const char *address, const char *survey);

#endif
