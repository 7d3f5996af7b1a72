#include "pairs.h"
#include "server_internal.h"
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    size_t len;
    bool unique;
} known_fields[HEAD_FIELDS] = {
#define FIELD(text, once)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1, once                                                               \
    }
    [HEAD_HOST] = FIELD("Host", true),
    [HEAD_PREFER] = FIELD("Prefer", false),
    [HEAD_EXPECT] = FIELD("Expect", false),
    [HEAD_ORIGIN] = FIELD("Origin", true),
    [HEAD_CONTENT_TYPE] = FIELD("Content-Type", true),
    [HEAD_REQUEST_ID] = FIELD("X-Request-Id", false),
    [HEAD_AUTHORIZATION] = FIELD("Authorization", true),
    [HEAD_CONTENT_LENGTH] = FIELD("Content-Length", true),
    [HEAD_IDEMPOTENCY_KEY] = FIELD("Idempotency-Key", true),
    [HEAD_TRANSFER_ENCODING] = FIELD("Transfer-Encoding", true),
    [HEAD_REQUEST_METHOD] = FIELD("Access-Control-Request-Method", false),
#undef FIELD
};

/* RFC 9110, 5.6.2: tchar. */
static bool is_token(const char *text, size_t len)
{
    static const bool tchar[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,
        ['#'] = true,         ['$'] = true,         ['%'] = true,         ['&'] = true,
        ['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true,
        ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true,
        ['|'] = true,         ['~'] = true,
    };
    for (size_t i = 0; i < len; i++)
        if (!tchar[(unsigned char)text[i]])
            return false;
    return len > 0;
}

/* Everything but control characters; the tab is none here. */
static bool is_field_value(const char *text, size_t len)
{
    static const bool control[256] = {
        [0 ... '\t' - 1] = true, ['\t' + 1 ... 0x1F] = true, [0x7F] = true};
    for (size_t i = 0; i < len; i++)
        if (control[(unsigned char)text[i]])
            return false;
    return true;
}

/* Without the blanks behind it, which are no part of it (RFC 9110, 5.5) and which libmicrohttpd
 * leaves. */
static const char *trim(struct request *request, const char *value, size_t len)
{
    size_t kept = len;
    while (kept > 0 && (value[kept - 1] == ' ' || value[kept - 1] == '\t'))
        kept--;
    return kept == len ? value : arena_strndup(&request->arena, value, kept);
}

/* In any case, but most senders write it as we do. */
static bool is_field(int i, const char *name, size_t len)
{
    return known_fields[i].len == len && (memcmp(known_fields[i].name, name, len) == 0 ||
                                          strncasecmp(known_fields[i].name, name, len) == 0);
}

/* HEAD_FIELDS: none of those. */
static int field_index(const char *name, size_t len)
{
    int i = 0;
    while (i < HEAD_FIELDS && !is_field(i, name, len))
        i++;
    return i;
}

static void take_field(struct request *request, const char *name, size_t name_len,
                       const char *value, size_t len)
{
    int i = field_index(name, name_len);
    if (i == HEAD_FIELDS)
        return;
    /* With a blank behind it libmicrohttpd takes "chunked" for an encoding that it does not know,
     * so it must not look better to us. */
    if (!request->fields[i])
        request->fields[i] = i == HEAD_TRANSFER_ENCODING ? value : trim(request, value, len);
    else if (known_fields[i].unique)
        request->malformed = "A header that may come once comes twice.";
}

const char *guard_header(struct request *request, const char *name)
{
    int i = field_index(name, strlen(name));
    if (i < HEAD_FIELDS)
        return request->fields[i];
    const char *value = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
    return value ? trim(request, value, strlen(value)) : NULL;
}

static enum MHD_Result check_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct request *request = cls;
    if (!is_token(name, name_len))
        request->malformed = "The name of a header is malformed.";
    else if (value && !is_field_value(value, value_len))
        request->malformed = "A header has control characters.";
    else
        take_field(request, name, name_len, value ? value : "", value ? value_len : 0);
    return request->malformed ? MHD_NO : MHD_YES;
}

static bool speaks_1_1(const char *version)
{
    return strcmp(version, "HTTP/1.0") != 0; /* libmicrohttpd lets 1.x through, and no others */
}

/* How the body is framed. libmicrohttpd has checked that Content-Length is a number it can hold. */
static void check_framing(struct request *request, const char *version)
{
    const char *encoding = request->fields[HEAD_TRANSFER_ENCODING];
    const char *length = request->fields[HEAD_CONTENT_LENGTH];
    if (encoding && length)
        request->malformed = "There is both a Content-Length and a Transfer-Encoding.";
    else if (encoding && strcasecmp(encoding, "chunked") != 0)
        request->malformed = "The only Transfer-Encoding is chunked.";
    else if (encoding && !speaks_1_1(version))
        request->malformed = "Transfer-Encoding needs HTTP/1.1.";
    request->chunked = encoding != NULL;
    if (length)
        request->declared = strtoull(length, NULL, 10);
}

struct joining {
    const char *name;
    size_t name_len;
    struct buf values;
};

static enum MHD_Result join_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct joining *joining = cls;
    if (name_len == joining->name_len && strncasecmp(name, joining->name, name_len) == 0) {
        buf_text(&joining->values, joining->values.len > 0 ? "," : "");
        buf_add(&joining->values, value, value_len);
    }
    return MHD_YES;
}

const char *guard_joined(struct request *request, const char *name)
{
    if (!call_header(&request->call, name))
        return NULL;
    struct joining joining = {name, strlen(name), buf_make(&request->arena, 64)};
    MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, join_field, &joining);
    return joining.values.data;
}

static bool target_is_plain(const char *target)
{
    for (const unsigned char *at = (const unsigned char *)target; *at; at++)
        if (*at <= 0x20 || *at >= 0x7F || *at == '#')
            return false;
    return true;
}

/* host[:port], the host a name, an IPv4 address or an IPv6 address in brackets (RFC 3986, 3.2);
 * nobody is let in by "user@". */
static bool is_authority(const char *text)
{
    enum { IN_NAME = 1, IN_BRACKETS = 2, ANYWHERE = IN_NAME | IN_BRACKETS };
    static const uint8_t allowed[256] = {
        ['a' ... 'z'] = ANYWHERE, ['A' ... 'Z'] = ANYWHERE, ['0' ... '9'] = ANYWHERE,
        ['.'] = ANYWHERE,         [':'] = IN_BRACKETS,      ['-'] = IN_NAME,
        ['_'] = IN_NAME,          ['~'] = IN_NAME,          ['%'] = IN_NAME,
        ['!'] = IN_NAME,          ['$'] = IN_NAME,          ['&'] = IN_NAME,
        ['\''] = IN_NAME,         ['('] = IN_NAME,          [')'] = IN_NAME,
        ['*'] = IN_NAME,          ['+'] = IN_NAME,          [','] = IN_NAME,
        [';'] = IN_NAME,          ['='] = IN_NAME,
    };
    bool bracket = *text == '[';
    const char *at = text + bracket;
    const char *from = at;
    while (allowed[(unsigned char)*at] & (bracket ? IN_BRACKETS : IN_NAME))
        at++;
    if (at == from || (bracket && *at++ != ']'))
        return false;
    return *at == '\0' || (*at == ':' && at[1 + strspn(at + 1, "0123456789")] == '\0');
}

static void check_host(struct request *request, const char *version)
{
    const char *host = request->fields[HEAD_HOST];
    if (!host && speaks_1_1(version))
        request->malformed = "There is no Host.";
    else if (host && !is_authority(host))
        request->malformed = "The Host is malformed.";
}

/* The host of "http://host/path", cut off; NULL if the target is no such URL. */
static const char *cut_authority(struct request *request, const char **target)
{
    const char *at = *target;
    size_t scheme = strncasecmp(at, "http://", 7) == 0    ? 7
                    : strncasecmp(at, "https://", 8) == 0 ? 8
                                                          : 0;
    if (scheme == 0)
        return NULL;
    at += scheme;
    size_t len = strcspn(at, "/?");
    *target = at + len;
    return arena_strndup(&request->arena, at, len);
}

static bool path_hides_something(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (path[i] == '\\')
            return true;
        if (path[i] != '%' || len - i < 3)
            continue;
        char high = path[i + 1], low = (char)(path[i + 2] | 0x20);
        if (high == '0' || high == '1' || (high == '2' && low == 'f') ||
            (high == '5' && low == 'c') || (high == '7' && low == 'f'))
            return true;
    }
    return false;
}

static void check_target(struct request *request)
{
    const char *target = request->target;
    struct call *call = &request->call;
    request->query = "";
    if (strcmp(target, "*") == 0 && request->method_known && request->method == HTTP_OPTIONS) {
        call->path = "*";
        return;
    }
    const char *authority = cut_authority(request, &target);
    if (authority)
        call->host = authority;
    size_t len = (size_t)(strchrnul(target, '?') - target);
    char *path = arena_alloc(&request->arena, len + 2);
    size_t path_len;
    if ((authority ? !is_authority(authority) : *target != '/') || !target_is_plain(target) ||
        path_hides_something(target, len) || !percent_decode(target, len, false, path, &path_len))
        request->malformed = "The request target is malformed.";
    else
        call->path = path_len > 0 ? path : "/";
    request->query = target + len;
}

bool guard_is_request_id(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return len > 0 && len <= REQUEST_ID_MAX && text[len] == '\0';
}

void guard_head(struct request *request, const struct start_line *line)
{
    struct call *call = &request->call;
    request->method_known = http_method_parse(line->method, &request->method);
    call->head = strcmp(line->method, "HEAD") == 0;
    call->path = "";
    if (!is_token(line->method, strlen(line->method)))
        request->malformed = "The method is malformed.";
    else if (!layout_is_whole(request, line))
        request->malformed =
            "A line of the head is folded, has a NUL, no name or no CR LF at its end.";
    else
        MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, check_field, request);
    call->host = request->fields[HEAD_HOST];
    const char *id = request->fields[HEAD_REQUEST_ID];
    if (id && guard_is_request_id(id))
        call->request_id = id;
    if (!request->malformed)
        check_framing(request, line->version);
    if (!request->malformed)
        check_host(request, line->version);
    if (!request->malformed)
        check_target(request);
}
