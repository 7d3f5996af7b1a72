/*
 * arena: a bump allocator that lives as long as one request, one batch or one snapshot.
 *
 * What is allocated in an arena is never freed alone: arena_reset forgets everything and keeps the
 * first block, arena_done gives all memory back. Pointers are aligned for any type.
 *
 * Allocations never return NULL. When memory is out, the arena jumps to the landing its owner has
 * set (arena->landing, a jmp_buf that setjmp has filled in a frame still alive); without a landing
 * the process logs "out-of-memory" and aborts. So code between owner and allocation holds no lock
 * and owns no foreign resource while it allocates, except by the arena's own cleanup list
 * (arena_defer).
 */
#ifndef NPSD_BASE_ARENA_H
#define NPSD_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena_cleanup;

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    struct arena_cleanup *cleanups;
    jmp_buf *landing;
};

/* Prepares an empty arena; first_size bytes are allocated at once (if memory is out, that shows at
 * the first allocation, when there may be a landing). */
void arena_init(struct arena *arena, size_t first_size);
/* Runs the cleanups (last first), frees all blocks but the first, and starts again. Keeps the
 * landing. */
void arena_reset(struct arena *arena);
/* Runs the cleanups and frees everything. Safe on a zeroed arena. */
void arena_done(struct arena *arena);

/* Calls destroy(object) when the arena is reset or done: for a foreign resource with the arena's
 * life. If there is no memory to remember it by, the object is destroyed before the jump. */
void arena_defer(struct arena *arena, void (*destroy)(void *object), void *object);

void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
/* As arena_alloc, but NULL when memory is out: for libraries that know what to do then. */
void *arena_try_alloc(struct arena *arena, size_t size) __attribute__((malloc));
/* As arena_alloc, zeroed; count * size must not overflow (it aborts). */
void *arena_calloc(struct arena *arena, size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));
void *arena_memdup(struct arena *arena, const void *bytes, size_t size)
    __attribute__((returns_nonnull));
/* Copies size bytes and adds a NUL. */
char *arena_strndup(struct arena *arena, const char *text, size_t size)
    __attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0), returns_nonnull));

#endif
