#include "npsd/base/crypto.h"
#include "npsd/base/uuid.h"
#include "suite.h"
#include <pthread.h>
#include <string.h>

enum { MANY = 2000 };

#define CANONICAL "0193a1b2-c3d4-7e5f-8a6b-0123456789ab"

static int version(const struct uuid *id)
{
    return id->bytes[6] >> 4;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

static void check_distinct(struct uuid *ids, size_t count)
{
    qsort(ids, count, sizeof ids[0], compare);
    for (size_t i = 1; i < count; i++)
        if (compare(&ids[i - 1], &ids[i]) == 0)
            ck_abort_msg("one id twice");
}

static void *make_many(void *ids)
{
    for (size_t i = 0; i < MANY; i++)
        ((struct uuid *)ids)[i] = uuid_v7(1000);
    return NULL;
}

START_TEST(v7_has_time_version_and_variant)
{
    struct uuid id = uuid_v7(INT64_C(0x0193A1B2C3D4) * 1000 + 999);
    ck_assert_mem_eq(id.bytes, "\x01\x93\xA1\xB2\xC3\xD4", 6);
    ck_assert_int_eq(version(&id), 7);
    ck_assert_int_eq(id.bytes[8] >> 6, 2);
    id = uuid_v7(-5);
    ck_assert_mem_eq(id.bytes, "\0\0\0\0\0\0", 6);
}
END_TEST

START_TEST(v7_never_repeats)
{
    static struct uuid ids[2 * MANY];
    make_many(ids);
    make_many(ids + MANY);
    check_distinct(ids, COUNT_OF(ids));
}
END_TEST

START_TEST(v7_never_repeats_across_threads)
{
    static struct uuid ids[4 * MANY];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, make_many, ids + i * MANY), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    check_distinct(ids, COUNT_OF(ids));
}
END_TEST

/* All 74 random bits move. */
START_TEST(v7_is_random)
{
    uint8_t ones[UUID_SIZE] = {0}, zeros[UUID_SIZE] = {0};
    for (int i = 0; i < 200; i++) {
        struct uuid id = uuid_v7(0);
        for (int at = 6; at < UUID_SIZE; at++) {
            ones[at] |= id.bytes[at];
            zeros[at] |= (uint8_t)~id.bytes[at];
        }
    }
    ck_assert_mem_eq(ones + 6, "\x7F\xFF\xBF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10);
    ck_assert_mem_eq(zeros + 6, "\x8F\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10);
}
END_TEST

START_TEST(derived_is_sha256_as_v8)
{
    char text[UUID_TEXT_SIZE];
    struct uuid id = uuid_derive("checkout", "order-1");
    struct crypto_hash hash = crypto_sha256("k:checkout:order-1", 18);
    ck_assert_int_eq(version(&id), 8);
    ck_assert_int_eq(id.bytes[8], (hash.bytes[8] & 0x3F) | 0x80);
    ck_assert_int_eq(id.bytes[6], (hash.bytes[6] & 0x0F) | 0x80);
    ck_assert_mem_eq(id.bytes, hash.bytes, 6);
    ck_assert_mem_eq(id.bytes + 9, hash.bytes + 9, 7);
    /* Stored rows rely on it: it never changes. */
    ck_assert_str_eq(uuid_format(&id, text), "bf40fd1a-4421-8d5f-a167-69bc61f50b29");
}
END_TEST

START_TEST(derived_depends_on_survey_and_key)
{
    struct uuid id = uuid_derive("a", "k"), same = uuid_derive("a", "k");
    struct uuid other_key = uuid_derive("a", "K"), other_survey = uuid_derive("b", "k");
    ck_assert_mem_eq(&id, &same, sizeof id);
    ck_assert_mem_ne(&id, &other_key, sizeof id);
    ck_assert_mem_ne(&id, &other_survey, sizeof id);
}
END_TEST

START_TEST(a_v7_key_lends_its_time)
{
    struct uuid id = uuid_derive("a", CANONICAL), other = uuid_derive("b", CANONICAL);
    ck_assert_mem_eq(id.bytes, "\x01\x93\xA1\xB2\xC3\xD4", 6);
    ck_assert_mem_eq(other.bytes, "\x01\x93\xA1\xB2\xC3\xD4", 6);
    ck_assert_int_eq(version(&id), 8);
    ck_assert_mem_ne(id.bytes + 6, other.bytes + 6, 10);
    struct crypto_hash hash = crypto_sha256("k:a:" CANONICAL, 40);
    ck_assert_mem_eq(id.bytes + 9, hash.bytes + 9, 7);
}
END_TEST

START_TEST(other_keys_lend_nothing)
{
    static const char *const keys[] = {"0193a1b2-c3d4-4e5f-8a6b-0123456789ab",  /* version 4 */
                                       "0193a1b2-c3d4-7e5f-ca6b-0123456789ab",  /* variant */
                                       "0193a1b2-c3d4-7e5f-8a6b-0123456789ab ", /* longer */
                                       "0193a1b2-c3d4-7e5f-8a6b-0123456789a"};  /* shorter */
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct uuid id = uuid_derive("a", keys[i]);
        ck_assert_mem_ne(id.bytes, "\x01\x93\xA1\xB2\xC3\xD4", 6);
    }
}
END_TEST

START_TEST(text_round_trip)
{
    uint64_t seed = 7;
    char text[UUID_TEXT_SIZE];
    struct uuid id, back;
    for (int i = 0; i < 1000; i++) {
        for (int at = 0; at < UUID_SIZE; at++)
            id.bytes[at] = (uint8_t)suite_random(&seed);
        ck_assert(uuid_parse(uuid_format(&id, text), 36, &back));
        ck_assert_mem_eq(&id, &back, sizeof id);
    }
    ck_assert(uuid_parse("0193A1B2-C3D4-7E5F-8A6B-0123456789AB", 36, &id));
    ck_assert_str_eq(uuid_format(&id, text), CANONICAL);
}
END_TEST

START_TEST(wrong_texts)
{
    static const char *const wrong[] = {"",
                                        "0193a1b2c3d47e5f8a6b0123456789ab",
                                        "{0193a1b2-c3d4-7e5f-8a6b-0123456789ab}",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789ag",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789a ",
                                        " 193a1b2-c3d4-7e5f-8a6b-0123456789ab",
                                        "0193a1b2-c3d4-7e5f-8a6b0-123456789ab",
                                        "0193a1b2-c3d4-7e5f-8a6b_0123456789ab",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789abc",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789a",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789a@",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789a`",
                                        "0193a1b2-c3d4-7e5f-8a6b-0123456789a\x10",
                                        "-193a1b2-c3d4-7e5f-8a6b-0123456789ab"};
    struct uuid id = {{42}}, before = id;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!uuid_parse(wrong[i], strlen(wrong[i]), &id), "%s", wrong[i]);
    ck_assert_mem_eq(&id, &before, sizeof id);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {v7_has_time_version_and_variant,
                            v7_never_repeats,
                            v7_never_repeats_across_threads,
                            v7_is_random,
                            derived_is_sha256_as_v8,
                            derived_depends_on_survey_and_key,
                            a_v7_key_lends_its_time,
                            other_keys_lend_nothing,
                            text_round_trip,
                            wrong_texts};
    return crypto_init() ? suite_run("uuid", tests, COUNT_OF(tests)) : EXIT_FAILURE;
}
