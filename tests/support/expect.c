#include "support/expect.h"
#include "npsd/domain/problem.h"
#include "support/text.h"
#include <check.h>
#include <math.h>
#include <string.h>

/* FORMAT and its arguments say what was expected. */
#define REQUIRE(place, reply, condition, format, ...)                                              \
    ck_assert_msg(condition, "%s:%d: %s\nexpected " format "\ngot %ld %s", (place).file,           \
                  (place).line, (reply)->request, __VA_ARGS__, (reply)->status, (reply)->body)

struct reply *expect_status_at(struct place place, struct reply *reply, long status)
{
    REQUIRE(place, reply, reply->status == status, "status %ld", status);
    return reply;
}

struct reply *expect_header_at(struct place place, struct reply *reply, const char *name,
                               const char *value)
{
    const char *found = header_of(reply, name);
    REQUIRE(place, reply, found && strcmp(found, value) == 0, "header %s: %s, not %s", name, value,
            found ? found : "none");
    return reply;
}

/* --- problems --- */

struct known_problem {
    long status;
    const char *slug;
    const char *title;
};

static const struct known_problem known_problems[] = {
#define KNOWN_PROBLEM(name, status, slug, title, ...) {status, slug, title},
    PROBLEM_TABLE(KNOWN_PROBLEM)
#undef KNOWN_PROBLEM
};

static const char *title_of(const char *slug)
{
    for (size_t i = 0; i < sizeof(known_problems) / sizeof(known_problems[0]); i++)
        if (strcmp(known_problems[i].slug, slug) == 0)
            return known_problems[i].title;
    return "no such problem";
}

static bool is_pointer(const char *where)
{
    return *where == '/' || *where == '\0';
}

static bool names_place(json_t *error, const char *where)
{
    const char *member = is_pointer(where) ? "pointer" : "parameter";
    const char *value = json_string_value(json_object_get(error, member));
    const char *detail = json_string_value(json_object_get(error, "detail"));
    return value && strcmp(value, where) == 0 && detail && *detail && json_object_size(error) == 2;
}

static bool has_error(json_t *problem, const char *where)
{
    size_t i;
    json_t *error;
    json_array_foreach(json_object_get(problem, "errors"), i,
                       error) if (names_place(error, where)) return true;
    return false;
}

static bool member_is(json_t *problem, const char *name, const char *value)
{
    const char *found = json_string_value(json_object_get(problem, name));
    return found && strcmp(found, value) == 0;
}

void expect_problem_object(struct place place, const struct reply *reply, json_t *problem,
                           long status, const char *slug, const char *where)
{
    REQUIRE(place, reply, json_is_object(problem), "a problem %s", slug);
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *end = text("/problems/%s", slug);
    REQUIRE(place, reply,
            type && strlen(type) >= strlen(end) &&
                strcmp(type + strlen(type) - strlen(end), end) == 0,
            "a type that ends with %s", end);
    json_t *number = json_object_get(problem, "status");
    REQUIRE(place, reply, json_is_integer(number) && json_integer_value(number) == status,
            "the member status %ld", status);
    REQUIRE(place, reply, member_is(problem, "title", title_of(slug)), "the title \"%s\"",
            title_of(slug));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    REQUIRE(place, reply, detail && *detail, "a detail (%s)", slug);
    REQUIRE(place, reply, !where || has_error(problem, where), "an error at \"%s\"", where);
}

struct reply *expect_problem_at(struct place place, struct reply *reply, long status,
                                const char *slug, const char *where)
{
    REQUIRE(place, reply, reply->status == status, "status %ld, %s", status, slug);
    const char *type = header_of(reply, "Content-Type");
    REQUIRE(place, reply, type && strcmp(type, "application/problem+json") == 0,
            "application/problem+json, not %s", type ? type : "no type");
    expect_problem_object(place, reply, reply->json, status, slug, where);
    const char *id = header_of(reply, "X-Request-Id");
    REQUIRE(place, reply, id && member_is(reply->json, "instance", id), "the instance %s",
            id ? id : "of an X-Request-Id");
    return reply;
}

struct reply *expect_wrong_key_at(struct place place, struct reply *reply)
{
    if (reply->status != 429)
        return expect_problem_at(place, reply, 401, "unauthorized", NULL);
    expect_problem_at(place, reply, 429, "too-many-requests", NULL);
    return expect_json_at(place, reply, "/violated-policies", "[\"wrong-keys\"]");
}

struct reply *expect_errors_at(struct place place, struct reply *reply, long status,
                               const char *slug, const char *list)
{
    expect_problem_at(place, reply, status, slug, NULL);
    size_t count = 0;
    for (const char *at = list; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        const char *where = text("%.*s", (int)len, at);
        REQUIRE(place, reply, has_error(reply->json, where), "an error at \"%s\"", where);
        count++;
        at += len;
    }
    size_t found = json_array_size(reply_at(reply, "/errors"));
    REQUIRE(place, reply, found == count, "%zu errors: %s", count, list);
    return reply;
}

/* --- values --- */

struct reply *expect_string_at(struct place place, struct reply *reply, const char *pointer,
                               const char *value)
{
    const char *found = json_string_value(reply_at(reply, pointer));
    REQUIRE(place, reply, found && strcmp(found, value) == 0, "\"%s\" at %s", value, pointer);
    return reply;
}

struct reply *expect_int_at(struct place place, struct reply *reply, const char *pointer,
                            json_int_t value)
{
    json_t *found = reply_at(reply, pointer);
    REQUIRE(place, reply, json_is_integer(found) && json_integer_value(found) == value,
            "%" JSON_INTEGER_FORMAT " at %s", value, pointer);
    return reply;
}

struct reply *expect_real_at(struct place place, struct reply *reply, const char *pointer,
                             double value)
{
    json_t *found = reply_at(reply, pointer);
    REQUIRE(place, reply, json_is_number(found) && fabs(json_number_value(found) - value) < 0.00005,
            "%.4f at %s", value, pointer);
    return reply;
}

struct reply *expect_json_at(struct place place, struct reply *reply, const char *pointer,
                             const char *value)
{
    json_t *wanted = json_loads(value, JSON_DECODE_ANY, NULL);
    REQUIRE(place, reply, wanted != NULL, "JSON in the test: %s", value);
    bool equal = json_equal(reply_at(reply, pointer), wanted);
    json_decref(wanted);
    REQUIRE(place, reply, equal, "%s at \"%s\"", value, pointer);
    return reply;
}

struct reply *expect_none_at(struct place place, struct reply *reply, const char *pointer)
{
    REQUIRE(place, reply, reply_at(reply, pointer) == NULL, "nothing at %s", pointer);
    return reply;
}

long long expect_time_at(struct place place, struct reply *reply, const char *pointer)
{
    const char *found = json_string_value(reply_at(reply, pointer));
    long long us = found ? text_parse_us(found) : -1;
    REQUIRE(place, reply, us >= 0, "a time in UTC at %s", pointer);
    return us;
}
