/* A definition of a survey: written out and read again it is the same; so is a change by itself. */
#include "fuzz/fuzz.h"
#include "npsd/json/read.h"
#include "npsd/json/survey.h"
#include <string.h>

static struct json_writer write_out(struct arena *arena, const struct survey *survey)
{
    struct json_writer w = json_writer(arena);
    survey_write_public(&w, NULL, survey);
    return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = fuzz_arena();
    struct problem_errors errors = {.arena = arena};
    const char *detail;
    const json_t *value = json_read(arena, (const char *)bytes, size, &detail);
    if (!value)
        return 0;
    const struct survey *survey = survey_decode(value, &errors);
    fuzz_require(survey || errors.count > 0);
    if (!survey)
        return 0;
    errors.count = 0;
    const struct survey *again = survey_patch(survey, value, NULL, &errors);
    fuzz_require(again != NULL);
    struct json_writer one = write_out(arena, survey), two = write_out(arena, again);
    fuzz_require(one.buf.len == two.buf.len &&
                 memcmp(one.buf.data, two.buf.data, one.buf.len) == 0);
    fuzz_require(json_read(arena, one.buf.data, one.buf.len, &detail) != NULL);
    return 0;
}
