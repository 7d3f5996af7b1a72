#include "npsd/domain/link.h"

#include "npsd/base/crypto.h"

#include <string.h>

enum { VERSION = 1 };

static const char LABEL[] = "npsd-link-v1"; /* its NUL is signed too */
static const char ANSWER_LABEL[] = "\x01link:";

_Static_assert(sizeof ANSWER_LABEL + (LINK_ID_SIZE * 4 + 2) / 3 <= LINK_ANSWER_KEY_SIZE,
               "room for the key of an answer");

static uint8_t *put_number(uint8_t *at, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(number >> shift);
    return at;
}

static uint32_t get_number(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct crypto_hash sign(const struct link_key *key, const uint8_t *payload, size_t len)
{
    uint8_t bytes[sizeof LABEL + LINK_PAYLOAD_MAX];
    memcpy(bytes, LABEL, sizeof LABEL);
    memcpy(bytes + sizeof LABEL, payload, len);
    return crypto_hmac(key->bytes, sizeof key->bytes, bytes, sizeof LABEL + len);
}

static size_t write_payload(const struct link *link, uint8_t kid, uint8_t *payload)
{
    size_t respondent_len = strnlen(link->respondent, LINK_RESPONDENT_MAX);
    uint8_t *at = payload;
    *at++ = VERSION;
    *at++ = kid;
    at = put_number(at, (uint32_t)link->survey_id);
    memcpy(at, link->id, LINK_ID_SIZE);
    at = put_number(at + LINK_ID_SIZE, link->expires_s);
    memcpy(at, link->respondent, respondent_len);
    return (size_t)(at - payload) + respondent_len;
}

char *link_write(const struct link *link, const struct link_key *key,
                 char text[static LINK_TOKEN_SIZE])
{
    uint8_t payload[LINK_PAYLOAD_MAX];
    size_t len = write_payload(link, key->kid, payload);
    struct crypto_hash tag = sign(key, payload, len);
    char *end = crypto_base64url(payload, len, text) + (len * 4 + 2) / 3;
    *end = '.';
    crypto_base64url(tag.bytes, sizeof tag.bytes, end + 1);
    return text;
}

/* False unless the text is a payload of good length, a dot and a tag. */
static bool part(const char *text, size_t len, uint8_t *payload, size_t *ret_len,
                 struct crypto_hash *tag)
{
    if (len <= LINK_TAG_CHARS + 1 || len >= LINK_TOKEN_SIZE)
        return false;
    size_t chars = len - LINK_TAG_CHARS - 1;
    *ret_len = chars * 3 / 4;
    return text[chars] == '.' && *ret_len >= LINK_PAYLOAD_MIN && *ret_len <= LINK_PAYLOAD_MAX &&
           crypto_base64url_decode(text, chars, payload, *ret_len) &&
           crypto_base64url_decode(text + chars + 1, LINK_TAG_CHARS, tag->bytes, sizeof tag->bytes);
}

static const struct link_key *find_key(const struct link_keys *keys, uint8_t kid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->items[i].kid == kid)
            return &keys->items[i];
    return NULL;
}

/* The respondent is a text: none that is ours has a NUL. */
static bool is_text(const uint8_t *payload, size_t len)
{
    return memchr(payload + LINK_PAYLOAD_MIN, '\0', len - LINK_PAYLOAD_MIN) == NULL;
}

/* Of a payload that is ours. */
static struct link read_payload(const uint8_t *payload, size_t len)
{
    struct link link = {.survey_id = (int32_t)get_number(payload + 2)};
    memcpy(link.id, payload + 6, LINK_ID_SIZE);
    link.expires_s = get_number(payload + 6 + LINK_ID_SIZE);
    memcpy(link.respondent, payload + LINK_PAYLOAD_MIN, len - LINK_PAYLOAD_MIN);
    return link;
}

enum link_status link_read(const struct link_keys *keys, const char *text, size_t len,
                           int64_t now_us, struct link *ret_link)
{
    uint8_t payload[LINK_PAYLOAD_MAX];
    struct crypto_hash tag;
    size_t payload_len;
    if (!part(text, len, payload, &payload_len, &tag) || payload[0] != VERSION)
        return LINK_WRONG;
    const struct link_key *key = find_key(keys, payload[1]);
    if (!key)
        return LINK_UNKNOWN_KEY;
    struct crypto_hash expected = sign(key, payload, payload_len);
    if (!crypto_equal(tag.bytes, expected.bytes, sizeof tag.bytes) ||
        !is_text(payload, payload_len))
        return LINK_WRONG;
    *ret_link = read_payload(payload, payload_len);
    int64_t expires_us = (int64_t)ret_link->expires_s * 1000000;
    return now_us > expires_us + LINK_GRACE_US ? LINK_EXPIRED : LINK_GOOD;
}

char *link_answer_key(const struct link *link, char text[static LINK_ANSWER_KEY_SIZE])
{
    memcpy(text, ANSWER_LABEL, sizeof ANSWER_LABEL);
    crypto_base64url(link->id, LINK_ID_SIZE, text + sizeof ANSWER_LABEL - 1);
    return text;
}
