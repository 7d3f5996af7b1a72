#include "npsd/base/clock.h"
#include "server_internal.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* What the tables of all threads hold stays under a few MiB. */
enum { SETS = 32, WAYS = 4, HEAD_MAX = 2048, BODY_MAX = 16 * 1024, DATE_SIZE = 30 };

static const char REQUEST_ID[] = "X-Request-Id";

struct ready {
    struct MHD_Response *response; /* of this thread alone, as its headers change */
    struct lease *lease;           /* the response's */
    const struct route *route;
    int status;
    /* What the response has of these headers. */
    char request_id[REQUEST_ID_MAX + 1], date[DATE_SIZE];
    int64_t date_s;
    uint64_t hash;
    size_t head_len;
    char head[];
};

/* The head of a request as bytes: the target, then each header but X-Request-Id. */
struct head {
    const char *request_id; /* NULL: not sent */
    size_t len;
    char bytes[HEAD_MAX + sizeof(uint64_t)]; /* with room for the zeros of hash_head */
};

struct ready_table {
    struct ready *sets[SETS][WAYS]; /* a set has those with one hash modulo SETS, latest first */
    struct head head;               /* of the request that is looked at */
};

/* --- the head --- */

static bool add(struct head *head, const char *bytes, size_t len, char end)
{
    if (len >= HEAD_MAX - head->len)
        return false;
    memcpy(head->bytes + head->len, bytes, len);
    head->len += len;
    head->bytes[head->len++] = end;
    return true;
}

/* An id that the long way would not take is the long way's. Names have no colon and values no line
 * end, so no two heads look alike. */
static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct head *head = cls;
    bool added;
    if (name_len != sizeof REQUEST_ID - 1 || strncasecmp(name, REQUEST_ID, name_len) != 0) {
        added = add(head, name, name_len, ':') && add(head, value ? value : "", value_len, '\n');
    } else {
        added = value && guard_is_request_id(value);
        head->request_id = head->request_id ? head->request_id : value;
    }
    head->len = added ? head->len : 0;
    return added ? MHD_YES : MHD_NO;
}

/* False: it is too long, or not for us. */
static bool read_head(struct head *head, const struct request *request)
{
    head->len = 0;
    head->request_id = NULL;
    if (!add(head, request->target, strlen(request->target), '\n'))
        return false;
    MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, add_field, head);
    return head->len > 0;
}

/* For a table that forgets when many collide, so nobody gains by causing it. */
static uint64_t hash_head(struct head *head)
{
    uint64_t hash = head->len;
    memset(head->bytes + head->len, 0, sizeof(uint64_t));
    for (size_t i = 0; i < head->len; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, head->bytes + i, sizeof word);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 32;
    }
    return hash;
}

/* --- the tables --- */

static void table_free(void *cls)
{
    struct ready_table *table = cls;
    for (size_t i = 0; i < SETS * WAYS; i++)
        ready_drop(table->sets[i / WAYS][i % WAYS]);
    free(table);
}

bool ready_open(struct server *server)
{
    return pthread_key_create(&server->ready, table_free) == 0;
}

void ready_close(struct server *server)
{
    pthread_key_delete(server->ready);
}

/* NULL: none was made, or memory is out. */
static struct ready_table *table_of(struct server *server, bool make)
{
    struct ready_table *table = pthread_getspecific(server->ready);
    if (table || !make)
        return table;
    table = calloc(1, sizeof *table);
    if (table && pthread_setspecific(server->ready, table) == 0)
        return table;
    free(table);
    return NULL;
}

void ready_drop(struct ready *ready)
{
    if (!ready)
        return;
    MHD_destroy_response(ready->response);
    free(ready);
}

/* Moves the others of its set on by one, and the last one out. */
static void put(struct ready_table *table, struct ready *ready)
{
    struct ready **set = table->sets[ready->hash % SETS];
    for (size_t i = 0; i < WAYS && ready; i++) {
        struct ready *next = set[i];
        set[i] = ready;
        ready = next;
    }
    ready_drop(ready);
}

static bool is_for(const struct ready *ready, const struct head *head)
{
    return ready->head_len == head->len && memcmp(ready->head, head->bytes, head->len) == 0;
}

static struct ready *take(struct ready_table *table)
{
    struct ready **set = table->sets[hash_head(&table->head) % SETS];
    for (size_t i = 0; i < WAYS; i++) {
        struct ready *ready = set[i];
        if (ready && is_for(ready, &table->head)) {
            set[i] = NULL;
            return ready;
        }
    }
    return NULL;
}

/* --- replies --- */

bool ready_find(struct request *request, const struct start_line *line)
{
    struct server *server = request->server;
    request->plain = strcmp(line->method, "GET") == 0 && strcmp(line->version, "HTTP/1.1") == 0;
    struct ready_table *table = request->plain ? table_of(server, false) : NULL;
    if (!table || atomic_load(&server->draining) || !read_head(&table->head, request) ||
        !layout_is_whole(request, line))
        return false;
    struct ready *ready = take(table);
    if (!ready)
        return false;
    if (!ready->lease->holds(ready->lease, request->call.received_us)) {
        ready_drop(ready);
        return false;
    }
    request->ready = ready;
    request->call.route = ready->route;
    if (table->head.request_id)
        request->call.request_id = table->head.request_id;
    return true;
}

/* libmicrohttpd writes the head of a reply into the connection's own memory before it calls us
 * again, so a reply on its way keeps what it has. */
static bool replace(struct ready *ready, const char *name, char *value, const char *with)
{
    if (*value && MHD_del_response_header(ready->response, name, value) != MHD_YES)
        return false;
    memcpy(value, with, strlen(with) + 1);
    return MHD_add_response_header(ready->response, name, with) == MHD_YES;
}

/* As libmicrohttpd would make it, but once a second. */
static bool set_date(struct ready *ready, int64_t now_us)
{
    time_t now_s = now_us / CLOCK_SECOND_US;
    struct tm parts;
    char text[DATE_SIZE];
    if (ready->date_s == now_s)
        return true;
    ready->date_s = now_s;
    return gmtime_r(&now_s, &parts) &&
           strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0 &&
           replace(ready, "Date", ready->date, text);
}

bool ready_send(struct request *request)
{
    struct ready *ready = request->ready;
    if (!replace(ready, REQUEST_ID, ready->request_id, request->call.request_id) ||
        !set_date(ready, request->call.received_us))
        return false;
    connection_deadline(request->connection, clock_coarse_us() + request->server->reply_us);
    request->status = ready->status;
    bool sent = MHD_queue_response(request->mhd, (unsigned)ready->status, ready->response);
    put(table_of(request->server, false), ready);
    request->ready = NULL;
    return sent;
}

struct lease *ready_lease(struct request *request, const struct reply *reply)
{
    bool fits = reply->lease && (reply->status == 200 || reply->status == 304) &&
                reply->body_len <= BODY_MAX && !reply->close;
    bool whole = request->plain && request->declared == 0 && !request->chunked;
    return fits && whole && table_of(request->server, true)
               ? reply->lease(&request->call, reply->work)
               : NULL;
}

void ready_keep(struct request *request, int status, struct MHD_Response *response,
                struct lease *lease)
{
    struct ready_table *table = table_of(request->server, true);
    struct head *head = &table->head;
    struct ready *ready = read_head(head, request) ? malloc(sizeof *ready + head->len) : NULL;
    if (!ready) {
        MHD_destroy_response(response);
        return;
    }
    *ready = (struct ready){.response = response,
                            .lease = lease,
                            .route = request->route,
                            .status = status,
                            .hash = hash_head(head),
                            .head_len = head->len};
    memcpy(ready->request_id, request->call.request_id, strlen(request->call.request_id) + 1);
    memcpy(ready->head, head->bytes, head->len);
    put(table, ready);
}
