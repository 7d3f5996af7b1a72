#include "support/unit_log.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_MAX = 65536 };

void unit_log_begin(void)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ne(dup2(fileno(file), STDERR_FILENO), -1);
    fclose(file);
}

size_t unit_log_size(void)
{
    struct stat file;
    ck_assert_int_eq(fstat(STDERR_FILENO, &file), 0);
    return (size_t)file.st_size;
}

int unit_log_count(const char *text)
{
    static char log[LOG_MAX];
    ssize_t size = pread(STDERR_FILENO, log, sizeof log - 1, 0);
    int count = 0;
    ck_assert_int_ge(size, 0);
    log[size] = '\0';
    for (const char *at = log; (at = strstr(at, text)); at++)
        count++;
    return count;
}
