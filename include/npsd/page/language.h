/*
 * language: in which language a page speaks. Pure.
 *
 * The page's own words are English or Russian; a survey's texts may be in more languages, and any
 * of them may be missing in one text. So a page has one language, that of most of it, and each text
 * of the survey that is not there in it comes in the next best.
 */
#ifndef NPSD_PAGE_LANGUAGE_H
#define NPSD_PAGE_LANGUAGE_H

#include "npsd/domain/survey.h"
#include "npsd/page/words.h"

/*
 * The language of a page: the one asked for (NULL: none), else the one that Accept-Language (NULL:
 * not sent) likes best, else the survey's first that npsd speaks, else English. It is one that npsd
 * speaks or that the survey's title has; survey may be NULL. Borrowed from the survey, or constant.
 */
const char *language_choose(const struct survey *survey, const char *asked, const char *accept);
/* In which language npsd's own words come on such a page. */
enum words_language language_words(const char *language);
/* The tag of npsd's own words: "en", "ru". */
const char *language_tag(enum words_language language);
/* The text in this language, else in the same one of another place ("pt" for "pt-BR"), else in
 * English, else the first; NULL: there are no texts. */
const struct survey_text *language_text(const struct survey_texts *texts, const char *language);
/* Whether two tags are of the same language, whatever the place. */
bool language_same(const char *a, const char *b);
/* What a language calls itself: "Русский"; the tag itself for those we have no name of. */
const char *language_name(const char *tag);

#endif
