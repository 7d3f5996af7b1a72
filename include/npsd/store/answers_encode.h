/*
 * answers_encode: rows of a batch as the arrays that the statements of answers.c take, and their
 * deltas grouped: answers of one batch that are alike (survey, quarter hour, score, cuts) share one
 * journal row.
 */
#ifndef NPSD_STORE_ANSWERS_ENCODE_H
#define NPSD_STORE_ANSWERS_ENCODE_H

#include "npsd/store/answers.h"

enum { ANSWER_COLUMNS = 21, DELTA_COLUMNS = 5 };

void answers_encode_rows(struct arena *arena, const struct answer_row *const *rows, size_t count,
                         struct db_param params[static ANSWER_COLUMNS]);
void answers_encode_deltas(struct arena *arena, const struct answer_row *const *rows, size_t count,
                           struct db_param params[static DELTA_COLUMNS]);
/* Slot and dims of each row by itself: two parameters. */
void answers_encode_journal(struct arena *arena, const struct answer_row *const *rows, size_t count,
                            struct db_param params[static 2]);
/* Survey and id of the rows that are not known yet: two parameters. */
void answers_encode_keys(struct arena *arena, const struct answer_row *const *rows, size_t count,
                         const bool *known, struct db_param params[static 2]);

/* The cuts of an answer as PostgreSQL's text of a bigint array: "{4294967296,12884901889}". */
const char *answers_dims_text(struct arena *arena, const struct answer_row *row);

#endif
