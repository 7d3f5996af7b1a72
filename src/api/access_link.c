#include "access_internal.h"

#include "npsd/api/failures.h"
#include "npsd/base/log.h"

#include <string.h>

bool access_link_in_path(const struct call *call)
{
    static const char pages[] = "/s/{survey}";
    return strncmp(call->route->pattern, pages, sizeof pages - 1) == 0 &&
           strchr(call->params[0], '.');
}

bool access_is_link(const struct call *call, const char *credentials)
{
    enum access access = call->route->access;
    return (access == ACCESS_POST || access == ACCESS_DEFINITION) && strchr(credentials, '.');
}

/* Never the whole token: whoever reads the log could answer with it. */
static void log_refused(const struct call *call, const char *token, const char *reason)
{
    if (!log_enabled(LOG_DEBUG))
        return;
    const char *hint = arena_strndup(call->arena, token, strnlen(token, LINK_HINT_CHARS));
    log_debug(call->request_id, "link-refused", LOG_TEXT("link", hint), LOG_TEXT("reason", reason));
}

static struct reply refuse(const struct call *call, const char *token, enum link_status status)
{
    log_refused(call, token,
                status == LINK_EXPIRED       ? "expired"
                : status == LINK_UNKNOWN_KEY ? "unknown key"
                                             : "wrong");
    if (status == LINK_EXPIRED)
        return reply_problem(call, PROBLEM_LINK_EXPIRED, NULL);
    if (access_link_in_path(call))
        return reply_problem(call, PROBLEM_NOT_FOUND, "There is no such survey.");
    return failures_refuse(call, "This link is not known.");
}

struct reply access_take_link(const struct call *call, struct identity *who, const char *token,
                              bool *ret_ask)
{
    enum link_status status = LINK_UNKNOWN_KEY;
    struct link link;
    if (who->snapshot)
        status =
            link_read(&who->snapshot->link_keys, token, strlen(token), call->received_us, &link);
    if (status == LINK_UNKNOWN_KEY && ret_ask) {
        *ret_ask = true;
        return (struct reply){0};
    }
    if (status != LINK_GOOD)
        return refuse(call, token, status);
    who->link = arena_memdup(call->arena, &link, sizeof link);
    /* A key that came along in a form says where it may lead, and nothing more. */
    who->role = ROLE_NONE;
    who->actor = "link";
    return (struct reply){0};
}
