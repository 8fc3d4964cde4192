/* gif_lzw.h - the compressor of GIF. */
#ifndef AD_IO_GIF_LZW_H
#define AD_IO_GIF_LZW_H

#include "base/text.h"

enum {
    AD_LZW_CODES = 4096,
    AD_LZW_SLOTS = 8192, /* of the table that finds codes; a power of two */
};

/* The strings known so far: the code of each, by the code of all but its last colour and that
 * colour. */
typedef struct ad_lzw {
    int32_t key[AD_LZW_SLOTS]; /* prefix << 8 | colour; -1: free */
    int16_t code[AD_LZW_SLOTS];
    int bits; /* of a colour, 2 to 8 */
    int next, width;
} ad_lzw;

/* The data of one frame, from the byte that says `bits` on: index[count], count at least 1. `lzw`
 * is working memory. */
void ad_lzw_put(ad_lzw *lzw, int bits, const uint8_t *index, int64_t count, ad_text *to);

#endif
