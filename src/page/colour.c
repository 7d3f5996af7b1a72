#include "npsd/page/colour.h"

#include <math.h>
#include <stddef.h>

enum { TEXT_LENGTH = 7, STEPS = 256 };

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool colour_parse(const char *text, struct colour *ret_colour)
{
    int digits[TEXT_LENGTH - 1];
    if (text[0] != '#')
        return false;
    for (int i = 0; i < TEXT_LENGTH - 1; i++) {
        digits[i] = digit(text[i + 1]); /* -1 also at the end of a shorter text */
        if (digits[i] < 0)
            return false;
    }
    if (text[TEXT_LENGTH] != '\0')
        return false;
    *ret_colour = (struct colour){(uint8_t)(digits[0] << 4 | digits[1]),
                                  (uint8_t)(digits[2] << 4 | digits[3]),
                                  (uint8_t)(digits[4] << 4 | digits[5])};
    return true;
}

static double linear(uint8_t channel)
{
    double value = channel / 255.0;
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(struct colour c)
{
    return 0.2126 * linear(c.red) + 0.7152 * linear(c.green) + 0.0722 * linear(c.blue);
}

double colour_contrast(struct colour a, struct colour b)
{
    double first = luminance(a), second = luminance(b);
    return (fmax(first, second) + 0.05) / (fmin(first, second) + 0.05);
}

static uint8_t mix_channel(uint8_t from, uint8_t to, int step)
{
    return (uint8_t)(from + (to - from) * step / STEPS);
}

static struct colour mix(struct colour from, struct colour to, int step)
{
    return (struct colour){mix_channel(from.red, to.red, step),
                           mix_channel(from.green, to.green, step),
                           mix_channel(from.blue, to.blue, step)};
}

/* The luminance that has the same contrast to black and to white. */
static const double MIDDLE = 0.179;

struct colour colour_readable(struct colour colour, struct colour ground, double contrast)
{
    static const struct colour black = {0, 0, 0}, white = {255, 255, 255};
    struct colour end = luminance(ground) > MIDDLE ? black : white;
    int low = 0, high = STEPS;
    if (colour_contrast(colour, ground) >= contrast)
        return colour;

    /* A step further never has less contrast once it is on the end's side of the ground; before
     * that it has less than is wanted. */
    while (low < high) {
        int middle = (low + high) / 2;
        struct colour mixed = mix(colour, end, middle);
        bool beyond =
            end.red ? luminance(mixed) > luminance(ground) : luminance(mixed) < luminance(ground);
        if (beyond && colour_contrast(mixed, ground) >= contrast)
            high = middle;
        else
            low = middle + 1;
    }
    return mix(colour, end, low);
}

struct colour colour_ink(struct colour ground, double contrast)
{
    static const struct colour black = {0, 0, 0}, white = {255, 255, 255};
    return colour_contrast(white, ground) >= contrast ? white : black;
}
