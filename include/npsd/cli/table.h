/*
 * table: lines of cells for a terminal, columns as wide as their widest cell (counted in code
 * points), two spaces between them, the first line the headings.
 */
#ifndef NPSD_CLI_TABLE_H
#define NPSD_CLI_TABLE_H

#include "npsd/base/arena.h"
#include <stdint.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
    struct arena *arena;
    size_t columns;
    const char **cells; /* row by row */
    size_t count, room;
};

/* headings: columns texts, borrowed like all cells. */
struct table table_make(struct arena *arena, const char *const *headings, size_t columns);
/* The next cell, from left to right, row by row. What a terminal must not get is printed as "?", a
 * byte each. */
void table_add(struct table *table, const char *text);
/* Date and time (UTC, to the second), or "-" for 0. */
void table_add_time(struct table *table, int64_t instant_us);
void table_print(const struct table *table, FILE *out);

#endif
