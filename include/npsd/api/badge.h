/*
 * badge: the number of a survey as a small picture (SVG), for pages and wikis. Without a key for
 * surveys whose "badge" is "public", then of the whole survey only (access.c).
 */
#ifndef NPSD_API_BADGE_H
#define NPSD_API_BADGE_H

#include "npsd/base/buf.h"
#include "npsd/domain/nps.h"
#include "npsd/http/call.h"
#include "npsd/http/reply.h"

enum { BADGE_LABEL_MAX = 40 /* code points */ };

/* Whether a label can be drawn: 1 to BADGE_LABEL_MAX code points that XML 1.0 allows, no controls.
 * utf8 is valid UTF-8. */
bool badge_label_is_good(const char *utf8);

/*
 * The picture, 20 pixels high: the label, and beside it the NPS, or "-" without responses. The
 * value's ground is green from 30 on, brown from 0, red below, and grey while there are fewer than
 * min_responses. White text has a contrast of at least 4.5:1 on all of them.
 *
 * Fonts are the reader's, so the width of a text is estimated from those of DejaVu Sans, and the
 * text is told to keep to it (textLength).
 */
struct buf badge_draw(struct arena *arena, const char *label, const struct nps_result *result,
                      int min_responses);

/* GET /v1/surveys/{survey}/nps.svg */
struct reply badge_nps(struct call *call);

#endif
