#include "npsd/api/etag.h"
#include "npsd/base/arena.h"
#include "suite.h"
#include <string.h>

START_TEST(same_body_same_tag)
{
    struct arena arena = {0};
    const char *tag = etag_of(&arena, "abc", 3);
    /* "b2sum --length=128" of abc. */
    ck_assert_str_eq(tag, "\"cf4ab791c62b8d2b2109c90275287816\"");
    ck_assert_str_eq(etag_of(&arena, "abcd", 3), tag);
    ck_assert_str_ne(etag_of(&arena, "abd", 3), tag);
    ck_assert_uint_eq(strlen(etag_of(&arena, "", 0)), strlen(tag));
    arena_done(&arena);
}
END_TEST

START_TEST(if_none_match)
{
    static const struct {
        const char *header;
        bool matches;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"*", true},
        {" * ", true},
        {"*, \"a\"", false},
        {"\"a\"", true},
        {"W/\"a\"", true},
        {"w/\"a\"", false},
        {"\"b\"", false},
        {"\"b\", \"a\"", true},
        {"\"b\",\"a\"", true},
        {",, \"b\" ,\t\"a\"", true},
        {"\"b\", W/\"c\", W/\"a\"", true},
        {"\"aa\"", false},
        {"\"\"", false},
        {"a", false},
        {"\"a", false},
        {"\"b\", \"a", false},
        {"\"b, a\"", false},
        {"\"b, \"a\"", false},
        {"W/", false},
        {"W/a", false},
        {"junk, \"a\"", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(etag_matches(cases[i].header, "\"a\"") == cases[i].matches, "%s",
                      cases[i].header);
}
END_TEST

static const char *none_match;

static const char *header(const struct call *call, const char *name)
{
    (void)call;
    return strcmp(name, "If-None-Match") == 0 ? none_match : NULL;
}

static const char *find(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

START_TEST(reply_or_not)
{
    struct arena arena = {0};
    const struct call call = {.arena = &arena, .header = header};

    struct reply reply = etag_reply(&call, "text/plain", "abc", 3);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_uint_eq(reply.body_len, 3);
    ck_assert_str_eq(reply.type, "text/plain");
    none_match = find(&reply, "ETag");
    reply = etag_reply(&call, "text/plain", "abc", 3);
    ck_assert_int_eq(reply.status, 304);
    ck_assert_uint_eq(reply.body_len, 3); /* for whoever keeps it */
    ck_assert_str_eq(find(&reply, "ETag"), none_match);
    ck_assert_str_eq(find(&reply, "Cache-Control"), "private, no-cache");
    ck_assert_str_eq(find(&reply, "Vary"), "Authorization, Origin");
    ck_assert_int_eq(etag_reply(&call, "text/plain", "abd", 3).status, 200);
    arena_done(&arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {same_body_same_tag, if_none_match, reply_or_not};
    return suite_run("etag", tests, COUNT_OF(tests));
}
