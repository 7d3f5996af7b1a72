/*
 * unit_recount: counts the rows of unit_answers again: a second opinion about numbers that shares
 * nothing with the code under test but the tables. The counting and its arithmetic (numeric) are
 * SQL, a row and a window at a time.
 */
#ifndef SUPPORT_UNIT_RECOUNT_H
#define SUPPORT_UNIT_RECOUNT_H

#include "support/unit_answers.h"

/* A connection that knows what numbers need, and plans as the daemon's do. */
struct pg *recount_connect(void);

/* The body of a result for each window: ret_bodies has room for them all. */
void recount_bodies(struct pg *pg, struct arena *arena, const struct number_query *query,
                    const char **ret_bodies);

/*
 * What numbers_break gives for a facet, and what it has to, as text to be compared: a line
 * "value, window: histogram" for each value and window that has answers, then the same of the
 * total, as value "all".
 */
const char *recount_break(struct pg *pg, struct arena *arena, const struct number_query *query,
                          int facet);
const char *recount_break_text(struct arena *arena, const struct number_query *query,
                               const struct nps_counts *total, const struct number_value *values,
                               size_t count);
/* The same for numbers_count: the lines of "all" alone. */
const char *recount_windows(struct pg *pg, struct arena *arena, const struct number_query *query);

#endif
