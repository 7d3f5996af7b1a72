#include "memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Stands before each block: what jansson frees may have come from either place. */
union origin {
    bool arena;
    max_align_t align;
};

/* The arena of the document that this thread is making; NULL: none. */
static _Thread_local struct arena *making;
/* Since it began: what jansson then says of the text ("invalid token") need not be true. */
static _Thread_local bool refused;

static void *give(size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size += sizeof(union origin);
    union origin *block = making ? arena_try_alloc(making, size) : malloc(size);
    if (!block) {
        refused = true;
        return NULL;
    }
    block->arena = making != NULL;
    return block + 1;
}

static void take_back(void *memory)
{
    union origin *block = memory;
    if (block && !block[-1].arena)
        free(block - 1);
}

void json_memory_init(void)
{
    json_set_alloc_funcs(give, take_back);
}

json_t *json_load_into(struct arena *arena, const char *bytes, size_t len, size_t flags,
                       json_error_t *error)
{
    refused = false;
    making = arena;
    json_t *document = json_loadb(bytes, len, flags, error);
    making = NULL;
    return document || !refused ? document : arena_alloc(arena, SIZE_MAX / 2);
}

json_t *json_build_into(struct arena *arena, json_t *(*build)(void *context), void *context)
{
    making = arena;
    json_t *document = build(context);
    making = NULL;
    /* More than there can be: takes the arena's way out. */
    return document ? document : arena_alloc(arena, SIZE_MAX / 2);
}
