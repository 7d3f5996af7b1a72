/* The query of a number: window, zone, filters. */
#include "fuzz/fuzz.h"
#include "npsd/api/window_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct window_query query;
    struct call *call = fuzz_call_body(MEDIA_NONE, bytes, size);
    struct problem_errors errors = {.arena = call->arena};
    if (!call_parse_pairs(call->arena, call->body, call->body_len, call->query, CALL_QUERY_MAX,
                          &call->query_count))
        return 0;
    window_query_read(call, fuzz_survey(), &query, &errors);
    if (errors.count > 0)
        return 0;
    fuzz_require(query.where_count <= NUMBER_FILTERS_MAX);
    for (size_t i = 0; i < query.where_count; i++)
        fuzz_require(query.where[i].facet > 0 && query.where[i].text);
    return 0;
}
