/*
 * values: numbers for the values of facets and agents (table facet_value).
 *
 * A facet counts at most VALUES_MAX distinct values; later ones share the number VALUES_OTHER and
 * keep their text in the answer's properties. The decision is made when a value first appears,
 * under a lock of the survey, and never changes: so it is remembered for as long as the database is
 * the same one (values_forget). What is remembered of values past the cap is bounded. Agents have
 * no cap, and any name: only holders of secret keys name them.
 */
#ifndef NPSD_STATE_VALUES_H
#define NPSD_STATE_VALUES_H

#include "npsd/db/pg.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VALUES_MAX = 1000, VALUES_OTHER = 0 };
#define VALUES_OTHER_NAME "(other)"

struct values;

struct values *values_new(void);
void values_free(struct values *values);

/* A new connection may be to a server that knows less: another one took over, a backup was
 * restored. Its next value would get a number that is remembered for another. Any thread. */
void values_forget(struct values *values);

/* From memory only; false: not known yet. Any thread. */
bool values_find(struct values *values, int32_t survey_id, int facet, const char *value,
                 int32_t *ret_id);
/* From memory, else from the database, where it is added if there is room. Must not be called
 * inside a transaction. Any thread. */
enum db_status values_resolve(struct values *values, struct pg *pg, int32_t survey_id, int facet,
                              const char *value, int32_t *ret_id);
/*
 * The number of a value for a reader: never adds. VALUES_OTHER_NAME is VALUES_OTHER. *ret_known
 * false: no answer with this value is counted by it (it may still stand in rows under
 * VALUES_OTHER).
 */
enum db_status values_look_up(struct values *values, struct pg *pg, int32_t survey_id, int facet,
                              const char *value, bool *ret_known, int32_t *ret_id);

/* The other way round, from the database: for each number its value in the arena, VALUES_OTHER_NAME
 * for VALUES_OTHER of a facet that is capped, NULL if nothing has the number. */
enum db_status values_names(struct pg *pg, struct arena *arena, int32_t survey_id, int facet,
                            const int32_t *ids, size_t count, const char **ret_names);

extern const struct db_stmt *const values_statements[];

#endif
