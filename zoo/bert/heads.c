/* heads.c - from vectors of tokens to vectors of texts. */
#include "zoo/bert/bert.h"

#include <stdio.h>

/* Of a text that is not there, whatever lies behind the last one. */
ad_node *bert_first_token(const bert_pass *pass, ad_node *x)
{
    int64_t texts = ad_node_shape(pass->begin).dim[0] - 1;
    return ad_gather(x, ad_slice(pass->begin, 0, 0, texts, 1));
}

/* [texts]: where each ends, or begins; i32 */
static ad_node *ends(const bert_pass *pass)
{
    return ad_slice(pass->begin, 0, 1, INT64_MAX, 1);
}

/* Which text each of T tokens is of: how many end at it or before; i32 [T]. A token of none has a
 * number that is none. */
static ad_node *text_of_token(const bert_pass *pass, int64_t tokens)
{
    ad_node *end = ad_reshape(ends(pass), ad_shape(1, -1));
    ad_node *token = ad_iota(ad_node_graph(pass->begin), AD_I32, ad_shape(tokens, 1), 0);
    return ad_sum(ad_cast(ad_less_equal(end, token), AD_I32), ad_axes(1), false);
}

ad_node *bert_mean_token(const bert_pass *pass, ad_node *x)
{
    ad_shape shape = ad_node_shape(x);
    int64_t texts = ad_node_shape(pass->begin).dim[0] - 1;
    if (ad_node_poisoned(x)) return x;
    ad_node *begin = ad_slice(pass->begin, 0, 0, texts, 1);
    ad_node *length = ad_clamp(ad_cast(ad_sub(ends(pass), begin), AD_F32), 1, 1e9);
    ad_node *sum = ad_scatter_add(text_of_token(pass, shape.dim[0]), x, texts);
    return ad_div(sum, ad_reshape(length, ad_shape(texts, 1)));
}

ad_node *bert_unit_length(ad_node *x)
{
    ad_node *length = ad_sqrt(ad_sum(ad_square(x), ad_axes(-1), true));
    return ad_div(x, ad_clamp(length, 1e-12, 1e30));
}

ad_node *bert_pooler(const bert_pass *pass, ad_node *first)
{
    char name[64];
    snprintf(name, sizeof name, "%spooler.dense", bert_names_of(pass->model->kind)->prefix);
    return ad_tanh(bert_dense(pass, name, first, pass->model->width));
}
