/* merge.h - merging neighbours, the best pair first, in n log n: long words of a BPE, and
 * SentencePiece. */
#ifndef AD_DATA_TEXT_MERGE_H
#define AD_DATA_TEXT_MERGE_H

#include "data/text/tokenizer_kinds.h"

typedef struct ad_symbol {
    int32_t previous, next; /* -1: none */
    int32_t id;             /* -1: not a piece */
    uint32_t at, length;    /* of the text; 0 bytes: merged into the one before */
} ad_symbol;

/* What the pair would cost and become; false: it does not merge. */
typedef bool ad_merge_price(const ad_tokenizer *t, const char *text, const ad_symbol *left,
                            const ad_symbol *right, float *cost, int32_t *id);

/* The cheapest pair merges first, the leftmost of several. The symbols are linked in order, the
 * first stays the first. `dropout`: leaves merges out; NULL: none. */
ad_status ad_merge_symbols(const ad_tokenizer *t, const char *text, ad_symbol *symbols,
                           int32_t count, ad_merge_price *price, ad_bpe_dropout *dropout);

/* Whether a merge is left out this time. */
static inline bool ad_merge_dropped(ad_bpe_dropout *d)
{
    return d && ad_random_unit(d->seed, d->stream, d->drawn++) < d->share;
}

#endif
