#include "npsd/api/cursor.h"

#include "npsd/api/world.h"
#include "npsd/base/buf.h"
#include "npsd/base/crypto.h"

#include <string.h>

enum { MAC_SIZE = 8 };

static void sign(const struct call *call, const char *label, const void *place, size_t size,
                 uint8_t mac[static MAC_SIZE])
{
    struct buf bytes = buf_make(call->arena, strlen(label) + size + 32);
    buf_printf(&bytes, "npsd-list-v1 %s ", label);
    buf_add(&bytes, place, size);
    struct crypto_hash whole =
        crypto_mac(&call_identity(call)->snapshot->cursor_secret, bytes.data, bytes.len);
    memcpy(mac, whole.bytes, MAC_SIZE);
}

const char *cursor_make(const struct call *call, const char *label, const void *place, size_t size)
{
    size_t len = size + MAC_SIZE;
    uint8_t *bytes = arena_alloc(call->arena, len);
    memcpy(bytes, place, size);
    sign(call, label, place, size, bytes + size);
    char *text = arena_alloc(call->arena, 4 * ((len + 2) / 3) + 1);
    return crypto_base64url(bytes, len, text);
}

bool cursor_take(const struct call *call, const char *label, void *ret_place, size_t size,
                 struct problem_errors *errors)
{
    const char *text = call_query(call, "cursor");
    uint8_t mac[MAC_SIZE];
    if (!text)
        return false;
    uint8_t *bytes = arena_alloc(call->arena, size + MAC_SIZE);
    bool good = crypto_base64url_decode(text, strlen(text), bytes, size + MAC_SIZE);
    if (good) {
        sign(call, label, bytes, size, mac);
        good = crypto_equal(bytes + size, mac, MAC_SIZE);
    }
    if (good)
        memcpy(ret_place, bytes, size);
    else
        problem_add(errors, "is not a cursor of this list", "cursor");
    return good;
}

void cursor_link(const struct call *call, struct reply *reply, const char *cursor)
{
    if (!cursor)
        return;
    struct buf link = buf_make(call->arena, 256);
    buf_printf(&link, "<%s%s?cursor=%s", call_base_url(call), call->path, cursor);
    for (size_t i = 0; i < call->query_count; i++) {
        const struct query_pair *pair = &call->query[i];
        if (strcmp(pair->name, "cursor") == 0)
            continue;
        buf_printf(&link, "&%s=%s", call_escape(call->arena, pair->name),
                   call_escape(call->arena, pair->value));
    }
    buf_text(&link, ">; rel=\"next\"");
    reply_header(reply, "Link", link.data);
}
