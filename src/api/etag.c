#include "npsd/api/etag.h"

#include "npsd/base/crypto.h"

#include <string.h>

const char *etag_of(struct arena *arena, const char *body, size_t len)
{
    struct crypto_digest_state state;
    uint8_t digest[CRYPTO_DIGEST_SIZE];
    char hex[2 * CRYPTO_DIGEST_SIZE + 1];

    crypto_digest_begin(&state);
    crypto_digest_add(&state, body, len);
    crypto_digest_end(&state, digest);
    return arena_printf(arena, "\"%s\"", crypto_hex(digest, sizeof digest, hex));
}

/* The length of one entity tag at text, W/ and quotes included; 0: there is none. */
static size_t tag_length(const char *text)
{
    size_t start = strncmp(text, "W/", 2) == 0 ? 2 : 0;
    if (text[start] != '"')
        return 0;
    const char *end = strchr(text + start + 1, '"');
    return end ? (size_t)(end - text) + 1 : 0;
}

static bool tag_is(const char *tag, size_t len, const char *etag)
{
    size_t start = tag[0] == 'W' ? 2 : 0;
    return len - start == strlen(etag) && memcmp(tag + start, etag, len - start) == 0;
}

bool etag_matches(const char *if_none_match, const char *etag)
{
    if (!if_none_match)
        return false;
    const char *at = if_none_match + strspn(if_none_match, " \t");
    if (at[0] == '*')
        return at[1 + strspn(at + 1, " \t")] == '\0';
    for (;;) {
        at += strspn(at, " \t,");
        size_t len = tag_length(at);
        if (len == 0)
            return false;
        if (tag_is(at, len, etag))
            return true;
        at += len;
    }
}

struct reply etag_reply(const struct call *call, const char *type, const char *body, size_t len)
{
    const char *etag = etag_of(call->arena, body, len);
    struct reply reply = reply_text(200, type, body, len);

    if (etag_matches(call_header(call, "If-None-Match"), etag))
        reply.status = 304;
    reply_header(&reply, "ETag", etag);
    reply_header(&reply, "Cache-Control", "private, no-cache");
    reply_header(&reply, "Vary", "Authorization, Origin");
    return reply;
}
