/* Which transactions a snapshot has seen, against PostgreSQL's own words. */
#include "npsd/db/snapshot.h"

#include "suite.h"
#include "support/unit_pg.h"

#include <stdio.h>
#include <string.h>

/* The snapshot stands in neither the first row nor the first column. */
static const struct db_stmt of_text = {
    "of_text", "text", "int4 pg_snapshot",
    "select 1, null::pg_snapshot union all select 2, $1::pg_snapshot order by 1"};
static const struct db_stmt of_bytes = {"of_bytes", "bytea", "bytea", "select $1"};
static const struct db_stmt sees = {"sees", "xid8 text", "bool",
                                    "select pg_visible_in_snapshot($1, $2::pg_snapshot)"};
static const struct db_stmt now = {"now", "", "pg_snapshot", "select pg_current_snapshot()"};
static const struct db_stmt own = {"own", "", "xid8", "select pg_current_xact_id()"};
static const struct db_stmt *const set[] = {&of_text, &of_bytes, &sees, &now, &own, NULL};
static const struct db_stmt *const *const sets[] = {set, NULL};

static struct pg_options options;
static struct pg *pg, *other;

static void setup(void)
{
    options = (struct pg_options){.url = unit_pg_url(), .sets = sets, .allow_unsafe = true};
    pg = pg_new(&options);
    other = pg_new(&options);
}

static void teardown(void)
{
    pg_free(other);
    pg_free(pg);
}

/* False: it is not read. text NULL: SQL NULL. */
static bool read_text(const char *text, struct db_snapshot *ret_snapshot)
{
    DB_RESULT r = NULL;
    ck_assert_msg(PG_EXEC(pg, &of_text, &r, P_TEXT(text)) == DB_OK, "%s", pg_error(pg));
    return db_snapshot_read(r, 1, 1, ret_snapshot);
}

static struct db_snapshot snapshot_of(const char *text)
{
    struct db_snapshot snapshot;
    ck_assert_msg(read_text(text, &snapshot), "%s", text);
    return snapshot;
}

static bool postgres_sees(const char *text, uint64_t xid)
{
    DB_RESULT r = NULL;
    ck_assert_int_eq(PG_EXEC(pg, &sees, &r, P_INT8((int64_t)xid), P_TEXT(text)), DB_OK);
    return db_bool(r, 0, 0);
}

static struct db_snapshot snapshot_now(void)
{
    DB_RESULT r = NULL;
    struct db_snapshot snapshot;
    ck_assert_int_eq(PG_EXEC(pg, &now, &r), DB_OK);
    ck_assert(db_snapshot_read(r, 0, 0, &snapshot));
    return snapshot;
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

/* --- what it sees --- */

START_TEST(what_is_older_than_all_that_ran_is_seen)
{
    const struct db_snapshot snapshot = {10, 20, {10, 14, 15}, 3};
    ck_assert(db_snapshot_sees(&snapshot, 3));
    ck_assert(db_snapshot_sees(&snapshot, 9));
    ck_assert(!db_snapshot_sees(&snapshot, 10));
}
END_TEST

START_TEST(what_had_not_begun_is_not_seen)
{
    const struct db_snapshot snapshot = {10, 20, {10, 14, 15}, 3};
    ck_assert(db_snapshot_sees(&snapshot, 19));
    ck_assert(!db_snapshot_sees(&snapshot, 20));
    ck_assert(!db_snapshot_sees(&snapshot, 21));
    ck_assert(!db_snapshot_sees(&snapshot, UINT64_MAX));
}
END_TEST

START_TEST(what_ran_is_not_seen_and_what_ended_meanwhile_is)
{
    const struct db_snapshot snapshot = {10, 20, {10, 14, 15}, 3};
    const bool seen[] = {false, true, true, true, false, false, true, true, true, true};
    for (uint64_t i = 0; i < COUNT_OF(seen); i++)
        ck_assert_msg(db_snapshot_sees(&snapshot, 10 + i) == seen[i], "%d", (int)(10 + i));
}
END_TEST

/* Places behind the last one that ran hold nothing. */
START_TEST(only_so_many_ran_as_are_told)
{
    const struct db_snapshot snapshot = {10, 20, {10, 14, 15}, 1};
    ck_assert(!db_snapshot_sees(&snapshot, 10));
    ck_assert(db_snapshot_sees(&snapshot, 14));
    ck_assert(db_snapshot_sees(&snapshot, 15));
}
END_TEST

START_TEST(when_nothing_ran_all_that_had_begun_is_seen)
{
    const struct db_snapshot snapshot = {20, 20, {0}, 0};
    ck_assert(db_snapshot_sees(&snapshot, 19));
    ck_assert(!db_snapshot_sees(&snapshot, 20));
}
END_TEST

/* --- how it is read --- */

START_TEST(a_snapshot_is_read_whole)
{
    const struct db_snapshot snapshot = snapshot_of("10:20:10,14,15");
    ck_assert_uint_eq(snapshot.first, 10);
    ck_assert_uint_eq(snapshot.next, 20);
    ck_assert_uint_eq(snapshot.running_count, 3);
    ck_assert_uint_eq(snapshot.running[0], 10);
    ck_assert_uint_eq(snapshot.running[1], 14);
    ck_assert_uint_eq(snapshot.running[2], 15);
}
END_TEST

START_TEST(a_snapshot_in_which_nothing_ran)
{
    const struct db_snapshot snapshot = snapshot_of("7:9:");
    ck_assert_uint_eq(snapshot.first, 7);
    ck_assert_uint_eq(snapshot.next, 9);
    ck_assert_uint_eq(snapshot.running_count, 0);
}
END_TEST

START_TEST(null_is_not_read)
{
    struct db_snapshot snapshot;
    ck_assert(!read_text(NULL, &snapshot));
}
END_TEST

/* "1000:1200:1000,1003,1006": so many ran, each third. */
static void write_running(char *text, size_t size, int count)
{
    int len = snprintf(text, size, "1000:1200:");
    for (int i = 0; i < count; i++)
        len += snprintf(text + len, size - (size_t)len, "%s%d", i ? "," : "", 1000 + 3 * i);
}

START_TEST(as_many_as_there_is_room_for_may_run)
{
    char text[1000];
    write_running(text, sizeof text, DB_SNAPSHOT_RUNNING_MAX);
    const struct db_snapshot snapshot = snapshot_of(text);
    ck_assert_uint_eq(snapshot.running_count, DB_SNAPSHOT_RUNNING_MAX);
    for (uint64_t xid = 990; xid < 1210; xid++)
        ck_assert_int_eq(db_snapshot_sees(&snapshot, xid), postgres_sees(text, xid));
}
END_TEST

START_TEST(one_more_is_not_read)
{
    char text[1000];
    struct db_snapshot snapshot;
    write_running(text, sizeof text, DB_SNAPSHOT_RUNNING_MAX + 1);
    ck_assert(!read_text(text, &snapshot));
}
END_TEST

/* A lower half alone would be the same as that of a small one. */
START_TEST(large_numbers_keep_all_their_bits)
{
    static const char *const texts[] = {
        "4294967306:4294967316:4294967306,4294967310",
        "10:4294967316:10,4294967310",
        "9223372036854775800:9223372036854775806:9223372036854775800,9223372036854775803",
    };
    static const uint64_t bases[] = {0, UINT64_C(4294967296), UINT64_C(9223372036854775790)};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct db_snapshot snapshot = snapshot_of(texts[i]);
        for (size_t b = 0; b < COUNT_OF(bases); b++)
            for (uint64_t xid = bases[b] + 3; xid < bases[b] + 17; xid++)
                ck_assert_msg(db_snapshot_sees(&snapshot, xid) == postgres_sees(texts[i], xid),
                              "%s: %llu", texts[i], (unsigned long long)xid);
    }
}
END_TEST

/* As PostgreSQL says it, whatever ran. */
START_TEST(any_snapshot_sees_what_postgresql_sees)
{
    uint64_t state = 5;
    for (int round = 0; round < 20; round++) {
        char text[400];
        int64_t next = suite_between(&state, 100, 130);
        int len = snprintf(text, sizeof text, "100:%d:", (int)next);
        for (int64_t xid = 100, any = 0; xid < next; xid++)
            if (suite_random(&state) % 3 == 0)
                len += snprintf(text + len, sizeof text - (size_t)len, "%s%d", any++ ? "," : "",
                                (int)xid);
        const struct db_snapshot snapshot = snapshot_of(text);
        for (uint64_t xid = 98; xid < 133; xid++)
            ck_assert_msg(db_snapshot_sees(&snapshot, xid) == postgres_sees(text, xid), "%s: %d",
                          text, (int)xid);
    }
}
END_TEST

/* Should PostgreSQL ever send it in another form, nothing is known. */
START_TEST(bytes_of_another_length_are_not_read)
{
    static const char bytes[40] = {[3] = 1, [11] = 10, [19] = 20, [27] = 10};
    for (size_t len = 0; len <= sizeof bytes; len++) {
        DB_RESULT r = NULL;
        struct db_snapshot snapshot;
        ck_assert_int_eq(PG_EXEC(pg, &of_bytes, &r, P_BYTES(bytes, len)), DB_OK);
        ck_assert_msg(db_snapshot_read(r, 0, 0, &snapshot) == (len == 28), "%zu bytes", len);
    }
}
END_TEST

/* --- of real transactions --- */

START_TEST(what_is_not_yet_committed_is_not_seen)
{
    uint64_t before = begin(other);
    commit(other);
    uint64_t running = begin(other);
    uint64_t finished = begin(pg); /* begun after it, and ended before it */
    commit(pg);
    const struct db_snapshot during = snapshot_now();
    ck_assert(db_snapshot_sees(&during, before));
    ck_assert(!db_snapshot_sees(&during, running));
    ck_assert(db_snapshot_sees(&during, finished));
    commit(other);
    ck_assert(!db_snapshot_sees(&during, running)); /* it stays as it was */
    uint64_t later = begin(other);
    commit(other);
    ck_assert(!db_snapshot_sees(&during, later));
    const struct db_snapshot after = snapshot_now();
    ck_assert(db_snapshot_sees(&after, running));
    ck_assert(db_snapshot_sees(&after, later));
}
END_TEST

/* Rows that a query counts and what its snapshot sees are the same. */
START_TEST(it_sees_what_its_statement_sees)
{
    static const struct db_stmt count = {"count", "", "int8 pg_snapshot",
                                         "select count(*), pg_current_snapshot() from item"};
    struct db_snapshot snapshot;
    unit_pg_sql("drop table if exists item; create table item (n int4)");
    uint64_t running = begin(other);
    ck_assert_int_eq(pg_command(other, "insert into item values (1)"), DB_OK);
    for (int committed = 0; committed < 2; committed++) {
        DB_RESULT r = NULL;
        ck_assert_int_eq(pg_exec_unprepared(pg, &count, NULL, 0, &r), DB_OK);
        ck_assert(db_snapshot_read(r, 0, 1, &snapshot));
        ck_assert_int_eq(db_int(r, 0, 0), committed);
        ck_assert_int_eq(db_snapshot_sees(&snapshot, running), committed);
        if (!committed)
            commit(other);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_is_older_than_all_that_ran_is_seen,
                                  what_had_not_begun_is_not_seen,
                                  what_ran_is_not_seen_and_what_ended_meanwhile_is,
                                  only_so_many_ran_as_are_told,
                                  when_nothing_ran_all_that_had_begun_is_seen,
                                  a_snapshot_is_read_whole,
                                  a_snapshot_in_which_nothing_ran,
                                  null_is_not_read,
                                  as_many_as_there_is_room_for_may_run,
                                  one_more_is_not_read,
                                  large_numbers_keep_all_their_bits,
                                  any_snapshot_sees_what_postgresql_sees,
                                  bytes_of_another_length_are_not_read,
                                  what_is_not_yet_committed_is_not_seen,
                                  it_sees_what_its_statement_sees};
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return unit_pg_run(suite);
}
