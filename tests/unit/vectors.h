/* vectors: numbers computed elsewhere, from JSON files of tests/data, to hold ours against. */
#ifndef NPSD_TESTS_UNIT_VECTORS_H
#define NPSD_TESTS_UNIT_VECTORS_H

#include "suite.h"
#include <jansson.h>
#include <stdio.h>

/* The number with so many decimals that is nearest, as a double: what must come out exactly. */
#define EXACT(a, b) ck_assert_msg((a) == (b), #a " is %.17g, not %.17g", (double)(a), (double)(b))

static inline json_t *vectors_load(const char *name)
{
    char path[4096];
    const char *folder = getenv("NPSD_TEST_DATA");
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "tests/data", name);
    json_t *root = json_load_file(path, 0, &error);
    ck_assert_msg(root != NULL, "%s: %s", path, error.text);
    return root;
}

/* What must be there, and be a number. */
static inline double vectors_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    ck_assert_msg(json_is_number(value), "%s", name);
    return json_number_value(value);
}

static inline double vectors_item(const json_t *object, const char *name, size_t index)
{
    const json_t *value = json_array_get(json_object_get(object, name), index);
    ck_assert_msg(json_is_number(value), "%s", name);
    return json_number_value(value);
}

#endif
