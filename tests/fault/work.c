#include "fault/work.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 512, LINE_MAX_ = 512, KEY_MAX = 64 };

enum kind work_kind(uint32_t key)
{
    uint32_t of = key % 20;
    return of < 14 ? KIND_JSON : of < 18 ? KIND_FORM : KIND_BATCH;
}

/* --- answers --- */

static int score_of(const struct attempt *attempt)
{
    return (int)((attempt->key * 7 + (uint32_t)attempt->variant * 3) % 11);
}

static const char *channel_of(const struct attempt *attempt)
{
    static const char *const channels[] = {"web", "kiosk", "app", "email", "chat"};
    return channels[(attempt->key / 11) % 5];
}

static const char *branch_of(const struct attempt *attempt)
{
    static const char *const branches[] = {"north", "south", "east", "west"};
    return branches[(attempt->key / 3 + (uint32_t)attempt->variant) % 4];
}

static void write_key(const struct ledger *ledger, const struct attempt *attempt,
                      char text[static KEY_MAX])
{
    snprintf(text, KEY_MAX, "%s-%" PRIu32, ledger->run, attempt->key);
}

static size_t write_json(const struct ledger *ledger, const struct attempt *attempt, bool with_key,
                         char *body, size_t size)
{
    char key[KEY_MAX], member[KEY_MAX + 32] = "";
    write_key(ledger, attempt, key);
    if (with_key)
        snprintf(member, sizeof member, "\"idempotency_key\":\"%s\",", key);
    return (size_t)snprintf(body, size,
                            "{%s\"score\":%d,\"channel\":\"%s\",\"properties\":{\"branch\":\"%s\"},"
                            "\"answers\":{\"why\":\"%s %d said\"}}",
                            member, score_of(attempt), channel_of(attempt), branch_of(attempt), key,
                            attempt->variant);
}

static size_t write_form(const struct ledger *ledger, const struct attempt *attempt, char *body,
                         size_t size)
{
    char key[KEY_MAX];
    write_key(ledger, attempt, key);
    return (size_t)snprintf(body, size,
                            "idempotency_key=%s&score=%d&channel=%s&properties.branch=%s"
                            "&answers.why=%s+%d+said",
                            key, score_of(attempt), channel_of(attempt), branch_of(attempt), key,
                            attempt->variant);
}

static size_t write_batch(const struct ledger *ledger, const struct parcel *parcel, char *body,
                          size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < parcel->count; i++) {
        body[len++] = i == 0 ? '[' : ',';
        len += write_json(ledger, &parcel->attempts[i], true, body + len, size - len);
    }
    body[len++] = ']';
    return len;
}

static void write_request(const struct ledger *ledger, const struct parcel *parcel,
                          const char *body, size_t len, struct exchange *exchange)
{
    char key[KEY_MAX], path[128], extra[128] = "";
    const char *type = "application/json";
    write_key(ledger, &parcel->attempts[0], key);
    if (parcel->kind == KIND_FORM) {
        type = "application/x-www-form-urlencoded";
        snprintf(path, sizeof path, "/s/%s", ledger->survey);
    } else {
        snprintf(path, sizeof path, "/v1/surveys/%s/responses%s", ledger->survey,
                 parcel->kind == KIND_BATCH ? "/batch" : "");
    }
    if (parcel->kind == KIND_JSON)
        snprintf(extra, sizeof extra, "Idempotency-Key: %s\r\n", key);
    exchange->out_len = (size_t)snprintf(exchange->out, sizeof exchange->out,
                                         "POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: %s\r\n%s"
                                         "Content-Length: %zu\r\n\r\n%.*s",
                                         path, type, extra, len, (int)len, body);
}

static void log_attempt(const struct ledger *ledger, const struct attempt *attempt, enum kind kind,
                        const char *body, size_t len)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 * sizeof hash + 1], key[KEY_MAX];
    crypto_hash_sha256(hash, (const unsigned char *)body, len);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    write_key(ledger, attempt, key);
    dprintf(ledger->fd, "a\t%" PRIu64 "\t%" PRId64 "\t%s\t%d\t%d\t%s\t%s\t%s\t%c\n",
            attempt->number, now_us(), key, attempt->variant, score_of(attempt),
            channel_of(attempt), branch_of(attempt), text, "jfb"[kind]);
}

void work_send(const struct ledger *ledger, const struct parcel *parcel, struct exchange *exchange)
{
    char body[BODY_MAX * BATCH_ITEMS];
    size_t len = parcel->kind == KIND_BATCH ? write_batch(ledger, parcel, body, sizeof body)
                 : parcel->kind == KIND_FORM
                     ? write_form(ledger, &parcel->attempts[0], body, sizeof body)
                     : write_json(ledger, &parcel->attempts[0], false, body, sizeof body);
    write_request(ledger, parcel, body, len, exchange);
    for (size_t i = 0; i < parcel->count; i++) {
        char item[BODY_MAX];
        if (parcel->kind == KIND_BATCH) {
            size_t item_len = write_json(ledger, &parcel->attempts[i], true, item, sizeof item);
            log_attempt(ledger, &parcel->attempts[i], parcel->kind, item, item_len);
        } else {
            log_attempt(ledger, &parcel->attempts[i], parcel->kind, body, len);
        }
    }
}

/* --- outcomes --- */

struct finding {
    int status;
    const char *id;      /* "" if not told */
    const char *problem; /* the last part of its type; "" if it is none */
    bool replayed, spooled;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static const char *problem_of(const json_t *problem)
{
    const char *type = text_of(problem, "type"), *slash = strrchr(type, '/');
    return slash ? slash + 1 : type;
}

static struct finding find_single(const struct outcome *outcome, const json_t *body)
{
    return (struct finding){
        .status = outcome->status,
        .id = text_of(body, "id"),
        .replayed = outcome->replayed,
        .spooled = outcome->status == 202 || strcmp(text_of(body, "status"), "spooled") == 0,
        .problem = problem_of(body),
    };
}

static struct finding find_item(const struct outcome *outcome, const json_t *body, size_t i)
{
    const json_t *item = json_array_get(json_object_get(body, "results"), i);
    if (outcome->status != 200 || !item)
        return find_single(outcome, body);
    int status = (int)json_integer_value(json_object_get(item, "status"));
    return (struct finding){
        .status = status,
        .id = text_of(item, "id"),
        .replayed = json_is_true(json_object_get(item, "replayed")),
        .spooled = status == 202,
        .problem = problem_of(json_object_get(item, "problem")),
    };
}

void work_receive(const struct ledger *ledger, const struct parcel *parcel,
                  const struct exchange *exchange, const struct outcome *outcome,
                  struct verdict ret_verdicts[BATCH_ITEMS])
{
    json_t *body = json_loads(outcome->body, 0, NULL);
    for (size_t i = 0; i < parcel->count; i++) {
        struct finding found =
            parcel->kind == KIND_BATCH ? find_item(outcome, body, i) : find_single(outcome, body);
        /* A batch's items have no header of their own. */
        bool may_wait =
            outcome->retry_after || (parcel->kind == KIND_BATCH && outcome->status == 200);
        dprintf(ledger->fd, "o\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%d\t%s\t%d\t%d\t%d\t%s\n",
                parcel->attempts[i].number, now_us(), exchange->sent_us, found.status, found.id,
                found.replayed, found.spooled, may_wait,
                *found.problem ? found.problem : outcome->why);
        ret_verdicts[i] = (struct verdict){found.status, strcmp(found.problem, "key-reused") == 0};
    }
    json_decref(body);
}

/* --- questions --- */

void work_ask(const char *path, const char *key, struct exchange *exchange)
{
    exchange->out_len = (size_t)snprintf(
        exchange->out, sizeof exchange->out, "GET %s HTTP/1.1\r\nHost: test\r\n%s%s%s\r\n", path,
        key ? "Authorization: Bearer " : "", key ? key : "", key ? "\r\n" : "");
}

void work_polled(const struct ledger *ledger, int connection, const struct exchange *exchange,
                 const struct outcome *outcome)
{
    json_t *body = json_loads(outcome->body, 0, NULL);
    dprintf(ledger->fd, "p\t%d\t%" PRId64 "\t%" PRId64 "\t%d\t%lld\t%d\n", connection,
            exchange->began_us, now_us(), outcome->status,
            (long long)json_integer_value(json_object_get(body, "responses")),
            json_is_true(json_object_get(body, "stale")));
    json_decref(body);
}

void work_looked(const struct ledger *ledger, const char *path, const struct exchange *exchange,
                 const struct outcome *outcome)
{
    json_t *body = json_loads(outcome->body, 0, NULL);
    const char *word = text_of(body, "status");
    dprintf(ledger->fd, "h\t%" PRId64 "\t%" PRId64 "\t%s\t%d\t%s\n", exchange->began_us, now_us(),
            path, outcome->status, *word ? word : outcome->why);
    json_decref(body);
}
