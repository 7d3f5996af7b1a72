#include "npsd/base/arena.h"
#include "suite.h"
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

/* The address sanitizer is to refuse huge requests as malloc does, not to stop at them. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static int destroyed[8];
static int destroyed_count;

static void note(void *object)
{
    destroyed[destroyed_count++] = *(int *)object;
}

#ifndef __SANITIZE_ADDRESS__
static int seen;

static void see(void *object)
{
    (void)object;
    seen++;
}
#endif

static bool all_are(const unsigned char *bytes, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* Whether allocating size bytes comes back by the landing. */
static bool lands(struct arena *arena, size_t size)
{
    jmp_buf landing;
    arena->landing = &landing;
    if (setjmp(landing) != 0) {
        arena->landing = NULL;
        return true;
    }
    arena_alloc(arena, size);
    arena->landing = NULL;
    return false;
}

START_TEST(pointers_are_aligned_and_apart)
{
    struct arena arena;
    arena_init(&arena, 64);
    unsigned char *all[500];
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        all[i] = arena_alloc(&arena, i);
        ck_assert_uint_eq((uintptr_t)all[i] % _Alignof(max_align_t), 0);
        memset(all[i], (int)(i & 0xFF), i);
    }
    for (size_t i = 0; i < COUNT_OF(all); i++)
        ck_assert(all_are(all[i], i, i & 0xFF));
    arena_done(&arena);
}
END_TEST

START_TEST(reset_keeps_the_first_block)
{
    struct arena arena;
    arena_init(&arena, 1024);
    const void *first = arena_alloc(&arena, 100);
    const void *block = arena.first;
    for (int i = 0; i < 100; i++)
        arena_alloc(&arena, 1000);
    ck_assert_ptr_ne(arena.current, block);
    arena_reset(&arena);
    ck_assert_ptr_eq(arena.first, block);
    ck_assert_ptr_eq(arena.current, block);
    ck_assert_ptr_eq(arena_alloc(&arena, 100), first);
    arena_done(&arena);
    ck_assert_ptr_null(arena.first);
}
END_TEST

START_TEST(a_zeroed_arena_works_and_is_safe_to_end)
{
    struct arena arena = {0};
    arena_reset(&arena);
    arena_done(&arena);
    ck_assert_str_eq(arena_strdup(&arena, "abc"), "abc");
    arena_done(&arena);
    arena_done(&arena);
    arena_init(&arena, 0);
    ck_assert_str_eq(arena_strdup(&arena, "def"), "def");
    arena_done(&arena);
}
END_TEST

START_TEST(large_pieces_get_their_room)
{
    struct arena arena;
    arena_init(&arena, 16);
    ck_assert(all_are(arena_calloc(&arena, 3, 1 << 20), 3 << 20, 0));
    memset(arena_alloc(&arena, 10), 1, 10);
    arena_done(&arena);
}
END_TEST

START_TEST(calloc_clears_used_memory)
{
    struct arena arena;
    arena_init(&arena, 256);
    memset(arena_alloc(&arena, 256), 0xAA, 256);
    arena_reset(&arena);
    ck_assert(all_are(arena_calloc(&arena, 16, 16), 256, 0));
    arena_done(&arena);
}
END_TEST

START_TEST(copies)
{
    struct arena arena;
    arena_init(&arena, 256);
    ck_assert_str_eq(arena_strndup(&arena, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_strndup(&arena, NULL, 0), "");
    ck_assert_mem_eq(arena_memdup(&arena, "a\0b", 3), "a\0b", 3);
    ck_assert_ptr_nonnull(arena_memdup(&arena, NULL, 0));
    ck_assert_str_eq(arena_printf(&arena, "/answers/%s/%d", "why", 7), "/answers/why/7");
    ck_assert_str_eq(arena_printf(&arena, "%s", ""), "");
    char long_text[10000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    ck_assert_str_eq(arena_printf(&arena, "%s", long_text), long_text);
    arena_done(&arena);
}
END_TEST

START_TEST(cleanups_run_last_first_and_once)
{
    static int objects[] = {1, 2, 3};
    struct arena arena;
    arena_init(&arena, 64);
    destroyed_count = 0;
    for (int i = 0; i < 3; i++)
        arena_defer(&arena, note, &objects[i]);
    arena_reset(&arena);
    ck_assert_int_eq(destroyed_count, 3);
    ck_assert_int_eq(destroyed[0], 3);
    ck_assert_int_eq(destroyed[2], 1);
    arena_reset(&arena);
    ck_assert_int_eq(destroyed_count, 3);
    arena_defer(&arena, note, &objects[0]);
    arena_done(&arena);
    arena_done(&arena);
    ck_assert_int_eq(destroyed_count, 4);
}
END_TEST

START_TEST(out_of_memory_lands)
{
    static const size_t huge[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 16, SIZE_MAX - 64,
                                  SIZE_MAX / 4};
    struct arena arena;
    arena_init(&arena, 256);
    const char *before = arena_strdup(&arena, "still here");
    for (size_t i = 0; i < COUNT_OF(huge); i++)
        ck_assert(lands(&arena, huge[i]));
    ck_assert(!lands(&arena, 100));
    ck_assert_str_eq(before, "still here");
    arena_done(&arena);
}
END_TEST

/* The sanitizer's allocator does not know this limit. */
#ifndef __SANITIZE_ADDRESS__
START_TEST(what_cannot_be_deferred_is_destroyed)
{
    struct arena arena;
    struct rlimit before, none;
    jmp_buf landing;
    static volatile int deferred;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    none = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    arena_init(&arena, 256);
    arena.landing = &landing;
    seen = 0;
    deferred = 0;
    setrlimit(RLIMIT_AS, &none);
    if (setjmp(landing) == 0)
        for (;; deferred++)
            arena_defer(&arena, see, NULL);
    setrlimit(RLIMIT_AS, &before);
    ck_assert_int_gt(deferred, 0);
    ck_assert_int_eq(seen, 1);
    arena_done(&arena);
    ck_assert_int_eq(seen, deferred + 1);
}
END_TEST
#endif

START_TEST(landing_survives_a_reset)
{
    struct arena arena;
    jmp_buf landing;
    arena_init(&arena, 256);
    arena.landing = &landing;
    arena_reset(&arena);
    ck_assert_ptr_eq(arena.landing, &landing);
    if (setjmp(landing) == 0) {
        arena_strndup(&arena, "x", SIZE_MAX);
        ck_abort_msg("came back");
    }
    arena_done(&arena);
}
END_TEST

START_TEST(without_landing_the_process_aborts)
{
    struct arena arena;
    arena_init(&arena, 256);
    arena_alloc(&arena, SIZE_MAX / 4);
}
END_TEST

START_TEST(an_overflowing_product_aborts)
{
    struct arena arena;
    jmp_buf landing;
    arena_init(&arena, 256);
    arena.landing = &landing;
    if (setjmp(landing) == 0)
        arena_calloc(&arena, SIZE_MAX / 2, 3);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {pointers_are_aligned_and_apart,
                            reset_keeps_the_first_block,
                            a_zeroed_arena_works_and_is_safe_to_end,
                            large_pieces_get_their_room,
                            calloc_clears_used_memory,
                            copies,
                            cleanups_run_last_first_and_once,
                            out_of_memory_lands,
#ifndef __SANITIZE_ADDRESS__
                            what_cannot_be_deferred_is_destroyed,
#endif
                            landing_survives_a_reset};
    const TTest *aborting[] = {without_landing_the_process_aborts, an_overflowing_product_aborts};
    return suite_run_with_aborts("arena", tests, COUNT_OF(tests), aborting, COUNT_OF(aborting));
}
