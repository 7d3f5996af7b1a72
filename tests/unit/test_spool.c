/* The spool's file: in order, each id once, and its limits. */
#include "suite.h"
#include "support/unit_spool.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(all_of_an_answer_comes_back_in_order)
{
    size_t count;
    for (int n = 40; n > 0; n--)
        ck_assert_int_eq(unit_spool_add(n, n), SPOOL_ADDED);
    unit_spool_reopen(UNIT_SPOOL_MB);
    unit_spool_waiting(40, 0);
    ck_assert_int_eq(spool_state(unit_spool).oldest_us, 40000040);
    struct spool_answer *answers = unit_spool_peek(100, &count);
    ck_assert_uint_eq(count, 40);
    for (int i = 0; i < 40; i++)
        unit_spool_same(&answers[i], unit_spool_answer(40 - i, 40 - i));
    unit_spool_peek(7, &count);
    ck_assert_uint_eq(count, 7);
}
END_TEST

START_TEST(an_id_is_there_once)
{
    bool there;
    struct spool_found found;
    ck_assert_int_eq(unit_spool_add(1, 5), SPOOL_ADDED);
    ck_assert_int_eq(unit_spool_add(1, 5), SPOOL_SAME);
    ck_assert_int_eq(unit_spool_add(1, 6), SPOOL_OTHER);
    const struct answer_row row = unit_spool_answer(1, 6)->row;
    ck_assert_int_eq(spool_find(unit_spool, row.survey_id, &row.id, &there, &found), SPOOL_OK);
    ck_assert(there);
    ck_assert_int_eq(found.hash[0], 5);
    ck_assert_int_eq(found.received_us, 1000005);
    ck_assert_int_eq(spool_find(unit_spool, row.survey_id + 1, &row.id, &there, &found), SPOOL_OK);
    ck_assert(!there);
    unit_spool_waiting(1, 0);
}
END_TEST

/* Within one transaction, too; what is met is the first one. */
START_TEST(repeats_in_one_batch)
{
    const struct spool_answer *batch[] = {unit_spool_answer(1, 1), unit_spool_answer(2, 1),
                                          unit_spool_answer(1, 1), unit_spool_answer(1, 2)};
    static const enum spool_met expected[] = {SPOOL_ADDED, SPOOL_ADDED, SPOOL_SAME, SPOOL_OTHER};
    struct spool_found found[4];
    bool unknown;
    ck_assert_int_eq(spool_add(unit_spool, batch, 4, found, &unknown), SPOOL_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(found[i].met, expected[i]);
    ck_assert_int_eq(found[3].hash[0], 1);
    unit_spool_waiting(2, 0);
}
END_TEST

static bool note_conflict(void *context, const struct spool_conflict *conflict)
{
    int *sum = context;
    ck_assert_str_eq(conflict->reason, "because");
    ck_assert_int_gt(conflict->at_us, 0);
    unit_spool_same(&conflict->answer, unit_spool_answer(2, 2));
    *sum += (int)conflict->answer.seq;
    return true;
}

START_TEST(answers_leave_or_are_kept_aside)
{
    size_t count;
    bool found;
    int numbers = 0;
    for (int n = 1; n <= 3; n++)
        unit_spool_add(n, n);
    struct spool_answer *answers = unit_spool_peek(10, &count);
    const struct spool_end ends[] = {{answers[0].seq, NULL}, {answers[1].seq, "because"}};
    ck_assert_int_eq(spool_settle(unit_spool, ends, 2), SPOOL_OK);
    ck_assert_int_eq(spool_settle(unit_spool, ends, 1), SPOOL_OK); /* again is harmless */
    unit_spool_reopen(UNIT_SPOOL_MB);
    unit_spool_waiting(1, 1);
    unit_spool_same(unit_spool_peek(10, &count), unit_spool_answer(3, 3));
    ck_assert_int_eq(unit_spool_add(2, 9), SPOOL_ADDED); /* the id is free again */
    ck_assert_int_eq(spool_each_conflict(unit_spool, note_conflict, &numbers), SPOOL_OK);
    ck_assert_int_eq(numbers, 1);
    ck_assert_int_eq(spool_retry_conflict(unit_spool, 1, &found), SPOOL_OK);
    ck_assert(!found); /* its id is in the queue */
    ck_assert_int_eq(spool_forget_conflict(unit_spool, 1, &found), SPOOL_OK);
    ck_assert(found);
    ck_assert_int_eq(spool_forget_conflict(unit_spool, 1, &found), SPOOL_OK);
    ck_assert(!found);
    ck_assert_int_eq(spool_look(unit_spool), SPOOL_OK);
    unit_spool_waiting(2, 0);
}
END_TEST

START_TEST(a_conflict_is_tried_again)
{
    size_t count;
    bool found;
    unit_spool_add(4, 4);
    unit_spool_add(5, 5);
    const struct spool_end end = {unit_spool_peek(1, &count)->seq, "because"};
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
    ck_assert_int_eq(spool_retry_conflict(unit_spool, 1, &found), SPOOL_OK);
    ck_assert(found);
    ck_assert_int_eq(spool_look(unit_spool), SPOOL_OK);
    unit_spool_waiting(2, 0);
    struct spool_answer *answers = unit_spool_peek(9, &count);
    unit_spool_same(&answers[0], unit_spool_answer(5, 5));
    unit_spool_same(&answers[1], unit_spool_answer(4, 4));
}
END_TEST

static enum spool_met add_large(int n)
{
    static char text[3000];
    struct spool_answer *large = unit_spool_answer(n, 1);
    struct spool_found found;
    bool unknown;
    large->row.answers = memset(text, 'x', sizeof text);
    large->row.answers_len = sizeof text;
    ck_assert_int_eq(
        spool_add(unit_spool, (const struct spool_answer *const *)&large, 1, &found, &unknown),
        SPOOL_OK);
    return found.met;
}

START_TEST(a_full_spool_takes_no_more)
{
    int n = 0;
    size_t count;
    for (enum spool_met met = SPOOL_ADDED; met == SPOOL_ADDED; n++)
        met = add_large(n);
    ck_assert_int_gt(n, 200);
    ck_assert(spool_state(unit_spool).full);
    ck_assert_int_le(spool_state(unit_spool).bytes, UNIT_SPOOL_MB);
    ck_assert_int_eq(unit_spool_add(3, 1), SPOOL_SAME);
    ck_assert_int_eq(unit_spool_add(3, 2), SPOOL_OTHER);
    struct stat file;
    ck_assert_int_eq(stat(unit_spool_path, &file), 0);
    ck_assert_int_le(file.st_size, 2 * UNIT_SPOOL_MB);
    struct spool_answer *answers = unit_spool_peek(200, &count);
    struct spool_end ends[200];
    for (size_t i = 0; i < 200; i++)
        ends[i] = (struct spool_end){.seq = answers[i].seq};
    ck_assert_int_eq(spool_settle(unit_spool, ends, 200), SPOOL_OK);
    ck_assert(!spool_state(unit_spool).full);
    ck_assert_int_eq(unit_spool_add(30000, 1), SPOOL_ADDED);
}
END_TEST

START_TEST(one_daemon_at_a_time)
{
    struct spool *second = NULL;
    ck_assert_int_eq(unit_spool_open(UNIT_SPOOL_MB, &second), SPOOL_LOCKED);
    ck_assert_ptr_null(second);
    unit_spool_add(1, 1);
    ck_assert_int_eq(unit_spool_open(0, &second), SPOOL_OK); /* a look */
    ck_assert_int_eq(spool_state(second).waiting, 1);
    spool_close(second);
    ck_assert_int_eq(unit_spool_add(2, 1), SPOOL_ADDED);
}
END_TEST

START_TEST(readable_by_its_user_alone)
{
    struct stat file;
    char wal[80];
    unit_spool_add(1, 1);
    snprintf(wal, sizeof wal, "%s-wal", unit_spool_path);
    ck_assert_int_eq(stat(unit_spool_path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(wal, &file), 0);
    ck_assert_uint_eq(file.st_mode & 0777, 0600);
}
END_TEST

static void overwrite(const char *bytes)
{
    spool_close(unit_spool);
    unit_spool = NULL;
    FILE *file = fopen(unit_spool_path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 1000; i++)
        fputs(bytes, file);
    fclose(file);
}

START_TEST(files_that_are_none)
{
    overwrite("this is no database ");
    ck_assert_int_eq(unit_spool_open(UNIT_SPOOL_MB, &unit_spool), SPOOL_BROKEN);
    snprintf(unit_spool_path, sizeof unit_spool_path, "%s/no/such/folder/spool.db",
             unit_spool_folder);
    ck_assert_int_eq(unit_spool_open(UNIT_SPOOL_MB, &unit_spool), SPOOL_BROKEN);
    ck_assert_int_eq(unit_spool_open(0, &unit_spool), SPOOL_BROKEN);
    snprintf(unit_spool_path, sizeof unit_spool_path, "/proc/spool.db");
    ck_assert_int_eq(unit_spool_open(UNIT_SPOOL_MB, &unit_spool), SPOOL_BROKEN);
}
END_TEST

START_TEST(memory_is_kept)
{
    const char *bytes;
    size_t len;
    char much[100000];
    memset(much, 'x', sizeof much);
    ck_assert_int_eq(spool_recall(unit_spool, &unit_spool_arena, "directory", &bytes, &len),
                     SPOOL_OK);
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(spool_remember(unit_spool, "directory", "a\0b", 3), SPOOL_OK);
    ck_assert_int_eq(spool_remember(unit_spool, "directory", much, sizeof much), SPOOL_OK);
    unit_spool_reopen(UNIT_SPOOL_MB);
    ck_assert_int_eq(spool_recall(unit_spool, &unit_spool_arena, "directory", &bytes, &len),
                     SPOOL_OK);
    ck_assert_uint_eq(len, sizeof much);
    ck_assert_mem_eq(bytes, much, len);
}
END_TEST

static bool belongs(const char *fingerprint)
{
    bool good;
    ck_assert_int_eq(spool_belongs(unit_spool, (const uint8_t *)fingerprint, 4, &good), SPOOL_OK);
    return good;
}

START_TEST(it_belongs_to_one_database_while_it_holds_answers)
{
    size_t count;
    ck_assert(belongs("aaaa"));
    ck_assert(belongs("bbbb"));
    unit_spool_add(1, 1);
    ck_assert(belongs("bbbb"));
    ck_assert(!belongs("aaaa"));
    unit_spool_reopen(UNIT_SPOOL_MB);
    ck_assert(!belongs("aaaa"));
    const struct spool_end end = {.seq = unit_spool_peek(1, &count)->seq};
    ck_assert_int_eq(spool_settle(unit_spool, &end, 1), SPOOL_OK);
    ck_assert(belongs("aaaa"));
    ck_assert(belongs("aaaa"));
}
END_TEST

/* What has left leaves no text in the files. */
START_TEST(nothing_stays_behind)
{
    size_t count;
    char command[200];
    for (int n = 1; n < 50; n += 2)
        unit_spool_add(n, 1);
    snprintf(command, sizeof command, "cat %s* | grep -qa 'branch.*north'", unit_spool_path);
    ck_assert_int_eq(system(command), 0);
    struct spool_answer *answers = unit_spool_peek(100, &count);
    struct spool_end ends[100];
    for (size_t i = 0; i < count; i++)
        ends[i] = (struct spool_end){.seq = answers[i].seq};
    ck_assert_int_eq(spool_settle(unit_spool, ends, count), SPOOL_OK);
    ck_assert_int_ne(system(command), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_of_an_answer_comes_back_in_order,
                                  an_id_is_there_once,
                                  repeats_in_one_batch,
                                  answers_leave_or_are_kept_aside,
                                  a_conflict_is_tried_again,
                                  a_full_spool_takes_no_more,
                                  one_daemon_at_a_time,
                                  readable_by_its_user_alone,
                                  files_that_are_none,
                                  memory_is_kept,
                                  it_belongs_to_one_database_while_it_holds_answers,
                                  nothing_stays_behind};
    return suite_run_checked("spool", unit_spool_setup, unit_spool_teardown, tests,
                             COUNT_OF(tests));
}
