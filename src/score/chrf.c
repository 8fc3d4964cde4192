/* chrf.c - chrF of a corpus (Popovic 2015), as sacrebleu computes it: with precision p and recall r
 * of runs of n characters, n = 1 .. 6, each averaged over the orders that both texts have,
 *
 *     chrf = (1 + 4) p r / (4 p + r)                                                             */
#include "score/ngrams.h"
#include "base/context.h"
#include "base/utf8.h"

#include <autodidact/scores.h>

/* The characters but white space; what is not UTF-8 is one a byte. */
static int64_t characters(const char *text, size_t length, int32_t *out)
{
    int64_t count = 0;
    for (size_t at = 0, size; at < length; at += size) {
        int32_t code;
        size = (size_t)ad_utf8_next(text + at, length - at, &code);
        if (!size) size = 1, code = 0x110000 + (unsigned char)text[at];
        if (!ad_score_space(code)) out[count++] = code;
    }
    return count;
}

ad_status ad_chrf_add(ad_context *ctx, ad_chrf_counts *counts, const char *text, size_t length,
                      const char *reference, size_t reference_length)
{
    ad_chrf_counts c = {0};
    size_t bytes = ad_bytes((int64_t)(length + reference_length) + 1, sizeof(int32_t));
    int32_t *symbols = ad_alloc(ctx, bytes);
    if (!symbols) return AD_ERROR_MEMORY;
    int64_t mine = characters(text, length, symbols);
    int64_t theirs = characters(reference, reference_length, symbols + mine);
    ad_status status = ad_count_ngrams(ctx, symbols, mine, theirs, AD_CHRF_ORDERS, c.text,
                                       c.reference, c.both);
    for (int n = 0; n < AD_CHRF_ORDERS && !status; ++n) {
        /* sacrebleu: what stands beside no reference at all is not counted */
        if (c.reference[n]) counts->text[n] += c.text[n];
        counts->reference[n] += c.reference[n], counts->both[n] += c.both[n];
    }
    ad_free(ctx, symbols, bytes);
    return status;
}

double ad_chrf_score(const ad_chrf_counts *c)
{
    const double factor = 4; /* beta^2 */
    double precision = 0, recall = 0;
    int orders = 0;
    for (int n = 0; n < AD_CHRF_ORDERS; ++n) {
        if (!c->text[n] || !c->reference[n]) continue;
        precision += (double)c->both[n] / (double)c->text[n];
        recall += (double)c->both[n] / (double)c->reference[n];
        ++orders;
    }
    if (!orders || precision + recall == 0) return 0;
    precision /= orders, recall /= orders;
    return 100 * (1 + factor) * precision * recall / (factor * precision + recall);
}
