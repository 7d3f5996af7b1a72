/*
 * unit_spool: a spool in a folder of its own, and answers to put into it, for tests of what keeps
 * answers while PostgreSQL is away. unit_spool_setup and unit_spool_teardown are a checked fixture.
 */
#ifndef SUPPORT_UNIT_SPOOL_H
#define SUPPORT_UNIT_SPOOL_H

#include "npsd/spool/spool.h"
#include <check.h>

#define UNIT_SPOOL_MB INT64_C(1048576)

extern char unit_spool_folder[40], unit_spool_path[64];
extern struct arena unit_spool_arena;
extern struct spool *unit_spool; /* of a megabyte at first */

void unit_spool_setup(void);
void unit_spool_teardown(void);

enum spool_status unit_spool_open(int64_t max_bytes, struct spool **ret_spool);
/* Closes it and opens it again. */
void unit_spool_reopen(int64_t max_bytes);

/* Answer number n with content c: some have all that an answer may have, some little. */
struct spool_answer *unit_spool_answer(int n, int c);
/* Adds it by itself. */
enum spool_met unit_spool_add(int n, int c);
struct spool_answer *unit_spool_peek(size_t max, size_t *ret_count);
void unit_spool_same(const struct spool_answer *is, const struct spool_answer *was);
void unit_spool_waiting(int64_t waiting, int64_t conflicts);

#endif
