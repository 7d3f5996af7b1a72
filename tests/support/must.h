/* must: an assertion for what also runs outside of Check's tests, where Check's own may not be
 * used. Inside of a test it fails the test, too. */
#ifndef SUPPORT_MUST_H
#define SUPPORT_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
