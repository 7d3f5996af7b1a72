/*
 * role: who a key makes of its holder, and what kinds of access there are. The rights themselves
 * are one table in role.c, asked by role_may.
 */
#ifndef NPSD_DOMAIN_ROLE_H
#define NPSD_DOMAIN_ROLE_H

#include <stdbool.h>
#include <stddef.h>

enum role { ROLE_NONE, ROLE_SUBMIT, ROLE_AGENT, ROLE_VIEWER, ROLE_ANALYST, ROLE_ADMIN, ROLE_COUNT };

/* What a route needs. */
enum access {
    ACCESS_ANYONE,     /* health, preflight, thank-you page */
    ACCESS_PAGE,       /* see the page of a survey; without a key only of an open one */
    ACCESS_DEFINITION, /* read the definition of a survey; without a key only of an open one */
    ACCESS_LIST,       /* see which surveys there are */
    ACCESS_POST,       /* post a response; without a key only to an open survey */
    ACCESS_FORM,       /* post from a plain form, whose key is one of its fields */
    ACCESS_AMEND,      /* change a response: an edit token, or analyst and admin */
    ACCESS_NUMBERS,    /* results */
    ACCESS_BADGE,      /* the number as a picture; a public one is for everybody */
    ACCESS_ROWS,       /* responses, verbatims, history, erasure; signed links */
    ACCESS_MANAGE,     /* surveys */
    ACCESS_COUNT
};

const char *role_name(enum role role);
/* "none" is no role of a key: false for it. */
bool role_parse(const char *name, size_t len, enum role *ret_role);

/*
 * Whether the role alone suffices. For ROLE_NONE true means "possible at all": for a page, a
 * definition, a post and a form the caller then asks whether the survey is open to people without a
 * key, for a badge whether it is public, for an amendment whether the edit token is right (who
 * sends one sends no key).
 */
bool role_may(enum role role, enum access access);

/* Secret keys are not meant to stand in web pages: agent, viewer, analyst, admin. Their posts are
 * not rate limited. */
bool role_is_secret(enum role role);
/* Agent, analyst, admin: may set external_id and backdate, may post whatever the access of the
 * survey says. */
bool role_is_staff(enum role role);

#endif
