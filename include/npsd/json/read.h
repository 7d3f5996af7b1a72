/*
 * read: from bytes to a checked json_t, and from a json_t to a struct by declaration.
 *
 * json_read refuses what jansson would let pass: duplicate members, nesting deeper than
 * JSON_DEPTH_MAX, objects with more than JSON_MEMBERS_MAX members, more than JSON_VALUES_MAX values
 * in all. NUL never gets in. Other control characters (escaped) do; the fields that forbid them
 * refuse them.
 *
 * A handler declares its input as a table of fields and calls json_decode; every wrong, missing or
 * unknown member is told at once, each with its JSON pointer. What was not sent leaves its target
 * untouched. So targets hold their defaults.
 *
 *     static const struct json_field fields[] = {
 *         JSON_TEXT("id", offsetof(struct x, id), 1, 64, JSON_REQUIRED),
 *         JSON_INT("limit", offsetof(struct x, limit), 1, 1000, 0), ...
 */
#ifndef NPSD_JSON_READ_H
#define NPSD_JSON_READ_H

#include "npsd/base/arena.h"
#include "npsd/domain/problem.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value costs jansson far more memory than its bytes: [1,1,1 ... of 8 MiB would take 200 MB. */
enum { JSON_DEPTH_MAX = 8, JSON_MEMBERS_MAX = 64, JSON_VALUES_MAX = 128 * 1024 };

/* jansson's hash seed; once, before threads. */
void json_read_init(void);

/*
 * The document (an object or an array), in the memory of the arena, so it needs no json_decref.
 * NULL if it is not JSON; *ret_detail then says what is wrong and where ("line 3, column 7:
 * duplicate member"), without repeating input. Columns count characters from 1.
 */
json_t *json_read(struct arena *arena, const char *bytes, size_t len, const char **ret_detail);

/* Of what we have written ourselves: no limits but jansson's. NULL: it is not JSON. */
json_t *json_read_stored(struct arena *arena, const char *text);

enum json_field_type {
    JSON_FIELD_TEXT, /* const char *; min..max code points; no control characters but tab and line
                        ends */
    JSON_FIELD_INT,  /* int; min..max; a JSON integer, never 9.0 */
    JSON_FIELD_BOOL, /* bool */
    JSON_FIELD_TIME, /* int64_t microseconds; RFC 3339 */
    JSON_FIELD_VALUE /* json_t *, borrowed; any type: for parts that a decoder of their own takes */
};

enum { JSON_REQUIRED = 1, JSON_NULLABLE = 2 /* null is taken as not sent */ };

struct json_field {
    const char *name;
    enum json_field_type type;
    size_t target; /* offset in the struct */
    int64_t min, max;
    unsigned flags;
};

#define JSON_TEXT(name, target, min, max, flags)                                                   \
    {                                                                                              \
        name, JSON_FIELD_TEXT, target, min, max, flags                                             \
    }
#define JSON_INT(name, target, min, max, flags)                                                    \
    {                                                                                              \
        name, JSON_FIELD_INT, target, min, max, flags                                              \
    }
#define JSON_BOOL(name, target, flags)                                                             \
    {                                                                                              \
        name, JSON_FIELD_BOOL, target, 0, 0, flags                                                 \
    }
#define JSON_TIME(name, target, flags)                                                             \
    {                                                                                              \
        name, JSON_FIELD_TIME, target, 0, 0, flags                                                 \
    }
#define JSON_VALUE(name, target, flags)                                                            \
    {                                                                                              \
        name, JSON_FIELD_VALUE, target, 0, 0, flags                                                \
    }

/*
 * True if nothing was wrong. base is the pointer of value itself ("" at the top). Texts are copied
 * into errors->arena. Bit i of *ret_sent (may be NULL) tells whether fields[i] was there, right or
 * wrong; it is set in any case.
 */
bool json_decode(const json_t *value, const char *base, const struct json_field *fields,
                 size_t count, void *target, struct problem_errors *errors, uint64_t *ret_sent);

/*
 * What makes value no JSON_FIELD_TEXT of min..max code points, in words for a person; NULL if
 * nothing does. For decoders that name the place only when there is something to tell.
 */
const char *json_text_fault(struct arena *arena, const json_t *value, int64_t min, int64_t max);

/* One text checked as JSON_FIELD_TEXT is, borrowed from value; NULL after adding the error. */
const char *json_check_text(const json_t *value, const char *where, int64_t min, int64_t max,
                            struct problem_errors *errors);

/*
 * base "/" name, the name escaped as RFC 6901 wants it. A name longer than any that could be right
 * (64 bytes) is cut, so that a reply does not grow with what strangers send.
 */
const char *json_pointer(struct arena *arena, const char *base, const char *name);

#endif
