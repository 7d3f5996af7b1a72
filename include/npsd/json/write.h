/*
 * write: JSON text, written straight into a buffer.
 *
 * jansson reads; this writes, because replies want numbers with exactly four decimals printed
 * without noise (jansson prints 62.745100000000001) and because a reply is made for every request.
 * Commas and escapes are the writer's business; members come out in the order of the calls. Strings
 * must be UTF-8; "/" is not escaped, controls are.
 *
 *     struct json_writer w = json_writer(arena);
 *     json_object_begin(&w, NULL);
 *     json_put_text(&w, "id", id);
 *     json_array_begin(&w, "points");
 *     ...
 * In an array (and at the top) the name is NULL.
 */
#ifndef NPSD_JSON_WRITE_H
#define NPSD_JSON_WRITE_H

#include "npsd/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct json_writer {
    struct buf buf;
    bool comma; /* something precedes at this depth */
};

struct json_writer json_writer(struct arena *arena);
/* Goes on in an object whose text so far, from its brace to a member's end, was written before. */
struct json_writer json_writer_after(struct arena *arena, const char *text, size_t len);

void json_object_begin(struct json_writer *w, const char *name);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w, const char *name);
void json_array_end(struct json_writer *w);

void json_put_text(struct json_writer *w, const char *name, const char *utf8); /* NULL: null */
void json_put_textn(struct json_writer *w, const char *name, const char *utf8, size_t len);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
/* Rounded to decimals (0..9) half away from zero, trailing zeros and "-0" left out: 62.7451, 35, 0.
 */
void json_put_number(struct json_writer *w, const char *name, double value, int decimals);
/* RFC 3339 in UTC. */
void json_put_time(struct json_writer *w, const char *name, int64_t instant_us);
/* A value that is JSON text already. */
void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t len);

#endif
