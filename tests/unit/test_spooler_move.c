/* How answers leave the spool: into PostgreSQL, or kept aside with the reason. */
#include "npsd/cli/cli.h"
#include "npsd/ingest/spooler.h"
#include "suite.h"
#include "support/unit_ingest.h"
#include "support/unit_spool.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct config config;
static struct pg_options database;
static struct values *values;
static struct directory *directory;

static bool is_done(const struct spooler *spooler)
{
    const struct spooler_state state = spooler_state(spooler);
    return state.use == SPOOLER_GOOD && state.spool.waiting == 0;
}

/* Runs a spooler on the file until nothing waits in it. */
static void move_all(void)
{
    const struct spooler_options options = {.spool = {unit_spool_path, UNIT_SPOOL_MB},
                                            .database = &database,
                                            .directory = directory,
                                            .values = values};
    struct pg *pg = pg_new(&database);
    ck_assert_int_eq(directory_refresh(directory, pg), DB_OK);
    pg_free(pg);
    spool_close(unit_spool);
    unit_spool = NULL;
    struct spooler *spooler = spooler_start(&options);
    ck_assert_ptr_nonnull(spooler);
    for (int i = 0; !is_done(spooler) && i < 20000; i++)
        usleep(1000);
    ck_assert_int_eq(spooler_state(spooler).spool.waiting, 0);
    spooler_stop(spooler);
    unit_spool_reopen(UNIT_SPOOL_MB);
}

/* The spool belongs to the database. */
static void setup(void)
{
    ingest_begin();
    unit_spool_setup();
    config = (struct config){.database_url = unit_pg_url(), .allow_unsafe_durability = true};
    database = cli_database(&config);
    values = values_new();
    directory = directory_new();
    move_all();
}

static void teardown(void)
{
    directory_free(directory);
    values_free(values);
    unit_spool_teardown();
    ingest_end();
}

static void spool(const struct lane_item *item)
{
    struct spool_answer *answer = arena_calloc(&unit_spool_arena, 1, sizeof *answer);
    const struct spool_answer *one = answer;
    struct spool_found found;
    bool unknown;
    answer->row = item->row;
    ck_assert_int_eq(spool_add(unit_spool, &one, 1, &found, &unknown), SPOOL_OK);
    ck_assert_int_eq(found.met, SPOOL_ADDED);
}

static void erase(const struct lane_item *item)
{
    unit_pg_sql("delete from journal where survey_id = s();"
                "update response set erased = true, excluded = true, score = 0, answers = null"
                " where survey_id = s() and received_at ="
                " 'epoch'::timestamptz + %lld * interval '1 us'",
                (long long)item->row.received_us);
}

static void spoil(int64_t seq)
{
    char sql[80];
    sqlite3 *db = NULL;
    snprintf(sql, sizeof sql, "update answer set hash = x'00' where seq = %lld", (long long)seq);
    ck_assert_int_eq(sqlite3_open(unit_spool_path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static bool add_reason(void *context, const struct spool_conflict *conflict)
{
    char *reasons = context;
    size_t len = strlen(reasons);
    snprintf(reasons + len, 200 - len, "%s%s", len > 0 ? " " : "", conflict->reason);
    return true;
}

/* In the order in which they came. */
static void assert_kept_aside(const char *expected)
{
    char reasons[200] = "";
    ck_assert_int_eq(spool_each_conflict(unit_spool, add_reason, reasons), SPOOL_OK);
    ck_assert_str_eq(reasons, expected);
}

START_TEST(into_the_database)
{
    struct lane_item **items = ingest_items(3);
    ingest_commit(&items[1], 1); /* the acknowledgement was lost */
    for (int i = 0; i < 3; i++)
        spool(items[i]);
    move_all();
    assert_kept_aside("");
    ck_assert_int_eq(ingest_rows(), 3);
    ck_assert(ingest_is_counted());
}
END_TEST

/* Of an answer that was taken and erased since nothing is kept; of another one with its key, all.
 */
START_TEST(erased_meanwhile)
{
    struct lane_item *gone = ingest_item();
    ingest_commit(&gone, 1);
    erase(gone);
    spool(_i == 0 ? ingest_again(gone) : ingest_other(gone));
    move_all();
    assert_kept_aside(_i == 0 ? "" : "erased");
    ck_assert_int_eq(unit_pg_number("select count(*) from response where survey_id = s()"
                                    " and not erased"),
                     0);
}
END_TEST

/* One that cannot be taken holds up none of the others. */
START_TEST(kept_aside)
{
    struct lane_item **items = ingest_items(6), *reused = ingest_item();
    ingest_commit(&reused, 1);
    ingest_poison("22023");
    ingest_mark(items[1]);
    items[3]->row.survey_id = INT32_MAX;
    for (int i = 0; i < 6; i++)
        spool(i == 4 ? ingest_other(reused) : items[i]);
    size_t count;
    spoil(unit_spool_peek(9, &count)[2].seq);
    move_all();
    assert_kept_aside("refused unreadable survey-unknown key-reused");
    ck_assert_int_eq(ingest_rows(), 3);
    ck_assert(ingest_is_counted());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spooler move");
    TCase *tcase = unit_folds_case("spooler move");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, into_the_database);
    tcase_add_loop_test(tcase, erased_meanwhile, 0, 2);
    tcase_add_test(tcase, kept_aside);
    suite_add_tcase(suite, tcase);
    return unit_database_run(suite);
}
