/* The spool after kill -9 at any moment, and on a full disk: what was acknowledged is there. */
#include "suite.h"
#include "support/unit_spool.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Adds one after the other and tells of each that is acknowledged; dies by SIGKILL. */
static void add_until_killed(int tell)
{
    for (int n = 0; n < 60000; n++) {
        if (unit_spool_add(n, n % 200) != SPOOL_ADDED || write(tell, &n, sizeof n) != sizeof n)
            _exit(1);
        arena_reset(&unit_spool_arena);
    }
    _exit(2);
}

/* At any moment: what was acknowledged is there, in order, and at most one more. */
START_TEST(killed_while_adding)
{
    int ends[2], acknowledged = -1, n;
    size_t count;
    spool_close(unit_spool);
    unit_spool = NULL;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        unit_spool_reopen(64 * UNIT_SPOOL_MB);
        add_until_killed(ends[1]);
    }
    close(ends[1]);
    usleep((useconds_t)(30000 + 17000 * _i));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(ends[0], &n, sizeof n) == sizeof n)
        acknowledged = n;
    close(ends[0]);
    unit_spool_reopen(64 * UNIT_SPOOL_MB);
    struct spool_answer *answers = unit_spool_peek(60000, &count);
    ck_assert_int_ge((int)count, acknowledged + 1);
    ck_assert_int_le((int)count, acknowledged + 2);
    for (size_t i = 0; i < count; i++)
        unit_spool_same(&answers[i], unit_spool_answer((int)i, (int)i % 200));
    unit_spool_waiting((int64_t)count, 0);
}
END_TEST

/* While it is emptied: each answer is in the queue or has left, and what was told has left. */
START_TEST(killed_while_settling)
{
    enum { COUNT = 120 };
    int ends[2], told = 0, n;
    size_t count;
    for (n = 0; n < COUNT; n++)
        unit_spool_add(n, 1);
    spool_close(unit_spool);
    unit_spool = NULL;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        unit_spool_reopen(UNIT_SPOOL_MB);
        for (n = 0; n < COUNT; n++) {
            const struct spool_end end = {unit_spool_peek(1, &count)->seq,
                                          n % 2 ? "because" : NULL};
            if (spool_settle(unit_spool, &end, 1) != SPOOL_OK ||
                write(ends[1], &n, sizeof n) != sizeof n)
                _exit(1);
            arena_reset(&unit_spool_arena);
        }
        _exit(2);
    }
    close(ends[1]);
    usleep((useconds_t)(20000 + 9000 * _i));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(ends[0], &n, sizeof n) == sizeof n)
        told = n + 1;
    close(ends[0]);
    unit_spool_reopen(UNIT_SPOOL_MB);
    int64_t waiting = spool_state(unit_spool).waiting;
    ck_assert_int_le(waiting, COUNT - told);
    ck_assert_int_ge(waiting, COUNT - told - 1);
    ck_assert_int_eq(spool_state(unit_spool).conflicts, (COUNT - waiting) / 2);
}
END_TEST

/* The system's limit of a file's size stands for a full disk. */
START_TEST(a_full_disk)
{
    spool_close(unit_spool);
    unit_spool = NULL;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit limit = {300000, 300000};
        bool unknown = false;
        struct spool_found found;
        enum spool_status status = SPOOL_OK;
        int n = 0;
        unit_spool_reopen(UNIT_SPOOL_MB);
        setrlimit(RLIMIT_FSIZE, &limit);
        for (; status == SPOOL_OK && n < 10000; n++) {
            const struct spool_answer *one = unit_spool_answer(n, 1);
            status = spool_add(unit_spool, &one, 1, &found, &unknown);
        }
        char error[SPOOL_ERROR_SIZE];
        bool told = status == SPOOL_BROKEN && spool_state(unit_spool).broken &&
                    spool_state(unit_spool).waiting == n - 1 && *spool_error(unit_spool, error);
        _exit(told ? n / 100 : 255);
    }
    int status;
    size_t count;
    waitpid(pid, &status, 0);
    ck_assert(WIFEXITED(status));
    ck_assert_int_lt(WEXITSTATUS(status), 100);
    unit_spool_reopen(UNIT_SPOOL_MB);
    unit_spool_peek(10000, &count);
    ck_assert_int_ge((int)count, WEXITSTATUS(status) * 100 - 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_full_disk};
    Suite *suite = suite_create("spool_crash");
    TCase *tcase = tcase_create("spool_crash");
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, unit_spool_setup, unit_spool_teardown);
    for (size_t i = 0; i < COUNT_OF(tests); i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, killed_while_adding, 0, 12);
    tcase_add_loop_test(tcase, killed_while_settling, 0, 8);
    suite_add_tcase(suite, tcase);
    return suite_run_all(srunner_create(suite));
}
