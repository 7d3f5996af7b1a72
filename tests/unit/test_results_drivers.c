/* Which answers cost the most points. */
#include "support/unit_results.h"

#include <string.h>

static const char *rows(const char *path)
{
    return unit_results_rows(path, "drivers", "question value gain");
}

/* The largest gain first, then in the order of the questions, then by value. */
START_TEST(order)
{
    unit_results_post_ten();
    ck_assert_str_eq(rows("shop/drivers"), "\"again\" false 30, "
                                           "\"improve\" \"wait\" 20, "
                                           "\"ease\" 1 20, "
                                           "\"improve\" \"price\" 10, "
                                           "\"used\" \"c\" 10, "
                                           "\"ease\" 2 10, "
                                           "\"improve\" \"staff\" 0, "
                                           "\"used\" \"a\" 0, "
                                           "\"used\" \"b\" 0, "
                                           "\"ease\" 3 0, "
                                           "\"ease\" 4 0, "
                                           "\"ease\" 5 0, "
                                           "\"again\" true 0");
}
END_TEST

START_TEST(body)
{
    unit_results_post_ten();
    unit_results_assert_at("shop/drivers", "/survey", "'shop'");
    unit_results_assert_at("shop/drivers", "/window",
                           "{'from':'2026-10-21T14:15:00Z','to':'2026-11-20T14:15:00Z',"
                           "'time_zone':'Europe/Moscow'}");
    unit_results_assert_at("shop/drivers", "/total/responses", "10");
    unit_results_assert_at("shop/drivers", "/total/histogram", "[1,0,0,1,0,0,1,1,1,2,3]");
    unit_results_assert_at("shop/drivers", "/drivers/1",
                           "{'question':'improve','value':'wait','responses':4,'share':40,"
                           "'promoters':1,'neutrals':1,'critics':2,'nps':-25,'nps_exact':-25,"
                           "'gain':20}");
}
END_TEST

/* The gain is a part of all answers, also of those that skipped the question: 1 of 3. */
START_TEST(gain_is_rounded_once)
{
    static const char *const answers[] = {"'score': 6, 'answers': {'improve': 'staff'}",
                                          "'score': 10", "'score': 10"};
    unit_results_post("shop", answers, COUNT_OF(answers));
    unit_results_assert_at("shop/drivers", "/drivers/0/gain", "33.3333");
    unit_results_assert_at("shop/drivers", "/drivers/0/share", "33.3333");
}
END_TEST

START_TEST(filters)
{
    unit_results_post_ten();
    ck_assert_str_eq(rows("shop/drivers?where.channel=email"), "\"improve\" \"price\" 0, "
                                                               "\"improve\" \"staff\" 0, "
                                                               "\"used\" \"b\" 0, "
                                                               "\"ease\" 4 0, "
                                                               "\"again\" true 0");
    const char *both = "shop/drivers?where.channel=web&where.branch=south&period=all";
    ck_assert_str_eq(rows(both), "\"improve\" \"wait\" 33.3333, "
                                 "\"used\" \"c\" 33.3333, "
                                 "\"ease\" 2 33.3333, "
                                 "\"again\" false 33.3333, "
                                 "\"used\" \"a\" 0, "
                                 "\"used\" \"b\" 0, "
                                 "\"ease\" 3 0, "
                                 "\"ease\" 4 0, "
                                 "\"again\" true 0");
    unit_results_assert_at(both, "/total/responses", "3");
}
END_TEST

START_TEST(nothing)
{
    unit_results_assert_at("shop/drivers", "/drivers", "[]");
    unit_results_assert_at("shop/drivers", "/total/nps", "null");
}
END_TEST

/* Without a question that is counted there is still a total. */
START_TEST(only_a_score)
{
    static const char *const answers[] = {"'score': 10"};
    struct unit_call *c = unit_results_call();
    unit_call_survey(c, "bare",
                     "'questions': [{'id': 'score', 'type': 'nps', 'text': {'en': 'Q'}}]");
    unit_call_refresh(c);
    unit_results_post("bare", answers, 1);
    unit_results_assert_at("bare/drivers", "/drivers", "[]");
    unit_results_assert_at("bare/drivers", "/total/responses", "1");
}
END_TEST

START_TEST(retired_question)
{
    unit_results_post_ten();
    unit_pg_sql("update question set position = null where id in ('again', 'ease', 'used')");
    unit_pg_sql("update directory set version = version + 1");
    ck_assert_str_eq(rows("shop/drivers"), "\"improve\" \"wait\" 20, "
                                           "\"improve\" \"price\" 10, "
                                           "\"improve\" \"staff\" 0");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {order,   body,         gain_is_rounded_once, filters,
                                  nothing, only_a_score, retired_question};
    return unit_results_run("drivers", tests, COUNT_OF(tests));
}
