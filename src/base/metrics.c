#include "npsd/base/metrics.h"

#include <stdatomic.h>

static atomic_uint_fast64_t counters[METRIC_COUNTERS];

static struct {
    atomic_uint_fast64_t buckets[METRIC_BUCKETS + 1];
    atomic_uint_fast64_t sum;
} histograms[METRIC_HISTOGRAMS];

void metrics_add(enum metric_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&counters[counter], n, memory_order_relaxed);
}

uint64_t metrics_read(enum metric_counter counter)
{
    return atomic_load_explicit(&counters[counter], memory_order_relaxed);
}

/* The smallest k with value <= 2^k. */
static int bucket_of(uint64_t value)
{
    int k = value <= 1 ? 0 : 64 - __builtin_clzll(value - 1);
    return k < METRIC_BUCKETS ? k : METRIC_BUCKETS;
}

void metrics_observe(enum metric_histogram histogram, uint64_t value)
{
    atomic_fetch_add_explicit(&histograms[histogram].buckets[bucket_of(value)], 1,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&histograms[histogram].sum, value, memory_order_relaxed);
}

struct metric_histogram_value metrics_histogram(enum metric_histogram histogram)
{
    struct metric_histogram_value value = {0};
    for (int i = 0; i <= METRIC_BUCKETS; i++) {
        value.buckets[i] =
            atomic_load_explicit(&histograms[histogram].buckets[i], memory_order_relaxed);
        /* Summed here, so that the count fits the buckets even while others add. */
        value.count += value.buckets[i];
    }
    value.sum = atomic_load_explicit(&histograms[histogram].sum, memory_order_relaxed);
    return value;
}
