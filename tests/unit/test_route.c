#include "npsd/http/route.h"
#include "suite.h"
#include <stdbool.h>
#include <string.h>

static struct arena arena;

enum { BOTH = LISTENER_SERVICE | LISTENER_ADMIN };

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/healthz", .listeners = BOTH},
    {.method = HTTP_GET, .pattern = "/metrics", .listeners = LISTENER_ADMIN},
    {.method = HTTP_GET, .pattern = "/v1/surveys", .listeners = LISTENER_SERVICE},
    {.method = HTTP_POST, .pattern = "/v1/surveys", .listeners = LISTENER_SERVICE},
    {.method = HTTP_GET, .pattern = "/v1/surveys/{survey}", .listeners = LISTENER_SERVICE},
    {.method = HTTP_PATCH, .pattern = "/v1/surveys/{survey}", .listeners = LISTENER_SERVICE},
    {.method = HTTP_GET, .pattern = "/v1/surveys/{survey}/{part}", .listeners = LISTENER_SERVICE},
    {.method = HTTP_GET, .pattern = "/v1/surveys/{survey}/nps", .listeners = LISTENER_SERVICE},
    {.method = HTTP_POST,
     .pattern = "/v1/surveys/{survey}/responses/batch",
     .listeners = LISTENER_SERVICE},
    {.method = HTTP_DELETE,
     .pattern = "/v1/surveys/{survey}/responses/{id}",
     .listeners = LISTENER_SERVICE},
    {.method = HTTP_POST,
     .pattern = "/v1/surveys/{survey}/responses/{id}",
     .listeners = LISTENER_SERVICE},
    {.method = HTTP_GET, .pattern = "/{a}/x", .listeners = LISTENER_SERVICE},
    {.method = HTTP_GET, .pattern = "/p/{b}", .listeners = LISTENER_SERVICE},
    {.method = HTTP_GET, .pattern = "/", .listeners = LISTENER_SERVICE},
};
static const struct route_table table = {routes, COUNT_OF(routes)};

static struct route_match find(enum http_method method, const char *path)
{
    return route_find(&table, LISTENER_SERVICE, method, path, &arena);
}

static const char *pattern(enum http_method method, const char *path)
{
    struct route_match match = find(method, path);
    return match.route ? match.route->pattern : "none";
}

START_TEST(literals)
{
    ck_assert_str_eq(pattern(HTTP_GET, "/healthz"), "/healthz");
    ck_assert_str_eq(pattern(HTTP_GET, "/v1/surveys"), "/v1/surveys");
    ck_assert_str_eq(pattern(HTTP_GET, "/"), "/");
}
END_TEST

START_TEST(nearly_is_not_found)
{
    static const char *const paths[] = {"/healthz/",
                                        "/health",
                                        "/healthzz",
                                        "//healthz",
                                        "/Healthz",
                                        "/v1",
                                        "/v1/",
                                        "/v1/surveys/",
                                        "/v1/surveys//nps",
                                        "healthz",
                                        "",
                                        "*",
                                        "/v1/surveys/a/nps/",
                                        "/v1/surveys/a/responses/b/c"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct route_match match = find(HTTP_GET, paths[i]);
        ck_assert_msg(!match.route && match.allow == 0, "%s", paths[i]);
    }
}
END_TEST

START_TEST(parameters_in_order)
{
    struct route_match match = find(HTTP_DELETE, "/v1/surveys/checkout/responses/0193-x");
    ck_assert_ptr_nonnull(match.route);
    ck_assert_str_eq(match.params[0], "checkout");
    ck_assert_str_eq(match.params[1], "0193-x");
    ck_assert_ptr_null(match.params[2]);
}
END_TEST

/* Also when the parameter's route stands first in the table. */
START_TEST(literal_segments_win)
{
    ck_assert_str_eq(pattern(HTTP_GET, "/v1/surveys/a/nps"), "/v1/surveys/{survey}/nps");
    ck_assert_str_eq(pattern(HTTP_GET, "/v1/surveys/a/other"), "/v1/surveys/{survey}/{part}");
    ck_assert_str_eq(pattern(HTTP_POST, "/v1/surveys/a/responses/batch"),
                     "/v1/surveys/{survey}/responses/batch");
    ck_assert_str_eq(pattern(HTTP_GET, "/p/x"), "/p/{b}");
}
END_TEST

START_TEST(parameters_of_the_winner)
{
    struct route_match match = find(HTTP_GET, "/v1/surveys/a/nps");
    ck_assert_str_eq(match.params[0], "a");
    ck_assert_ptr_null(match.params[1]);
}
END_TEST

START_TEST(wrong_method_tells_the_right_ones)
{
    struct route_match match = find(HTTP_DELETE, "/v1/surveys/a");
    ck_assert_ptr_null(match.route);
    ck_assert_str_eq(route_allow_text(match.allow, &arena), "GET, HEAD, PATCH, OPTIONS");
    match = find(HTTP_OPTIONS, "/v1/surveys/a/responses/1");
    ck_assert_str_eq(route_allow_text(match.allow, &arena), "POST, DELETE, OPTIONS");
    match = find(HTTP_METHODS, "/healthz");
    ck_assert_str_eq(route_allow_text(match.allow, &arena), "GET, HEAD, OPTIONS");
}
END_TEST

START_TEST(listeners_are_apart)
{
    ck_assert_str_eq(pattern(HTTP_GET, "/metrics"), "none");
    ck_assert_uint_eq(find(HTTP_POST, "/metrics").allow, 0);
    struct route_match match = route_find(&table, LISTENER_ADMIN, HTTP_GET, "/metrics", &arena);
    ck_assert_ptr_nonnull(match.route);
    match = route_find(&table, LISTENER_ADMIN, HTTP_GET, "/v1/surveys", &arena);
    ck_assert_ptr_null(match.route);
    ck_assert_uint_eq(match.allow, 0);
}
END_TEST

START_TEST(methods)
{
    enum http_method method = HTTP_PUT;
    ck_assert(!http_method_parse("get", &method));
    ck_assert(!http_method_parse("TRACE", &method));
    ck_assert(!http_method_parse("", &method));
    ck_assert_int_eq(method, HTTP_PUT);
    for (int i = 0; i < HTTP_METHODS; i++) {
        ck_assert(http_method_parse(http_method_name((enum http_method)i), &method));
        ck_assert_int_eq(method, i);
    }
    ck_assert(http_method_parse("HEAD", &method));
    ck_assert_int_eq(method, HTTP_GET);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        literals,
        nearly_is_not_found,
        parameters_in_order,
        literal_segments_win,
        parameters_of_the_winner,
        wrong_method_tells_the_right_ones,
        listeners_are_apart,
        methods,
    };
    arena_init(&arena, 1024);
    int status = suite_run("route", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
