/* A lane whose database takes no answers as it is: it knows, and finds out by itself when it does.
 */
#include "npsd/ingest/lane.h"

#include "suite.h"
#include "support/unit_ingest.h"

#include <stdatomic.h>
#include <unistd.h>

static struct pg_options database;
static struct values *values;
static struct lane *lane;
static atomic_int done_count;

static void setup(void)
{
    database = ingest_options(unit_pg_url());
    values = values_new();
    const struct lane_options options = {.name = "test-lane",
                                         .database = &database,
                                         .values = values,
                                         .queue_max = 10,
                                         .batch_max = 10};
    lane = lane_start(&options);
    ck_assert_ptr_nonnull(lane);
    atomic_store(&done_count, 0);
}

static void teardown(void)
{
    lane_stop(lane);
    values_free(values);
    unit_pg_sql("grant insert on response to npsd_app");
}

static void count_done(struct lane_item *item)
{
    (void)item;
    atomic_fetch_add(&done_count, 1);
}

static enum lane_outcome send(struct lane_item *item)
{
    int before = atomic_load(&done_count);
    item->done = count_done;
    ck_assert(lane_submit(lane, item, item, 1));
    for (int i = 0; atomic_load(&done_count) == before && i < 20000; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(&done_count), before + 1);
    return item->outcome;
}

static void wait_fit(bool unfit)
{
    for (int i = 0; lane_is_unfit(lane) != unfit && i < 20000; i++)
        usleep(1000);
    ck_assert_int_eq(lane_is_unfit(lane), unfit);
}

START_TEST(fits_at_first)
{
    ck_assert(!lane_is_unfit(lane));
    ck_assert_int_eq(send(ingest_item()), LANE_CREATED);
    ck_assert(!lane_is_unfit(lane));
}
END_TEST

/* Without an answer that tries it. */
START_TEST(looks_again_by_itself)
{
    unit_pg_sql("revoke insert on response from npsd_app");
    ck_assert_int_eq(send(ingest_item()), LANE_UNFIT);
    wait_fit(true);
    usleep(2200000); /* as long as it is so, looking does not change it */
    ck_assert(lane_is_unfit(lane));
    ck_assert_int_eq(ingest_rows(), 0);
    unit_pg_sql("grant insert on response to npsd_app");
    wait_fit(false);
    ck_assert_int_eq(ingest_rows(), 0); /* looking writes nothing */
    ck_assert_int_eq(send(ingest_item()), LANE_CREATED);
}
END_TEST

/* An answer that is taken shows it at once. */
START_TEST(an_answer_shows_it_too)
{
    struct lane_item **items = ingest_items(2);
    unit_pg_sql("revoke insert on response from npsd_app");
    ck_assert_int_eq(send(items[0]), LANE_UNFIT);
    wait_fit(true);
    unit_pg_sql("grant insert on response to npsd_app");
    ck_assert_int_eq(send(items[1]), LANE_CREATED);
    ck_assert(!lane_is_unfit(lane));
    ingest_check(&items[1], 1);
}
END_TEST

START_TEST(ends_while_it_is_unfit)
{
    unit_pg_sql("revoke insert on response from npsd_app");
    ck_assert_int_eq(send(ingest_item()), LANE_UNFIT);
    wait_fit(true);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {fits_at_first, looks_again_by_itself, an_answer_shows_it_too,
                                  ends_while_it_is_unfit};
    Suite *suite = suite_create("lane unfit");
    TCase *tcase = unit_folds_case("lane unfit");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
