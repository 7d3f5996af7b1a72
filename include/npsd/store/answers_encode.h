/*
 * answers_encode: rows of a batch as the arrays that the statements of answers.c take.
 */
#ifndef NPSD_STORE_ANSWERS_ENCODE_H
#define NPSD_STORE_ANSWERS_ENCODE_H

#include "npsd/store/answers.h"

enum { ANSWER_COLUMNS = 21, MARK_COLUMNS = 3 };

void answers_encode_rows(struct arena *arena, const struct answer_row *const *rows, size_t count,
                         struct db_param params[static ANSWER_COLUMNS]);
/* What only batches with marked answers carry: suspect, excluded, exclusion_reason. */
void answers_encode_marks(struct arena *arena, const struct answer_row *const *rows, size_t count,
                          struct db_param params[static MARK_COLUMNS]);
/* Survey and id of the rows that are not known yet: two parameters. */
void answers_encode_keys(struct arena *arena, const struct answer_row *const *rows, size_t count,
                         const bool *known, struct db_param params[static 2]);

#endif
