/* layers_gpt2.c - a layer of GPT-2. Its matrices lie as [in, out], as in the published files. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>

/* x [..., in] -> [..., out] */
static ad_node *project(const gpt_pass *pass, int64_t layer, const char *part, ad_node *x,
                        int64_t out, double deviation)
{
    char name[96];
    ad_shape shape = ad_node_shape(x);
    snprintf(name, sizeof name, "transformer.h.%lld.%s.weight", (long long)layer, part);
    ad_node *weight = gpt_matrix(pass, name, shape.dim[shape.rank - 1], out, deviation);
    snprintf(name, sizeof name, "transformer.h.%lld.%s.bias", (long long)layer, part);
    ad_node *bias = ad_param(ad_node_graph(x), pass->vars, name, ad_shape(out),
                             (ad_var_options){0});
    return ad_name(ad_add(ad_matmul(x, weight), bias), "%s", part);
}

static ad_node *norm(const gpt_pass *pass, int64_t layer, const char *part, ad_node *x)
{
    char name[96];
    snprintf(name, sizeof name, "transformer.h.%lld.%s", (long long)layer, part);
    return ad_layer_norm_layer(pass->vars, name, x, pass->config->eps);
}

static ad_node *attention(gpt_pass *pass, int64_t layer, ad_node *x)
{
    const gpt_config *c = pass->config;
    ad_shape shape = ad_node_shape(x);
    ad_node *qkv = project(pass, layer, "attn.c_attn", x, 3 * c->width, 0.02), *part[3];
    if (!pass->offset)
        return ad_self_attention(qkv, (int)c->heads, 0, (ad_attention_options){.causal = true});
    ad_shape heads = ad_shape(shape.dim[0], shape.dim[1], c->heads, c->width / c->heads);
    for (int i = 0; i < 3; ++i)
        part[i] = ad_reshape(ad_slice(qkv, 2, i * c->width, (i + 1) * c->width, 1), heads);
    return ad_reshape(gpt_attend(pass, layer, part[0], part[1], part[2]), shape);
}

ad_node *gpt2_layer(gpt_pass *pass, int64_t layer, ad_node *x)
{
    const gpt_config *c = pass->config;
    double small = gpt_residual_deviation(c);
    ad_node *y = attention(pass, layer, norm(pass, layer, "ln_1", x));
    x = ad_add(x, gpt_dropout(pass, project(pass, layer, "attn.c_proj", y, c->width, small)));
    y = ad_gelu_tanh(
        project(pass, layer, "mlp.c_fc", norm(pass, layer, "ln_2", x), c->hidden, 0.02));
    return ad_add(x, gpt_dropout(pass, project(pass, layer, "mlp.c_proj", y, c->width, small)));
}
