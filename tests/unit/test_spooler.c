/* Lane, spool and the thread that empties it, with a connection that is cut at any byte: every
 * answer is acknowledged, and in the database once. */
#include "npsd/base/clock.h"
#include "npsd/cli/cli.h"
#include "npsd/ingest/spooler.h"
#include "suite.h"
#include "support/unit_ingest.h"
#include "support/unit_proxy.h"
#include "support/unit_spool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 6, CUTS = 14, STEP = 97 };

static struct config config;
static struct pg_options direct, proxied;
static struct values *values;
static struct directory *directory;
static struct spooler *spooler;
static struct lane *lane;
static atomic_int done_count;

static void note_done(struct lane_item *item)
{
    (void)item;
    atomic_fetch_add(&done_count, 1);
}

static void wait_done(int count)
{
    for (int i = 0; atomic_load(&done_count) < count && i < 20000; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(&done_count), count);
}

static void wait_usable(void)
{
    for (int i = 0; spooler_state(spooler).use != SPOOLER_GOOD && i < 10000; i++)
        usleep(1000);
    ck_assert_int_eq(spooler_state(spooler).use, SPOOLER_GOOD);
}

static void wait_moved(void)
{
    for (int i = 0; spooler_state(spooler).spool.waiting > 0 && i < 20000; i++)
        usleep(1000);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, 0);
    ck_assert_int_eq(spooler_state(spooler).spool.conflicts, 0);
}

/* The lane's connection goes through the proxy, the spooler's does not. */
static void setup(void)
{
    unit_spool_setup();
    spool_close(unit_spool);
    unit_spool = NULL;
    config = (struct config){.database_url = unit_pg_url(), .allow_unsafe_durability = true};
    direct = cli_database(&config);
    proxied = direct;
    proxied.url = unit_proxy_start();
    values = values_new();
    directory = directory_new();
    struct pg *pg = pg_new(&direct);
    ck_assert_int_eq(directory_refresh(directory, pg), DB_OK);
    pg_free(pg);
    const struct spooler_options options = {.spool = {unit_spool_path, UNIT_SPOOL_MB},
                                            .database = &direct,
                                            .directory = directory,
                                            .values = values};
    spooler = spooler_start(&options);
    ck_assert_ptr_nonnull(spooler);
    wait_usable();
    const struct lane_options lane_options = {.name = "test-lane",
                                              .database = &proxied,
                                              .values = values,
                                              .spooler = spooler,
                                              .queue_max = 1000,
                                              .batch_max = 100};
    lane = lane_start(&lane_options);
    ck_assert_ptr_nonnull(lane);
    atomic_store(&done_count, 0);
}

static void teardown(void)
{
    lane_stop(lane);
    spooler_stop(spooler);
    directory_free(directory);
    values_free(values);
    unit_proxy_stop();
    unit_spool_teardown();
}

static void submit(struct lane_item **items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i]->done = note_done;
        items[i]->next = i + 1 < count ? items[i + 1] : NULL;
    }
    ck_assert(lane_submit(lane, items[0], items[count - 1], count));
}

static void expect_taken(struct lane_item *const *items, size_t count)
{
    size_t taken =
        ingest_count(items, count, LANE_CREATED) + ingest_count(items, count, LANE_SPOOLED);
    ck_assert_uint_eq(taken, count);
}

START_TEST(cut_at_any_byte)
{
    struct lane_item **first = ingest_items(1), **items = ingest_items(BATCH);
    submit(first, 1);
    wait_done(1);
    unit_proxy_cut(_i < CUTS ? PROXY_REQUEST : PROXY_REPLY, _i % CUTS * STEP, 300);
    submit(items, BATCH);
    wait_done(1 + BATCH);
    unit_proxy_uncut();
    expect_taken(items, BATCH);
    wait_moved();
    ck_assert_int_eq(ingest_rows(), 1 + BATCH);
    ck_assert(ingest_is_counted());
}
END_TEST

static struct pg *blocker;
static struct arena blocker_arena;

/* Moving waits for what becomes of an uncommitted answer of the same id. */
static void block(const struct lane_item *item)
{
    char id[UUID_TEXT_SIZE];
    arena_init(&blocker_arena, 4096);
    blocker = pg_new(&direct);
    ck_assert_int_eq(pg_command(blocker, "begin"), DB_OK);
    const char *sql = arena_printf(&blocker_arena,
                                   "insert into response (survey_id, score, channel, answered_at,"
                                   " received_at, id, body_hash)"
                                   " values (%d, 9, 0, now(), now(), '%s', '')",
                                   item->row.survey_id, uuid_format(&item->row.id, id));
    ck_assert_int_eq(pg_command(blocker, sql), DB_OK);
}

static void unblock(void)
{
    ck_assert_int_eq(pg_command(blocker, "rollback"), DB_OK);
    pg_free(blocker);
    arena_done(&blocker_arena);
}

static void spool(struct lane_item **items)
{
    for (int i = 0; i < BATCH; i++)
        items[i]->outcome = LANE_UNAVAILABLE;
    spooler_take(spooler, &blocker_arena, items, BATCH);
    ck_assert_uint_eq(ingest_count(items, BATCH, LANE_SPOOLED), BATCH);
}

static void wait_away(bool away, int ms)
{
    for (int i = 0; spooler_state(spooler).away != away && i < ms; i++)
        usleep(1000);
    ck_assert_int_eq(spooler_state(spooler).away, away);
}

/* Moving may take its time: lanes need not wait for its end to find the database again. */
START_TEST(lanes_try_as_soon_as_it_answers)
{
    struct lane_item **items = ingest_items(BATCH);
    block(items[0]);
    spool(items);
    wait_away(false, 1500);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, BATCH);
    unblock();
    wait_moved();
    ck_assert_int_eq(ingest_rows(), BATCH);
}
END_TEST

/* It connects anew and can be read, and takes no answers: that is learnt once. */
START_TEST(lanes_do_not_try_what_takes_nothing)
{
    struct lane_item **items = ingest_items(BATCH);
    block(items[0]);
    spool(items);
    wait_away(false, 1500);
    usleep(100000);
    unit_pg_sql("select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock'");
    wait_away(true, 10000);
    for (int i = 0; i < 500; i++) {
        ck_assert(spooler_state(spooler).away);
        usleep(1000);
    }
    unblock();
    wait_moved();
    ck_assert_int_eq(ingest_rows(), BATCH);
}
END_TEST

/* What is sent arrives and its acknowledgement is lost: committed, and spooled, and there once. */
START_TEST(committed_and_spooled)
{
    struct lane_item **first = ingest_items(1), **items = ingest_items(BATCH);
    submit(first, 1);
    wait_done(1);
    unit_proxy_away(400);
    unit_proxy_set(PROXY_CUT_REPLY);
    submit(items, BATCH);
    wait_done(1 + BATCH);
    ck_assert_uint_eq(ingest_count(items, BATCH, LANE_SPOOLED), BATCH);
    wait_moved();
    ck_assert_int_eq(ingest_rows(), 1 + BATCH);
    ck_assert(ingest_is_counted());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spooler");
    TCase *tcase = unit_folds_case("spooler");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, cut_at_any_byte, 0, 2 * CUTS);
    tcase_add_test(tcase, committed_and_spooled);
    tcase_add_test(tcase, lanes_try_as_soon_as_it_answers);
    tcase_add_test(tcase, lanes_do_not_try_what_takes_nothing);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
