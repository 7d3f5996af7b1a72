#include "numbers_parts.h"

#include <string.h>

enum { FACET, VALUE, PIECE, COUNTERS_OF_PIECE };

struct pieces numbers_pieces(struct arena *arena, const struct number_query *query, int64_t slot_us)
{
    struct slot_span *spans = arena_calloc(arena, query->window_count + 1, sizeof(*spans));

    for (size_t w = 0; w < query->window_count; w++)
        spans[w] = (struct slot_span){query->windows[w].from_us, query->windows[w].to_us};
    return pieces_cut(arena, spans, query->window_count, slot_us,
                      query->now_us ? query->now_us : SLOTS_OPEN_TO);
}

/* Counts of one cut, used for one after the other. */
struct sheet {
    struct nps_counts *pieces;
    struct nps_counts *buckets; /* 0: nothing; b: all of the journal up to bucket b */
};

static struct sheet make_sheet(struct arena *arena, const struct number_plan *plan)
{
    return (struct sheet){
        arena_calloc(arena, plan->pieces.count + 1, sizeof(struct nps_counts)),
        arena_calloc(arena, plan->journal.bound_count + 1, sizeof(struct nps_counts)),
    };
}

static void read_row(const struct db_result *sums, int row, struct sheet *sheet)
{
    int64_t piece = db_int(sums, row, PIECE);
    struct nps_counts *counts = piece < 0 ? &sheet->buckets[-piece] : &sheet->pieces[piece];
    struct nps_counts more;

    db_int8s(sums, row, COUNTERS_OF_PIECE, more.score, NPS_SCORES);
    nps_counts_add(counts, &more);
}

static void add_journal(const struct number_plan *plan, const struct number_stretch *stretches,
                        struct sheet *sheet)
{
    if (!stretches)
        return;
    for (size_t b = 1; b < plan->journal.bound_count; b++)
        nps_counts_add(&sheet->buckets[b], &sheet->buckets[b - 1]);
    for (size_t p = 0; p < plan->pieces.count; p++) {
        const struct nps_counts *until = &sheet->buckets[stretches[p].end];
        const struct nps_counts *before = &sheet->buckets[stretches[p].first];
        for (int score = 0; score < NPS_SCORES; score++)
            sheet->pieces[p].score[score] += until->score[score] - before->score[score];
    }
}

static bool same_cut(const struct db_result *sums, int row, int other)
{
    return other < db_rows(sums) && db_int(sums, row, FACET) == db_int(sums, other, FACET) &&
           db_int(sums, row, VALUE) == db_int(sums, other, VALUE);
}

/* The rows of one cut from this one on; returns the first of the next. */
static int read_cut(struct number_plan *plan, const struct db_result *sums, int row,
                    const struct number_stretch *stretches, struct sheet *sheet,
                    struct nps_counts *ret_windows)
{
    int end = row;

    memset(sheet->pieces, 0, plan->pieces.count * sizeof(*sheet->pieces));
    memset(sheet->buckets, 0, (plan->journal.bound_count + 1) * sizeof(*sheet->buckets));
    for (; same_cut(sums, row, end); end++)
        read_row(sums, end, sheet);
    add_journal(plan, stretches, sheet);
    pieces_add_up(&plan->pieces, sheet->pieces, ret_windows);
    return end;
}

void numbers_read_one(struct arena *arena, struct number_plan *plan, const struct db_result *sums,
                      struct nps_counts *ret_counts)
{
    struct sheet sheet = make_sheet(arena, plan);

    memset(ret_counts, 0, plan->pieces.window_count * sizeof(*ret_counts));
    if (db_rows(sums) > 0 && db_int(sums, 0, FACET) != NUMBER_SEEN_FACET)
        read_cut(plan, sums, 0, plan->of_facet, &sheet, ret_counts);
}

static bool any_answer(const struct nps_counts *windows, size_t count)
{
    for (size_t w = 0; w < count; w++)
        for (int score = 0; score < NPS_SCORES; score++)
            if (windows[w].score[score] != 0)
                return true;
    return false;
}

static size_t count_cuts(const struct db_result *sums)
{
    size_t cuts = 0;
    for (int row = 0; row < db_rows(sums); row++)
        cuts += row == 0 || !same_cut(sums, row, row - 1);
    return cuts;
}

struct number_values numbers_read_values(struct arena *arena, struct number_plan *plan,
                                         const struct db_result *sums)
{
    size_t windows = plan->pieces.window_count, cuts = count_cuts(sums);
    struct sheet sheet = make_sheet(arena, plan);
    struct nps_counts *counts =
        arena_calloc(arena, (cuts + 1) * (windows + 1), sizeof(struct nps_counts));
    struct number_values values = {
        .total = counts,
        .values = arena_calloc(arena, cuts + 1, sizeof(struct number_value)),
    };

    for (int row = 0; row < db_rows(sums);) {
        bool is_total = db_int(sums, row, FACET) == SURVEY_FACET_TOTAL;
        struct nps_counts *of_cut = is_total ? values.total : (counts += windows);
        int32_t value = (int32_t)db_int(sums, row, VALUE);

        row = read_cut(plan, sums, row, is_total ? plan->of_total : plan->of_facet, &sheet, of_cut);
        if (!is_total && any_answer(of_cut, windows))
            values.values[values.count++] = (struct number_value){value, of_cut};
    }
    return values;
}

struct number_values numbers_only(struct arena *arena, int32_t value, struct nps_counts *total,
                                  size_t windows)
{
    struct number_values values = {
        .total = total,
        .values = arena_calloc(arena, 1, sizeof(struct number_value)),
        .count = any_answer(total, windows),
    };
    values.values[0] = (struct number_value){value, total};
    return values;
}
