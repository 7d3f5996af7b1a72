#include "npsd/api/limits.h"

#include "npsd/base/crypto.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 8192, WAYS = 8, LOCKS = 64 };

struct bucket {
    uint64_t address; /* 0: free */
    int64_t seen_us;
    double tokens;
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

static uint64_t hash_address(const struct limits *limits, const char *address)
{
    struct {
        uint8_t family;
        uint8_t bytes[16];
    } key = {0};
    uint64_t hash;
    if (inet_pton(AF_INET, address, key.bytes) == 1) {
        key.family = 4;
    } else if (inet_pton(AF_INET6, address, key.bytes) == 1) {
        key.family = 6;
        memset(key.bytes + 8, 0, 8); /* a subscriber has at least a /64 */
    }
    struct crypto_hash mac = crypto_mac(&limits->secret, &key, sizeof key);
    memcpy(&hash, mac.bytes, sizeof hash);
    return hash ? hash : 1;
}

/* The address's bucket, or the least recently seen one of its set made over to it, full. */
static struct bucket *find_bucket(struct limits *limits, uint64_t address, int64_t now_us)
{
    struct bucket *set = limits->sets[address % SETS], *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].address == address)
            return &set[i];
        if (set[i].seen_us < oldest->seen_us)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.address = address, .seen_us = now_us, .tokens = limits->per_minute};
    return oldest;
}

static int take(struct limits *limits, struct bucket *bucket, size_t n, int64_t now_us)
{
    double rate = limits->per_minute / 60e6; /* tokens a microsecond */
    bucket->tokens += rate * (double)(now_us - bucket->seen_us);
    if (bucket->tokens > limits->per_minute)
        bucket->tokens = limits->per_minute;
    bucket->seen_us = now_us;
    size_t burst = (size_t)limits->per_minute;
    double wanted = (double)(n == 0 ? 1 : n < burst ? n : burst);
    if (bucket->tokens >= wanted) {
        bucket->tokens -= (double)n;
        return 0;
    }
    return 1 + (int)((wanted - bucket->tokens) / rate / 1e6);
}

int limits_take(struct limits *limits, const char *address, size_t n, int64_t now_us)
{
    if (limits->per_minute == 0)
        return 0;
    uint64_t hash = hash_address(limits, address);
    pthread_mutex_t *lock = &limits->locks[hash % SETS % LOCKS];
    pthread_mutex_lock(lock);
    int wait = take(limits, find_bucket(limits, hash, now_us), n, now_us);
    pthread_mutex_unlock(lock);
    return wait;
}
