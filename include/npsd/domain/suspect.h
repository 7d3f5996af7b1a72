/*
 * suspect: marks on an answer that may not be a person's. A mark is a column beside the answer,
 * never a reason to drop it, and no part of what is hashed: a survey says whether answers with
 * marks count ("suspects").
 */
#ifndef NPSD_DOMAIN_SUSPECT_H
#define NPSD_DOMAIN_SUSPECT_H

/* Bits, which are stored: they never change, new ones are added at the end. */
enum suspect {
    SUSPECT_HONEYPOT = 1,   /* a field that people do not see was filled in */
    SUSPECT_TOO_FAST = 2,   /* sent sooner after the page than a person can answer */
    SUSPECT_STALE_PAGE = 4, /* sent from a page that is older than a day */
};

enum { SUSPECT_MARKS = 3, SUSPECT_REASON_SIZE = 64 };

/* The name of the mark 1 << n; n is less than SUSPECT_MARKS. */
const char *suspect_name(int n);
/* Why an answer with these marks is excluded: "suspect: honeypot, too_fast". */
char *suspect_reason(int marks, char text[static SUSPECT_REASON_SIZE]);

#endif
