/*
 * nps: the arithmetic. Counts in, numbers out; pure, no allocation.
 *
 * Groups: critic 0..6, neutral 7..8, promoter 9..10. All numbers are computed from the counts,
 * never from rounded shares. With no answers everything but the counts is absent (known is false;
 * printed as null).
 *
 * nps: an integer, half away from zero, by integer arithmetic.
 *
 * shares, nps_exact, mean: four decimals, half away from zero, exact (computed in integers, as
 * ten-thousandths).
 *
 * interval: adjusted Wald, 95 % (Rocks 2016, The American Statistician, arXiv 1601.07235). Three
 * answers are added, 3/4 promoter, 3/2 neutral, 3/4 critic; p' = (P + .75) / (n + 3), c' = (C +
 * .75) / (n + 3), m = p' - c', v = p' + c' - m^2; m +- z sqrt(v / (n + 3)), clamped to -100..100.
 * Its centre is not the reported NPS.
 *
 * change: nps_exact is the difference of the two exact ratios, rounded once; z, p and the interval
 * come from the adjusted quantities: z = (m2 - m1) / sqrt(v1 / (n1 + 3) + v2 / (n2 + 3)), p =
 * erfc(|z| / sqrt 2), two-sided (measuringu.com/nps-significance-test). Absent when a side is
 * empty.
 */
#ifndef NPSD_DOMAIN_NPS_H
#define NPSD_DOMAIN_NPS_H

#include <stdbool.h>
#include <stdint.h>

enum { NPS_SCORES = 11 };

enum nps_group { NPS_CRITIC, NPS_NEUTRAL, NPS_PROMOTER, NPS_GROUPS };

/* "critic", "neutral", "promoter". */
const char *nps_group_name(enum nps_group group);
enum nps_group nps_group_of(int score);

/* How many answers gave each score. */
struct nps_counts {
    int64_t score[NPS_SCORES];
};

struct nps_result {
    int64_t responses, promoters, neutrals, critics;
    bool known; /* false: no responses, nothing below is set */
    int nps;
    double promoter_share, neutral_share, critic_share; /* percent */
    double nps_exact;
    double mean;
    double low, high; /* of the interval, points, rounded to four decimals */
};

struct nps_change {
    bool known;                     /* false: a side is empty */
    double nps_exact, low, high, z; /* four decimals */
    double p;                       /* six decimals */
    double p_unrounded;             /* for further arithmetic (comparisons.h) */
};

void nps_counts_add(struct nps_counts *sum, const struct nps_counts *more);
struct nps_result nps_compute(const struct nps_counts *counts);
struct nps_change nps_compare(const struct nps_counts *previous, const struct nps_counts *current);

/* 100 * part / whole and sum / count: four decimals, half away from zero, exact. The divisor is
 * above 0. */
double nps_percent(int64_t part, int64_t whole);
double nps_mean(int64_t sum, int64_t count);

#endif
