#include "npsd/base/buf.h"
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct buf buf_make(struct arena *arena, size_t size)
{
    if (size == 0)
        size = 1;
    struct buf buf = {.arena = arena, .data = arena_alloc(arena, size), .size = size};
    buf.data[0] = '\0';
    return buf;
}

void buf_grow(struct buf *buf, size_t more)
{
    size_t need, size;
    if (__builtin_add_overflow(buf->len + 1, more, &need))
        need = SIZE_MAX; /* which the arena refuses */
    if (__builtin_mul_overflow(buf->size, 2, &size) || size < need)
        size = need;
    char *data = arena_alloc(buf->arena, size);
    memcpy(data, buf->data, buf->len);
    buf->data = data;
    buf->size = size;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    size_t room = buf->size - buf->len;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(buf->data + buf->len, room, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < room) {
        buf->len += (size_t)len;
        return;
    }
    buf->data[buf->len] = '\0';
    va_start(args, format);
    buf_text(buf, arena_vprintf(buf->arena, format, args));
    va_end(args);
}

void buf_be16(struct buf *buf, uint16_t value)
{
    value = htobe16(value);
    buf_add(buf, &value, sizeof value);
}

void buf_be32(struct buf *buf, uint32_t value)
{
    value = htobe32(value);
    buf_add(buf, &value, sizeof value);
}

void buf_be64(struct buf *buf, uint64_t value)
{
    value = htobe64(value);
    buf_add(buf, &value, sizeof value);
}
