/* Displays from memory into the database: what is counted, and what becomes of it when that is
 * away. */
#include "npsd/ingest/display_meter.h"

#include "npsd/base/clock.h"
#include "npsd/base/log.h"
#include "npsd/ingest/folder.h"
#include "npsd/store/folds.h"
#include "suite.h"
#include "support/unit_database.h"
#include "support/unit_log.h"
#include "support/unit_proxy.h"

#include <pthread.h>
#include <unistd.h>

static const struct db_stmt *const *const sets[] = {displays_statements, folds_statements, NULL};

static struct pg *pg;
static struct arena arena;
static struct display_meter *meter;
static int32_t survey;

#define QUARTER_US (900 * CLOCK_SECOND_US)
#define NOON_US (INT64_C(1773000000) * CLOCK_SECOND_US) /* a quarter hour begins */
_Static_assert(NOON_US % QUARTER_US == 0, "on the quarter");

static void setup(void)
{
    unit_pg_sql("truncate survey, question, tally_state, display");
    unit_pg_sql("insert into survey (slug, title) values ('shop', '{}')");
    survey = (int32_t)unit_pg_number("select id from survey");
    pg = unit_database_connect(sets);
    arena_init(&arena, 4096);
    meter = display_meter_new();
}

static void teardown(void)
{
    display_meter_free(meter);
    arena_done(&arena);
    pg_free(pg);
}

/* "channel slot shown dismissed" of each row; slots from NOON_US on. */
static const char *rows(void)
{
    return unit_pg_value("select coalesce(string_agg(concat_ws(' ', channel, slot - %d, shown,"
                         " dismissed), ', ' order by survey_id, channel, slot), '') from display",
                         (int)(NOON_US / QUARTER_US));
}

static void write_all(void)
{
    ck_assert_int_eq(display_meter_write(meter, pg, &arena), DB_OK);
}

START_TEST(counts_add_up)
{
    write_all();
    ck_assert_str_eq(rows(), "");
    for (int i = 0; i < 3; i++)
        display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US);
    display_meter_dismissed(meter, survey, CHANNEL_WEB, NOON_US + QUARTER_US - 1);
    display_meter_dismissed(meter, survey, CHANNEL_WEB, NOON_US + QUARTER_US);
    display_meter_shown(meter, survey, CHANNEL_KIOSK, NOON_US - 1);
    write_all();
    ck_assert_str_eq(rows(), "0 0 3 1, 0 1 0 1, 5 -1 1 0");
    write_all();
    display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US);
    write_all();
    ck_assert_str_eq(rows(), "0 0 4 1, 0 1 0 1, 5 -1 1 0");
}
END_TEST

START_TEST(surveys_that_are_gone)
{
    display_meter_shown(meter, survey + 1, CHANNEL_WEB, NOON_US);
    display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US);
    write_all();
    ck_assert_str_eq(rows(), "0 0 1 0");
}
END_TEST

START_TEST(sums_of_windows)
{
    struct display_sums sums;
    for (int quarter = 0; quarter < 4; quarter++)
        for (int i = 0; i <= quarter; i++)
            display_meter_shown(meter, survey, CHANNEL_APP, NOON_US + quarter * QUARTER_US);
    display_meter_dismissed(meter, survey, CHANNEL_WEB, NOON_US);
    write_all();
    const struct {
        struct window window;
        int64_t shown, dismissed;
    } cases[] = {
        {{SLOTS_OPEN_FROM, SLOTS_OPEN_TO}, 10, 1},
        {{NOON_US, NOON_US + 4 * QUARTER_US}, 10, 1},
        {{NOON_US, NOON_US + QUARTER_US}, 1, 1},
        /* quarter hours that begin within */
        {{NOON_US + 1, NOON_US + QUARTER_US}, 0, 0},
        {{NOON_US + 1, NOON_US + QUARTER_US + 1}, 2, 0},
        {{NOON_US - 1, NOON_US + 1}, 1, 1},
        {{NOON_US + 2 * QUARTER_US, SLOTS_OPEN_TO}, 7, 0},
        {{SLOTS_OPEN_FROM, NOON_US}, 0, 0},
        {{NOON_US + QUARTER_US, NOON_US}, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert_int_eq(displays_sum(pg, survey, &cases[i].window, &sums), DB_OK);
        ck_assert_int_eq(sums.shown[CHANNEL_APP], cases[i].shown);
        ck_assert_int_eq(sums.dismissed[CHANNEL_WEB], cases[i].dismissed);
        ck_assert_int_eq(sums.shown[CHANNEL_WEB] + sums.dismissed[CHANNEL_APP], 0);
    }
    ck_assert_int_eq(displays_sum(pg, survey + 1, &cases[0].window, &sums), DB_OK);
    ck_assert_int_eq(sums.shown[CHANNEL_APP], 0);
}
END_TEST

/* While the database is away counts wait; what may have been written is not written again. */
START_TEST(the_database_goes_away)
{
    struct pg_options options = {
        .url = unit_proxy_start(), .sets = sets, .role = "npsd_app", .allow_unsafe = true};
    struct pg *shaky = pg_new(&options);
    ck_assert_int_eq(pg_connect(shaky), DB_OK);
    display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US);
    unit_proxy_cut(PROXY_REPLY, 0, 100000);
    ck_assert_int_eq(display_meter_write(meter, shaky, &arena), DB_LOST);
    display_meter_shown(meter, survey, CHANNEL_SMS, NOON_US);
    ck_assert_int_eq(display_meter_write(meter, shaky, &arena), DB_AWAY);
    display_meter_shown(meter, survey, CHANNEL_SMS, NOON_US);
    unit_proxy_uncut();
    unit_proxy_away(0);
    for (int i = 0; i < 300 && display_meter_write(meter, shaky, &arena) != DB_OK; i++)
        usleep(10000); /* it does not ask again at once */
    ck_assert_int_eq(unit_pg_number("select shown from display where channel = 3"), 2);
    ck_assert_int_le(unit_pg_number("select coalesce(sum(shown), 0) from display"
                                    " where channel = 0"),
                     1);
    pg_free(shaky);
    unit_proxy_stop();
}
END_TEST

/* As many as there is room for; the others are told of. */
START_TEST(more_than_there_is_room_for)
{
    unit_log_begin();
    for (int i = 0; i < DISPLAY_METER_CELLS + 7; i++)
        display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US + i * QUARTER_US);
    for (int i = 0; i < DISPLAY_METER_CELLS; i++)
        display_meter_dismissed(meter, survey, CHANNEL_WEB, NOON_US + i * QUARTER_US);
    write_all();
    ck_assert_int_eq(unit_pg_number("select count(*) from display where shown = 1"
                                    " and dismissed = 1"),
                     DISPLAY_METER_CELLS);
    ck_assert_int_eq(unit_pg_number("select count(*) from display"), DISPLAY_METER_CELLS);
    ck_assert_int_eq(unit_log_count("displays=7"), 1);
    display_meter_shown(meter, survey, CHANNEL_KIOSK, NOON_US);
    write_all();
    ck_assert_int_eq(unit_pg_number("select count(*) from display"), DISPLAY_METER_CELLS + 1);
}
END_TEST

enum { THREADS = 4, EACH = 20000 };

static void *show_many(void *unused)
{
    for (int i = 0; i < EACH; i++)
        display_meter_shown(meter, survey, i % 2 ? CHANNEL_WEB : CHANNEL_APP, NOON_US);
    return unused;
}

START_TEST(threads_count_while_it_is_written)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, show_many, NULL), 0);
    for (int i = 0; i < 10; i++)
        write_all();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    write_all();
    ck_assert_str_eq(rows(), "0 0 40000 0, 7 0 40000 0");
}
END_TEST

/* Once a second, and what is left when it ends. */
START_TEST(the_folder_writes_them)
{
    struct pg_options options = {
        .url = unit_pg_url(), .sets = sets, .role = "npsd_app", .allow_unsafe = true};
    struct folder *folder = folder_start(&options, meter);
    ck_assert_ptr_nonnull(folder);
    display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US);
    for (int i = 0; i < 300 && unit_pg_number("select count(*) from display") == 0; i++)
        usleep(10000);
    ck_assert_str_eq(rows(), "0 0 1 0");
    display_meter_shown(meter, survey, CHANNEL_WEB, NOON_US);
    folder_stop(folder);
    ck_assert_str_eq(rows(), "0 0 2 0");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        counts_add_up,          surveys_that_are_gone,       sums_of_windows,
        the_database_goes_away, more_than_there_is_room_for, threads_count_while_it_is_written,
        the_folder_writes_them};
    return unit_database_run_checked("display_meter", setup, teardown, tests, COUNT_OF(tests));
}
