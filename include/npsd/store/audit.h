/* audit (store): one row for each change that somebody may ask about later; written in the
 * transaction of the change. */
#ifndef NPSD_STORE_AUDIT_H
#define NPSD_STORE_AUDIT_H

#include "npsd/db/pg.h"

extern const struct db_stmt *const audit_statements[];

/* survey_id 0: none. subject and detail may be NULL. */
enum db_status audit_add(struct pg *pg, const char *actor, const char *action, int32_t survey_id,
                         const char *subject, const char *detail);

#endif
