/* Numbers that go on, beside real transactions: polls that find what others or we have committed,
 * and snapshots of queries that ran while answers were written. */
#include "npsd/api/live.h"

#include "npsd/api/world.h"
#include "npsd/db/snapshot.h"
#include "suite.h"
#include "support/unit_database.h"

#include <string.h>

static const struct db_stmt now = {"now", "", "pg_snapshot", "select pg_current_snapshot()"};
static const struct db_stmt own = {"own", "", "xid8", "select pg_current_xact_id()"};
static const struct db_stmt *const set[] = {&now, &own, NULL};
static const struct db_stmt *const *const sets[] = {freshness_statements, set, NULL};

enum { SURVEY = 7, OTHER_SURVEY = 8, MINUTES = 60 };

static struct pg *pg, *other;
static struct freshness *freshness;
static struct live *live;
static struct arena arena;
static struct world world;
static struct call call;
static struct survey surveys[2];
static const struct survey *const known[] = {&surveys[0], &surveys[1]};
static const struct directory_snapshot directory = {.surveys = known, .survey_count = 2};
static const struct question asked = {"asked", 5, 5};
static struct live_memory memory; /* of the last look */

static const char *header(const struct call *of, const char *name)
{
    (void)of;
    (void)name;
    return NULL;
}

static void setup(void)
{
    unit_pg_sql("truncate journal, tally_state");
    surveys[0].id = SURVEY;
    surveys[1].id = OTHER_SURVEY;
    pg = unit_database_connect(sets);
    other = unit_database_connect(sets);
    freshness = freshness_new();
    live = live_new(freshness);
    arena_init(&arena, 1024);
    call = (struct call){.arena = &arena, .world = &world, .header = header};
}

static void teardown(void)
{
    arena_done(&arena);
    live_free(live);
    freshness_free(freshness);
    pg_free(other);
    pg_free(pg);
}

static void poll(void)
{
    freshness_generation(freshness, SURVEY); /* somebody asks */
    ck_assert_int_eq(freshness_poll(freshness, pg, &directory), DB_OK);
}

#define ENTRY                                                                                      \
    "insert into journal (survey_id, slot, cuts, scores, weights) values (%d, 1, '{0}', '{9}', '{1}')"

static void write_by_another(int32_t survey)
{
    unit_pg_sql(ENTRY, survey);
}

/* As the database tells it now: nothing yet, in this snapshot. */
static void read_number(void)
{
    DB_RESULT r = NULL;
    struct live_start start = live_start(live, SURVEY);
    struct live_number number = {
        .survey_id = SURVEY, .windows = {{0, 10}}, .head = "{\"a\":1", .head_len = 6};
    start.began_us += MINUTES * CLOCK_SECOND_US; /* how slow the machine is must not matter */
    ck_assert_int_eq(PG_EXEC(pg, &now, &r), DB_OK);
    number.seen.known = db_snapshot_read(r, 0, 0, &number.seen.snapshot);
    ck_assert(number.seen.known);
    live_keep(live, &asked, &start, &number);
}

/* Answers of the number as it goes on; -1: it has to be read. */
static long responses(void)
{
    struct kept_reply *kept = live_reply(live, &call, &asked, &memory);
    if (!kept)
        return -1;
    const struct reply reply = kept_answer(&call, kept);
    return strtol(strstr(reply.body, "\"responses\":") + 12, NULL, 10);
}

static uint64_t begin(struct pg *of)
{
    DB_RESULT r = NULL;
    ck_assert_int_eq(pg_command(of, "begin"), DB_OK);
    ck_assert_int_eq(PG_EXEC(of, &own, &r), DB_OK);
    return (uint64_t)db_int(r, 0, 0);
}

static void commit(struct pg *of)
{
    ck_assert_int_eq(pg_command(of, "commit"), DB_OK);
}

/* Its commit has become known. */
static void arrive(uint64_t xid)
{
    const struct arrival arrival = {
        .xid = xid, .answered_us = 5, .survey_id = SURVEY, .agent = -1, .score = 9};
    arrivals_add(freshness_arrivals(freshness), &arrival, 1);
    freshness_move_on(freshness, SURVEY);
}

static void commit_and_arrive(void)
{
    uint64_t xid = begin(other);
    commit(other);
    arrive(xid);
}

/* --- polls --- */

START_TEST(it_lasts_while_polls_find_nothing)
{
    poll();
    read_number();
    ck_assert_int_eq(responses(), 0);
    ck_assert(memory.lasts);
    poll();
    poll();
    ck_assert_int_eq(responses(), 0);
    ck_assert(memory.lasts);
    commit_and_arrive();
    ck_assert_int_eq(responses(), 1);
    ck_assert(memory.lasts);
}
END_TEST

/* The next poll does not find it again, so who remembered it would never hear of it. */
START_TEST(what_a_poll_has_found_lets_it_go_on_but_not_last)
{
    poll();
    read_number();
    write_by_another(SURVEY);
    ck_assert_int_eq(responses(), 0);
    ck_assert(memory.lasts); /* nobody knows yet: the poll will move the generation */
    poll();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(responses(), 0);
        ck_assert(!memory.lasts);
        poll();
    }
    commit_and_arrive();
    ck_assert_int_eq(responses(), 1);
    ck_assert(!memory.lasts);
    read_number();
    ck_assert_int_eq(responses(), 0);
    ck_assert(memory.lasts);
}
END_TEST

START_TEST(what_a_poll_finds_while_it_is_read_may_not_stand_in_it)
{
    poll();
    const struct live_start start = live_start(live, SURVEY);
    const struct live_number number = {.survey_id = SURVEY, .head = "{\"a\":1", .head_len = 6};
    struct live_start young = start;
    young.began_us += MINUTES * CLOCK_SECOND_US;
    write_by_another(SURVEY);
    poll();
    live_keep(live, &asked, &young, &number);
    ck_assert_int_eq(responses(), 0);
    ck_assert(!memory.lasts);
}
END_TEST

START_TEST(what_others_write_of_other_surveys_does_not_matter)
{
    freshness_generation(freshness, OTHER_SURVEY);
    poll();
    read_number();
    write_by_another(OTHER_SURVEY);
    poll();
    ck_assert_int_eq(responses(), 0);
    ck_assert(memory.lasts);
    ck_assert_uint_eq(freshness_moves(freshness, SURVEY).polled + 1,
                      freshness_moves(freshness, OTHER_SURVEY).polled);
}
END_TEST

START_TEST(what_is_not_polled_does_not_last)
{
    poll();
    read_number();
    ck_assert_int_eq(freshness_poll(freshness, pg, NULL), DB_OK);
    ck_assert_int_eq(responses(), 0);
    ck_assert(!memory.lasts);
}
END_TEST

/* Another connection may lead to another server. */
START_TEST(another_connection_of_the_polls_ends_it)
{
    poll();
    read_number();
    pg_drop(pg);
    poll();
    ck_assert_int_eq(responses(), -1);
}
END_TEST

START_TEST(what_moves_is_told_apart)
{
    poll();
    const struct freshness_moves before = freshness_moves(freshness, SURVEY);
    uint64_t generation = freshness_generation(freshness, SURVEY);
    freshness_move_on(freshness, SURVEY);
    struct freshness_moves moves = freshness_moves(freshness, SURVEY);
    ck_assert_uint_gt(freshness_generation(freshness, SURVEY), generation);
    ck_assert_uint_eq(moves.changed, before.changed);
    ck_assert_uint_eq(moves.polled, before.polled);
    freshness_move(freshness, SURVEY);
    moves = freshness_moves(freshness, SURVEY);
    ck_assert_uint_gt(moves.changed, before.changed);
    ck_assert_uint_eq(moves.polled, before.polled);
    write_by_another(SURVEY);
    generation = freshness_generation(freshness, SURVEY);
    poll();
    ck_assert_uint_gt(freshness_generation(freshness, SURVEY), generation);
    ck_assert_uint_eq(freshness_moves(freshness, SURVEY).changed, moves.changed);
    ck_assert_uint_gt(freshness_moves(freshness, SURVEY).polled, before.polled);
}
END_TEST

/* --- transactions --- */

START_TEST(what_was_committed_before_it_was_read_is_not_added)
{
    uint64_t xid = begin(other);
    commit(other);
    read_number();
    arrive(xid); /* whoever committed it was slow to tell */
    ck_assert_int_eq(responses(), 0);
}
END_TEST

START_TEST(what_ran_while_it_was_read_is_added_when_it_is_committed)
{
    uint64_t slow = begin(other);
    begin(pg); /* begun later, and seen */
    commit(pg);
    read_number();
    ck_assert_int_eq(responses(), 0);
    commit(other);
    arrive(slow);
    ck_assert_int_eq(responses(), 1);
    read_number();
    ck_assert_int_eq(responses(), 0);
}
END_TEST

START_TEST(what_begins_after_it_was_read_is_added)
{
    read_number();
    commit_and_arrive();
    commit_and_arrive();
    ck_assert_int_eq(responses(), 2);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {it_lasts_while_polls_find_nothing,
                                  what_a_poll_has_found_lets_it_go_on_but_not_last,
                                  what_a_poll_finds_while_it_is_read_may_not_stand_in_it,
                                  what_others_write_of_other_surveys_does_not_matter,
                                  what_is_not_polled_does_not_last,
                                  another_connection_of_the_polls_ends_it,
                                  what_moves_is_told_apart,
                                  what_was_committed_before_it_was_read_is_not_added,
                                  what_ran_while_it_was_read_is_added_when_it_is_committed,
                                  what_begins_after_it_was_read_is_added};
    return unit_database_run_checked("live_polled", setup, teardown, tests, COUNT_OF(tests));
}
