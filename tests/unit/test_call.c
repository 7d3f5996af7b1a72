#include "npsd/http/call.h"
#include "suite.h"
#include <string.h>

static struct arena arena;
static struct query_pair pairs[CALL_QUERY_MAX];
static size_t count;

static bool parse(const char *text)
{
    count = 99;
    return call_parse_pairs(&arena, text, strlen(text), pairs, CALL_QUERY_MAX, &count);
}

static struct call call_with(const char *query)
{
    struct call call = {.arena = &arena};
    ck_assert(call_parse_pairs(&arena, query, strlen(query), call.query, CALL_QUERY_MAX,
                               &call.query_count));
    return call;
}

START_TEST(pairs_are_split_and_decoded)
{
    ck_assert(parse("last=30d&where.branch=a+b&tz=Europe%2FMoscow&x&&y=&=z&p=1=2"));
    ck_assert_uint_eq(count, 7);
    ck_assert_str_eq(pairs[0].name, "last");
    ck_assert_str_eq(pairs[0].value, "30d");
    ck_assert_str_eq(pairs[1].value, "a b");
    ck_assert_str_eq(pairs[2].value, "Europe/Moscow");
    ck_assert_str_eq(pairs[3].name, "x");
    ck_assert_str_eq(pairs[3].value, "");
    ck_assert_str_eq(pairs[4].value, "");
    ck_assert_str_eq(pairs[5].name, "");
    ck_assert_str_eq(pairs[6].value, "1=2");
    ck_assert(parse(""));
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(utf8_is_kept)
{
    ck_assert(parse("q=%D0%9C%d0%bE&r=\xE2\x82\xAC&s=%F0%9F%98%80"));
    ck_assert_str_eq(pairs[0].value, "Мо");
    ck_assert_str_eq(pairs[1].value, "€");
    ck_assert_str_eq(pairs[2].value, "😀");
}
END_TEST

START_TEST(malformed_queries)
{
    static const char *const wrong[] = {
        "a=%",       "a=%4",     "a=%zz",       "a=%4g",    "%=1",    "a=%00",          "%00=1",
        "a=%ff",     "a=%c0%80", "a=%ed%a0%80", "a=%e2%82", "a=\xff", "a=%f4%90%80%80", "a=%c3%28",
        "b=1&a=%80", "a=1%",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        ck_assert_msg(!parse(wrong[i]), "%s", wrong[i]);
        ck_assert_msg(count == 99, "%s", wrong[i]);
    }
    ck_assert(!call_parse_pairs(&arena, "a=\0b", 4, pairs, CALL_QUERY_MAX, &count));
}
END_TEST

START_TEST(too_many_pairs)
{
    char text[4 * CALL_QUERY_MAX + 8] = "";
    for (int i = 0; i < CALL_QUERY_MAX; i++)
        memcpy(text + 4 * i, "a=1&", 4);
    ck_assert(parse(text));
    ck_assert_uint_eq(count, CALL_QUERY_MAX);
    memcpy(text + 4 * CALL_QUERY_MAX, "a=1", 4);
    ck_assert(!parse(text));
}
END_TEST

START_TEST(query_lookup)
{
    struct call call = call_with("a=1&b=2");
    ck_assert_str_eq(call_query(&call, "b"), "2");
    ck_assert_ptr_null(call_query(&call, "c"));
    ck_assert_ptr_null(call_query(&call, "A"));
}
END_TEST

START_TEST(unknown_parameters_are_named)
{
    static const char *const known[] = {"last", "tz", NULL};
    struct call call = call_with("last=1&where.x=2&lst=3&where=4&tz=5");
    struct problem_errors errors = {.arena = &arena};
    call_query_known(&call, known, "where.", &errors);
    ck_assert_uint_eq(errors.count, 2);
    ck_assert_str_eq(errors.items[0].where, "lst");
    ck_assert_str_eq(errors.items[1].where, "where");
    errors.count = 0;
    call_query_known(&call, known, NULL, &errors);
    ck_assert_uint_eq(errors.count, 3);
}
END_TEST

START_TEST(whole_numbers)
{
    struct call call = call_with("a=7&b=-1&c=1001&d=1.5&e=&f=99999999999999999999&g=1000&h=%201");
    struct problem_errors errors = {.arena = &arena};
    int64_t value = 100;
    ck_assert(call_query_int(&call, "absent", 1, 1000, &value, &errors));
    ck_assert_int_eq(value, 100);
    ck_assert(call_query_int(&call, "a", 1, 1000, &value, &errors));
    ck_assert_int_eq(value, 7);
    ck_assert(call_query_int(&call, "g", 1, 1000, &value, &errors));
    ck_assert_int_eq(value, 1000);
    ck_assert_uint_eq(errors.count, 0);
    static const char *const wrong[] = {"b", "c", "d", "e", "f", "h"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        ck_assert_msg(!call_query_int(&call, wrong[i], 1, 1000, &value, &errors), "%s", wrong[i]);
        ck_assert_int_eq(value, 1000);
        ck_assert_uint_eq(errors.count, i + 1);
        ck_assert_str_eq(errors.items[i].where, wrong[i]);
    }
    ck_assert_str_eq(errors.items[0].detail, "must be a whole number from 1 to 1000");
}
END_TEST

static const char *proto, *forwarded_host;

static const char *fake_header(const struct call *call, const char *name)
{
    (void)call;
    return strcmp(name, "X-Forwarded-Proto") == 0  ? proto
           : strcmp(name, "X-Forwarded-Host") == 0 ? forwarded_host
                                                   : NULL;
}

START_TEST(headers_may_be_missing)
{
    struct call call = {.arena = &arena};
    ck_assert_ptr_null(call_header(&call, "Host"));
}
END_TEST

START_TEST(base_url)
{
    struct call call = {.arena = &arena, .header = fake_header, .host = "127.0.0.1:8080"};
    proto = "https";
    forwarded_host = "nps.example";
    ck_assert_str_eq(call_base_url(&call), "http://127.0.0.1:8080");
    call.through_proxy = true;
    ck_assert_str_eq(call_base_url(&call), "https://nps.example");
    proto = "javascript";
    forwarded_host = "evil/\"><script>";
    ck_assert_str_eq(call_base_url(&call), "http://127.0.0.1:8080");
    call.host = "a b";
    ck_assert_str_eq(call_base_url(&call), "http://localhost");
    call.host = NULL;
    ck_assert_str_eq(call_base_url(&call), "http://localhost");
    call.host = "[::1]:80";
    ck_assert_str_eq(call_base_url(&call), "http://[::1]:80");
    call.public_url = "https://public.example/nps";
    ck_assert_str_eq(call_base_url(&call), "https://public.example/nps");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        pairs_are_split_and_decoded,
        utf8_is_kept,
        malformed_queries,
        too_many_pairs,
        query_lookup,
        unknown_parameters_are_named,
        whole_numbers,
        headers_may_be_missing,
        base_url,
    };
    arena_init(&arena, 4096);
    int status = suite_run("call", tests, COUNT_OF(tests));
    arena_done(&arena);
    return status;
}
