#include "npsd/json/read.h"
#include "jansson_help.h"
#include "memory.h"
#include "npsd/base/clock.h"
#include "npsd/base/text.h"

enum { POINTER_NAME_MAX = 64 };

/* --- from bytes to a document --- */

void json_read_init(void)
{
    json_memory_init();
    json_object_seed(0);
}

static size_t string_end(const char *bytes, size_t len, size_t quote)
{
    size_t i = quote + 1;

    while (i < len && bytes[i] != '"')
        i += bytes[i] == '\\' ? 2 : 1;
    return i;
}

/*
 * Holds brackets and commas outside strings against our limits, before jansson follows them: it
 * would recurse once a level. Whether they make sense is jansson's to judge.
 */
static const char *limits_fault(const char *bytes, size_t len, size_t *ret_at)
{
    size_t commas_left[JSON_DEPTH_MAX], depth = 0, commas = 0;

    for (size_t i = 0; i < len; i++) {
        const char *fault = NULL;
        char c = bytes[i];

        if (c == '"') {
            i = string_end(bytes, len, i);
        } else if (c == '{' || c == '[') {
            if (depth == JSON_DEPTH_MAX)
                fault = "nested too deep";
            else
                commas_left[depth++] = c == '{' ? JSON_MEMBERS_MAX - 1 : SIZE_MAX;
        } else if (c == '}' || c == ']') {
            if (depth-- == 0)
                return NULL;
        } else if (c == ',' && ++commas >= JSON_VALUES_MAX) {
            fault = "too many values";
        } else if (c == ',' && depth > 0 && commas_left[depth - 1]-- == 0) {
            fault = "too many members in one object";
        }
        if (fault) {
            *ret_at = i;
            return fault;
        }
    }
    return NULL;
}

static const char *describe(struct arena *arena, int line, int column, const char *fault)
{
    return arena_printf(arena, "line %d, column %d: %s", line, column > 0 ? column : 1, fault);
}

static const char *describe_at(struct arena *arena, const char *bytes, size_t at, const char *fault)
{
    int line = 1;
    size_t start = 0;

    for (size_t i = 0; i < at; i++) {
        if (bytes[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return describe(arena, line, (int)text_length(bytes + start, at - start) + 1, fault);
}

/* jansson's own text repeats the input, so it is never passed on. */
static const char *parser_fault(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "invalid UTF-8";
    case json_error_premature_end_of_input:
        return "the JSON ends too early";
    case json_error_end_of_input_expected:
        return "something follows the JSON";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "the character NUL is not allowed";
    case json_error_duplicate_key:
        return "duplicate member";
    case json_error_numeric_overflow:
        return "number out of range";
    default:
        return "not JSON";
    }
}

json_t *json_read(struct arena *arena, const char *bytes, size_t len, const char **ret_detail)
{
    json_error_t error = {.line = 1};
    size_t at = 0;
    const char *fault = limits_fault(bytes, len, &at);

    if (fault) {
        *ret_detail = describe_at(arena, bytes, at, fault);
        return NULL;
    }
    if (len == 0) {
        *ret_detail = describe(arena, 1, 1, "the JSON ends too early");
        return NULL;
    }
    json_t *document = json_load_into(arena, bytes, len, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        *ret_detail = describe(arena, error.line, error.column, parser_fault(&error));
    return document;
}

json_t *json_read_stored(struct arena *arena, const char *text)
{
    return json_load_into(arena, text, strlen(text), 0, NULL);
}

/* --- from a document to a struct --- */

const char *json_pointer(struct arena *arena, const char *base, const char *name)
{
    size_t base_len = strlen(base), len = strnlen(name, POINTER_NAME_MAX + 1);
    bool cut = len > POINTER_NAME_MAX;
    char *pointer = arena_alloc(arena, base_len + 2 * len + 5), *end = pointer + base_len;

    memcpy(pointer, base, base_len);
    *end++ = '/';
    /* A cut never splits a character. */
    for (len = cut ? POINTER_NAME_MAX : len; cut && (name[len] & 0xC0) == 0x80;)
        len--;
    for (size_t i = 0; i < len; i++) {
        bool escaped = name[i] == '~' || name[i] == '/';

        *end++ = escaped ? '~' : name[i];
        if (escaped)
            *end++ = name[i] == '~' ? '0' : '1';
    }
    memcpy(end, cut ? "..." : "", cut ? 4 : 1);
    return pointer;
}

const char *json_text_fault(struct arena *arena, const json_t *value, int64_t min, int64_t max)
{
    const char *text = json_string_value(value);
    size_t bytes = json_string_length(value);
    int64_t length = text ? (int64_t)text_length(text, bytes) : 0;

    if (!text || length < min || length > max) {
        if (min == 0)
            return arena_printf(arena, "must be text of at most %lld characters", (long long)max);
        return arena_printf(arena, "must be text of %lld to %lld characters", (long long)min,
                            (long long)max);
    }
    if (text_has_control(text, bytes))
        return "must not have control characters";
    return NULL;
}

const char *json_check_text(const json_t *value, const char *where, int64_t min, int64_t max,
                            struct problem_errors *errors)
{
    const char *fault = json_text_fault(errors->arena, value, min, max);

    if (fault) {
        problem_add(errors, fault, "%s", where);
        return NULL;
    }
    return json_string_value(value);
}

static const char *take_text(struct arena *arena, const struct json_field *field,
                             const json_t *value, void *target)
{
    const char *fault = json_text_fault(arena, value, field->min, field->max);

    if (!fault)
        *(const char **)target =
            arena_strndup(arena, json_string_value(value), json_string_length(value));
    return fault;
}

static const char *take_int(struct arena *arena, const struct json_field *field,
                            const json_t *value, void *target)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < field->min || number > field->max)
        return arena_printf(arena, "must be an integer from %lld to %lld", (long long)field->min,
                            (long long)field->max);
    *(int *)target = (int)number;
    return NULL;
}

static const char *take_bool(const json_t *value, void *target)
{
    if (!json_is_boolean(value))
        return "must be true or false";
    *(bool *)target = json_is_true(value);
    return NULL;
}

static const char *take_time(const json_t *value, void *target)
{
    if (!json_is_string(value) ||
        !clock_parse(json_string_value(value), json_string_length(value), target))
        return "must be an RFC 3339 time such as 2026-11-20T14:03:00Z";
    return NULL;
}

/* Sets the target, or says what is wrong. */
static const char *take_field(struct arena *arena, const struct json_field *field, json_t *value,
                              void *target)
{
    switch (field->type) {
    case JSON_FIELD_TEXT:
        return take_text(arena, field, value, target);
    case JSON_FIELD_INT:
        return take_int(arena, field, value, target);
    case JSON_FIELD_BOOL:
        return take_bool(value, target);
    case JSON_FIELD_TIME:
        return take_time(value, target);
    case JSON_FIELD_VALUE:
        *(json_t **)target = value;
    }
    return NULL;
}

static size_t field_index(const struct json_field *fields, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(fields[i].name, name) != 0)
        i++;
    return i;
}

static bool require_fields(const char *base, const struct json_field *fields, size_t count,
                           uint64_t sent, struct problem_errors *errors)
{
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        if (fields[i].flags & JSON_REQUIRED && !(sent >> i & 1)) {
            problem_add(errors, "is required", "%s/%s", base, fields[i].name);
            ok = false;
        }
    }
    return ok;
}

bool json_decode(const json_t *value, const char *base, const struct json_field *fields,
                 size_t count, void *target, struct problem_errors *errors, uint64_t *ret_sent)
{
    uint64_t sent = 0;
    bool ok = true;

    if (ret_sent)
        *ret_sent = 0;
    if (!json_is_object(value)) {
        problem_add(errors, "must be an object", "%s", base);
        return false;
    }
    for (void *member = json_first_member(value); member;
         member = json_next_member(value, member)) {
        const char *name = json_object_iter_key(member), *fault = "is not known here";
        json_t *item = json_object_iter_value(member);
        size_t i = field_index(fields, count, name);

        if (i < count) {
            if (json_is_null(item) && fields[i].flags & JSON_NULLABLE)
                continue;
            sent |= UINT64_C(1) << i;
            fault = take_field(errors->arena, &fields[i], item, (char *)target + fields[i].target);
        }
        if (fault) {
            problem_add(errors, fault, "%s", json_pointer(errors->arena, base, name));
            ok = false;
        }
    }
    ok = require_fields(base, fields, count, sent, errors) && ok;
    if (ret_sent)
        *ret_sent = sent;
    return ok;
}
