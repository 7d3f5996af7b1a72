/* The signed time of a page: its age, and that nobody else's is taken. */
#include "npsd/api/stamp.h"
#include "npsd/base/clock.h"
#include "suite.h"
#include <stdio.h>
#include <string.h>

static const int64_t now_us = INT64_C(1763740800) * INT64_C(1000000) + 123456;
static struct directory_snapshot snapshot, other;

static bool is_ours(const char *text)
{
    int64_t age;
    return stamp_age(&snapshot, "shop", text, now_us, &age);
}

START_TEST(ages)
{
    char text[STAMP_SIZE];
    int64_t age = 7;
    static const int64_t seconds[] = {0, 1, 86400, -300, INT64_C(1000000000)};
    ck_assert_ptr_eq(stamp_make(&snapshot, "shop", now_us, text), text);
    for (size_t i = 0; i < COUNT_OF(seconds); i++) {
        int64_t later_us = now_us + seconds[i] * CLOCK_SECOND_US;
        ck_assert(stamp_age(&snapshot, "shop", text, later_us, &age));
        ck_assert_int_eq(age, seconds[i] * CLOCK_SECOND_US + 123456);
    }
    ck_assert_uint_lt(strlen(text), STAMP_SIZE);
    /* The longest slug, and times until the year 5138. */
    static const char slug[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    int64_t far_us = INT64_C(99999999999) * CLOCK_SECOND_US;
    stamp_make(&snapshot, slug, far_us, text);
    ck_assert(stamp_age(&snapshot, slug, text, far_us, &age));
    ck_assert_int_eq(age, 0);
}
END_TEST

/* Every other text of the same length with one character changed, every shorter and longer one. */
START_TEST(tampered)
{
    char text[STAMP_SIZE], wrong[STAMP_SIZE + 8];
    stamp_make(&snapshot, "shop", now_us, text);
    ck_assert(is_ours(text));
    for (size_t i = 0; i < strlen(text); i++) {
        for (int c = 1; c < 256; c++) {
            memcpy(wrong, text, sizeof text);
            wrong[i] = (char)c;
            ck_assert_msg(is_ours(wrong) == (wrong[i] == text[i]), "%s", wrong);
        }
        memcpy(wrong, text, sizeof text);
        wrong[i] = '\0';
        ck_assert_msg(!is_ours(wrong), "%s", wrong);
        ck_assert(!is_ours(text + i + 1));
    }
    snprintf(wrong, sizeof wrong, "%sA", text);
    ck_assert(!is_ours(wrong));
    ck_assert(!is_ours("zzzzzzzzzzzzzzzz.AAAAAAAAAAAAAAAA"));
}
END_TEST

START_TEST(of_another)
{
    char text[STAMP_SIZE];
    ck_assert(!is_ours(stamp_make(&other, "shop", now_us, text)));
    ck_assert(!is_ours(stamp_make(&snapshot, "shop2", now_us, text)));
    ck_assert(!is_ours(stamp_make(&snapshot, "sho", now_us, text)));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {ages, tampered, of_another};

    if (!crypto_init())
        return EXIT_FAILURE;
    snapshot.edit_secret = crypto_mac_key("one", 3);
    other.edit_secret = crypto_mac_key("two", 3);
    return suite_run("stamp", tests, COUNT_OF(tests));
}
