/*
 * folds (store): from journal to tallies, rebuilding and checking them.
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
/* Moves one survey's journal into its tallies, under the survey's advisory lock; *ret_done false:
 * another has the lock. */
enum db_status folds_fold(struct pg *pg, int32_t survey_id, bool *ret_done);

/* A month (UTC) in which a survey's tallies + journal differ from a recount over rows. */
struct fold_difference {
    int32_t survey_id;
    int month;
    int64_t cells; /* how many (level, facet, value, slot) cells differ */
};
/* The months in which a survey has rows, tallies or journal, [*ret_first, *ret_end). */
enum db_status folds_months(struct pg *pg, int32_t survey_id, int *ret_first, int *ret_end);
/* Recounts one month in one statement, so in one snapshot, while ingest goes on; *ret_cells 0:
 * equal. All four levels. */
enum db_status folds_check_month(struct pg *pg, int32_t survey_id, int month, int64_t *ret_cells);
/*
 * Writes the tallies of one month anew from rows and drops its journal rows, under the survey's
 * lock, while ingest goes on. Numbers are right at every moment. Also gives answers the facet
 * numbers that their properties call for (a facet added later, a value that lost its number).
 */
enum db_status folds_rebuild_month(struct pg *pg, int32_t survey_id, int month);

#endif
