/* The thread that folds. */
#include "npsd/ingest/folder.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/base/metrics.h"
#include "support/unit_folds.h"

#include <time.h>

static const struct db_stmt *const *const sets[] = {folds_statements, NULL};
static const char *const settings[] = {"application_name=folder", NULL};

static struct pg_options options(void)
{
    return (struct pg_options){.url = unit_pg_url(),
                               .settings = settings,
                               .sets = sets,
                               .role = "npsd_app",
                               .allow_unsafe = true};
}

#define OF_FOLDER " from pg_stat_activity where application_name = 'folder'"

/* Waits for a number, at most 10 s. */
static bool comes_to(const char *sql, int64_t wanted)
{
    int64_t until_us = clock_monotonic_us() + 10 * CLOCK_SECOND_US;
    while (number_of(sql) != wanted) {
        if (clock_monotonic_us() > until_us)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return true;
}

static bool all_folded(void)
{
    return comes_to("select count(*) from journal where survey_id = s()", 0);
}

START_TEST(folds_what_comes)
{
    struct pg_options database = options();
    struct folder *folder = folder_start(&database, NULL);
    ck_assert_ptr_nonnull(folder);
    for (int i = 0; i < 3; i++) {
        append_random(20, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
        ck_assert(all_folded());
        ck_assert_int_eq(differing(MARCH_2026), 0);
    }
    folder_stop(folder);
    ck_assert_uint_ge(metrics_read(METRIC_FOLDS), 3);
    ck_assert_int_eq(number_of("select count(*)" OF_FOLDER), 0);
}
END_TEST

START_TEST(guards_before_it_folds)
{
    struct pg_options database = options();
    append(answer("2026-03-02T10:00:00Z", 3));
    run("update tally_state set low = '900000000000' where survey_id = s()");
    ck_assert_int_gt(differing(MARCH_2026), 0);
    struct folder *folder = folder_start(&database, NULL);
    ck_assert(all_folded());
    folder_stop(folder);
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(survives_the_loss_of_its_connection)
{
    struct pg_options database = options();
    struct folder *folder = folder_start(&database, NULL);
    for (int i = 0; i < 3; i++) {
        ck_assert(comes_to("select count(*)" OF_FOLDER, 1));
        ck_assert_int_eq(number_of("select count(pg_terminate_backend(pid))" OF_FOLDER), 1);
        append_random(20, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z");
        ck_assert(all_folded());
    }
    folder_stop(folder);
    ck_assert_int_eq(differing(MARCH_2026), 0);
}
END_TEST

START_TEST(stops_at_once)
{
    struct pg_options database = options();
    struct folder *folder = folder_start(&database, NULL);
    ck_assert(comes_to("select count(*)" OF_FOLDER, 1));
    int64_t began_us = clock_monotonic_us();
    folder_stop(folder);
    ck_assert_int_lt(clock_monotonic_us() - began_us, CLOCK_SECOND_US);
    folder_stop(NULL);
}
END_TEST

/* Nothing listens there: a folder that cannot work waits, and ends when it is told to. */
START_TEST(waits_while_the_database_is_away)
{
    struct pg_options database = options();
    database.url = "host=/nowhere dbname=none";
    log_set_level("error");
    struct folder *folder = folder_start(&database, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    int64_t began_us = clock_monotonic_us();
    folder_stop(folder);
    ck_assert_int_lt(clock_monotonic_us() - began_us, CLOCK_SECOND_US);
    ck_assert_uint_eq(metrics_read(METRIC_FOLDS), 0);
}
END_TEST

START_TEST(refuses_more_settings_than_it_has_room_for)
{
    static const char *many[32];
    for (size_t i = 0; i < 31; i++)
        many[i] = "application_name=folder";
    struct pg_options database = options();
    database.settings = many;
    ck_assert_ptr_null(folder_start(&database, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("folder");
    TCase *test_case = unit_folds_case("folder");
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, folds_what_comes);
    tcase_add_test(test_case, guards_before_it_folds);
    tcase_add_test(test_case, survives_the_loss_of_its_connection);
    tcase_add_test(test_case, stops_at_once);
    tcase_add_test(test_case, waits_while_the_database_is_away);
    tcase_add_test(test_case, refuses_more_settings_than_it_has_room_for);
    suite_add_tcase(suite, test_case);
    return unit_database_run(suite);
}
