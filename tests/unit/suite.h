/* suite: the main of a unit test program: one suite of one case. CK_ENV (Check's CK_VERBOSITY)
 * decides how much is printed. */
#ifndef NPSD_TESTS_UNIT_SUITE_H
#define NPSD_TESTS_UNIT_SUITE_H

#include <check.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* A test takes a second at most; sanitizers and busy machines take their share. */
enum { SUITE_SECONDS = 60 };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Runs it and frees it: what main returns. */
static inline int suite_run_all(SRunner *runner)
{
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* setup and teardown: before and after each test, in its process; NULL: nothing. */
static inline Suite *suite_checked(const char *name, SFun setup, SFun teardown,
                                   const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, SUITE_SECONDS);
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    return suite;
}

static inline int suite_run_checked(const char *name, SFun setup, SFun teardown,
                                    const TTest *const *tests, size_t count)
{
    return suite_run_all(srunner_create(suite_checked(name, setup, teardown, tests, count)));
}

static inline int suite_run(const char *name, const TTest *const *tests, size_t count)
{
    return suite_run_checked(name, NULL, NULL, tests, count);
}

/* As suite_run, with tests that must end by SIGABRT: passed over where Check does not fork. */
static inline int suite_run_with_aborts(const char *name, const TTest *const *tests, size_t count,
                                        const TTest *const *aborting, size_t aborting_count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, SUITE_SECONDS);
    SRunner *runner = srunner_create(suite);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    for (size_t i = 0; i < aborting_count && srunner_fork_status(runner) == CK_FORK; i++)
        tcase_add_test_raise_signal(tcase, aborting[i], SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite_run_all(runner);
}

/* Numbers that look random and are the same in every run (splitmix64). */
static inline uint64_t suite_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* From low to high, both included. */
static inline int64_t suite_between(uint64_t *state, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    uint64_t offset = span == 0 ? suite_random(state) : suite_random(state) % span;
    return (int64_t)((uint64_t)low + offset);
}

#endif
