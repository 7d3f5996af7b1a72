/*
 * crypto: what npsd needs of libsodium, and nothing else: SHA-256 and HMAC of it, BLAKE2b with and
 * without a key, random bytes, constant-time comparison, base64url without padding and hex. The
 * only module that includes sodium.h.
 */
#ifndef NPSD_BASE_CRYPTO_H
#define NPSD_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CRYPTO_HASH_SIZE = 32 };

/* Once, before threads; false if the system gives no random numbers. */
bool crypto_init(void);

struct crypto_hash {
    uint8_t bytes[CRYPTO_HASH_SIZE];
};

struct crypto_hash crypto_sha256(const void *bytes, size_t len);

/* SHA-256 over pieces: begin, add any number of times, end. The state is plain memory: no cleanup
 * needed. */
struct crypto_sha256_state {
    _Alignas(8) unsigned char opaque[128];
};
void crypto_sha256_begin(struct crypto_sha256_state *state);
void crypto_sha256_add(struct crypto_sha256_state *state, const void *bytes, size_t len);
struct crypto_hash crypto_sha256_end(struct crypto_sha256_state *state);

/*
 * BLAKE2b of 16 bytes over pieces, likewise. For fingerprints that nobody else has to make (our own
 * tables, entity tags); several times as fast as SHA-256.
 */
enum { CRYPTO_DIGEST_SIZE = 16 };
struct crypto_digest_state {
    _Alignas(64) unsigned char opaque[384];
};
void crypto_digest_begin(struct crypto_digest_state *state);
void crypto_digest_add(struct crypto_digest_state *state, const void *bytes, size_t len);
void crypto_digest_end(struct crypto_digest_state *state,
                       uint8_t digest[static CRYPTO_DIGEST_SIZE]);

/*
 * Message authentication: BLAKE2b of 32 bytes with a key (RFC 7693, 2.9), a fifth of the work of
 * HMAC-SHA-256. The key is made ready once for many messages; it has at least one byte, and of one
 * of more than 64 its SHA-256 is taken. Plain memory: no cleanup needed, may be used by several
 * threads at once.
 */
struct crypto_mac_key {
    unsigned char opaque[384];
};
struct crypto_mac_key crypto_mac_key(const void *bytes, size_t len);
struct crypto_hash crypto_mac(const struct crypto_mac_key *key, const void *bytes, size_t len);

/* HMAC-SHA-256 (RFC 2104, RFC 4231): for what leaves the house for months, such as signed links. */
struct crypto_hash crypto_hmac(const void *key, size_t key_len, const void *bytes, size_t len);

/* SipHash: for hash tables over what strangers choose. */
enum { CRYPTO_SHORT_KEY_SIZE = 16 };
uint64_t crypto_short_hash(const uint8_t key[static CRYPTO_SHORT_KEY_SIZE], const void *bytes,
                           size_t len);

void crypto_random(void *bytes, size_t len);
/* Takes as long for equal as for different bytes. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Writes the NUL too; text has room for 4 * ((len + 2) / 3) + 1 bytes. Returns text. */
char *crypto_base64url(const void *bytes, size_t len, char *text);
/* Exactly size bytes must come out, else false. */
bool crypto_base64url_decode(const char *text, size_t len, void *bytes, size_t size);
/* Standard base64 with padding, as HTTP Basic uses it; false if malformed or more than size bytes.
 */
bool crypto_base64_decode(const char *text, size_t len, void *bytes, size_t size, size_t *ret_len);
/* text has room for 2 * len + 1 bytes. Returns text. */
char *crypto_hex(const void *bytes, size_t len, char *text);

#endif
