/* ngrams.c - runs of symbols, counted by sorting: a run of n + 1 symbols is the rank of its first n
 * among those and its last symbol, so that each order sorts pairs of numbers. n log n for a line of
 * any length. */
#include "score/ngrams.h"
#include "base/context.h"

#include <stdlib.h>

typedef struct run {
    int32_t first, last; /* rank of what is in front; the last symbol */
    int32_t at;          /* where it begins, of text and reference together */
} run;

static int rising(const void *a, const void *b)
{
    const run *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return (x->last > y->last) - (x->last < y->last);
}

/* The runs of the text come before `border`. */
static int64_t count_both(const run *runs, int64_t count, int64_t border, int32_t *rank)
{
    int64_t both = 0;
    for (int64_t i = 0, end; i < count; i = end) {
        int64_t mine = 0;
        for (end = i; end < count && !rising(&runs[i], &runs[end]); ++end) {
            mine += runs[end].at < border;
            rank[runs[end].at] = (int32_t)i;
        }
        both += mine < end - i - mine ? mine : end - i - mine;
    }
    return both;
}

ad_status ad_count_ngrams(ad_context *ctx, const int32_t *symbols, int64_t text_length,
                          int64_t reference_length, int orders, int64_t *text, int64_t *reference,
                          int64_t *both)
{
    int64_t all = text_length + reference_length;
    size_t bytes = ad_bytes(all + 1, sizeof(run) + sizeof(int32_t));
    run *runs = ad_alloc(ctx, bytes);
    if (!runs) return AD_ERROR_MEMORY;
    int32_t *rank = (int32_t *)(runs + all + 1);
    for (int64_t i = 0; i < all; ++i) rank[i] = 0;
    for (int n = 1; n <= orders; ++n) {
        int64_t count = 0;
        for (int64_t i = 0; i < all; ++i) {
            int64_t end = i < text_length ? text_length : all;
            if (i + n > end) continue;
            runs[count++] = (run){rank[i], symbols[i + n - 1], (int32_t)i};
        }
        qsort(runs, (size_t)count, sizeof *runs, rising);
        int64_t mine = text_length >= n ? text_length - n + 1 : 0;
        text[n - 1] += mine, reference[n - 1] += count - mine;
        both[n - 1] += count_both(runs, count, text_length, rank);
    }
    ad_free(ctx, runs, bytes);
    return AD_OK;
}

bool ad_score_space(int32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}
