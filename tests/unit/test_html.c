/* HTML written so that what people wrote stays text. */
#include "npsd/page/html.h"
#include "suite.h"

static struct arena arena;

static struct buf fresh(void)
{
    return buf_make(&arena, 8);
}

START_TEST(texts_are_escaped)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain Ж 漢 🙂", "plain Ж 漢 🙂"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"\" onload='x' a=\"", "&quot; onload=&#39;x&#39; a=&quot;"},
        {"&amp; &", "&amp;amp; &amp;"},
        {"</textarea></style>", "&lt;/textarea&gt;&lt;/style&gt;"},
        {"a\tb\nc\rd", "a\tb\nc\rd"},
        {"a\001b\033[0m\177", "ab[0m"},
        {"%s %d %%", "%s %d %%"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out = fresh();
        html_text(&out, cases[i][0]);
        ck_assert_str_eq(out.data, cases[i][1]);
        out = fresh();
        html_put(&out, "<p title=\"%s\">", cases[i][0]);
        ck_assert_str_eq(out.data, arena_printf(&arena, "<p title=\"%s\">", cases[i][1]));
    }
}
END_TEST

START_TEST(formats)
{
    struct buf out = fresh();
    html_put(&out, "%s<b>%d%%</b>%s.", "<", -7, ">");
    ck_assert_str_eq(out.data, "&lt;<b>-7%</b>&gt;.");
    html_put(&out, "plain");
    ck_assert_str_eq(out.data, "&lt;<b>-7%</b>&gt;.plain");
}
END_TEST

/* A format that could write something unescaped is a mistake in this program. */
START_TEST(other_formats_abort)
{
    struct buf out = fresh();
    html_put(&out, "%c", 'x');
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {texts_are_escaped, formats};
    const TTest *const aborting[] = {other_formats_abort};

    arena_init(&arena, 4096);
    int status =
        suite_run_with_aborts("html", tests, COUNT_OF(tests), aborting, COUNT_OF(aborting));
    arena_done(&arena);
    return status;
}
