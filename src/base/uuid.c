#include "npsd/base/uuid.h"
#include "npsd/base/crypto.h"
#include <string.h>

enum { UUID_TIME_SIZE = 6, UUID_TEXT_LEN = UUID_TEXT_SIZE - 1, UUID_POOL_SIZE = 4096 };

static void uuid_mark(struct uuid *id, int version)
{
    id->bytes[6] = (uint8_t)((id->bytes[6] & 0x0F) | version << 4);
    id->bytes[8] = (uint8_t)((id->bytes[8] & 0x3F) | 0x80);
}

static bool uuid_is_v7(const struct uuid *id)
{
    return id->bytes[6] >> 4 == 7 && id->bytes[8] >> 6 == 2;
}

/* One system call for some four hundred ids. */
static void draw_random(uint8_t *bytes, size_t len)
{
    static _Thread_local struct {
        uint8_t bytes[UUID_POOL_SIZE];
        size_t left;
    } pool;
    if (pool.left < len) {
        crypto_random(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    pool.left -= len;
    memcpy(bytes, pool.bytes + pool.left, len);
}

struct uuid uuid_v7(int64_t now_us)
{
    struct uuid id;
    uint64_t ms = now_us > 0 ? (uint64_t)now_us / 1000 : 0;
    for (int i = UUID_TIME_SIZE - 1; i >= 0; i--, ms >>= 8)
        id.bytes[i] = (uint8_t)ms;
    draw_random(id.bytes + UUID_TIME_SIZE, UUID_SIZE - UUID_TIME_SIZE);
    uuid_mark(&id, 7);
    return id;
}

struct uuid uuid_derive(const char *survey, const char *key)
{
    struct crypto_sha256_state state;
    size_t key_len = strlen(key);
    crypto_sha256_begin(&state);
    crypto_sha256_add(&state, "k:", 2);
    crypto_sha256_add(&state, survey, strlen(survey));
    crypto_sha256_add(&state, ":", 1);
    crypto_sha256_add(&state, key, key_len);
    struct crypto_hash hash = crypto_sha256_end(&state);
    struct uuid id, own;
    memcpy(id.bytes, hash.bytes, UUID_SIZE);
    if (uuid_parse(key, key_len, &own) && uuid_is_v7(&own))
        memcpy(id.bytes, own.bytes, UUID_TIME_SIZE);
    uuid_mark(&id, 8);
    return id;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(const char *text, size_t len, struct uuid *ret_id)
{
    struct uuid id = {0};
    size_t nibbles = 0;
    if (len != UUID_TEXT_LEN)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (is_dash(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        int value = hex_value(text[i]);
        if (value < 0)
            return false;
        id.bytes[nibbles / 2] = (uint8_t)(id.bytes[nibbles / 2] << 4 | value);
        nibbles++;
    }
    *ret_id = id;
    return true;
}

char *uuid_format(const struct uuid *id, char text[static UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    static const uint8_t places[UUID_SIZE] = {0,  2,  4,  6,  9,  11, 14, 16,
                                              19, 21, 24, 26, 28, 30, 32, 34};
    for (size_t i = 0; i < UUID_SIZE; i++) {
        text[places[i]] = digits[id->bytes[i] >> 4];
        text[places[i] + 1] = digits[id->bytes[i] & 15];
    }
    text[8] = text[13] = text[18] = text[23] = '-';
    text[UUID_TEXT_LEN] = '\0';
    return text;
}
