#include "npsd/cli/table.h"

#include "npsd/base/clock.h"
#include "npsd/base/text.h"

#include <string.h>

struct table table_make(struct arena *arena, const char *const *headings, size_t columns)
{
    struct table table = {.arena = arena, .columns = columns};

    for (size_t i = 0; i < columns; i++)
        table_add(&table, headings[i]);
    return table;
}

static const char *printable(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    for (char *at = copy; *at;) {
        size_t size = text_printable(at);
        if (size == 0)
            *at = '?';
        at += size > 0 ? size : 1;
    }
    return copy;
}

void table_add(struct table *table, const char *text)
{
    if (table->count == table->room) {
        size_t room = table->room > 0 ? 2 * table->room : 16 * table->columns;
        const char **cells = arena_calloc(table->arena, room, sizeof(*cells));
        if (table->count > 0)
            memcpy(cells, table->cells, table->count * sizeof(*cells));
        table->cells = cells;
        table->room = room;
    }
    table->cells[table->count++] = printable(table->arena, text);
}

void table_add_time(struct table *table, int64_t instant_us)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t second_us = clock_floor_div(instant_us, CLOCK_SECOND_US) * CLOCK_SECOND_US;

    table_add(table, instant_us == 0 ? "-" : clock_format(second_us, text));
}

static size_t cell_width(const char *cell)
{
    return text_length(cell, strlen(cell));
}

void table_print(const struct table *table, FILE *out)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->count; i++) {
        size_t width = cell_width(table->cells[i]), column = i % table->columns;
        if (width > widths[column])
            widths[column] = width;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        if (column + 1 == table->columns)
            fprintf(out, "%s\n", table->cells[i]);
        else
            fprintf(out, "%s%*s", table->cells[i],
                    (int)(widths[column] - cell_width(table->cells[i]) + 2), "");
    }
}
