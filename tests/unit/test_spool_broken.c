/* The spool when the file or the system says no: what was told is true, nothing is half done, and
 * it works again as soon as it can. */
#include "suite.h"
#include "support/unit_spool.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void run_sql(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error);
}

static sqlite3 *open_beside(void)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(unit_spool_path, &db), SQLITE_OK);
    return db;
}

/* As somebody else changes the file. */
static void change(const char *sql)
{
    sqlite3 *db = open_beside();
    run_sql(db, sql);
    sqlite3_close(db);
}

static void assert_error(const char *said)
{
    char error[SPOOL_ERROR_SIZE];
    ck_assert_msg(strstr(spool_error(unit_spool, error), said) != NULL, "%s", error);
}

static enum spool_status add(int n, bool *ret_unknown)
{
    const struct spool_answer *one = unit_spool_answer(n, n);
    struct spool_found found;
    return spool_add(unit_spool, &one, 1, &found, ret_unknown);
}

/* --- opening --- */

static void assert_unusable(int64_t max_bytes, const char *path, const char *said)
{
    char error[SPOOL_ERROR_SIZE] = "";
    struct spool *spool = NULL;
    const struct spool_options options = {path, max_bytes};
    ck_assert_int_eq(spool_open(&options, &spool, error), SPOOL_BROKEN);
    ck_assert_ptr_null(spool);
    ck_assert_msg(strstr(error, said) != NULL, "%s: %s", path, error);
}

START_TEST(places_that_are_none)
{
    char path[5000], long_path[5000];
    snprintf(path, sizeof path, "%s/var", unit_spool_folder);
    assert_unusable(UNIT_SPOOL_MB, path, strerror(EISDIR));
    snprintf(path, sizeof path, "%s/spool.db", unit_spool_path); /* below a file */
    assert_unusable(UNIT_SPOOL_MB, path, strerror(ENOTDIR));
    snprintf(path, sizeof path, "%s/no/such/spool.db", unit_spool_folder);
    assert_unusable(UNIT_SPOOL_MB, path, "cannot make the folder");
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_unusable(UNIT_SPOOL_MB, long_path, strerror(ENAMETOOLONG));
    snprintf(path, sizeof path, "%s/a.db.lock", unit_spool_folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/a.db", unit_spool_folder);
    assert_unusable(UNIT_SPOOL_MB, path, "cannot open");
    snprintf(path, sizeof path, "%s/b.db", unit_spool_folder);
    assert_unusable(0, path, "cannot open");
    ck_assert_int_ne(access(path, F_OK), 0); /* a look makes no file */
}
END_TEST

START_TEST(a_name_without_a_folder)
{
    char error[SPOOL_ERROR_SIZE];
    struct spool *spool = NULL;
    const struct spool_options options = {"here.db", UNIT_SPOOL_MB};
    ck_assert_int_eq(chdir(unit_spool_folder), 0);
    ck_assert_int_eq(spool_open(&options, &spool, error), SPOOL_OK);
    spool_close(spool);
    ck_assert_int_eq(access("here.db", F_OK), 0);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* A newer npsd may have changed what the tables mean. */
START_TEST(files_of_a_later_version)
{
    unit_spool_add(1, 1);
    change("pragma user_version = 2");
    spool_close(unit_spool);
    unit_spool = NULL;
    assert_unusable(UNIT_SPOOL_MB, unit_spool_path, "another version of npsd");
    assert_unusable(0, unit_spool_path, "another version of npsd");
    change("pragma user_version = 1");
    unit_spool_reopen(UNIT_SPOOL_MB);
    unit_spool_waiting(1, 0);
}
END_TEST

START_TEST(files_without_their_tables)
{
    static const char *const tables[] = {"answer", "conflict"};
    char sql[64];
    change("drop table memory"); /* found out when it is needed */
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        snprintf(sql, sizeof sql, "alter table %s rename to other", tables[i]);
        change(sql);
        assert_unusable(0, unit_spool_path, "no such table");
        snprintf(sql, sizeof sql, "alter table other rename to %s", tables[i]);
        change(sql);
    }
    unit_spool_reopen(UNIT_SPOOL_MB);
}
END_TEST

/* --- writing --- */

/* Somebody else holds the file for longer than is waited for. */
START_TEST(locked_by_somebody_else)
{
    bool unknown = true, found;
    size_t count;
    unit_spool_add(1, 1);
    const struct spool_end end = {unit_spool_peek(1, &count)->seq, "because"};
    sqlite3 *other = open_beside();
    run_sql(other, "begin immediate");
    ck_assert_int_eq(add(2, &unknown), SPOOL_BROKEN);
    ck_assert(!unknown);
    assert_error("locked");
    ck_assert(spool_state(unit_spool).broken);
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_BROKEN);
    ck_assert_int_eq(spool_retry_conflict(unit_spool, 1, &found), SPOOL_BROKEN);
    unit_spool_waiting(1, 0);
    run_sql(other, "rollback");
    sqlite3_close(other);
    ck_assert_int_eq(add(2, &unknown), SPOOL_OK);
    ck_assert(!spool_state(unit_spool).broken);
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
    unit_spool_waiting(1, 1);
}
END_TEST

/* Found out without an answer. */
START_TEST(a_probe_tells_that_it_works_again)
{
    bool unknown;
    sqlite3 *other = open_beside();
    ck_assert_int_eq(spool_probe(unit_spool), SPOOL_OK);
    run_sql(other, "begin immediate");
    ck_assert_int_eq(spool_probe(unit_spool), SPOOL_BROKEN);
    ck_assert(!spool_state(unit_spool).broken); /* of answers nothing is known */
    ck_assert_int_eq(add(1, &unknown), SPOOL_BROKEN);
    ck_assert_int_eq(spool_probe(unit_spool), SPOOL_BROKEN);
    ck_assert(spool_state(unit_spool).broken);
    run_sql(other, "rollback");
    sqlite3_close(other);
    ck_assert_int_eq(spool_probe(unit_spool), SPOOL_OK);
    ck_assert(!spool_state(unit_spool).broken);
    unit_spool_waiting(0, 0);
}
END_TEST

/* One answer that cannot be written: none of its batch is there. */
START_TEST(a_batch_is_all_or_nothing)
{
    const struct spool_answer *batch[] = {unit_spool_answer(1, 1), unit_spool_answer(2, 2),
                                          unit_spool_answer(3, 3)};
    struct spool_found found[3];
    bool unknown = true;
    size_t count;
    change("create trigger no before insert on answer when new.score = 2"
           " begin select raise(abort, 'not this one'); end");
    ck_assert_int_eq(spool_add(unit_spool, batch, 3, found, &unknown), SPOOL_BROKEN);
    ck_assert(!unknown);
    assert_error("not this one");
    unit_spool_peek(9, &count);
    ck_assert_uint_eq(count, 0);
    unit_spool_waiting(0, 0);
    change("drop trigger no");
    ck_assert_int_eq(spool_add(unit_spool, batch, 3, found, &unknown), SPOOL_OK);
    unit_spool_waiting(3, 0);
}
END_TEST

/* What cannot leave stays, and so does what would have left with it. */
START_TEST(settling_is_all_or_nothing)
{
    static const char *const triggers[] = {
        "create trigger no before insert on conflict begin select raise(abort, 'no'); end",
        "create trigger no before delete on answer when old.score = 2"
        " begin select raise(abort, 'no'); end"};
    size_t count;
    for (int n = 1; n <= 3; n++)
        unit_spool_add(n, n);
    const struct spool_answer *answers = unit_spool_peek(3, &count);
    const struct spool_end ends[] = {{answers[0].seq, NULL}, {answers[1].seq, "because"}};
    for (size_t i = 0; i < COUNT_OF(triggers); i++) {
        change(triggers[i]);
        ck_assert_int_eq(spool_settle(unit_spool, ends, 2), SPOOL_BROKEN);
        assert_error("no");
        unit_spool_waiting(3, 0);
        unit_spool_peek(9, &count);
        ck_assert_uint_eq(count, 3);
        change("drop trigger no");
    }
    ck_assert_int_eq(spool_settle(unit_spool, ends, 2), SPOOL_OK);
    unit_spool_waiting(1, 1);
}
END_TEST

START_TEST(a_retry_is_all_or_nothing)
{
    bool found;
    size_t count;
    unit_spool_add(1, 1);
    const struct spool_end end = {unit_spool_peek(1, &count)->seq, "because"};
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
    change("create trigger no before delete on conflict begin select raise(abort, 'no'); end");
    ck_assert_int_eq(spool_retry_conflict(unit_spool, 1, &found), SPOOL_BROKEN);
    ck_assert_int_eq(spool_forget_conflict(unit_spool, 1, &found), SPOOL_BROKEN);
    assert_error("no");
    unit_spool_peek(9, &count);
    ck_assert_uint_eq(count, 0);
    change("drop trigger no");
    ck_assert_int_eq(spool_retry_conflict(unit_spool, 1, &found), SPOOL_OK);
    ck_assert(found);
    unit_spool_peek(9, &count);
    ck_assert_uint_eq(count, 1);
}
END_TEST

/* --- a table that is gone --- */

static bool each(void *context, const struct spool_conflict *conflict)
{
    (void)context;
    (void)conflict;
    return true;
}

/* Statements that were never compiled, and such that were. */
START_TEST(tables_that_went)
{
    struct spool_answer *answers;
    struct spool_found found;
    const char *bytes;
    size_t len, count;
    bool flag = true;
    const struct uuid id = {{1}};
    const struct spool_end end = {.seq = 1, .conflict = "because"};
    if (_i == 1) {
        unit_spool_add(1, 1);
        unit_spool_peek(1, &count);
        ck_assert_int_eq(spool_find(unit_spool, 1, &id, &flag, &found), SPOOL_OK);
        ck_assert_int_eq(spool_remember(unit_spool, "a", "b", 1), SPOOL_OK);
        ck_assert_int_eq(spool_recall(unit_spool, &unit_spool_arena, "a", &bytes, &len), SPOOL_OK);
        ck_assert_int_eq(spool_each_conflict(unit_spool, each, NULL), SPOOL_OK);
        ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
        ck_assert_int_eq(spool_retry_conflict(unit_spool, 7, &flag), SPOOL_OK);
    }
    change("drop table answer; drop table conflict; drop table memory");
    ck_assert_int_eq(add(1, &flag), SPOOL_BROKEN);
    ck_assert(!flag);
    ck_assert_int_eq(spool_find(unit_spool, 1, &id, &flag, &found), SPOOL_BROKEN);
    ck_assert_int_eq(spool_peek(unit_spool, &unit_spool_arena, 5, &answers, &count), SPOOL_BROKEN);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_BROKEN);
    ck_assert_int_eq(spool_each_conflict(unit_spool, each, NULL), SPOOL_BROKEN);
    ck_assert_int_eq(spool_retry_conflict(unit_spool, 1, &flag), SPOOL_BROKEN);
    ck_assert_int_eq(spool_forget_conflict(unit_spool, 1, &flag), SPOOL_BROKEN);
    ck_assert_int_eq(spool_remember(unit_spool, "a", "b", 1), SPOOL_BROKEN);
    ck_assert_int_eq(spool_recall(unit_spool, &unit_spool_arena, "a", &bytes, &len), SPOOL_BROKEN);
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(spool_belongs(unit_spool, id.bytes, 4, &flag), SPOOL_BROKEN);
    ck_assert_int_eq(spool_look(unit_spool), SPOOL_BROKEN);
    assert_error("no such table");
}
END_TEST

/* --- rows that somebody else wrote --- */

START_TEST(rows_that_nobody_can_read)
{
    static const char *const spoils[] = {
        "survey = 0",         "survey = 1.5", "id = x'00'",   "hash = x'00'",  "answered = 'now'",
        "received = x'00'",   "score = 11",   "score = -1",   "channel = 99",  "facets = x'0100'",
        "facets = x'ff6100'", "cuts = x'00'", "suspect = -1", "set_aside = 2", "score = 'ten'",
    };
    char sql[128];
    size_t count;
    unit_spool_add(1, 1);
    unit_spool_add(2, 2);
    for (size_t i = 0; i < COUNT_OF(spoils); i++) {
        change("create table good as select * from answer");
        snprintf(sql, sizeof sql, "update answer set %s where seq = 1", spoils[i]);
        change(sql);
        const struct spool_answer *answers = unit_spool_peek(9, &count);
        ck_assert_uint_eq(count, 2);
        ck_assert_msg(answers[0].unreadable, "%s", spoils[i]);
        ck_assert_int_eq(answers[0].seq, 1);
        unit_spool_same(&answers[1], unit_spool_answer(2, 2));
        change("delete from answer; insert into answer select * from good; drop table good");
    }
    unit_spool_same(unit_spool_peek(9, &count), unit_spool_answer(1, 1));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_probe_tells_that_it_works_again, places_that_are_none,
                                  a_name_without_a_folder,           files_of_a_later_version,
                                  files_without_their_tables,        locked_by_somebody_else,
                                  a_batch_is_all_or_nothing,         settling_is_all_or_nothing,
                                  a_retry_is_all_or_nothing,         rows_that_nobody_can_read};
    Suite *suite = suite_create("spool_broken");
    TCase *tcase = tcase_create("spool_broken");
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, unit_spool_setup, unit_spool_teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, tables_that_went, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite_run_all(srunner_create(suite));
}
