/* image_statistics.c - what a set's pictures are like, and how they are dealt out to folds. */
#include <autodidact/data.h>

#include "base/context.h"
#include "base/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ad_image_set_statistics(const ad_image_set *set, const int64_t *index, int64_t count,
                             float mean[3], float deviation[3])
{
    double sum[3] = {0}, squares[3] = {0};
    int64_t pixels = set->height * set->width, n = index ? count : set->count;
    for (int64_t i = 0; i < n; ++i) {
        const unsigned char *p = set->pixels + (index ? index[i] : i) * pixels * set->channels;
        int64_t part[3] = {0}, square[3] = {0};
        for (int64_t k = 0; k < pixels; ++k)
            for (int c = 0; c < set->channels; ++c, ++p) {
                part[c] += *p;
                square[c] += *p * *p;
            }
        for (int c = 0; c < set->channels; ++c) {
            sum[c] += (double)part[c];
            squares[c] += (double)square[c];
        }
    }
    double total = (double)(n * pixels);
    for (int c = 0; c < 3; ++c) {
        int from = c < set->channels ? c : 0;
        double m = total > 0 ? sum[from] / total : 0;
        double variance = total > 0 ? squares[from] / total - m * m : 0;
        mean[c] = (float)(m / 255);
        deviation[c] = (float)(sqrt(fmax(variance, 0)) / 255);
    }
}

/* ---- folds ---- */

/* What is dealt out to folds: a picture, or all pictures of a group. */
typedef struct hand {
    int64_t first;  /* picture, or group number */
    int32_t label;  /* that most of them have, the smallest if equal */
    uint32_t order; /* at random */
} hand;

static int by_label(const void *a, const void *b)
{
    const hand *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static int by_group(const void *a, const void *b)
{
    const hand *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

/* From a hand per picture, sorted by group and label, to one per group. Returns how many. */
static int64_t join_groups(hand *all, int64_t count)
{
    int64_t joined = 0, most = 0;
    for (int64_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && !by_group(&all[i], &all[next]);) ++next;
        if (joined && all[joined - 1].first == all[i].first) {
            if (next - i > most) {
                all[joined - 1] = all[i];
                most = next - i;
            }
        } else {
            all[joined++] = all[i], most = next - i;
        }
    }
    return joined;
}

int64_t ad_image_set_fold(const ad_image_set *set, int fold, int folds, uint64_t seed, bool inside,
                          int64_t *index)
{
    int64_t hands = set->count, most = hands, count = 0;
    for (int64_t i = 0; set->groups && i < set->count; ++i)
        if (set->groups[i] >= most) most = (int64_t)set->groups[i] + 1;
    hand *all = ad_alloc(set->ctx, ad_bytes(set->count, sizeof *all));
    bool *in = ad_zalloc(set->ctx, ad_bytes(most, sizeof *in)); /* by picture, or group */
    if (all && in) {
        for (int64_t i = 0; i < hands; ++i)
            all[i] = (hand){.first = set->groups ? set->groups[i] : i, .label = set->labels[i]};
        if (set->groups) {
            qsort(all, (size_t)hands, sizeof *all, by_group);
            hands = join_groups(all, hands);
        }
        for (int64_t i = 0; i < hands; ++i)
            all[i].order = ad_philox_block(seed, (uint64_t)all[i].first, 0xF01D).v[0];
        qsort(all, (size_t)hands, sizeof *all, by_label);
        for (int64_t i = 0; i < hands; ++i) in[all[i].first] = i % folds == fold;
        for (int64_t i = 0; i < set->count; ++i)
            if (in[set->groups ? set->groups[i] : i] == inside) index[count++] = i;
    }
    ad_free(set->ctx, all, ad_bytes(set->count, sizeof *all));
    ad_free(set->ctx, in, ad_bytes(most, sizeof *in));
    return count;
}
