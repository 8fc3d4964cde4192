/* ngrams.h - runs of n symbols of two texts: how many each has, and how many are in both. */
#ifndef AD_SCORE_NGRAMS_H
#define AD_SCORE_NGRAMS_H

#include <autodidact/base.h>

/* Adds to text[n - 1], reference[n - 1] and both[n - 1] the runs of n = 1 .. orders symbols; in
 * `both` a run counts as often as in the one that has fewer. Symbols are any numbers from 0 on:
 * those of the text, then those of the reference. */
ad_status ad_count_ngrams(ad_context *ctx, const int32_t *symbols, int64_t text_length,
                          int64_t reference_length, int orders, int64_t *text, int64_t *reference,
                          int64_t *both);

/* Whether Python's str.split() cuts there. */
bool ad_score_space(int32_t code);

#endif
