#include "npsd/base/clock.h"
#include "server_internal.h"
#include <string.h>
#include <strings.h>

/* Bodies of requests that no route takes: read and dropped up to this, so that the connection can
 * go on. */
enum { STRAY_BODY_MAX = 64 * 1024 };

void request_refuse(struct request *request, enum problem problem, const char *detail)
{
    if (request->refused)
        return;
    request->refused = true;
    request->refusal = reply_problem(&request->call, problem, detail);
}

static void find_client(struct request *request)
{
    struct call *call = &request->call;
    const struct connection *connection = request->connection;
    call->client = connection->peer_text;
    call->through_proxy = connection->peer_trusted;
    if (!connection->peer_trusted)
        return;
    const char *forwarded_for = guard_joined(request, "X-Forwarded-For");
    const char *forwarded = guard_joined(request, "Forwarded");
    struct address client =
        client_address(&request->server->trusted, &connection->peer, forwarded_for, forwarded);
    call->client = address_format(&client, arena_alloc(&request->arena, ADDRESS_TEXT_SIZE));
}

static void use_route(struct request *request, const struct route_match *match)
{
    request->route = match->route;
    request->call.route = match->route;
    memcpy(request->call.params, match->params, sizeof match->params);
}

/* OPTIONS, answered from the table. A preflight is judged by the route it asks about. */
static void answer_options(struct request *request, unsigned allow)
{
    struct server *server = request->server;
    const char *methods = route_allow_text(allow, &request->arena);
    struct reply reply = reply_empty(204);
    reply_header(&reply, "Allow", methods);
    const char *wanted = request->fields[HEAD_REQUEST_METHOD];
    enum http_method method;
    if (wanted && http_method_parse(wanted, &method)) {
        struct route_match match = route_find(&server->app->routes, server->routes, method,
                                              request->call.path, &request->arena);
        use_route(request, &match);
        reply_header(&reply, "Access-Control-Allow-Methods", methods);
        reply_header(&reply, "Access-Control-Allow-Headers",
                     "content-type, idempotency-key, authorization, x-request-id, traceparent");
        reply_header(&reply, "Access-Control-Max-Age", "7200");
    }
    request->refused = true;
    request->refusal = reply;
}

static void refuse_method(struct request *request, unsigned allow)
{
    request_refuse(request, PROBLEM_METHOD, NULL);
    reply_header(&request->refusal, "Allow", route_allow_text(allow, &request->arena));
}

static void find_route(struct request *request)
{
    struct server *server = request->server;
    const char *path = request->call.path;
    if (strcmp(path, "*") == 0) {
        answer_options(request, (1U << HTTP_METHODS) - 1);
        return;
    }
    /* No route has the method HTTP_METHODS: what we do not know is allowed nowhere. */
    enum http_method method = request->method_known ? request->method : HTTP_METHODS;
    struct route_match match =
        route_find(&server->app->routes, server->routes, method, path, &request->arena);
    if (match.route)
        use_route(request, &match);
    else if (match.allow == 0)
        request_refuse(request, PROBLEM_NOT_FOUND, NULL);
    else if (method == HTTP_OPTIONS)
        answer_options(request, match.allow);
    else
        refuse_method(request, match.allow);
}

static const char *repeated_parameter(const struct call *call)
{
    for (size_t i = 0; i < call->query_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(call->query[i].name, call->query[j].name) == 0)
                return call->query[i].name;
    return NULL;
}

static bool read_query(struct request *request)
{
    struct call *call = &request->call;
    const char *text = request->query;
    if (*text != '?')
        return true;
    return call_parse_pairs(&request->arena, text + 1, strlen(text + 1), call->query,
                            CALL_QUERY_MAX, &call->query_count);
}

static void check_query(struct request *request, bool readable)
{
    struct call *call = &request->call;
    if (!readable) {
        request_refuse(request, PROBLEM_BAD_QUERY,
                       "The query has a wrong escape, is not UTF-8 or has too many parameters.");
        return;
    }
    /* Links to people's pages gather parameters on their way; of those, the first counts. */
    bool may_repeat = request->route->access == ACCESS_PAGE;
    const char *repeated = may_repeat ? NULL : repeated_parameter(call);
    if (!repeated || request->refused)
        return;
    struct problem_errors errors = {.arena = &request->arena};
    problem_add(&errors, "may be given once", "%s", repeated);
    request->refused = true;
    request->refusal = reply_problem_errors(call, PROBLEM_BAD_QUERY, NULL, &errors, true);
}

static void admit(struct request *request)
{
    const struct server_app *app = request->server->app;
    if (!app->admit)
        return;
    struct reply reply = app->admit(&request->call, &request->ask);
    if (reply.status == 0)
        return;
    request->refused = true;
    request->refusal = reply;
}

static bool wants_length(const struct request *request)
{
    bool has_body = request->method_known && request->method != HTTP_GET &&
                    request->method != HTTP_DELETE && request->method != HTTP_OPTIONS;
    return has_body && !request->chunked && !request->fields[HEAD_CONTENT_LENGTH];
}

static void check_size(struct request *request)
{
    const struct route *route = request->route;
    bool takes_body = route->media != MEDIA_NONE;
    request->body_max = takes_body ? route->body_max : 0;
    request->drop_max = route->body_drop_max > request->body_max ? route->body_drop_max
                        : takes_body                             ? request->body_max
                                                                 : STRAY_BODY_MAX;
    if (request->declared > request->body_max)
        request_refuse_body(request);
}

/* Whether text is word, in any case, with blanks around it. */
static bool is_word(const char *text, size_t len, const char *word)
{
    while (len > 0 && (*text == ' ' || *text == '\t'))
        text++, len--;
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* Parameters of a media type: the only charset is UTF-8, others are nobody's business. */
static bool charset_is_utf8(const char *parameters)
{
    for (const char *at = parameters; *at == ';';) {
        size_t len = strcspn(++at, ";");
        const char *equals = memchr(at, '=', len);
        size_t name_len = equals ? (size_t)(equals - at) : len;
        if (equals && is_word(at, name_len, "charset") &&
            !is_word(equals + 1, len - name_len - 1, "utf-8") &&
            !is_word(equals + 1, len - name_len - 1, "\"utf-8\""))
            return false;
        at += len;
    }
    return true;
}

static const struct {
    unsigned media;
    const char *name;
} media_names[] = {
    {MEDIA_JSON, "application/json"},
    {MEDIA_NDJSON, "application/x-ndjson"},
    {MEDIA_FORM, "application/x-www-form-urlencoded"},
};
enum { MEDIA_COUNT = sizeof media_names / sizeof media_names[0] };

static unsigned media_of(const char *content_type)
{
    if (!content_type)
        return MEDIA_NONE;
    size_t len = (size_t)(strchrnul(content_type, ';') - content_type);
    for (size_t i = 0; i < MEDIA_COUNT; i++)
        if (is_word(content_type, len, media_names[i].name))
            return charset_is_utf8(content_type + len) ? media_names[i].media : MEDIA_NONE;
    return MEDIA_NONE;
}

static const char *media_text(unsigned media, struct arena *arena)
{
    struct buf text = buf_make(arena, 96);
    for (size_t i = 0; i < MEDIA_COUNT; i++) {
        if (media & media_names[i].media) {
            buf_text(&text, text.len > 0 ? ", " : "");
            buf_text(&text, media_names[i].name);
        }
    }
    return text.data;
}

static void refuse_media(struct request *request)
{
    if (request->refused)
        return;
    const struct route *route = request->route;
    if (route->media == MEDIA_NONE) {
        request_refuse(request, PROBLEM_MEDIA_TYPE, "No body is taken here.");
        return;
    }
    const char *taken = media_text(route->media, &request->arena);
    request_refuse(request, PROBLEM_MEDIA_TYPE,
                   arena_printf(&request->arena, "The Content-Type must be %s, in UTF-8.", taken));
    reply_header(&request->refusal, "Accept", taken);
}

void request_refuse_body(struct request *request)
{
    if (request->route->media == MEDIA_NONE)
        refuse_media(request);
    else
        request_refuse(request, PROBLEM_TOO_LARGE,
                       arena_printf(&request->arena, "The body may have %llu bytes.",
                                    (unsigned long long)request->body_max));
}

static void check_media(struct request *request)
{
    if (request->route->media == MEDIA_NONE || (request->declared == 0 && !request->chunked))
        return;
    unsigned media = media_of(request->fields[HEAD_CONTENT_TYPE]);
    if (media & request->route->media)
        request->call.media = media;
    else
        refuse_media(request);
}

void head_decide(struct request *request)
{
    request->drop_max = STRAY_BODY_MAX;
    if (request->malformed) {
        request->close = true;
        request_refuse(request, PROBLEM_BAD_REQUEST, request->malformed);
        return;
    }
    bool no_length = wants_length(request);
    request->close = request->chunked || no_length;
    if (atomic_load(&request->server->refuses))
        request_refuse(request, PROBLEM_DRAINING, NULL);
    else
        find_route(request);
    if (request->refused)
        return;
    find_client(request);
    bool query_readable = read_query(request);
    admit(request);
    if (no_length)
        request_refuse(request, PROBLEM_LENGTH_REQUIRED, NULL);
    check_size(request);
    check_media(request);
    check_query(request, query_readable);
}
