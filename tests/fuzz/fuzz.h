/*
 * fuzz: what the fuzz targets share. A target is one file, fuzz_NAME.c, with
 * LLVMFuzzerTestOneInput; it hands bytes to the function that the daemon hands them to, and besides
 * not crashing checks what must be true of whatever comes out. corpus/NAME has what to begin with,
 * dictionary.txt the words.
 *
 * tests/fuzz/run.sh runs them: for 60 s each by `make fuzz`, for a few seconds by `make test`.
 */
#ifndef NPSD_TESTS_FUZZ_H
#define NPSD_TESTS_FUZZ_H

#include "npsd/base/arena.h"
#include "npsd/domain/survey.h"
#include "npsd/http/call.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Ends the run with a finding. Unlike assert it is there in every build. */
#define fuzz_require(what)                                                                         \
    do {                                                                                           \
        if (!(what))                                                                               \
            fuzz_fail(#what, __FILE__, __LINE__);                                                  \
    } while (0)
_Noreturn void fuzz_fail(const char *what, const char *file, int line);

/* What a target does once, before the first input; it need not have one. What serve does before
 * threads is done. */
void fuzz_begin(void);
/* Emptied for each input. */
struct arena *fuzz_arena(void);
/* A survey with a question of each type and three facets; stored, as far as numbers go. */
const struct survey *fuzz_survey(void);
/* When the inputs arrive: always the same moment, so that a finding stays one. */
#define FUZZ_NOW_US INT64_C(1763740800000000)
/* A call of nobody for the survey, without headers: enough for handlers to decode what was sent. */
struct call *fuzz_call(void);
/* The call with this body. */
struct call *fuzz_call_body(unsigned media, const uint8_t *bytes, size_t size);

#endif
