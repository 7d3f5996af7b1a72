#include "npsd/base/arena.h"
#include "npsd/base/log.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under the address sanitizer, memory that nobody was given (any more) is as good as freed. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { ARENA_ALIGN = _Alignof(max_align_t), ARENA_BLOCK_MIN = 4096, ARENA_BLOCK_MAX = 1 << 20 };

/* size and used are multiples of ARENA_ALIGN, so what is free always holds a rounded-up request. */
struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(ARENA_ALIGN) char data[];
};

struct arena_cleanup {
    struct arena_cleanup *next;
    void (*destroy)(void *object);
    void *object;
};

static size_t round_up(size_t size)
{
    return (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

static struct arena_block *block_make(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct arena_block) - ARENA_ALIGN)
        return NULL;
    size = round_up(size);
    struct arena_block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->next = NULL;
    block->size = size;
    block->used = 0;
    ASAN_POISON_MEMORY_REGION(block->data, size);
    return block;
}

/* Frees block and all that follow it. */
static void blocks_free(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

static void run_cleanups(struct arena *arena)
{
    while (arena->cleanups) {
        struct arena_cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->next;
        cleanup->destroy(cleanup->object);
    }
}

static void *block_take(struct arena_block *block, size_t size)
{
    char *at = block->data + block->used;
    block->used += round_up(size);
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

/* Puts a new block behind the current one, twice its size within bounds and never too small. */
static bool arena_grow(struct arena *arena, size_t size)
{
    size_t want = arena->current ? arena->current->size * 2 : ARENA_BLOCK_MIN;
    if (want > ARENA_BLOCK_MAX)
        want = ARENA_BLOCK_MAX;
    struct arena_block *block = block_make(size > want ? size : want);
    if (!block)
        return false;
    if (arena->current)
        arena->current->next = block;
    else
        arena->first = block;
    arena->current = block;
    return true;
}

static inline bool arena_fits(const struct arena *arena, size_t size)
{
    const struct arena_block *block = arena->current;
    return block && size <= block->size - block->used;
}

static _Noreturn void arena_exhausted(const struct arena *arena)
{
    if (arena->landing)
        longjmp(*arena->landing, 1);
    log_error(NULL, "out-of-memory");
    abort();
}

void arena_init(struct arena *arena, size_t first_size)
{
    struct arena_block *block = block_make(first_size);
    *arena = (struct arena){.first = block, .current = block};
}

void arena_reset(struct arena *arena)
{
    run_cleanups(arena);
    arena->current = arena->first;
    if (!arena->first)
        return;
    blocks_free(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    ASAN_POISON_MEMORY_REGION(arena->first->data, arena->first->size);
}

void arena_done(struct arena *arena)
{
    run_cleanups(arena);
    blocks_free(arena->first);
    arena->first = NULL;
    arena->current = NULL;
}

void arena_defer(struct arena *arena, void (*destroy)(void *object), void *object)
{
    size_t size = sizeof(struct arena_cleanup);
    if (!arena_fits(arena, size) && !arena_grow(arena, size)) {
        destroy(object);
        arena_exhausted(arena);
    }
    struct arena_cleanup *cleanup = block_take(arena->current, size);
    *cleanup = (struct arena_cleanup){arena->cleanups, destroy, object};
    arena->cleanups = cleanup;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (__builtin_expect(!arena_fits(arena, size), 0) && !arena_grow(arena, size))
        arena_exhausted(arena);
    return block_take(arena->current, size);
}

void *arena_try_alloc(struct arena *arena, size_t size)
{
    return arena_fits(arena, size) || arena_grow(arena, size) ? block_take(arena->current, size)
                                                              : NULL;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        log_error(NULL, "arena-overflow");
        abort();
    }
    return memset(arena_alloc(arena, bytes), 0, bytes);
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t size)
{
    if (size == SIZE_MAX)
        arena_exhausted(arena);
    char *copy = arena_alloc(arena, size + 1);
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) /* longer than INT_MAX */
        arena_exhausted(arena);
    char *text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
