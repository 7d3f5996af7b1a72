#include "npsd/api/stamp.h"

#include "npsd/base/clock.h"
#include "npsd/domain/survey.h"

#include <stdio.h>
#include <string.h>

enum { BASE = 36, SECONDS_MAX = 8 /* digits, until after the year 80000 */, MAC_LENGTH = 16 };

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void put_seconds(int64_t seconds, char text[static SECONDS_MAX + 1])
{
    char reversed[SECONDS_MAX];
    int count = 0;
    do {
        reversed[count++] = digits[seconds % BASE];
        seconds /= BASE;
    } while (seconds > 0 && count < SECONDS_MAX);
    for (int i = 0; i < count; i++)
        text[i] = reversed[count - 1 - i];
    text[count] = '\0';
}

static bool take_seconds(const char *text, size_t len, int64_t *ret_seconds)
{
    int64_t seconds = 0;
    if (len == 0 || len > SECONDS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit)
            return false;
        seconds = seconds * BASE + (digit - digits);
    }
    *ret_seconds = seconds;
    return true;
}

static void sign(const struct directory_snapshot *snapshot, const char *slug, const char *seconds,
                 size_t seconds_len, char mac[static MAC_LENGTH + 1])
{
    char message[sizeof "page" + SURVEY_SLUG_MAX + 1 + SECONDS_MAX + 1];
    int len =
        snprintf(message, sizeof message, "page%c%s%c%.*s", 0, slug, 0, (int)seconds_len, seconds);
    struct crypto_hash hash = crypto_mac(&snapshot->edit_secret, message, (size_t)len);
    crypto_base64url(hash.bytes, MAC_LENGTH * 3 / 4, mac);
}

char *stamp_make(const struct directory_snapshot *snapshot, const char *slug, int64_t now_us,
                 char text[static STAMP_SIZE])
{
    char seconds[SECONDS_MAX + 1], mac[MAC_LENGTH + 1];
    put_seconds(now_us / CLOCK_SECOND_US, seconds);
    sign(snapshot, slug, seconds, strlen(seconds), mac);
    snprintf(text, STAMP_SIZE, "%s.%s", seconds, mac);
    return text;
}

bool stamp_age(const struct directory_snapshot *snapshot, const char *slug, const char *text,
               int64_t now_us, int64_t *ret_age_us)
{
    size_t len = strcspn(text, ".");
    char mac[MAC_LENGTH + 1];
    int64_t seconds;
    if (!take_seconds(text, len, &seconds) || strlen(text) != len + 1 + MAC_LENGTH)
        return false;
    sign(snapshot, slug, text, len, mac);
    if (!crypto_equal(text + len + 1, mac, MAC_LENGTH))
        return false;
    *ret_age_us = now_us - seconds * CLOCK_SECOND_US;
    return true;
}
