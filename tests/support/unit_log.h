/*
 * unit_log: what the code under test logs, caught in a file for the rest of a test, which runs in
 * a process of its own.
 */
#ifndef SUPPORT_UNIT_LOG_H
#define SUPPORT_UNIT_LOG_H

#include <stddef.h>

void unit_log_begin(void);
/* Bytes logged since. */
size_t unit_log_size(void);
/* How often this text has been logged since. */
int unit_log_count(const char *text);

#endif
