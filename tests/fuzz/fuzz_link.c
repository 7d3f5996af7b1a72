/*
 * Signed links. The first byte says what follows: a token (t), a link to be signed and spoiled (l),
 * a payload signed as it is (p), or the JSON in which links are asked for (j). Only what was signed
 * is taken, letter by letter, and what is taken is written the same again.
 */
#include "fuzz/fuzz.h"
#include "npsd/base/crypto.h"
#include "npsd/base/text.h"
#include "npsd/domain/link.h"
#include "npsd/json/link_request.h"
#include "npsd/json/read.h"
#include <string.h>

static const struct link_keys keys = {
    .items = {{.kid = 2, .bytes = {2, 22}}, {.kid = 1, .bytes = {1, 11}}}, .count = 2};

/* Nothing but tokens of the two keys; returns what it is. */
static enum link_status check_token(const char *text, size_t len)
{
    struct link link;
    char again[LINK_TOKEN_SIZE];
    bool same = false;
    enum link_status status = link_read(&keys, text, len, FUZZ_NOW_US, &link);
    if (status != LINK_GOOD && status != LINK_EXPIRED)
        return status;
    for (size_t i = 0; i < keys.count; i++)
        same |= strlen(link_write(&link, &keys.items[i], again)) == len &&
                memcmp(again, text, len) == 0;
    fuzz_require(same);
    bool late = (int64_t)link.expires_s * 1000000 + LINK_GRACE_US < FUZZ_NOW_US;
    fuzz_require(late == (status == LINK_EXPIRED));
    return status;
}

/* Any other character in any place, or one more or less, is another token. */
static void spoil(char *text, size_t place, char letter)
{
    size_t len = strlen(text);
    place %= len;
    enum link_status status = check_token(text, len);
    fuzz_require(status == LINK_GOOD || status == LINK_EXPIRED);
    fuzz_require(check_token(text, len - 1) == LINK_WRONG);
    fuzz_require(check_token(text, len + 1) == LINK_WRONG);
    if (text[place] == letter)
        return;
    text[place] = letter;
    status = check_token(text, len);
    fuzz_require(status == LINK_WRONG || status == LINK_UNKNOWN_KEY);
}

/* survey (4), id (16), expiry (4), key, place, letter, then the respondent. */
static void check_link(const uint8_t *bytes, size_t size)
{
    struct link link = {0}, back;
    char text[LINK_TOKEN_SIZE];
    if (size < 27)
        return;
    memcpy(&link.survey_id, bytes, 4);
    memcpy(link.id, bytes + 4, LINK_ID_SIZE);
    memcpy(&link.expires_s, bytes + 20, 4);
    size_t len = strnlen((const char *)bytes + 27, size - 27);
    memcpy(link.respondent, bytes + 27, len > LINK_RESPONDENT_MAX ? LINK_RESPONDENT_MAX : len);
    link_write(&link, &keys.items[bytes[24] & 1], text);
    fuzz_require(link_read(&keys, text, strlen(text), FUZZ_NOW_US, &back) <= LINK_EXPIRED);
    fuzz_require(back.survey_id == link.survey_id && back.expires_s == link.expires_s);
    fuzz_require(memcmp(back.id, link.id, LINK_ID_SIZE) == 0);
    fuzz_require(strcmp(back.respondent, link.respondent) == 0);
    spoil(text, bytes[25], (char)bytes[26]);
}

/* The layout of link.h, so that what stands behind the tag is met by bytes that link_write would
 * never give. */
static void check_payload(const uint8_t *bytes, size_t size)
{
    static const char label[] = "npsd-link-v1";
    uint8_t message[sizeof label + LINK_PAYLOAD_MAX];
    char text[LINK_TOKEN_SIZE];
    if (size > LINK_PAYLOAD_MAX)
        return;
    memcpy(message, label, sizeof label);
    memcpy(message + sizeof label, bytes, size);
    struct crypto_hash tag =
        crypto_hmac(keys.items[0].bytes, LINK_KEY_SIZE, message, sizeof label + size);
    crypto_base64url(bytes, size, text);
    size_t len = strlen(text);
    text[len] = '.';
    crypto_base64url(tag.bytes, sizeof tag.bytes, text + len + 1);
    check_token(text, strlen(text));
}

static void check_wish(const struct link_wish *wish)
{
    const struct survey *survey = fuzz_survey();
    fuzz_require(!wish->respondent ||
                 (*wish->respondent && strlen(wish->respondent) <= LINK_RESPONDENT_MAX));
    fuzz_require(wish->property_count <= RESPONSE_PROPERTIES_MAX);
    for (size_t i = 0; i < wish->property_count; i++) {
        const struct response_property *property = &wish->properties[i];
        fuzz_require(survey_facet_slot(survey, property->name) >= 0);
        fuzz_require(*property->value && strlen(property->value) <= RESPONSE_VALUE_MAX);
        fuzz_require(i == 0 || strcmp(wish->properties[i - 1].name, property->name) < 0);
    }
}

static void check_request(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    struct problem_errors errors = {.arena = arena};
    struct link_request request;
    const char *detail;
    const json_t *value = json_read(arena, (const char *)bytes, size, &detail);
    if (!value)
        return;
    bool good = link_request_decode(value, fuzz_survey(), &errors, &request);
    fuzz_require(good == (errors.count == 0));
    if (!good)
        return;
    fuzz_require(request.count >= 1 && request.count <= LINK_REQUEST_MAX);
    fuzz_require(request.expires_in_days >= 1 && request.expires_in_days <= LINK_DAYS_MAX);
    fuzz_require(!request.language || text_is_language(request.language, strlen(request.language)));
    fuzz_require(request.channel == CHANNEL_LINK || request.channel == CHANNEL_EMAIL ||
                 request.channel == CHANNEL_SMS || request.channel == CHANNEL_CHAT);
    for (size_t i = 0; i < request.count; i++)
        check_wish(&request.wishes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    switch (bytes[0]) {
    case 'l':
        check_link(bytes + 1, size - 1);
        break;
    case 'p':
        check_payload(bytes + 1, size - 1);
        break;
    case 'j':
        check_request(bytes + 1, size - 1);
        break;
    default:
        check_token((const char *)bytes + 1, size - 1);
    }
    return 0;
}
