#include "npsd/base/text.h"
#include "suite.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A literal and its length, which may count NULs. */
#define T(literal) (literal), sizeof(literal) - 1

START_TEST(length_counts_code_points)
{
    ck_assert_uint_eq(text_length(T("")), 0);
    ck_assert_uint_eq(text_length(T("abc")), 3);
    ck_assert_uint_eq(text_length(T("Ваш визит")), 9);
    ck_assert_uint_eq(text_length(T("a\xF0\x9F\x98\x80z")), 3);
}
END_TEST

START_TEST(utf8_sequences)
{
    ck_assert_uint_eq(text_utf8_size(T("")), 0);
    ck_assert_uint_eq(text_utf8_size(T("a")), 1);
    ck_assert_uint_eq(text_utf8_size(T("\0")), 1);
    ck_assert_uint_eq(text_utf8_size(T("\xC2\x80")), 2);
    ck_assert_uint_eq(text_utf8_size(T("\xDF\xBFx")), 2);
    ck_assert_uint_eq(text_utf8_size(T("\xE0\xA0\x80")), 3);
    ck_assert_uint_eq(text_utf8_size(T("\xED\x9F\xBF")), 3);
    ck_assert_uint_eq(text_utf8_size(T("\xEF\xBF\xBF")), 3);
    ck_assert_uint_eq(text_utf8_size(T("\xF0\x90\x80\x80")), 4);
    ck_assert_uint_eq(text_utf8_size(T("\xF4\x8F\xBF\xBF")), 4);
}
END_TEST

START_TEST(wrong_utf8_sequences)
{
    static const char *const wrong[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        "\xE2\x82",
        "\xE2\x41\x80",
        "\xE2\x82\x41",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF0\x9F\x98",
        "\xF5\x80\x80",
        "\xFE",
        "\xFF",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_uint_eq(text_utf8_size(wrong[i], strlen(wrong[i])), 0);
}
END_TEST

/* Against the definition: every code point encodes to a sequence that is recognised. */
START_TEST(every_code_point_is_utf8)
{
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++) {
        char s[4];
        size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = size; i-- > 1;)
            s[i] = (char)(0x80 | (c >> 6 * (size - 1 - i) & 0x3F));
        s[0] = (char)((0xF00 >> size & 0xFF & ~(0xFF >> (size + 1))) | c >> 6 * (size - 1));
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (text_utf8_size(s, size) != (surrogate ? 0 : size))
            ck_abort_msg("U+%04X", c);
    }
}
END_TEST

START_TEST(control_characters)
{
    ck_assert(!text_has_control(T("")));
    ck_assert(!text_has_control(T("a\tb\nc\rd é")));
    ck_assert(text_has_control(T("a\0b")));
    ck_assert(text_has_control(T("\x1F")));
    ck_assert(text_has_control(T("abc\x7F")));
    ck_assert(text_has_control(T("\x1B[31m")));
    ck_assert(text_has_control(T("\v")));
}
END_TEST

#define S31 "abcdefghijklmnopqrstuvwxyz01234"

START_TEST(for_a_terminal)
{
    static const char *const printable[] = {
        "a", " ", "~", "\xC2\xA0", "\xD0\x96", "\xE2\x96\x88", "\xF0\x9F\x98\x80"};
    static const char *const not [] = {"",     "\x01",     "\t",           "\n",       "\x1B[0m",
                                       "\x7F", "\xC2\x80", "\xC2\x9B",     "\xC2\x9F", "\x9B",
                                       "\xC2", "\xE2\x96", "\xF0\x9F\x98", "\xFF"};
    for (size_t i = 0; i < COUNT_OF(printable); i++) {
        const char *more = printable[i];
        char text[8];
        snprintf(text, sizeof text, "%s\x1B", more);
        ck_assert_uint_eq(text_printable(text), strlen(more));
        ck_assert_uint_eq(text_printable(more), strlen(more));
    }
    for (size_t i = 0; i < COUNT_OF(not ); i++)
        ck_assert_msg(text_printable(not [i]) == 0, "case %zu", i);
}
END_TEST

START_TEST(names)
{
    ck_assert(text_is_name(T("a")));
    ck_assert(text_is_name(T("why_2")));
    ck_assert(text_is_name(T(S31 "5")));
    ck_assert(!text_is_name(T(S31 "56")));
    ck_assert(!text_is_name(T("")));
    ck_assert(!text_is_name(T("2why")));
    ck_assert(!text_is_name(T("_why")));
    ck_assert(!text_is_name(T("Why")));
    ck_assert(!text_is_name(T("wHy")));
    ck_assert(!text_is_name(T("why-not")));
    ck_assert(!text_is_name(T("why not")));
    ck_assert(!text_is_name(T("why\0")));
    ck_assert(!text_is_name(T("é")));
}
END_TEST

START_TEST(slugs)
{
    ck_assert(text_is_slug(T("a")));
    ck_assert(text_is_slug(T("2026-checkout")));
    ck_assert(text_is_slug(T("-")));
    ck_assert(text_is_slug(T(S31 "5" S31 "5")));
    ck_assert(!text_is_slug(T(S31 "5" S31 "56")));
    ck_assert(!text_is_slug(T("")));
    ck_assert(!text_is_slug(T("Checkout")));
    ck_assert(!text_is_slug(T("check_out")));
    ck_assert(!text_is_slug(T("check/out")));
    ck_assert(!text_is_slug(T("a\n")));
}
END_TEST

START_TEST(languages)
{
    static const char *const right[] = {"en",         "ru",         "RU",    "gsw",
                                        "en-GB",      "zh-Hant-TW", "de-CH", "sl-rozaj-biske-1994",
                                        "es-12345678"};
    static const char *const wrong[] = {"",
                                        "e",
                                        "engl",
                                        "1a",
                                        "en-",
                                        "-en",
                                        "en--GB",
                                        "en_GB",
                                        "en-123456789",
                                        "en GB",
                                        "en-gé",
                                        "en-GB-",
                                        "en-a12345678-a12345678-a12345678-abc"};
    for (size_t i = 0; i < COUNT_OF(right); i++)
        ck_assert_msg(text_is_language(right[i], strlen(right[i])), "%s", right[i]);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(!text_is_language(wrong[i], strlen(wrong[i])), "%s", wrong[i]);
    ck_assert(text_is_language(T("en-12345678-12345678-12345678-12345")));
    ck_assert(!text_is_language(T("en-12345678-12345678-12345678-123456")));
}
END_TEST

START_TEST(visible)
{
    ck_assert(text_is_visible(T("!~"), 2));
    ck_assert(!text_is_visible(T("!~a"), 2));
    ck_assert(!text_is_visible(T(""), 2));
    ck_assert(!text_is_visible(T("a b"), 9));
    ck_assert(!text_is_visible(T("a\x7F"), 9));
    ck_assert(!text_is_visible(T("a\0"), 9));
    ck_assert(!text_is_visible(T("é"), 9));
}
END_TEST

static bool number(const char *text, size_t len, int64_t min, int64_t max, int64_t expected)
{
    int64_t value = -77;
    return text_to_number(text, len, min, max, &value) && value == expected;
}

static bool no_number(const char *text, size_t len, int64_t min, int64_t max)
{
    int64_t value = -77;
    return !text_to_number(text, len, min, max, &value) && value == -77;
}

START_TEST(numbers)
{
    ck_assert(number(T("0"), 0, 10, 0));
    ck_assert(number(T("10"), 0, 10, 10));
    ck_assert(number(T("9223372036854775807"), 0, INT64_MAX, INT64_MAX));
    ck_assert(no_number(T("9223372036854775808"), 0, INT64_MAX));
    ck_assert(no_number(T("18446744073709551617"), 0, INT64_MAX));
    ck_assert(no_number(T("99999999999999999999999999"), 0, INT64_MAX));
    ck_assert(no_number(T("11"), 0, 10));
    ck_assert(no_number(T("1"), 2, 10));
    ck_assert(no_number(T(""), 0, 10));
    ck_assert(no_number(T("00"), 0, 10));
    ck_assert(no_number(T("07"), 0, 10));
    ck_assert(no_number(T("+7"), 0, 10));
    ck_assert(no_number(T("-7"), -10, 10));
    ck_assert(no_number(T("-0"), -10, 10));
    ck_assert(no_number(T(" 7"), 0, 10));
    ck_assert(no_number(T("7 "), 0, 10));
    ck_assert(no_number(T("7.0"), 0, 10));
    ck_assert(no_number(T("1e1"), 0, 10));
    ck_assert(no_number(T("0x7"), 0, 10));
    ck_assert(no_number(T("7\0"), 0, 10));
    ck_assert(no_number(T("٧"), 0, 10));
}
END_TEST

/* The values are from the authors' list of test vectors (isthe.com/chongo/tech/comp/fnv). */
START_TEST(hash_is_fnv_1a)
{
    ck_assert_uint_eq(text_hash(T("")), UINT64_C(0xcbf29ce484222325));
    ck_assert_uint_eq(text_hash(T("a")), UINT64_C(0xaf63dc4c8601ec8c));
    ck_assert_uint_eq(text_hash(T("foobar")), UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(index_of_a_name)
{
    static const char *const names_of[] = {"open", "link", ""};
    ck_assert_int_eq(text_index(names_of, 3, T("open")), 0);
    ck_assert_int_eq(text_index(names_of, 3, T("link")), 1);
    ck_assert_int_eq(text_index(names_of, 3, T("")), 2);
    ck_assert_int_eq(text_index(names_of, 2, T("")), -1);
    ck_assert_int_eq(text_index(names_of, 3, T("ope")), -1);
    ck_assert_int_eq(text_index(names_of, 3, T("openn")), -1);
    ck_assert_int_eq(text_index(names_of, 3, T("open\0")), -1);
    ck_assert_int_eq(text_index(names_of, 3, "open!", 4), 0);
    ck_assert_int_eq(text_index(names_of, 0, T("open")), -1);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {length_counts_code_points,
                            utf8_sequences,
                            wrong_utf8_sequences,
                            every_code_point_is_utf8,
                            control_characters,
                            for_a_terminal,
                            names,
                            slugs,
                            languages,
                            visible,
                            numbers,
                            hash_is_fnv_1a,
                            index_of_a_name};
    return suite_run("text", tests, COUNT_OF(tests));
}
