/* Tables for people: columns are straight, and nothing in a cell steers the terminal. */
#include "npsd/cli/table.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

START_TEST(table_is_straight)
{
    static const char *const headings[] = {"A", "LONG"};
    struct arena arena;
    char *text = NULL;
    size_t len = 0;

    arena_init(&arena, 1024);
    struct table table = table_make(&arena, headings, 2);

    for (int i = 0; i < 40; i++) {
        table_add(&table, i == 3 ? "\xd0\x96\xd0\x96\xd0\x96" : "x");
        table_add(&table, "\x1b[31m");
    }
    table_add_time(&table, 0);
    table_add_time(&table, INT64_C(1000000999999));
    FILE *file = open_memstream(&text, &len);
    table_print(&table, file);
    fclose(file);
    ck_assert_ptr_eq(strstr(text, "A    LONG\nx    ?[31m\n"), text);
    ck_assert_ptr_nonnull(strstr(text, "\n\xd0\x96\xd0\x96\xd0\x96  ?[31m\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n-    1970-01-12T13:46:40Z\n"));
    free(text);
    arena_done(&arena);
}
END_TEST

/* Also of those that UTF-8 has in two bytes, which steer terminals as well, and of what is none. */
START_TEST(control_characters_are_told_as_such)
{
    static const char *const headings[] = {"A"};
    static const char *const cells[][2] = {{"\xC2\x9B"
                                            "31m",
                                            "??31m"},
                                           {"a\xC2\x85z", "a??z"},
                                           {"\x7F\n\t\r", "????"},
                                           {"\xFF\x9B", "??"},
                                           {"\xC2", "?"},
                                           {"\xC2\xA0\xD0\x96", "\xC2\xA0\xD0\x96"}};
    struct arena arena;
    char *text = NULL;
    size_t len = 0;

    arena_init(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        struct table table = table_make(&arena, headings, 1);
        table_add(&table, cells[i][0]);
        FILE *file = open_memstream(&text, &len);
        table_print(&table, file);
        fclose(file);
        ck_assert_str_eq(text, arena_printf(&arena, "A\n%s\n", cells[i][1]));
        free(text);
    }
    arena_done(&arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {table_is_straight, control_characters_are_told_as_such};
    return suite_run("table", tests, COUNT_OF(tests));
}
