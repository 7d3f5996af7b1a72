/*
 * kept: replies that outlive their call: shared by several calls, and remembered by what was asked,
 * with the generation of what they tell (state/freshness). Bounded: the least recently used go
 * first.
 *
 * Any thread. A reference that a function gives must be given back once: by kept_release, or by
 * kept_answer, which hands it to a call.
 */
#ifndef NPSD_API_KEPT_H
#define NPSD_API_KEPT_H

#include "npsd/http/call.h"
#include "npsd/http/reply.h"
#include <stdint.h>

/* What was asked, as bytes. */
struct question {
    const char *bytes;
    size_t len;
    uint64_t hash; /* text_hash */
};

bool question_is(const struct question *a, const struct question *b);

struct kept_reply;

/* A copy of a 200 (or of a 304 that has its body) with its headers. NULL: another reply, or memory
 * is out. */
struct kept_reply *kept_copy(const struct reply *reply);
struct kept_reply *kept_hold(struct kept_reply *kept);
void kept_release(struct kept_reply *kept);
/* As a reply to the call: 304 if its If-None-Match has the ETag. Takes over the caller's reference.
 */
struct reply kept_answer(const struct call *call, struct kept_reply *kept);

struct kept_table;

struct kept_table *kept_new(size_t bytes_max);
void kept_free(struct kept_table *table);
/* In place of what was kept for the question. */
void kept_put(struct kept_table *table, const struct question *question, uint64_t generation,
              struct kept_reply *kept);
/* NULL: nothing of this generation is kept. */
struct kept_reply *kept_get(struct kept_table *table, const struct question *question,
                            uint64_t generation);

#endif
