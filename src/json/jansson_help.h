/*
 * jansson_help: what the decoders of this folder need of jansson beyond its own interface.
 */
#ifndef NPSD_JSON_JANSSON_HELP_H
#define NPSD_JSON_JANSSON_HELP_H

#include <jansson.h>
#include <stdint.h>

/* jansson's iterators take no const, although they change nothing. */
static inline json_t *json_for_iteration(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

/* The members of an object (none of anything else), in the order they were sent. */
static inline void *json_first_member(const json_t *object)
{
    return json_object_iter(json_for_iteration(object));
}

static inline void *json_next_member(const json_t *object, void *member)
{
    return json_object_iter_next(json_for_iteration(object), member);
}

#endif
