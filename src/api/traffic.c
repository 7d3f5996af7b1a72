#include "npsd/api/traffic.h"

#include "npsd/api/routes.h"
#include "npsd/base/metrics.h"

#include <stdatomic.h>

enum { ROUTES_MAX = 64 };

/* Statuses that npsd sends; what is not listed is counted as the last. */
static const int statuses[] = {200, 201, 202, 204, 303, 304, 400, 401, 403, 404, 405,
                               409, 410, 411, 413, 415, 422, 429, 500, 501, 503, 0};
enum { STATUSES = sizeof statuses / sizeof statuses[0] };

/* One row a route, the last for paths that are none. */
static atomic_uint_fast64_t counts[ROUTES_MAX + 1][STATUSES];

static int status_index(int status)
{
    int i = 0;
    while (i < STATUSES - 1 && statuses[i] != status)
        i++;
    return i;
}

static size_t route_index(const struct route *route)
{
    if (!route || route < api_routes.routes || route >= api_routes.routes + api_routes.count)
        return ROUTES_MAX;
    size_t index = (size_t)(route - api_routes.routes);
    return index < ROUTES_MAX ? index : ROUTES_MAX;
}

void traffic_observe(const struct call *call, int status, int64_t duration_us)
{
    atomic_fetch_add_explicit(&counts[route_index(call->route)][status_index(status)], 1,
                              memory_order_relaxed);
    metrics_observe(METRIC_REQUEST, duration_us > 0 ? (uint64_t)duration_us : 0);
}

static void write_row(struct buf *out, size_t row, const char *method, const char *path)
{
    for (int i = 0; i < STATUSES; i++) {
        uint64_t n = atomic_load_explicit(&counts[row][i], memory_order_relaxed);
        if (n == 0)
            continue;
        buf_printf(out, "npsd_http_requests_total{method=\"%s\",route=\"%s\",code=\"%d\"} %llu\n",
                   method, path, statuses[i], (unsigned long long)n);
    }
}

void traffic_write(struct buf *out)
{
    buf_text(out, "# HELP npsd_http_requests_total Requests answered.\n"
                  "# TYPE npsd_http_requests_total counter\n");
    for (size_t i = 0; i < api_routes.count && i < ROUTES_MAX; i++)
        write_row(out, i, http_method_name(api_routes.routes[i].method),
                  api_routes.routes[i].pattern);
    write_row(out, ROUTES_MAX, "other", "other");
}
