#include "npsd/domain/pieces.h"

#include "npsd/base/clock.h"

#include <stdlib.h>

#define NO_PIECE SIZE_MAX

/* An end of windows, and the stretch from it to the next step. */
struct piece_step {
    int64_t at_us, bound_us;
    int opened;       /* windows that begin here, less those that end here */
    bool after_bound; /* its part is what lies behind its bound: negative */
    size_t part;      /* the piece between it and its bound, or none */
    size_t piece;     /* of the stretch, or none: no window needs it, or it holds no whole slot */
    bool has_parts;   /* the stretch also has the parts of both ends */
    struct nps_counts before; /* of all stretches up to this step: pieces_add_up */
};

/* Between two steps; equal: empty. */
struct piece_window {
    size_t first, end;
};

static int compare_instants(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Open ends are their own bounds. */
static int64_t bound_of(int64_t at_us, int64_t slot_us, int64_t now_us)
{
    int64_t forward_us = at_us > now_us ? slot_us - 1 : slot_us / 2;

    if (slot_us == 0 || at_us == SLOTS_OPEN_FROM || at_us == SLOTS_OPEN_TO)
        return at_us;
    return clock_floor_div(at_us + forward_us, slot_us) * slot_us;
}

static void make_steps(struct arena *arena, struct pieces *pieces, const struct slot_span *windows,
                       int64_t slot_us, int64_t now_us)
{
    size_t ends = 0, steps = 0;
    int64_t *at_us = arena_calloc(arena, 2 * pieces->window_count + 1, sizeof(*at_us));

    for (size_t w = 0; w < pieces->window_count; w++)
        if (windows[w].from_us < windows[w].to_us) {
            at_us[ends++] = windows[w].from_us;
            at_us[ends++] = windows[w].to_us;
        }
    qsort(at_us, ends, sizeof(*at_us), compare_instants);
    pieces->steps = arena_calloc(arena, ends + 1, sizeof(*pieces->steps));
    for (size_t i = 0; i < ends; i++)
        if (i == 0 || at_us[i] != at_us[i - 1])
            pieces->steps[steps++] =
                (struct piece_step){.at_us = at_us[i],
                                    .bound_us = bound_of(at_us[i], slot_us, now_us),
                                    .part = NO_PIECE,
                                    .piece = NO_PIECE};
    pieces->step_count = steps;
}

/* It is there. */
static size_t find_step(const struct pieces *pieces, int64_t at_us)
{
    size_t low = 0, high = pieces->step_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (pieces->steps[middle].at_us <= at_us)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void place_windows(struct arena *arena, struct pieces *pieces,
                          const struct slot_span *windows)
{
    pieces->windows = arena_calloc(arena, pieces->window_count + 1, sizeof(*pieces->windows));
    for (size_t w = 0; w < pieces->window_count; w++)
        if (windows[w].from_us < windows[w].to_us) {
            struct piece_window window = {find_step(pieces, windows[w].from_us),
                                          find_step(pieces, windows[w].to_us)};
            pieces->steps[window.first].opened++;
            pieces->steps[window.end].opened--;
            pieces->windows[w] = window;
        }
}

static size_t add_piece(struct pieces *pieces, int64_t from_us, int64_t to_us)
{
    if (from_us >= to_us)
        return NO_PIECE;
    pieces->spans[pieces->count] = (struct slot_span){from_us, to_us};
    return pieces->count++;
}

static void add_part(struct pieces *pieces, struct piece_step *step)
{
    if (step->part != NO_PIECE)
        return;
    step->after_bound = step->bound_us < step->at_us;
    step->part = step->after_bound ? add_piece(pieces, step->bound_us, step->at_us)
                                   : add_piece(pieces, step->at_us, step->bound_us);
}

static bool is_long(int64_t from_us, int64_t to_us, int64_t slot_us)
{
    return from_us == SLOTS_OPEN_FROM || to_us == SLOTS_OPEN_TO || to_us - from_us >= slot_us / 2;
}

static void add_stretch(struct pieces *pieces, struct piece_step *step, int64_t slot_us)
{
    step->has_parts = slot_us > 0 && is_long(step->at_us, step[1].at_us, slot_us);
    step->piece = step->has_parts ? add_piece(pieces, step->bound_us, step[1].bound_us)
                                  : add_piece(pieces, step->at_us, step[1].at_us);
}

struct pieces pieces_cut(struct arena *arena, const struct slot_span *windows, size_t count,
                         int64_t slot_us, int64_t now_us)
{
    struct pieces pieces = {.window_count = count};
    int open = 0;

    make_steps(arena, &pieces, windows, slot_us, now_us);
    place_windows(arena, &pieces, windows);
    pieces.spans = arena_calloc(arena, 2 * pieces.step_count + 1, sizeof(*pieces.spans));
    for (size_t i = 0; i + 1 < pieces.step_count; i++) {
        open += pieces.steps[i].opened;
        if (open > 0)
            add_stretch(&pieces, &pieces.steps[i], slot_us);
    }
    for (size_t i = 0; i + 1 < pieces.step_count; i++)
        if (pieces.steps[i].has_parts) {
            add_part(&pieces, &pieces.steps[i]);
            add_part(&pieces, &pieces.steps[i + 1]);
        }
    return pieces;
}

/* *sum += sign * counts of a piece. */
static void add(struct nps_counts *sum, const struct nps_counts *of_pieces, size_t piece, int sign)
{
    if (piece == NO_PIECE)
        return;
    for (int score = 0; score < NPS_SCORES; score++)
        sum->score[score] += sign * of_pieces[piece].score[score];
}

static void add_part_of(struct nps_counts *sum, const struct nps_counts *of_pieces,
                        const struct piece_step *step, int sign)
{
    add(sum, of_pieces, step->part, step->after_bound ? -sign : sign);
}

void pieces_add_up(struct pieces *pieces, const struct nps_counts *of_pieces,
                   struct nps_counts *ret_windows)
{
    for (size_t i = 0; i + 1 < pieces->step_count; i++) {
        struct piece_step *step = &pieces->steps[i];
        struct nps_counts sum = step->before;

        add(&sum, of_pieces, step->piece, 1);
        if (step->has_parts) {
            add_part_of(&sum, of_pieces, step, 1);
            add_part_of(&sum, of_pieces, step + 1, -1);
        }
        step[1].before = sum;
    }
    for (size_t w = 0; w < pieces->window_count; w++) {
        ret_windows[w] = (struct nps_counts){{0}};
        const struct piece_window *window = &pieces->windows[w];
        for (int score = 0; score < NPS_SCORES; score++)
            ret_windows[w].score[score] = pieces->steps[window->end].before.score[score] -
                                          pieces->steps[window->first].before.score[score];
    }
}
