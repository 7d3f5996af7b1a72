/*
 * link_snippet: the question and its eleven numbers, each a link, ready to be pasted into a mail:
 * as HTML (tables and inline colours, which mail programs keep; no picture, no script) and as text.
 * A number that is followed only chooses: mail scanners follow links too. Pure.
 */
#ifndef NPSD_API_LINK_SNIPPET_H
#define NPSD_API_LINK_SNIPPET_H

#include "npsd/base/buf.h"
#include "npsd/domain/survey.h"

/* The words of a snippet; the same for all links of a request. */
struct link_words {
    const char *question; /* the survey's own */
    const char *language; /* of the question */
    const char *low, *high, *of_ten;
};

/* The question in this language; or, in turn, in one of the same family, English, or the first
 * there is. language NULL: the first. */
struct link_words link_snippet_words(const struct survey *survey, const char *language);

/* url has a query already, to which the score is added. */
void link_snippet_html(struct buf *out, const struct link_words *words, const char *url);
void link_snippet_text(struct buf *out, const struct link_words *words, const char *url);

#endif
