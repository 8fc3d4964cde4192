/* words.h - a line of text as pixels. */
#ifndef AD_DRAW_WORDS_H
#define AD_DRAW_WORDS_H

#include "base/text.h"
#include "draw/raster.h"

#include <autodidact/draw.h>

/* `text` as UTF-8 of one line, '?' for control characters, shortened to letters->most. */
void ad_clean_words(ad_text *to, const char *text, const ad_letters *letters);
/* At (x, y) in pixels; sizes are multiplied by `scale`. `text` is clean. */
void ad_write_words(ad_raster *r, double x, double y, const char *text, const ad_letters *letters,
                    double scale);

#endif
