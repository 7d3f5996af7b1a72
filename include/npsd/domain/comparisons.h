/*
 * comparisons: values of a facet against the rest of a window, many at once. Pure, no allocation.
 *
 * The rest is all answers that do not have the value, so no answer stands on both sides. The
 * difference is that of nps_compare, from the rest to the value.
 *
 * Who compares many values finds "significant" ones by chance alone, so the p-values are corrected
 * by Holm's step-down method (Holm 1979, Scandinavian Journal of Statistics 6:65-70): of k sorted
 * p-values the i-th (from 1) becomes the largest of min(1, (k - j + 1) p(j)) for j up to i. The
 * chance of even one false "differs" among all of them is then at most one in twenty, whatever
 * depends on what.
 */
#ifndef NPSD_DOMAIN_COMPARISONS_H
#define NPSD_DOMAIN_COMPARISONS_H

#include "npsd/domain/nps.h"
#include <stddef.h>

/* What is below this is no chance; the level is 1 less this. */
#define COMPARISONS_P 0.05
#define COMPARISONS_LEVEL 0.95

struct comparison {
    struct nps_counts rest;
    struct nps_change change; /* not known: there is nothing to compare */
    /* Set by comparisons_correct. */
    double p_adjusted; /* six decimals */
    bool differs;      /* p_adjusted is below COMPARISONS_P */
};

/* value is part of total. The correction is not made. */
struct comparison comparison_with_rest(const struct nps_counts *total,
                                       const struct nps_counts *value);
/* Corrects the p-values of comparisons whose change is known, as one family. Sorts the array of
 * pointers; in which order they come does not matter. */
void comparisons_correct(struct comparison **comparisons, size_t count);

#endif
