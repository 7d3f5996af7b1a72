#include "npsd/base/crypto.h"
#include "npsd/state/keytext.h"
#include "suite.h"
#include <string.h>

/* Made with another program's CRC-32. */
static const char *const known[] = {
    "npsd_admin_0000000000000000000000000000000rlpcq",
    "npsd_submit_abcdefghijklmnopqrstuvwxyzABCD0igKdf",
};

START_TEST(test_known)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        ck_assert_msg(keytext_is_valid(known[i], strlen(known[i])), "%s", known[i]);
}
END_TEST

START_TEST(test_made)
{
    for (enum role role = ROLE_SUBMIT; role < ROLE_COUNT; role++) {
        char text[KEYTEXT_SIZE], prefix[KEYTEXT_SIZE];
        size_t len = (size_t)snprintf(prefix, sizeof(prefix), "npsd_%s_", role_name(role));

        ck_assert_ptr_eq(keytext_make(role, text), text);
        ck_assert_msg(strncmp(text, prefix, len) == 0, "%s", text);
        ck_assert_uint_eq(strlen(text), len + 36);
        ck_assert_uint_eq(strspn(text + len, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "abcdefghijklmnopqrstuvwxyz"),
                          36);
        ck_assert(keytext_is_valid(text, strlen(text)));
    }
}
END_TEST

/* Every character of the alphabet comes up as often as another, but for chance (one in 10^10). */
START_TEST(test_random)
{
    enum { KEYS = 10000, PREFIX = 11, RANDOM = 30 };
    int counts[256] = {0}, seen = 0;
    char text[KEYTEXT_SIZE];

    for (int i = 0; i < KEYS; i++) {
        keytext_make(ROLE_ADMIN, text);
        for (int j = 0; j < RANDOM; j++)
            counts[(unsigned char)text[PREFIX + j]]++;
    }
    for (int c = 0; c < 256; c++) {
        seen += counts[c] > 0;
        ck_assert_int_lt(counts[c], KEYS * RANDOM / 62 * 11 / 10);
    }
    ck_assert_int_eq(seen, 62);
}
END_TEST

/* One character changed, whichever and however. */
START_TEST(test_typo)
{
    for (size_t k = 0; k < COUNT_OF(known); k++) {
        size_t len = strlen(known[k]);
        for (size_t i = 0; i < len; i++) {
            char text[KEYTEXT_SIZE];
            memcpy(text, known[k], len + 1);
            for (int c = 0; c < 256; c++) {
                text[i] = (char)c;
                ck_assert_int_eq(keytext_is_valid(text, len), text[i] == known[k][i]);
            }
        }
    }
}
END_TEST

START_TEST(test_length)
{
    char text[2 * KEYTEXT_SIZE];
    size_t len = strlen(known[0]);

    memset(text, '0', sizeof(text));
    memcpy(text, known[0], len);
    for (size_t i = 0; i <= sizeof(text); i++)
        ck_assert_int_eq(keytext_is_valid(text, i), i == len);
    for (size_t skip = 1; skip <= len; skip++)
        ck_assert(!keytext_is_valid(known[0] + skip, len - skip));
}
END_TEST

/* The checksum covers the role: a key cannot be passed off as another role's. */
START_TEST(test_role)
{
    char text[KEYTEXT_SIZE];
    snprintf(text, sizeof(text), "npsd_agent_%s", known[0] + strlen("npsd_admin_"));
    ck_assert(!keytext_is_valid(text, strlen(text)));
    snprintf(text, sizeof(text), "npsd_none_%s", known[0] + strlen("npsd_admin_"));
    ck_assert(!keytext_is_valid(text, strlen(text)));
}
END_TEST

START_TEST(test_hint)
{
    char hint[KEYTEXT_HINT_SIZE];
    ck_assert_str_eq(keytext_hint(known[1], hint), "npsd_submit_abcd...gKdf");
    for (enum role role = ROLE_SUBMIT; role < ROLE_COUNT; role++) {
        char text[KEYTEXT_SIZE];
        size_t prefix = strlen(role_name(role)) + 6;
        keytext_hint(keytext_make(role, text), hint);
        ck_assert_uint_eq(strlen(hint), prefix + 4 + 3 + 4);
        ck_assert_str_eq(hint + prefix + 7, text + prefix + 32);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {test_known,  test_made, test_random, test_typo,
                                  test_length, test_role, test_hint};
    return crypto_init() ? suite_run("keytext", tests, COUNT_OF(tests)) : EXIT_FAILURE;
}
