/* A plain form: escapes, pairs, and the answer made of them. */
#include "fuzz/fuzz.h"
#include "npsd/api/submission.h"
#include "npsd/base/text.h"
#include "npsd/json/response.h"
#include <string.h>

enum { PAIRS_MAX = 256 };

static bool is_utf8(const char *text)
{
    size_t len = strlen(text), at = 0;
    for (size_t step; at < len && (step = text_utf8_size(text + at, len - at)) > 0;)
        at += step;
    return at == len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct query_pair all[PAIRS_MAX];
    struct form_pair pairs[PAIRS_MAX];
    size_t count;
    struct call *call = fuzz_call_body(MEDIA_FORM, bytes, size);
    if (!call_parse_pairs(call->arena, call->body, call->body_len, all, PAIRS_MAX, &count))
        return 0;
    for (size_t i = 0; i < count; i++) {
        fuzz_require(is_utf8(all[i].name) && is_utf8(all[i].value));
        pairs[i] = (struct form_pair){all[i].name, all[i].value, strlen(all[i].name),
                                      strlen(all[i].value)};
    }
    struct problem_errors errors = {.arena = call->arena};
    struct response response = {0};
    const struct response_rules rules = submission_rules(call, false);
    const json_t *body = response_from_form(rules.survey, pairs, count, &errors);
    fuzz_require(body || errors.count > 0);
    if (body && response_decode(body, "", &rules, &errors, &response, NULL))
        fuzz_require(response.score >= 0 && response.score <= 10);
    return 0;
}
