/*
 * work: what a client of the fault tests sends, and what it writes down about it.
 *
 * A key is a number: which kind of request carries it, and what its answer says, follow from it and
 * from the variant (0: the answer; 1: another one under the same key). So every row can be held
 * against what was sent: the text of each answer begins with its key and variant.
 *
 * The ledger is appended to, a line at a time, tab-separated, before anything is sent and as soon
 * as anything is known; times are microseconds since 1970: a  number time key variant score channel
 * branch sha256 kind    an attempt o  number time sent status id replayed spooled retry-after why
 * its outcome p  connection began ended status responses stale                a poll of the number
 *   h  began ended path status word                                 a look at the health
 */
#ifndef FAULT_WORK_H
#define FAULT_WORK_H

#include "fault/exchange.h"

enum kind { KIND_JSON, KIND_FORM, KIND_BATCH };
enum { BATCH_ITEMS = 10 };

struct attempt {
    uint64_t number; /* no other attempt in the ledger has it */
    uint32_t key;
    int variant;
};

/* What one request carries. */
struct parcel {
    enum kind kind;
    size_t count;
    struct attempt attempts[BATCH_ITEMS];
};

struct ledger {
    int fd;
    const char *run; /* what its keys begin with */
    const char *survey;
};

enum kind work_kind(uint32_t key);

/* Appends the parcel's attempts to the ledger and writes the request into exchange->out. */
void work_send(const struct ledger *ledger, const struct parcel *parcel, struct exchange *exchange);

/* What is known of one attempt. */
struct verdict {
    int status;  /* as of a single answer: 201, 202, 200, 303, 422...; 0: unknown */
    bool reused; /* 422: another answer has the key */
};

/* Appends the outcome of each attempt, and tells it. */
void work_receive(const struct ledger *ledger, const struct parcel *parcel,
                  const struct exchange *exchange, const struct outcome *outcome,
                  struct verdict ret_verdicts[BATCH_ITEMS]);

/* A look at the number, or at one of the health paths, by connection. */
void work_ask(const char *path, const char *key, struct exchange *exchange);
void work_polled(const struct ledger *ledger, int connection, const struct exchange *exchange,
                 const struct outcome *outcome);
void work_looked(const struct ledger *ledger, const char *path, const struct exchange *exchange,
                 const struct outcome *outcome);

#endif
