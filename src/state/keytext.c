#include "npsd/state/keytext.h"

#include "npsd/base/crypto.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RANDOM_CHARS = 30, CHECK_CHARS = 6, TAIL_CHARS = RANDOM_CHARS + CHECK_CHARS, SHOWN = 4 };

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { BASE = sizeof(alphabet) - 1 };

/* CRC-32 of IEEE 802.3 (as in zlib), four bits a step. */
static uint32_t crc32_of(const char *text, size_t len)
{
    static const uint32_t steps[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)text[i];
        crc = crc >> 4 ^ steps[crc & 15];
        crc = crc >> 4 ^ steps[crc & 15];
    }
    return ~crc;
}

/* Every character is equally likely: bytes that would favour the first ones are drawn again. */
static void put_random(char *at)
{
    for (size_t i = 0; i < RANDOM_CHARS;) {
        uint8_t byte;
        crypto_random(&byte, 1);
        if (byte < UINT8_MAX / BASE * BASE)
            at[i++] = alphabet[byte % BASE];
    }
}

static void put_check(char *at, uint32_t crc)
{
    for (size_t i = CHECK_CHARS; i-- > 0; crc /= BASE)
        at[i] = alphabet[crc % BASE];
}

char *keytext_make(enum role role, char text[static KEYTEXT_SIZE])
{
    int prefix = snprintf(text, KEYTEXT_SIZE, "npsd_%s_", role_name(role));
    char *end = text + prefix + RANDOM_CHARS;

    put_random(text + prefix);
    put_check(end, crc32_of(text, (size_t)(end - text)));
    end[CHECK_CHARS] = '\0';
    return text;
}

static bool has_prefix(const char *text, size_t len)
{
    enum role role;
    return len > 6 && memcmp(text, "npsd_", 5) == 0 && text[len - 1] == '_' &&
           role_parse(text + 5, len - 6, &role);
}

bool keytext_is_valid(const char *text, size_t len)
{
    char check[CHECK_CHARS];

    if (len <= TAIL_CHARS || len >= KEYTEXT_SIZE || !has_prefix(text, len - TAIL_CHARS))
        return false;
    for (size_t i = len - TAIL_CHARS; i < len; i++)
        if (!text[i] || !strchr(alphabet, text[i]))
            return false;
    put_check(check, crc32_of(text, len - CHECK_CHARS));
    return memcmp(check, text + len - CHECK_CHARS, CHECK_CHARS) == 0;
}

char *keytext_hint(const char *key, char hint[static KEYTEXT_HINT_SIZE])
{
    size_t len = strlen(key);
    size_t head = len > TAIL_CHARS ? len - TAIL_CHARS + SHOWN : 0;
    const char *tail = len > SHOWN ? key + len - SHOWN : "";

    snprintf(hint, KEYTEXT_HINT_SIZE, "%.*s...%s", (int)head, key, tail);
    return hint;
}
