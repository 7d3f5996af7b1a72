/* One answer as JSON, by the handler that takes it; then stored and read back. */
#include "fuzz/fuzz.h"
#include "npsd/api/submission.h"
#include "npsd/api/submit.h"
#include "npsd/json/response.h"
#include <string.h>

/* What is stored says the same when it is read again. */
static void check_stored(const struct call *call, const struct submission *submission)
{
    const struct answer_row *row = &submission->item.row;
    const struct response *sent = &submission->response;
    struct response stored = *sent;
    uint8_t before[RESPONSE_HASH_SIZE], after[RESPONSE_HASH_SIZE];
    stored.answer_count = stored.property_count = 0;
    fuzz_require(response_read_stored(call->arena, sent->survey, row->answers, row->answers_len,
                                      row->properties, row->properties_len, &stored));
    response_hash(sent, before);
    response_hash(&stored, after);
    fuzz_require(memcmp(before, after, sizeof before) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct call *call = fuzz_call_body(MEDIA_JSON, bytes, size);
    struct reply reply = submit_one(call);
    if (reply.status != 0) {
        fuzz_require(reply.status == 400 || reply.status == 422);
        fuzz_require(reply.body_len > 0);
        return 0;
    }
    const struct submission *submission = reply.work;
    const struct response *response = &submission->response;
    fuzz_require(response->score >= 0 && response->score <= 10);
    fuzz_require(response->answered_us <= FUZZ_NOW_US);
    fuzz_require(response->answered_us >= FUZZ_NOW_US - RESPONSE_BACKDATE_PUBLIC_US);
    fuzz_require(response->property_count <= RESPONSE_PROPERTIES_MAX);
    check_stored(call, submission);
    return 0;
}
