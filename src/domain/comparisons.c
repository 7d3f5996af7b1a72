#include "npsd/domain/comparisons.h"
#include <math.h>
#include <stdlib.h>

#define SIX_DECIMALS 1e6

struct comparison comparison_with_rest(const struct nps_counts *total,
                                       const struct nps_counts *value)
{
    struct comparison comparison = {.rest = *total};
    for (int score = 0; score < NPS_SCORES; score++)
        comparison.rest.score[score] -= value->score[score];
    comparison.change = nps_compare(&comparison.rest, value);
    return comparison;
}

static int by_p(const void *a, const void *b)
{
    const struct comparison *const *x = a, *const *y = b;
    double p = (*x)->change.p_unrounded, q = (*y)->change.p_unrounded;
    return (p > q) - (p < q);
}

void comparisons_correct(struct comparison **comparisons, size_t count)
{
    double largest = 0;
    if (count == 0)
        return;
    qsort(comparisons, count, sizeof *comparisons, by_p);
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, (double)(count - i) * comparisons[i]->change.p_unrounded);
        double adjusted = round(fmin(largest, 1) * SIX_DECIMALS) / SIX_DECIMALS;
        comparisons[i]->p_adjusted = adjusted;
        comparisons[i]->differs = adjusted < COMPARISONS_P;
    }
}
