#include "json_cases.h"

/* --- json_read --- */

/* What json_read says of these bytes; NULL if it takes them. */
static const char *fault_of(struct arena *arena, const char *bytes, size_t len)
{
    const char *detail = NULL;
    json_t *value = json_read(arena, bytes, len, &detail);

    ck_assert((value == NULL) == (detail != NULL));
    return detail;
}

START_TEST(documents_taken)
{
    static const char *const taken[] = {
        "{}",
        "[]",
        " \r\n\t{\"a\": 1} \n",
        "{\"a\": \"}]{[,\\\"\\\\\"}",
        "[[[[[[[[]]]]]]]]",
        "[{\"a\":[{\"b\":[{\"c\":[{}]}]}]}]",
        "{\"\": null}",
        "{\"a\": \"\\u0001\\ud83d\\ude00\"}",
        "[1,2.5,1e5,-0,true,false,null,\"x\"]",
        "[\"[[[[[[[[[[[[\"]",
    };
    struct arena arena;

    arena_init(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        ck_assert_msg(!fault_of(&arena, taken[i], strlen(taken[i])), "%s", taken[i]);
    arena_done(&arena);
}
END_TEST

START_TEST(documents_refused)
{
    static const struct {
        const char *bytes, *detail;
    } refused[] = {
        {"", "line 1, column 1: the JSON ends too early"},
        {" ", "line 1, column 1: the JSON ends too early"},
        {"{", "line 1, column 1: the JSON ends too early"},
        {"{\"a\":", "line 1, column 5: the JSON ends too early"},
        {"{\"a\":\"secret", "line 1, column 12: the JSON ends too early"},
        {"{\"a\":\"secret\\", "line 1, column 13: not JSON"},
        {"]", "line 1, column 1: not JSON"},
        {"[}", "line 1, column 2: not JSON"},
        {"[]]]", "line 1, column 3: something follows the JSON"},
        {"{} {}", "line 1, column 4: something follows the JSON"},
        {"{}x", "line 1, column 3: something follows the JSON"},
        {"12", "line 1, column 2: not JSON"},
        {"\"text\"", "line 1, column 6: not JSON"},
        {"null", "line 1, column 4: not JSON"},
        {"secret", "line 1, column 6: not JSON"},
        {"{'a':1}", "line 1, column 2: not JSON"},
        {"{\"a\":1,}", "line 1, column 8: not JSON"},
        {"{\"a\" 1}", "line 1, column 6: not JSON"},
        {"[1 2]", "line 1, column 4: not JSON"},
        {"[007]", "line 1, column 2: not JSON"},
        {"[+7]", "line 1, column 2: not JSON"},
        {"[NaN]", "line 1, column 4: not JSON"},
        {"[1] // note", "line 1, column 5: something follows the JSON"},
        {"\xEF\xBB\xBF{}", "line 1, column 1: not JSON"},
        {"[9223372036854775808]", "line 1, column 20: number out of range"},
        {"[1e400]", "line 1, column 6: number out of range"},
        {"{\"a\":1,\n \"secret\":2,\n  \"a\":3}", "line 3, column 5: duplicate member"},
        {"{\"a\":{\"b\":1,\"b\":1}}", "line 1, column 15: duplicate member"},
        {"[\"a\xFF\"]", "line 1, column 3: invalid UTF-8"},
        {"[\"\xC0\x80\"]", "line 1, column 2: invalid UTF-8"},
        {"[\"\xED\xA0\x80\"]", "line 1, column 2: invalid UTF-8"},
        {"[\"\xF4\x90\x80\x80\"]", "line 1, column 2: invalid UTF-8"},
        {"[\"\\ud800\"]", "line 1, column 9: not JSON"},
        {"[\"\\u0000\"]", "line 1, column 9: the character NUL is not allowed"},
        {"{\"\\u0000\":1}", "line 1, column 9: the character NUL is not allowed"},
        {"[\"a\nb\"]", "line 1, column 3: not JSON"},
        {"[\"a\x01\"]", "line 1, column 3: not JSON"},
        {"[[[[[[[[[", "line 1, column 9: nested too deep"},
        {"{\"ы\":\n[[[[[[[\"ы\",[", "line 2, column 12: nested too deep"},
        {"[[[[[[[[{}]]]]]]]]", "line 1, column 9: nested too deep"},
    };
    struct arena arena;

    arena_init(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        const char *detail = fault_of(&arena, refused[i].bytes, strlen(refused[i].bytes));

        ck_assert_msg(detail && strcmp(detail, refused[i].detail) == 0, "%s: %s", refused[i].bytes,
                      detail ? detail : "taken");
        ck_assert(!strstr(detail, "secret"));
    }
    ck_assert_str_eq(fault_of(&arena, "{}\0", 3), "line 1, column 3: something follows the JSON");
    ck_assert_str_eq(fault_of(&arena, "[\"a\0\"]", 6), "line 1, column 3: not JSON");
    ck_assert_str_eq(fault_of(&arena, NULL, 0), "line 1, column 1: the JSON ends too early");
    arena_done(&arena);
}
END_TEST

/* An object (or array) of this many members, within an array that has gone through others. */
static const char *many_members(struct arena *arena, size_t count, bool object)
{
    struct buf buf = buf_make(arena, 1024);

    buf_text(&buf, "[{\"x\":1,\"y\":2},");
    for (size_t i = 0; i < count; i++) {
        buf_char(&buf, i > 0 ? ',' : object ? '{' : '[');
        buf_printf(&buf, object ? "\"m%zu\":[1,2]" : "%zu", i);
    }
    buf_text(&buf, object ? "}]" : "]]");
    return buf.data;
}

START_TEST(members_are_limited)
{
    struct arena arena;

    arena_init(&arena, 4096);
    const char *fits = many_members(&arena, JSON_MEMBERS_MAX, true);
    const char *over = many_members(&arena, JSON_MEMBERS_MAX + 1, true);
    const char *array = many_members(&arena, 1000, false);
    ck_assert_ptr_null(fault_of(&arena, fits, strlen(fits)));
    ck_assert_ptr_nonnull(
        strstr(fault_of(&arena, over, strlen(over)), ": too many members in one object"));
    ck_assert_ptr_null(fault_of(&arena, array, strlen(array)));
    arena_done(&arena);
}
END_TEST

/* A document of short values would cost many times its bytes. */
START_TEST(values_are_limited)
{
    struct arena arena;

    arena_init(&arena, 4096);
    const char *fits = many_members(&arena, JSON_VALUES_MAX - 4, false);
    const char *over = many_members(&arena, JSON_VALUES_MAX, false);
    ck_assert_ptr_null(fault_of(&arena, fits, strlen(fits)));
    ck_assert_ptr_nonnull(strstr(fault_of(&arena, over, strlen(over)), ": too many values"));
    arena_done(&arena);
}
END_TEST

/* Cut, doubled and spoiled documents: never a crash, and what is taken is an object or array. */
START_TEST(spoiled_documents)
{
    static const char good[] =
        "{\"score\":9,\"answers\":{\"why\":\"\\u0416\xD0\x96\\n\",\"a\":[1,-2.5e3,"
        "true]},\"properties\":{\"branch\":\"north\"}}";
    uint64_t random = 11;
    struct arena arena;

    arena_init(&arena, 4096);
    for (int i = 0; i < 20000; i++) {
        char bytes[sizeof(good)];
        size_t len = (size_t)suite_between(&random, 0, sizeof(good) - 1);
        const char *detail;

        memcpy(bytes, good, sizeof(good));
        for (int64_t n = suite_between(&random, 0, 3); n > 0; n--)
            bytes[suite_between(&random, 0, sizeof(good) - 2)] = (char)suite_random(&random);
        if (i & 1)
            len = sizeof(good) - 1;
        json_t *value = json_read(&arena, bytes, len, &detail);
        ck_assert(!value || json_is_object(value) || json_is_array(value));
        arena_reset(&arena);
    }
    arena_done(&arena);
}
END_TEST

/* --- json_decode --- */

struct target {
    const char *text;
    int number;
    bool flag;
    int64_t time_us;
    json_t *value;
    const char *optional;
};

static const struct json_field fields[] = {
    JSON_TEXT("text", offsetof(struct target, text), 1, 5, JSON_REQUIRED),
    JSON_INT("number", offsetof(struct target, number), -3, 10, 0),
    JSON_BOOL("flag", offsetof(struct target, flag), 0),
    JSON_TIME("time", offsetof(struct target, time_us), 0),
    JSON_VALUE("value", offsetof(struct target, value), 0),
    JSON_TEXT("optional", offsetof(struct target, optional), 0, 3, JSON_NULLABLE),
};

START_TEST(fields_decoded)
{
    struct arena arena;
    struct target target = {.optional = "as it was"};
    uint64_t sent = 0;

    arena_init(&arena, 1024);
    struct problem_errors errors = {.arena = &arena};
    json_t *value = case_json(&arena, "{\"text\":\"пять!\",\"number\":-3,\"flag\":true,"
                                      "\"time\":\"1970-01-01T00:00:01+00:00\",\"value\":[7],"
                                      "\"optional\":null}");
    ck_assert(json_decode(value, "", fields, COUNT_OF(fields), &target, &errors, &sent));
    ck_assert_str_eq(target.text, "пять!");
    ck_assert_int_eq(target.number, -3);
    ck_assert(target.flag);
    ck_assert_int_eq(target.time_us, 1000000);
    ck_assert_ptr_eq(target.value, json_object_get(value, "value"));
    ck_assert_str_eq(target.optional, "as it was");
    ck_assert_uint_eq(sent, 0x1F);
    arena_done(&arena);
}
END_TEST

START_TEST(fields_not_sent_stay)
{
    struct arena arena;
    struct target target = {.number = 4, .flag = true, .time_us = 5, .optional = "x"};
    uint64_t sent = 0;

    arena_init(&arena, 1024);
    struct problem_errors errors = {.arena = &arena};
    ck_assert(json_decode(case_json(&arena, "{\"text\":\"t\"}"), "", fields, COUNT_OF(fields),
                          &target, &errors, &sent));
    ck_assert(target.number == 4 && target.flag && target.time_us == 5 && !target.value);
    ck_assert_uint_eq(sent, 1);
    arena_done(&arena);
}
END_TEST

/* Texts outlive their document. */
START_TEST(texts_are_copied)
{
    struct arena arena;
    struct target target = {0};

    arena_init(&arena, 1024);
    struct problem_errors errors = {.arena = &arena};
    json_t *value = json_loads("{\"text\":\"abc\"}", 0, NULL);
    ck_assert(json_decode(value, "", fields, COUNT_OF(fields), &target, &errors, NULL));
    json_decref(value);
    ck_assert_str_eq(target.text, "abc");
    arena_done(&arena);
}
END_TEST

static const char integer_fault[] = "must be an integer from -3 to 10";
static const char text_fault[] = "must be text of 1 to 5 characters";
static const char time_fault[] = "must be an RFC 3339 time such as 2026-11-20T14:03:00Z";
static const char unknown_fault[] = "is not known here";
static const char control_fault[] = "must not have control characters";

/* One wrong member each, beside a right "text" where that is not the wrong one. */
static const struct {
    const char *json, *where, *detail;
} wrong_fields[] = {
    {"[]", "/base", "must be an object"},
    {"{}", "/base/text", "is required"},
    {"{\"text\":null}", "/base/text", text_fault},
    {"{\"text\":\"\"}", "/base/text", text_fault},
    {"{\"text\":\"шесть!\"}", "/base/text", text_fault},
    {"{\"text\":7}", "/base/text", text_fault},
    {"{\"text\":[\"a\"]}", "/base/text", text_fault},
    {"{\"text\":\"a\\u0001\"}", "/base/text", control_fault},
    {"{\"text\":\"a\\u007f\"}", "/base/text", control_fault},
    {"{\"text\":\"a\",\"number\":11}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":-4}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":4294967300}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":-9223372036854775808}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":9.0}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":1e0}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":\"9\"}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":true}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":null}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"number\":[1]}", "/base/number", integer_fault},
    {"{\"text\":\"a\",\"flag\":1}", "/base/flag", "must be true or false"},
    {"{\"text\":\"a\",\"flag\":\"true\"}", "/base/flag", "must be true or false"},
    {"{\"text\":\"a\",\"flag\":null}", "/base/flag", "must be true or false"},
    {"{\"text\":\"a\",\"time\":\"2026-11-20\"}", "/base/time", time_fault},
    {"{\"text\":\"a\",\"time\":\"2026-02-30T00:00:00Z\"}", "/base/time", time_fault},
    {"{\"text\":\"a\",\"time\":1700000000}", "/base/time", time_fault},
    {"{\"text\":\"a\",\"time\":\"\"}", "/base/time", time_fault},
    {"{\"text\":\"a\",\"optional\":\"four\"}", "/base/optional",
     "must be text of at most 3 characters"},
    {"{\"text\":\"a\",\"Text\":\"b\"}", "/base/Text", unknown_fault},
    {"{\"text\":\"a\",\"\":1}", "/base/", unknown_fault},
    {"{\"text\":\"a\",\"a/b~c\":1}", "/base/a~1b~0c", unknown_fault},
    {"{\"text\":\"a\",\"%s%n\":1}", "/base/%s%n", unknown_fault},
    {"{\"text\":\"a\",\"ж\":null}", "/base/ж", unknown_fault},
};

START_TEST(wrong_fields_told)
{
    struct arena arena;

    arena_init(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(wrong_fields); i++) {
        struct target target = {.text = "before", .number = 4};
        struct problem_errors errors = {.arena = &arena};
        json_t *value = case_json(&arena, wrong_fields[i].json);
        bool ok = json_decode(value, "/base", fields, COUNT_OF(fields), &target, &errors, NULL);

        ck_assert_msg(!ok && errors.count == 1, "%s", wrong_fields[i].json);
        ck_assert_str_eq(errors.items[0].detail, wrong_fields[i].detail);
        ck_assert_str_eq(errors.items[0].where, wrong_fields[i].where);
        ck_assert_int_eq(target.number, 4);
        arena_reset(&arena);
    }
    arena_done(&arena);
}
END_TEST

START_TEST(all_faults_at_once)
{
    struct arena arena;
    struct target target = {0};

    arena_init(&arena, 1024);
    struct problem_errors errors = {.arena = &arena};
    json_t *value = case_json(&arena, "{\"x\":1,\"number\":\"9\",\"flag\":0,\"time\":0}");
    ck_assert(!json_decode(value, "", fields, COUNT_OF(fields), &target, &errors, NULL));
    ck_assert_str_eq(case_places(&arena, &errors), "/x /number /flag /time /text");
    arena_done(&arena);
}
END_TEST

/* A full list of errors must not look like no error. */
START_TEST(fault_beyond_the_list)
{
    struct arena arena;
    struct target target = {0};

    arena_init(&arena, 1024);
    struct problem_errors errors = {.arena = &arena};
    for (size_t i = 0; i < PROBLEM_ERRORS_MAX; i++)
        problem_add(&errors, "wrong", "/%zu", i);
    ck_assert(!json_decode(case_json(&arena, "{\"text\":1}"), "", fields, COUNT_OF(fields), &target,
                           &errors, NULL));
    ck_assert_uint_eq(errors.count, PROBLEM_ERRORS_MAX);
    arena_done(&arena);
}
END_TEST

START_TEST(pointers)
{
    struct arena arena;

    arena_init(&arena, 1024);
    ck_assert_str_eq(json_pointer(&arena, "", ""), "/");
    ck_assert_str_eq(json_pointer(&arena, "/a", "~/~1"), "/a/~0~1~01");
    const char *fits = case_long(&arena, "", "x", 64, "");
    ck_assert_uint_eq(strlen(json_pointer(&arena, "", fits)), 65);
    const char *longer = case_long(&arena, "x", "ж", 1000, "");
    ck_assert_str_eq(json_pointer(&arena, "", longer), case_long(&arena, "/x", "ж", 31, "..."));
    ck_assert_uint_eq(strlen(json_pointer(&arena, "", case_long(&arena, "", "/", 99, ""))),
                      1 + 128 + 3);
    arena_done(&arena);
}
END_TEST

START_TEST(text_checked)
{
    struct arena arena;

    arena_init(&arena, 1024);
    struct problem_errors errors = {.arena = &arena};
    json_t *value = case_json(&arena, "[\"a\\tb\\r\\nc\",\"\",5]");
    const json_t *text = json_array_get(value, 0);
    ck_assert_ptr_eq(json_check_text(text, "/t", 1, 9, &errors), json_string_value(text));
    ck_assert_ptr_nonnull(json_check_text(json_array_get(value, 1), "/t", 0, 9, &errors));
    ck_assert_uint_eq(errors.count, 0);
    ck_assert_ptr_null(json_check_text(json_array_get(value, 2), "/t", 0, 9, &errors));
    ck_assert_ptr_null(json_check_text(NULL, "/u", 1, 9, &errors));
    ck_assert_str_eq(case_places(&arena, &errors), "/t /u");
    arena_done(&arena);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        documents_taken,   documents_refused,  members_are_limited,   values_are_limited,
        spoiled_documents, fields_decoded,     fields_not_sent_stay,  texts_are_copied,
        wrong_fields_told, all_faults_at_once, fault_beyond_the_list, pointers,
        text_checked,
    };
    json_read_init();
    return suite_run("read", tests, COUNT_OF(tests));
}
