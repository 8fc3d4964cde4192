/* colours.c - colours by what they are for. */
#include "draw/drawing.h"

#include <math.h>
#include <stdio.h>

/* Okabe & Ito's, the yellow (too pale for lines on white) and the black replaced, orange later. */
static const uint32_t series[AD_SERIES_COLOURS] = {
    0x0072b2, /* blue */
    0xd55e00, /* vermilion */
    0x009e73, /* bluish green */
    0xcc79a7, /* reddish purple */
    0xe69f00, /* orange */
    0x56b4e9, /* sky blue */
    0x5b3f8c, /* indigo */
    0x8c7a5b, /* khaki */
};

uint32_t ad_colour_rgb(ad_colour colour)
{
    static const uint32_t named[] = {0xffffff, 0x23262b, 0x6d7178, 0xe4e1db, 0xffffff};
    if (colour >> 24) return colour & 0xffffff;
    if (colour >= AD_SERIES_FIRST) return series[(colour - AD_SERIES_FIRST) % AD_SERIES_COLOURS];
    return named[colour <= AD_PAPER ? colour : AD_INK];
}

ad_colour ad_colour_tint(ad_colour colour, double share)
{
    if (isnan(share)) return AD_RGB(200, 200, 200);
    uint32_t to = ad_colour_rgb(colour), mixed = 0;
    share = fmin(fmax(share, 0), 1);
    for (int shift = 16; shift >= 0; shift -= 8) {
        double c = 255 + ((double)(to >> shift & 255) - 255) * share;
        mixed |= (uint32_t)lround(c) << shift;
    }
    return 0xff000000u | mixed;
}

void ad_colour_hex(ad_colour colour, char text[8])
{
    snprintf(text, 8, "#%06x", (unsigned)ad_colour_rgb(colour));
}
