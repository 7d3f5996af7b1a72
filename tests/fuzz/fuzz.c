#include "fuzz/fuzz.h"

#include "npsd/api/limits.h"
#include "npsd/api/world.h"
#include "npsd/base/crypto.h"
#include "npsd/json/read.h"
#include "npsd/json/survey.h"
#include <stdio.h>
#include <string.h>

static struct arena arena; /* of one input */
static struct arena kept;  /* of the process */

static const char definition[] =
    "{\"id\": \"shop\", \"title\": {\"en\": \"Visit\"}, \"facets\": [\"branch\", \"product\", \"city\"],"
    " \"questions\": [{\"id\": \"recommend\", \"type\": \"nps\", \"text\": {\"en\": \"Would you?\"}},"
    " {\"id\": \"why\", \"type\": \"text\", \"text\": {\"en\": \"Why?\"}},"
    " {\"id\": \"improve\", \"type\": \"choice\", \"text\": {\"en\": \"What?\"}, \"options\":"
    " [{\"id\": \"wait\", \"text\": {\"en\": \"Wait\"}}, {\"id\": \"price\", \"text\": {\"en\": \"Price\"}}]},"
    " {\"id\": \"seen\", \"type\": \"choices\", \"text\": {\"en\": \"Where?\"}, \"options\":"
    " [{\"id\": \"web\", \"text\": {\"en\": \"Web\"}}, {\"id\": \"tv\", \"text\": {\"en\": \"TV\"}}]},"
    " {\"id\": \"again\", \"type\": \"scale\", \"min\": 1, \"max\": 5, \"text\": {\"en\": \"Again?\"}}]}";

void fuzz_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

__attribute__((weak)) void fuzz_begin(void)
{
}

int LLVMFuzzerInitialize(int *argc, char ***argv) /* NOLINT(readability-non-const-parameter) */
{
    (void)argc;
    (void)argv;
    fuzz_require(crypto_init());
    json_read_init();
    arena_init(&arena, 65536);
    arena_init(&kept, 16384);
    fuzz_begin();
    return 0;
}

struct arena *fuzz_arena(void)
{
    arena_reset(&arena);
    return &arena;
}

const struct survey *fuzz_survey(void)
{
    static const struct survey *survey;
    if (survey)
        return survey;
    struct problem_errors errors = {.arena = &kept};
    const char *detail;
    const json_t *value = json_read(&kept, definition, strlen(definition), &detail);
    fuzz_require(value != NULL);
    struct survey *made = survey_decode(value, &errors);
    fuzz_require(made != NULL);
    made->id = 1;
    survey = made;
    return survey;
}

static const char *no_header(const struct call *call, const char *name)
{
    (void)call;
    (void)name;
    return NULL;
}

struct call *fuzz_call(void)
{
    static struct directory_snapshot snapshot;
    static struct identity nobody;
    static struct world world;
    static struct call call;
    if (!world.limits) {
        world.limits = limits_new(0);
        snapshot.edit_secret = snapshot.cursor_secret = crypto_mac_key("secret", 6);
    }
    nobody = (struct identity){
        .role = ROLE_NONE, .survey = fuzz_survey(), .snapshot = &snapshot, .actor = "fuzz"};
    call = (struct call){.arena = fuzz_arena(),
                         .request_id = "fuzz",
                         .path = "/",
                         .body = "",
                         .client = "192.0.2.1",
                         .header = no_header,
                         .received_us = FUZZ_NOW_US,
                         .world = &world,
                         .identity = &nobody};
    return &call;
}

/* The body is a copy of exactly its size, so that reading behind it is seen. */
struct call *fuzz_call_body(unsigned media, const uint8_t *bytes, size_t size)
{
    static char *body;
    free(body);
    body = malloc(size ? size : 1);
    fuzz_require(body != NULL);
    memcpy(body, bytes, size);
    struct call *call = fuzz_call();
    call->media = media;
    call->body = body;
    call->body_len = size;
    return call;
}
