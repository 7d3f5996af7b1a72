/* The cursor of a list: nothing but what was made here is taken. */
#include "fuzz/fuzz.h"
#include "npsd/api/cursor.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct call *call = fuzz_call();
    struct problem_errors errors = {.arena = call->arena};
    uint8_t place[24], found[24];
    call->query[0].name = "cursor";
    call->query[0].value = arena_strndup(call->arena, (const char *)bytes, size);
    call->query_count = 1;
    if (cursor_take(call, "list", place, sizeof place, &errors))
        fuzz_require(strcmp(cursor_make(call, "list", place, sizeof place), call->query[0].value) ==
                     0);
    else
        fuzz_require(errors.count == 1);
    memset(place, size ? bytes[0] : 0, sizeof place);
    call->query[0].value = cursor_make(call, "list", place, sizeof place);
    fuzz_require(cursor_take(call, "list", found, sizeof found, &errors));
    fuzz_require(memcmp(place, found, sizeof place) == 0);
    return 0;
}
