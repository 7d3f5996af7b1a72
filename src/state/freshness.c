#include "npsd/state/freshness.h"

#include "npsd/base/clock.h"
#include "npsd/db/array.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CURRENT_US (CLOCK_SECOND_US - 10000) /* a second, by a clock that may be so late */
#define ASKED_US (5 * CLOCK_SECOND_US)

struct place {
    _Atomic uint64_t generation;
    _Atomic uint64_t changed, polled; /* moved before the generation is */
    _Atomic int64_t asked_us;         /* monotonic */
};

struct freshness {
    struct place places[FRESHNESS_PLACES];
    struct arrivals *arrivals;
    _Atomic int64_t polled_us; /* when the last poll that succeeded began; 0: none, or what it saw
                                  is of no use any more */
    /* The polling thread's own. */
    char *seen;                    /* the snapshot of that poll; NULL: none */
    uint64_t connection;           /* which had it */
    bool polled[FRESHNESS_PLACES]; /* by the poll that runs */
};

/*
 * Which of the surveys have changed since the snapshot $2: a journal row, or a change of the
 * tallies (others may have written and folded meanwhile), that it does not see. The snapshot of
 * this statement comes with it, in a row without survey.
 */
static const struct db_stmt look = {
    "freshness_look", "int4[] text", "int4 text",
    "with base as materialized ("
    "  select $2::pg_snapshot as seen, pg_snapshot_xmin($2::pg_snapshot) as low)"
    " select null::int4, pg_current_snapshot()::text"
    " union all select s, null from base cross join unnest($1) s where"
    "  exists (select from journal j where j.survey_id = s and j.xid >= base.low"
    "   and not pg_visible_in_snapshot(j.xid, base.seen))"
    "  or exists (select from tally_state t where t.survey_id = s and t.changed >= base.low"
    "   and not pg_visible_in_snapshot(t.changed, base.seen))"};

const struct db_stmt *const freshness_statements[] = {&look, NULL};

struct freshness *freshness_new(void)
{
    struct freshness *freshness = calloc(1, sizeof *freshness);
    if (!freshness)
        return NULL;
    freshness->arrivals = arrivals_new();
    if (freshness->arrivals)
        return freshness;
    free(freshness);
    return NULL;
}

void freshness_free(struct freshness *freshness)
{
    if (!freshness)
        return;
    arrivals_free(freshness->arrivals);
    free(freshness->seen);
    free(freshness);
}

static size_t place_of(int32_t survey_id)
{
    return (uint32_t)survey_id % FRESHNESS_PLACES;
}

uint64_t freshness_generation(struct freshness *freshness, int32_t survey_id)
{
    struct place *place = &freshness->places[place_of(survey_id)];
    int64_t now_us = clock_coarse_us();
    /* Many ask between two ticks, and each write takes the place from other processors. */
    if (atomic_load_explicit(&place->asked_us, memory_order_relaxed) != now_us)
        atomic_store_explicit(&place->asked_us, now_us, memory_order_relaxed);
    return atomic_load(&place->generation);
}

void freshness_move(struct freshness *freshness, int32_t survey_id)
{
    if (!freshness)
        return;
    struct place *place = &freshness->places[place_of(survey_id)];
    atomic_fetch_add(&place->changed, 1);
    atomic_fetch_add(&place->generation, 1);
}

void freshness_move_all(struct freshness *freshness)
{
    for (int i = 0; i < FRESHNESS_PLACES; i++)
        freshness_move(freshness, i);
}

void freshness_move_on(struct freshness *freshness, int32_t survey_id)
{
    atomic_fetch_add(&freshness->places[place_of(survey_id)].generation, 1);
}

static void move_polled(struct place *place)
{
    atomic_fetch_add(&place->polled, 1);
    atomic_fetch_add(&place->generation, 1);
}

struct arrivals *freshness_arrivals(struct freshness *freshness)
{
    return freshness->arrivals;
}

struct freshness_moves freshness_moves(const struct freshness *freshness, int32_t survey_id)
{
    const struct place *place = &freshness->places[place_of(survey_id)];
    return (struct freshness_moves){atomic_load(&place->changed), atomic_load(&place->polled)};
}

bool freshness_is_current(const struct freshness *freshness)
{
    int64_t polled_us = atomic_load(&freshness->polled_us);
    return polled_us != 0 && clock_coarse_us() - polled_us < CURRENT_US;
}

bool freshness_holds(struct freshness *freshness, int32_t survey_id, uint64_t generation)
{
    /* In this order: what a poll has found moves generations before the poll counts as done. */
    bool current = freshness_is_current(freshness);
    return freshness_generation(freshness, survey_id) == generation && current;
}

/* The surveys that were asked about lately, as an array. */
static struct buf choose(struct freshness *freshness, struct arena *arena,
                         const struct directory_snapshot *directory, int64_t now_us)
{
    size_t surveys = directory ? directory->survey_count : 0, chosen = 0;
    const struct survey **asked = arena_calloc(arena, surveys + 1, sizeof *asked);
    memset(freshness->polled, 0, sizeof freshness->polled);
    for (size_t i = 0; i < surveys; i++) {
        size_t place = place_of(directory->surveys[i]->id);
        int64_t asked_us = atomic_load(&freshness->places[place].asked_us);
        if (asked_us == 0 || now_us - asked_us > ASKED_US)
            continue;
        freshness->polled[place] = true;
        asked[chosen++] = directory->surveys[i];
    }
    struct buf ids = db_array_begin(arena, DB_ARRAY_INT4, chosen);
    for (size_t i = 0; i < chosen; i++)
        db_array_int4(&ids, asked[i]->id);
    return ids;
}

/* What was not polled may have changed unseen: after the poll, so that whoever reads a generation
 * from now on queries after the snapshot from which the next poll goes on. */
static void move_others(struct freshness *freshness)
{
    for (size_t i = 0; i < FRESHNESS_PLACES; i++)
        if (!freshness->polled[i])
            move_polled(&freshness->places[i]);
}

/* Of another server nothing is known. */
static void take(struct freshness *freshness, uint64_t connection, struct arena *arena,
                 const struct db_result *result)
{
    bool first = !freshness->seen || connection != freshness->connection;
    for (int row = 0; row < db_rows(result); row++) {
        if (!db_is_null(result, row, 0)) {
            move_polled(&freshness->places[place_of((int32_t)db_int(result, row, 0))]);
            continue;
        }
        free(freshness->seen);
        freshness->seen = strdup(db_text(result, row, 1, arena));
    }
    freshness->connection = connection;
    move_others(freshness);
    if (first || !freshness->seen)
        freshness_move_all(freshness);
}

static void forget(struct freshness *freshness)
{
    atomic_store(&freshness->polled_us, 0);
    free(freshness->seen);
    freshness->seen = NULL;
}

enum db_status freshness_poll(struct freshness *freshness, struct pg *pg,
                              const struct directory_snapshot *directory)
{
    struct arena arena;
    DB_RESULT result = NULL;
    int64_t now_us = clock_monotonic_us();
    arena_init(&arena, 4096);
    struct buf ids = choose(freshness, &arena, directory, now_us);
    enum db_status status = PG_EXEC(pg, &look, &result, P_BUF(&ids),
                                    freshness->seen ? P_TEXT(freshness->seen) : P_TEXT("1:1:"));
    if (status == DB_OK) {
        take(freshness, pg_connections(pg), &arena, result);
        atomic_store(&freshness->polled_us, freshness->seen ? now_us : 0);
    } else {
        forget(freshness);
    }
    arena_done(&arena);
    return status;
}
