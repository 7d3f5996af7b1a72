/*
 * pairs: percent escapes, and what they may hide. Pure.
 */
#ifndef NPSD_HTTP_PAIRS_H
#define NPSD_HTTP_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes %HH, and "+" as a space if plus is set, into text, which has room for len + 1 bytes; it
 * is NUL-terminated. False if an escape is malformed or stands for NUL, or if the outcome is not
 * UTF-8.
 */
bool percent_decode(const char *from, size_t len, bool plus, char *text, size_t *ret_len);

#endif
