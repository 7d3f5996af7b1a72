#include "support/edge.h"
#include "npsd/base/crypto.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* --- the worker --- */

static struct edge_job *take_job(struct edge *edge)
{
    pthread_mutex_lock(&edge->lock);
    while ((!edge->first || edge->hold) && !edge->ending)
        pthread_cond_wait(&edge->more, &edge->lock);
    struct edge_job *job = edge->first;
    if (job) {
        edge->first = job->next;
        if (!edge->first)
            edge->last = &edge->first;
        edge->waiting--;
    }
    pthread_mutex_unlock(&edge->lock);
    return job;
}

static struct reply decide(struct call *call)
{
    const char *key = call_header(call, "Authorization");
    return key && strcmp(key, "yes") == 0 ? (struct reply){.status = 0}
                                          : reply_problem(call, PROBLEM_UNAUTHORIZED, NULL);
}

static struct reply handle(struct call *call, bool asked)
{
    struct reply reply = {.status = 0};
    if (asked)
        reply = decide(call);
    return reply.status == 0 ? call->route->handle(call) : reply;
}

static void *worker(void *arg)
{
    struct edge *edge = arg;
    for (struct edge_job *job; (job = take_job(edge));) {
        if (job->answer)
            server_answer(job->call, handle(job->call, job->asked));
        else
            call_resume(job->call);
    }
    return NULL;
}

static bool push_job(struct edge *edge, struct edge_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&edge->lock);
    bool room = edge->waiting < edge->queue_max;
    if (room) {
        *edge->last = job;
        edge->last = &job->next;
        edge->waiting++;
        pthread_cond_signal(&edge->more);
    }
    pthread_mutex_unlock(&edge->lock);
    return room;
}

/* --- handlers --- */

static struct reply text(int status, const char *body)
{
    return reply_text(status, "text/plain", body, strlen(body));
}

static struct reply echo(struct call *call, void *work)
{
    (void)work;
    return reply_text(call->route->pattern[1] == 'e' || call->route->pattern[1] == 'f' ? 200 : 201,
                      "application/json", call->body, call->body_len);
}

static struct reply echo_now(struct call *call)
{
    return echo(call, NULL);
}

static struct reply unavailable(struct call *call, void *work)
{
    (void)work;
    return reply_problem(call, PROBLEM_OVERLOADED, NULL);
}

static bool start_job(struct call *call, void *work)
{
    struct edge_job *job = work;
    *job = (struct edge_job){.call = call};
    return push_job(call->world, job);
}

static bool start_fails(struct call *call, void *work)
{
    (void)call;
    (void)work;
    return false;
}

static struct reply later(struct call *call)
{
    return reply_later(start_job, echo, arena_alloc(call->arena, sizeof(struct edge_job)));
}

static struct reply later_fails(struct call *call)
{
    (void)call;
    return reply_later(start_fails, unavailable, NULL);
}

static struct reply hello(struct call *call)
{
    (void)call;
    return text(200, "hello");
}

static struct reply query(struct call *call)
{
    struct buf body = buf_make(call->arena, 256);
    for (size_t i = 0; i < call->query_count; i++)
        buf_printf(&body, "%s=%s;", call->query[i].name, call->query[i].value);
    return text(200, body.data);
}

static struct reply client(struct call *call)
{
    return text(200, arena_printf(call->arena, "%s %s", call->client, call_base_url(call)));
}

static struct reply no_content(struct call *call)
{
    (void)call;
    return reply_empty(204);
}

static struct reply thing(struct call *call)
{
    return text(200, call->params[0]);
}

static struct reply torn_header(struct call *call)
{
    (void)call;
    struct reply reply = reply_empty(200);
    reply_header(&reply, "X-Torn", "a\r\nX-Injected: b");
    return reply;
}

static struct reply large(struct call *call)
{
    size_t len = 16 << 20;
    char *body = memset(arena_alloc(call->arena, len), 'x', len);
    return reply_text(200, "text/plain", body, len);
}

#define BODY .media = MEDIA_JSON | MEDIA_NDJSON, .body_max = 1000, .body_drop_max = 4000
static const struct route routes[] = {
    {HTTP_GET, "/hello", .listeners = 1, .handle = hello},
    {HTTP_POST, "/echo", BODY, .listeners = 1, .handle = echo_now},
    {HTTP_POST, "/later", BODY, .listeners = 1, .handle = later},
    {HTTP_POST, "/start-fails", BODY, .listeners = 1, .handle = later_fails},
    {HTTP_POST, "/worker", BODY, .listeners = 1, .runs = RUNS_WORKER, .handle = echo_now},
    {HTTP_POST, "/worker-later", BODY, .listeners = 1, .runs = RUNS_WORKER, .handle = later},
    {HTTP_POST, "/worker-start-fails", BODY, .listeners = 1, .runs = RUNS_WORKER,
     .handle = later_fails},
    {HTTP_POST, "/form", .media = MEDIA_FORM, .body_max = 1000, .listeners = 1, .handle = echo_now},
    {HTTP_GET, "/query", .listeners = 1, .handle = query},
    {HTTP_GET, "/client", .listeners = 1, .handle = client},
    {HTTP_GET, "/private", .access = ACCESS_MANAGE, .listeners = 1, .handle = hello},
    {HTTP_POST, "/asked", BODY, .access = ACCESS_MANAGE, .listeners = 1, .handle = echo_now},
    {HTTP_DELETE, "/things/{id}", .listeners = 1, .handle = no_content},
    {HTTP_GET, "/things/{id}", .listeners = 1, .handle = thing},
    {HTTP_GET, "/torn-header", .listeners = 1, .handle = torn_header},
    {HTTP_GET, "/large", .listeners = 1, .handle = large},
};

/* --- what the server asks --- */

static struct reply admit(struct call *call, bool *ret_ask)
{
    if (call->route->access != ACCESS_MANAGE)
        return (struct reply){.status = 0};
    *ret_ask = call->route->method == HTTP_POST;
    return *ret_ask ? (struct reply){.status = 0} : decide(call);
}

static bool submit(struct call *call, bool asked)
{
    struct edge *edge = call->world;
    struct edge_job *job = arena_alloc(call->arena, sizeof *job);
    *job = (struct edge_job){.call = call, .answer = true, .asked = asked};
    return push_job(edge, job);
}

static const char *cors(struct call *call)
{
    return strcmp(call->route->pattern, "/private") == 0 ? NULL : "*";
}

static void observe(const struct call *call, int status, int64_t duration_us)
{
    struct edge *edge = call->world;
    ck_assert_int_ge(duration_us, 0);
    atomic_store(&edge->last_status, status);
    atomic_fetch_add(&edge->observed, 1);
}

void edge_start(struct edge *edge, const struct server_options *options)
{
    static const struct server_options usual = {
        .listen = "127.0.0.1:0", .listener = 1, .threads = 2, .connections = 1000};
    ck_assert(crypto_init());
    *edge = (struct edge){.app = {.routes = {routes, sizeof routes / sizeof routes[0]},
                                  .admit = admit,
                                  .submit = submit,
                                  .cors = cors,
                                  .observe = observe},
                          .queue_max = 100000};
    edge->app.world = edge;
    edge->last = &edge->first;
    pthread_mutex_init(&edge->lock, NULL);
    pthread_cond_init(&edge->more, NULL);
    ck_assert_int_eq(pthread_create(&edge->thread, NULL, worker, edge), 0);
    edge->server = server_start(options ? options : &usual, &edge->app);
    ck_assert_ptr_nonnull(edge->server);
}

void edge_hold(struct edge *edge, bool hold)
{
    pthread_mutex_lock(&edge->lock);
    edge->hold = hold;
    pthread_cond_signal(&edge->more);
    pthread_mutex_unlock(&edge->lock);
}

size_t edge_waiting(struct edge *edge)
{
    pthread_mutex_lock(&edge->lock);
    size_t waiting = edge->waiting;
    pthread_mutex_unlock(&edge->lock);
    return waiting;
}

void edge_stop(struct edge *edge)
{
    edge_hold(edge, false);
    ck_assert(server_stop(edge->server));
    pthread_mutex_lock(&edge->lock);
    edge->ending = true;
    pthread_cond_signal(&edge->more);
    pthread_mutex_unlock(&edge->lock);
    pthread_join(edge->thread, NULL);
    pthread_mutex_destroy(&edge->lock);
    pthread_cond_destroy(&edge->more);
}

/* --- the client --- */

int raw_connect(const struct edge *edge)
{
    return raw_connect_address(server_address(edge->server));
}

struct raw_reply raw_ask(const struct edge *edge, const char *request, bool *ret_closed)
{
    int fd = raw_connect(edge);
    ck_assert_int_ge(fd, 0);
    raw_send(fd, request);
    struct raw_reply reply = raw_read(fd, strncmp(request, "HEAD", 4) == 0);
    if (ret_closed) {
        struct timeval moment = {.tv_usec = 100000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
        *ret_closed = raw_is_closed(fd);
    }
    close(fd);
    return reply;
}
