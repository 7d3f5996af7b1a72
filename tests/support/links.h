/* links: signed links in API tests: made by the analyst's key, used by nobody's. Bodies are as
 * text_json takes them. */
#ifndef SUPPORT_LINKS_H
#define SUPPORT_LINKS_H

#include "support/client.h"

#define FORM "application/x-www-form-urlencoded"

/* A new survey of access link, with these further members. */
const char *link_survey(const char *members);
/* POST .../links. */
struct reply *link_order(const char *survey, const char *body);
/* The token in a URL. */
const char *link_token_in(const char *url);
const char *link_token(const char *survey, const char *respondent);
/* A token as the daemon would have made it with its newest key. */
const char *link_forge(const char *survey, const char *respondent, long expires_in_s);

/* POST .../responses with the token as Bearer (or any key, or NULL), and POST /s/{token}. */
struct reply *link_answer(const char *survey, const char *token, const char *body);
struct reply *link_form(const char *token, const char *body);

/* The list of responses, which has one. */
struct reply *link_only_row(const char *survey);
void link_expect_count(const char *survey, int count);

#endif
