/* document: what stands around every page, and small pieces that several pages have. Private to
 * the layer. */
#ifndef NPSD_PAGE_DOCUMENT_H
#define NPSD_PAGE_DOCUMENT_H

#include "npsd/page/html.h"
#include "npsd/page/page.h"

/* A page on its way: page.html is written between begin and end. */
struct document {
    const struct page_frame *frame;
    enum words_language words;
    struct page page;
};

/* Up to the begin of <main>: title NULL is the survey's; script NULL: none. */
struct document document_begin(const struct page_frame *frame, const char *title,
                               const char *script);
/* The end of <main>, the choice of languages, and the rest. */
void document_end(struct document *document);

/* npsd's own words in the page's language. */
const char *document_word(const struct document *document, enum word word);
/* A text of the survey, and its language where that is not the page's. */
void document_texts(struct document *document, const struct survey_texts *texts);
/* As HTML's attribute lang, a blank before it; nothing where the text is in the page's language. */
void document_lang(struct document *document, const struct survey_text *text);
/* The words at the end of an answer: of the page of thanks, and for the script to show. */
void document_thanks(struct document *document, bool dismissed);
/* A picture, a heading and a sentence. */
void document_message(struct document *document, const char *picture, enum word heading,
                      enum word more);

#endif
