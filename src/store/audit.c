#include "npsd/store/audit.h"

static const struct db_stmt add = {"audit_add", "text text int4 text text", "",
                                   "insert into audit (actor, action, survey_id, subject, detail)"
                                   " values ($1, $2, nullif($3, 0), $4, $5)"};

const struct db_stmt *const audit_statements[] = {&add, NULL};

enum db_status audit_add(struct pg *pg, const char *actor, const char *action, int32_t survey_id,
                         const char *subject, const char *detail)
{
    return PG_EXEC(pg, &add, NULL, P_TEXT(actor), P_TEXT(action), P_INT4(survey_id),
                   P_TEXT(subject), P_TEXT(detail));
}
