/*
 * unit_folds: a survey of its own for each test of folds, a connection as the
 * daemon has it, and short ways to ask. In SQL texts s() is the survey's number.
 */
#ifndef SUPPORT_UNIT_FOLDS_H
#define SUPPORT_UNIT_FOLDS_H

#include "npsd/store/answers.h"
#include "npsd/store/folds.h"
#include "support/unit_database.h"

enum { MARCH_2026 = 56 * 12 + 2 };

/* The case's name, with that fixture. */
TCase *unit_folds_case(const char *name);

struct pg *unit_folds_pg(void);
struct arena *unit_folds_arena(void);
int32_t unit_folds_survey(void);
void run(const char *sql);
int64_t number_of(const char *sql);

/* An answer by phone, from branch 2. */
struct answer_row *answer(const char *at, int score);
void append(const struct answer_row *row);
/* Answers of all kinds in [from, to). */
void append_random(size_t count, const char *from, const char *to);

bool fold(void);
bool is_pending(void);
int64_t journal_rows(void);
/* Cells that differ, answers without number, of a month; and writing it anew. */
int64_t differing(int32_t month);
int64_t unnumbered(int32_t month);
void rebuild(int32_t month);

#endif
