#include "npsd/domain/nps.h"
#include "vectors.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define Z_95L 1.959963984540054L

static struct nps_counts groups(int64_t promoters, int64_t neutrals, int64_t critics)
{
    struct nps_counts counts = {.score = {[9] = promoters, [7] = neutrals, [6] = critics}};
    return counts;
}

static void check_single(const json_t *vector)
{
    struct nps_counts counts = groups((int64_t)vectors_number(vector, "promoters"),
                                      (int64_t)vectors_number(vector, "passives"),
                                      (int64_t)vectors_number(vector, "detractors"));
    struct nps_result result = nps_compute(&counts);
    ck_assert(result.known);
    ck_assert_int_eq(result.responses, (int64_t)vectors_number(vector, "n"));
    ck_assert_int_eq(result.promoters, (int64_t)vectors_number(vector, "promoters"));
    ck_assert_int_eq(result.neutrals, (int64_t)vectors_number(vector, "passives"));
    ck_assert_int_eq(result.critics, (int64_t)vectors_number(vector, "detractors"));
    ck_assert_int_eq(result.nps, (int)vectors_number(vector, "nps_rounded"));
    EXACT(result.nps_exact, vectors_number(vector, "nps"));
    EXACT(result.promoter_share, vectors_number(vector, "promoter_pct"));
    EXACT(result.neutral_share, vectors_number(vector, "passive_pct"));
    EXACT(result.critic_share, vectors_number(vector, "detractor_pct"));
    EXACT(result.low, vectors_item(vector, "adj_wald_clamped", 0));
    EXACT(result.high, vectors_item(vector, "adj_wald_clamped", 1));
}

START_TEST(vectors_of_one_window)
{
    json_t *root = vectors_load("nps_vectors.json"), *vector;
    size_t i;
    ck_assert_uint_eq(json_array_size(json_object_get(root, "single")), 18);
    json_array_foreach(json_object_get(root, "single"), i, vector) check_single(vector);
    json_decref(root);
}
END_TEST

static struct nps_counts side(const json_t *vector, const char *name)
{
    return groups((int64_t)vectors_item(vector, name, 0), (int64_t)vectors_item(vector, name, 1),
                  (int64_t)vectors_item(vector, name, 2));
}

static void check_pair(const json_t *vector)
{
    const json_t *adjusted = json_object_get(vector, "adj");
    struct nps_counts a = side(vector, "a"), b = side(vector, "b");
    struct nps_change change = nps_compare(&a, &b);
    ck_assert(change.known);
    EXACT(change.nps_exact, vectors_number(json_object_get(vector, "wald"), "diff"));
    EXACT(change.low, vectors_item(adjusted, "ci", 0));
    EXACT(change.high, vectors_item(adjusted, "ci", 1));
    EXACT(change.z, vectors_number(adjusted, "z"));
    EXACT(change.p, vectors_number(adjusted, "p"));
}

START_TEST(vectors_of_two_windows)
{
    json_t *root = vectors_load("nps_vectors.json"), *vector;
    size_t i;
    ck_assert_uint_eq(json_array_size(json_object_get(root, "two_window")), 4);
    json_array_foreach(json_object_get(root, "two_window"), i, vector) check_pair(vector);
    json_decref(root);
}
END_TEST

START_TEST(groups_of_scores)
{
    static const enum nps_group expected[NPS_SCORES] = {
        NPS_CRITIC, NPS_CRITIC,  NPS_CRITIC,  NPS_CRITIC,   NPS_CRITIC,  NPS_CRITIC,
        NPS_CRITIC, NPS_NEUTRAL, NPS_NEUTRAL, NPS_PROMOTER, NPS_PROMOTER};
    for (int score = 0; score < NPS_SCORES; score++) {
        struct nps_counts one = {0};
        one.score[score] = 1;
        struct nps_result result = nps_compute(&one);
        ck_assert_int_eq(nps_group_of(score), expected[score]);
        ck_assert_int_eq(result.critics, expected[score] == NPS_CRITIC);
        ck_assert_int_eq(result.neutrals, expected[score] == NPS_NEUTRAL);
        ck_assert_int_eq(result.promoters, expected[score] == NPS_PROMOTER);
        EXACT(result.mean, score);
    }
    ck_assert_str_eq(nps_group_name(NPS_CRITIC), "critic");
    ck_assert_str_eq(nps_group_name(NPS_NEUTRAL), "neutral");
    ck_assert_str_eq(nps_group_name(NPS_PROMOTER), "promoter");
}
END_TEST

START_TEST(nothing_is_not_zero)
{
    struct nps_counts none = {0}, some = groups(1, 0, 0);
    struct nps_result result = nps_compute(&none);
    ck_assert(!result.known);
    ck_assert_int_eq(result.responses, 0);
    ck_assert(!nps_compare(&none, &some).known);
    ck_assert(!nps_compare(&some, &none).known);
    ck_assert(!nps_compare(&none, &none).known);
}
END_TEST

START_TEST(counts_add_up)
{
    struct nps_counts sum = {0}, more;
    for (int score = 0; score < NPS_SCORES; score++)
        more.score[score] = score * 10 + 1;
    nps_counts_add(&sum, &more);
    nps_counts_add(&sum, &more);
    for (int score = 0; score < NPS_SCORES; score++)
        ck_assert_int_eq(sum.score[score], 2 * (score * 10 + 1));
}
END_TEST

START_TEST(mean_of_the_scores)
{
    struct nps_counts counts = {.score = {0, 0, 1, 0, 2, 1, 2, 5, 8, 12, 20}};
    EXACT(nps_compute(&counts).mean, 8.5098);
    struct nps_counts tie = {.score = {[0] = 127, [1] = 1}}; /* 0.0078125 */
    EXACT(nps_compute(&tie).mean, 0.0078);
    struct nps_counts half = {.score = {[0] = 31, [1] = 1}}; /* 0.03125 */
    EXACT(nps_compute(&half).mean, 0.0313);
}
END_TEST

/* 1/128 is 0.78125 %: half of the fourth decimal goes away from zero, on both sides of it. */
START_TEST(halves_go_away_from_zero)
{
    struct nps_counts up = groups(1, 127, 0), down = groups(0, 127, 1);
    EXACT(nps_compute(&up).nps_exact, 0.7813);
    EXACT(nps_compute(&down).nps_exact, -0.7813);
    EXACT(nps_compare(&down, &up).nps_exact, 1.5625);
    struct nps_counts half = groups(1, 199, 0), minus_half = groups(0, 199, 1);
    ck_assert_int_eq(nps_compute(&half).nps, 1);
    ck_assert_int_eq(nps_compute(&minus_half).nps, -1);
    struct nps_counts less = groups(1, 200, 0);
    ck_assert_int_eq(nps_compute(&less).nps, 0);
}
END_TEST

/* 200/3 - 100/3: the rounded values differ by 33.3334. */
START_TEST(a_change_is_rounded_once)
{
    struct nps_counts before = groups(1, 2, 0), now = groups(2, 1, 0);
    EXACT(nps_compute(&before).nps_exact, 33.3333);
    EXACT(nps_compute(&now).nps_exact, 66.6667);
    EXACT(nps_compare(&before, &now).nps_exact, 33.3333);
    EXACT(nps_compare(&now, &before).nps_exact, -33.3333);
}
END_TEST

START_TEST(no_change)
{
    struct nps_counts counts = groups(3, 4, 5);
    struct nps_change change = nps_compare(&counts, &counts);
    EXACT(change.nps_exact, 0);
    EXACT(change.z, 0);
    EXACT(change.p, 1);
    EXACT(change.low, -change.high);
    ck_assert(!signbit(change.z) && !signbit(change.nps_exact));
}
END_TEST

/* Sums of squares over the answers and the three added ones: no formula of the module. */
static void check_interval(const struct nps_result *result)
{
    long double p = result->promoters + 0.75L, n = result->neutrals + 1.5L,
                c = result->critics + 0.75L, all = result->responses + 3.0L, m = (p - c) / all;
    long double v = (p * (1 - m) * (1 - m) + n * m * m + c * (1 + m) * (1 + m)) / all;
    long double margin = Z_95L * sqrtl(v / all);
    long double low = fmaxl(100 * (m - margin), -100), high = fminl(100 * (m + margin), 100);
    ck_assert_double_eq_tol(result->low, (double)low, 0.5e-4 + 1e-9);
    ck_assert_double_eq_tol(result->high, (double)high, 0.5e-4 + 1e-9);
}

/* Four decimals, half away from zero, of a quotient of small integers: long double is exact enough
 * to see on which side of a half it is. */
static double rounded(long double dividend, long double divisor)
{
    return (double)(roundl(dividend * 10000 / divisor) / 10000);
}

static void check_numbers(const struct nps_result *result)
{
    long double n = result->responses, lead = result->promoters - result->critics;
    EXACT(result->promoter_share, rounded(100.0L * result->promoters, n));
    EXACT(result->neutral_share, rounded(100.0L * result->neutrals, n));
    EXACT(result->critic_share, rounded(100.0L * result->critics, n));
    EXACT(result->nps_exact, rounded(100 * lead, n));
    ck_assert_int_eq(result->nps, (int)roundl(100 * lead / n));
    check_interval(result);
}

START_TEST(random_counts_against_brute_force)
{
    uint64_t seed = 5;
    for (int i = 0; i < 3000; i++) {
        struct nps_counts counts;
        long double sum = 0;
        for (int score = 0; score < NPS_SCORES; score++) {
            int64_t most = suite_between(&seed, 0, 3) * suite_between(&seed, 0, 4000);
            counts.score[score] = suite_between(&seed, 0, most);
            sum += (long double)score * counts.score[score];
        }
        struct nps_result result = nps_compute(&counts);
        if (!result.known)
            continue;
        check_numbers(&result);
        EXACT(result.mean, rounded(sum, result.responses));
    }
}
END_TEST

/* All triples of small windows, where ties live. */
START_TEST(small_windows_against_brute_force)
{
    for (int64_t p = 0; p <= 16; p++)
        for (int64_t n = 0; n <= 16; n++)
            for (int64_t c = (p + n == 0); c <= 16; c++) {
                struct nps_counts counts = groups(p, n, c);
                struct nps_result result = nps_compute(&counts);
                check_numbers(&result);
            }
}
END_TEST

static void check_change(const struct nps_counts *before, const struct nps_counts *now)
{
    struct nps_result a = nps_compute(before), b = nps_compute(now);
    struct nps_change change = nps_compare(before, now), back = nps_compare(now, before);
    int64_t crossed =
        (b.promoters - b.critics) * a.responses - (a.promoters - a.critics) * b.responses;
    EXACT(change.nps_exact, rounded(100.0L * crossed, (long double)a.responses * b.responses));
    EXACT(change.nps_exact, -back.nps_exact);
    EXACT(change.z, -back.z);
    EXACT(change.p, back.p);
    EXACT(change.low, -back.high);
    EXACT(change.high, -back.low);
    ck_assert(change.p >= 0 && change.p <= 1);
    ck_assert(change.low <= change.high && change.low >= -200 && change.high <= 200);
    /* 95 % intervals and p values agree on what is significant. */
    ck_assert((change.low > 0 || change.high < 0) == (change.p < 0.05) ||
              fabs(change.p - 0.05) < 1e-5);
}

START_TEST(random_changes_against_brute_force)
{
    uint64_t seed = 6;
    for (int i = 0; i < 3000; i++) {
        int64_t most = i % 3 ? 20 : 2000;
        struct nps_counts a = groups(suite_between(&seed, 0, most), suite_between(&seed, 0, most),
                                     suite_between(&seed, 1, most));
        struct nps_counts b = groups(suite_between(&seed, 1, most), suite_between(&seed, 0, most),
                                     suite_between(&seed, 0, most));
        check_change(&a, &b);
    }
}
END_TEST

START_TEST(huge_counts)
{
    const int64_t trillion = INT64_C(1000000000000);
    struct nps_counts thirds = groups(2 * trillion, 0, trillion), agreed = groups(trillion, 0, 0);
    struct nps_result result = nps_compute(&thirds);
    ck_assert_int_eq(result.nps, 33);
    EXACT(result.nps_exact, 33.3333);
    EXACT(result.promoter_share, 66.6667);
    check_interval(&result);
    result = nps_compute(&agreed);
    EXACT(result.nps_exact, 100);
    EXACT(result.low, 100);
    EXACT(result.high, 100);
    struct nps_change change = nps_compare(&thirds, &agreed);
    EXACT(change.nps_exact, 66.6667);
    EXACT(change.p, 0);
    ck_assert(isfinite(change.z));
    struct nps_counts full;
    for (int score = 0; score < NPS_SCORES; score++)
        full.score[score] = trillion;
    EXACT(nps_compute(&full).mean, 5);
    EXACT(nps_compute(&full).nps_exact, -45.4545);
}
END_TEST

START_TEST(percents_and_means)
{
    EXACT(nps_percent(1, 128), 0.7813);
    EXACT(nps_percent(-1, 128), -0.7813);
    EXACT(nps_percent(2, 3), 66.6667);
    EXACT(nps_percent(0, 7), 0);
    EXACT(nps_percent(7, 7), 100);
    EXACT(nps_percent(INT64_MAX - 1, INT64_MAX), 100);
    EXACT(nps_mean(1, 32), 0.0313);
    EXACT(nps_mean(10, 3), 3.3333);
    EXACT(nps_mean(0, 3), 0);
    EXACT(nps_mean(INT64_MAX, INT64_MAX), 1);
}
END_TEST

/* One in a trillion is seen neither in the share nor in the sign of a zero. */
START_TEST(tiny_shares)
{
    struct nps_counts counts = groups(0, INT64_C(1000000000000), 1);
    struct nps_result result = nps_compute(&counts);
    ck_assert_int_eq(result.nps, 0);
    EXACT(result.nps_exact, 0);
    ck_assert(!signbit(result.nps_exact));
    ck_assert(!signbit(result.low));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {vectors_of_one_window,
                            vectors_of_two_windows,
                            groups_of_scores,
                            nothing_is_not_zero,
                            counts_add_up,
                            mean_of_the_scores,
                            halves_go_away_from_zero,
                            a_change_is_rounded_once,
                            no_change,
                            random_counts_against_brute_force,
                            small_windows_against_brute_force,
                            random_changes_against_brute_force,
                            huge_counts,
                            percents_and_means,
                            tiny_shares};
    return suite_run("nps", tests, COUNT_OF(tests));
}
