#include "npsd/api/limits.h"

#include "npsd/base/crypto.h"
#include "npsd/http/client_address.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 8192, WAYS = 8, LOCKS = 64 };

#define SECOND_US INT64_C(1000000)
/* A token in parts, of which per_minute come each microsecond. */
#define TOKEN (60 * SECOND_US)

struct bucket {
    uint64_t holder; /* 0: free */
    int64_t seen_us;
    int64_t parts; /* below 0: owed */
};

struct limits {
    int per_minute;
    struct crypto_mac_key secret;
    pthread_mutex_t locks[LOCKS];
    struct bucket sets[SETS][WAYS];
};

struct limits *limits_new(int per_minute)
{
    struct limits *limits = calloc(1, sizeof *limits);
    if (!limits)
        return NULL;
    uint8_t secret[32];
    limits->per_minute = per_minute;
    crypto_random(secret, sizeof secret);
    limits->secret = crypto_mac_key(secret, sizeof secret);
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&limits->locks[i], NULL);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&limits->locks[i]);
    free(limits);
}

int limits_per_minute(const struct limits *limits)
{
    return limits ? limits->per_minute : 0;
}

uint64_t limits_address(const struct limits *limits, const char *address)
{
    struct address subscriber = {0};
    uint64_t hash;
    if (address_parse(address, strlen(address), &subscriber))
        subscriber = address_subscriber(&subscriber);
    struct crypto_hash mac = crypto_mac(&limits->secret, subscriber.bytes, sizeof subscriber.bytes);
    memcpy(&hash, mac.bytes, sizeof hash);
    return hash ? hash : 1;
}

static pthread_mutex_t *lock_of(const struct limits_use *use)
{
    return &use->limits->locks[use->holder % SETS % LOCKS];
}

static int64_t full_parts(const struct limits *limits)
{
    return limits->per_minute * TOKEN;
}

/* The holder's bucket, or the least recently seen one of its set made over to it, full. */
static struct bucket *find_bucket(struct limits *limits, uint64_t holder, int64_t now_us)
{
    struct bucket *set = limits->sets[holder % SETS], *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].holder == holder)
            return &set[i];
        if (set[i].seen_us < oldest->seen_us)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.holder = holder, .seen_us = now_us, .parts = full_parts(limits)};
    return oldest;
}

/* Threads come with their times in any order; each moment counts once. */
static void refill(const struct limits *limits, struct bucket *bucket, int64_t now_us)
{
    if (now_us <= bucket->seen_us)
        return;
    int64_t elapsed_us = now_us - bucket->seen_us;
    int64_t missing = full_parts(limits) - bucket->parts;
    bool full = elapsed_us > missing / limits->per_minute;
    bucket->parts = full ? full_parts(limits) : bucket->parts + elapsed_us * limits->per_minute;
    bucket->seen_us = now_us;
}

static int seconds_until(const struct limits *limits, const struct bucket *bucket, int64_t parts)
{
    int64_t a_second = limits->per_minute * SECOND_US;
    int64_t missing = parts - bucket->parts;
    return missing <= 0 ? 0 : (int)((missing + a_second - 1) / a_second);
}

static int64_t wanted_parts(const struct limits *limits, size_t n)
{
    size_t burst = (size_t)limits->per_minute;
    return (int64_t)(n == 0 ? 1 : n < burst ? n : burst) * TOKEN;
}

static void describe(const struct bucket *bucket, struct limits_use *use)
{
    use->left = bucket->parts > 0 ? (int)(bucket->parts / TOKEN) : 0;
    use->more_s = bucket->parts == full_parts(use->limits)
                      ? 0
                      : seconds_until(use->limits, bucket, (use->left + 1) * TOKEN);
}

/* Needs the lock. */
static bool look(struct limits_use *use, size_t n, int64_t now_us)
{
    struct bucket *bucket = find_bucket(use->limits, use->holder, now_us);
    refill(use->limits, bucket, now_us);
    use->wait_s = seconds_until(use->limits, bucket, wanted_parts(use->limits, n));
    return use->wait_s == 0;
}

/* Needs the lock, and to have looked. */
static void take(struct limits_use *use, size_t n, int64_t now_us)
{
    struct bucket *bucket = find_bucket(use->limits, use->holder, now_us);
    bucket->parts -= (int64_t)n * TOKEN;
    describe(bucket, use);
}

bool limits_take_all(struct limits_use *uses, size_t count, size_t n, int64_t now_us)
{
    bool fits = true;
    for (size_t i = 0; i < count; i++)
        pthread_mutex_lock(lock_of(&uses[i]));
    for (size_t i = 0; i < count; i++)
        fits &= look(&uses[i], n, now_us);
    for (size_t i = 0; i < count; i++)
        take(&uses[i], fits ? n : 0, now_us);
    for (size_t i = 0; i < count; i++)
        pthread_mutex_unlock(lock_of(&uses[i]));
    return fits;
}

int limits_take_by(struct limits *limits, uint64_t holder, size_t n, int64_t now_us)
{
    struct limits_use use = {.limits = limits, .holder = holder};
    if (limits->per_minute > 0)
        limits_take_all(&use, 1, n, now_us);
    return use.wait_s;
}

int limits_take(struct limits *limits, const char *address, size_t n, int64_t now_us)
{
    if (limits->per_minute == 0)
        return 0;
    return limits_take_by(limits, limits_address(limits, address), n, now_us);
}
