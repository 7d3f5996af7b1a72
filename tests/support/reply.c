/* What a reply holds: its headers and its JSON. */
#include "support/client.h"
#include "support/text.h"
#include <check.h>
#include <string.h>

const char *header_of(const struct reply *reply, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = reply->head; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1;
            value += strspn(value, " \t");
            return text("%.*s", (int)strcspn(value, "\r\n"), value);
        }
    }
    return NULL;
}

/* One step of a pointer; "~" escapes do not occur in what npsd names. */
static json_t *step(json_t *json, const char *token, size_t len)
{
    if (json_is_object(json))
        return json_object_getn(json, token, len);
    char *end;
    unsigned long index = strtoul(token, &end, 10);
    return end == token + len ? json_array_get(json, index) : NULL;
}

json_t *json_at(json_t *json, const char *pointer)
{
    while (json && *pointer == '/') {
        size_t len = strcspn(pointer + 1, "/");
        json = step(json, pointer + 1, len);
        pointer += 1 + len;
    }
    return json;
}

json_t *reply_at(const struct reply *reply, const char *pointer)
{
    return json_at(reply->json, pointer);
}

const char *reply_string(const struct reply *reply, const char *pointer)
{
    const char *value = json_string_value(reply_at(reply, pointer));
    ck_assert_msg(value != NULL, "%s answered %ld without a string %s:\n%s", reply->request,
                  reply->status, pointer, reply->body);
    return value;
}
