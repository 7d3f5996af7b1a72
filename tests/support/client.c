#include "support/client.h"
#include "support/text.h"
#include <check.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_SECONDS = 30, CONNECTIONS_MAX = 64 };

static char base[64];
static CURL *easy; /* of this process only */
static pid_t easy_owner;
static struct reply *replies;

void client_use(const char *url)
{
    snprintf(base, sizeof(base), "%s", url);
}

/* --- one transfer --- */

struct transfer {
    CURL *curl;
    struct curl_slist *headers;
    struct reply *reply;
    size_t number;
};

static void append(char **bytes, size_t *size, const char *more, size_t count)
{
    char *grown = realloc(*bytes, *size + count + 1);
    ck_assert_ptr_nonnull(grown);
    memcpy(grown + *size, more, count);
    *size += count;
    grown[*size] = '\0';
    *bytes = grown;
}

static size_t take_head(char *bytes, size_t size, size_t count, void *closure)
{
    struct reply *reply = closure;
    if (size * count > 5 && memcmp(bytes, "HTTP/", 5) == 0)
        reply->head_size = 0;
    append(&reply->head, &reply->head_size, bytes, size * count);
    return size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *closure)
{
    struct reply *reply = closure;
    append(&reply->body, &reply->size, bytes, size * count);
    return size * count;
}

static struct reply *reply_new(const struct request *request, const char *method)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    ck_assert_ptr_nonnull(reply);
    snprintf(reply->request, sizeof(reply->request), "%s %.90s %.50s", method, request->path,
             request->body ? request->body : "");
    append(&reply->head, &reply->head_size, "", 0);
    append(&reply->body, &reply->size, "", 0);
    return reply;
}

static void reply_free(struct reply *reply)
{
    json_decref(reply->json);
    free(reply->head);
    free(reply->body);
    free(reply);
}

static void add_header(struct transfer *transfer, const char *header)
{
    transfer->headers = curl_slist_append(transfer->headers, header);
}

static void add_headers(struct transfer *transfer, const struct request *request)
{
    char line[8192];
    if (request->key) {
        snprintf(line, sizeof(line), "Authorization: Bearer %s", request->key);
        add_header(transfer, line);
    }
    const char *type = request->type ? request->type : "application/json";
    if (request->body) {
        snprintf(line, sizeof(line), "Content-Type:%s%s", *type ? " " : "", type);
        add_header(transfer, line);
    }
    /* Without this, curl waits for a 100 before it sends a large body. A test may ask for that. */
    if (!request->headers[0] || strncmp(request->headers[0], "Expect:", 7) != 0)
        add_header(transfer, "Expect:");
    for (size_t i = 0; i < REQUEST_HEADERS_MAX && request->headers[i]; i++)
        add_header(transfer, request->headers[i]);
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
}

/* The request's strings must live until the transfer has ended. */
static void transfer_prepare(struct transfer *transfer, const struct request *request)
{
    CURL *curl = transfer->curl;
    const char *method = request->method ? request->method : request->body ? "POST" : "GET";
    char url[8192];
    snprintf(url, sizeof(url), "%s%s", base, request->path);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (!request->no_length &&
             (request->body || strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0)) {
        const char *body = request->body ? request->body : "";
        size_t length = request->length ? request->length : strlen(body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    transfer->reply = reply_new(request, method);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer->reply);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer->reply);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
    transfer->headers = NULL;
    add_headers(transfer, request);
}

/* Takes the reply out; the test fails when there was none. */
static struct reply *transfer_finish(struct transfer *transfer, CURLcode code)
{
    struct reply *reply = transfer->reply;
    ck_assert_msg(code == CURLE_OK, "%s: %s", reply->request, curl_easy_strerror(code));
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(transfer->curl, CURLINFO_NUM_CONNECTS, &reply->connects);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    if (reply->size > 0)
        reply->json = json_loadb(reply->body, reply->size, JSON_REJECT_DUPLICATES, NULL);
    return reply;
}

struct reply *client_send(const struct request *request)
{
    if (!easy || easy_owner != getpid()) {
        easy = curl_easy_init();
        easy_owner = getpid();
    }
    struct transfer transfer = {.curl = easy};
    transfer_prepare(&transfer, request);
    struct reply *reply = transfer_finish(&transfer, curl_easy_perform(easy));
    reply->next = replies;
    replies = reply;
    return reply;
}

void client_reset(void)
{
    while (replies) {
        struct reply *next = replies->next;
        reply_free(replies);
        replies = next;
    }
    if (easy && easy_owner == getpid()) {
        curl_easy_cleanup(easy);
        easy = NULL;
    }
}

/* --- short forms --- */

struct reply *client_get(const char *key, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    const char *formatted = text_va(path, args);
    va_end(args);
    return client_send(&(struct request){.path = formatted, .key = key});
}

struct reply *client_post(const char *key, const char *body, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    const char *formatted = text_va(path, args);
    va_end(args);
    return client_send(
        &(struct request){.method = "POST", .path = formatted, .key = key, .body = body});
}

struct reply *client_patch(const char *key, const char *body, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    const char *formatted = text_va(path, args);
    va_end(args);
    return client_send(
        &(struct request){.method = "PATCH", .path = formatted, .key = key, .body = body});
}

struct reply *client_delete(const char *key, const char *path, ...)
{
    va_list args;
    va_start(args, path);
    const char *formatted = text_va(path, args);
    va_end(args);
    return client_send(&(struct request){.method = "DELETE", .path = formatted, .key = key});
}

/* --- many at once --- */

struct crowd {
    CURLM *multi;
    struct transfer transfers[CONNECTIONS_MAX];
    size_t next;
    size_t count;
    client_fill *fill;
    client_done *done;
    void *closure;
};

static void crowd_next(struct crowd *crowd, struct transfer *transfer)
{
    if (crowd->next == crowd->count)
        return;
    transfer->number = crowd->next++;
    struct request request = {0};
    crowd->fill(crowd->closure, transfer->number, &request);
    transfer_prepare(transfer, &request);
    curl_multi_add_handle(crowd->multi, transfer->curl);
}

static void crowd_collect(struct crowd *crowd)
{
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(crowd->multi, &left));) {
        struct transfer *transfer;
        CURLcode code = msg->data.result;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(crowd->multi, transfer->curl);
        struct reply *reply = transfer_finish(transfer, code);
        crowd->done(crowd->closure, transfer->number, reply);
        reply_free(reply);
        crowd_next(crowd, transfer);
    }
}

void client_send_many(size_t connections, size_t count, client_fill *fill, client_done *done,
                      void *closure)
{
    ck_assert_uint_le(connections, CONNECTIONS_MAX);
    struct crowd crowd = {
        .multi = curl_multi_init(), .count = count, .fill = fill, .done = done, .closure = closure};
    curl_multi_setopt(crowd.multi, CURLMOPT_MAXCONNECTS, (long)connections);
    for (size_t i = 0; i < connections; i++) {
        crowd.transfers[i].curl = curl_easy_init();
        crowd_next(&crowd, &crowd.transfers[i]);
    }
    for (int running = 1; running;) {
        curl_multi_perform(crowd.multi, &running);
        size_t before = crowd.next;
        crowd_collect(&crowd);
        if (crowd.next != before)
            running = 1;
        else if (running)
            curl_multi_poll(crowd.multi, NULL, 0, 1000, NULL);
    }
    for (size_t i = 0; i < connections; i++)
        curl_easy_cleanup(crowd.transfers[i].curl);
    curl_multi_cleanup(crowd.multi);
}
