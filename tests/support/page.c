#include "support/page.h"

#include "support/expect.h"
#include "support/text.h"

#include <check.h>
#include <sodium.h>
#include <string.h>

struct reply *page_get(const char *path, const char *header, const char *second)
{
    return client_send(&(struct request){.path = path, .headers = {header, second}});
}

struct reply *page_open(const char *survey, const char *query)
{
    return expect_status(page_get(text("/s/%s%s", survey, query), HTML, NULL), 200);
}

void page_expect(const struct reply *reply, const char *part)
{
    ck_assert_msg(strstr(reply->body, part) != NULL, "%s: no %s in %s", reply->request, part,
                  reply->body);
}

void page_expect_no(const struct reply *reply, const char *part)
{
    ck_assert_msg(strstr(reply->body, part) == NULL, "%s: %s", reply->request, part);
}

const char *page_between(const char *html, const char *begin, const char *end)
{
    const char *from = strstr(html, begin);
    ck_assert_msg(from != NULL, "no %s", begin);
    from += strlen(begin);
    const char *to = strstr(from, end);
    ck_assert_msg(to != NULL, "no %s", end);
    return text("%.*s", (int)(to - from), from);
}

void page_expect_style(struct reply *reply)
{
    const char *style = page_between(reply->body, "<style>", "</style>");
    unsigned char hash[crypto_hash_sha256_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    crypto_hash_sha256(hash, (const unsigned char *)style, strlen(style));
    sodium_bin2base64(base64, sizeof base64, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    expect_header(reply, "Content-Security-Policy",
                  text("default-src 'none'; script-src 'self'; style-src 'sha256-%s';"
                       " img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
                       " frame-ancestors 'none'",
                       base64));
}
