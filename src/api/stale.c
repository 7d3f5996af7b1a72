#include "npsd/api/stale.h"

#include "npsd/api/kept.h"
#include "npsd/api/world.h"
#include "npsd/base/clock.h"
#include "npsd/base/metrics.h"
#include "npsd/state/poller.h"

#include <stdlib.h>
#include <string.h>

enum { ANY_GENERATION = 0 };

struct stale {
    struct kept_table *table;
    uint8_t secret[CRYPTO_SHORT_KEY_SIZE];
};

struct stale *stale_new(void)
{
    struct stale *stale = calloc(1, sizeof *stale);
    if (!stale)
        return NULL;
    crypto_random(stale->secret, sizeof stale->secret);
    stale->table = kept_new(STALE_BYTES);
    if (stale->table)
        return stale;
    free(stale);
    return NULL;
}

void stale_free(struct stale *stale)
{
    if (!stale)
        return;
    kept_free(stale->table);
    free(stale);
}

static void add_text(struct buf *bytes, const char *text)
{
    buf_add(bytes, text, strlen(text) + 1);
}

/* Whatever the time, and whatever was changed about the survey since. */
static struct question question_of(const struct call *call, const struct stale *stale)
{
    const struct identity *who = call_identity(call);
    struct buf bytes = buf_make(call->arena, 256);
    const int32_t key = who->survey || !who->key ? 0 : who->key->id;
    buf_add(&bytes, (const char *)&key, sizeof key);
    add_text(&bytes, call->path);
    for (size_t i = 0; i < call->query_count; i++) {
        add_text(&bytes, call->query[i].name);
        add_text(&bytes, call->query[i].value);
    }
    uint64_t hash = crypto_short_hash(stale->secret, bytes.data, bytes.len);
    return (struct question){bytes.data, bytes.len, hash};
}

static bool is_object(const struct reply *reply)
{
    return (reply->status == 200 || reply->status == 304) && reply->body && reply->type &&
           strcmp(reply->type, "application/json") == 0 && reply->body_len > 2 &&
           reply->body[0] == '{';
}

/* The reply with the two members in front. */
static struct reply mark(const struct call *call, const struct reply *reply)
{
    char time[CLOCK_TEXT_SIZE];
    struct buf body = buf_make(call->arena, reply->body_len + 80);
    buf_printf(&body, "{\"stale\":true,\"as_of\":\"%s\",", clock_format(call->received_us, time));
    buf_add(&body, reply->body + 1, reply->body_len - 1);
    struct reply marked = reply_text(200, "application/json", body.data, body.len);
    reply_header(&marked, "Cache-Control", "no-store");
    return marked;
}

static void keep(struct call *call, struct stale *stale, const struct reply *reply)
{
    const struct reply marked = mark(call, reply);
    const struct question question = question_of(call, stale);
    struct kept_reply *kept = kept_copy(&marked);
    if (!kept)
        return;
    kept_put(stale->table, &question, ANY_GENERATION, kept);
    kept_release(kept);
}

void stale_keep(struct call *call, const struct reply *reply)
{
    struct stale *stale = call_world(call)->stale;
    jmp_buf landing, *const outer = call->arena->landing;
    if (!stale || !is_object(reply))
        return;
    if (setjmp(landing) == 0) {
        call->arena->landing = &landing;
        keep(call, stale, reply);
    }
    call->arena->landing = outer;
}

static struct reply look_up(struct call *call, struct stale *stale)
{
    const struct question question = question_of(call, stale);
    struct kept_reply *kept = kept_get(stale->table, &question, ANY_GENERATION);
    if (!kept)
        return (struct reply){0};
    metrics_add(METRIC_STALE, 1);
    return kept_answer(call, kept);
}

struct reply stale_answer(struct call *call)
{
    struct stale *stale = call_world(call)->stale;
    jmp_buf landing;
    if (!stale)
        return (struct reply){0};
    if (setjmp(landing) != 0) {
        call->arena->landing = NULL;
        return (struct reply){0};
    }
    call->arena->landing = &landing;
    struct reply reply = look_up(call, stale);
    call->arena->landing = NULL;
    return reply;
}

struct reply stale_answer_away(struct call *call)
{
    const struct world *world = call_world(call);
    bool away = world->poller && poller_health(world->poller) == POLLER_AWAY;
    return away && world->stale ? look_up(call, world->stale) : (struct reply){0};
}
