/* page: survey pages as a browser asks for them, and what must stand in them. */
#ifndef SUPPORT_PAGE_H
#define SUPPORT_PAGE_H

#include "support/client.h"

#define HTML "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
#define GZIP "Accept-Encoding: gzip, deflate, br"
#define RUSSIAN "Accept-Language: ru-RU,ru;q=0.9,en;q=0.8"

/* GET with up to two headers (NULL: none). */
struct reply *page_get(const char *path, const char *header, const char *second);
/* /s/{survey}, as a browser, which must be 200. */
struct reply *page_open(const char *survey, const char *query);

/* What stands in a body, and what must not. */
void page_expect(const struct reply *reply, const char *part);
void page_expect_no(const struct reply *reply, const char *part);
/* What stands between the two, which must be there; lives like text(). */
const char *page_between(const char *html, const char *begin, const char *end);
/* The policy of a page is as strict as can be, and names the style that stands in it. */
void page_expect_style(struct reply *reply);

#endif
