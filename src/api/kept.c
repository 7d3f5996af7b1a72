#include "npsd/api/kept.h"

#include "npsd/api/etag.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, SHARE = 16 };

/* Immutable; all texts lie in data. */
struct kept_reply {
    atomic_int references;
    size_t size; /* of all of it */
    const char *type, *body, *etag;
    size_t body_len;
    struct reply_header headers[REPLY_HEADERS_MAX];
    size_t header_count;
    char data[];
};

struct entry {
    struct entry *next;          /* of its bucket */
    struct entry *newer, *older; /* by last use */
    struct question question;    /* whose bytes follow */
    uint64_t generation;
    struct kept_reply *kept;
    char bytes[];
};

struct kept_table {
    pthread_mutex_t mutex; /* guards what follows */
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    size_t bytes, bytes_max;
};

/* --- replies --- */

static const char *copy(char **at, const char *bytes, size_t len)
{
    char *start = *at;
    memcpy(start, bytes, len);
    start[len] = '\0';
    *at += len + 1;
    return start;
}

static size_t data_size(const struct reply *reply)
{
    size_t size = strlen(reply->type) + 1 + reply->body_len + 1;
    for (size_t i = 0; i < reply->header_count; i++)
        size += strlen(reply->headers[i].name) + strlen(reply->headers[i].value) + 2;
    return size;
}

static void copy_headers(struct kept_reply *kept, char *at, const struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        const struct reply_header *from = &reply->headers[i];
        struct reply_header *to = &kept->headers[kept->header_count++];
        to->name = copy(&at, from->name, strlen(from->name));
        to->value = copy(&at, from->value, strlen(from->value));
        if (strcmp(to->name, "ETag") == 0)
            kept->etag = to->value;
    }
}

struct kept_reply *kept_copy(const struct reply *reply)
{
    if ((reply->status != 200 && reply->status != 304) || !reply->body || !reply->type)
        return NULL;
    size_t size = sizeof(struct kept_reply) + data_size(reply);
    struct kept_reply *kept = calloc(1, size);
    if (!kept)
        return NULL;
    char *at = kept->data;
    atomic_init(&kept->references, 1);
    kept->size = size;
    kept->type = copy(&at, reply->type, strlen(reply->type));
    kept->body = copy(&at, reply->body, reply->body_len);
    kept->body_len = reply->body_len;
    copy_headers(kept, at, reply);
    return kept;
}

struct kept_reply *kept_hold(struct kept_reply *kept)
{
    atomic_fetch_add(&kept->references, 1);
    return kept;
}

void kept_release(struct kept_reply *kept)
{
    if (atomic_fetch_sub(&kept->references, 1) == 1)
        free(kept);
}

static void release(void *kept)
{
    kept_release(kept);
}

struct reply kept_answer(const struct call *call, struct kept_reply *kept)
{
    arena_defer(call->arena, release, kept);
    struct reply reply = reply_text(200, kept->type, kept->body, kept->body_len);
    for (size_t i = 0; i < kept->header_count; i++)
        reply_header(&reply, kept->headers[i].name, kept->headers[i].value);
    if (kept->etag && etag_matches(call_header(call, "If-None-Match"), kept->etag))
        reply.status = 304;
    return reply;
}

/* --- the table; all but the last need its mutex --- */

bool question_is(const struct question *a, const struct question *b)
{
    return a->hash == b->hash && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* The link that leads to the entry, or to NULL at the end of its bucket. */
static struct entry **find(struct kept_table *table, const struct question *question)
{
    struct entry **at = &table->buckets[question->hash % BUCKETS];
    while (*at && !question_is(&(*at)->question, question))
        at = &(*at)->next;
    return at;
}

static void unlink_use(struct kept_table *table, const struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
}

static void link_newest(struct kept_table *table, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = table->newest;
    *(table->newest ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
}

static size_t entry_size(const struct entry *entry)
{
    return sizeof *entry + entry->question.len + entry->kept->size;
}

static void drop(struct kept_table *table, struct entry **at)
{
    struct entry *entry = *at;
    assert(entry);
    *at = entry->next;
    unlink_use(table, entry);
    table->bytes -= entry_size(entry);
    kept_release(entry->kept);
    free(entry);
}

static void add(struct kept_table *table, struct entry *entry)
{
    struct entry **bucket = &table->buckets[entry->question.hash % BUCKETS];
    entry->next = *bucket;
    *bucket = entry;
    link_newest(table, entry);
    table->bytes += entry_size(entry);
    while (table->bytes > table->bytes_max)
        drop(table, find(table, &table->oldest->question));
}

void kept_put(struct kept_table *table, const struct question *question, uint64_t generation,
              struct kept_reply *kept)
{
    if (kept->size > table->bytes_max / SHARE)
        return;
    struct entry *entry = calloc(1, sizeof *entry + question->len);
    if (!entry)
        return;
    memcpy(entry->bytes, question->bytes, question->len);
    entry->question = (struct question){entry->bytes, question->len, question->hash};
    entry->generation = generation;
    entry->kept = kept_hold(kept);
    pthread_mutex_lock(&table->mutex);
    struct entry **at = find(table, question);
    if (*at)
        drop(table, at);
    add(table, entry);
    pthread_mutex_unlock(&table->mutex);
}

struct kept_reply *kept_get(struct kept_table *table, const struct question *question,
                            uint64_t generation)
{
    struct kept_reply *kept = NULL;
    pthread_mutex_lock(&table->mutex);
    struct entry *entry = *find(table, question);
    if (entry && entry->generation == generation) {
        kept = kept_hold(entry->kept);
        unlink_use(table, entry);
        link_newest(table, entry);
    }
    pthread_mutex_unlock(&table->mutex);
    return kept;
}

struct kept_table *kept_new(size_t bytes_max)
{
    struct kept_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->bytes_max = bytes_max;
    pthread_mutex_init(&table->mutex, NULL);
    return table;
}

void kept_free(struct kept_table *table)
{
    if (!table)
        return;
    while (table->oldest)
        drop(table, find(table, &table->oldest->question));
    pthread_mutex_destroy(&table->mutex);
    free(table);
}
