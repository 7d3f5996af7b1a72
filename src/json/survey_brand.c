#include "npsd/base/crypto.h"
#include "npsd/json/read.h"
#include "survey_parts.h"

#include <string.h>

enum { HASH_LENGTH = 8, COLOUR_LENGTH = 7, LOGO_TEXT_MAX = SURVEY_LOGO_MAX / 3 * 4 + 64 };

#define LOGO_FAULT                                                                                 \
    "must be a picture of at most 48 KiB as a data URI: data:image/png;base64,... (PNG, JPEG, "    \
    "WebP or SVG)"

struct members {
    const char *name, *colour, *logo;
};

static const struct json_field fields[] = {
    JSON_TEXT("name", offsetof(struct members, name), 1, SURVEY_BRAND_NAME_MAX, JSON_NULLABLE),
    JSON_TEXT("colour", offsetof(struct members, colour), 1, 32, JSON_NULLABLE),
    JSON_TEXT("logo", offsetof(struct members, logo), 1, LOGO_TEXT_MAX, JSON_NULLABLE),
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static bool is_colour(const char *text)
{
    return text[0] == '#' && strlen(text) == COLOUR_LENGTH &&
           strspn(text + 1, "0123456789abcdefABCDEF") == COLOUR_LENGTH - 1;
}

/* --- the logo --- */

static bool is_png(const unsigned char *bytes, size_t len)
{
    static const unsigned char sign[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    return len > sizeof sign && memcmp(bytes, sign, sizeof sign) == 0;
}

static bool is_jpeg(const unsigned char *bytes, size_t len)
{
    static const unsigned char sign[] = {0xFF, 0xD8, 0xFF};
    return len > sizeof sign && memcmp(bytes, sign, sizeof sign) == 0;
}

static bool is_webp(const unsigned char *bytes, size_t len)
{
    return len > 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

static bool is_svg(const unsigned char *bytes, size_t len)
{
    return memmem(bytes, len, "<svg", 4) != NULL;
}

static const struct {
    const char *prefix;
    bool (*is)(const unsigned char *bytes, size_t len);
} pictures[] = {
    {"data:image/png;base64,", is_png},
    {"data:image/jpeg;base64,", is_jpeg},
    {"data:image/webp;base64,", is_webp},
    {"data:image/svg+xml;base64,", is_svg},
};

/* What it says it is, by the first look at it: browsers take the picture for what its type says. */
static bool is_picture(struct arena *arena, const char *uri)
{
    for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
        size_t prefix = strlen(pictures[i].prefix), len;
        if (strncmp(uri, pictures[i].prefix, prefix) != 0)
            continue;
        unsigned char *bytes = arena_alloc(arena, SURVEY_LOGO_MAX);
        return crypto_base64_decode(uri + prefix, strlen(uri + prefix), bytes, SURVEY_LOGO_MAX,
                                    &len) &&
               pictures[i].is(bytes, len);
    }
    return false;
}

static struct survey_brand make_brand(struct arena *arena, const struct members *members)
{
    struct survey_brand brand = {members->name, members->colour, members->logo, NULL};
    char hex[2 * CRYPTO_HASH_SIZE + 1];

    if (brand.logo) {
        struct crypto_hash hash = crypto_sha256(brand.logo, strlen(brand.logo));
        brand.logo_hash =
            arena_strndup(arena, crypto_hex(hash.bytes, sizeof hash.bytes, hex), HASH_LENGTH);
    }
    return brand;
}

/* --- from clients --- */

bool survey_brand_decode(const json_t *value, const char *where, struct problem_errors *errors,
                         struct survey_brand *ret_brand)
{
    struct members members = {0};

    if (json_is_null(value)) {
        *ret_brand = (struct survey_brand){0};
        return true;
    }
    bool ok = json_decode(value, where, fields, FIELDS, &members, errors, NULL);
    if (members.colour && !is_colour(members.colour)) {
        problem_add(errors, "must be # and six hexadecimal digits, such as #00aa77", "%s/colour",
                    where);
        ok = false;
    }
    if (members.logo && !is_picture(errors->arena, members.logo)) {
        problem_add(errors, LOGO_FAULT, "%s/logo", where);
        ok = false;
    }
    if (ok)
        *ret_brand = make_brand(errors->arena, &members);
    return ok;
}

/* --- to clients and the database, and back --- */

void survey_brand_write(struct json_writer *w, const char *name, const struct survey_brand *brand)
{
    if (!brand->name && !brand->colour && !brand->logo) {
        json_put_null(w, name);
        return;
    }
    json_object_begin(w, name);
    json_put_text(w, "name", brand->name);
    json_put_text(w, "colour", brand->colour);
    json_put_text(w, "logo", brand->logo);
    json_object_end(w);
}

bool survey_brand_read_stored(struct arena *arena, const json_t *value,
                              struct survey_brand *ret_brand)
{
    struct problem_errors errors = {.arena = arena}; /* told by nobody: it is our own writing */
    struct members members = {0};

    if (!json_decode(value, "", fields, FIELDS, &members, &errors, NULL))
        return false;
    *ret_brand = make_brand(arena, &members);
    return true;
}
