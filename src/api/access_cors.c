#include "access_internal.h"
#include "npsd/api/access.h"

#include <string.h>

bool access_origin_listed(const struct directory_key *key, const char *origin)
{
    for (size_t i = 0; i < key->origin_count; i++)
        if (strcmp(key->origins[i], origin) == 0)
            return true;
    return key->origin_count == 0;
}

/* What a page of another origin may do: post to, amend in, and read the definition of a survey. */
static bool is_for_pages(const struct route *route)
{
    return route->access == ACCESS_POST || route->access == ACCESS_FORM ||
           route->access == ACCESS_AMEND || route->access == ACCESS_DEFINITION;
}

/* A publishable key that names no origin is for any; a secret one stands in pages only on
 * purpose. */
static bool is_for_page(const struct directory_key *key, const char *origin)
{
    return access_origin_listed(key, origin) &&
           (key->origin_count > 0 || !role_is_secret(key->role));
}

static const char *cors_of_survey(const struct call *call,
                                  const struct directory_snapshot *snapshot, const char *origin)
{
    const struct survey *survey = directory_survey(snapshot, call->params[0]);
    if (!survey)
        return NULL;
    if (survey->access == SURVEY_OPEN)
        return "*";
    const struct identity *who = call_identity(call);
    if (who && who->key)
        return is_for_page(who->key, origin) ? origin : NULL;
    /* A preflight carries no key, so the origin need only be good for one of the survey's keys. */
    for (size_t i = 0; i < snapshot->key_count; i++)
        if (directory_key_covers(&snapshot->keys[i], survey->id) &&
            call->received_us < directory_key_end(&snapshot->keys[i]) &&
            is_for_page(&snapshot->keys[i], origin))
            return origin;
    return NULL;
}

const char *access_cors(struct call *call)
{
    const char *origin = call_header(call, "Origin");
    if (!origin || !call->route || !is_for_pages(call->route) ||
        !strstr(call->route->pattern, "{survey}"))
        return NULL;
    struct directory_snapshot *snapshot = directory_acquire(call_world(call)->directory);
    if (!snapshot)
        return NULL;
    const char *allowed = cors_of_survey(call, snapshot, origin);
    directory_release(snapshot);
    return allowed;
}
