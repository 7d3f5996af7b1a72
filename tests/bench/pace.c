/*
 * A paced load: so many answers and so many polls a second, whatever the daemon makes of it.
 * Requests are due at fixed times; one that has to wait for a connection is late, and its time
 * counts from when it was due. Each poll is held against what was acknowledged before it began and
 * sent before it ended.
 *
 *     pace HOST:PORT KEY SURVEY BASE SECONDS POSTS CONNECTIONS POLLS CONNECTIONS [IDS]
 *
 * POSTS and POLLS are a second, each over so many connections; BASE is how many answers there are
 * already. Polls ask for all time, with the ETag that their connection saw last. Prints one line of
 * numbers: seconds, answers acknowledged, replies 200 and 304, refusals, lost connections, polls
 * that showed too few answers, too many, fewer than before; p50, p99 and most of POSTs, then of
 * polls, in microseconds; answers acknowledged by 202, which are in none of the numbers before.
 * IDS is a file for the ids of all acknowledged answers, one a line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 1024, REPLY_MAX = 8192, ETAG_MAX = 64, EVENTS = 512 };
enum { PREPARED = 64, LAST_REPLIES_US = 10000000, NAP_MIN_US = 100, NAP_MAX_US = 1000 };

enum kind { POSTS, POLLS, KINDS };

struct connection {
    int fd;
    enum kind kind;
    int64_t due_us;
    int64_t acked_before; /* of a poll: when it began */
    int64_t shown;        /* by its last 200 */
    char etag[ETAG_MAX];  /* of it; "": none */
    char reply[REPLY_MAX + 1];
    size_t len;
};

/* Requests of one kind. Idle connections wait in a ring, so that all have their turn. */
struct stream {
    int64_t rate, due, sent, done, capacity;
    struct connection **idle;
    size_t connections, first, idle_count;
    uint32_t *latency_us;
};

struct run {
    struct stream stream[KINDS];
    const char *host, *survey;
    char key[REQUEST_MAX / 4];
    char *posts[PREPARED];
    int epoll;
    int64_t base, began_us, seconds;
    int64_t acked, spooled, fresh, unchanged, refused, lost, too_few, too_many, fewer;
    FILE *ids; /* NULL: nobody asks for them */
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void fail(const char *what)
{
    fprintf(stderr, "pace: %s: %s\n", what, strerrordesc_np(errno));
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory)
        fail("memory");
    return memory;
}

/* --- requests --- */

static char *make_post(const struct run *run, int n)
{
    static const char *const branches[] = {"north", "south", "east", "west", "centre"};
    char *text = allocate(REQUEST_MAX, 1), body[128];

    snprintf(body, sizeof(body), "{\"score\":%d,\"properties\":{\"branch\":\"%s\"}}", n * 7 % 11,
             branches[n % 5]);
    snprintf(text, REQUEST_MAX,
             "POST /v1/surveys/%s/responses HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             run->survey, run->host, run->key, strlen(body), body);
    return text;
}

static void make_poll(const struct run *run, const struct connection *connection, char *text)
{
    bool known = connection->etag[0] != '\0';

    snprintf(text, REQUEST_MAX,
             "GET /v1/surveys/%s/nps?period=all HTTP/1.1\r\nHost: %s\r\n"
             "Authorization: Bearer %s\r\n%s%s%s\r\n",
             run->survey, run->host, run->key, known ? "If-None-Match: " : "", connection->etag,
             known ? "\r\n" : "");
}

/* --- connections --- */

static void put_idle(struct stream *stream, struct connection *connection)
{
    size_t at = (stream->first + stream->idle_count++) % stream->connections;
    stream->idle[at] = connection;
}

static struct connection *take_idle(struct stream *stream)
{
    struct connection *connection = stream->idle[stream->first];
    stream->first = (stream->first + 1) % stream->connections;
    stream->idle_count--;
    return connection;
}

static struct sockaddr_in parse_address(const char *host)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    char name[64];
    const char *colon = strchr(host, ':');

    if (colon && (size_t)(colon - host) < sizeof(name)) {
        snprintf(name, sizeof(name), "%.*s", (int)(colon - host), host);
        at.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    }
    if (at.sin_port == 0 || inet_pton(AF_INET, name, &at.sin_addr) != 1) {
        fprintf(stderr, "pace: not an address: %s\n", host);
        exit(2);
    }
    return at;
}

static void open_connections(struct run *run, enum kind kind)
{
    struct sockaddr_in at = parse_address(run->host);
    struct stream *stream = &run->stream[kind];

    stream->idle = allocate(stream->connections, sizeof(struct connection *));
    for (size_t i = 0; i < stream->connections; i++) {
        struct connection *connection = allocate(1, sizeof(*connection));
        connection->kind = kind;
        connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
            fail("connect");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
            fail("epoll");
        put_idle(stream, connection);
    }
}

static void lose(struct run *run, struct connection *connection)
{
    run->lost++;
    close(connection->fd);
}

/* A request fits the socket's buffer, so it is written at once. */
static void start_request(struct run *run, struct connection *connection, int64_t due_us)
{
    struct stream *stream = &run->stream[connection->kind];
    char poll_text[REQUEST_MAX];
    const char *text = poll_text;

    connection->due_us = due_us;
    connection->len = 0;
    connection->acked_before = run->acked;
    if (connection->kind == POLLS)
        make_poll(run, connection, poll_text);
    else
        text = run->posts[stream->sent % PREPARED];
    stream->sent++;
    size_t len = strlen(text);
    if (send(connection->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len)
        lose(run, connection);
}

/* --- replies --- */

/* The value of a header in the head of a reply; NULL: it is not there. */
static const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    return at ? at + strlen(name) : NULL;
}

/* Whether all of a reply has come: *ret_body is where its body begins. */
static bool is_whole(const struct connection *connection, int status, const char **ret_body)
{
    const char *end = strstr(connection->reply, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = header(connection->reply, "\r\nContent-Length: ");
    size_t expected = status != 304 && length ? strtoul(length, NULL, 10) : 0;
    *ret_body = end + 4;
    return connection->len >= (size_t)(end + 4 - connection->reply) + expected;
}

static void judge_poll(struct run *run, struct connection *connection, int64_t shown)
{
    run->too_few += shown < run->base + connection->acked_before;
    run->too_many += shown > run->base + run->stream[POSTS].sent;
    run->fewer += shown < connection->shown;
    connection->shown = shown;
}

static void take_fresh(struct run *run, struct connection *connection, const char *body)
{
    static const char field[] = "\"responses\":";
    const char *etag = header(connection->reply, "\r\nETag: ");
    const char *shown = strstr(body, field);

    run->fresh++;
    if (!shown || !etag) {
        run->refused++;
        return;
    }
    snprintf(connection->etag, sizeof(connection->etag), "%.*s", (int)strcspn(etag, "\r"), etag);
    judge_poll(run, connection, strtoll(shown + strlen(field), NULL, 10));
}

static void note_id(struct run *run, const char *body)
{
    static const char field[] = "\"id\":\"";
    const char *at = run->ids ? strstr(body, field) : NULL;

    if (at)
        fprintf(run->ids, "%.36s\n", at + strlen(field));
}

static void take_reply(struct run *run, struct connection *connection, int status, const char *body)
{
    struct stream *stream = &run->stream[connection->kind];

    if (stream->done < stream->capacity)
        stream->latency_us[stream->done++] = (uint32_t)(now_us() - connection->due_us);
    if (connection->kind == POSTS && (status == 201 || status == 202)) {
        *(status == 201 ? &run->acked : &run->spooled) += 1;
        note_id(run, body);
    } else if (connection->kind == POLLS && status == 200) {
        take_fresh(run, connection, body);
    } else if (connection->kind == POLLS && status == 304) {
        run->unchanged++;
        judge_poll(run, connection, connection->shown);
    } else {
        run->refused++;
    }
    put_idle(stream, connection);
}

static void receive(struct run *run, struct connection *connection)
{
    const char *body;
    ssize_t got = recv(connection->fd, connection->reply + connection->len,
                       REPLY_MAX - connection->len, MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            lose(run, connection);
        return;
    }
    connection->len += (size_t)got;
    connection->reply[connection->len] = '\0';
    int status = connection->len > 12 ? (int)strtol(connection->reply + 9, NULL, 10) : 0;
    if (is_whole(connection, status, &body))
        take_reply(run, connection, status, body);
    else if (connection->len == REPLY_MAX)
        lose(run, connection);
}

/* --- the run --- */

static int64_t due_at_us(const struct run *run, const struct stream *stream, int64_t n)
{
    return run->began_us + n * 1000000 / stream->rate;
}

static void send_due(struct run *run, struct stream *stream)
{
    int64_t now = now_us();

    while (stream->rate > 0 && stream->due < stream->capacity && stream->idle_count > 0 &&
           due_at_us(run, stream, stream->due) <= now) {
        start_request(run, take_idle(stream), due_at_us(run, stream, stream->due));
        stream->due++;
    }
}

/* Until the next request is due. */
static int64_t nap_us(const struct run *run)
{
    int64_t least = NAP_MAX_US, now = now_us();

    for (int k = 0; k < KINDS; k++) {
        const struct stream *stream = &run->stream[k];
        if (stream->rate == 0 || stream->due >= stream->capacity || stream->idle_count == 0)
            continue;
        int64_t left = due_at_us(run, stream, stream->due) - now;
        if (left < least)
            least = left;
    }
    return least < NAP_MIN_US ? NAP_MIN_US : least;
}

static bool is_over(const struct run *run)
{
    const struct stream *posts = &run->stream[POSTS], *polls = &run->stream[POLLS];
    bool answered = posts->done + polls->done + run->lost >= posts->capacity + polls->capacity;
    return answered || now_us() > run->began_us + run->seconds * 1000000 + LAST_REPLIES_US;
}

static void keep_pace(struct run *run)
{
    struct epoll_event events[EVENTS];

    run->began_us = now_us();
    while (!is_over(run)) {
        send_due(run, &run->stream[POLLS]);
        send_due(run, &run->stream[POSTS]);
        const struct timespec nap = {.tv_nsec = nap_us(run) * 1000};
        int count = epoll_pwait2(run->epoll, events, EVENTS, &nap, NULL);
        for (int i = 0; i < count; i++)
            receive(run, events[i].data.ptr);
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_latencies(struct stream *stream)
{
    const uint32_t *sorted = stream->latency_us;
    size_t count = (size_t)stream->done;

    qsort(stream->latency_us, count, sizeof(*sorted), compare);
    printf(" %u %u %u", sorted[count / 2], sorted[count * 99 / 100], count ? sorted[count - 1] : 0);
}

static void print_result(struct run *run)
{
    printf("result %.2f %lld %lld %lld %lld %lld %lld %lld %lld",
           (double)(now_us() - run->began_us) / 1000000, (long long)run->acked,
           (long long)run->fresh, (long long)run->unchanged, (long long)run->refused,
           (long long)run->lost, (long long)run->too_few, (long long)run->too_many,
           (long long)run->fewer);
    print_latencies(&run->stream[POSTS]);
    print_latencies(&run->stream[POLLS]);
    printf(" %lld\n", (long long)run->spooled);
}

static void read_key(struct run *run, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file || !fgets(run->key, sizeof(run->key), file))
        fail(path);
    run->key[strcspn(run->key, "\n")] = '\0';
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 10 || argc > 11) {
        fputs("usage: pace HOST:PORT KEY SURVEY BASE SECONDS POSTS CONNECTIONS POLLS CONNECTIONS"
              " [IDS]\n",
              stderr);
        return 2;
    }
    struct run run = {.host = argv[1],
                      .survey = argv[3],
                      .base = strtoll(argv[4], NULL, 10),
                      .seconds = strtoll(argv[5], NULL, 10),
                      .epoll = epoll_create1(EPOLL_CLOEXEC),
                      .ids = argc > 10 ? fopen(argv[10], "we") : NULL};
    if (argc > 10 && !run.ids)
        fail(argv[10]);
    read_key(&run, argv[2]);
    for (int n = 0; n < PREPARED; n++)
        run.posts[n] = make_post(&run, n);
    for (int k = 0; k < KINDS; k++) {
        struct stream *stream = &run.stream[k];
        stream->rate = strtoll(argv[6 + 2 * k], NULL, 10);
        stream->connections = strtoul(argv[7 + 2 * k], NULL, 10);
        stream->capacity = stream->rate * run.seconds;
        stream->latency_us = allocate((size_t)stream->capacity, sizeof(uint32_t));
        open_connections(&run, (enum kind)k);
    }
    keep_pace(&run);
    print_result(&run);
    if (run.ids && fclose(run.ids) != 0)
        fail("ids");
    return run.refused + run.lost == 0 ? 0 : 1;
}
