/* Keys and how they are sent: the text of a key, and an Authorization header. */
#include "fuzz/fuzz.h"
#include "npsd/api/access.h"
#include "npsd/state/keytext.h"
#include <string.h>
#include <strings.h>

static const char *sent;

static const char *authorization(const struct call *call, const char *name)
{
    (void)call;
    return strcasecmp(name, "Authorization") == 0 ? sent : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct call *call = fuzz_call();
    bool malformed;
    char hint[KEYTEXT_HINT_SIZE];
    if (keytext_is_valid((const char *)bytes, size))
        fuzz_require(
            strncmp(keytext_hint(arena_strndup(call->arena, (const char *)bytes, size), hint),
                    "npsd_", 5) == 0);
    sent = arena_strndup(call->arena, (const char *)bytes, size);
    call->header = authorization;
    const char *found = access_credentials(call, &malformed);
    fuzz_require(!(found && malformed));
    fuzz_require(!found || *found);
    return 0;
}
