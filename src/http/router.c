#include "npsd/base/buf.h"
#include "npsd/http/route.h"
#include <stdbool.h>
#include <string.h>

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
};

struct span {
    const char *at;
    size_t len;
};

/* How a path fits a pattern: rank has a bit for each literal segment, the first one highest, so
 * that of two fits the one with the earlier literal has the greater rank. */
struct fit {
    unsigned rank;
    struct span params[ROUTE_PARAMS_MAX];
    size_t count;
};

static size_t segment_length(const char *text)
{
    return (size_t)(strchrnul(text, '/') - text);
}

static bool pattern_fits(const char *pattern, const char *path, struct fit *ret_fit)
{
    *ret_fit = (struct fit){0};
    for (unsigned bit = 1U << 31; *pattern == '/' && *path == '/'; bit >>= 1) {
        size_t pattern_len = segment_length(++pattern), path_len = segment_length(++path);
        if (*pattern == '{') {
            if (path_len == 0 || ret_fit->count == ROUTE_PARAMS_MAX)
                return false;
            ret_fit->params[ret_fit->count++] = (struct span){path, path_len};
        } else if (pattern_len == path_len && memcmp(pattern, path, path_len) == 0) {
            ret_fit->rank |= bit;
        } else {
            return false;
        }
        pattern += pattern_len;
        path += path_len;
    }
    return *pattern == '\0' && *path == '\0';
}

/* The methods that a path has. */
static unsigned path_methods(const struct route_table *table, unsigned listener, const char *path)
{
    unsigned methods = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];
        struct fit fit;
        if ((route->listeners & listener) && pattern_fits(route->pattern, path, &fit))
            methods |= 1U << route->method;
    }
    return methods ? methods | 1U << HTTP_OPTIONS : 0;
}

struct route_match route_find(const struct route_table *table, unsigned listener,
                              enum http_method method, const char *path, struct arena *arena)
{
    const struct route *found = NULL;
    struct fit best = {0};
    for (size_t i = 0; i < table->count; i++) {
        const struct route *route = &table->routes[i];
        struct fit fit;
        if (route->method != method || !(route->listeners & listener) ||
            !pattern_fits(route->pattern, path, &fit))
            continue;
        if (!found || fit.rank > best.rank) {
            found = route;
            best = fit;
        }
    }
    struct route_match match = {.route = found};
    for (size_t i = 0; i < best.count; i++)
        match.params[i] = arena_strndup(arena, best.params[i].at, best.params[i].len);
    if (!found)
        match.allow = path_methods(table, listener, path);
    return match;
}

const char *route_allow_text(unsigned allow, struct arena *arena)
{
    struct buf text = buf_make(arena, 64);
    for (int method = 0; method < HTTP_METHODS; method++) {
        if (!(allow & 1U << method))
            continue;
        if (text.len > 0)
            buf_text(&text, ", ");
        buf_text(&text, method_names[method]);
        if (method == HTTP_GET)
            buf_text(&text, ", HEAD");
    }
    return text.data;
}

bool http_method_parse(const char *text, enum http_method *ret_method)
{
    if (strcmp(text, "HEAD") == 0) {
        *ret_method = HTTP_GET;
        return true;
    }
    for (int method = 0; method < HTTP_METHODS; method++) {
        if (strcmp(text, method_names[method]) == 0) {
            *ret_method = (enum http_method)method;
            return true;
        }
    }
    return false;
}

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}
