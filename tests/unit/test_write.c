#include "npsd/json/write.h"
#include "suite.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

static struct arena arena;

static struct json_writer begin(void)
{
    arena_done(&arena);
    arena_init(&arena, 256);
    return json_writer(&arena);
}

static const char *number(double value, int decimals)
{
    struct json_writer w = begin();
    json_put_number(&w, NULL, value, decimals);
    return w.buf.data;
}

/* Commas stand between members and items, and nowhere else, at every depth. */
START_TEST(nesting_and_commas)
{
    struct json_writer w = begin();
    json_object_begin(&w, NULL);
    json_put_text(&w, "id", "a");
    json_array_begin(&w, "points");
    json_object_begin(&w, NULL);
    json_object_end(&w);
    json_object_begin(&w, NULL);
    json_put_int(&w, "n", -7);
    json_put_null(&w, "z");
    json_object_end(&w);
    json_put_bool(&w, NULL, true);
    json_put_bool(&w, NULL, false);
    json_array_end(&w);
    json_array_begin(&w, "none");
    json_array_end(&w);
    json_put_raw(&w, "raw", "[1]", 3);
    json_object_end(&w);
    ck_assert_str_eq(w.buf.data, "{\"id\":\"a\",\"points\":[{},{\"n\":-7,\"z\":null},true,false],"
                                 "\"none\":[],\"raw\":[1]}");
    ck_assert_uint_eq(w.buf.len, strlen(w.buf.data));
}
END_TEST

START_TEST(texts_are_escaped)
{
    struct json_writer w = begin();
    json_array_begin(&w, NULL);
    json_put_text(&w, NULL, "a\"b\\c/d");
    json_put_text(&w, NULL, "\b\t\n\f\r\x01\x1f\x7f");
    json_put_text(&w, NULL, "Москва");
    json_put_textn(&w, NULL, "a\0b", 3);
    json_put_text(&w, NULL, "");
    json_put_text(&w, NULL, NULL);
    json_array_end(&w);
    ck_assert_str_eq(w.buf.data, "[\"a\\\"b\\\\c/d\",\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\","
                                 "\"Москва\",\"a\\u0000b\",\"\",null]");
}
END_TEST

/* Every byte at every place of texts around the size of a word. */
START_TEST(each_byte_at_each_place)
{
    for (int c = 1; c < 256; c++) {
        bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7F;
        for (size_t len = 1; len < 20; len++) {
            for (size_t at = 0; at < len; at++) {
                char text[24] = "", expected[24];
                struct json_writer w = begin();
                memset(text, 'a', len);
                text[at] = (char)c;
                snprintf(expected, sizeof expected, "\"%s\"", text);
                json_put_text(&w, NULL, text);
                ck_assert_msg(special != (strcmp(w.buf.data, expected) == 0), "%d: %s", c,
                              w.buf.data);
            }
        }
    }
}
END_TEST

START_TEST(names_are_escaped)
{
    struct json_writer w = begin();
    json_object_begin(&w, NULL);
    json_put_int(&w, "a\"", 0);
    json_object_end(&w);
    ck_assert_str_eq(w.buf.data, "{\"a\\\"\":0}");
}
END_TEST

/* Every byte below 0x80 comes back from a real parser as it went in. */
START_TEST(a_parser_reads_it_back)
{
    char all[127];
    for (int i = 0; i < 127; i++)
        all[i] = (char)(i + 1);
    struct json_writer w = begin();
    json_array_begin(&w, NULL);
    json_put_textn(&w, NULL, all, sizeof all);
    json_array_end(&w);
    json_t *value = json_loadb(w.buf.data, w.buf.len, 0, NULL);
    ck_assert_ptr_nonnull(value);
    json_t *text = json_array_get(value, 0);
    ck_assert_uint_eq(json_string_length(text), sizeof all);
    ck_assert_mem_eq(json_string_value(text), all, sizeof all);
    json_decref(value);
}
END_TEST

START_TEST(integers)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {-1, "-1"},
                 {1000000, "1000000"},
                 {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_writer w = begin();
        json_put_int(&w, NULL, cases[i].value);
        ck_assert_str_eq(w.buf.data, cases[i].text);
    }
}
END_TEST

START_TEST(numbers_without_noise)
{
    static const struct {
        double value;
        int decimals;
        const char *text;
    } cases[] = {
        {62.7451, 4, "62.7451"},
        {62.74509803921569, 4, "62.7451"},
        {35, 4, "35"},
        {35.5, 4, "35.5"},
        {0, 4, "0"},
        {-0.0, 4, "0"},
        {-0.00004, 4, "0"},
        {-0.00005, 4, "-0.0001"},
        {0.00005, 4, "0.0001"},
        {0.00004999, 4, "0"},
        {0.0625, 3, "0.063"},
        {-0.0625, 3, "-0.063"},
        {0.78125, 4, "0.7813"},
        {1.005, 2, "1.01"},
        {1.00499, 2, "1"},
        {12.5, 0, "13"},
        {-12.5, 0, "-13"},
        {11.5, 0, "12"},
        {99.99999, 4, "100"},
        {0.1, 9, "0.1"},
        {0.000000001, 9, "0.000000001"},
        {0.289472, 6, "0.289472"},
        {-100, 4, "-100"},
        {1234567.0001, 4, "1234567.0001"},
        {1e15, 0, "1000000000000000"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_eq(number(cases[i].value, cases[i].decimals), cases[i].text);
}
END_TEST

/* JSON has no such numbers. */
START_TEST(not_a_number_is_null)
{
    ck_assert_str_eq(number(NAN, 4), "null");
    ck_assert_str_eq(number(INFINITY, 4), "null");
    ck_assert_str_eq(number(-INFINITY, 0), "null");
}
END_TEST

START_TEST(large_numbers_stay_numbers)
{
    ck_assert_double_eq(strtod(number(1e300, 4), NULL), 1e300);
    ck_assert_double_eq(strtod(number(-4503599627370497.0, 9), NULL), -4503599627370497.0);
}
END_TEST

/* Every count of 10,000 with four decimals: the text is the nearest one, and the shortest. */
START_TEST(shares_agree_with_exact_arithmetic)
{
    for (int64_t n = 1; n <= 400; n++) {
        for (int64_t k = 0; k <= n; k++) {
            const char *text = number((double)(100 * k) / (double)n, 4);
            int64_t exact = (2 * 1000000 * k + n) / (2 * n); /* half up, in units of 0.0001 */
            char want[32];
            snprintf(want, sizeof want, "%lld.%04lld", (long long)(exact / 10000),
                     (long long)(exact % 10000));
            size_t len = strlen(want);
            while (want[len - 1] == '0')
                len--;
            want[want[len - 1] == '.' ? len - 1 : len] = '\0';
            ck_assert_str_eq(text, want);
        }
    }
}
END_TEST

START_TEST(times)
{
    struct json_writer w = begin();
    json_object_begin(&w, NULL);
    json_put_time(&w, "at", 0);
    json_put_time(&w, "then", 1500000);
    json_object_end(&w);
    ck_assert_str_eq(w.buf.data,
                     "{\"at\":\"1970-01-01T00:00:00Z\",\"then\":\"1970-01-01T00:00:01.5Z\"}");
}
END_TEST

/* A text far larger than the first buffer. */
START_TEST(it_grows)
{
    struct json_writer w = begin();
    json_array_begin(&w, NULL);
    for (int i = 0; i < 10000; i++)
        json_put_int(&w, NULL, i % 10);
    json_array_end(&w);
    ck_assert_uint_eq(w.buf.len, 2 * 10000 + 1);
    ck_assert_int_eq(w.buf.data[w.buf.len - 1], ']');
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        nesting_and_commas,
        texts_are_escaped,
        each_byte_at_each_place,
        names_are_escaped,
        a_parser_reads_it_back,
        integers,
        numbers_without_noise,
        not_a_number_is_null,
        large_numbers_stay_numbers,
        shares_agree_with_exact_arithmetic,
        times,
        it_grows,
    };
    int status = suite_run("write", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
