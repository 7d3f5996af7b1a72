/*
 * answers_journal: what the rows of a batch add to the journal: for each survey and quarter hour
 * one journal row, with how many answers gave which score in each cut they belong to. Answers that
 * are set aside add nothing.
 *
 * A cut is facet << 32 | value, 0 the total.
 */
#ifndef NPSD_STORE_ANSWERS_JOURNAL_H
#define NPSD_STORE_ANSWERS_JOURNAL_H

#include "npsd/store/answers.h"

enum { JOURNAL_COLUMNS = 7 };

/*
 * Four arrays with an element for each journal row: survey, slot, and the first and last place
 * (from 1) of its part in the three arrays that follow: cuts, scores and weights of all.
 */
void answers_journal(struct arena *arena, const struct answer_row *const *rows, size_t count,
                     struct db_param params[static JOURNAL_COLUMNS]);
/* Slot and cuts (as text) of each row by itself: two parameters. */
void answers_journal_of_each(struct arena *arena, const struct answer_row *const *rows,
                             size_t count, struct db_param params[static 2]);

/* The cuts of an answer as PostgreSQL's text of a bigint array: "{0,4294967296,12884901889}". */
const char *answers_cuts_text(struct arena *arena, const struct answer_row *row);

#endif
