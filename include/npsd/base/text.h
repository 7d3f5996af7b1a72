/*
 * text: small questions about strings that several layers ask. Pure.
 */
#ifndef NPSD_BASE_TEXT_H
#define NPSD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number of code points of a valid UTF-8 string. */
size_t text_length(const char *utf8, size_t bytes);
/* The bytes of the valid UTF-8 sequence (RFC 3629) that text begins with; 0 if there is none. */
size_t text_utf8_size(const char *text, size_t len);
/* The bytes of the character that text begins with, if a terminal may get it as it is; 0 at the end
 * of text, for a control character (also U+0080 to U+009F) and for what is not UTF-8. */
size_t text_printable(const char *text);
/* True if a control character (below 0x20 or 0x7F) other than tab, line feed and carriage return is
 * in it. */
bool text_has_control(const char *utf8, size_t bytes);
/* [a-z][a-z0-9_]{0,31}: ids of questions, facets, options, properties. */
bool text_is_name(const char *text, size_t len);
/* [a-z0-9-]{1,64}: a survey's id. */
bool text_is_slug(const char *text, size_t len);
/* A BCP 47 language tag as far as we need one: 2 to 3 letters, then groups of 1 to 8 letters or
 * digits after "-"; at most 35. */
bool text_is_language(const char *text, size_t len);
/* 1 to max visible ASCII characters (0x21 to 0x7E). */
bool text_is_visible(const char *text, size_t len, size_t max);
/* A whole decimal number, 0 or above, without sign, leading zeros or anything else, from min to
 * max. */
bool text_to_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *ret_value);
/* FNV-1a, for hash tables over short strings that no stranger fills without bound. */
uint64_t text_hash(const char *text, size_t len);
/* Which of the names the text is, or -1: for tables of the names of an enum. */
int text_index(const char *const *names, size_t count, const char *text, size_t len);

#endif
