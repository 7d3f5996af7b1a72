/*
 * colour: a brand's colour made readable. Pure.
 *
 * Contrast is that of WCAG 2.2 ("contrast ratio"): (L1 + 0.05) / (L2 + 0.05) with the relative
 * luminance L = 0.2126 R + 0.7152 G + 0.0722 B of the linear sRGB channels, the lighter one above.
 */
#ifndef NPSD_PAGE_COLOUR_H
#define NPSD_PAGE_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

struct colour {
    uint8_t red, green, blue;
};

/* "#00aa77", either case; false for anything else. */
bool colour_parse(const char *text, struct colour *ret_colour);
/* 1 to 21. */
double colour_contrast(struct colour a, struct colour b);
/*
 * The shade of colour nearest to it that has at least this contrast (4.5 for text) on the ground:
 * colour itself if it has, else mixed with as little black (on a light ground) or white (on a dark
 * one) as does it.
 */
struct colour colour_readable(struct colour colour, struct colour ground, double contrast);
/* White if it has this contrast on the ground, else black: one of them has at least 4.58. */
struct colour colour_ink(struct colour ground, double contrast);

#endif
