/* layers_llama.c - a layer of Llama. Matrices lie as [out, in], as in the published files. */
#include "zoo/gpt/gpt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void call(char name[96], int64_t layer, const char *part)
{
    snprintf(name, 96, "model.layers.%lld.%s.weight", (long long)layer, part);
}

static ad_node *project(const gpt_pass *pass, int64_t layer, const char *part, ad_node *x,
                        int64_t out, double deviation)
{
    char name[96];
    call(name, layer, part);
    return ad_name(gpt_product(pass, x, (gpt_matrix){name, out, false, deviation}), "%s", part);
}

/* x / sqrt(mean x^2 + eps) * weight (Zhang & Sennrich 2019) */
ad_node *llama_norm(const gpt_pass *pass, const char *name, ad_node *x)
{
    ad_node *weight = ad_param(ad_node_graph(x), pass->vars, name, ad_shape(pass->config->width),
                               (ad_var_options){.init = {.kind = AD_INIT_CONSTANT, .a = 1}});
    ad_node *square = ad_mean(ad_square(x), ad_axes(-1), true);
    return ad_mul(ad_mul(x, ad_rsqrt(ad_add_scalar(square, pass->config->eps))), weight);
}

static ad_node *norm(const gpt_pass *pass, int64_t layer, const char *part, ad_node *x)
{
    char name[96];
    call(name, layer, part);
    return llama_norm(pass, name, x);
}

/* Cosines or sines of position * theta^(-2 i / dim): [time, 1, dim / 2]. */
static ad_node *angles(const gpt_pass *pass, bool sine)
{
    const gpt_config *c = pass->config;
    ad_graph *graph = ad_node_graph(pass->tokens);
    int64_t half = c->width / c->heads / 2, time = ad_node_shape(pass->tokens).dim[1];
    float *table = malloc((size_t)(c->block * half) * sizeof *table);
    for (int64_t p = 0; p < c->block && table; ++p)
        for (int64_t i = 0; i < half; ++i) {
            double angle = (double)p * pow(c->rope_theta, -(double)i / (double)half);
            table[p * half + i] = (float)(sine ? sin(angle) : cos(angle));
        }
    ad_node *all = ad_constant(graph, AD_F32, ad_shape(c->block, half), table);
    free(table);
    all = pass->offset ? ad_gather(all, gpt_positions(pass)) : ad_slice(all, 0, 0, time, 1);
    return ad_reshape(all, ad_shape(time, 1, half));
}

/* Rotary positions (Su et al. 2021): the halves of each head's vector are the two coordinates of
 * dim / 2 points, which are turned by the position's angles. */
static ad_node *turn(ad_node *x, ad_node *cosine, ad_node *sine)
{
    int64_t half = ad_node_shape(cosine).dim[2];
    ad_node *a = ad_slice(x, -1, 0, half, 1), *b = ad_slice(x, -1, half, 2 * half, 1);
    return ad_concat((ad_node *[]){ad_sub(ad_mul(a, cosine), ad_mul(b, sine)),
                                   ad_add(ad_mul(b, cosine), ad_mul(a, sine))},
                     2, -1);
}

static ad_node *attention(gpt_pass *pass, int64_t layer, ad_node *x)
{
    const gpt_config *c = pass->config;
    ad_shape shape = ad_node_shape(x);
    int64_t dim = c->width / c->heads, kv = c->kv_heads * dim;
    ad_shape many = ad_shape(shape.dim[0], shape.dim[1], c->heads, dim);
    ad_shape few = ad_shape(shape.dim[0], shape.dim[1], c->kv_heads, dim);
    if (!pass->cosine) {
        pass->cosine = angles(pass, false);
        pass->sine = angles(pass, true);
    }
    ad_node *q = ad_reshape(project(pass, layer, "self_attn.q_proj", x, c->width, 0.02), many);
    ad_node *k = ad_reshape(project(pass, layer, "self_attn.k_proj", x, kv, 0.02), few);
    ad_node *v = ad_reshape(project(pass, layer, "self_attn.v_proj", x, kv, 0.02), few);
    q = turn(q, pass->cosine, pass->sine), k = turn(k, pass->cosine, pass->sine);
    return ad_reshape(gpt_attend(pass, layer, q, k, v), shape);
}

ad_node *llama_layer(gpt_pass *pass, int64_t layer, ad_node *x)
{
    const gpt_config *c = pass->config;
    double small = gpt_residual_deviation(c);
    ad_node *y = attention(pass, layer, norm(pass, layer, "input_layernorm", x));
    x = ad_add(x, gpt_dropout(pass, project(pass, layer, "self_attn.o_proj", y, c->width, small)));
    ad_node *z = norm(pass, layer, "post_attention_layernorm", x);
    ad_node *gate = ad_silu(project(pass, layer, "mlp.gate_proj", z, c->hidden, 0.02));
    y = ad_mul(gate, project(pass, layer, "mlp.up_proj", z, c->hidden, 0.02));
    return ad_add(x, gpt_dropout(pass, project(pass, layer, "mlp.down_proj", y, c->width, small)));
}
