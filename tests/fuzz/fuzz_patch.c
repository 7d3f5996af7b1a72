/* A change of an answer, by anybody (first byte not 'a') or by an analyst. */
#include "fuzz/fuzz.h"
#include "npsd/json/read.h"
#include "npsd/json/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *arena = fuzz_arena();
    struct problem_errors errors = {.arena = arena};
    const char *detail;
    const struct response old = {.survey = fuzz_survey(),
                                 .score = 7,
                                 .channel = CHANNEL_WEB,
                                 .answered_us = FUZZ_NOW_US,
                                 .received_us = FUZZ_NOW_US};
    const struct response_rules rules = {.survey = fuzz_survey(),
                                         .role = bytes[0] == 'a' ? ROLE_ANALYST : ROLE_NONE,
                                         .received_us = FUZZ_NOW_US};
    struct response changed;
    struct response_patch patch;
    const json_t *value = json_read(arena, (const char *)bytes + 1, size - 1, &detail);
    if (!value || !response_patch_decode(value, &old, &rules, &errors, &changed, &patch))
        return 0;
    fuzz_require(changed.score >= 0 && changed.score <= 10);
    fuzz_require(rules.role == ROLE_ANALYST || !patch.exclusion_sent);
    fuzz_require(rules.role == ROLE_ANALYST || changed.channel == old.channel);
    return 0;
}
