/* Many answers: the first byte says whether as an array or as lines. These lines are those of an
 * import too. */
#include "fuzz/fuzz.h"
#include "npsd/api/submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    unsigned media = bytes[0] == 'n' ? MEDIA_NDJSON : MEDIA_JSON;
    struct reply reply = submit_batch(fuzz_call_body(media, bytes + 1, size - 1));
    /* An empty list is done at once. */
    fuzz_require(reply.status == 0 || reply.status == 200 || reply.status == 400 ||
                 reply.status == 422);
    return 0;
}
