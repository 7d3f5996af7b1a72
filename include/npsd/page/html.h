/*
 * html: HTML written into a buffer, where nothing that people wrote can become markup.
 *
 * The markup is in the format, a constant; what %s puts into it is escaped, in texts and in quoted
 * attributes alike. So a value is written unescaped by no other way than buf_text.
 */
#ifndef NPSD_PAGE_HTML_H
#define NPSD_PAGE_HTML_H

#include "npsd/base/buf.h"

/* Appends text with & < > " and ' escaped. Controls that no parser of HTML takes are left out. */
void html_text(struct buf *out, const char *utf8);
/* %s: a text, escaped; %d: an int; %%: a percent sign. Nothing else. */
void html_put(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
