/*
 * buf: a byte string that grows inside an arena.
 *
 * data is always NUL-terminated (the NUL is not counted), so it can be used as a C string when it
 * holds no NUL of its own. Growing moves data: keep offsets, not pointers. Memory outgrown stays
 * with the arena until that is reset.
 */
#ifndef NPSD_BASE_BUF_H
#define NPSD_BASE_BUF_H

#include "npsd/base/arena.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    struct arena *arena;
    char *data;
    size_t len;
    size_t size; /* allocated, the NUL included */
};

/* An empty buffer with room for size bytes (at least one). */
struct buf buf_make(struct arena *arena, size_t size);

static inline void buf_add(struct buf *buf, const void *bytes, size_t len);
static inline void buf_text(struct buf *buf, const char *text);
static inline void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Network byte order, as PostgreSQL's binary formats want it. */
void buf_be16(struct buf *buf, uint16_t value);
void buf_be32(struct buf *buf, uint32_t value);
void buf_be64(struct buf *buf, uint64_t value);
/* Makes room for len more bytes and returns where they go; the caller fills all of them. */
static inline char *buf_reserve(struct buf *buf, size_t len);

/* --- inline, because texts are written a few bytes at a time --- */

/* Private: makes room for more bytes and the NUL. */
void buf_grow(struct buf *buf, size_t more);

static inline char *buf_reserve(struct buf *buf, size_t len)
{
    if (__builtin_expect(len >= buf->size - buf->len, 0))
        buf_grow(buf, len);
    char *at = buf->data + buf->len;
    buf->len += len;
    buf->data[buf->len] = '\0';
    return at;
}

static inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(buf_reserve(buf, len), bytes, len);
}

static inline void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

static inline void buf_char(struct buf *buf, char c)
{
    *buf_reserve(buf, 1) = c;
}

#endif
