/* The edge against bytes as they come: what HTTP demands, what it forbids, and the shapes of our
 * refusals. */
#include "support/edge.h"
#include "unit/suite.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\n" HOST JSON
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST

static struct edge edge;

static struct raw_reply ask(const char *request)
{
    return raw_ask(&edge, request, NULL);
}

static void check_problem(const struct raw_reply *reply, int status, const char *slug)
{
    ck_assert_int_eq(reply->status, status);
    ck_assert_str_eq(raw_header(reply, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(raw_header(reply, "Cache-Control"), "no-store");
    json_t *body = json_loadb(reply->body, reply->body_len, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(body);
    const char *type = json_string_value(json_object_get(body, "type"));
    ck_assert_str_eq(type + strlen("/problems/"), slug);
    ck_assert_int_eq(json_integer_value(json_object_get(body, "status")), status);
    ck_assert_str_eq(json_string_value(json_object_get(body, "instance")),
                     raw_header(reply, "X-Request-Id"));
    json_decref(body);
}

/* Framing and heads that must not be trusted: refused, and the connection ended. The names are
 * those of Http11Probe. */
START_TEST(refused_and_closed)
{
    static const struct {
        const char *name, *request;
        int status, or_status;
    } cases[] = {
        {"DUPLICATE-CL", POST("/echo") "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, 0},
        {"DUPLICATE-CL other", POST("/echo") "Content-Length: 2\r\ncontent-length: 3\r\n\r\n{}",
         400, 0},
        {"CL-COMMA-DIFFERENT", POST("/echo") "Content-Length: 2, 3\r\n\r\n{}", 400, 0},
        {"CL-COMMA-SAME", POST("/echo") "Content-Length: 2,2\r\n\r\n{}", 400, 0},
        {"CL-NEGATIVE", POST("/echo") "Content-Length: -2\r\n\r\n{}", 400, 0},
        {"CL-PLUS", POST("/echo") "Content-Length: +2\r\n\r\n{}", 400, 0},
        {"CL-HEX", POST("/echo") "Content-Length: 0x2\r\n\r\n{}", 400, 0},
        {"CL-INTERNAL-SPACE", POST("/echo") "Content-Length: 1 2\r\n\r\n{}", 400, 0},
        {"CL-EMPTY", POST("/echo") "Content-Length: \r\n\r\n", 400, 0},
        {"CL-HUGE", POST("/echo") "Content-Length: 99999999999999999999\r\n\r\n{}", 400, 413},
        {"CL-TE-BOTH",
         POST(
             "/echo") "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         400, 0},
        {"TE-CL-BOTH",
         POST(
             "/echo") "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         400, 0},
        {"TE-XCHUNKED", POST("/echo") "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         400, 0},
        {"TE-IDENTITY", POST("/echo") "Transfer-Encoding: identity\r\n\r\n{}", 400, 0},
        {"TE-EMPTY-VALUE", POST("/echo") "Transfer-Encoding:\r\n\r\n{}", 400, 0},
        {"TE-DUPLICATE-HEADERS",
         POST("/echo") "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400, 0},
        {"TE-NOT-FINAL-CHUNKED", POST("/echo") "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
         400, 0},
        {"TE-GZIP-CHUNKED", POST("/echo") "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400,
         0},
        {"TE-SP-BEFORE-COLON", POST("/echo") "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400,
         0},
        {"TE-VTAB", POST("/echo") "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400, 0},
        {"TE-FORMFEED", POST("/echo") "Transfer-Encoding: \fchunked\r\n\r\n0\r\n\r\n", 400, 0},
        {"TE-HTTP10",
         "POST /echo HTTP/1.0\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 0},
        {"CHUNK-HEX-PREFIX",
         POST("/echo") "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400, 0},
        {"CHUNK-NEGATIVE", POST("/echo") "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
         400, 0},
        {"CHUNK-SPILL", POST("/echo") "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
         400, 0},
        {"CHUNK-MISSING-TRAILING-CRLF",
         POST("/echo") "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", 400, 0},
        {"SP-BEFORE-COLON", POST("/echo") "Content-Length : 2\r\n\r\n{}", 400, 0},
        {"TAB-BEFORE-COLON", GET("/hello") "X-A\t: b\r\n\r\n", 400, 0},
        {"HEADER-NAME-PAREN", GET("/hello") "X(A): b\r\n\r\n", 400, 0},
        {"HEADER-NAME-UTF8", GET("/hello") "X-\xC3\xA9: b\r\n\r\n", 400, 0},
        {"HEADER-VALUE-CONTROL", GET("/hello") "X-A: a\x01z\r\n\r\n", 400, 0},
        {"HEADER-VALUE-DEL", GET("/hello") "X-A: a\x7Fz\r\n\r\n", 400, 0},
        {"HEADER-VALUE-CR", GET("/hello") "X-A: a\rX-B: c\r\n\r\n", 400, 0},
        {"DUPLICATE-HOST", "GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400, 0},
        {"DUPLICATE-AUTHORIZATION", GET("/hello") "Authorization: a\r\nAuthorization: b\r\n\r\n",
         400, 0},
        {"DUPLICATE-TYPE", POST("/echo") JSON "Content-Length: 2\r\n\r\n{}", 400, 0},
        {"MISSING-HOST", "GET /hello HTTP/1.1\r\n\r\n", 400, 0},
        {"NO-LENGTH", POST("/echo") "\r\n", 411, 0},
        {"OBS-FOLD CL", POST("/echo") "X-A: b\r\n Content-Length: 2\r\n\r\n{}", 400, 411},
        {"ASTERISK-WITH-GET", "GET * HTTP/1.1\r\n" HOST "\r\n", 400, 0},
        {"TARGET-NUL", GET("/hello%00") "\r\n", 400, 0},
        {"TARGET-SLASH", GET("/things/a%2fb") "\r\n", 400, 0},
        {"TARGET-BACKSLASH", GET("/things/a%5Cb") "\r\n", 400, 0},
        {"TARGET-BARE-BACKSLASH", GET("/things/a\\b") "\r\n", 400, 0},
        {"TARGET-ESCAPED-LF", GET("/things/a%0ab") "\r\n", 400, 0},
        {"TARGET-BAD-ESCAPE", GET("/things/a%zz") "\r\n", 400, 0},
        {"TARGET-HALF-ESCAPE", GET("/things/a%4") "\r\n", 400, 0},
        {"TARGET-NOT-UTF8", GET("/things/%ff") "\r\n", 400, 0},
        {"TARGET-HIGH-BYTE", GET("/things/\xC3\xA9") "\r\n", 400, 0},
        {"TARGET-CONTROL", GET("/things/a\x01") "\r\n", 400, 0},
        {"TARGET-FRAGMENT", GET("/hello#x") "\r\n", 400, 0},
        {"TARGET-SPACE", GET("/hello x") "\r\n", 400, 0},
        {"TARGET-RELATIVE", GET("hello") "\r\n", 400, 0},
        {"TARGET-AUTHORITY", "CONNECT localhost:80 HTTP/1.1\r\n" HOST "\r\n", 400, 0},
        {"VERSION-2", "GET /hello HTTP/2.0\r\n" HOST "\r\n", 505, 0},
        {"VERSION-JUNK", "GET /hello HTTP/x\r\n" HOST "\r\n", 400, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool closed = false;
        struct raw_reply reply = raw_ask(&edge, cases[i].request, &closed);
        ck_assert_msg(reply.status == cases[i].status || reply.status == cases[i].or_status,
                      "%s: %d", cases[i].name, reply.status);
        ck_assert_msg(closed, "%s: still open", cases[i].name);
        ck_assert_msg(raw_header(&reply, "Connection"), "%s: no Connection", cases[i].name);
    }
}
END_TEST

START_TEST(taken)
{
    static const struct {
        const char *name, *request;
        int status;
        const char *body;
        bool closed;
    } cases[] = {
        {"plain", GET("/hello") "\r\n", 200, "hello", false},
        {"absolute", GET("http://localhost/hello") "\r\n", 200, "hello", false},
        {"absolute, query", GET("HTTP://x.example/query?a=1") "\r\n", 200, "a=1;", false},
        {"escaped", GET("/h%65llo") "\r\n", 200, "hello", false},
        {"parameter", GET("/things/%D0%BC%20x") "\r\n", 200, "м x", false},
        {"body", POST("/echo") "Content-Length: 2\r\n\r\n{}", 200, "{}", false},
        {"chunked", POST("/echo") "Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
         200, "{}", true},
        {"trailers",
         POST("/echo") "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n", 200,
         "{}", true},
        {"empty body", POST("/echo") "Content-Length: 0\r\n\r\n", 200, "", false},
        {"tab in value", GET("/hello") "X-A: a\tb\r\n\r\n", 200, "hello", false},
        {"high bytes in value", GET("/hello") "X-A: \xC3\xA9\r\n\r\n", 200, "hello", false},
        {"close", GET("/hello") "Connection: close\r\n\r\n", 200, "hello", true},
        {"1.0", "GET /hello HTTP/1.0\r\n\r\n", 200, "hello", true},
        {"1.0 keep", "GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, "hello", false},
        {"1.0 expect",
         "POST /echo HTTP/1.0\r\n" JSON "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 200,
         "{}", true},
        {"delete", "DELETE /things/1 HTTP/1.1\r\n" HOST "\r\n", 204, "", false},
        {"delete, empty body", "DELETE /things/1 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
         204, "", false},
        {"later", POST("/later") "Content-Length: 2\r\n\r\n[]", 201, "[]", false},
        {"later chunked", POST("/later") "Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
         201, "[]", true},
        {"worker", POST("/worker") "Content-Length: 3\r\n\r\n[1]", 201, "[1]", false},
        {"worker, later", POST("/worker-later") "Content-Length: 3\r\n\r\n[2]", 201, "[2]", false},
        {"asked", POST("/asked") "Authorization: yes\r\nContent-Length: 2\r\n\r\n{}", 201, "{}",
         false},
        {"admitted", GET("/private") "Authorization: yes\r\n\r\n", 200, "hello", false},
        {"form",
         "POST /form HTTP/1.1\r\n" HOST
         "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=1",
         200, "a=1", false},
        {"charset",
         "POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: Application/JSON ; charset=\"UTF-8\"; x=y\r\nContent-Length: 2\r\n\r\n{}",
         200, "{}", false},
        {"ndjson",
         "POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/x-ndjson\r\nContent-Length: 2\r\n\r\n{}",
         200, "{}", false},
        {"query", GET("/query?a=1&b=%26+x&&c") "\r\n", 200, "a=1;b=& x;c=;", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool closed = false;
        struct raw_reply reply = raw_ask(&edge, cases[i].request, &closed);
        ck_assert_msg(reply.status == cases[i].status, "%s: %d", cases[i].name, reply.status);
        ck_assert_msg(strcmp(reply.body, cases[i].body) == 0, "%s: %s", cases[i].name, reply.body);
        ck_assert_msg(closed == cases[i].closed, "%s: closed %d", cases[i].name, closed);
    }
}
END_TEST

START_TEST(refusals_have_their_shape)
{
    static const struct {
        const char *request;
        int status;
        const char *slug, *header, *value;
    } cases[] = {
        {GET("/nowhere") "\r\n", 404, "not-found", NULL, NULL},
        {GET("/hello/") "\r\n", 404, "not-found", NULL, NULL},
        {"BREW /nowhere HTTP/1.1\r\n" HOST "\r\n", 404, "not-found", NULL, NULL},
        {POST("/hello") "Content-Length: 2\r\n\r\n{}", 405, "method-not-allowed", "Allow",
         "GET, HEAD, OPTIONS"},
        {"PUT /things/1 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405, "method-not-allowed",
         "Allow", "GET, HEAD, DELETE, OPTIONS"},
        {"TRACE /hello HTTP/1.1\r\n" HOST "\r\n", 405, "method-not-allowed", "Allow",
         "GET, HEAD, OPTIONS"},
        {"get /hello HTTP/1.1\r\n" HOST "\r\n", 405, "method-not-allowed", NULL, NULL},
        {GET("/private") "\r\n", 401, "unauthorized", "WWW-Authenticate", "Bearer realm=\"npsd\""},
        {GET("/private?a=%") "\r\n", 401, "unauthorized", NULL, NULL},
        {POST("/asked") "Content-Length: 2\r\n\r\n{}", 401, "unauthorized", NULL, NULL},
        {"POST /asked HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
         401, "unauthorized", NULL, NULL},
        {"POST /asked HTTP/1.1\r\n" HOST
         "Authorization: yes\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
         415, "unsupported-media-type", NULL, NULL},
        {POST("/echo") "\r\n", 411, "length-required", NULL, NULL},
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 415,
         "unsupported-media-type", "Accept", "application/json, application/x-ndjson"},
        {"POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2\r\n\r\n{}",
         415, "unsupported-media-type", "Accept", "application/json, application/x-ndjson"},
        {"POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/json; charset=latin1\r\nContent-Length: 2\r\n\r\n{}",
         415, "unsupported-media-type", NULL, NULL},
        {"POST /echo HTTP/1.1\r\n" HOST
         "Content-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}",
         415, "unsupported-media-type", NULL, NULL},
        {POST("/form") "Content-Length: 2\r\n\r\n{}", 415, "unsupported-media-type", "Accept",
         "application/x-www-form-urlencoded"},
        {"DELETE /things/1 HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}", 415,
         "unsupported-media-type", NULL, NULL},
        {"DELETE /things/1 HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         415, "unsupported-media-type", NULL, NULL},
        {GET("/query?a=%") "\r\n", 400, "bad-query", NULL, NULL},
        {GET("/query?a=%00") "\r\n", 400, "bad-query", NULL, NULL},
        {GET("/query?a=%ff") "\r\n", 400, "bad-query", NULL, NULL},
        {GET("/query?a=1&b=2&%61=3") "\r\n", 400, "bad-query", NULL, NULL},
        {POST("/start-fails") "Content-Length: 2\r\n\r\n{}", 503, "overloaded", "Retry-After", "1"},
        {POST("/worker-start-fails") "Content-Length: 2\r\n\r\n{}", 503, "overloaded",
         "Retry-After", "1"},
        {GET("/torn-header") "\r\n", 500, "internal", NULL, NULL},
        {GET("/hello%00") "\r\n", 400, "bad-request", "Connection", "close"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct raw_reply reply = ask(cases[i].request);
        check_problem(&reply, cases[i].status, cases[i].slug);
        ck_assert_ptr_null(strstr(reply.head, "X-Injected"));
        if (cases[i].header)
            ck_assert_str_eq(raw_header(&reply, cases[i].header), cases[i].value);
    }
    struct raw_reply reply = ask(GET("/query?a=1&b=2&%61=3") "\r\n");
    ck_assert_ptr_nonnull(strstr(reply.body, "\"errors\":[{\"parameter\":\"a\",\"detail\":"));
}
END_TEST

START_TEST(request_ids)
{
    struct raw_reply reply = ask(GET("/hello") "X-Request-Id: My_id.7-x\r\n\r\n");
    ck_assert_str_eq(raw_header(&reply, "X-Request-Id"), "My_id.7-x");
    static const char *const wrong[] = {
        GET("/hello") "\r\n",
        GET("/hello") "X-Request-Id:\r\n\r\n",
        GET("/hello") "X-Request-Id: a b\r\n\r\n",
        GET("/hello") "X-Request-Id: <script>\r\n\r\n",
        GET("/hello") "X-Request-Id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "a\r\n\r\n",
    };
    char last[128] = "";
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        reply = ask(wrong[i]);
        const char *id = raw_header(&reply, "X-Request-Id");
        ck_assert_uint_eq(strlen(id), 17);
        ck_assert_uint_eq(strspn(id, "0123456789abcdef-"), 17);
        ck_assert_str_ne(id, last);
        snprintf(last, sizeof last, "%s", id);
    }
}
END_TEST

START_TEST(reply_headers)
{
    struct raw_reply reply = ask(POST("/echo") "Content-Length: 2\r\n\r\n{}");
    ck_assert_str_eq(raw_header(&reply, "X-Content-Type-Options"), "nosniff");
    ck_assert_str_eq(raw_header(&reply, "Content-Security-Policy"),
                     "default-src 'none'; frame-ancestors 'none'");
    ck_assert_ptr_nonnull(raw_header(&reply, "Date"));
    ck_assert_ptr_null(raw_header(&reply, "Server"));
    ck_assert_ptr_null(raw_header(&reply, "Access-Control-Allow-Origin"));
    reply = ask("DELETE /things/1 HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_ptr_null(raw_header(&reply, "Content-Length"));
    ck_assert_ptr_null(raw_header(&reply, "Content-Type"));
}
END_TEST

START_TEST(head_has_no_body)
{
    int fd = raw_connect(&edge);
    raw_send(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n" GET("/things/7") "\r\n");
    struct raw_reply reply = raw_read(fd, true);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(raw_header(&reply, "Content-Length"), "5");
    reply = raw_read(fd, false);
    ck_assert_str_eq(reply.body, "7");
    close(fd);
    reply = ask("HEAD /nowhere HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_int_eq(reply.status, 404);
}
END_TEST

START_TEST(options)
{
    struct raw_reply reply = ask("OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_int_eq(reply.status, 204);
    reply = ask("OPTIONS /things/1 HTTP/1.1\r\n" HOST "\r\n");
    ck_assert_int_eq(reply.status, 204);
    ck_assert_str_eq(raw_header(&reply, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    ck_assert_ptr_null(raw_header(&reply, "Access-Control-Allow-Methods"));
    reply = ask("OPTIONS /nowhere HTTP/1.1\r\n" HOST "\r\n");
    check_problem(&reply, 404, "not-found");
}
END_TEST

START_TEST(cors)
{
    struct raw_reply reply =
        ask("OPTIONS /echo HTTP/1.1\r\n" HOST
            "Origin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n"
            "Access-Control-Request-Headers: content-type\r\n\r\n");
    ck_assert_int_eq(reply.status, 204);
    ck_assert_str_eq(raw_header(&reply, "Access-Control-Allow-Origin"), "*");
    ck_assert_str_eq(raw_header(&reply, "Access-Control-Allow-Methods"), "POST, OPTIONS");
    ck_assert_ptr_nonnull(
        strstr(raw_header(&reply, "Access-Control-Allow-Headers"), "idempotency-key"));
    ck_assert_str_eq(raw_header(&reply, "Access-Control-Max-Age"), "7200");
    ck_assert_str_eq(raw_header(&reply, "Vary"), "Origin");
    reply = ask("OPTIONS /private HTTP/1.1\r\n" HOST
                "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n\r\n");
    ck_assert_int_eq(reply.status, 204);
    ck_assert_ptr_null(raw_header(&reply, "Access-Control-Allow-Origin"));
    reply = ask(GET("/hello") "Origin: https://a.example\r\n\r\n");
    ck_assert_str_eq(raw_header(&reply, "Access-Control-Allow-Origin"), "*");
    ck_assert_str_eq(raw_header(&reply, "Access-Control-Expose-Headers"),
                     "Location, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, "
                     "Idempotent-Replayed");
    reply = ask(GET("/private") "Origin: https://a.example\r\n\r\n");
    ck_assert_ptr_null(raw_header(&reply, "Access-Control-Allow-Origin"));
}
END_TEST

static void setup(void)
{
    edge_start(&edge, NULL);
}

static void teardown(void)
{
    edge_stop(&edge);
}

int main(void)
{
    const TTest *const tests[] = {
        refused_and_closed, taken,   refusals_have_their_shape, request_ids,
        reply_headers,      options, head_has_no_body,          cors,
    };
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("http");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
