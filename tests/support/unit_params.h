/* unit_params: for tests of what encodes rows as parameters: a plain row, and reading arrays in
 * PostgreSQL's binary form. */
#ifndef SUPPORT_UNIT_PARAMS_H
#define SUPPORT_UNIT_PARAMS_H

#include "npsd/db/pg.h"
#include "npsd/store/answers.h"

/* Of survey 7, by e-mail, score 0, 1970-01-01T00:00Z, without facets, with a new id. */
struct answer_row params_row(void);

/* The four bytes at an offset, as a number. */
uint32_t params_word(const struct db_param *param, size_t at);
/* Number of elements of an array. */
uint32_t params_elements(const struct db_param *param);
/* The i-th element of an array without NULLs. */
const char *params_element(const struct db_param *param, size_t i, size_t *ret_len);
/* The same as a number of 2, 4 or 8 bytes. */
int64_t params_number(const struct db_param *param, size_t i);

#endif
