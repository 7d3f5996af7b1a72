#include "npsd/base/metrics.h"
#include "suite.h"
#include <pthread.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 20000 };

START_TEST(counters_add_up)
{
    for (int counter = 0; counter < METRIC_COUNTERS; counter++)
        ck_assert_uint_eq(metrics_read(counter), 0);
    metrics_add(METRIC_CREATED, 3);
    metrics_add(METRIC_CREATED, 0);
    metrics_add(METRIC_CREATED, UINT64_C(1) << 40);
    ck_assert_uint_eq(metrics_read(METRIC_CREATED), (UINT64_C(1) << 40) + 3);
    ck_assert_uint_eq(metrics_read(METRIC_REPLAYED), 0);
}
END_TEST

/* Which bucket a value goes to: the only one that grows. */
static int bucket_for(uint64_t value)
{
    struct metric_histogram_value before = metrics_histogram(METRIC_COMMIT);
    metrics_observe(METRIC_COMMIT, value);
    struct metric_histogram_value after = metrics_histogram(METRIC_COMMIT);
    int found = -1;
    for (int k = 0; k <= METRIC_BUCKETS; k++) {
        if (after.buckets[k] == before.buckets[k])
            continue;
        ck_assert_int_eq(found, -1);
        ck_assert_uint_eq(after.buckets[k], before.buckets[k] + 1);
        found = k;
    }
    return found;
}

/* Bucket k holds what is above 2^(k - 1) and at most 2^k. */
START_TEST(buckets_end_at_powers_of_two)
{
    ck_assert_int_eq(bucket_for(0), 0);
    for (int k = 0; k < METRIC_BUCKETS; k++) {
        ck_assert_int_eq(bucket_for(UINT64_C(1) << k), k);
        ck_assert_int_eq(bucket_for((UINT64_C(1) << k) + 1), k + 1);
    }
}
END_TEST

START_TEST(extremes)
{
    metrics_observe(METRIC_COMMIT, 0);
    metrics_observe(METRIC_COMMIT, UINT64_C(1) << 24);
    metrics_observe(METRIC_COMMIT, UINT64_C(1) << 63);
    metrics_observe(METRIC_BATCH_SIZE, UINT64_MAX);
    struct metric_histogram_value value = metrics_histogram(METRIC_COMMIT);
    ck_assert_uint_eq(value.buckets[0], 1);
    ck_assert_uint_eq(value.buckets[METRIC_BUCKETS], 2);
    ck_assert_uint_eq(value.count, 3);
    ck_assert_uint_eq(value.sum, (UINT64_C(1) << 24) + (UINT64_C(1) << 63));
    ck_assert_uint_eq(metrics_histogram(METRIC_BATCH_SIZE).buckets[METRIC_BUCKETS], 1);
}
END_TEST

static void *move_all(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        metrics_add(METRIC_FOLDS, 1);
        metrics_observe(METRIC_BATCH_SIZE, (uint64_t)i % 100);
        struct metric_histogram_value value = metrics_histogram(METRIC_BATCH_SIZE);
        uint64_t sum = 0;
        for (int k = 0; k <= METRIC_BUCKETS; k++)
            sum += value.buckets[k];
        if (sum != value.count) /* the count is the buckets' even while others add */
            return unused;
    }
    return NULL;
}

START_TEST(many_threads)
{
    pthread_t threads[THREADS];
    void *failed;
    int mark;
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, move_all, &mark), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_uint_eq(metrics_read(METRIC_FOLDS), THREADS * ROUNDS);
    ck_assert_uint_eq(metrics_histogram(METRIC_BATCH_SIZE).count, THREADS * ROUNDS);
    ck_assert_uint_eq(metrics_histogram(METRIC_BATCH_SIZE).sum, THREADS * ROUNDS / 100 * 4950);
}
END_TEST

/* Prometheus' rules for names: [a-zA-Z_:][a-zA-Z0-9_:]*, counters end in _total, each once with the
 * same labels, those of one name together. */
START_TEST(names)
{
#define TEXT(name, text, ...) text,
#define LABELS(name, text, labels, ...) labels,
    static const char *const labels[] = {METRICS_COUNTERS(LABELS)};
    static const char *const counters[] = {METRICS_COUNTERS(TEXT)};
    static const char *const histograms[] = {METRICS_HISTOGRAMS(TEXT)};
    ck_assert_uint_eq(COUNT_OF(counters), METRIC_COUNTERS);
    ck_assert_uint_eq(COUNT_OF(histograms), METRIC_HISTOGRAMS);
    for (size_t i = 0; i < COUNT_OF(counters); i++) {
        size_t len = strlen(counters[i]);
        ck_assert_uint_eq(strspn(counters[i], "abcdefghijklmnopqrstuvwxyz_"), len);
        ck_assert_str_eq(counters[i] + len - 6, "_total");
        for (size_t j = 0; j < i; j++)
            if (strcmp(counters[i], counters[j]) == 0) {
                ck_assert_str_ne(labels[i], labels[j]);
                ck_assert_str_eq(counters[i], counters[i - 1]);
            }
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {counters_add_up, buckets_end_at_powers_of_two, extremes, many_threads,
                            names};
    return suite_run("metrics", tests, COUNT_OF(tests));
}
