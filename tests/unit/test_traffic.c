#include "npsd/api/routes.h"
#include "npsd/api/traffic.h"
#include "npsd/base/metrics.h"
#include "suite.h"
#include "support/unit_metrics.h"
#include <pthread.h>
#include <string.h>

static struct arena arena;

static const char *written(void)
{
    struct buf out = buf_make(&arena, 4096);
    traffic_write(&out);
    unit_metrics_check(out.data, out.len);
    return out.data;
}

static const struct route *find(enum http_method method, const char *pattern)
{
    for (size_t i = 0; i < api_routes.count; i++)
        if (api_routes.routes[i].method == method &&
            strcmp(api_routes.routes[i].pattern, pattern) == 0)
            return &api_routes.routes[i];
    ck_abort_msg("no %s", pattern);
}

START_TEST(nothing_yet)
{
    ck_assert_ptr_null(strstr(written(), "npsd_http_requests_total{"));
}
END_TEST

START_TEST(by_route_and_status)
{
    const struct call get = {.route = find(HTTP_GET, "/healthz")};
    const struct call post = {.route = find(HTTP_POST, "/v1/surveys/{survey}/responses")};
    for (int i = 0; i < 3; i++)
        traffic_observe(&post, 201, 5);
    traffic_observe(&post, 422, 5);
    traffic_observe(&get, 200, 5);
    const char *text = written();
#define POSTED "npsd_http_requests_total{method=\"POST\",route=\"/v1/surveys/{survey}/responses\""
    ck_assert(unit_metrics_value(text, POSTED ",code=\"201\"}") == 3);
    ck_assert(unit_metrics_value(text, POSTED ",code=\"422\"}") == 1);
    ck_assert(unit_metrics_value(text, "npsd_http_requests_total{method=\"GET\","
                                       "route=\"/healthz\",code=\"200\"}") == 1);
    ck_assert_uint_eq(metrics_histogram(METRIC_REQUEST).count, 5);
}
END_TEST

/* Whatever is sent, the labels come from the table. */
START_TEST(what_is_no_route)
{
    const struct route foreign = {.pattern = "/evil\"}\n"};
    const struct call none = {.path = "/evil\"}\n"};
    const struct call copy = {.route = &foreign};
    traffic_observe(&none, 404, -7);
    traffic_observe(&copy, 404, 7);
    const char *text = written();
    ck_assert(unit_metrics_value(text, "npsd_http_requests_total{method=\"other\",route=\"other\","
                                       "code=\"404\"}") == 2);
    ck_assert_ptr_null(strstr(text, "evil"));
}
END_TEST

/* Every refusal's status has a row of its own; others share one. */
START_TEST(statuses)
{
    static const int successes[] = {200, 201, 202, 204, 303, 304};
    const struct call call = {.route = find(HTTP_GET, "/healthz")};
    char sample[128];
    for (enum problem problem = 0; problem < PROBLEM_COUNT; problem++)
        traffic_observe(&call, problem_info(problem)->status, 1);
    for (size_t i = 0; i < COUNT_OF(successes); i++)
        traffic_observe(&call, successes[i], 1);
    const char *text = written();
    ck_assert_ptr_null(strstr(text, "code=\"0\""));
    for (enum problem problem = 0; problem < PROBLEM_COUNT; problem++) {
        snprintf(sample, sizeof sample,
                 "npsd_http_requests_total{method=\"GET\",route=\"/healthz\",code=\"%d\"}",
                 problem_info(problem)->status);
        ck_assert(unit_metrics_value(text, sample) >= 1);
    }
    traffic_observe(&call, 299, 1);
    traffic_observe(&call, 999, 1);
    traffic_observe(&call, -1, 1);
    ck_assert(unit_metrics_value(written(), "npsd_http_requests_total{method=\"GET\","
                                            "route=\"/healthz\",code=\"0\"}") == 3);
}
END_TEST

/* More routes than rows would be counted as none. */
START_TEST(every_route_has_its_row)
{
    for (size_t i = 0; i < api_routes.count; i++) {
        const struct call call = {.route = &api_routes.routes[i]};
        traffic_observe(&call, 200, 1);
    }
    const char *text = written();
    size_t rows = 0;
    for (const char *at = text; (at = strstr(at, "\nnpsd_http_requests_total{")); at++)
        rows++;
    ck_assert_uint_eq(rows, api_routes.count);
    ck_assert_ptr_null(strstr(text, "other"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_yet, by_route_and_status, what_is_no_route, statuses,
                                  every_route_has_its_row};
    arena_init(&arena, 4096);
    int status = suite_run("traffic", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
