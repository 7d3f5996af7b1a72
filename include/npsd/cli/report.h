/*
 * report: one result as people read it in a terminal: a table of the three groups, a bar of their
 * shares, the interval in words.
 */
#ifndef NPSD_CLI_REPORT_H
#define NPSD_CLI_REPORT_H

#include "npsd/api/results.h"
#include <stdbool.h>
#include <stdio.h>

enum { REPORT_BAR_WIDTH = 50 };

/* The cells of a bar that each group gets: by largest remainder, so that they fill it. All 0
 * without responses. */
void report_bar(const struct nps_result *result, int ret_cells[static NPS_GROUPS]);
/* colour: with ANSI colours. Control characters in texts are printed as "?". */
void report_print(const struct results *results, bool colour, FILE *out);

#endif
