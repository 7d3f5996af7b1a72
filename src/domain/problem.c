#include "npsd/domain/problem.h"
#include <stdarg.h>

static const struct problem_info table[PROBLEM_COUNT] = {
#define PROBLEM_ROW(name, status, slug, title, detail) [name] = {status, slug, title, detail},
    PROBLEM_TABLE(PROBLEM_ROW)
#undef PROBLEM_ROW
};

const struct problem_info *problem_info(enum problem problem)
{
    return &table[problem];
}

void problem_add(struct problem_errors *errors, const char *detail, const char *where, ...)
{
    va_list args;
    if (errors->count == PROBLEM_ERRORS_MAX)
        return;
    va_start(args, where);
    const char *place = arena_vprintf(errors->arena, where, args);
    va_end(args);
    errors->items[errors->count++] = (struct problem_error){place, detail};
}
