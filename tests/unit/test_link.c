/* Tokens of signed links: what is written is read, and nothing else is. */
#include "npsd/base/crypto.h"
#include "npsd/base/text.h"
#include "npsd/base/uuid.h"
#include "npsd/domain/link.h"
#include "suite.h"
#include <string.h>

#define SECOND INT64_C(1000000)
#define EXPIRES_S 1800000000u
#define EXPIRES_US (EXPIRES_S * SECOND)
#define EARLY_US (EXPIRES_US - SECOND)

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct link_key key_of(uint8_t kid, uint8_t byte)
{
    struct link_key key = {.kid = kid};
    memset(key.bytes, byte, sizeof key.bytes);
    return key;
}

static struct link_keys keys_of(uint8_t kid, uint8_t byte)
{
    return (struct link_keys){.items = {key_of(kid, byte)}, .count = 1};
}

static struct link make(const char *respondent)
{
    struct link link = {.survey_id = 0x01020304, .expires_s = EXPIRES_S};
    for (int i = 0; i < LINK_ID_SIZE; i++)
        link.id[i] = (uint8_t)(0xF0 + i);
    memcpy(link.respondent, respondent, strlen(respondent));
    return link;
}

static enum link_status read_with(const struct link_keys *keys, const char *text)
{
    struct link link;
    return link_read(keys, text, strlen(text), EARLY_US, &link);
}

/* The layout as written down, and the tag over label, NUL and payload: links in old mails must go
 * on. The token was computed by Python's hmac and base64. */
START_TEST(the_format_stays)
{
    char text[LINK_TOKEN_SIZE];
    struct link link = make("c-17");
    struct link_key key = key_of(3, 7);
    ck_assert_str_eq(link_write(&link, &key, text), "AQMBAgME8PHy8_T19vf4-fr7_P3-_2tJ0gBjLTE3."
                                                    "kaf3oikWRVGabcqfUflg7ywW3uAAoB64GMEpGm7vE8I");
}
END_TEST

START_TEST(round_trip)
{
    uint64_t seed = 1;
    for (size_t len = 0; len <= LINK_RESPONDENT_MAX; len++) {
        char text[LINK_TOKEN_SIZE];
        struct link link = make(""), back;
        link.survey_id = (int32_t)suite_between(&seed, 1, INT32_MAX);
        link.expires_s = (uint32_t)suite_between(&seed, EXPIRES_S, UINT32_MAX);
        for (size_t i = 0; i < len; i++)
            link.respondent[i] = (char)suite_between(&seed, 1, 255);
        struct link_keys keys = keys_of((uint8_t)len, (uint8_t)suite_random(&seed));
        link_write(&link, &keys.items[0], text);
        ck_assert_uint_lt(strlen(text), LINK_TOKEN_SIZE);
        ck_assert_uint_eq(strspn(text, letters), strlen(text) - LINK_TAG_CHARS - 1);
        ck_assert_int_eq(link_read(&keys, text, strlen(text), EARLY_US, &back), LINK_GOOD);
        ck_assert_int_eq(back.survey_id, link.survey_id);
        ck_assert_uint_eq(back.expires_s, link.expires_s);
        ck_assert_mem_eq(back.id, link.id, LINK_ID_SIZE);
        ck_assert_str_eq(back.respondent, link.respondent);
    }
}
END_TEST

/* Every other byte in every place; the result is untouched. */
START_TEST(every_change_of_a_byte)
{
    char text[LINK_TOKEN_SIZE];
    struct link link = make("c-17"), untouched = make("x"), back = untouched;
    struct link_keys keys = {.items = {key_of(1, 7), key_of(2, 8)}, .count = 2};
    size_t len = strlen(link_write(&link, &keys.items[0], text));
    for (size_t i = 0; i < len; i++) {
        const char right = text[i];
        for (int byte = 0; byte < 256; byte++) {
            if ((char)byte == right)
                continue;
            text[i] = (char)byte;
            enum link_status status = link_read(&keys, text, len, EARLY_US, &back);
            ck_assert_msg(status == LINK_WRONG || status == LINK_UNKNOWN_KEY, "byte %zu is %d", i,
                          byte);
        }
        text[i] = right;
    }
    ck_assert_mem_eq(&back, &untouched, sizeof back);
    ck_assert_int_eq(link_read(&keys, text, len, EARLY_US, &back), LINK_GOOD);
}
END_TEST

/* Every bit of the payload is signed, also when the text is written anew in good form. */
START_TEST(every_change_of_a_bit)
{
    char text[LINK_TOKEN_SIZE], changed[LINK_TOKEN_SIZE];
    struct link link = make("c-17"), back;
    struct link_keys keys = {.items = {key_of(1, 7), key_of(0, 7)}, .count = 2};
    size_t len = strlen(link_write(&link, &keys.items[0], text)), chars = len - LINK_TAG_CHARS - 1;
    uint8_t payload[LINK_PAYLOAD_MIN + 4];
    ck_assert(crypto_base64url_decode(text, chars, payload, sizeof payload));
    for (size_t bit = 0; bit < 8 * sizeof payload; bit++) {
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
        crypto_base64url(payload, sizeof payload, changed);
        memcpy(changed + chars, text + chars, LINK_TAG_CHARS + 2);
        ck_assert_int_ge(link_read(&keys, changed, len, EARLY_US, &back), LINK_UNKNOWN_KEY);
        payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(cut_and_lengthened)
{
    char text[2 * LINK_TOKEN_SIZE], longer[4 * LINK_TOKEN_SIZE];
    struct link link = make("c-17"), back;
    struct link_keys keys = keys_of(1, 7);
    size_t len = strlen(link_write(&link, &keys.items[0], text));
    for (size_t cut = 0; cut < len; cut++) {
        ck_assert_int_eq(link_read(&keys, text, cut, EARLY_US, &back), LINK_WRONG);
        ck_assert_int_eq(link_read(&keys, text + len - cut, cut, EARLY_US, &back), LINK_WRONG);
    }
    for (const char *more = "A=.-\n "; *more; more++) {
        snprintf(longer, sizeof longer, "%s%c", text, *more);
        ck_assert_int_eq(read_with(&keys, longer), LINK_WRONG);
        snprintf(longer, sizeof longer, "%c%s", *more, text);
        ck_assert_int_eq(read_with(&keys, longer), LINK_WRONG);
    }
    snprintf(longer, sizeof longer, "%s.%s", text, strchr(text, '.') + 1);
    ck_assert_int_eq(read_with(&keys, longer), LINK_WRONG);
    snprintf(longer, sizeof longer, "%s%s", text, text);
    ck_assert_int_eq(read_with(&keys, longer), LINK_WRONG);
}
END_TEST

/* Nothing is read beyond what is there: each text lies in a block of its own size. */
START_TEST(garbage)
{
    uint64_t seed = 11;
    struct link_keys keys = {.items = {key_of('A', 7), key_of(0, 8)}, .count = 2};
    for (int round = 0; round < 200000; round++) {
        struct link back;
        size_t len = (size_t)suite_between(&seed, 0, LINK_TOKEN_SIZE + 20);
        char *text = malloc(len + 1);
        bool form = suite_random(&seed) % 2;
        for (size_t i = 0; i < len; i++)
            text[i] = form ? letters[suite_random(&seed) % 64] : (char)suite_random(&seed);
        if (form && len > LINK_TAG_CHARS + 1)
            text[len - LINK_TAG_CHARS - 1] = '.';
        if (form && len > 2)
            memcpy(text, "AUE", 3); /* version 1, kid 'A' */
        char *exact = malloc(len ? len : 1);
        memcpy(exact, text, len);
        ck_assert_int_ge(link_read(&keys, exact, len, EARLY_US, &back), LINK_UNKNOWN_KEY);
        free(exact);
        free(text);
    }
}
END_TEST

START_TEST(expiry)
{
    static const struct {
        int64_t after_us;
        enum link_status status;
    } cases[] = {
        {-EXPIRES_US, LINK_GOOD},         {0, LINK_GOOD},
        {60 * SECOND, LINK_GOOD},         {60 * SECOND + 1, LINK_EXPIRED},
        {61 * SECOND, LINK_EXPIRED},      {400 * 86400 * SECOND, LINK_EXPIRED},
        {INT64_C(1) << 60, LINK_EXPIRED},
    };
    char text[LINK_TOKEN_SIZE];
    struct link link = make("c-17");
    struct link_keys keys = keys_of(1, 7);
    size_t len = strlen(link_write(&link, &keys.items[0], text));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct link back = {0};
        ck_assert_int_eq(link_read(&keys, text, len, EXPIRES_US + cases[i].after_us, &back),
                         cases[i].status);
        ck_assert_int_eq(back.survey_id, link.survey_id);
    }
    link.expires_s = UINT32_MAX;
    len = strlen(link_write(&link, &keys.items[0], text));
    ck_assert_int_eq(link_read(&keys, text, len, UINT32_MAX * SECOND, &link), LINK_GOOD);
}
END_TEST

START_TEST(rotation)
{
    char old[LINK_TOKEN_SIZE], new[LINK_TOKEN_SIZE];
    struct link link = make("c-17");
    struct link_key first = key_of(255, 1), second = key_of(0, 2), third = key_of(1, 3);
    link_write(&link, &first, old);
    link_write(&link, &second, new);
    struct link_keys keys = {.items = {second, first}, .count = 2};
    ck_assert_int_eq(read_with(&keys, old), LINK_GOOD);
    ck_assert_int_eq(read_with(&keys, new), LINK_GOOD);
    keys = (struct link_keys){.items = {third, second}, .count = 2};
    ck_assert_int_eq(read_with(&keys, old), LINK_UNKNOWN_KEY);
    ck_assert_int_eq(read_with(&keys, new), LINK_GOOD);
    keys.count = 0;
    ck_assert_int_eq(read_with(&keys, new), LINK_UNKNOWN_KEY);
    /* Another key under the same kid. */
    keys = keys_of(0, 9);
    ck_assert_int_eq(read_with(&keys, new), LINK_WRONG);
}
END_TEST

/* Two links never share an answer, and no key that a client may send names it. */
START_TEST(answers)
{
    char one[LINK_ANSWER_KEY_SIZE], two[LINK_ANSWER_KEY_SIZE];
    struct link link = make("c-17"), other = make("c-18");
    ck_assert_str_eq(link_answer_key(&link, one), "\x01link:8PHy8_T19vf4-fr7_P3-_w");
    ck_assert_str_eq(one, link_answer_key(&other, two));
    other.id[15] ^= 1;
    ck_assert_str_ne(one, link_answer_key(&other, two));
    ck_assert(!text_is_visible(one, strlen(one), 255));
    ck_assert(text_has_control(one, strlen(one)));
}
END_TEST

/* A respondent ends where its text ends: with a NUL in it, it would be somebody else's link. Nobody
 * signs such a one; it is refused, should a key ever do so. */
START_TEST(a_respondent_is_a_text)
{
    static const char label[] = "npsd-link-v1";
    const struct link_keys keys = keys_of(3, 7);
    uint8_t message[sizeof label + LINK_PAYLOAD_MIN + 4] = "npsd-link-v1";
    uint8_t *payload = message + sizeof label;
    char text[LINK_TOKEN_SIZE];
    memcpy(payload, "\x01\x03\0\0\0\x01", 6);
    memset(payload + LINK_PAYLOAD_MIN - 4, 0xFF, 4);
    for (int spoiled = 0; spoiled <= 1; spoiled++) {
        memcpy(payload + LINK_PAYLOAD_MIN, spoiled ? "c\0-7" : "c-17", 4);
        struct crypto_hash tag =
            crypto_hmac(keys.items[0].bytes, LINK_KEY_SIZE, message, sizeof message);
        crypto_base64url(payload, LINK_PAYLOAD_MIN + 4, text);
        size_t len = strlen(text);
        text[len] = '.';
        crypto_base64url(tag.bytes, sizeof tag.bytes, text + len + 1);
        ck_assert_int_eq(read_with(&keys, text), spoiled ? LINK_WRONG : LINK_GOOD);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_format_stays,
        round_trip,
        every_change_of_a_byte,
        every_change_of_a_bit,
        cut_and_lengthened,
        garbage,
        expiry,
        rotation,
        answers,
        a_respondent_is_a_text,
    };
    return suite_run("link", tests, COUNT_OF(tests));
}
