/* How a question was answered, by everybody and by each group. */
#include "support/unit_results.h"

#include <string.h>

#define HEAD                                                                                       \
    "{'survey':'shop','window':{'from':'2026-10-21T14:15:00Z','to':'2026-11-20T14:15:00Z',"        \
    "'time_zone':'Europe/Moscow'},"

START_TEST(choice)
{
    unit_results_post_ten();
    unit_results_assert(
        "shop/questions/improve",
        HEAD "'question':'improve','type':'choice','responses':10,'answered':7,"
             "'groups':{'promoter':{'responses':5,'answered':2},"
             "'neutral':{'responses':2,'answered':2},'critic':{'responses':3,'answered':3}},"
             "'values':["
             "{'value':'wait','answered':4,'share':57.1429,'promoters':1,'promoter_share':50,"
             "'neutrals':1,'neutral_share':50,'critics':2,'critic_share':66.6667},"
             "{'value':'price','answered':2,'share':28.5714,'promoters':1,'promoter_share':50,"
             "'neutrals':0,'neutral_share':0,'critics':1,'critic_share':33.3333},"
             "{'value':'staff','answered':1,'share':14.2857,'promoters':0,'promoter_share':0,"
             "'neutrals':1,'neutral_share':50,'critics':0,'critic_share':0}]}");
}
END_TEST

/* Shares add up to more than 100, and who answered is counted once. */
START_TEST(choices)
{
    unit_results_post_ten();
    unit_results_assert(
        "shop/questions/used",
        HEAD "'question':'used','type':'choices','responses':10,'answered':5,"
             "'groups':{'promoter':{'responses':5,'answered':3},"
             "'neutral':{'responses':2,'answered':1},'critic':{'responses':3,'answered':1}},"
             "'values':["
             "{'value':'a','answered':3,'share':60,'promoters':2,'promoter_share':66.6667,"
             "'neutrals':1,'neutral_share':100,'critics':0,'critic_share':0},"
             "{'value':'b','answered':3,'share':60,'promoters':2,'promoter_share':66.6667,"
             "'neutrals':1,'neutral_share':100,'critics':0,'critic_share':0},"
             "{'value':'c','answered':2,'share':40,'promoters':0,'promoter_share':0,"
             "'neutrals':1,'neutral_share':100,'critics':1,'critic_share':100}]}");
}
END_TEST

START_TEST(scale)
{
    unit_results_post_ten();
    unit_results_assert_at("shop/questions/ease", "/answered", "8");
    unit_results_assert_at("shop/questions/ease", "/mean", "3.125");
    unit_results_assert_at("shop/questions/ease", "/values/0",
                           "{'value':1,'answered':2,'share':25,'promoters':0,'promoter_share':0,"
                           "'neutrals':0,'neutral_share':0,'critics':2,'critic_share':66.6667}");
    unit_results_assert_at("shop/questions/ease", "/values/4",
                           "{'value':5,'answered':2,'share':25,'promoters':2,'promoter_share':50,"
                           "'neutrals':0,'neutral_share':0,'critics':0,'critic_share':0}");
    unit_results_assert_at("shop/questions/ease?where.channel=kiosk", "/mean", "1");
}
END_TEST

START_TEST(yes_no)
{
    unit_results_post_ten();
    unit_results_assert_at(
        "shop/questions/again", "/values",
        "[{'value':true,'answered':4,'share':50,'promoters':3,'promoter_share':75,"
        "'neutrals':1,'neutral_share':100,'critics':0,'critic_share':0},"
        "{'value':false,'answered':4,'share':50,'promoters':1,'promoter_share':25,"
        "'neutrals':0,'neutral_share':0,'critics':3,'critic_share':100}]");
}
END_TEST

/* A score is an answer too: everybody's. */
START_TEST(score)
{
    unit_results_post_ten();
    const char *path = "shop/questions/recommend?where.branch=south";
    unit_results_assert_at(path, "/type", "'nps'");
    unit_results_assert_at(path, "/responses", "5");
    unit_results_assert_at(path, "/answered", "5");
    unit_results_assert_at(path, "/groups/critic", "{'responses':2,'answered':2}");
    unit_results_assert_at(path, "/values/10/answered", "0");
    unit_results_assert_at(path, "/values/9",
                           "{'value':9,'answered':1,'share':20,'promoters':1,'promoter_share':100,"
                           "'neutrals':0,'neutral_share':0,'critics':0,'critic_share':0}");
}
END_TEST

/* A scale with a 0, and texts, whose words are not for here. */
START_TEST(zero_and_text)
{
    static const char *const answers[] = {
        "'score': 9, 'answers': {'why': 'Fast', 'calm': 0}",
        "'score': 0, 'answers': {'why': 'Slow', 'calm': 3}",
        "'score': 10, 'answers': {'calm': 0}",
        "'score': 10",
    };
    struct unit_call *c = unit_results_call();
    unit_call_survey(c, "notes",
                     "'questions': [{'id': 'score', 'type': 'nps', 'text': {'en': 'Q'}},"
                     "{'id': 'why', 'type': 'text', 'text': {'en': 'Q'}},"
                     "{'id': 'calm', 'type': 'scale', 'min': 0, 'max': 3, 'text': {'en': 'Q'}}]");
    unit_call_refresh(c);
    unit_results_post("notes", answers, COUNT_OF(answers));
    unit_results_assert(
        "notes/questions/why",
        "{'survey':'notes','window':{'from':'2026-10-21T14:15:00Z','to':'2026-11-20T14:15:00Z',"
        "'time_zone':'UTC'},'question':'why','type':'text','responses':4,'answered':2,"
        "'groups':{'promoter':{'responses':3,'answered':1},'neutral':{'responses':0,'answered':0},"
        "'critic':{'responses':1,'answered':1}}}");
    unit_results_assert_at("notes/questions/calm", "/answered", "3");
    unit_results_assert_at("notes/questions/calm", "/mean", "1");
    unit_results_assert_at("notes/questions/calm", "/values/0/share", "66.6667");
    unit_results_assert_at("notes/questions/calm", "/values/3/critics", "1");
}
END_TEST

/* Nobody has answered: counts are 0, shares unknown. */
START_TEST(nobody)
{
    static const char *const skipped[] = {"'score': 9"};
    unit_results_post("shop", skipped, 1);
    unit_results_assert_at("shop/questions/ease", "/mean", "null");
    unit_results_assert_at("shop/questions/ease", "/responses", "1");
    unit_results_assert_at("shop/questions/ease", "/answered", "0");
    unit_results_assert_at(
        "shop/questions/again", "/values/0",
        "{'value':true,'answered':0,'share':null,'promoters':0,'promoter_share':null,"
        "'neutrals':0,'neutral_share':null,'critics':0,'critic_share':null}");
    unit_results_assert_at("shop/questions/used?period=yesterday", "/groups/critic",
                           "{'responses':0,'answered':0}");
    unit_results_assert_at("shop/questions/recommend?period=yesterday", "/values/0/share", "null");
}
END_TEST

/* What was chosen while it could be is counted for ever, behind what can be chosen now. */
START_TEST(retired_option)
{
    unit_results_post_ten();
    unit_pg_sql("update question set definition = regexp_replace(definition::text,"
                " '(\"wait\".*?\"active\": *)true', '\\1false')::json where id = 'improve'");
    unit_pg_sql("update directory set version = version + 1");
    ck_assert_int_eq(
        unit_pg_number("select count(*) from question where definition::text ~ 'false'"), 1);
    const char *path = "shop/questions/improve";
    unit_results_assert_at(path, "/answered", "7");
    ck_assert_str_eq(unit_results_rows(path, "values", "value answered"),
                     "\"price\" 2, \"staff\" 1, \"wait\" 4");
    ck_assert_str_eq(
        unit_results_rows("shop/questions/improve?where.channel=email", "values", "value answered"),
        "\"price\" 1, \"staff\" 1");
}
END_TEST

START_TEST(no_such_question)
{
    static const char *const paths[] = {"shop/questions/nothing", "shop/questions/branch",
                                        "shop/questions/Improve", "shop/questions/nothing?last=0d"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct reply reply = unit_results_get(paths[i]);
        ck_assert_str_eq(unit_reply_tells(&unit_results_call()->arena, &reply), "404 not-found");
    }
}
END_TEST

START_TEST(retired_question)
{
    unit_results_post_ten();
    unit_pg_sql("update question set position = null where id = 'again'");
    unit_pg_sql("update directory set version = version + 1");
    struct reply reply = unit_results_get("shop/questions/again");
    ck_assert_str_eq(unit_reply_tells(&unit_results_call()->arena, &reply), "404 not-found");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        choice,        choices, scale,          yes_no,           score,
        zero_and_text, nobody,  retired_option, no_such_question, retired_question};
    return unit_results_run("question", tests, COUNT_OF(tests));
}
