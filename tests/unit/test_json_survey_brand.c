/* The brand of a survey: what is taken, what is refused and where, and how it is stored. */
#include "json_cases.h"
#include "npsd/base/crypto.h"
#include "npsd/json/survey.h"

static struct arena arena;

#define DEFINITION "{\"id\":\"s\",\"title\":{\"en\":\"T\"},\"brand\":%s}"
#define PNG "data:image/png;base64,"

static struct survey *decode(const char *brand, struct problem_errors *errors)
{
    return survey_decode(case_json(&arena, arena_printf(&arena, DEFINITION, brand)), errors);
}

static const char *written(const struct survey_brand *brand)
{
    struct json_writer w = json_writer(&arena);
    survey_brand_write(&w, NULL, brand);
    return w.buf.data;
}

static void expect(const char *brand, const char *expected)
{
    struct problem_errors errors = {.arena = &arena};
    struct survey *survey = decode(brand, &errors);
    ck_assert_msg(survey, "%s: %s", brand, case_places(&arena, &errors));
    ck_assert_str_eq(written(&survey->brand), expected);
}

START_TEST(taken)
{
    static const char *const same[] = {
        "null",
        "{\"name\":\"Shop\",\"colour\":null,\"logo\":null}",
        "{\"name\":null,\"colour\":\"#00Aa77\",\"logo\":null}",
        "{\"name\":null,\"colour\":null,\"logo\":\"" PNG "iVBORw0KGgoAAA==\"}",
        "{\"name\":null,\"colour\":null,\"logo\":\"data:image/jpeg;base64,/9j/4AAA\"}",
        "{\"name\":null,\"colour\":null,\"logo\":\"data:image/webp;base64,"
        "UklGRhAAAABXRUJQVlA4\"}",
        "{\"name\":null,\"colour\":null,\"logo\":\"data:image/svg+xml;base64,PHN2Zy8+\"}",
    };
    for (size_t i = 0; i < COUNT_OF(same); i++)
        expect(same[i], same[i]);
    expect("{}", "null");
    expect("{\"name\":\"S\"}", "{\"name\":\"S\",\"colour\":null,\"logo\":null}");
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *brand, *places;
    } cases[] = {
        {"[]", "/brand"},
        {"\"Shop\"", "/brand"},
        {"{\"name\":\"\"}", "/brand/name"},
        {"{\"name\":\"a\\u0007\"}", "/brand/name"},
        {"{\"name\":5,\"color\":\"#000000\"}", "/brand/name /brand/color"},
        {"{\"colour\":\"red\"}", "/brand/colour"},
        {"{\"colour\":\"#fff\"}", "/brand/colour"},
        {"{\"colour\":\"#00aa7g\"}", "/brand/colour"},
        {"{\"colour\":\"#00aa777\"}", "/brand/colour"},
        {"{\"colour\":\"#000;}*{}\"}", "/brand/colour"},
        {"{\"logo\":\"https://example.org/logo.png\"}", "/brand/logo"},
        {"{\"logo\":\"" PNG "\"}", "/brand/logo"},
        {"{\"logo\":\"" PNG "iVBORw0KGgoAAA=\"}", "/brand/logo"},
        {"{\"logo\":\"" PNG "iVBORw0KGgo AAA==\"}", "/brand/logo"},
        {"{\"logo\":\"" PNG "PHN2Zy8+\"}", "/brand/logo"}, /* not what it says it is */
        {"{\"logo\":\"data:image/svg+xml;base64,iVBORw0KGgoAAA==\"}", "/brand/logo"},
        {"{\"logo\":\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\"}", "/brand/logo"},
        {"{\"logo\":\"data:text/html;base64,PHN2Zy8+\"}", "/brand/logo"},
        {"{\"logo\":\"data:image/svg+xml,<svg/>\"}", "/brand/logo"},
        {"{\"logo\":\"DATA:image/svg+xml;base64,PHN2Zy8+\"}", "/brand/logo"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct problem_errors errors = {.arena = &arena};
        ck_assert_msg(!decode(cases[i].brand, &errors), "%s", cases[i].brand);
        ck_assert_str_eq(case_places(&arena, &errors), cases[i].places);
    }
}
END_TEST

static bool takes_logo(size_t quads)
{
    struct problem_errors errors = {.arena = &arena};
    const char *brand =
        case_long(&arena, "{\"logo\":\"" PNG "iVBORw0KGgoA", "AAAA", quads - 3, "\"}");
    return decode(brand, &errors) != NULL;
}

START_TEST(lengths)
{
    struct problem_errors errors = {.arena = &arena};
    ck_assert(takes_logo(48 * 1024 / 3));
    ck_assert(!takes_logo(48 * 1024 / 3 + 1));
    ck_assert(!takes_logo(64 * 1024));
    ck_assert_ptr_nonnull(decode(case_long(&arena, "{\"name\":\"", "Ж", 60, "\"}"), &errors));
    ck_assert_ptr_null(decode(case_long(&arena, "{\"name\":\"", "Ж", 61, "\"}"), &errors));
}
END_TEST

/* A PATCH replaces the whole brand, and null takes it away. */
START_TEST(patched)
{
    struct problem_errors errors = {.arena = &arena};
    const struct survey *old = decode("{\"name\":\"S\",\"colour\":\"#000000\"}", &errors);
    static const char *const cases[][2] = {
        {"{\"open\":false}", "{\"name\":\"S\",\"colour\":\"#000000\",\"logo\":null}"},
        {"{\"brand\":{\"name\":\"N\"}}", "{\"name\":\"N\",\"colour\":null,\"logo\":null}"},
        {"{\"brand\":null}", "null"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct survey *survey =
            survey_patch(old, case_json(&arena, cases[i][0]), NULL, &errors);
        ck_assert_ptr_nonnull(survey);
        ck_assert_str_eq(written(&survey->brand), cases[i][1]);
    }
}
END_TEST

START_TEST(stored)
{
    struct survey_brand brand = {0}, before;
    struct problem_errors errors = {.arena = &arena};
    const struct survey *survey =
        decode("{\"name\":\"<S>\",\"logo\":\"" PNG "iVBORw0KGgoAAA==\"}", &errors);
    ck_assert(survey_brand_read_stored(&arena, case_json(&arena, written(&survey->brand)), &brand));
    ck_assert_str_eq(written(&brand), written(&survey->brand));
    ck_assert_str_eq(brand.logo_hash, survey->brand.logo_hash);
    ck_assert_uint_eq(strlen(brand.logo_hash), 8);
    before = brand;
    ck_assert(!survey_brand_read_stored(&arena, case_json(&arena, "{\"x\":1}"), &brand));
    ck_assert(memcmp(&before, &brand, sizeof brand) == 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {taken, refused, lengths, patched, stored};

    if (!crypto_init())
        return EXIT_FAILURE;
    json_read_init();
    arena_init(&arena, 1 << 16);
    int status = suite_run("json_survey_brand", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
