#include "npsd/base/buf.h"
#include "suite.h"
#include <stdbool.h>
#include <string.h>

static struct arena arena;

static struct buf make(size_t size)
{
    arena_done(&arena);
    arena_init(&arena, 64);
    return buf_make(&arena, size);
}

START_TEST(begins_empty)
{
    for (size_t size = 0; size < 20; size++) {
        struct buf buf = make(size);
        ck_assert_uint_eq(buf.len, 0);
        ck_assert_str_eq(buf.data, "");
    }
}
END_TEST

START_TEST(grows_and_stays_terminated)
{
    struct buf buf = make(1);
    char expected[3001] = "";
    for (size_t i = 0; i < 1000; i++) {
        memcpy(expected + 3 * i, "abc", 4);
        buf_text(&buf, "ab");
        buf_char(&buf, 'c');
        ck_assert_uint_eq(buf.len, 3 * (i + 1));
        ck_assert_str_eq(buf.data, expected);
        ck_assert_uint_lt(buf.len, buf.size);
    }
}
END_TEST

START_TEST(takes_any_bytes)
{
    struct buf buf = make(4);
    buf_add(&buf, "a\0b", 3);
    buf_add(&buf, NULL, 0);
    buf_add(&buf, "\xFF\0", 2);
    ck_assert_uint_eq(buf.len, 5);
    ck_assert_mem_eq(buf.data, "a\0b\xFF\0", 6);
}
END_TEST

/* Both ways of printing: into the room there is, and into more. */
START_TEST(prints)
{
    for (size_t size = 1; size < 40; size++) {
        struct buf buf = make(size);
        buf_text(&buf, "x");
        buf_printf(&buf, "%d-%s", 12345, "abcdefghij");
        buf_printf(&buf, "%s", "");
        ck_assert_str_eq(buf.data, "x12345-abcdefghij");
        ck_assert_uint_eq(buf.len, 17);
    }
}
END_TEST

START_TEST(numbers_are_in_network_order)
{
    struct buf buf = make(1);
    buf_be16(&buf, 0x0102);
    buf_be32(&buf, 0x03040506);
    buf_be64(&buf, UINT64_C(0x0708090A0B0C0D0E));
    ck_assert_uint_eq(buf.len, 14);
    ck_assert_mem_eq(buf.data, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E", 15);
}
END_TEST

START_TEST(reserves)
{
    struct buf buf = make(1);
    buf_text(&buf, "ab");
    char *at = buf_reserve(&buf, 100);
    memset(at, 'z', 100);
    ck_assert_uint_eq(buf.len, 102);
    ck_assert_ptr_eq(at, buf.data + 2);
    ck_assert_int_eq(buf.data[102], '\0');
    ck_assert_ptr_eq(buf_reserve(&buf, 0), buf.data + 102);
}
END_TEST

START_TEST(an_impossible_length_lands)
{
    struct buf buf = make(1);
    jmp_buf landing;
    arena.landing = &landing;
    buf_text(&buf, "ab");
    if (setjmp(landing) == 0) {
        buf_reserve(&buf, SIZE_MAX);
        ck_abort_msg("came back");
    }
    ck_assert_str_eq(buf.data, "ab");
    arena.landing = NULL;
}
END_TEST

int main(void)
{
    const TTest *tests[] = {begins_empty,
                            grows_and_stays_terminated,
                            takes_any_bytes,
                            prints,
                            numbers_are_in_network_order,
                            reserves,
                            an_impossible_length_lands};
    int failed = suite_run("buf", tests, COUNT_OF(tests));
    arena_done(&arena);
    return failed;
}
