/* The files for browsers inside the binary: whole, compressed right, small enough. And the
 * compression of pages. */
#include "npsd/base/crypto.h"
#include "npsd/page/assets.h"
#include "npsd/page/gzip.h"
#include "suite.h"
#include <string.h>
#include <zlib.h>

static struct arena arena;

/* What gzip has packed must unpack to these bytes. */
static void expect_packed(const void *packed, size_t packed_len, const void *bytes, size_t len)
{
    unsigned char *out = arena_alloc(&arena, len + 1);
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)packed,
                       .avail_in = (uInt)packed_len,
                       .next_out = out,
                       .avail_out = (uInt)len + 1};
    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq(stream.total_out, len);
    ck_assert_uint_eq(stream.avail_in, 0);
    ck_assert(memcmp(out, bytes, len) == 0);
    inflateEnd(&stream);
}

START_TEST(whole)
{
    ck_assert_ptr_nonnull(page_asset("page.css"));
    ck_assert_ptr_nonnull(page_asset("icon.svg"));
    ck_assert_ptr_null(page_asset("nothing.js"));
    ck_assert_ptr_null(page_asset(""));
    for (size_t i = 0; i < page_asset_count; i++) {
        const struct page_asset *asset = &page_assets[i];
        struct crypto_hash hash = crypto_sha256(asset->bytes, asset->len);
        char hex[2 * CRYPTO_HASH_SIZE + 1];
        ck_assert_ptr_eq(page_asset(asset->name), asset);
        ck_assert_uint_gt(asset->len, 0);
        ck_assert_int_eq(strncmp(crypto_hex(hash.bytes, sizeof hash.bytes, hex), asset->hash, 8),
                         0);
        ck_assert_uint_eq(strlen(asset->hash), 8);
        expect_packed(asset->gz, asset->gz_len, asset->bytes, asset->len);
    }
}
END_TEST

/* The parts of a script share names with each other and with nobody else. */
START_TEST(scripts_are_wrapped)
{
    static const char begin[] = "(() => {\n\"use strict\";\n", end[] = "})();\n";
    for (size_t i = 0; i < page_asset_count; i++) {
        const struct page_asset *asset = &page_assets[i];
        if (!strstr(asset->name, ".js"))
            continue;
        ck_assert_msg(asset->len > sizeof begin + sizeof end, "%s", asset->name);
        ck_assert_msg(memcmp(asset->bytes, begin, strlen(begin)) == 0, "%s", asset->name);
        ck_assert_msg(memcmp(asset->bytes + asset->len - strlen(end), end, strlen(end)) == 0, "%s",
                      asset->name);
    }
}
END_TEST

static void expect_at_most(const char *name, size_t max)
{
    const struct page_asset *asset = page_asset(name);
    ck_assert_msg(!asset || asset->gz_len <= max, "%s: %zu bytes", name, asset->gz_len);
}

START_TEST(small)
{
    expect_at_most("survey.js", 10 * 1024);
    expect_at_most("embed.js", 12 * 1024);
}
END_TEST

START_TEST(packing)
{
    static const size_t sizes[] = {0, 1, 100, 65535, 1 << 20};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint64_t state = i;
        const char *packed, *again;
        size_t len, again_len;
        char *bytes = arena_alloc(&arena, sizes[i] + 1);
        for (size_t j = 0; j < sizes[i]; j++)
            bytes[j] = (char)(i % 2 ? suite_random(&state) : j % 7);
        ck_assert(gzip_pack(&arena, bytes, sizes[i], &packed, &len));
        ck_assert(gzip_pack(&arena, bytes, sizes[i], &again, &again_len));
        expect_packed(packed, len, bytes, sizes[i]);
        ck_assert(len == again_len && memcmp(packed, again, len) == 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {whole, scripts_are_wrapped, small, packing};

    if (!crypto_init())
        return EXIT_FAILURE;
    arena_init(&arena, 1 << 16);
    int status = suite_run("assets", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
