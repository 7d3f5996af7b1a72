#include "npsd/api/limits.h"
#include "npsd/base/crypto.h"
#include "suite.h"
#include <pthread.h>
#include <stdio.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)

/* Any moment: time since the machine started. */
#define NOW (INT64_C(12345) * SECOND)

static int take(struct limits *limits, const char *address, size_t n, int64_t now_us)
{
    return limits_take(limits, address, n, now_us);
}

START_TEST(a_minute_at_once_then_no_more)
{
    struct limits *limits = limits_new(5);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW), 0);
    ck_assert_int_eq(take(limits, "192.0.2.2", 1, NOW), 0);
    limits_free(limits);
}
END_TEST

START_TEST(refill)
{
    struct limits *limits = limits_new(6);
    ck_assert_int_eq(take(limits, "192.0.2.1", 6, NOW), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW + 10 * SECOND - SECOND / 100), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW + 10 * SECOND + SECOND / 100), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW + 10 * SECOND + SECOND / 100), 0);
    /* An hour of silence saves no more than a minute's worth. */
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW + 60 * MINUTE), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW + 60 * MINUTE), 0);
    limits_free(limits);
}
END_TEST

/* Who waits as long as told is let in, and was not told to wait much longer than needed. */
START_TEST(the_wait_is_long_enough)
{
    static const int rates[] = {1, 2, 7, 60, 600, 999, 1000000};
    static const size_t sizes[] = {1, 2, 10, 1000};
    for (size_t rate = 0; rate < COUNT_OF(rates); rate++)
        for (size_t size = 0; size < COUNT_OF(sizes); size++) {
            struct limits *limits = limits_new(rates[rate]);
            int64_t now = NOW;
            for (int i = 0; i < 20; i++) {
                int wait = take(limits, "192.0.2.1", sizes[size], now);
                if (wait == 0)
                    continue;
                now += wait * SECOND;
                ck_assert_msg(take(limits, "192.0.2.1", sizes[size], now) == 0, "%d, %zu: %d s",
                              rates[rate], sizes[size], wait);
            }
            int64_t debt_us = 20 * (int64_t)sizes[size] * MINUTE / rates[rate];
            ck_assert_msg(now - NOW <= debt_us + 20 * SECOND, "%d, %zu: %lld s", rates[rate],
                          sizes[size], (long long)((now - NOW) / SECOND));
            limits_free(limits);
        }
}
END_TEST

/* Larger than the burst: passes when the bucket is full, and is paid off before anything else. */
START_TEST(large_batches)
{
    struct limits *limits = limits_new(10);
    ck_assert_int_eq(take(limits, "192.0.2.1", 1000, NOW), 0);
    int wait = take(limits, "192.0.2.1", 1, NOW);
    ck_assert_int_ge(wait, 99 * 60);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW + 98 * MINUTE), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1000, NOW + 99 * MINUTE + 7 * SECOND), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW + 99 * MINUTE + 7 * SECOND), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 1000, NOW + 200 * MINUTE), 0);
    limits_free(limits);
}
END_TEST

/* A batch that does not fit takes nothing. */
START_TEST(all_or_nothing)
{
    struct limits *limits = limits_new(10);
    ck_assert_int_eq(take(limits, "192.0.2.1", 5, NOW), 0);
    for (int i = 0; i < 10; i++)
        ck_assert_int_gt(take(limits, "192.0.2.1", 6, NOW), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 5, NOW), 0);
    limits_free(limits);
}
END_TEST

START_TEST(asking_takes_nothing)
{
    struct limits *limits = limits_new(2);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(take(limits, "192.0.2.1", 0, NOW), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 2, NOW), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 0, NOW), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 0, NOW + MINUTE / 2 + SECOND), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW + MINUTE / 2 + SECOND), 0);
    limits_free(limits);
}
END_TEST

/* Threads may bring their times in any order: nothing is gained or lost by it. */
START_TEST(the_clock_stands_or_steps_back)
{
    struct limits *limits = limits_new(60);
    for (int i = 0; i < 60; i++)
        ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW), 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW), 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_gt(take(limits, "192.0.2.1", 1, i % 2 ? NOW : NOW - 5 * SECOND), 0);
    ck_assert_int_eq(take(limits, "192.0.2.1", 1, NOW + SECOND + SECOND / 100), 0);
    ck_assert_int_gt(take(limits, "192.0.2.1", 1, NOW + SECOND + SECOND / 100), 0);
    ck_assert_int_eq(take(limits, "192.0.2.2", 55, NOW), 0);
    ck_assert_int_eq(take(limits, "192.0.2.2", 5, NOW - 5 * SECOND), 0);
    limits_free(limits);
}
END_TEST

/* A subscriber has a /64 of IPv6 addresses, so that is one. */
START_TEST(networks)
{
    static const struct {
        const char *one, *two;
        bool same;
    } cases[] = {
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
        {"2001:db8:1:2::1", "2001:0db8:0001:0002:0000:0000:0000:0001", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"2001:db8:1:2::1", "2001:db9:1:2::1", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.129", false},
        {"192.0.2.1", "193.0.2.1", false},
        {"192.0.2.1", "c000:201::", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct limits *limits = limits_new(1);
        ck_assert_int_eq(take(limits, cases[i].one, 1, NOW), 0);
        ck_assert_msg((take(limits, cases[i].two, 1, NOW) > 0) == cases[i].same, "%s, %s",
                      cases[i].one, cases[i].two);
        limits_free(limits);
    }
}
END_TEST

/* More addresses than the table holds: those seen last are still known, and all can answer. */
START_TEST(the_table_is_full)
{
    enum { ADDRESSES = 300000 };
    struct limits *limits = limits_new(1);
    char address[32];
    for (int i = 0; i < ADDRESSES; i++) {
        snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        ck_assert_int_eq(take(limits, address, 1, NOW + i), 0);
    }
    int known = 0;
    for (int i = ADDRESSES - 1000; i < ADDRESSES; i++) {
        snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        known += take(limits, address, 1, NOW + ADDRESSES) > 0;
    }
    ck_assert_int_eq(known, 1000);
    limits_free(limits);
}
END_TEST

START_TEST(no_limit)
{
    struct limits *limits = limits_new(0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(take(limits, "192.0.2.1", 1000, NOW), 0);
    limits_free(limits);
    limits_free(NULL);
}
END_TEST

/* What is no address shares one bucket: no way around. */
START_TEST(no_address)
{
    struct limits *limits = limits_new(1);
    ck_assert_int_eq(take(limits, "", 1, NOW), 0);
    ck_assert_int_gt(take(limits, "local", 1, NOW), 0);
    limits_free(limits);
}
END_TEST

/* A holder that is no address: a key, say. */
START_TEST(holders_by_number)
{
    struct limits *limits = limits_new(1);
    for (uint64_t key = 1; key <= 1000; key++)
        ck_assert_int_eq(limits_take_by(limits, key, 1, NOW), 0);
    for (uint64_t key = 1; key <= 1000; key++)
        ck_assert_int_eq(limits_take_by(limits, key, 1, NOW), 60);
    ck_assert_uint_eq(limits_address(limits, "2001:db8::1"), limits_address(limits, "2001:db8::2"));
    limits_free(limits);
}
END_TEST

/* --- what is told of a bucket --- */

static void expect_told(struct limits *limits, size_t n, int64_t now_us, struct limits_use expected)
{
    struct limits_use use = {.limits = limits, .holder = 1};
    bool fits = limits_take_all(&use, 1, n, now_us);
    ck_assert(fits == (expected.wait_s == 0));
    ck_assert_msg(use.wait_s == expected.wait_s && use.left == expected.left &&
                      use.more_s == expected.more_s,
                  "%zu after %lld us: wait %d, left %d, more in %d", n, (long long)(now_us - NOW),
                  use.wait_s, use.left, use.more_s);
}

START_TEST(what_is_left_and_when_there_is_more)
{
    struct limits *limits = limits_new(10); /* one in six seconds */
    expect_told(limits, 0, NOW, (struct limits_use){.left = 10});
    expect_told(limits, 4, NOW, (struct limits_use){.left = 6, .more_s = 6});
    expect_told(limits, 7, NOW, (struct limits_use){.wait_s = 6, .left = 6, .more_s = 6});
    expect_told(limits, 9, NOW, (struct limits_use){.wait_s = 18, .left = 6, .more_s = 6});
    expect_told(limits, 0, NOW + SECOND, (struct limits_use){.left = 6, .more_s = 5});
    expect_told(limits, 0, NOW + SECOND + 1, (struct limits_use){.left = 6, .more_s = 5});
    expect_told(limits, 0, NOW + 6 * SECOND - 1, (struct limits_use){.left = 6, .more_s = 1});
    expect_told(limits, 0, NOW + 6 * SECOND, (struct limits_use){.left = 7, .more_s = 6});
    expect_told(limits, 0, NOW + 24 * SECOND - 1, (struct limits_use){.left = 9, .more_s = 1});
    expect_told(limits, 0, NOW + 24 * SECOND, (struct limits_use){.left = 10});
    limits_free(limits);
}
END_TEST

START_TEST(what_is_owed)
{
    struct limits *limits = limits_new(10);
    expect_told(limits, 1000, NOW, (struct limits_use){.left = 0, .more_s = 991 * 6});
    expect_told(limits, 3, NOW,
                (struct limits_use){.wait_s = 993 * 6, .left = 0, .more_s = 991 * 6});
    expect_told(limits, 1000, NOW + 990 * 6 * SECOND,
                (struct limits_use){.wait_s = 60, .left = 0, .more_s = 6});
    expect_told(limits, 1, NOW + 991 * 6 * SECOND, (struct limits_use){.left = 0, .more_s = 6});
    limits_free(limits);
}
END_TEST

/* Exactly as long as it takes, whatever the rate: nothing is rounded on the way. */
START_TEST(no_moment_is_lost)
{
    static const int rates[] = {1, 7, 600, 999983, 1000000};
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        struct limits *limits = limits_new(rates[i]);
        int64_t now = NOW;
        ck_assert_int_eq(limits_take_by(limits, 1, (size_t)rates[i], now), 0);
        /* In the smallest steps, then in one. */
        int64_t one_us = (MINUTE + rates[i] - 1) / rates[i];
        for (int64_t us = 1; us < one_us; us += one_us < 1000 ? 1 : one_us / 1000)
            ck_assert_int_gt(limits_take_by(limits, 1, 1, now + us), 0);
        ck_assert_int_eq(limits_take_by(limits, 1, 1, now + one_us), 0);
        ck_assert_int_gt(limits_take_by(limits, 1, (size_t)rates[i], now + MINUTE), 0);
        ck_assert_int_eq(limits_take_by(limits, 1, (size_t)rates[i], now + MINUTE + one_us), 0);
        limits_free(limits);
    }
}
END_TEST

START_TEST(long_silence_does_not_overflow)
{
    struct limits *limits = limits_new(1000000);
    ck_assert_int_eq(limits_take_by(limits, 1, 1000000, 1), 0);
    expect_told(limits, 1, INT64_MAX / 2, (struct limits_use){.left = 999999, .more_s = 1});
    limits_free(limits);
}
END_TEST

/* --- two buckets --- */

START_TEST(both_or_none)
{
    struct limits *five = limits_new(5), *three = limits_new(3);
    struct limits_use uses[] = {{.limits = five, .holder = 1}, {.limits = three, .holder = 1}};
    ck_assert(limits_take_all(uses, 2, 2, NOW));
    ck_assert(uses[0].left == 3 && uses[1].left == 1);
    for (int i = 0; i < 10; i++) {
        ck_assert(!limits_take_all(uses, 2, 2, NOW));
        ck_assert(uses[0].wait_s == 0 && uses[0].left == 3);
        ck_assert(uses[1].wait_s == 20 && uses[1].left == 1);
    }
    ck_assert_int_eq(limits_take_by(five, 1, 3, NOW), 0);
    for (int i = 0; i < 10; i++) {
        ck_assert(!limits_take_all(uses, 2, 1, NOW));
        ck_assert(uses[0].wait_s == 12 && uses[1].wait_s == 0 && uses[1].left == 1);
    }
    ck_assert(!limits_take_all(uses, 2, 2, NOW));
    ck_assert(uses[0].wait_s == 24 && uses[1].wait_s == 20);
    ck_assert_int_eq(limits_take_by(three, 1, 1, NOW), 0);
    ck_assert(limits_take_all(uses, 0, 1, NOW));
    limits_free(five);
    limits_free(three);
}
END_TEST

/* --- threads --- */

enum { THREADS = 4, ROUNDS = 5000 };

struct contender {
    pthread_t thread;
    struct limits_use uses[2];
    size_t count;
    int taken;
};

static void *contend(void *argument)
{
    struct contender *contender = argument;
    for (int i = 0; i < ROUNDS; i++)
        contender->taken += limits_take_all(contender->uses, contender->count, 1, NOW);
    return NULL;
}

static int taken_by_threads(struct limits *one, struct limits *two)
{
    struct contender contenders[THREADS] = {0};
    int taken = 0;
    for (int i = 0; i < THREADS; i++) {
        struct contender *contender = &contenders[i];
        contender->uses[0] = (struct limits_use){.limits = one, .holder = 1};
        contender->uses[1] = (struct limits_use){.limits = two, .holder = 1};
        contender->count = two ? 2 : 1;
        ck_assert_int_eq(pthread_create(&contender->thread, NULL, contend, contender), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(contenders[i].thread, NULL);
        taken += contenders[i].taken;
    }
    return taken;
}

START_TEST(threads_share_a_bucket)
{
    struct limits *limits = limits_new(1000);
    ck_assert_int_eq(taken_by_threads(limits, NULL), 1000);
    limits_free(limits);
}
END_TEST

START_TEST(threads_share_two_buckets)
{
    struct limits *one = limits_new(1000), *two = limits_new(700);
    ck_assert_int_eq(taken_by_threads(one, two), 700);
    ck_assert_int_eq(limits_take_by(one, 1, 300, NOW), 0);
    ck_assert_int_gt(limits_take_by(one, 1, 1, NOW), 0);
    limits_free(one);
    limits_free(two);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_minute_at_once_then_no_more,
        refill,
        the_wait_is_long_enough,
        large_batches,
        all_or_nothing,
        asking_takes_nothing,
        the_clock_stands_or_steps_back,
        networks,
        the_table_is_full,
        no_limit,
        no_address,
        holders_by_number,
        what_is_left_and_when_there_is_more,
        what_is_owed,
        no_moment_is_lost,
        long_silence_does_not_overflow,
        both_or_none,
        threads_share_a_bucket,
        threads_share_two_buckets,
    };
    return crypto_init() ? suite_run("limits", tests, COUNT_OF(tests)) : EXIT_FAILURE;
}
