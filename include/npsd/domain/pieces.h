/*
 * pieces: what windows of time have in common is counted once. Pure.
 *
 * The ends of all windows, in order, are steps, and a window is what lies between two of them. Of
 * each stretch from one step to the next that a window needs:
 *
 *     shorter than half a slot   a piece of its own
 *     else                       the slots between the bounds of its ends, one piece, plus
 *                                part(begin) - part(end), where part(x) is the piece between x and
 *                                its bound, negative if that is before x
 *
 * Slots are days (UTC), or shorter. x's bound is where the nearest of them begins, or, if x lies in
 * the future, the next: hardly any answer lies between.
 *
 * So the days of a series, which begin at some other time than days of UTC do, cost one row each
 * and what lies between a local and the nearest UTC midnight, once for each such midnight; and
 * windows that overlap, as moving ones do, cost no more than their ends.
 *
 * The counts of pieces add up to the counts of windows exactly.
 */
#ifndef NPSD_DOMAIN_PIECES_H
#define NPSD_DOMAIN_PIECES_H

#include "npsd/base/arena.h"
#include "npsd/domain/nps.h"
#include "npsd/domain/slots.h"

struct piece_step;
struct piece_window;

struct pieces {
    struct slot_span *spans; /* of the pieces, none empty; first the stretches, in order */
    size_t count;
    /* How they make up the windows. */
    struct piece_step *steps;
    size_t step_count;
    struct piece_window *windows;
    size_t window_count;
};

/*
 * ends may be open (domain/slots). A window that ends before it begins is empty. slot_us: how long
 * slots are; 0: each stretch is a piece of its own, for counting that is not helped by them.
 * now_us: when the future begins (SLOTS_OPEN_TO: never); what is counted does not depend on it.
 */
struct pieces pieces_cut(struct arena *arena, const struct slot_span *windows, size_t count,
                         int64_t slot_us, int64_t now_us);

/* From the counts of all pieces (in their order) to those of all windows. Uses pieces for its own
 * sums: one thread at a time. */
void pieces_add_up(struct pieces *pieces, const struct nps_counts *of_pieces,
                   struct nps_counts *ret_windows);

#endif
