/* What a batch tells those who count on: the answers that it has committed, or that it cannot say.
 */
#include "npsd/ingest/batch.h"

#include "npsd/domain/suspect.h"
#include "npsd/state/freshness.h"
#include "suite.h"
#include "support/unit_ingest.h"

#include <dlfcn.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { SEEN_MAX = 64 };

static struct freshness *freshness;
static struct arrival seen[SEEN_MAX];
static size_t seen_count;
static uint64_t position;
static bool no_copies;

/* In place of libpq's, to which it hands on: a copy may be refused the memory for it. */
PGresult *PQcopyResult(const PGresult *src, int flags)
{
    PGresult *(*copy)(const PGresult *, int);
    *(void **)&copy = dlsym(RTLD_NEXT, "PQcopyResult");
    return no_copies ? NULL : copy(src, flags);
}

static void setup(void)
{
    no_copies = false;
    ingest_begin();
    freshness = freshness_new();
    ck_assert_ptr_nonnull(freshness);
    ingest_tell(freshness);
    position = 0;
}

static void teardown(void)
{
    ingest_end();
    freshness_free(freshness);
}

static void see(void *context, const struct arrival *arrival)
{
    (void)context;
    ck_assert_uint_lt(seen_count, SEEN_MAX);
    seen[seen_count++] = *arrival;
}

/* Those since the last look. */
static size_t look(void)
{
    seen_count = 0;
    ck_assert(arrivals_visit(freshness_arrivals(freshness), &position, see, NULL));
    return seen_count;
}

static bool has_arrived(const struct answer_row *row)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].answered_us == row->answered_us && seen[i].score == row->score &&
            seen[i].channel == (int)row->channel && seen[i].agent == row->agent &&
            memcmp(seen[i].facets, row->facets, sizeof row->facets) == 0)
            return true;
    return false;
}

static uint64_t changes(const struct lane_item *item)
{
    return freshness_moves(freshness, item->row.survey_id).changed;
}

static uint64_t generation(const struct lane_item *item)
{
    return freshness_generation(freshness, item->row.survey_id);
}

/* The connection is new to the batch, which is a change; the next ones are not. */
static struct lane_item *commit_first(void)
{
    struct lane_item *first = ingest_item();
    ingest_commit(&first, 1);
    ck_assert_uint_eq(look(), 1);
    return first;
}

START_TEST(new_answers_arrive)
{
    uint64_t before = changes(commit_first());
    struct lane_item **items = ingest_items(20);
    uint64_t moved = generation(items[0]);
    items[3]->row.channel = CHANNEL_KIOSK;
    items[4]->row.agent = 7;
    items[5]->row.facets[2] = 9;
    ingest_commit(items, 20);
    ck_assert_uint_eq(look(), 20);
    ck_assert_uint_gt(generation(items[0]), moved);
    ck_assert_uint_eq(changes(items[0]), before);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_uint_eq(seen[i].xid, seen[0].xid);
        ck_assert_int_eq(seen[i].survey_id, items[0]->row.survey_id);
        ck_assert(has_arrived(&items[i]->row));
    }
}
END_TEST

/* PostgreSQL's own number of the transaction that has written the row. */
START_TEST(they_come_with_their_transaction)
{
    commit_first();
    struct lane_item *item = ingest_item();
    ingest_commit(&item, 1);
    ck_assert_uint_eq(look(), 1);
    ck_assert_int_eq(unit_pg_number("select count(*) from journal where xid = '%llu'",
                                    (unsigned long long)seen[0].xid),
                     1);
    ck_assert_int_eq(seen[0].answered_us, item->row.answered_us);
}
END_TEST

START_TEST(what_is_set_aside_does_not_arrive)
{
    commit_first();
    struct lane_item **items = ingest_items(3);
    items[1]->row.suspect = SUSPECT_HONEYPOT;
    items[1]->row.set_aside = true;
    ingest_commit(items, 3);
    ck_assert_uint_eq(ingest_count(items, 3, LANE_CREATED), 3);
    ck_assert_uint_eq(look(), 2);
    ingest_commit(&(struct lane_item *){items[1]}, 1);
    ck_assert_uint_eq(look(), 0);
}
END_TEST

/* Nothing new is there, but a first try may have written it without our knowing. */
START_TEST(a_replay_is_a_change)
{
    struct lane_item *first = commit_first(), *again = ingest_again(first);
    uint64_t before = changes(first);
    ingest_commit(&again, 1);
    ck_assert_int_eq(again->outcome, LANE_REPLAYED);
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_gt(changes(first), before);
}
END_TEST

START_TEST(what_was_committed_carefully_is_a_change)
{
    struct lane_item *first = commit_first();
    uint64_t before = changes(first);
    struct lane_item *items[] = {ingest_again(first), ingest_item()};
    ingest_commit(items, 2);
    ck_assert_int_eq(items[1]->outcome, LANE_CREATED);
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_gt(changes(first), before);
}
END_TEST

/* It may lead to another server, whose transactions have other numbers. */
START_TEST(a_new_connection_is_a_change_of_all_surveys)
{
    struct lane_item *first = commit_first(), *second = ingest_item(), *third = ingest_item();
    const int32_t other = first->row.survey_id + 1;
    uint64_t before = freshness_moves(freshness, other).changed;
    ingest_commit(&second, 1);
    ck_assert_uint_eq(freshness_moves(freshness, other).changed, before);
    ingest_drop();
    ingest_commit(&third, 1);
    ck_assert_uint_eq(look(), 2);
    ck_assert_uint_gt(freshness_moves(freshness, other).changed, before);
}
END_TEST

/* Its transaction's number is not known, so nobody can count on with it. */
START_TEST(what_has_no_transaction_is_a_change)
{
    struct lane_item *first = commit_first(), *second = ingest_item(), *third = ingest_item();
    uint64_t before = changes(first);
    no_copies = true;
    ingest_commit(&second, 1);
    ck_assert_int_eq(second->outcome, LANE_CREATED);
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_gt(changes(first), before);
    no_copies = false;
    before = changes(first);
    ingest_commit(&third, 1);
    ck_assert_uint_eq(look(), 1);
    ck_assert_uint_eq(changes(first), before);
}
END_TEST

struct hold {
    const struct lane_item *item;
    uint64_t before; /* the generation */
    atomic_bool holds;
    bool moved;
};

/* Nothing can be added until it returns. */
static void hold_back(void *context, const struct arrival *arrival)
{
    struct hold *hold = context;
    (void)arrival;
    atomic_store(&hold->holds, true);
    for (int ms = 0; ms < 30000 && !hold->moved; ms++) {
        hold->moved = generation(hold->item) > hold->before;
        usleep(1000);
    }
}

static void *hold_arrivals(void *hold)
{
    uint64_t from = 0;
    ck_assert(arrivals_visit(freshness_arrivals(freshness), &from, hold_back, hold));
    return NULL;
}

/* So whoever has read without them does not put that over what was read with them. */
START_TEST(the_survey_moves_before_they_are_there)
{
    struct lane_item *item = commit_first();
    struct hold hold = {.item = item, .before = generation(item)};
    pthread_t holder;
    ck_assert_int_eq(pthread_create(&holder, NULL, hold_arrivals, &hold), 0);
    while (!atomic_load(&hold.holds))
        usleep(1000);
    struct lane_item *next = ingest_item();
    ingest_commit(&next, 1);
    pthread_join(holder, NULL);
    ck_assert(hold.moved);
    ck_assert_uint_eq(look(), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        new_answers_arrive,
        they_come_with_their_transaction,
        what_is_set_aside_does_not_arrive,
        a_replay_is_a_change,
        what_was_committed_carefully_is_a_change,
        a_new_connection_is_a_change_of_all_surveys,
        what_has_no_transaction_is_a_change,
        the_survey_moves_before_they_are_there,
    };
    Suite *suite = suite_create("batch_arrivals");
    TCase *tcase = unit_folds_case("batch_arrivals");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
