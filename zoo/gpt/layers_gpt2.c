/* layers_gpt2.c - a layer of GPT-2. Its matrices lie as [in, out], as in the published files. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>

/* x [..., in] -> [..., out] */
static ad_node *project(const gpt_pass *pass, int64_t layer, const char *part, ad_node *x,
                        int64_t out, double deviation)
{
    char name[96];
    snprintf(name, sizeof name, "transformer.h.%lld.%s.weight", (long long)layer, part);
    ad_node *product = gpt_product(pass, x, (gpt_matrix){name, out, true, deviation});
    if (pass->config->biasless) return ad_name(product, "%s", part);
    snprintf(name, sizeof name, "transformer.h.%lld.%s.bias", (long long)layer, part);
    ad_node *bias = ad_param(ad_node_graph(x), pass->vars, name, ad_shape(out),
                             (ad_var_options){0});
    return ad_name(ad_add(product, bias), "%s", part);
}

ad_node *gpt2_norm(const gpt_pass *pass, const char *name, ad_node *x)
{
    const gpt_config *c = pass->config;
    char weight[96];
    if (!c->biasless) return ad_layer_norm_layer(pass->vars, name, x, c->eps);
    snprintf(weight, sizeof weight, "%s.weight", name);
    ad_node *scale = ad_param(ad_node_graph(x), pass->vars, weight, ad_shape(c->width),
                              (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = 1}});
    return ad_name(ad_layer_norm(x, scale, NULL, c->eps), "%s", name);
}

static ad_node *norm(const gpt_pass *pass, int64_t layer, const char *part, ad_node *x)
{
    char name[80];
    snprintf(name, sizeof name, "transformer.h.%lld.%s", (long long)layer, part);
    return gpt2_norm(pass, name, x);
}

static ad_node *gelu(const gpt_pass *pass, ad_node *x)
{
    return pass->config->gelu == GPT_GELU_ERF ? ad_gelu(x) : ad_gelu_tanh(x);
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
    y = gelu(pass, project(pass, layer, "mlp.c_fc", norm(pass, layer, "ln_2", x), c->hidden, 0.02));
    return ad_add(x, gpt_dropout(pass, project(pass, layer, "mlp.c_proj", y, c->width, small)));
}
