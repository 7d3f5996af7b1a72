#include "npsd/cli/report.h"

#include "npsd/base/clock.h"
#include "npsd/base/text.h"

#include <inttypes.h>
#include <math.h>

/* Groups in the order in which they are shown, each with a shade that can be told without colour.
 */
static const struct {
    enum nps_group group;
    const char *name, *block, *colour;
} shown[NPS_GROUPS] = {
    {NPS_PROMOTER, "promoters", "█", "\033[32m"},
    {NPS_NEUTRAL, "neutrals", "▒", "\033[33m"},
    {NPS_CRITIC, "critics", "░", "\033[31m"},
};

static int64_t group_count(const struct nps_result *result, enum nps_group group)
{
    switch (group) {
    case NPS_PROMOTER:
        return result->promoters;
    case NPS_NEUTRAL:
        return result->neutrals;
    default:
        return result->critics;
    }
}

static double group_share(const struct nps_result *result, enum nps_group group)
{
    switch (group) {
    case NPS_PROMOTER:
        return result->promoter_share;
    case NPS_NEUTRAL:
        return result->neutral_share;
    default:
        return result->critic_share;
    }
}

void report_bar(const struct nps_result *result, int ret_cells[static NPS_GROUPS])
{
    int64_t rest[NPS_GROUPS];
    int left = result->known ? REPORT_BAR_WIDTH : 0;

    for (int group = 0; group < NPS_GROUPS; group++) {
        int64_t part = group_count(result, group) * REPORT_BAR_WIDTH;
        ret_cells[group] = result->known ? (int)(part / result->responses) : 0;
        rest[group] = result->known ? part % result->responses : 0;
        left -= ret_cells[group];
    }
    for (; left > 0; left--) {
        int largest = 0;
        for (int group = 1; group < NPS_GROUPS; group++)
            if (rest[group] > rest[largest])
                largest = group;
        ret_cells[largest]++;
        rest[largest] = -1;
    }
}

static void print_blocks(int i, int cells, bool colour, FILE *out)
{
    if (cells == 0)
        return;
    fputs(colour ? shown[i].colour : "", out);
    while (cells-- > 0)
        fputs(shown[i].block, out);
    fputs(colour ? "\033[0m" : "", out);
}

static void print_text(const char *text, FILE *out)
{
    while (*text) {
        size_t size = text_printable(text);
        fwrite(size > 0 ? text : "?", 1, size > 0 ? size : 1, out);
        text += size > 0 ? size : 1;
    }
}

static void print_window(const struct window *window, FILE *out)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];

    if (window->from_us == SLOTS_OPEN_FROM)
        fputs("all time", out);
    else
        fprintf(out, "%s to %s", clock_format(window->from_us, from),
                clock_format(window->to_us, to));
}

static void print_head(const struct results *results, FILE *out)
{
    const struct survey *survey = results->asked.survey;

    if (survey->title.count > 0) {
        print_text(survey->title.items[0].text, out);
        fprintf(out, " (%s)\n", survey->slug);
    } else {
        fprintf(out, "%s\n", survey->slug);
    }
    print_window(&results->asked.choice.window, out);
    fprintf(out, " (%s)\n", results->asked.query.request.time_zone);
    for (size_t i = 0; i < results->asked.query.where_count; i++) {
        fprintf(out, "where %s = ", results->asked.query.where[i].name);
        print_text(results->asked.query.where[i].text, out);
        fputc('\n', out);
    }
    fputc('\n', out);
}

static void print_table(const struct nps_result *result, bool colour, FILE *out)
{
    for (int i = 0; i < NPS_GROUPS; i++) {
        enum nps_group group = shown[i].group;
        print_blocks(i, 1, colour, out);
        fprintf(out, " %-10s %10" PRId64 "  %7.2f %%\n", shown[i].name, group_count(result, group),
                group_share(result, group));
    }
    fprintf(out, "  %-10s %10" PRId64 "\n\n", "answers", result->responses);
}

static void print_bar(const struct nps_result *result, bool colour, FILE *out)
{
    int cells[NPS_GROUPS];

    report_bar(result, cells);
    for (int i = 0; i < NPS_GROUPS; i++)
        print_blocks(i, cells[shown[i].group], colour, out);
    fputs("\n\n", out);
}

/* The interval is not the number plus or minus something, so it is told by its ends. */
static void print_number(const struct nps_result *result, int min_responses, FILE *out)
{
    fprintf(out, "NPS %d (exactly %.7g), mean score %.4g\n", result->nps, result->nps_exact,
            result->mean);
    fprintf(out, "With 95 %% confidence the true NPS lies between %.1f and %.1f.\n", result->low,
            result->high);
    if (result->responses < min_responses)
        fprintf(out, "not enough answers yet (%" PRId64 " of %d)\n", result->responses,
                min_responses);
}

static void print_comparison(const struct results *results, FILE *out)
{
    struct nps_result previous = nps_compute(&results->previous);
    struct nps_change change = nps_compare(&results->previous, &results->current);

    fputc('\n', out);
    if (!results->asked.choice.has_previous) {
        fputs("There is no window before all time.\n", out);
        return;
    }
    fputs("Before: ", out);
    if (previous.known)
        fprintf(out, "NPS %d from %" PRId64 " answers.\n", previous.nps, previous.responses);
    else
        fputs("no answers.\n", out);
    if (change.known)
        fprintf(out,
                "Change: %+.1f; with 95 %% confidence between %+.1f and %+.1f (z %.2f, p %.4f).\n",
                change.nps_exact, change.low, change.high, change.z, change.p);
}

void report_print(const struct results *results, bool colour, FILE *out)
{
    struct nps_result result = nps_compute(&results->current);

    print_head(results, out);
    if (result.known) {
        print_table(&result, colour, out);
        print_bar(&result, colour, out);
        print_number(&result, results->asked.survey->min_responses, out);
    } else {
        fprintf(out, "no answers yet (0 of %d)\n", results->asked.survey->min_responses);
    }
    if (results->compare)
        print_comparison(results, out);
}
