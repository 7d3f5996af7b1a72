#include "npsd/base/crypto.h"
#include "suite.h"
#include <stdbool.h>
#include <string.h>

static const char *hex_of(const struct crypto_hash *hash)
{
    static char text[2 * CRYPTO_HASH_SIZE + 1];
    return crypto_hex(hash->bytes, sizeof hash->bytes, text);
}

/* FIPS 180-4, examples. */
START_TEST(sha256_of_known_texts)
{
    struct crypto_hash hash = crypto_sha256("", 0);
    ck_assert_str_eq(hex_of(&hash),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash = crypto_sha256("abc", 3);
    ck_assert_str_eq(hex_of(&hash),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(sha256_in_pieces)
{
    uint64_t seed = 3;
    char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)suite_random(&seed);
    struct crypto_hash whole = crypto_sha256(bytes, sizeof bytes);
    for (int round = 0; round < 100; round++) {
        struct crypto_sha256_state state;
        crypto_sha256_begin(&state);
        for (size_t at = 0, take; at < sizeof bytes; at += take) {
            take = suite_random(&seed) % 200;
            if (take > sizeof bytes - at)
                take = sizeof bytes - at;
            crypto_sha256_add(&state, bytes + at, take);
        }
        struct crypto_hash pieces = crypto_sha256_end(&state);
        ck_assert_mem_eq(&pieces, &whole, sizeof whole);
    }
}
END_TEST

/* RFC 4231, cases 1, 2 and 6. */
START_TEST(hmac_of_known_texts)
{
    char key[131];
    memset(key, 0x0b, 20);
    struct crypto_hash tag = crypto_hmac(key, 20, "Hi There", 8);
    ck_assert_str_eq(hex_of(&tag),
                     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    tag = crypto_hmac("Jefe", 4, "what do ya want for nothing?", 28);
    ck_assert_str_eq(hex_of(&tag),
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    tag =
        crypto_hmac(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54);
    ck_assert_str_eq(hex_of(&tag),
                     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

/* The values are of Python's hashlib.blake2b(..., digest_size=16). */
START_TEST(digest_of_known_texts)
{
    uint8_t digest[CRYPTO_DIGEST_SIZE];
    char text[2 * CRYPTO_DIGEST_SIZE + 1];
    struct crypto_digest_state state;
    crypto_digest_begin(&state);
    crypto_digest_end(&state, digest);
    ck_assert_str_eq(crypto_hex(digest, sizeof digest, text), "cae66941d9efbd404e4d88758ea67670");
    crypto_digest_begin(&state);
    crypto_digest_add(&state, "a", 1);
    crypto_digest_add(&state, "bc", 2);
    crypto_digest_end(&state, digest);
    ck_assert_str_eq(crypto_hex(digest, sizeof digest, text), "cf4ab791c62b8d2b2109c90275287816");
}
END_TEST

/* The values are of Python's hashlib.blake2b(..., key=..., digest_size=32). */
START_TEST(mac_of_known_texts)
{
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    struct crypto_mac_key key = crypto_mac_key(bytes, 32);
    struct crypto_hash mac = crypto_mac(&key, "", 0);
    ck_assert_str_eq(hex_of(&mac),
                     "4e51e7a913fc80137da52880fecca175bf81e117d5c68126dc2774033517ea0d");
    mac = crypto_mac(&key, "abc", 3);
    ck_assert_str_eq(hex_of(&mac),
                     "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    mac = crypto_mac(&key, bytes, sizeof bytes);
    ck_assert_str_eq(hex_of(&mac),
                     "a39ff6e7e838226fd50e24a55375ff3a39419fd93e32cc463f3f74323291c425");
}
END_TEST

START_TEST(mac_keys)
{
    uint8_t bytes[200] = {1};
    struct crypto_hash hash = crypto_sha256(bytes, 65);
    struct crypto_mac_key longest = crypto_mac_key(bytes, 64), longer = crypto_mac_key(bytes, 65),
                          hashed = crypto_mac_key(hash.bytes, sizeof hash.bytes);
    struct crypto_hash of_longest = crypto_mac(&longest, "a", 1),
                       of_longer = crypto_mac(&longer, "a", 1),
                       of_hashed = crypto_mac(&hashed, "a", 1);
    ck_assert_mem_ne(&of_longest, &of_longer, sizeof of_longer);
    ck_assert_mem_eq(&of_longer, &of_hashed, sizeof of_longer);
    bytes[63] = 1;
    longest = crypto_mac_key(bytes, 64);
    of_hashed = crypto_mac(&longest, "a", 1);
    ck_assert_mem_ne(&of_longest, &of_hashed, sizeof of_longest);
}
END_TEST

START_TEST(random_bytes_differ)
{
    uint8_t a[32] = {0}, b[32] = {0};
    crypto_random(a, sizeof a);
    crypto_random(b, sizeof b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(equality)
{
    ck_assert(crypto_equal("abc", "abc", 3));
    ck_assert(!crypto_equal("abc", "abd", 3));
    ck_assert(!crypto_equal("bbc", "abc", 3));
    ck_assert(crypto_equal("abc", "abd", 2));
    ck_assert(crypto_equal("a", "b", 0));
}
END_TEST

/* RFC 4648, section 10, without the padding; and the two letters that differ from base64. */
START_TEST(base64url_of_known_texts)
{
    char text[16];
    ck_assert_str_eq(crypto_base64url("", 0, text), "");
    ck_assert_str_eq(crypto_base64url("f", 1, text), "Zg");
    ck_assert_str_eq(crypto_base64url("fo", 2, text), "Zm8");
    ck_assert_str_eq(crypto_base64url("foo", 3, text), "Zm9v");
    ck_assert_str_eq(crypto_base64url("foobar", 6, text), "Zm9vYmFy");
    ck_assert_str_eq(crypto_base64url("\xFB\xFF", 2, text), "-_8");
}
END_TEST

START_TEST(base64url_round_trip)
{
    uint64_t seed = 4;
    for (size_t len = 0; len < 100; len++) {
        uint8_t bytes[100] = {0}, back[100];
        char text[4 * ((100 + 2) / 3) + 1];
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)suite_random(&seed);
        crypto_base64url(bytes, len, text);
        ck_assert(crypto_base64url_decode(text, strlen(text), back, len));
        ck_assert_mem_eq(bytes, back, len);
        ck_assert(!crypto_base64url_decode(text, strlen(text), back, len + 1));
        ck_assert(len == 0 || !crypto_base64url_decode(text, strlen(text), back, len - 1));
    }
}
END_TEST

START_TEST(wrong_base64url)
{
    static const char *const wrong[] = {"Zg==", "Zg=", "Z",  "Zh",  "Z g", " Zg",
                                        "Zg\n", "Z+",  "Z/", "Z.g", "Zé",  ""};
    uint8_t byte;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!crypto_base64url_decode(wrong[i], strlen(wrong[i]), &byte, 1), "%s",
                      wrong[i]);
    for (int odd = 0x80; odd < 0x100; odd++) {
        const char text[] = {(char)odd, 'g'}, padded[] = {(char)odd, 'g', '=', '='};
        size_t len;
        ck_assert(!crypto_base64url_decode(text, sizeof text, &byte, 1));
        ck_assert(!crypto_base64_decode(padded, sizeof padded, &byte, 1, &len));
    }
    ck_assert(!crypto_base64url_decode("Zg\0", 3, &byte, 1));
    ck_assert(crypto_base64url_decode("Zg", 2, &byte, 1));
    ck_assert_int_eq(byte, 'f');
}
END_TEST

START_TEST(base64)
{
    char bytes[8];
    size_t len = 77;
    ck_assert(crypto_base64_decode("YWxhZGRpbg==", 12, bytes, sizeof bytes, &len));
    ck_assert_uint_eq(len, 7);
    ck_assert_mem_eq(bytes, "aladdin", 7);
    ck_assert(crypto_base64_decode("+/8=", 4, bytes, sizeof bytes, &len));
    ck_assert_uint_eq(len, 2);
    ck_assert(crypto_base64_decode("", 0, bytes, sizeof bytes, &len));
    ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(wrong_base64)
{
    static const char *const wrong[] = {"YWxhZGRpbg",      "YWxhZGRpbg=", "YWxhZGRpbg===",
                                        "YWxhZGRpbh==",    "-_8=",        "YWxh ZGRp",
                                        "YWxhZGRpbmE=\n",  "=",           "YQ==YQ==",
                                        "YWxhZGRpbjEyMw==" /* more than 8 bytes */};
    char bytes[8];
    size_t len = 77;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!crypto_base64_decode(wrong[i], strlen(wrong[i]), bytes, sizeof bytes, &len),
                      "%s", wrong[i]);
    ck_assert_uint_eq(len, 77);
}
END_TEST

START_TEST(hex)
{
    char text[9];
    ck_assert_str_eq(crypto_hex("\x00\x7F\xA0\xFF", 4, text), "007fa0ff");
    ck_assert_str_eq(crypto_hex("", 0, text), "");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {sha256_of_known_texts,
                            sha256_in_pieces,
                            hmac_of_known_texts,
                            mac_of_known_texts,
                            mac_keys,
                            digest_of_known_texts,
                            random_bytes_differ,
                            equality,
                            base64url_of_known_texts,
                            base64url_round_trip,
                            wrong_base64url,
                            base64,
                            wrong_base64,
                            hex};
    return crypto_init() ? suite_run("crypto", tests, COUNT_OF(tests)) : EXIT_FAILURE;
}
