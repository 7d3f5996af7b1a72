/*
 * responses_parts: what reading and changing responses share.
 */
#ifndef NPSD_STORE_RESPONSES_PARTS_H
#define NPSD_STORE_RESPONSES_PARTS_H

#include "npsd/store/responses.h"

/* A number, and numbers by slot, where null stands for SQL's NULL. */
struct db_param responses_number(int32_t number, int32_t null);
struct db_param responses_facets(struct arena *arena, const int32_t *numbers, int32_t null);

/* A jsonb cell as text, copied into the arena; NULL for NULL. */
const char *responses_json(const struct db_result *result, int row, int column, struct arena *arena,
                           size_t *ret_len);

#endif
