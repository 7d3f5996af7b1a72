#include "npsd/http/reply.h"
#include "npsd/base/log.h"
#include "npsd/http/call.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char PROBLEM_TYPE[] = "application/problem+json";

struct reply reply_empty(int status)
{
    return (struct reply){.status = status};
}

struct reply reply_json(int status, const struct json_writer *w)
{
    return reply_text(status, "application/json", w->buf.data, w->buf.len);
}

struct reply reply_text(int status, const char *type, const char *body, size_t len)
{
    return (struct reply){.status = status, .type = type, .body = body, .body_len = len};
}

struct reply reply_redirect(const char *location)
{
    struct reply reply = reply_empty(303);
    reply_header(&reply, "Location", location);
    return reply;
}

struct reply reply_later(bool (*start)(struct call *call, void *work),
                         struct reply (*finish)(struct call *call, void *work), void *work)
{
    return (struct reply){.start = start, .finish = finish, .work = work};
}

void reply_header(struct reply *reply, const char *name, const char *value)
{
    if (reply->header_count == REPLY_HEADERS_MAX) {
        log_error(NULL, "too-many-reply-headers", LOG_TEXT("header", name));
        abort();
    }
    reply->headers[reply->header_count++] = (struct reply_header){name, value};
}

static void write_errors(struct json_writer *w, const struct problem_errors *errors, bool for_query)
{
    if (!errors || errors->count == 0)
        return;
    json_array_begin(w, "errors");
    for (size_t i = 0; i < errors->count; i++) {
        json_object_begin(w, NULL);
        json_put_text(w, for_query ? "parameter" : "pointer", errors->items[i].where);
        json_put_text(w, "detail", errors->items[i].detail);
        json_object_end(w);
    }
    json_array_end(w);
}

/* An object that is left open for more members. */
static void begin_problem(struct json_writer *w, const char *name, const char *request_id,
                          enum problem problem, const char *detail)
{
    const struct problem_info *info = problem_info(problem);
    char type[64];
    int len = snprintf(type, sizeof type, "/problems/%s", info->slug);
    json_object_begin(w, name);
    json_put_textn(w, "type", type, len < (int)sizeof type ? (size_t)len : sizeof type - 1);
    json_put_text(w, "title", info->title);
    json_put_int(w, "status", info->status);
    json_put_text(w, "detail", detail ? detail : info->detail);
    if (request_id)
        json_put_text(w, "instance", request_id);
}

static void write_problem(struct json_writer *w, const char *name, const char *request_id,
                          enum problem problem, const char *detail,
                          const struct problem_errors *errors, bool for_query)
{
    begin_problem(w, name, request_id, problem, detail);
    write_errors(w, errors, for_query);
    json_object_end(w);
}

void problem_write(struct json_writer *w, const char *name, const char *request_id,
                   enum problem problem, const char *detail, const struct problem_errors *errors)
{
    write_problem(w, name, request_id, problem, detail, errors, false);
}

/* Errors may be cached unless told otherwise (404, 405, 410): never wanted here. */
static void add_problem_headers(struct reply *reply)
{
    reply_header(reply, "Cache-Control", "no-store");
    if (reply->status == 401)
        reply_header(reply, "WWW-Authenticate", "Bearer realm=\"npsd\"");
    if (reply->status == 429 || reply->status == 503)
        reply_header(reply, "Retry-After", "1");
}

static struct reply problem_reply(enum problem problem, const struct json_writer *w)
{
    struct reply reply =
        reply_text(problem_info(problem)->status, PROBLEM_TYPE, w->buf.data, w->buf.len);
    add_problem_headers(&reply);
    return reply;
}

struct reply reply_problem(const struct call *call, enum problem problem, const char *detail)
{
    return reply_problem_errors(call, problem, detail, NULL, false);
}

struct reply reply_problem_errors(const struct call *call, enum problem problem, const char *detail,
                                  const struct problem_errors *errors, bool for_query)
{
    struct json_writer w = json_writer(call->arena);
    write_problem(&w, NULL, call->request_id, problem, detail, errors, for_query);
    return problem_reply(problem, &w);
}

struct reply reply_too_many(const struct call *call, const char *detail,
                            const char *const *policies, int wait_s)
{
    struct json_writer w = json_writer(call->arena);
    begin_problem(&w, NULL, call->request_id, PROBLEM_TOO_MANY, detail);
    json_array_begin(&w, "violated-policies");
    for (; *policies; policies++)
        json_put_text(&w, NULL, *policies);
    json_array_end(&w);
    json_object_end(&w);
    struct reply reply = problem_reply(PROBLEM_TOO_MANY, &w);
    reply_retry_after(call, &reply, wait_s);
    return reply;
}

struct reply reply_out_of_memory(void)
{
    static const char body[] = "{\"type\":\"/problems/unavailable\","
                               "\"title\":\"The service cannot do this now\",\"status\":503,"
                               "\"detail\":\"Out of memory.\"}";
    struct reply reply = reply_text(503, PROBLEM_TYPE, body, sizeof body - 1);
    reply.close = true;
    add_problem_headers(&reply);
    return reply;
}

void reply_retry_after(const struct call *call, struct reply *reply, int seconds)
{
    const char *text = arena_printf(call->arena, "%d", seconds);
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcasecmp(reply->headers[i].name, "Retry-After") == 0) {
            reply->headers[i].value = text;
            return;
        }
    }
    reply_header(reply, "Retry-After", text);
}
