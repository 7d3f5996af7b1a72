#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "server_internal.h"
#include <microhttpd.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ARENA_FIRST_SIZE = 8192 - 64, FREE_REQUESTS_MAX = 256, KEEP_ALIVE_US = 15 * 1000000 };

/* --- states --- */

static const struct {
    const char *name;
    unsigned next; /* bits of the states that may follow */
} states[] = {
    [REQUEST_RECEIVING] = {"receiving", 1U << REQUEST_RUNNING | 1U << REQUEST_DONE},
    [REQUEST_RUNNING] = {"running", 1U << REQUEST_QUEUED | 1U << REQUEST_DONE},
    [REQUEST_QUEUED] = {"queued", 1U << REQUEST_READY},
    [REQUEST_READY] = {"ready", 1U << REQUEST_RUNNING},
    [REQUEST_DONE] = {"done", 1U << REQUEST_DONE},
};

/* A step that the table does not have is a mistake in this program (a call resumed twice, say), and
 * what follows would be a use of freed memory. */
static void request_move(struct request *request, enum request_state to)
{
    int from = atomic_load(&request->state);
    if ((states[from].next & 1U << to) == 0 ||
        !atomic_compare_exchange_strong(&request->state, &from, (int)to)) {
        log_error(request->call.request_id, "request-state", LOG_TEXT("from", states[from].name),
                  LOG_TEXT("to", states[to].name));
        abort();
    }
}

/* --- life --- */

static struct request *take_free(struct server *server)
{
    pthread_mutex_lock(&server->free_lock);
    struct request *request = server->free_requests;
    if (request) {
        server->free_requests = request->next_free;
        server->free_count--;
    }
    pthread_mutex_unlock(&server->free_lock);
    return request;
}

static bool give_free(struct server *server, struct request *request)
{
    pthread_mutex_lock(&server->free_lock);
    bool room = server->free_count < FREE_REQUESTS_MAX;
    if (room) {
        request->next_free = server->free_requests;
        server->free_requests = request;
        server->free_count++;
    }
    pthread_mutex_unlock(&server->free_lock);
    return room;
}

static void request_free(struct request *request)
{
    arena_done(&request->arena);
    free(request);
}

void requests_free(struct server *server)
{
    for (struct request *request; (request = take_free(server));)
        request_free(request);
}

static struct request *request_make(struct server *server)
{
    struct request *request = take_free(server);
    if (request) {
        memset(request, 0, offsetof(struct request, arena));
    } else {
        request = calloc(1, sizeof *request);
        if (request)
            arena_init(&request->arena, ARENA_FIRST_SIZE);
    }
    return request;
}

/* The random prefix of the process, then a counter: unique, and made without a system call. */
static void make_id(struct request *request)
{
    static const char hex[] = "0123456789abcdef";
    char *at = request->own_id;
    memcpy(at, request->server->id_prefix, 8);
    at += 8;
    *at++ = '-';
    uint64_t number = atomic_fetch_add(&request->server->last_id, 1) + 1;
    int shift = 28;
    while (number >> shift > 15)
        shift += 4;
    for (; shift >= 0; shift -= 4)
        *at++ = hex[number >> shift & 15];
    *at = '\0';
    request->call.request_id = request->own_id;
}

static const char *lookup_header(const struct call *call, const char *name)
{
    return guard_header(call->edge, name);
}

static void wake(struct call *call);

static void fill_call(struct request *request)
{
    struct server *server = request->server;
    struct call *call = &request->call;
    call->arena = &request->arena;
    call->received_us = clock_now_us();
    call->client = request->connection->peer_text;
    call->public_url = server->public_url;
    call->world = server->app->world;
    call->header = lookup_header;
    call->resume = wake;
    call->edge = request;
}

/* A function of its own, because of what setjmp does to local variables. */
__attribute__((noinline)) static bool keep_target(struct request *request, const char *target)
{
    jmp_buf landing;
    if (setjmp(landing) != 0)
        return false;
    request->arena.landing = &landing;
    request->target = arena_strdup(&request->arena, target);
    return true;
}

struct request *request_begin(struct server *server, struct connection *connection,
                              struct MHD_Connection *mhd, const char *target)
{
    struct request *request = request_make(server);
    if (!request)
        return NULL;
    if (!keep_target(request, target)) {
        request_free(request);
        return NULL;
    }
    request->server = server;
    request->connection = connection;
    request->mhd = mhd;
    request->started_us = clock_monotonic_us();
    make_id(request);
    fill_call(request);
    int64_t late_us = request->started_us + server->head_us;
    if (late_us < atomic_load(&connection->deadline_us))
        connection_deadline(connection, late_us);
    return request;
}

void request_end(struct request *request)
{
    struct server *server = request->server;
    const struct server_app *app = server->app;
    int64_t now_us = clock_monotonic_us();
    connection_deadline(request->connection, now_us + KEEP_ALIVE_US + server->head_us);
    if (request->status != 0 && app->observe)
        app->observe(&request->call, request->status, now_us - request->started_us);
    ready_drop(request->ready);
    bool counted = request->head_seen;
    arena_reset(&request->arena);
    if (!give_free(server, request))
        request_free(request);
    if (counted)
        atomic_fetch_sub(&server->in_flight, 1);
}

/* --- suspending and waking --- */

static void wake(struct call *call)
{
    struct request *request = call->edge;
    struct server *server = request->server;
    atomic_fetch_add(&server->waking, 1);
    request_move(request, REQUEST_READY);
    MHD_resume_connection(request->mhd);
    atomic_fetch_sub(&server->waking, 1);
}

/* Hands the call to whoever start gives it to; from then on it is theirs. */
static void hand_over(struct request *request)
{
    request->arena.landing = NULL; /* it lies in a frame of this thread */
    if (!request->reply.start(&request->call, request->reply.work))
        wake(&request->call);
}

void server_answer(struct call *call, struct reply reply)
{
    struct request *request = call->edge;
    request->reply = reply;
    call->db = NULL;
    if (reply.status == 0)
        hand_over(request);
    else
        wake(call);
}

static bool dress_and_send(struct request *request, struct reply reply)
{
    const struct server_app *app = request->server->app;
    if (app->dress)
        reply = app->dress(&request->call, reply);
    return reply_send(request, &reply);
}

static bool settle(struct request *request, struct reply reply)
{
    if (reply.status != 0) {
        request_move(request, REQUEST_DONE);
        return dress_and_send(request, reply);
    }
    request->reply = reply;
    request_move(request, REQUEST_QUEUED);
    MHD_suspend_connection(request->mhd);
    hand_over(request);
    return true;
}

/* --- steps --- */

static bool start_worker(struct call *call, void *work)
{
    (void)work;
    const struct request *request = call->edge;
    return request->server->app->submit(call, request->ask);
}

static struct reply finish_overloaded(struct call *call, void *work)
{
    (void)work;
    return reply_problem(call, PROBLEM_OVERLOADED, NULL);
}

static struct reply handle_refusal(struct call *call)
{
    const struct request *request = call->edge;
    return request->refusal;
}

/* Who may ask comes before what is wrong with the request: a refusal of ours waits until the worker
 * has asked. */
static void refuse_after_admit(struct request *request)
{
    struct route *route = arena_memdup(&request->arena, request->route, sizeof *request->route);
    route->handle = handle_refusal;
    request->call.route = route;
}

static bool step_complete(struct request *request)
{
    struct call *call = &request->call;
    request_move(request, REQUEST_RUNNING);
    connection_deadline(request->connection, 0);
    if (request->refused && !request->ask)
        return settle(request, request->refusal);
    if (request->refused)
        refuse_after_admit(request);
    call->body = request->body.data ? request->body.data : "";
    call->body_len = request->body.len;
    if (request->ask || request->route->runs == RUNS_WORKER)
        return settle(request, reply_later(start_worker, finish_overloaded, NULL));
    if (request->route->runs == RUNS_CACHED)
        return settle(request, request->server->app->recall(call));
    return settle(request, request->route->handle(call));
}

static bool step_ready(struct request *request)
{
    request_move(request, REQUEST_RUNNING);
    request->call.route = request->route;
    struct reply reply = request->reply;
    if (reply.status == 0)
        reply = reply.finish(&request->call, reply.work);
    return settle(request, reply);
}

/* A client that waits for "100 Continue" is told without its body; what is too large to be read for
 * nothing is not read. libmicrohttpd ends a connection that is answered so early, so all others are
 * answered when the request is whole. */
static bool answers_at_once(const struct request *request)
{
    const char *expect = request->fields[HEAD_EXPECT];
    bool waits = expect && strcasecmp(expect, "100-continue") == 0;
    return request->malformed || waits || request->declared > request->drop_max;
}

static bool step_head(struct request *request, const struct start_line *line)
{
    request->head_seen = true;
    atomic_fetch_add(&request->server->in_flight, 1);
    if (ready_find(request, line))
        return true;
    guard_head(request, line);
    head_decide(request);
    if (request->refused && answers_at_once(request)) {
        request_move(request, REQUEST_DONE);
        return dress_and_send(request, request->refusal);
    }
    bool has_body = request->declared > 0 || request->chunked;
    connection_deadline(request->connection,
                        has_body ? clock_monotonic_us() + request->server->body_us : 0);
    return true;
}

static bool step_body(struct request *request, const char *data, size_t len)
{
    request->received += len;
    if (!request->refused && request->received > request->body_max)
        request_refuse_body(request);
    if (request->refused)
        return request->received <= request->drop_max;
    if (!request->body.data)
        request->body = buf_make(&request->arena, (request->chunked ? len : request->declared) + 1);
    buf_add(&request->body, data, len);
    return true;
}

static bool step_again(struct request *request)
{
    request_move(request, REQUEST_DONE);
    return ready_send(request);
}

static bool out_of_memory(struct request *request)
{
    log_error(request->call.request_id, "out-of-memory");
    atomic_store(&request->state, REQUEST_DONE);
    request->fields[HEAD_ORIGIN] = NULL;
    struct reply reply = reply_out_of_memory();
    return reply_queue(request, &reply);
}

static bool step(struct request *request, const struct start_line *line, const char *data,
                 size_t len)
{
    if (!request->head_seen)
        return step_head(request, line);
    if (request->ready)
        return step_again(request);
    if (len > 0)
        return step_body(request, data, len);
    return atomic_load(&request->state) == REQUEST_READY ? step_ready(request)
                                                         : step_complete(request);
}

bool request_step(struct request *request, const struct start_line *line, const char *data,
                  size_t len)
{
    jmp_buf landing;
    if (setjmp(landing) != 0)
        return out_of_memory(request);
    request->arena.landing = &landing;
    return step(request, line, data, len);
}
