/*
 * log: one logfmt line an event on stderr. No other file prints in the daemon.
 *
 *   ts=2026-11-20T14:03:00.123456Z level=info event=listening address=127.0.0.1:8080
 *
 * A line is written with one write(2), so lines of several threads never mix. Texts are escaped:
 * values with spaces, quotes or "=" are quoted; control characters, line and paragraph separators,
 * marks that turn the direction of a text, and bytes outside UTF-8 become \uXXXX; each value is cut
 * after 256 bytes. Fields for which the line (2 KiB) has no room are
 * left out, and "cut=1" says so. Of one warning or error there are twenty lines a second at most;
 * the next one says how many were left_out. errno stays as it was. Never log answers, keys, tokens
 * or addresses of people.
 *
 * An error is logged once, by the outermost function that knows what was being done.
 */
#ifndef NPSD_BASE_LOG_H
#define NPSD_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum { LOG_FIELDS_MAX = 12 };

/* One key=value of a line: a text, or a number where text is NULL. A NULL key ends the list. */
struct log_field {
    const char *key;
    const char *text;
    int64_t number;
};

/* A text that is not there is logged as an empty one, not as a number. */
static inline const char *log_or_empty(const char *text)
{
    return text ? text : "";
}

#define LOG_TEXT(name, value)                                                                      \
    {                                                                                              \
        .key = (name), .text = log_or_empty(value)                                                 \
    }
#define LOG_NUMBER(name, value)                                                                    \
    {                                                                                              \
        .key = (name), .number = (value)                                                           \
    }

/* Takes "error", "warning", "info" or "debug"; false (and no change) for anything else. Default:
 * info. */
bool log_set_level(const char *name);

/* True if a line of this level would be written: for callers who would work to make its fields. */
bool log_enabled(enum log_level level);

/* request_id may be NULL. fields ends with a NULL key or after LOG_FIELDS_MAX of them. Use the
 * macros below; one field too many does not compile. */
void log_write(enum log_level level, const char *request_id, const char *event,
               const struct log_field *fields);

/* Says what was left out (base/flood.h) of events that did not come again: of those whose second is
 * over, or at once of all. */
void log_rest(bool at_once);

#define LOG_FIELDS(...) ((const struct log_field[LOG_FIELDS_MAX]){__VA_ARGS__})
#define log_error(id, event, ...) log_write(LOG_ERROR, id, event, LOG_FIELDS(__VA_ARGS__))
#define log_warning(id, event, ...) log_write(LOG_WARNING, id, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(id, event, ...) log_write(LOG_INFO, id, event, LOG_FIELDS(__VA_ARGS__))
#define log_debug(id, event, ...) log_write(LOG_DEBUG, id, event, LOG_FIELDS(__VA_ARGS__))

#endif
