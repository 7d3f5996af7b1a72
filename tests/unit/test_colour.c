/* Colours of brands: parsed, measured as WCAG does, and made readable with as little change as
 * does it. */
#include "npsd/page/colour.h"
#include "suite.h"

static const struct colour black = {0, 0, 0}, white = {255, 255, 255};

START_TEST(parsed)
{
    struct colour c = {1, 2, 3};
    static const char *const wrong[] = {"",         "#",        "00aa77",  "#00aa7",
                                        "#00aa777", "#00aa7g",  "red",     "#fff",
                                        "#00aa7 ",  " #00aa77", "#-1aa77", "#00AA7\n"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!colour_parse(wrong[i], &c), "%s", wrong[i]);
    ck_assert(c.red == 1 && c.green == 2 && c.blue == 3);
    ck_assert(colour_parse("#00aA7F", &c));
    ck_assert(c.red == 0 && c.green == 0xAA && c.blue == 0x7F);
}
END_TEST

/* Known values: white on black is 21; #767676 and #777777 lie on either side of 4.5 on white. */
START_TEST(contrast)
{
    struct colour grey76 = {0x76, 0x76, 0x76}, grey77 = {0x77, 0x77, 0x77};
    struct colour red = {255, 0, 0}, blue = {0, 0, 255};
    ck_assert_double_eq_tol(colour_contrast(black, white), 21, 1e-9);
    ck_assert_double_eq_tol(colour_contrast(white, black), 21, 1e-9);
    ck_assert_double_eq_tol(colour_contrast(red, red), 1, 1e-9);
    ck_assert_double_eq_tol(colour_contrast(grey76, white), 4.5423, 1e-3);
    ck_assert_double_eq_tol(colour_contrast(grey77, white), 4.4781, 1e-3);
    ck_assert_double_eq_tol(colour_contrast(red, white), 3.9985, 1e-3);
    ck_assert_double_eq_tol(colour_contrast(blue, white), 8.5925, 1e-3);
}
END_TEST

static bool same(struct colour a, struct colour b)
{
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
}

/* Every colour of a grid, on light and dark grounds: readable, untouched if it was so before, and
 * a shade less mixed would not do. */
START_TEST(readable)
{
    static const struct colour grounds[] = {
        {0xf4, 0xf5, 0xf7}, {255, 255, 255}, {0x1b, 0x1f, 0x26}, {0, 0, 0}};
    for (size_t g = 0; g < COUNT_OF(grounds); g++)
        for (int i = 0; i < 9 * 9 * 9; i++) {
            struct colour c = {(uint8_t)(i % 9 * 31), (uint8_t)(i / 9 % 9 * 31),
                               (uint8_t)(i / 81 * 31)};
            struct colour shade = colour_readable(c, grounds[g], 4.5);
            double before = colour_contrast(c, grounds[g]);
            ck_assert_double_ge(colour_contrast(shade, grounds[g]), 4.5);
            bool right_side =
                (g < 2) == (colour_contrast(c, white) > colour_contrast(grounds[g], white));
            if (before >= 4.5 && right_side)
                ck_assert_msg(same(shade, c), "%02x%02x%02x", c.red, c.green, c.blue);
            else
                ck_assert_double_lt(colour_contrast(shade, grounds[g]), 4.75);
        }
}
END_TEST

/* A grey in the middle has enough contrast to both ends. */
START_TEST(untouched_on_either_side)
{
    const struct colour middle = {0x76, 0x76, 0x76};
    ck_assert(same(colour_readable(white, middle, 4.5), white));
    ck_assert(same(colour_readable(black, middle, 4.5), black));
}
END_TEST

START_TEST(ink)
{
    struct colour amber = {0xff, 0xb3, 0}, blue = {0x24, 0x56, 0xc8};
    ck_assert(same(colour_ink(amber, 4.5), black));
    ck_assert(same(colour_ink(blue, 4.5), white));
    for (int i = 0; i < 256; i++) {
        struct colour grey = {(uint8_t)i, (uint8_t)i, (uint8_t)i};
        ck_assert_double_ge(colour_contrast(colour_ink(grey, 4.5), grey), 4.5);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {parsed, contrast, readable, untouched_on_either_side, ink};
    return suite_run("colour", tests, COUNT_OF(tests));
}
