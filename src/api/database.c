#include "npsd/api/database.h"

#include "npsd/base/log.h"

static const char *detail_of(const struct call *call, enum db_status status)
{
    switch (status) {
    case DB_LOST:
        if (call->route->method == HTTP_GET)
            return "The connection to the database broke; nothing was changed: try again.";
        return "The connection to the database broke: look whether it was done before you send it "
               "again.";
    case DB_AWAY:
        return "The database cannot be reached now; nothing was done.";
    case DB_READ_ONLY:
        return "The database takes no changes now; nothing was done.";
    default:
        return "The database cannot do this now; nothing was done.";
    }
}

struct reply database_refusal(const struct call *call, enum db_status status, const char *event)
{
    bool ours = status == DB_SCHEMA || status == DB_REFUSED || status == DB_CONFLICT;

    log_error(call->request_id, event, LOG_TEXT("status", db_status_name(status)),
              LOG_TEXT("sqlstate", pg_sqlstate(call->db)), LOG_TEXT("error", pg_error(call->db)));
    if (ours)
        return reply_problem(call, PROBLEM_INTERNAL, NULL);
    return reply_problem(call, PROBLEM_UNAVAILABLE, detail_of(call, status));
}
