/* The table of routes: what must hold of every row. */
#include "npsd/api/routes.h"
#include "npsd/domain/survey.h"
#include "suite.h"
#include <string.h>

#define KB ((size_t)1024)

static const struct route *route_at(size_t i)
{
    return &api_routes.routes[i];
}

/* A pattern with its parameters' names blanked: what the router tells apart. */
static const char *shape(const char *pattern, char text[static 256])
{
    size_t len = 0;
    for (bool inside = false; *pattern; pattern++) {
        if (*pattern == '}')
            inside = false;
        if (!inside)
            text[len++] = *pattern;
        inside |= *pattern == '{';
    }
    text[len] = '\0';
    return text;
}

START_TEST(no_two_are_alike)
{
    char one[256], two[256];
    for (size_t i = 0; i < api_routes.count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(
                route_at(i)->method != route_at(j)->method ||
                    strcmp(shape(route_at(i)->pattern, one), shape(route_at(j)->pattern, two)) != 0,
                "%s", route_at(i)->pattern);
}
END_TEST

START_TEST(patterns_are_well_made)
{
    for (size_t i = 0; i < api_routes.count; i++) {
        const char *pattern = route_at(i)->pattern;
        size_t params = 0;
        ck_assert_msg(pattern[0] == '/' && pattern[strlen(pattern) - 1] != '/', "%s", pattern);
        ck_assert_msg(!strstr(pattern, "//"), "%s", pattern);
        for (const char *at = pattern; (at = strchr(at, '{')); at++, params++) {
            ck_assert_msg(at[-1] == '/', "%s", pattern);
            const char *end = at + strcspn(at, "/");
            ck_assert_msg(end[-1] == '}' && end - at > 2, "%s", pattern);
        }
        ck_assert_uint_le(params, ROUTE_PARAMS_MAX);
        /* Access looks for the survey in the first parameter. */
        const char *survey = strstr(pattern, "{survey}");
        ck_assert_msg(!survey || survey == strchr(pattern, '{'), "%s", pattern);
    }
}
END_TEST

/* Literal segments win over parameters, and every row is reached by its own path. */
START_TEST(every_row_is_reached)
{
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < api_routes.count; i++) {
        const struct route *route = route_at(i);
        for (unsigned listener = 1; listener <= LISTENER_ADMIN; listener <<= 1) {
            char path[256];
            struct route_match match = route_find(&api_routes, listener, route->method,
                                                  shape(route->pattern, path), &arena);
            ck_assert_msg((match.route == route) == ((route->listeners & listener) != 0), "%s",
                          route->pattern);
        }
    }
    arena_done(&arena);
}
END_TEST

START_TEST(limits_are_sane)
{
    for (size_t i = 0; i < api_routes.count; i++) {
        const struct route *route = route_at(i);
        const char *pattern = route->pattern;
        bool batch = strstr(pattern, "/batch") != NULL;
        size_t body = batch ? 8192 * KB : 256 * KB, drop = batch ? 16384 * KB : 4096 * KB;
        bool takes_body =
            route->method == HTTP_POST || route->method == HTTP_PUT || route->method == HTTP_PATCH;
        ck_assert_msg((route->media != MEDIA_NONE) == takes_body, "%s", pattern);
        ck_assert_msg(route->body_max == (takes_body ? body : 0), "%s", pattern);
        ck_assert_msg(route->body_drop_max == drop, "%s", pattern);
        ck_assert_msg(route->handle != NULL, "%s", pattern);
        ck_assert_msg(route->runs != RUNS_CACHED || route->method == HTTP_GET, "%s", pattern);
        /* Numbers are polled, so they are remembered; people's words are not, nor what displays
         * move too, of which nobody is told. */
        bool rates = strstr(pattern, "/rates") != NULL;
        bool numbers = route->access == ACCESS_NUMBERS || route->access == ACCESS_BADGE;
        ck_assert_msg((numbers && !rates) == (route->runs == RUNS_CACHED), "%s", pattern);
    }
}
END_TEST

/* What a page, or another site's form, may send without a preflight is taken by forms alone. */
START_TEST(plain_forms_go_to_pages_only)
{
    for (size_t i = 0; i < api_routes.count; i++) {
        const struct route *route = route_at(i);
        bool form = route->media & MEDIA_FORM;
        ck_assert_msg(form == (route->access == ACCESS_FORM), "%s", route->pattern);
        ck_assert_msg(!form || route->media == MEDIA_FORM, "%s", route->pattern);
        ck_assert_msg(!form || strncmp(route->pattern, "/s/", 3) == 0, "%s", route->pattern);
    }
}
END_TEST

/* Nobody without a key gets at more than this. */
START_TEST(what_is_for_anyone)
{
    static const char *const open[] = {"/healthz",           "/readyz",          "/metrics",
                                       "/s/{survey}/thanks", "/s/{survey}/logo", "/s/worker.js",
                                       "/assets/{name}",     "/embed.js",        "/demo"};
    for (size_t i = 0; i < api_routes.count; i++) {
        const struct route *route = route_at(i);
        bool listed = false;
        for (size_t j = 0; j < COUNT_OF(open); j++)
            listed |= strcmp(route->pattern, open[j]) == 0;
        ck_assert_msg(listed == (route->access == ACCESS_ANYONE), "%s", route->pattern);
        ck_assert_msg(!listed || route->method == HTTP_GET, "%s", route->pattern);
        ck_assert_msg(route->access < ACCESS_COUNT, "%s", route->pattern);
    }
}
END_TEST

/* Rights that ask about a survey have one to ask about, and changes are never GET. */
START_TEST(access_fits)
{
    for (size_t i = 0; i < api_routes.count; i++) {
        const struct route *route = route_at(i);
        bool survey = strstr(route->pattern, "{survey}") != NULL;
        bool id = strstr(route->pattern, "{id}") != NULL;
        switch (route->access) {
        case ACCESS_PAGE:
        case ACCESS_DEFINITION:
        case ACCESS_POST:
        case ACCESS_FORM:
        case ACCESS_BADGE:
        case ACCESS_ROWS:
            ck_assert_msg(survey, "%s", route->pattern);
            break;
        case ACCESS_AMEND:
            ck_assert_msg(survey && id && route->method == HTTP_PATCH, "%s", route->pattern);
            break;
        case ACCESS_MANAGE:
            ck_assert_msg(route->method != HTTP_GET, "%s", route->pattern);
            break;
        default:
            break;
        }
        if (route->method != HTTP_GET)
            ck_assert_msg(route->access == ACCESS_POST || route->access == ACCESS_FORM ||
                              route->access == ACCESS_AMEND || route->access == ACCESS_ROWS ||
                              route->access == ACCESS_MANAGE,
                          "%s", route->pattern);
    }
}
END_TEST

/* Numbers about the machine are for the admin listener; the API is not. */
START_TEST(listeners)
{
    for (size_t i = 0; i < api_routes.count; i++) {
        const char *pattern = route_at(i)->pattern;
        unsigned expected = strcmp(pattern, "/metrics") == 0 ? LISTENER_ADMIN
                            : strcmp(pattern, "/healthz") == 0 || strcmp(pattern, "/readyz") == 0
                                ? LISTENER_SERVICE | LISTENER_ADMIN
                                : LISTENER_SERVICE;
        ck_assert_msg(route_at(i)->listeners == expected, "%s", pattern);
    }
}
END_TEST

/* The process must be seen to live when its workers do not. */
START_TEST(health_never_waits)
{
    for (size_t i = 0; i < api_routes.count; i++)
        if (route_at(i)->listeners & LISTENER_ADMIN)
            ck_assert_int_eq(route_at(i)->runs, RUNS_INLINE);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        no_two_are_alike,
        patterns_are_well_made,
        every_row_is_reached,
        limits_are_sane,
        plain_forms_go_to_pages_only,
        what_is_for_anyone,
        access_fits,
        listeners,
        health_never_waits,
    };
    return suite_run("routes", tests, COUNT_OF(tests));
}
