#include "npsd/domain/comparisons.h"
#include "vectors.h"
#include <math.h>

enum { MANY = 200 };

static struct nps_counts counts_of(const json_t *value)
{
    struct nps_counts counts = {.score = {[9] = (int64_t)vectors_item(value, "groups", 0),
                                          [8] = (int64_t)vectors_item(value, "groups", 1),
                                          [3] = (int64_t)vectors_item(value, "groups", 2)}};
    return counts;
}

static void check_value(const struct comparison *comparison, const json_t *value)
{
    const json_t *difference = json_object_get(value, "difference");
    ck_assert_int_eq(comparison->change.known, !json_is_null(difference));
    if (!comparison->change.known)
        return;
    EXACT(comparison->change.nps_exact, vectors_number(difference, "nps_exact"));
    EXACT(comparison->change.z, vectors_number(difference, "z"));
    EXACT(comparison->change.p, vectors_number(difference, "p"));
    EXACT(comparison->p_adjusted, vectors_number(difference, "p_adjusted"));
    ck_assert_int_eq(comparison->differs, json_is_true(json_object_get(difference, "differs")));
}

static void check_family(const json_t *family)
{
    const json_t *values = json_object_get(family, "values"), *value;
    struct comparison all[MANY] = {0}, *known[MANY];
    struct nps_counts total = {0};
    size_t i, count = 0;

    json_array_foreach(values, i, value)
    {
        struct nps_counts counts = counts_of(value);
        nps_counts_add(&total, &counts);
    }
    json_array_foreach(values, i, value)
    {
        struct nps_counts counts = counts_of(value);
        all[i] = comparison_with_rest(&total, &counts);
        if (all[i].change.known)
            known[count++] = &all[i];
    }
    ck_assert_uint_eq(count, (size_t)vectors_number(family, "comparisons"));
    comparisons_correct(known, count);
    json_array_foreach(values, i, value) check_value(&all[i], value);
}

/* A family of one value alone has nobody else to be compared with. */
START_TEST(vectors)
{
    json_t *root = vectors_load("comparison_vectors.json"), *family;
    size_t i;
    ck_assert_uint_eq(json_array_size(json_object_get(root, "families")), 8);
    json_array_foreach(json_object_get(root, "families"), i, family) check_family(family);
    json_decref(root);
}
END_TEST

static void correct(const double *p, size_t count, struct comparison *ret_all)
{
    struct comparison *pointers[MANY];
    for (size_t i = 0; i < count; i++) {
        ret_all[i] = (struct comparison){
            .change = {.known = true, .p_unrounded = p[i], .p = round(p[i] * 1e6) / 1e6}};
        pointers[i] = &ret_all[i];
    }
    comparisons_correct(pointers, count);
}

static const struct {
    size_t count;
    double p[4], adjusted[4];
    bool differs[4];
} published[] = {
    /* The worked example of most textbooks. */
    {4, {0.01, 0.04, 0.03, 0.005}, {0.03, 0.06, 0.06, 0.02}, {true, false, false, true}},
    /* Adjusted values never fall although 2 * 0.011 is less than 3 * 0.01. */
    {3, {0.01, 0.011, 0.9}, {0.03, 0.03, 0.9}, {true, true, false}},
    {3, {0.4, 0.4, 0.4}, {1, 1, 1}, {false, false, false}},
    {2, {0.6, 0.7}, {1, 1}, {false, false}},
    {2, {0, 1}, {0, 1}, {true, false}},
    {1, {0.05}, {0.05}, {false}},
    {1, {0.049999}, {0.049999}, {true}},
    /* What is printed and what is said of it agree. */
    {1, {0.0499999}, {0.05}, {false}},
    /* The p-values are not rounded before they are multiplied. */
    {4, {0.0000004, 1, 1, 1}, {0.000002, 1, 1, 1}, {true, false, false, false}},
};

START_TEST(corrections)
{
    for (size_t row = 0; row < COUNT_OF(published); row++) {
        struct comparison all[MANY] = {0};
        correct(published[row].p, published[row].count, all);
        for (size_t i = 0; i < published[row].count; i++) {
            EXACT(all[i].p_adjusted, published[row].adjusted[i]);
            ck_assert_int_eq(all[i].differs, published[row].differs[i]);
        }
    }
}
END_TEST

START_TEST(nothing_to_correct)
{
    comparisons_correct(NULL, 0);
}
END_TEST

static size_t random_family(uint64_t *seed, double *p)
{
    size_t count = (size_t)suite_between(seed, 1, MANY);
    for (size_t i = 0; i < count; i++) {
        p[i] = pow((double)suite_between(seed, 0, 1000000) / 1e6, (double)(i % 7 + 1));
        if (i > 0 && suite_between(seed, 0, 9) == 0)
            p[i] = p[i - 1];
    }
    return count;
}

/* By the definition: the largest of (how many are not smaller) * p over all p up to this one. */
static double defined(const double *p, size_t count, double mine)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t not_smaller = 0;
        for (size_t j = 0; j < count; j++)
            not_smaller += p[j] >= p[i];
        if (p[i] <= mine)
            largest = fmax(largest, fmin(1, (double)not_smaller * p[i]));
    }
    return largest;
}

START_TEST(random_families)
{
    uint64_t seed = 11;
    struct comparison all[MANY] = {0}, turned[MANY] = {0};
    double p[MANY], backwards[MANY];
    for (int round_no = 0; round_no < 200; round_no++) {
        size_t count = random_family(&seed, p);
        for (size_t i = 0; i < count; i++)
            backwards[count - 1 - i] = p[i];
        correct(p, count, all);
        correct(backwards, count, turned);
        for (size_t i = 0; i < count; i++) {
            ck_assert_double_eq_tol(all[i].p_adjusted, defined(p, count, p[i]), 0.5e-6 + 1e-9);
            EXACT(all[i].p_adjusted, turned[count - 1 - i].p_adjusted);
            ck_assert(all[i].p_adjusted >= all[i].change.p && all[i].p_adjusted <= 1);
            ck_assert(count > 1 || all[i].p_adjusted == all[i].change.p);
        }
    }
}
END_TEST

START_TEST(the_rest_is_everybody_else)
{
    struct nps_counts total = {{5, 0, 0, 0, 1, 0, 0, 2, 0, 7, 3}};
    struct nps_counts value = {{5, 0, 0, 0, 0, 0, 0, 1, 0, 7, 0}}, none = {{0}};
    struct comparison comparison = comparison_with_rest(&total, &value);
    static const int64_t rest[NPS_SCORES] = {[4] = 1, [7] = 1, [10] = 3};
    for (int score = 0; score < NPS_SCORES; score++)
        ck_assert_int_eq(comparison.rest.score[score], rest[score]);
    ck_assert(comparison.change.known);
    ck_assert(!comparison_with_rest(&total, &total).change.known);
    ck_assert(!comparison_with_rest(&total, &none).change.known);
    ck_assert(!comparison_with_rest(&none, &none).change.known);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {vectors, corrections, nothing_to_correct, random_families,
                                  the_rest_is_everybody_else};
    return suite_run("comparisons", tests, COUNT_OF(tests));
}
