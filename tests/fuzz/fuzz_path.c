/* The path of a request against the route table, and a language, a time, a zone, a colour as they
 * stand in queries. */
#include "fuzz/fuzz.h"
#include "npsd/api/routes.h"
#include "npsd/base/clock.h"
#include "npsd/base/uuid.h"
#include "npsd/domain/zone.h"
#include <string.h>

static void check_time(const char *text, size_t len)
{
    int64_t at_us, again_us;
    char printed[CLOCK_TEXT_SIZE];
    if (!clock_parse(text, len, &at_us))
        return;
    clock_format(at_us, printed);
    fuzz_require(clock_parse(printed, strlen(printed), &again_us) && again_us == at_us);
}

static void check_uuid(const char *text, size_t len)
{
    struct uuid id, again;
    char printed[UUID_TEXT_SIZE];
    if (!uuid_parse(text, len, &id))
        return;
    uuid_format(&id, printed);
    fuzz_require(uuid_parse(printed, strlen(printed), &again));
    fuzz_require(memcmp(&id, &again, sizeof id) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    const char *text = arena_strndup(arena, (const char *)bytes, size);
    check_time((const char *)bytes, size);
    check_uuid((const char *)bytes, size);
    zone_region(text);
    for (int method = 0; method < HTTP_METHODS; method++) {
        struct route_match match = route_find(&api_routes, LISTENER_SERVICE | LISTENER_ADMIN,
                                              (enum http_method)method, text, arena);
        fuzz_require(!match.route || *text == '/');
        fuzz_require(!match.route || match.route->method == (enum http_method)method);
    }
    return 0;
}
