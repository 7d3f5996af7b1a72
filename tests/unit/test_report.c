#include "npsd/cli/report.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

static const struct survey_text title = {"en", "Your\033 visit"};
static const struct survey survey = {
    .slug = "checkout", .title = {&title, 1}, .min_responses = 30, .time_zone = "Europe/Moscow"};

/* 32 promoters, 13 neutrals, 6 critics from 2026-10-21T14:15Z on. */
static struct results make_results(void)
{
    return (struct results){
        .asked = {.survey = &survey,
                  .query = {.request = {.time_zone = "Europe/Moscow"}},
                  .choice = {.window = {INT64_C(1792592100000000), INT64_C(1795184100000000)},
                             .has_previous = true}},
        .current = {{0, 0, 1, 0, 2, 1, 2, 5, 8, 12, 20}},
    };
}

static void assert_report(const struct results *results, bool colour, const char *expected)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    report_print(results, colour, out);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

#define HEAD                                                                                       \
    "Your? visit (checkout)\n2026-10-21T14:15:00Z to 2026-11-20T14:15:00Z (Europe/Moscow)\n"
#define TABLE                                                                                                                                                    \
    "\n█ promoters          32    62.75 %\n"                                                                                                                   \
    "▒ neutrals           13    25.49 %\n"                                                                                                                     \
    "░ critics             6    11.76 %\n"                                                                                                                     \
    "  answers            51\n\n"                                                                                                                                \
    "███████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░\n\n" \
    "NPS 51 (exactly 50.9804), mean score 8.51\n"                                                                                                                \
    "With 95 % confidence the true NPS lies between 29.3 and 67.0.\n"

START_TEST(test_whole_report)
{
    struct results results = make_results();
    assert_report(&results, false, HEAD TABLE);
}
END_TEST

START_TEST(test_filters_are_told)
{
    struct results results = make_results();
    results.asked.query.where[0].name = "branch";
    results.asked.query.where[0].text = "no\nrth";
    results.asked.query.where_count = 1;
    assert_report(&results, false, HEAD "where branch = no?rth\n" TABLE);
    results.asked.query.where[0].text = "\xD0\x96\xC2\x9B"
                                        "2J\x7F\xFF";
    assert_report(&results, false, HEAD "where branch = \xD0\x96??2J??\n" TABLE);
}
END_TEST

START_TEST(test_comparison)
{
    struct results results = make_results();
    results.compare = true;
    assert_report(&results, false, HEAD TABLE "\nBefore: no answers.\n");
    results.previous = (struct nps_counts){{0, 0, 1, 1, 1, 1, 2, 7, 7, 10, 10}};
    assert_report(&results, false,
                  HEAD TABLE "\nBefore: NPS 35 from 40 answers.\n"
                             "Change: +16.0; with 95 % confidence between -13.3 and +44.4"
                             " (z 1.06, p 0.2895).\n");
    results.asked.choice.has_previous = false;
    assert_report(&results, false, HEAD TABLE "\nThere is no window before all time.\n");
}
END_TEST

START_TEST(test_few_and_none)
{
    struct results results = make_results();
    results.asked.choice.window = (struct window){SLOTS_OPEN_FROM, SLOTS_OPEN_TO};
    results.current = (struct nps_counts){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12}};
    assert_report(&results, false,
                  "Your? visit (checkout)\nall time (Europe/Moscow)\n"
                  "\n█ promoters          12   100.00 %\n"
                  "▒ neutrals            0     0.00 %\n"
                  "░ critics             0     0.00 %\n"
                  "  answers            12\n\n"
                  "██████████████████████████████████████████████████\n\n"
                  "NPS 100 (exactly 100), mean score 10\n"
                  "With 95 % confidence the true NPS lies between 54.2 and 100.0.\n"
                  "not enough answers yet (12 of 30)\n");
    results.current = (struct nps_counts){{0}};
    assert_report(&results, true,
                  "Your? visit (checkout)\nall time (Europe/Moscow)\n"
                  "\nno answers yet (0 of 30)\n");
}
END_TEST

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    while ((text = strstr(text, part))) {
        text += strlen(part);
        count++;
    }
    return count;
}

/* Colours only frame the blocks: without them the text is the same. */
START_TEST(test_colours)
{
    struct results results = make_results();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    report_print(&results, true, out);
    fclose(out);
    ck_assert_uint_eq(count_of(text, "\033[32m"), 2);
    ck_assert_uint_eq(count_of(text, "\033[33m"), 2);
    ck_assert_uint_eq(count_of(text, "\033[31m"), 2);
    ck_assert_uint_eq(count_of(text, "\033[0m"), 6);
    ck_assert_uint_eq(count_of(text, "\033"), 12);
    free(text);
}
END_TEST

/* A bar is full, and no group is a cell or more off its share. */
START_TEST(test_bars)
{
    uint64_t seed = 1;

    for (int i = 0; i < 20000; i++) {
        int64_t most = suite_between(&seed, 0, 1) ? 5 : INT64_C(1000000000000);
        struct nps_counts counts = {{0}};
        counts.score[0] = suite_between(&seed, 0, most);
        counts.score[7] = suite_between(&seed, 0, most);
        counts.score[10] = suite_between(&seed, 0, most);
        struct nps_result result = nps_compute(&counts);
        int cells[NPS_GROUPS];
        report_bar(&result, cells);
        ck_assert_int_eq(cells[NPS_CRITIC] + cells[NPS_NEUTRAL] + cells[NPS_PROMOTER],
                         result.known ? REPORT_BAR_WIDTH : 0);
        ck_assert_double_eq_tol(cells[NPS_CRITIC], result.critic_share / 2, 1);
        ck_assert_double_eq_tol(cells[NPS_NEUTRAL], result.neutral_share / 2, 1);
        ck_assert_double_eq_tol(cells[NPS_PROMOTER], result.promoter_share / 2, 1);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        test_whole_report, test_filters_are_told, test_comparison,
        test_few_and_none, test_colours,          test_bars,
    };
    return suite_run("report", tests, COUNT_OF(tests));
}
