/* Replies that are shared and remembered. */
#include "npsd/api/kept.h"

#include "npsd/api/etag.h"
#include "npsd/base/text.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static const char *none_match;

static const char *header(const struct call *call, const char *name)
{
    (void)call;
    return strcmp(name, "If-None-Match") == 0 ? none_match : NULL;
}

static const struct call call = {.arena = &arena, .header = header};

static void setup(void)
{
    arena_init(&arena, 1024);
    none_match = NULL;
}

static void teardown(void)
{
    arena_done(&arena);
}

static struct question question(const char *text)
{
    return (struct question){text, strlen(text), text_hash(text, strlen(text))};
}

static const char *find(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

static struct kept_reply *keep(const char *body)
{
    struct reply reply = etag_reply(&call, "text/plain", body, strlen(body));
    reply_header(&reply, "X-Own", "own");
    return kept_copy(&reply);
}

static void put(struct kept_table *table, const char *asked, uint64_t generation, const char *body)
{
    struct question q = question(asked);
    struct kept_reply *kept = keep(body);
    kept_put(table, &q, generation, kept);
    kept_release(kept);
}

/* What is kept for a question, or "none". */
static const char *get(struct kept_table *table, const char *asked, uint64_t generation)
{
    struct question q = question(asked);
    struct kept_reply *kept = kept_get(table, &q, generation);
    return kept ? kept_answer(&call, kept).body : "none";
}

START_TEST(a_copy_outlives_its_reply)
{
    char body[] = "abc";
    struct reply reply = etag_reply(&call, "text/plain", body, 3);
    reply_header(&reply, "X-Own", arena_strdup(&arena, "own"));
    struct kept_reply *kept = kept_copy(&reply);
    memset(body, 'x', 3);
    arena_reset(&arena);
    struct reply again = kept_answer(&call, kept_hold(kept));
    ck_assert_int_eq(again.status, 200);
    ck_assert_str_eq(again.type, "text/plain");
    ck_assert_uint_eq(again.body_len, 3);
    ck_assert_mem_eq(again.body, "abc", 3);
    ck_assert_str_eq(find(&again, "X-Own"), "own");
    ck_assert_str_eq(find(&again, "Cache-Control"), "private, no-cache");
    none_match = arena_strdup(&arena, find(&again, "ETag"));
    ck_assert_int_eq(kept_answer(&call, kept).status, 304);
}
END_TEST

/* Who asks with the ETag gets a 304, and whoever shares the reply its body. */
START_TEST(a_304_is_kept_whole)
{
    struct reply reply = etag_reply(&call, "text/plain", "abc", 3);
    none_match = find(&reply, "ETag");
    reply = etag_reply(&call, "text/plain", "abc", 3);
    ck_assert_int_eq(reply.status, 304);
    struct kept_reply *kept = kept_copy(&reply);
    ck_assert_ptr_nonnull(kept);
    none_match = NULL;
    reply = kept_answer(&call, kept);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_uint_eq(reply.body_len, 3);
}
END_TEST

START_TEST(refusals_are_not_kept)
{
    struct reply reply = reply_text(503, "text/plain", "abc", 3);
    ck_assert_ptr_null(kept_copy(&reply));
    reply = reply_empty(200);
    ck_assert_ptr_null(kept_copy(&reply));
}
END_TEST

START_TEST(only_of_its_generation)
{
    struct kept_table *table = kept_new(1 << 20);
    put(table, "a", 1, "first");
    put(table, "b", 1, "other");
    ck_assert_str_eq(get(table, "a", 1), "first");
    ck_assert_str_eq(get(table, "a", 2), "none");
    ck_assert_str_eq(get(table, "a", 0), "none");
    put(table, "a", 2, "second");
    ck_assert_str_eq(get(table, "a", 1), "none");
    ck_assert_str_eq(get(table, "a", 2), "second");
    ck_assert_str_eq(get(table, "b", 1), "other");
    ck_assert_str_eq(get(table, "ab", 1), "none");
    ck_assert_str_eq(get(table, "", 1), "none");
    kept_free(table);
    arena_reset(&arena); /* what was handed out outlives the table */
}
END_TEST

/* However much is put in, the size is bounded, and what was used last is there. */
START_TEST(bounded_and_the_oldest_go_first)
{
    enum { COUNT = 200 };
    struct kept_table *table = kept_new(40000);
    char name[16], body[1001];
    memset(body, 'x', sizeof body - 1);
    body[1000] = '\0';
    put(table, "used", 1, "small");
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d", i);
        put(table, name, 1, body);
        ck_assert_str_eq(get(table, "used", 1), "small");
    }
    int there = 0;
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d", i);
        bool found = strcmp(get(table, name, 1), "none") != 0;
        ck_assert(!found || i > COUNT - 40);
        there += found;
    }
    ck_assert_int_ge(there, 15);
    ck_assert_int_lt(there, 40);
    put(table, "huge", 1, arena_printf(&arena, "%050000d", 0));
    ck_assert_str_eq(get(table, "huge", 1), "none");
    kept_free(table);
}
END_TEST

static struct kept_table *shared;

static void *use(void *closure)
{
    struct arena own;
    unsigned seed = (unsigned)(uintptr_t)closure;
    arena_init(&own, 1024);
    for (int i = 0; i < 20000; i++) {
        char name[2] = {(char)('a' + (seed = seed * 1664525u + 1013904223u) % 16), '\0'};
        struct question q = question(name);
        struct kept_reply *kept = kept_get(shared, &q, seed >> 28 & 1);
        if (kept) {
            ck_assert_str_eq(
                kept_answer(&(struct call){.arena = &own, .header = header}, kept).body, name);
        } else {
            struct reply reply = reply_text(200, "text/plain", name, 1);
            kept = kept_copy(&reply);
            kept_put(shared, &q, seed >> 28 & 1, kept);
            kept_release(kept);
        }
        if (i % 100 == 0)
            arena_reset(&own);
    }
    arena_done(&own);
    return NULL;
}

START_TEST(from_many_threads)
{
    pthread_t threads[4];
    shared = kept_new(4000);
    for (uintptr_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, use, (void *)(i + 1)); /* NOLINT */
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    kept_free(shared);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_copy_outlives_its_reply,       a_304_is_kept_whole,
                                  refusals_are_not_kept,           only_of_its_generation,
                                  bounded_and_the_oldest_go_first, from_many_threads};
    return suite_run_checked("kept", setup, teardown, tests, COUNT_OF(tests));
}
