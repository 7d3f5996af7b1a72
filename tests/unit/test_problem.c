#include "npsd/base/text.h"
#include "npsd/domain/problem.h"
#include "suite.h"
#include <stdio.h>
#include <string.h>

static struct arena arena;

static struct problem_errors make(void)
{
    arena_done(&arena);
    arena_init(&arena, 1024);
    return (struct problem_errors){.arena = &arena};
}

START_TEST(every_problem_is_whole)
{
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        const struct problem_info *info = problem_info((enum problem)i);
        ck_assert_int_ge(info->status, 400);
        ck_assert_int_le(info->status, 599);
        ck_assert(text_is_slug(info->slug, strlen(info->slug)));
        ck_assert_uint_gt(strlen(info->title), 5);
    }
}
END_TEST

START_TEST(slugs_are_unique)
{
    for (int a = 0; a < PROBLEM_COUNT; a++)
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(problem_info((enum problem)a)->slug,
                             problem_info((enum problem)b)->slug);
}
END_TEST

START_TEST(statuses_that_clients_rely_on)
{
    ck_assert_int_eq(problem_info(PROBLEM_BAD_JSON)->status, 400);
    ck_assert_int_eq(problem_info(PROBLEM_UNAUTHORIZED)->status, 401);
    ck_assert_int_eq(problem_info(PROBLEM_SURVEY_CLOSED)->status, 403);
    ck_assert_str_eq(problem_info(PROBLEM_SURVEY_CLOSED)->slug, "survey-closed");
    ck_assert_int_eq(problem_info(PROBLEM_NOT_FOUND)->status, 404);
    ck_assert_int_eq(problem_info(PROBLEM_METHOD)->status, 405);
    ck_assert_int_eq(problem_info(PROBLEM_CONFLICT)->status, 409);
    ck_assert_int_eq(problem_info(PROBLEM_GONE)->status, 410);
    ck_assert_int_eq(problem_info(PROBLEM_TOO_LARGE)->status, 413);
    ck_assert_int_eq(problem_info(PROBLEM_KEY_REUSED)->status, 422);
    ck_assert_str_eq(problem_info(PROBLEM_KEY_REUSED)->slug, "key-reused");
    ck_assert_int_eq(problem_info(PROBLEM_TOO_MANY)->status, 429);
    ck_assert_int_eq(problem_info(PROBLEM_OVERLOADED)->status, 503);
}
END_TEST

START_TEST(errors_are_collected)
{
    struct problem_errors errors = make();
    char name[] = "why";
    problem_add(&errors, "is required", "/score");
    problem_add(&errors, "is too long", "%s/answers/%s", "/3", name);
    memset(name, 'x', 3);
    ck_assert_uint_eq(errors.count, 2);
    ck_assert_str_eq(errors.items[0].where, "/score");
    ck_assert_str_eq(errors.items[0].detail, "is required");
    ck_assert_str_eq(errors.items[1].where, "/3/answers/why");
    ck_assert_str_eq(errors.items[1].detail, "is too long");
}
END_TEST

START_TEST(errors_are_bounded)
{
    struct problem_errors errors = make();
    char last[16];
    for (int i = 0; i < 3 * PROBLEM_ERRORS_MAX; i++)
        problem_add(&errors, "wrong", "/%d", i);
    ck_assert_uint_eq(errors.count, PROBLEM_ERRORS_MAX);
    snprintf(last, sizeof last, "/%d", PROBLEM_ERRORS_MAX - 1);
    ck_assert_str_eq(errors.items[PROBLEM_ERRORS_MAX - 1].where, last);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {every_problem_is_whole, slugs_are_unique, statuses_that_clients_rely_on,
                            errors_are_collected, errors_are_bounded};
    int failed = suite_run("problem", tests, COUNT_OF(tests));
    arena_done(&arena);
    return failed;
}
