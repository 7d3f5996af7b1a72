/*
 * Lists in headers. The first byte says which: If-None-Match (e), or what is accepted (a). A list
 * never means what does not stand in it, and ends of the list that are known are found behind
 * whatever stands before them.
 */
#include "fuzz/fuzz.h"
#include "npsd/api/etag.h"
#include "npsd/api/negotiate.h"
#include <string.h>
#include <strings.h>

static bool is_star(const char *list)
{
    list += strspn(list, " \t");
    return *list == '*' && list[1 + strspn(list + 1, " \t")] == '\0';
}

/* Whether it is nothing but entity tags (RFC 9110, 8.8.3) and commas: then the list goes on. */
static bool is_clean(const char *list)
{
    for (list += strspn(list, " \t,"); *list; list += strspn(list, " \t,")) {
        list += strncmp(list, "W/", 2) == 0 ? 2 : 0;
        const char *end = *list == '"' ? strchr(list + 1, '"') : NULL;
        if (!end)
            return false;
        list = end + 1;
    }
    return true;
}

static void check_etag(struct arena *arena, const char *list)
{
    const char *etag = etag_of(arena, "body", 4), *other = etag_of(arena, "other", 5);
    bool matches = etag_matches(list, etag);
    fuzz_require(!matches || is_star(list) || strstr(list, etag));
    fuzz_require(etag_matches(arena_printf(arena, "%s, %s", etag, list), etag));
    fuzz_require(etag_matches(arena_printf(arena, "W/%s,%s", other, etag), etag));
    fuzz_require(!etag_matches(arena_printf(arena, "%s, %s", list, other), etag) || matches);
    if (is_clean(list))
        fuzz_require(etag_matches(arena_printf(arena, "%s, W/%s", list, etag), etag));
}

static void check_accept(struct arena *arena, const char *list)
{
    static const char name[] = "image/svg+xml";
    bool named = negotiate_names(list, name);
    fuzz_require(!named || strcasestr(list, name));
    fuzz_require(negotiate_names(arena_printf(arena, "%s;q=0.1, %s", name, list), name));
    fuzz_require(!negotiate_names(arena_printf(arena, "%s;q=0.000, %s", name, list), name));
    fuzz_require(negotiate_names(arena_printf(arena, "x/y;q=0, %s", list), name) == named);
    /* What says of it, says it first. */
    if (!strcasestr(list, name)) {
        fuzz_require(negotiate_names(arena_printf(arena, "%s,IMAGE/svg+xml ; v=1", list), name));
        fuzz_require(!negotiate_names(arena_printf(arena, "%s,%s; q=0", list, name), name));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    if (size == 0)
        return 0;
    const char *list = arena_strndup(arena, (const char *)bytes + 1, size - 1);
    if (bytes[0] == 'e')
        check_etag(arena, list);
    else
        check_accept(arena, list);
    return 0;
}
