#include "npsd/page/gzip.h"

#include <stdint.h>
#include <zlib.h>

/* A page is so small that a smaller window would find no less, and a larger table nothing more. */
enum { LEVEL = 6, WINDOW_BITS = 15, GZIP_FORMAT = 16, MEMORY_LEVEL = 8 };

static void *take(void *arena, unsigned count, unsigned size)
{
    return arena_try_alloc(arena, (size_t)count * size);
}

/* The arena forgets it all at once. */
static void leave(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

bool gzip_pack(struct arena *arena, const void *bytes, size_t len, const char **ret_packed,
               size_t *ret_len)
{
    z_stream stream = {.zalloc = take, .zfree = leave, .opaque = arena};

    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_FORMAT, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = deflateBound(&stream, len);
    char *packed = arena_alloc(arena, room);
    stream.next_in = (z_const Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        return false;
    *ret_packed = packed;
    *ret_len = stream.total_out;
    return true;
}
