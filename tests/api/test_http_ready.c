/* Replies that are given again to the same head, as long as their lease holds. */
#include "support/edge.h"
#include "unit/suite.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST
#define NUMBER GET("/number")

static struct edge edge; /* only for its client; the app is here */
static struct server_app app;
static _Atomic long handled, leased, ended, observed;
static atomic_bool holds, draws_back;

/* Shared by a call and perhaps a lease. */
struct body {
    atomic_int references;
    char text[];
};

struct own_lease {
    struct lease lease;
    struct body *body;
};

static void body_release(void *closure)
{
    struct body *body = closure;
    if (atomic_fetch_sub(&body->references, 1) == 1)
        free(body);
}

static bool lease_holds(struct lease *lease, int64_t now_us)
{
    ck_assert_int_gt(((struct own_lease *)lease)->body->references, 0);
    ck_assert_int_gt(now_us, 0);
    return holds;
}

static void lease_end(struct lease *lease)
{
    body_release(((struct own_lease *)lease)->body);
    free(lease);
    ended++;
}

static struct lease *make_lease(struct call *call, void *work)
{
    (void)call;
    if (draws_back)
        return NULL;
    atomic_fetch_add(&((struct body *)work)->references, 1);
    struct own_lease *lease = malloc(sizeof *lease);
    *lease = (struct own_lease){{lease_holds, lease_end}, work};
    leased++;
    return &lease->lease;
}

/* "1", "2", ...: how often a handler ran, and after it so many blanks. */
static struct reply number_and_blanks(struct call *call, int blanks, int status)
{
    struct body *body = malloc(sizeof *body + 24 + (size_t)blanks);
    body->references = 1;
    arena_defer(call->arena, body_release, body);
    int len = snprintf(body->text, 24 + (size_t)blanks, "%ld%*s", ++handled, blanks, "");
    struct reply reply = reply_text(status, "text/plain", body->text, (size_t)len);
    reply_header(&reply, "ETag", "\"x\"");
    reply.lease = make_lease;
    reply.work = body;
    return reply;
}

static struct reply number(struct call *call)
{
    return number_and_blanks(call, 0, call_header(call, "If-None-Match") ? 304 : 200);
}

static struct reply large(struct call *call)
{
    return number_and_blanks(call, 16000, 200);
}

static struct reply never_again(struct call *call)
{
    struct reply reply = number(call);
    reply.lease = NULL;
    return reply;
}

static const struct route routes[] = {
    {HTTP_GET, "/number", .listeners = 1, .handle = number},
    {HTTP_GET, "/large", .listeners = 1, .handle = large},
    {HTTP_GET, "/never", .listeners = 1, .handle = never_again},
};

static void observe(const struct call *call, int status, int64_t duration_us)
{
    (void)duration_us;
    if (call->route == &routes[0] && status == 200)
        observed++;
}

/* One thread, so that each connection finds what another one has left. */
static void start(void)
{
    static const struct server_options options = {
        .listen = "127.0.0.1:0", .listener = 1, .threads = 1, .connections = 100};
    app = (struct server_app){.routes = {routes, COUNT_OF(routes)}, .observe = observe};
    handled = leased = ended = observed = 0;
    holds = true;
    draws_back = false;
    edge.server = server_start(&options, &app);
    ck_assert_ptr_nonnull(edge.server);
}

static void stop(void)
{
    ck_assert(server_stop(edge.server));
    ck_assert_int_eq(leased, ended);
}

static struct raw_reply ask(const char *request)
{
    return raw_ask(&edge, request, NULL);
}

static void expect(const char *request, const char *body)
{
    struct raw_reply reply = ask(request);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_msg(strcmp(reply.body, body) == 0, "%s: %s, not %s", request, reply.body, body);
}

START_TEST(the_same_again_while_it_holds)
{
    struct raw_reply first = ask(NUMBER "\r\n");
    for (int i = 0; i < 5; i++) {
        struct raw_reply again = ask(NUMBER "\r\n");
        ck_assert_int_eq(again.status, 200);
        ck_assert_str_eq(again.body, "1");
        static const char *const same[] = {"Content-Type", "ETag", "Content-Length",
                                           "X-Content-Type-Options"};
        for (size_t j = 0; j < COUNT_OF(same); j++) {
            char value[100];
            snprintf(value, sizeof value, "%s", raw_header(&first, same[j]));
            ck_assert_str_eq(raw_header(&again, same[j]), value);
        }
    }
    ck_assert_int_eq(handled, 1);
    ck_assert_int_eq(leased, 1);
    holds = false;
    expect(NUMBER "\r\n", "2");
    expect(NUMBER "\r\n", "3");
    holds = true;
    expect(NUMBER "\r\n", "3");
    ck_assert_int_ge(observed, 8); /* the last one is told after it was read */
}
END_TEST

START_TEST(unchanged_again)
{
    for (int i = 0; i < 3; i++) {
        struct raw_reply reply = ask(NUMBER "If-None-Match: \"x\"\r\n\r\n");
        ck_assert_int_eq(reply.status, 304);
        ck_assert_str_eq(raw_header(&reply, "ETag"), "\"x\"");
    }
    ck_assert_int_eq(handled, 1);
}
END_TEST

/* Each of these is asked for twice, all of them in turn. */
START_TEST(another_head_is_another_question)
{
    static const char *const heads[] = {
        NUMBER "\r\n",
        GET("/number?a") "\r\n",
        GET("/number?b") "\r\n",
        NUMBER "Authorization: a\r\n\r\n",
        NUMBER "Authorization: b\r\n\r\n",
        NUMBER "Authorization: a\r\nAccept: */*\r\n\r\n",
        NUMBER "Accept: */*\r\nAuthorization: a\r\n\r\n",
        NUMBER "Origin: https://a.example\r\n\r\n",
        NUMBER "a: b\r\nc: d\r\n\r\n",
        NUMBER "a: bc: d\r\n\r\n",
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(heads); i++) {
            char body[8];
            snprintf(body, sizeof body, "%zu", i + 1);
            expect(heads[i], body);
        }
    }
}
END_TEST

/* What is refused, or means something else, is so although its like was answered. */
START_TEST(not_for_others)
{
    expect(NUMBER "\r\n", "1");
    expect("GET /number HTTP/1.1\r\nhost: localhost\r\n\r\n", "2");
    ck_assert_int_eq(ask("GET /number HTTP/1.1\r\n\r\n").status, 400);
    ck_assert_int_eq(ask(NUMBER HOST "\r\n").status, 400);
    ck_assert_int_eq(ask(NUMBER "a: \x01\r\n\r\n").status, 400);
    ck_assert_int_eq(ask("POST /number HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n").status, 405);
    struct raw_reply reply = ask("HEAD /number HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_int_eq(reply.status, 200);
    ck_assert_uint_eq(reply.body_len, 0);
    ck_assert_int_eq(ask(NUMBER "Content-Length: 3\r\n\r\nabc").status, 415);
    ck_assert_int_eq(ask(NUMBER "Content-Length: 3\r\n\r\nabc").status, 415);
    reply = ask("GET /number HTTP/1.0\r\n" HOST "\r\n");
    ck_assert_str_eq(reply.body, "4");
    expect(NUMBER "\r\n", "1");
}
END_TEST

static const char *id_of(const char *request)
{
    struct raw_reply reply = ask(request);
    const char *id = raw_header(&reply, "X-Request-Id");
    ck_assert_ptr_nonnull(id);
    const char *second = strcasestr(strcasestr(reply.head, "X-Request-Id") + 1, "X-Request-Id");
    ck_assert_msg(!second, "two ids: %s", reply.head);
    return id;
}

START_TEST(each_has_its_own_id)
{
    char first[80], longest[65], request[200];
    memset(longest, 'x', 64);
    longest[64] = '\0';
    snprintf(first, sizeof first, "%s", id_of(NUMBER "\r\n"));
    ck_assert_str_ne(id_of(NUMBER "\r\n"), first);
    ck_assert_str_eq(id_of(NUMBER "X-Request-Id: a\r\n\r\n"), "a");
    ck_assert_str_eq(id_of("GET /number HTTP/1.1\r\nx-request-id: b.1\r\n" HOST "\r\n"), "b.1");
    snprintf(request, sizeof request, NUMBER "X-Request-Id: %s\r\n\r\n", longest);
    ck_assert_str_eq(id_of(request), longest);
    ck_assert_str_eq(id_of(NUMBER "X-Request-Id: c\r\nX-Request-Id: d\r\n\r\n"), "c");
    ck_assert_int_eq(handled, 1);
    snprintf(request, sizeof request, NUMBER "X-Request-Id: %sy\r\n\r\n", longest);
    ck_assert_ptr_null(strstr(id_of(request), "xxx"));
    ck_assert_str_ne(id_of(NUMBER "X-Request-Id: <a>\r\n\r\n"), "<a>");
    snprintf(first, sizeof first, "%s", id_of(NUMBER "\r\n"));
    ck_assert_str_ne(id_of(NUMBER "\r\n"), first);
}
END_TEST

START_TEST(many_at_once_on_one_connection)
{
    enum { COUNT = 300 };
    int fd = raw_connect(&edge);
    for (int i = 0; i < COUNT; i++) {
        char request[200];
        snprintf(request, sizeof request, NUMBER "X-Request-Id: %d\r\n\r\n", i);
        raw_send(fd, request);
    }
    for (int i = 0; i < COUNT; i++) {
        struct raw_reply reply = raw_read(fd, false);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_str_eq(reply.body, "1");
        ck_assert_int_eq(strtol(raw_header(&reply, "X-Request-Id"), NULL, 10), i);
    }
    close(fd);
    ck_assert_int_eq(handled, 1);
}
END_TEST

/* Replies on their way keep body and lease until they are read. */
START_TEST(replaced_while_it_is_sent)
{
    enum { COUNT = 300 };
    int fd = raw_connect(&edge), small = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < COUNT; i++)
        raw_send(fd, GET("/large") "\r\n");
    usleep(50000);
    holds = false;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(ask(GET("/large") "\r\n").status, 200);
    for (int i = 0; i < COUNT; i++) {
        struct raw_reply reply = raw_read(fd, false);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_int_eq(reply.body[0] >= '1' && reply.body[0] <= '9', 1);
    }
    close(fd);
}
END_TEST

START_TEST(bounded)
{
    char request[8200];
    for (int i = 0; i < 2000; i++) {
        snprintf(request, sizeof request, GET("/number?%d") "\r\n", i);
        ck_assert_int_eq(ask(request).status, 200);
    }
    ck_assert_int_eq(handled, 2000);
    ck_assert_int_le(leased - ended, 129); /* the last one may still be under way */
    long before = handled;
    for (int i = 0; i < 2; i++) { /* too long a head */
        snprintf(request, sizeof request, NUMBER "a: %03000d\r\n\r\n", 0);
        ck_assert_int_eq(ask(request).status, 200);
        ck_assert_int_eq(ask(GET("/never") "\r\n").status, 200);
    }
    ck_assert_int_eq(handled, before + 4);
    draws_back = true;
    ck_assert_int_eq(ask(GET("/never?2") "\r\n").status, 200);
}
END_TEST

START_TEST(not_when_draining)
{
    int fd = raw_connect(&edge);
    for (int i = 0; i < 2; i++) {
        raw_send(fd, NUMBER "\r\n");
        ck_assert_str_eq(raw_read(fd, false).body, "1");
    }
    server_drain(edge.server);
    raw_send(fd, NUMBER "\r\n");
    ck_assert_int_eq(raw_read(fd, false).status, 503);
    ck_assert(raw_is_closed(fd));
    close(fd);
}
END_TEST

/* It is not the date of the first time. */
START_TEST(dated_when_sent)
{
    struct raw_reply reply = ask(NUMBER "\r\n");
    char first[40];
    snprintf(first, sizeof first, "%s", raw_header(&reply, "Date"));
    for (int i = 0; i < 12; i++) {
        usleep(100000);
        reply = ask(NUMBER "\r\n");
        const char *date = raw_header(&reply, "Date");
        ck_assert_uint_eq(strlen(date), strlen(first));
        ck_assert_str_eq(strstr(date, " GMT"), " GMT");
        ck_assert_ptr_null(strstr(strstr(reply.head, "Date: ") + 1, "Date: "));
    }
    ck_assert_str_ne(raw_header(&reply, "Date"), first);
    ck_assert_int_eq(handled, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_same_again_while_it_holds,
        unchanged_again,
        another_head_is_another_question,
        not_for_others,
        each_has_its_own_id,
        many_at_once_on_one_connection,
        replaced_while_it_is_sent,
        bounded,
        not_when_draining,
        dated_when_sent,
    };
    return suite_run_checked("http_ready", start, stop, tests, COUNT_OF(tests));
}
