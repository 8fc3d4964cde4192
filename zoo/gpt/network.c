/* network.c - from tokens to logits and the loss: what both architectures share. */
#include "zoo/gpt/gpt.h"

#include <math.h>
#include <stdio.h>

double gpt_residual_deviation(const gpt_config *config)
{
    return 0.02 / sqrt(2 * (double)config->layers);
}

/* As it is kept. */
static ad_node *kept(const gpt_pass *pass, const char *name, int64_t rows, int64_t columns,
                     double deviation)
{
    const ad_variable *there = ad_var_find(pass->vars, name);
    ad_var_options options = {.init = {.kind = AD_INIT_NORMAL, .a = deviation},
                              .dtype = there ? ad_variable_dtype(there) : pass->matrices};
    return ad_param(ad_node_graph(pass->tokens), pass->vars, name, ad_shape(rows, columns),
                    options);
}

static ad_node *as_f32(ad_node *x)
{
    return ad_node_poisoned(x) || ad_node_dtype(x) == AD_F32 ? x : ad_cast(x, AD_F32);
}

/* ---- matrices ---- */

/* By whether files have the sums along columns, as [in, out], and by form. */
static const ad_file_layout quantised_layouts[2][AD_QUANTIZED_FORMS] = {
    {[AD_Q8_0] = AD_LAYOUT_Q8_0, [AD_Q4_0] = AD_LAYOUT_Q4_0},
    {[AD_Q8_0] = AD_LAYOUT_Q8_0_TURNED, [AD_Q4_0] = AD_LAYOUT_Q4_0_TURNED}};

/* A matrix from [in] to [out] as quantised rows; NULL: it is not kept so. */
static ad_node *quantised(const gpt_pass *pass, const gpt_matrix *m, int64_t in, ad_quantized *form)
{
    const ad_variable *there = ad_var_find(pass->vars, m->name);
    const ad_file_layout *layouts = quantised_layouts[m->in_first];
    if (there ? ad_variable_dtype(there) != AD_U8 : !pass->blocks || in % AD_BLOCK) return NULL;
    *form = there ? AD_Q8_0 : *pass->blocks;
    while (there && layouts[*form] != ad_variable_layout(there)) ++*form;
    ad_var_options options = {.init = {.kind = AD_INIT_NORMAL, .a = m->deviation},
                              .dtype = AD_U8,
                              .layout = layouts[*form]};
    return ad_param(ad_node_graph(pass->tokens), pass->vars, m->name,
                    ad_shape(m->out, ad_quantized_bytes(*form, in)), options);
}

ad_node *gpt_product(const gpt_pass *pass, ad_node *x, gpt_matrix m)
{
    ad_shape shape = ad_node_shape(x);
    int64_t in = shape.rank ? shape.dim[shape.rank - 1] : 0;
    ad_quantized form;
    ad_node *blocks = quantised(pass, &m, in, &form);
    if (blocks) return ad_quantized_linear(x, blocks, form);
    ad_node *weight = as_f32(m.in_first ? kept(pass, m.name, in, m.out, m.deviation)
                                        : kept(pass, m.name, m.out, in, m.deviation));
    return ad_matmul_with(x, weight, (ad_matmul_options){.transpose_b = !m.in_first});
}

/* The tokens' vectors. A quantised table is there once, for the output too: rows are widened. */
static ad_node *embed(const gpt_pass *pass, const gpt_matrix *table)
{
    const gpt_config *c = pass->config;
    ad_quantized form;
    ad_node *blocks = quantised(pass, table, c->width, &form);
    if (blocks) return ad_dequantize(ad_gather(blocks, pass->tokens), form);
    return as_f32(ad_gather(kept(pass, table->name, c->vocab, c->width, 0.02), pass->tokens));
}

ad_node *gpt_dropout(const gpt_pass *pass, ad_node *x)
{
    return ad_mode_dropout(pass->mode, x);
}

ad_node *gpt_positions(const gpt_pass *pass)
{
    ad_shape time = ad_shape(ad_node_shape(pass->tokens).dim[1]);
    ad_node *positions = ad_iota(ad_node_graph(pass->tokens), AD_I32, time, 0);
    return pass->offset ? ad_add(positions, pass->offset) : positions;
}

/* The cached keys or values of a layer with the new ones written in: [1, block, kv_heads, dim]. */
static ad_node *cached(gpt_pass *pass, const char *what, int64_t layer, ad_node *x)
{
    const gpt_config *c = pass->config;
    ad_graph *graph = ad_node_graph(x);
    ad_shape shape = ad_shape(c->block, c->kv_heads, c->width / c->heads);
    char name[64];
    snprintf(name, sizeof name, "cache.%s.%lld", what, (long long)layer);
    ad_variable *variable = ad_var(pass->cache, name, shape, (ad_var_options){.buffer = true});
    if (!variable) return NULL;
    ad_node *rows = ad_reshape(x, ad_shape(-1, c->kv_heads, c->width / c->heads));
    ad_node *all = ad_write_rows(ad_read(graph, variable), pass->offset, rows);
    pass->stores[pass->n_stores++] = ad_assign(graph, variable, all);
    return ad_reshape(all, ad_shape(1, c->block, c->kv_heads, c->width / c->heads));
}

ad_node *gpt_attend(gpt_pass *pass, int64_t layer, ad_node *q, ad_node *k, ad_node *v)
{
    ad_attention_options options = {.causal = true, .offset = pass->offset};
    if (pass->offset) {
        k = cached(pass, "k", layer, k);
        v = cached(pass, "v", layer, v);
    }
    return ad_attention(q, k, v, options);
}

static gpt_matrix table_of(const gpt_config *c)
{
    return (gpt_matrix){.name = c->arch == GPT_GPT2 ? "transformer.wte.weight"
                                                    : "model.embed_tokens.weight",
                        .out = c->vocab,
                        .deviation = 0.02};
}

ad_node *gpt_network(gpt_pass *pass)
{
    const gpt_config *c = pass->config;
    ad_graph *graph = ad_node_graph(pass->tokens);
    bool gpt2 = c->arch == GPT_GPT2;
    gpt_matrix table = table_of(c);
    ad_node *x = embed(pass, &table); /* [batch, time, width] */
    if (gpt2) {
        int64_t time = ad_node_shape(pass->tokens).dim[1];
        ad_node *places = kept(pass, "transformer.wpe.weight", c->block, c->width, 0.02);
        places = pass->offset ? ad_gather(places, gpt_positions(pass))
                              : ad_slice(places, 0, 0, time, 1);
        x = gpt_dropout(pass, ad_add(x, as_f32(places)));
    }
    for (int64_t layer = 0; layer < c->layers; ++layer) {
        ad_scope_push(graph, "%lld", (long long)layer);
        x = gpt2 ? gpt2_layer(pass, layer, x) : llama_layer(pass, layer, x);
        ad_scope_pop(graph);
    }
    x = gpt2 ? gpt2_norm(pass, "transformer.ln_f", x) : llama_norm(pass, "model.norm.weight", x);
    return ad_name(ad_reshape(x, ad_shape(-1, c->width)), "hidden");
}

static gpt_matrix output_of(const gpt_config *c)
{
    gpt_matrix m = table_of(c);
    if (c->untied) m.name = "lm_head.weight";
    return m;
}

ad_node *gpt_logits(const gpt_pass *pass, ad_node *x)
{
    return ad_name(gpt_product(pass, x, output_of(pass->config)), "logits");
}

/* [vocab, width], f32 */
static ad_node *output_weight(const gpt_pass *pass)
{
    const gpt_config *c = pass->config;
    gpt_matrix m = output_of(c);
    ad_quantized form;
    ad_node *blocks = quantised(pass, &m, c->width, &form);
    return blocks ? ad_dequantize(blocks, form)
                  : as_f32(kept(pass, m.name, c->vocab, c->width, m.deviation));
}

ad_node *gpt_loss(gpt_pass *pass, ad_node *labels)
{
    ad_node *x = gpt_network(pass), *weight = output_weight(pass);
    labels = ad_reshape(labels, ad_shape(-1));
    return ad_name(ad_linear_cross_entropy_loss(x, weight, labels, 0), "loss");
}

static ad_status declare(ad_vars *vars, const gpt_config *config, ad_dtype matrices,
                         const ad_quantized *blocks)
{
    ad_context *ctx = ad_vars_context(vars);
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return AD_ERROR_MEMORY;
    gpt_pass pass = {.config = config,
                     .vars = vars,
                     .matrices = matrices,
                     .blocks = blocks,
                     .tokens = ad_input(graph, "tokens", AD_I32, ad_shape(1, 1))};
    ad_node *logits = gpt_logits(&pass, gpt_network(&pass));
    ad_status status = ad_node_poisoned(logits) ? ad_graph_status(graph) : AD_OK;
    if (status) status = ad_error_set(ctx, status, "%s", ad_graph_error(graph));
    ad_graph_free(graph);
    return status;
}

ad_status gpt_declare(ad_vars *vars, const gpt_config *config, ad_dtype matrices)
{
    return declare(vars, config, matrices, NULL);
}

ad_status gpt_declare_quantized(ad_vars *vars, const gpt_config *config, ad_quantized form)
{
    return declare(vars, config, AD_F32, &form);
}

int64_t gpt_parameters(const ad_vars *vars)
{
    int64_t count = 0;
    for (int i = 0; i < ad_vars_count(vars); ++i) {
        const ad_variable *variable = ad_vars_at(vars, i);
        if (!ad_variable_is_buffer(variable)) count += ad_shape_count(ad_variable_shape(variable));
    }
    return count;
}
