#include "npsd/base/crypto.h"
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(((struct crypto_sha256_state *)0)->opaque) >=
                   sizeof(crypto_hash_sha256_state),
               "struct crypto_sha256_state holds libsodium's state");
_Static_assert(CRYPTO_HASH_SIZE == crypto_hash_sha256_BYTES, "SHA-256 has 32 bytes");

bool crypto_init(void)
{
    return sodium_init() >= 0;
}

struct crypto_hash crypto_sha256(const void *bytes, size_t len)
{
    struct crypto_hash hash;
    crypto_hash_sha256(hash.bytes, bytes, len);
    return hash;
}

static crypto_hash_sha256_state *sodium_state(struct crypto_sha256_state *state)
{
    return (void *)state;
}

void crypto_sha256_begin(struct crypto_sha256_state *state)
{
    crypto_hash_sha256_init(sodium_state(state));
}

void crypto_sha256_add(struct crypto_sha256_state *state, const void *bytes, size_t len)
{
    crypto_hash_sha256_update(sodium_state(state), bytes, len);
}

struct crypto_hash crypto_sha256_end(struct crypto_sha256_state *state)
{
    struct crypto_hash hash;
    crypto_hash_sha256_final(sodium_state(state), hash.bytes);
    return hash;
}

_Static_assert(sizeof(((struct crypto_digest_state *)0)->opaque) >=
                   sizeof(crypto_generichash_state),
               "struct crypto_digest_state holds libsodium's state");

void crypto_digest_begin(struct crypto_digest_state *state)
{
    crypto_generichash_init((void *)state, NULL, 0, CRYPTO_DIGEST_SIZE);
}

void crypto_digest_add(struct crypto_digest_state *state, const void *bytes, size_t len)
{
    crypto_generichash_update((void *)state, bytes, len);
}

void crypto_digest_end(struct crypto_digest_state *state, uint8_t digest[static CRYPTO_DIGEST_SIZE])
{
    crypto_generichash_final((void *)state, digest, CRYPTO_DIGEST_SIZE);
}

_Static_assert(sizeof(((struct crypto_mac_key *)0)->opaque) == sizeof(crypto_generichash_state),
               "struct crypto_mac_key holds libsodium's state");

struct crypto_mac_key crypto_mac_key(const void *bytes, size_t len)
{
    crypto_generichash_state state;
    struct crypto_mac_key key;
    if (len > crypto_generichash_KEYBYTES_MAX) {
        struct crypto_hash hash = crypto_sha256(bytes, len);
        return crypto_mac_key(hash.bytes, sizeof hash.bytes);
    }
    crypto_generichash_init(&state, bytes, len, CRYPTO_HASH_SIZE);
    memcpy(key.opaque, &state, sizeof state);
    return key;
}

struct crypto_hash crypto_mac(const struct crypto_mac_key *key, const void *bytes, size_t len)
{
    crypto_generichash_state state;
    struct crypto_hash hash;
    memcpy(&state, key->opaque, sizeof state);
    crypto_generichash_update(&state, bytes, len);
    crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes);
    return hash;
}

_Static_assert(CRYPTO_HASH_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256 has 32 bytes");

struct crypto_hash crypto_hmac(const void *key, size_t key_len, const void *bytes, size_t len)
{
    crypto_auth_hmacsha256_state state;
    struct crypto_hash tag;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, tag.bytes);
    return tag;
}

_Static_assert(crypto_shorthash_KEYBYTES == CRYPTO_SHORT_KEY_SIZE &&
                   crypto_shorthash_BYTES == sizeof(uint64_t),
               "SipHash of 8 bytes");

uint64_t crypto_short_hash(const uint8_t key[static CRYPTO_SHORT_KEY_SIZE], const void *bytes,
                           size_t len)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, bytes, len, key);
    return hash;
}

void crypto_random(void *bytes, size_t len)
{
    randombytes_buf(bytes, len);
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

/* libsodium's takes no table, so that no cache tells what it encodes, and ten times as long: this
 * table is one line of a cache. */
char *crypto_base64url(const void *bytes, size_t len, char *text)
{
    static const _Alignas(64) char letters[64] __attribute__((nonstring)) =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *at = bytes;
    char *out = text;
    uint32_t left = 0;
    int bits = 0;
    for (size_t i = 0; i < len; i++) {
        left = left << 8 | at[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *out++ = letters[left >> (bits - 6) & 63];
    }
    if (bits > 0)
        *out++ = letters[left << (6 - bits) & 63];
    *out = '\0';
    return text;
}

/* libsodium takes some bytes outside of ASCII for letters. */
static bool is_ascii(const char *text, size_t len)
{
    unsigned char all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

bool crypto_base64url_decode(const char *text, size_t len, void *bytes, size_t size)
{
    size_t got;
    return is_ascii(text, len) &&
           sodium_base642bin(bytes, size, text, len, NULL, &got, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           got == size;
}

bool crypto_base64_decode(const char *text, size_t len, void *bytes, size_t size, size_t *ret_len)
{
    size_t got;
    if (!is_ascii(text, len) || sodium_base642bin(bytes, size, text, len, NULL, &got, NULL,
                                                  sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    *ret_len = got;
    return true;
}

char *crypto_hex(const void *bytes, size_t len, char *text)
{
    return sodium_bin2hex(text, 2 * len + 1, bytes, len);
}
