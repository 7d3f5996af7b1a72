/* A spool's file that somebody else wrote into: what is no answer is told from what is one. */
#include "suite.h"
#include "support/unit_spool.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static void run_sql(const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(unit_spool_path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
    sqlite3_close(db);
}

static bool is_unreadable(const char *change)
{
    char sql[160];
    size_t count;
    ck_assert_int_eq(unit_spool_add(1, 1), SPOOL_ADDED);
    snprintf(sql, sizeof sql, "update answer set %s", change);
    run_sql(sql);
    const struct spool_answer *answer = unit_spool_peek(1, &count);
    ck_assert_uint_eq(count, 1);
    const struct spool_end end = {answer->seq, NULL};
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
    return answer->unreadable;
}

START_TEST(other_values)
{
    static const char *const changes[] = {
        "score = 10", "external_id = null", "answers = null", "respondent = 'Ж'",
        "cuts = x''", "facets = x''",       "suspect = 7",    "answered = -62135596800000000"};
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        ck_assert_msg(!is_unreadable(changes[i]), "%s", changes[i]);
}
END_TEST

START_TEST(no_values)
{
    static const char *const changes[] = {
        "survey = 0",
        "survey = 2147483648",
        "id = x'00'",
        "hash = zeroblob(15)",
        "answered = -62135596800000001",
        "received = 253402300800000000",
        "received = 'x'",
        "score = 11",
        "score = -1",
        "score = 1.5",
        "channel = 9",
        "suspect = -1",
        "set_aside = 2",
        "facets = x'01410000'",
        "facets = x'0241'",
        "facets = x'024100000000000000000000000000000000000000000000'",
        "facets = x'02ff00'",
        "cuts = x'00'",
        "cuts = x'000000000a000000'",
        "cuts = x'ffffffff0b000000'",
        "cuts = x'00000000ffffffff'",
        "external_id = x'41'",
        "external_id = cast(x'61ff' as text)",
        "language = cast(x'610062' as text)",
        "respondent = cast(x'eda080' as text)",
        "answers = cast(x'7b7d00' as text)",
        "properties = x'7b7d'",
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        ck_assert_msg(is_unreadable(changes[i]), "%s", changes[i]);
}
END_TEST

static bool note_reason(void *context, const struct spool_conflict *conflict)
{
    ck_assert_str_eq(conflict->reason, "");
    ++*(int *)context;
    return true;
}

/* The tables are somebody else's then, too. */
START_TEST(a_conflict_without_a_reason)
{
    size_t count;
    int conflicts = 0;
    unit_spool_add(1, 1);
    const struct spool_end end = {unit_spool_peek(1, &count)->seq, "because"};
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
    run_sql("pragma writable_schema = on; update sqlite_schema set sql = replace(sql,"
            " 'reason text not null', 'reason text') where name = 'conflict'");
    run_sql("update conflict set reason = null");
    unit_spool_reopen(UNIT_SPOOL_MB);
    ck_assert_int_eq(spool_each_conflict(unit_spool, note_reason, &conflicts), SPOOL_OK);
    ck_assert_int_eq(conflicts, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {other_values, no_values, a_conflict_without_a_reason};
    return suite_run_checked("spool_damage", unit_spool_setup, unit_spool_teardown, tests,
                             COUNT_OF(tests));
}
