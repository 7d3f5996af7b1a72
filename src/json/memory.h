/*
 * memory (JSON): where jansson's memory comes from. While a document is made, from the maker's
 * arena, with which it goes; a parser's many small blocks cost several times as much from malloc
 * and free. At all other times from malloc.
 */
#ifndef NPSD_JSON_MEMORY_H
#define NPSD_JSON_MEMORY_H

#include "npsd/base/arena.h"
#include <jansson.h>

/* Once, before jansson allocates anything and before threads. */
void json_memory_init(void);

/* json_loadb into the arena: the document needs no json_decref (and takes none amiss). NULL is
 * about the text: without memory the arena's way out is taken. */
json_t *json_load_into(struct arena *arena, const char *bytes, size_t len, size_t flags,
                       json_error_t *error);

/*
 * What build makes by jansson's functions, likewise. build returns NULL when one of them fails,
 * which is for want of memory; then the arena's way out is taken. It must take no memory of an
 * arena itself, whose way out would lead past here.
 */
json_t *json_build_into(struct arena *arena, json_t *(*build)(void *context), void *context);

#endif
