/*
 * What a survey page is made by. The first byte says which: the stamp that its form brings back
 * (s), a time that is stamped and spoiled (t), the language that is asked for (l), colours (c), or
 * a brand as JSON (b).
 */
#include "fuzz/fuzz.h"
#include "npsd/api/stamp.h"
#include "npsd/base/clock.h"
#include "npsd/json/read.h"
#include "npsd/json/survey.h"
#include "npsd/page/colour.h"
#include "npsd/page/language.h"
#include <string.h>
#include <strings.h>

static struct directory_snapshot snapshot;

void fuzz_begin(void)
{
    snapshot.edit_secret = crypto_mac_key("secret", 6);
}

/* --- stamps --- */

/* What is taken is what would be made at the time that it tells. */
static void check_stamp(const char *text)
{
    int64_t age_us = -7;
    char again[STAMP_SIZE];
    if (stamp_age(&snapshot, "shop", text, FUZZ_NOW_US, &age_us))
        fuzz_require(strcmp(stamp_make(&snapshot, "shop", FUZZ_NOW_US - age_us, again), text) == 0);
    else
        fuzz_require(age_us == -7);
}

/* Seconds (5), place, character. */
static void check_time(const uint8_t *bytes, size_t size)
{
    char text[STAMP_SIZE];
    int64_t age_us, seconds = 0;
    if (size < 7 || bytes[6] == '\0')
        return;
    memcpy(&seconds, bytes, 5);
    stamp_make(&snapshot, "shop", seconds * CLOCK_SECOND_US, text);
    fuzz_require(strlen(text) < STAMP_SIZE);
    fuzz_require(stamp_age(&snapshot, "shop", text, FUZZ_NOW_US, &age_us));
    fuzz_require(age_us == FUZZ_NOW_US - seconds * CLOCK_SECOND_US);
    fuzz_require(!stamp_age(&snapshot, "shops", text, FUZZ_NOW_US, &age_us));
    size_t place = bytes[5] % strlen(text);
    if (text[place] == (char)bytes[6])
        return;
    text[place] = (char)bytes[6];
    fuzz_require(!stamp_age(&snapshot, "shop", text, FUZZ_NOW_US, &age_us));
}

/* --- languages --- */

static const struct survey_text titles[] = {
    {"de", "Besuch"}, {"ru", "Визит"}, {"pt-BR", "Visita"}, {"zh-Hant", "訪問"}};
static const struct survey survey = {.title = {titles, sizeof titles / sizeof titles[0]}};

static const char *choose(const char *accept)
{
    const char *chosen = language_choose(&survey, NULL, accept);
    bool known = strcmp(chosen, "en") == 0;
    for (size_t i = 0; i < survey.title.count; i++)
        known |= strcmp(chosen, titles[i].language) == 0;
    fuzz_require(known);
    return chosen;
}

/* What is added to a list has just the effect that its weight gives it. */
static void check_accept(struct arena *arena, const char *accept)
{
    const char *chosen = choose(accept);
    fuzz_require(strcmp(choose(arena_printf(arena, "%s, zh-hant;q=0", accept)), chosen) == 0);
    fuzz_require(strcmp(choose(arena_printf(arena, "xx;q=1,%s", accept)), chosen) == 0);
    fuzz_require(strcmp(choose(arena_printf(arena, "pt ;q=1.0, %s", accept)), "pt-BR") == 0);
    const char *last = choose(arena_printf(arena, "%s,RU-by", accept));
    fuzz_require(last == chosen || strcmp(last, "ru") == 0);
}

static void check_language(struct arena *arena, const char *text)
{
    const char *chosen = language_choose(&survey, text, NULL);
    fuzz_require(language_same(chosen, text) || strcmp(chosen, choose(NULL)) == 0);
    fuzz_require(language_text(&survey.title, text) != NULL);
    fuzz_require(*language_tag(language_words(text)));
    fuzz_require(!*text || *language_name(text));
    check_accept(arena, text);
}

/* --- colours and brands --- */

static bool is_same(struct colour a, struct colour b)
{
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

static void check_colour_text(struct arena *arena, const char *text)
{
    struct colour colour;
    if (colour_parse(text, &colour))
        fuzz_require(strcasecmp(text, arena_printf(arena, "#%02x%02x%02x", colour.red, colour.green,
                                                   colour.blue)) == 0);
}

/* A colour (3) on a ground (3). */
static void check_colours(const uint8_t *bytes, size_t size)
{
    if (size < 6)
        return;
    struct colour colour = {bytes[0], bytes[1], bytes[2]}, ground = {bytes[3], bytes[4], bytes[5]};
    struct colour shade = colour_readable(colour, ground, 4.5);
    double contrast = colour_contrast(colour, ground);
    fuzz_require(contrast >= 1 && contrast <= 21.0001);
    fuzz_require(colour_contrast(shade, ground) >= 4.5);
    fuzz_require(contrast < 4.5 || is_same(shade, colour));
    fuzz_require(is_same(colour_readable(shade, ground, 4.5), shade));
    fuzz_require(colour_contrast(colour_ink(ground, 4.5), ground) >= 4.5);
}

static const char *brand_text(struct arena *arena, const struct survey_brand *brand)
{
    struct json_writer w = json_writer(arena);
    survey_brand_write(&w, NULL, brand);
    return w.buf.data;
}

/* What is taken can be stored, comes back the same, and is what pages take. */
static void check_brand(struct arena *arena, const char *text)
{
    struct problem_errors errors = {.arena = arena};
    struct survey_brand stored;
    struct colour colour;
    const char *detail, *all;
    all = arena_printf(arena, "{\"id\":\"s\",\"title\":{\"en\":\"T\"},\"brand\":%s}", text);
    const json_t *value = json_read(arena, all, strlen(all), &detail);
    const struct survey *made = value ? survey_decode(value, &errors) : NULL;
    if (!made)
        return;
    const struct survey_brand *brand = &made->brand;
    fuzz_require(!brand->colour || colour_parse(brand->colour, &colour));
    fuzz_require(!brand->logo || strncmp(brand->logo, "data:image/", 11) == 0);
    fuzz_require(!brand->logo || brand->logo_hash);
    const char *written = brand_text(arena, brand);
    if (strcmp(written, "null") == 0)
        return;
    value = json_read(arena, written, strlen(written), &detail);
    fuzz_require(value && survey_brand_read_stored(arena, value, &stored));
    fuzz_require(strcmp(brand_text(arena, &stored), written) == 0);
    if (stored.logo && brand->logo)
        fuzz_require(strcmp(stored.logo_hash, brand->logo_hash) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    if (size == 0)
        return 0;
    const char *text = arena_strndup(arena, (const char *)bytes + 1, size - 1);
    switch (bytes[0]) {
    case 's':
        check_stamp(text);
        break;
    case 't':
        check_time(bytes + 1, size - 1);
        break;
    case 'c':
        check_colour_text(arena, text);
        check_colours(bytes + 1, size - 1);
        break;
    case 'b':
        check_brand(arena, text);
        break;
    default:
        check_language(arena, text);
    }
    return 0;
}
