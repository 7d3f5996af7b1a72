/*
 * unit_cuts: a survey with every kind of cut, and random answers to it, for tests of what is
 * counted. Facet "branch" (f1) has the values b1 to b5 with the numbers 1 to 5, "product" (f2) p1
 * to p3. Questions: 2 why (text), 3 improve (choice), 4 liked (choices), 5 ease (scale), 6 again
 * (yes_no).
 */
#ifndef SUPPORT_UNIT_CUTS_H
#define SUPPORT_UNIT_CUTS_H

#include "npsd/store/answers.h"

/* Makes the survey, with its values and its row of tally_state; its number. */
int32_t unit_cuts_survey(const char *slug);

/* The next number, 0 to below - 1, of a sequence that the seed fixes. */
unsigned unit_random(unsigned *seed, unsigned below);
/* An answer in [from_us, to_us), all cuts by chance; texts in the arena or static. */
struct answer_row unit_cuts_random(struct arena *arena, unsigned *seed, int32_t survey_id,
                                   int64_t from_us, int64_t to_us);
/* Other facet numbers, with the properties that call for them. */
void unit_cuts_place(struct arena *arena, unsigned *seed, struct answer_row *row);
/* Other answers to the questions, with their cuts. */
void unit_cuts_say(unsigned *seed, struct answer_row *row);
/* Sets question_cuts of a row read from the database, whose answers were made here. */
void unit_cuts_recognise(struct answer_row *row);
/* Sorts by (survey, id), as batches must be. */
void unit_cuts_sort(const struct answer_row **rows, size_t count);

#endif
