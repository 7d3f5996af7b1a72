/* By the values of a facet or question, each against the rest. */
#include "support/unit_results.h"

#include <string.h>

#define BY "shop/nps/breakdown?by="
#define INTERVAL(low, high)                                                                        \
    "'interval':{'method':'adjusted_wald','level':0.95,'low':" low ",'high':" high "},"            \
    "'enough':false,'min_responses':30"
#define TOTAL                                                                                      \
    "'responses':10,'promoters':5,'neutrals':2,'critics':3,'promoter_share':50,"                   \
    "'neutral_share':20,'critic_share':30,'nps':20,'nps_exact':20,'mean':7.2,"                     \
    "'histogram':[1,0,0,1,0,0,1,1,1,2,3]," INTERVAL("-30.326", "61.0952")
#define SOUTH                                                                                      \
    "'responses':5,'promoters':1,'neutrals':2,'critics':2,'promoter_share':20,"                    \
    "'neutral_share':40,'critic_share':40,'nps':-20,'nps_exact':-20,'mean':6.6,"                   \
    "'histogram':[0,0,0,1,0,0,1,1,1,1,0]," INTERVAL("-63.7445", "38.7445")
#define NORTH                                                                                      \
    "'responses':3,'promoters':3,'neutrals':0,'critics':0,'promoter_share':100,"                   \
    "'neutral_share':0,'critic_share':0,'nps':100,'nps_exact':100,'mean':9.6667,"                  \
    "'histogram':[0,0,0,0,0,0,0,0,0,1,2]," INTERVAL("-6.5793", "100")

/* The whole body. Two answers have no branch: they are in the rest of both. */
START_TEST(body)
{
    unit_results_post_ten();
    unit_results_assert(
        BY "branch",
        "{'survey':'shop','window':{'from':'2026-10-21T14:15:00Z','to':'2026-11-20T14:15:00Z',"
        "'time_zone':'Europe/Moscow'},'by':'branch','min_group':0,'total':{" TOTAL "},'values':["
        "{'value':'south'," SOUTH ",'rest':{'responses':5,'nps_exact':60},"
        "'difference':{'nps_exact':-80,'low':-126.4998,'high':26.4998,'z':-1.281,'p':0.200185,"
        "'p_adjusted':0.236034,'differs':false}},"
        "{'value':'north'," NORTH ",'rest':{'responses':7,'nps_exact':-14.2857},"
        "'difference':{'nps_exact':114.2857,'low':-15.2313,'high':135.2313,'z':1.5632,"
        "'p':0.118017,'p_adjusted':0.236034,'differs':false}}],"
        "'hidden':{'values':0,'responses':0},"
        "'correction':{'method':'holm','level':0.95,'comparisons':2}}");
}
END_TEST

/* The values of each row, in their order: "web 7, email 2". */
static const char *rows(const char *by)
{
    const char *path = arena_printf(&unit_results_call()->arena, BY "%s", by);
    return unit_results_rows(path, "values", "value responses");
}

/* Largest first, then texts by their bytes, numbers by size, false before true. */
START_TEST(everything_to_cut_by)
{
    unit_results_post_ten();
    ck_assert_str_eq(rows("channel"), "\"web\" 7, \"email\" 2, \"kiosk\" 1");
    ck_assert_str_eq(rows("agent"), "\"Olga\" 1");
    ck_assert_str_eq(rows("product"), "");
    ck_assert_str_eq(rows("improve"), "\"wait\" 4, \"price\" 2, \"staff\" 1");
    ck_assert_str_eq(rows("used"), "\"a\" 3, \"b\" 3, \"c\" 2");
    ck_assert_str_eq(rows("ease"), "1 2, 4 2, 5 2, 2 1, 3 1");
    ck_assert_str_eq(rows("again"), "false 4, true 4");
    ck_assert_str_eq(rows("branch&period=yesterday"), "");
}
END_TEST

START_TEST(filters)
{
    unit_results_post_ten();
    ck_assert_str_eq(rows("branch&where.channel=web"), "\"south\" 3, \"north\" 2");
    ck_assert_str_eq(rows("branch&where.branch=south"), "\"south\" 5");
    ck_assert_str_eq(rows("channel&where.channel=email&where.branch=south"), "\"email\" 1");
    ck_assert_str_eq(rows("used&where.branch=south"), "\"c\" 2, \"a\" 1, \"b\" 1");
    ck_assert_str_eq(rows("branch&where.branch=west"), "");
    /* The whole is what the filters let through, so it has no rest. */
    const char *only = BY "branch&where.branch=south";
    unit_results_assert_at(only, "/total/responses", "5");
    unit_results_assert_at(only, "/values/0/rest", "{'responses':0,'nps_exact':null}");
    unit_results_assert_at(only, "/values/0/difference", "null");
    unit_results_assert_at(only, "/correction/comparisons", "0");
}
END_TEST

/* Hidden groups are not compared, so the others need less of a correction. */
START_TEST(min_group)
{
    unit_results_post_ten();
    ck_assert_str_eq(rows("channel&min_group=2"), "\"web\" 7, \"email\" 2");
    ck_assert_str_eq(rows("channel&min_group=8"), "");
    ck_assert_str_eq(rows("channel&min_group=1"), rows("channel&min_group=0"));
    unit_results_assert_at(BY "channel&min_group=2", "/min_group", "2");
    unit_results_assert_at(BY "channel&min_group=2", "/hidden", "{'values':1,'responses':1}");
    unit_results_assert_at(BY "channel&min_group=8", "/hidden", "{'values':3,'responses':10}");
    unit_results_assert_at(BY "channel&min_group=1000000", "/correction/comparisons", "0");
    unit_results_assert_at(BY "branch&min_group=4", "/values/0/difference/p_adjusted", "0.200185");
    unit_results_assert_at(BY "branch&min_group=4", "/correction/comparisons", "1");
}
END_TEST

/* More than chance: 40 critics here, 40 promoters there, and a place like the whole. */
START_TEST(differs)
{
    const char *answers[120];
    static const char *const kinds[] = {"'score': 0, 'properties': {'branch': 'bad'}",
                                        "'score': 10, 'properties': {'branch': 'good'}",
                                        "'score': 8, 'properties': {'branch': 'plain'}"};
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        answers[i] = kinds[i % 3];
    unit_results_post("shop", answers, COUNT_OF(answers));
    ck_assert_str_eq(rows("branch"), "\"bad\" 40, \"good\" 40, \"plain\" 40");
    unit_results_assert_at(BY "branch", "/values/0/difference/differs", "true");
    unit_results_assert_at(BY "branch", "/values/0/difference/nps_exact", "-150");
    unit_results_assert_at(BY "branch", "/values/1/difference/differs", "true");
    unit_results_assert_at(BY "branch", "/values/2/difference/differs", "false");
    unit_results_assert_at(BY "branch", "/values/2/difference/p_adjusted", "1");
}
END_TEST

#define BEFORE "'answered_at': '2026-10-10T09:30:00Z', "

/* A value of the window before is told too, although it has no answers now. */
START_TEST(comparison)
{
    static const char *const before[] = {
        BEFORE "'score': 0, 'properties': {'branch': 'south'}",
        BEFORE "'score': 9, 'properties': {'branch': 'south'}",
        BEFORE "'score': 9, 'properties': {'branch': 'west'}",
    };
    unit_results_post_ten();
    unit_results_post("shop", before, COUNT_OF(before));
    const char *path = BY "branch&compare=previous";
    ck_assert_str_eq(rows("branch"), "\"south\" 5, \"north\" 3");
    ck_assert_str_eq(rows("branch&compare=previous"), "\"south\" 5, \"north\" 3, \"west\" 0");
    unit_results_assert_at(path, "/total/previous", "{'responses':3,'nps_exact':33.3333}");
    unit_results_assert_at(path, "/values/0/previous", "{'responses':2,'nps_exact':0}");
    unit_results_assert_at(path, "/values/0/change/nps_exact", "-20");
    unit_results_assert_at(path, "/values/1/previous", "{'responses':0,'nps_exact':null}");
    unit_results_assert_at(path, "/values/1/change", "null");
    unit_results_assert_at(path, "/values/2/previous", "{'responses':1,'nps_exact':100}");
    unit_results_assert_at(path, "/values/2/change", "null");
    unit_results_assert_at(path, "/values/2/difference", "null");
    unit_results_assert_at(path, "/correction/comparisons", "2");
    unit_results_assert_at(BY "branch&compare=previous&min_group=1", "/hidden",
                           "{'values':1,'responses':0}");
    unit_results_assert_at(BY "branch&compare=previous&period=all", "/values/0/previous", "null");
}
END_TEST

/* Past the cap of a facet values share a number and a name, and can still be told apart. */
START_TEST(other_values)
{
    static const char *const answers[] = {"'score': 9, 'properties': {'branch': 'v1'}",
                                          "'score': 9, 'properties': {'branch': 'new'}",
                                          "'score': 0, 'properties': {'branch': 'newer'}"};
    unit_pg_sql("insert into facet_value (survey_id, facet, id, value)"
                " select s.id, 3, n, 'v' || n from survey s, generate_series(1, 1000) n");
    unit_results_post("shop", answers, COUNT_OF(answers));
    ck_assert_str_eq(rows("branch"), "\"(other)\" 2, \"v1\" 1");
    ck_assert_str_eq(rows("branch&where.branch=(other)"), "\"(other)\" 2");
    ck_assert_str_eq(rows("branch&where.branch=newer"), "\"newer\" 1");
    ck_assert_str_eq(rows("channel&where.branch=new"), "\"web\" 1");
    unit_results_assert_at(BY "branch", "/values/0/critics", "1");
}
END_TEST

/* An option that another daemon has just added is not yet known by name. */
START_TEST(unknown_number)
{
    unit_results_post_ten();
    unit_pg_sql("insert into journal (survey_id, slot, cuts, scores, weights)"
                " select id, floor(extract(epoch from timestamptz '2026-11-10T09:30:00Z') / 900),"
                " array[0, 12::bigint << 32 | 4], '{9, 9}', '{1, 1}' from survey");
    ck_assert_str_eq(rows("improve"), "\"wait\" 4, \"price\" 2, \"staff\" 1");
    unit_results_assert_at(BY "improve", "/total/responses", "11");
}
END_TEST

static const struct unit_results_wrong wrong[] = {
    {"", "by"},
    {"by=", "by"},
    {"by=branches", "by"},
    {"by=recommend", "by"},
    {"by=score", "by"},
    {"by=Channel", "by"},
    {"by=where.channel", "by"},
    {"by=branch&min_group=-1", "min_group"},
    {"by=branch&min_group=", "min_group"},
    {"by=branch&min_group=1.5", "min_group"},
    {"by=branch&min_group=1000001", "min_group"},
    {"by=branch&compare=next", "compare"},
    {"by=branch&interval=day", "interval"},
    {"by=branch&shape=array", "shape"},
    {"by=branch&where.improve=wait", "where.improve"},
    {"by=x&min_group=x&compare=x&last=x&tz=X&where.x=y&x=y",
     "x last where.x by min_group compare tz"},
};

START_TEST(refused)
{
    unit_results_assert_wrong("shop/nps/breakdown", wrong, COUNT_OF(wrong));
}
END_TEST

/* Texts have no values, and what was retired has no name. */
START_TEST(no_values_to_cut_by)
{
    static const struct unit_results_wrong names[] = {{"by=why", "by"}, {"by=old", "by"}};
    struct unit_call *c = unit_results_call();
    unit_call_survey(c, "plain", "'facets': ['old']");
    unit_pg_sql("update question set position = null where id = 'again'");
    unit_pg_sql("update survey set facets_active = '{false}' where slug = 'plain'");
    unit_pg_sql("update directory set version = version + 1");
    unit_call_refresh(c);
    unit_results_assert_wrong("plain/nps/breakdown", names, COUNT_OF(names));
    static const struct unit_results_wrong retired[] = {{"by=again", "by"}};
    unit_results_assert_wrong("shop/nps/breakdown", retired, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {body,    everything_to_cut_by, filters,      min_group,
                                  differs, comparison,           other_values, unknown_number,
                                  refused, no_values_to_cut_by};
    return unit_results_run("breakdown", tests, COUNT_OF(tests));
}
