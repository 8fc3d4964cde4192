/* graph_arrays.c - graphs from .npz files, whose arrays are sparse matrices or lists of edges; what
 * is wrong with them is named.
 *
 * needs: zip */
#include "graph_files.h"

#include <autodidact/io.h>

static ad_named_tensor tensor(const char *name, ad_dtype dtype, ad_shape shape, void *data)
{
    return (ad_named_tensor){name, {dtype, shape, data}};
}

static void arrays(void)
{
    int32_t start[] = {0, 1, 2, 2}, column[] = {1, 2}, labels[] = {0, 1, -1};
    int32_t feature_start[] = {0, 1, 1, 2}, feature[] = {4, 0};
    int64_t adj_shape[] = {3, 3}, shape[] = {3, 5}, edges[] = {0, 1, 2, 1}, train[] = {0},
            val[] = {1};
    float value[] = {2, 3}, ones[] = {1, 1}, weight[] = {0.5f, 4};
    ad_named_tensor matrix[] = {
        tensor("adj_data", AD_F32, ad_shape(2), ones),
        tensor("adj_indices", AD_I32, ad_shape(2), column),
        tensor("adj_indptr", AD_I32, ad_shape(4), start),
        tensor("adj_shape", AD_I64, ad_shape(2), adj_shape),
        tensor("attr_data", AD_F32, ad_shape(2), value),
        tensor("attr_indices", AD_I32, ad_shape(2), feature),
        tensor("attr_indptr", AD_I32, ad_shape(4), feature_start),
        tensor("attr_shape", AD_I64, ad_shape(2), shape),
        tensor("labels", AD_I32, ad_shape(3), labels),
    };
    ad_named_tensor list[] = {
        tensor("edges", AD_I64, ad_shape(2, 2), edges),
        tensor("feat_values", AD_F32, ad_shape(2), value),
        tensor("feat_indices", AD_I32, ad_shape(2), feature),
        tensor("feat_indptr", AD_I32, ad_shape(4), feature_start),
        tensor("feat_shape", AD_I64, ad_shape(2), shape),
        tensor("labels", AD_I32, ad_shape(3), labels),
        tensor("idx_train", AD_I64, ad_shape(1), train),
        tensor("idx_val", AD_I64, ad_shape(1), val),
        tensor("edge_weight", AD_F32, ad_shape(2), weight),
    };
    begin();
    for (int form = 0; form < 2; ++form) {
        REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), form ? list : matrix, form ? 8 : 9) == AD_OK);
        ad_graph_set *set = read_set(in_folder("a.npz"), NULL);
        REQUIRE(set);
        CHECK(set->nodes == 3 && set->edges == 4 && set->features == 5 && set->classes == 2);
        CHECK(set->source[0] == 1 && set->source[1] == 0 && set->source[2] == 2);
        CHECK(set->feature[1] == 0 && set->value[1] == 3 && set->labels[2] == -1);
        CHECK(set->has_splits == (form == 1));
        if (form) CHECK(set->split[0] == AD_GRAPH_TRAIN && set->split[1] == AD_GRAPH_VALIDATION);
        ad_graph_set_free(set);
    }
    ad_graph_set *set;
    for (int form = 0; form < 2; ++form) { /* with weights */
        matrix[0].tensor.data = weight;
        REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), form ? list : matrix, 9) == AD_OK);
        REQUIRE((set = read_set(in_folder("a.npz"), NULL)) && set->weight);
        CHECK(set->weight[0] == 0.5f && set->weight[1] == 0.5f && set->weight[2] == 4);
        ad_graph_set_free(set);
    }
    weight[1] = INFINITY;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), list, 9) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "weight of the edge from node 2 to 1 is inf");
    value[1] = NAN;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), list, 8) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "feature 0 of node 2 is nan");
    value[1] = 3, matrix[0].tensor = (ad_tensor){AD_F32, ad_shape(1), ones};
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), matrix, 9) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "adj_data holds 1 weights, there are 2 edges");
    matrix[0].tensor = (ad_tensor){AD_F32, ad_shape(2), ones};
    edges[3] = 3;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), list, 8) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz",
            "edges[1], from node 2 to 3, refers to a node that does not exist");
    edges[3] = 1, labels[1] = -7;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), list, 8) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "label -7 of node 1 is out of range");
    labels[1] = 1, val[0] = 0;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), list, 8) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "node 0 occurs twice");
    val[0] = 1, feature[0] = 5;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), matrix, 9) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "attr_indices[0] is feature 5 of 5");
    feature[0] = 4, column[0] = -1;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), matrix, 9) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "refers to a node that does not exist");
    column[0] = 1, start[1] = 3;
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), matrix, 9) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "adj_indptr does not divide 2 values");
    REQUIRE(ad_npz_write(ctx, in_folder("a.npz"), matrix, 4) == AD_OK);
    refuses(in_folder("a.npz"), NULL, "a.npz", "has no array labels");
    end();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv, (check_case[]){CASE(arrays), {0}});
}
