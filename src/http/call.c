#include "npsd/http/call.h"
#include "npsd/base/text.h"
#include <string.h>
#include <strings.h>

const char *call_header(const struct call *call, const char *name)
{
    return call->header ? call->header(call, name) : NULL;
}

const char *call_query(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->query_count; i++)
        if (strcmp(call->query[i].name, name) == 0)
            return call->query[i].value;
    return NULL;
}

static bool name_is_known(const char *name, const char *const *known, const char *prefix)
{
    for (; *known; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return prefix && strncmp(name, prefix, strlen(prefix)) == 0;
}

void call_query_known(const struct call *call, const char *const *known, const char *prefix,
                      struct problem_errors *errors)
{
    for (size_t i = 0; i < call->query_count; i++)
        if (!name_is_known(call->query[i].name, known, prefix))
            problem_add(errors, "there is no such parameter here", "%s", call->query[i].name);
}

bool call_query_int(const struct call *call, const char *name, int64_t min, int64_t max,
                    int64_t *ret_value, struct problem_errors *errors)
{
    const char *text = call_query(call, name);
    if (!text)
        return true;
    if (text_to_number(text, strlen(text), min, max, ret_value))
        return true;
    const char *detail = arena_printf(call->arena, "must be a whole number from %lld to %lld",
                                      (long long)min, (long long)max);
    problem_add(errors, detail, "%s", name);
    return false;
}

/* A host and perhaps a port; nothing that could break out of a link. */
static bool host_is_plain(const char *host)
{
    size_t len = strlen(host);
    return len > 0 && len <= 255 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") ==
               len;
}

const char *call_base_url(const struct call *call)
{
    if (call->public_url)
        return call->public_url;
    const char *scheme = "http";
    const char *host = call->host;
    if (call->through_proxy) {
        const char *proto = call_header(call, "X-Forwarded-Proto");
        const char *forwarded = call_header(call, "X-Forwarded-Host");
        if (proto && strcasecmp(proto, "https") == 0)
            scheme = "https";
        if (forwarded && host_is_plain(forwarded))
            host = forwarded;
    }
    if (!host || !host_is_plain(host))
        host = "localhost";
    return arena_printf(call->arena, "%s://%s", scheme, host);
}

void call_resume(struct call *call)
{
    call->resume(call);
}
