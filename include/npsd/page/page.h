/*
 * page: the pages that people see who answer: survey, thanks, and kind words where something is in
 * the way. Pure: everything a page shows comes in by the structs below.
 *
 * A page is one document: its style stands in it, named by its hash for the content security
 * policy; nothing else is inline. Texts that people wrote are escaped (page/html.h). It works with
 * keyboard and screen reader, at 320 px and at 200 %, in light and dark, and without script.
 */
#ifndef NPSD_PAGE_PAGE_H
#define NPSD_PAGE_PAGE_H

#include "npsd/base/buf.h"
#include "npsd/domain/channel.h"
#include "npsd/domain/survey.h"
#include "npsd/page/words.h"
#include <stdint.h>

enum { PAGE_STYLE_HASH_SIZE = 64 };

struct page {
    struct buf html;
    char style_hash[PAGE_STYLE_HASH_SIZE]; /* "sha256-...", as a policy names it */
};

/* What all pages have. */
struct page_frame {
    struct arena *arena;
    const struct survey *survey; /* NULL: a page about nothing */
    const char *language;        /* from language_choose */
    bool kiosk;
    const char *path;  /* where the page's language can be chosen; NULL: nowhere */
    const char *query; /* what stands in its query besides the language, escaped: "kiosk=1&", "" */
};

/* What only the survey page has. */
struct page_form {
    const char *action; /* where the form is sent: "/s/checkout" */
    const char *link;   /* the token of a signed link; NULL: none */
    enum channel channel;
    const char *facets[SURVEY_FACETS_MAX]; /* by slot: the value that comes with it; NULL: none */
    int score;                             /* that is chosen already; -1: none */
    const char *key;                       /* idempotency key; NULL: none */
    const char *stamp;                     /* when the page was made, signed */
    int64_t now_us;
};

struct page page_survey(const struct page_frame *frame, const struct page_form *form);
/* Where an answer ends, or (dismissed) a "no, thank you". */
struct page page_thanks(const struct page_frame *frame, bool dismissed);
/* What a refusal with this HTTP status means to people. */
struct page page_refusal(const struct page_frame *frame, int status);

#endif
