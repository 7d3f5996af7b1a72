/*
 * folds (store): from journal to tallies, checking them and writing them anew.
 *
 * A number is tallies + journal of one snapshot. What moves answers from one to the other does so
 * in one statement, in one transaction, under the survey's advisory lock (7, survey): so numbers
 * are right in every snapshot, and ingest, which only appends to the journal, is never waited for
 * nor made to wait. The lock belongs to the transaction, so it goes with a connection that breaks.
 *
 * What counts an answer is told by response_cuts() and response_numbers() in sql/functions.sql.
 */
#ifndef NPSD_STORE_FOLDS_H
#define NPSD_STORE_FOLDS_H

#include "npsd/db/pg.h"

extern const struct db_stmt *const folds_statements[];

/* After a restore into a younger cluster tally_state.low may lie in the future, and numbers would
 * go wrong silently: sets it back. Before serving. */
enum db_status folds_guard(struct pg *pg);
/* The surveys whose journal has rows to fold. */
enum db_status folds_pending(struct pg *pg, struct arena *arena, int32_t **ret_surveys,
                             size_t *ret_count);
/*
 * Moves one survey's journal into its tallies; *ret_done false: another has the lock, nothing was
 * done. A long journal (imported while nobody folded) is moved in pieces, one a call, so that each
 * stays far below the statement's timeout: the survey is then still pending.
 */
enum db_status folds_fold(struct pg *pg, int32_t survey_id, bool *ret_done);

/* The months (UTC, slots of SLOT_MONTH) in which a survey has rows, tallies or journal, in order.
 */
enum db_status folds_months(struct pg *pg, struct arena *arena, int32_t survey_id,
                            int32_t **ret_months, size_t *ret_count);
/* Recounts one month in one statement, so in one snapshot, while ingest goes on: *ret_cells is how
 * many (level, facet, value, slot) of all six levels differ, 0: equal.
 * Years are held against months. */
enum db_status folds_check_month(struct pg *pg, int32_t survey_id, int32_t month,
                                 int64_t *ret_cells);
/* How many answers of a month lack the facet numbers that their properties call for: a facet was
 * added after they came. They are counted, but not under that facet, until the month is rebuilt. */
enum db_status folds_unnumbered(struct pg *pg, int32_t survey_id, int32_t month,
                                int64_t *ret_answers);
/*
 * Gives answers of one month the facet numbers they lack, then writes its tallies anew from rows
 * and drops the journal rows that these hold, while ingest goes on. Numbers are right at every
 * moment, also when it is broken off anywhere. DB_RETRY: a fold or another rebuild had the lock
 * for long.
 */
enum db_status folds_rebuild_month(struct pg *pg, int32_t survey_id, int32_t month);

#endif
