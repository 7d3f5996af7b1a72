#include "npsd/base/clock.h"
#include "npsd/base/fault.h"
#include "npsd/base/log.h"
#include "server_internal.h"
#include <microhttpd.h>
#include <string.h>

static void response_done(struct MHD_Response **response)
{
    if (*response)
        MHD_destroy_response(*response);
}

/* libmicrohttpd refuses what would break out of a header (line ends). */
static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool says(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

/* What is not said to be kept is not to be kept: JSON is about somebody, or of this moment. */
static bool add_json(struct MHD_Response *response, const struct reply *reply)
{
    return add(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'") &&
           (says(reply, "Cache-Control") || add(response, "Cache-Control", "no-store"));
}

static bool add_type(struct MHD_Response *response, const struct reply *reply)
{
    if (!add(response, "X-Content-Type-Options", "nosniff"))
        return false;
    if (!reply->type || reply->status == 304)
        return true;
    return add(response, "Content-Type", reply->type) &&
           (!strstr(reply->type, "json") || add_json(response, reply));
}

static bool add_cors(struct MHD_Response *response, struct request *request)
{
    const struct server_app *app = request->server->app;
    struct call *call = &request->call;
    if (!request->fields[HEAD_ORIGIN] || !call->route || !app->cors)
        return true;
    const char *origin = app->cors(call);
    return !origin || (add(response, "Access-Control-Allow-Origin", origin) &&
                       add(response, "Access-Control-Expose-Headers",
                           "Location, ETag, Retry-After, RateLimit, RateLimit-Policy, "
                           "X-Request-Id, Idempotent-Replayed") &&
                       add(response, "Vary", "Origin"));
}

static bool add_headers(struct MHD_Response *response, struct request *request,
                        const struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (!add(response, reply->headers[i].name, reply->headers[i].value))
            return false;
    bool close = reply->close || request->close || atomic_load(&request->server->draining);
    return add_type(response, reply) && add(response, "X-Request-Id", request->call.request_id) &&
           add_cors(response, request) && (!close || add(response, "Connection", "close"));
}

static void end_lease(void *cls)
{
    struct lease *lease = cls;
    lease->end(lease);
}

/* With a lease the body is the lease's, which the response ends; else it lives in the request's
 * arena: libmicrohttpd reads it no more once it has told that the request is completed. With a 304
 * it would tell the length of a body that does not come, as RFC 9110 (8.6) has it, and small
 * clients wait for that body: a length of 0 harms none. */
static struct MHD_Response *make_response(const struct reply *reply, struct lease *lease)
{
    bool empty = !reply->body || reply->status == 304;
    void *body = (void *)(uintptr_t)(empty ? "" : reply->body);
    size_t len = empty ? 0 : reply->body_len;
    if (!lease)
        return MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(len, body, end_lease, lease);
    if (!response)
        lease->end(lease);
    return response;
}

bool reply_queue(struct request *request, const struct reply *reply)
{
    struct lease *lease = ready_lease(request, reply);
    __attribute__((cleanup(response_done))) struct MHD_Response *response =
        make_response(reply, lease);
    if (!response || !add_headers(response, request, reply))
        return false;
    connection_deadline(request->connection, clock_monotonic_us() + request->server->reply_us);
    request->status = reply->status;
    if (reply->status == 201)
        FAULT_POINT_SAYING(
            "mid_reply",
            MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
            "HTTP/1.1 201 Crea");
    if (MHD_queue_response(request->mhd, (unsigned)reply->status, response) != MHD_YES)
        return false;
    if (lease) {
        ready_keep(request, reply->status, response, lease);
        response = NULL;
    }
    return true;
}

bool reply_send(struct request *request, const struct reply *reply)
{
    if (reply_queue(request, reply))
        return true;
    log_error(request->call.request_id, "reply-refused", LOG_NUMBER("status", reply->status));
    struct reply mistake = reply_problem(&request->call, PROBLEM_INTERNAL, NULL);
    return reply_queue(request, &mistake);
}
