/* graph_split.c - which nodes (or graphs) train, validate and test. */
#include "data/graphs/graph_set.h"

#include "base/philox.h"

#include <string.h>

int64_t ad_graph_set_count(const ad_graph_set *set, ad_graph_split split)
{
    int64_t count = 0;
    for (int64_t i = 0; i < set->items; ++i) count += set->split[i] == split;
    return count;
}

/* Fisher-Yates over all items; NULL when memory is refused (splits then stay as they are). */
static int32_t *shuffled(const ad_graph_set *set, uint64_t seed)
{
    int32_t *order = ad_alloc(set->ctx, ad_bytes(set->items, sizeof *order));
    if (!order) return NULL;
    for (int64_t i = 0; i < set->items; ++i) order[i] = (int32_t)i;
    for (int64_t i = set->items - 1; i > 0; --i) {
        ad_philox w = ad_philox_block(seed, (uint64_t)i, 0x67726170);
        int64_t j = (int64_t)(((uint64_t)w.v[0] << 32 | w.v[1]) % (uint64_t)(i + 1));
        int32_t t = order[i];
        order[i] = order[j], order[j] = t;
    }
    return order;
}

static bool labelled(const ad_graph_set *set, int64_t i)
{
    return set->targets || set->labels[i] >= 0;
}

void ad_graph_set_draw(ad_graph_set *set, uint64_t seed, int64_t per_class, int64_t validation,
                       int64_t test)
{
    int32_t *order = shuffled(set, seed);
    int64_t *taken = ad_zalloc(set->ctx, ad_bytes(set->classes + 1, sizeof *taken));
    if (order && taken) {
        int64_t later = 0;
        memset(set->split, 0, (size_t)set->items);
        for (int64_t k = 0; k < set->items; ++k) {
            int32_t i = order[k], class = set->targets ? 0 : set->labels[i];
            if (labelled(set, i) && taken[class] < per_class) {
                ++taken[class];
                set->split[i] = AD_GRAPH_TRAIN;
            }
        }
        for (int64_t k = 0; k < set->items; ++k) {
            int32_t i = order[k];
            if (!labelled(set, i) || set->split[i]) continue;
            if (later < validation)
                set->split[i] = AD_GRAPH_VALIDATION;
            else if (!test || later < validation + test)
                set->split[i] = AD_GRAPH_TEST;
            ++later;
        }
    }
    ad_free(set->ctx, order, ad_bytes(set->items, sizeof *order));
    ad_free(set->ctx, taken, ad_bytes(set->classes + 1, sizeof *taken));
}

/* Class after class the items are dealt out to the folds, so that each has its share of each; of
 * those outside the test fold every nth validates. */
void ad_graph_set_fold(ad_graph_set *set, int fold, int folds, double validation, uint64_t seed)
{
    int32_t *order = shuffled(set, seed);
    int64_t dealt = 0, outside = 0;
    if (!order) return;
    memset(set->split, 0, (size_t)set->items);
    for (int class = 0; class < (set->targets ? 1 : set->classes); ++class) {
        for (int64_t k = 0; k < set->items; ++k) {
            int32_t i = order[k];
            if (!set->targets && set->labels[i] != class) continue;
            bool inside = dealt++ % folds == fold;
            bool validates = !inside && (int64_t)((double)(outside + 1) * validation) >
                                            (int64_t)((double)outside * validation);
            outside += !inside;
            set->split[i] = inside      ? AD_GRAPH_TEST
                            : validates ? AD_GRAPH_VALIDATION
                                        : AD_GRAPH_TRAIN;
        }
    }
    ad_free(set->ctx, order, ad_bytes(set->items, sizeof *order));
}
