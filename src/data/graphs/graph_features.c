/* graph_features.c - the scale of features, and features where the data have none. */
#include "data/graphs/graph_set.h"

#include <math.h>

void ad_graph_set_normalise(ad_graph_set *set)
{
    for (int64_t i = 0; i < set->nodes; ++i) {
        double sum = 0; /* of magnitudes: values of both signs could add up to next to nothing */
        for (int32_t k = set->value_start[i]; k < set->value_start[i + 1]; ++k)
            sum += fabs((double)set->value[k]);
        for (int32_t k = set->value_start[i]; sum > 0 && k < set->value_start[i + 1]; ++k)
            set->value[k] = (float)((double)set->value[k] / sum);
    }
}

/* ---- one-hot ---- */

/* Memory for one feature of each node, 1; `feature` is the caller's to fill. */
static ad_status one_each(ad_graph_set *set, int64_t features)
{
    ad_free(set->ctx, set->feature, ad_bytes(set->values, sizeof *set->feature));
    ad_free(set->ctx, set->value, ad_bytes(set->values, sizeof *set->value));
    set->feature = NULL, set->value = NULL;
    ad_status status = ad_graph_set_features(set, features, set->nodes);
    for (int64_t i = 0; i < set->nodes && !status; ++i) {
        set->value[i] = 1;
        set->value_start[i + 1] = (int32_t)(i + 1);
    }
    return status;
}

ad_status ad_graph_set_identity(ad_graph_set *set)
{
    if (set->graphs != 1)
        return ad_fail(set->ctx, AD_ERROR_ARGUMENT,
                       "a feature for each node tells nodes of one graph apart; there are %lld "
                       "graphs",
                       (long long)set->graphs);
    ad_status status = one_each(set, set->nodes);
    for (int64_t i = 0; i < set->nodes && !status; ++i) set->feature[i] = (int32_t)i;
    return status;
}

static int32_t degree_of(const ad_graph_set *set, int64_t node)
{
    return set->edge_start[node + 1] - set->edge_start[node];
}

ad_status ad_graph_set_degrees(ad_graph_set *set, int64_t most)
{
    for (int64_t i = 0, all = most; i < set->nodes && !all; ++i)
        most = degree_of(set, i) > most ? degree_of(set, i) : most;
    ad_status status = one_each(set, most + 1);
    for (int64_t i = 0; i < set->nodes && !status; ++i)
        set->feature[i] = degree_of(set, i) < most ? degree_of(set, i) : (int32_t)most;
    return status;
}
