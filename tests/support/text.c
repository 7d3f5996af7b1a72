#include "support/text.h"
#include "support/must.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    struct piece *next;
    char bytes[];
};

static struct piece *pieces;

char *text_space(size_t size)
{
    struct piece *piece = malloc(sizeof(*piece) + size + 1);
    must(piece);
    piece->next = pieces;
    piece->bytes[size] = '\0';
    pieces = piece;
    return piece->bytes;
}

static char *text_of(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    must(size >= 0);
    char *space = text_space((size_t)size);
    vsnprintf(space, (size_t)size + 1, format, again);
    va_end(again);
    return space;
}

const char *text_va(const char *format, va_list args)
{
    return text_of(format, args);
}

const char *text(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *made = text_of(format, args);
    va_end(args);
    return made;
}

const char *text_json(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *made = text_of(format, args);
    va_end(args);
    for (char *at = made; (at = strchr(at, '\''));)
        *at = '"';
    return made;
}

const char *text_repeat(const char *piece, size_t count)
{
    size_t size = strlen(piece);
    char *space = text_space(size * count);
    for (size_t i = 0; i < count; i++)
        memcpy(space + i * size, piece, size);
    return space;
}

const char *text_time(time_t seconds)
{
    struct tm tm;
    char *space = text_space(32);
    must(gmtime_r(&seconds, &tm));
    strftime(space, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return space;
}

const char *text_time_us(long long microseconds)
{
    const char *whole = text_time((time_t)(microseconds / 1000000));
    return text("%.19s.%06lldZ", whole, microseconds % 1000000);
}

long long text_parse_us(const char *time)
{
    struct tm tm = {0};
    const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return -1;
    long long us = 0;
    if (*rest == '.') {
        long long unit = 100000;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
            us += (*rest - '0') * unit;
    }
    return strcmp(rest, "Z") == 0 ? (long long)timegm(&tm) * 1000000 + us : -1;
}

const char *text_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    size_t size = 0, room = 65536, got;
    char *bytes = malloc(room);
    while (bytes && (got = fread(bytes + size, 1, room - size, file)) > 0) {
        size += got;
        if (size == room)
            bytes = realloc(bytes, room *= 2);
    }
    fclose(file);
    must(bytes);
    char *space = text_space(size);
    memcpy(space, bytes, size);
    free(bytes);
    return space;
}

void text_reset(void)
{
    while (pieces) {
        struct piece *next = pieces->next;
        free(pieces);
        pieces = next;
    }
}
