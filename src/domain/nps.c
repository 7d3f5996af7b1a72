#include "npsd/domain/nps.h"
#include <math.h>

/* Shares and their like as ten-thousandths of a percent: 100 % is a million. */
enum { FOUR_DECIMALS = 10000, PERCENT_FOUR_DECIMALS = 100 * FOUR_DECIMALS };

#define Z_95 1.959963984540054

__extension__ typedef __int128 wide;

/* The adjusted quantities of one side: mean and variance of its +1, 0 and -1, and how many. */
struct adjusted {
    double mean, variance, count;
};

const char *nps_group_name(enum nps_group group)
{
    static const char *const names[NPS_GROUPS] = {
        [NPS_CRITIC] = "critic",
        [NPS_NEUTRAL] = "neutral",
        [NPS_PROMOTER] = "promoter",
    };
    return names[group];
}

enum nps_group nps_group_of(int score)
{
    if (score >= 9)
        return NPS_PROMOTER;
    return score >= 7 ? NPS_NEUTRAL : NPS_CRITIC;
}

void nps_counts_add(struct nps_counts *sum, const struct nps_counts *more)
{
    for (int score = 0; score < NPS_SCORES; score++)
        sum->score[score] += more->score[score];
}

/* dividend / divisor, half away from zero; divisor > 0. */
static int64_t divide_rounded(wide dividend, wide divisor)
{
    wide half_up = (2 * (dividend < 0 ? -dividend : dividend) + divisor) / (2 * divisor);
    return (int64_t)(dividend < 0 ? -half_up : half_up);
}

static double percent(wide part, wide whole)
{
    return (double)divide_rounded(part * PERCENT_FOUR_DECIMALS, whole) / FOUR_DECIMALS;
}

double nps_percent(int64_t part, int64_t whole)
{
    return percent(part, whole);
}

static double mean(wide sum, int64_t count)
{
    return (double)divide_rounded(sum * FOUR_DECIMALS, count) / FOUR_DECIMALS;
}

double nps_mean(int64_t sum, int64_t count)
{
    return mean(sum, count);
}

/* Half away from zero, without a negative zero. */
static double round_to(double value, double unit)
{
    return round(value * unit) / unit + 0.0;
}

static struct nps_result count_groups(const struct nps_counts *counts)
{
    int64_t groups[NPS_GROUPS] = {0};
    for (int score = 0; score < NPS_SCORES; score++)
        groups[nps_group_of(score)] += counts->score[score];
    return (struct nps_result){
        .responses = groups[NPS_CRITIC] + groups[NPS_NEUTRAL] + groups[NPS_PROMOTER],
        .promoters = groups[NPS_PROMOTER],
        .neutrals = groups[NPS_NEUTRAL],
        .critics = groups[NPS_CRITIC],
    };
}

/*
 * The variance is p + c - (p - c)^2, written as (p + c)(1 - p - c) + 4pc: nothing is subtracted,
 * so nothing is lost when almost everybody agrees.
 */
static struct adjusted adjust(const struct nps_result *groups)
{
    double count = (double)groups->responses + 3;
    double p = ((double)groups->promoters + 0.75) / count;
    double n = ((double)groups->neutrals + 1.5) / count;
    double c = ((double)groups->critics + 0.75) / count;
    return (struct adjusted){.mean = p - c, .variance = (p + c) * n + 4 * p * c, .count = count};
}

static double clamp(double points)
{
    return fmin(fmax(points, -100), 100);
}

static double mean_score(const struct nps_counts *counts, int64_t responses)
{
    wide sum = 0;
    for (int score = 0; score < NPS_SCORES; score++)
        sum += (wide)counts->score[score] * score;
    return mean(sum, responses);
}

struct nps_result nps_compute(const struct nps_counts *counts)
{
    struct nps_result result = count_groups(counts);
    int64_t n = result.responses, lead = result.promoters - result.critics;
    if (n <= 0)
        return result;
    struct adjusted side = adjust(&result);
    double margin = Z_95 * sqrt(side.variance / side.count);
    result.known = true;
    result.nps = (int)divide_rounded((wide)lead * 100, n);
    result.promoter_share = percent(result.promoters, n);
    result.neutral_share = percent(result.neutrals, n);
    result.critic_share = percent(result.critics, n);
    result.nps_exact = percent(lead, n);
    result.mean = mean_score(counts, n);
    result.low = round_to(clamp(100 * (side.mean - margin)), FOUR_DECIMALS);
    result.high = round_to(clamp(100 * (side.mean + margin)), FOUR_DECIMALS);
    return result;
}

/* 100 * (b's lead / b's answers - a's lead / a's answers), rounded once. */
static double exact_difference(const struct nps_result *a, const struct nps_result *b)
{
    wide leads_crossed = (wide)(b->promoters - b->critics) * a->responses -
                         (wide)(a->promoters - a->critics) * b->responses;
    return percent(leads_crossed, (wide)a->responses * b->responses);
}

struct nps_change nps_compare(const struct nps_counts *previous, const struct nps_counts *current)
{
    struct nps_result before = count_groups(previous), now = count_groups(current);
    if (before.responses <= 0 || now.responses <= 0)
        return (struct nps_change){.known = false};
    struct adjusted a = adjust(&before), b = adjust(&now);
    double error = sqrt(a.variance / a.count + b.variance / b.count);
    double difference = b.mean - a.mean, z = difference / error, p = erfc(fabs(z) / sqrt(2));
    return (struct nps_change){
        .known = true,
        .nps_exact = exact_difference(&before, &now),
        .low = round_to(100 * (difference - Z_95 * error), FOUR_DECIMALS),
        .high = round_to(100 * (difference + Z_95 * error), FOUR_DECIMALS),
        .z = round_to(z, FOUR_DECIMALS),
        .p = round_to(p, 1e6),
        .p_unrounded = p,
    };
}
