/*
 * numbers_calls: a connection that counts, and chance that can be repeated. Included once by a test
 * program, which says where chance begins: SEED.
 */
#ifndef NPSD_TESTS_UNIT_NUMBERS_CALLS_H
#define NPSD_TESTS_UNIT_NUMBERS_CALLS_H

#include "suite.h"
#include "support/unit_database.h"
#include "support/unit_recount.h"

static struct pg *pg;
static struct arena arena;
static uint64_t seed;

static void setup(void)
{
    pg = recount_connect();
    arena_init(&arena, 1 << 20);
    seed = SEED;
}

static void teardown(void)
{
    arena_done(&arena);
    pg_free(pg);
}

static int64_t between(int64_t low, int64_t high)
{
    return suite_between(&seed, low, high);
}

#endif
