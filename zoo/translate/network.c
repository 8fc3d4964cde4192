/* network.c - the Transformer, section 3 of the paper: from tokens to the last layer of the
 * decoder.
 */
#include "zoo/translate/network.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 128 };
static const double quarter_turn = 1.57079632679489661923;

static const char *name_of(char out[NAME_BYTES], const char *format, ...) AD_PRINTF(2, 3);
static const char *name_of(char out[NAME_BYTES], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out, NAME_BYTES, format, args);
    va_end(args);
    return out;
}

/* ---- 3.4 and 3.5: words and positions ---- */

translate_side translate_input(ad_graph *graph, const char *prefix, ad_shape shape, bool packed)
{
    char name[NAME_BYTES];
    translate_side side = {.tokens = ad_input(graph, prefix, AD_I32, shape)};
    side.positions = ad_input(graph, name_of(name, "%s_position", prefix), AD_I32, shape);
    ad_shape slots = ad_shape(shape.dim[0], translate_slots(shape.dim[1]));
    if (packed)
        side.begins = ad_input(graph, name_of(name, "%s_begins", prefix), AD_I32, slots);
    else
        side.sentences = ad_input(graph, name_of(name, "%s_sentence", prefix), AD_I32, shape);
    return side;
}

static ad_node *words(const translate_pass *pass, const char *name, int64_t vocab)
{
    const translate_model *m = pass->model;
    ad_var_options options = {.init = {.kind = AD_INIT_NORMAL, .a = 1 / sqrt((double)m->width)}};
    return ad_param(pass->graph, pass->vars, name, ad_shape(vocab, m->width), options);
}

static ad_node *table(const translate_pass *pass, bool target)
{
    const translate_model *m = pass->model;
    if (m->tie == TRANSLATE_TIE_ALL) return words(pass, "shared.weight", m->source_vocab);
    return target ? words(pass, "decoder.embed_tokens.weight", m->target_vocab)
                  : words(pass, "encoder.embed_tokens.weight", m->source_vocab);
}

static ad_node *output_bias(const translate_pass *pass)
{
    return ad_param(pass->graph, pass->vars, "final_logits_bias",
                    ad_shape(1, pass->model->target_vocab), (ad_var_options){0});
}

ad_node *translate_output(const translate_pass *pass)
{
    if (pass->model->tie != TRANSLATE_TIE_NONE) return table(pass, true);
    return words(pass, "lm_head.weight", pass->model->target_vocab);
}

ad_node *translate_logits(const translate_pass *pass, ad_node *y)
{
    ad_node *logits = ad_matmul_with(y, translate_output(pass),
                                     (ad_matmul_options){.transpose_b = true});
    return pass->model->output_bias ? ad_add(logits, output_bias(pass)) : logits;
}

void translate_fold_bias(const translate_pass *pass, ad_node **y, ad_node **weight)
{
    if (!pass->model->output_bias) return;
    ad_node *bias = ad_reshape(output_bias(pass), ad_shape(pass->model->target_vocab, 1));
    ad_node *one = ad_fill(pass->graph, AD_F32, ad_shape(ad_node_shape(*y).dim[0], 1), 1);
    *y = ad_concat((ad_node *[]){*y, one}, 2, 1);
    *weight = ad_concat((ad_node *[]){*weight, bias}, 2, 1);
}

/* PE(p, 2i) = sin(p / 10000^(2i / width)), PE(p, 2i + 1) = cos of the same: [longest, width].
 * Rotary: the angles' cosines or sines of one head, [longest, dim / 2]. */
static ad_node *waves(const translate_pass *pass, int64_t width, int step, double phase)
{
    int64_t count = pass->model->longest, columns = width / 2 * step;
    float *all = malloc((size_t)(count * columns) * sizeof *all);
    for (int64_t i = 0; i < columns && all; ++i) {
        int64_t even = i / step * 2;
        double turn = pow(10000, -(double)even / (double)width);
        double ahead = i % step ? quarter_turn : phase;
        for (int64_t p = 0; p < count; ++p)
            all[p * columns + i] = (float)sin((double)p * turn + ahead);
    }
    ad_node *node = ad_constant(pass->graph, AD_F32, ad_shape(count, columns), all);
    free(all);
    return node;
}

static ad_node *learned(const translate_pass *pass, bool target)
{
    const translate_model *m = pass->model;
    ad_var_options options = {.init = {.kind = AD_INIT_NORMAL, .a = 0.02}};
    return ad_param(pass->graph, pass->vars,
                    target ? "decoder.embed_positions.weight" : "encoder.embed_positions.weight",
                    ad_shape(m->longest, m->width), options);
}

ad_node *translate_places(const translate_pass *pass, bool target)
{
    const translate_model *m = pass->model;
    if (m->positions == TRANSLATE_LEARNED) return learned(pass, target);
    if (m->positions == TRANSLATE_SINUSOIDAL) return waves(pass, m->width, 2, 0);
    if (m->positions == TRANSLATE_HALVES)
        return ad_concat(
            (ad_node *[]){waves(pass, m->width, 1, 0), waves(pass, m->width, 1, quarter_turn)}, 2,
            1);
    return waves(pass, m->width / m->heads, 1, quarter_turn);
}

ad_node *translate_embed(const translate_pass *pass, bool target, ad_node *tokens,
                         ad_node *positions)
{
    const translate_model *m = pass->model;
    ad_node *x = ad_gather(table(pass, target), tokens);
    if (!m->unscaled) x = ad_mul_scalar(x, sqrt((double)m->width));
    if (m->positions != TRANSLATE_ROTARY)
        x = ad_add(x, ad_gather(translate_places(pass, target), positions));
    return ad_mode_dropout(pass->mode, x);
}

/* Su et al. 2021: the halves of each head's vector are the coordinates of dim / 2 points, which are
 * turned by the position's angles. */
ad_node *translate_turn(const translate_pass *pass, ad_node *x, ad_node *positions)
{
    if (pass->model->positions != TRANSLATE_ROTARY) return x;
    ad_shape shape = ad_node_shape(x);
    int64_t dim = shape.dim[3], half = dim / 2;
    ad_shape angles = ad_shape(shape.dim[0], shape.dim[1], 1, half);
    ad_node *cosine = ad_reshape(ad_gather(waves(pass, dim, 1, quarter_turn), positions), angles);
    ad_node *sine = ad_reshape(ad_gather(waves(pass, dim, 1, 0), positions), angles);
    ad_node *a = ad_slice(x, -1, 0, half, 1), *b = ad_slice(x, -1, half, dim, 1);
    return ad_concat((ad_node *[]){ad_sub(ad_mul(a, cosine), ad_mul(b, sine)),
                                   ad_add(ad_mul(b, cosine), ad_mul(a, sine))},
                     2, -1);
}

/* ---- 3.2: attention ---- */

/* x W^T + b, W from Glorot's uniform numbers, as the paper's own program had it. */
static ad_node *linear(const translate_pass *pass, const char *name, ad_node *x, int64_t features)
{
    return ad_linear(pass->vars, name, x, features,
                     (ad_linear_options){.init = {.kind = AD_INIT_XAVIER_UNIFORM}});
}

ad_node *translate_mask(const translate_side *queries, const translate_side *keys, bool causal)
{
    ad_shape q = ad_node_shape(queries->sentences), k = ad_node_shape(keys->sentences);
    ad_shape down = ad_shape(q.dim[0], 1, q.dim[1], 1), along = ad_shape(k.dim[0], 1, 1, k.dim[1]);
    ad_node *seen = ad_equal(ad_reshape(queries->sentences, down),
                             ad_reshape(keys->sentences, along));
    if (causal)
        seen = ad_and(seen, ad_less_equal(ad_reshape(keys->positions, along),
                                          ad_reshape(queries->positions, down)));
    ad_graph *graph = ad_node_graph(queries->sentences);
    return ad_where(seen, ad_scalar(graph, AD_F32, 0), ad_scalar(graph, AD_F32, -1e9));
}

int64_t translate_heads_of(const translate_model *m, bool decoder)
{
    return decoder && m->decoder_heads ? m->decoder_heads : m->heads;
}

/* Whether a layer or its attention is one of the decoder's. */
static bool of_decoder(const char *name)
{
    return *name == 'd';
}

ad_node *translate_heads(const translate_pass *pass, const char *attention, const char *what,
                         ad_node *x)
{
    const translate_model *m = pass->model;
    ad_shape shape = ad_node_shape(x);
    char name[NAME_BYTES];
    x = linear(pass, name_of(name, "%s.%s_proj", attention, what), x, m->width);
    int64_t heads = translate_heads_of(m, of_decoder(attention));
    return ad_reshape(x, ad_shape(shape.dim[0], shape.dim[1], heads, m->width / heads));
}

/* [batch, time, heads, dim] -> [batch, heads, time, dim], and back */
static ad_node *swap(ad_node *x)
{
    return ad_permute(x, (int[]){0, 2, 1, 3});
}

ad_node *translate_attend(translate_pass *pass, const char *attention, ad_node *q, ad_node *k,
                          ad_node *v, ad_node *mask)
{
    ad_shape shape = ad_node_shape(q);
    double scale = 1 / sqrt((double)shape.dim[3]);
    ad_node *scores = ad_matmul_with(swap(q), swap(k), (ad_matmul_options){.transpose_b = true});
    ad_node *weights = ad_softmax(ad_add(ad_mul_scalar(scores, scale), mask), -1);
    if (pass->attention) pass->attention[pass->attentions++] = ad_name(weights, "%s", attention);
    ad_node *y = swap(ad_matmul(weights, swap(v)));
    y = ad_reshape(y, ad_shape(shape.dim[0], shape.dim[1], pass->model->width));
    return translate_out(pass, attention, y);
}

ad_node *translate_out(const translate_pass *pass, const char *attention, ad_node *y)
{
    char name[NAME_BYTES];
    return linear(pass, name_of(name, "%s.out_proj", attention), y, pass->model->width);
}

/* What sees what: by a mask, or, NULL, sentence by sentence. */
typedef struct view {
    const translate_side *queries, *keys;
    bool causal;
    ad_node *mask;
} view;

static view view_of(const translate_pass *pass, const translate_side *queries,
                    const translate_side *keys, bool causal)
{
    view seen = {.queries = queries, .keys = keys, .causal = causal};
    if (!queries->begins || !keys->begins || pass->attention)
        seen.mask = translate_mask(queries, keys, causal);
    return seen;
}

/* Where the sentences of all rows begin, the rows one behind the other, and the end. */
static ad_node *begins_of(const translate_side *side)
{
    ad_shape rows = ad_node_shape(side->tokens);
    ad_graph *graph = ad_node_graph(side->begins);
    ad_node *row = ad_mul_scalar(ad_iota(graph, AD_I32, ad_node_shape(side->begins), 0),
                                 (double)rows.dim[1]);
    ad_node *end = ad_fill(graph, AD_I32, ad_shape(1), (double)(rows.dim[0] * rows.dim[1]));
    ad_node *all = ad_reshape(ad_add(side->begins, row), ad_shape(-1));
    return ad_concat((ad_node *[]){all, end}, 2, 0);
}

/* [batch, time, heads, dim] -> [1, batch * time, heads, dim] */
static ad_node *in_one(ad_node *x)
{
    ad_shape shape = ad_node_shape(x);
    return ad_reshape(x, ad_shape(1, -1, shape.dim[2], shape.dim[3]));
}

/* Sentence by sentence: nothing is computed of what is not seen. */
static ad_node *attend_packed(const translate_pass *pass, const char *attention, ad_node *q,
                              ad_node *k, ad_node *v, const view *seen)
{
    ad_shape shape = ad_node_shape(q);
    ad_attention_options options = {.causal = seen->causal, .sequences = begins_of(seen->queries)};
    if (seen->keys != seen->queries) options.key_sequences = begins_of(seen->keys);
    ad_node *y = ad_attention(in_one(q), in_one(k), in_one(v), options);
    y = ad_reshape(y, ad_shape(shape.dim[0], shape.dim[1], pass->model->width));
    return translate_out(pass, attention, y);
}

/* Queries from x, keys and values from `memory`. */
static ad_node *multi_head(translate_pass *pass, const char *attention, ad_node *x, ad_node *memory,
                           const view *seen)
{
    ad_node *q = translate_heads(pass, attention, "q", x);
    ad_node *k = translate_heads(pass, attention, "k", memory);
    ad_node *v = translate_heads(pass, attention, "v", memory);
    if (x == memory) {
        q = translate_turn(pass, q, seen->queries->positions);
        k = translate_turn(pass, k, seen->queries->positions);
    }
    return seen->mask ? translate_attend(pass, attention, q, k, v, seen->mask)
                      : attend_packed(pass, attention, q, k, v, seen);
}

/* ---- 3.1 and 3.3: layers ---- */

ad_node *translate_before(const translate_pass *pass, const char *norm, ad_node *x)
{
    return pass->model->norm == TRANSLATE_PRE ? ad_layer_norm_layer(pass->vars, norm, x, 0) : x;
}

ad_node *translate_add(const translate_pass *pass, const char *norm, ad_node *x, ad_node *y)
{
    x = ad_add(x, ad_mode_dropout(pass->mode, y));
    return pass->model->norm == TRANSLATE_POST ? ad_layer_norm_layer(pass->vars, norm, x, 0) : x;
}

ad_node *translate_last(const translate_pass *pass, bool target, ad_node *x)
{
    return translate_before(pass, target ? "decoder.layer_norm" : "encoder.layer_norm", x);
}

static ad_node *activate(const translate_model *m, ad_node *x)
{
    if (m->activation == TRANSLATE_GELU) return ad_gelu(x);
    return m->activation == TRANSLATE_SWISH ? ad_silu(x) : ad_relu(x);
}

ad_node *translate_mlp(const translate_pass *pass, const char *layer, ad_node *x)
{
    const translate_model *m = pass->model;
    int64_t hidden = of_decoder(layer) && m->decoder_hidden ? m->decoder_hidden : m->hidden;
    char name[NAME_BYTES];
    name_of(name, "%s.final_layer_norm", layer);
    ad_node *y = translate_before(pass, name, x);
    y = activate(m, linear(pass, name_of(name, "%s.fc1", layer), y, hidden));
    y = linear(pass, name_of(name, "%s.fc2", layer), y, m->width);
    return translate_add(pass, name_of(name, "%s.final_layer_norm", layer), x, y);
}

/* x + attention(x, x, x) */
static ad_node *self_attention(translate_pass *pass, const char *layer, ad_node *x,
                               const view *seen)
{
    char norm[NAME_BYTES], attention[NAME_BYTES];
    name_of(norm, "%s.self_attn_layer_norm", layer);
    name_of(attention, "%s.self_attn", layer);
    ad_node *y = translate_before(pass, norm, x);
    return translate_add(pass, norm, x, multi_head(pass, attention, y, y, seen));
}

/* x + attention(x, memory, memory) */
static ad_node *cross_attention(translate_pass *pass, const char *layer, ad_node *x,
                                ad_node *memory, const view *seen)
{
    char norm[NAME_BYTES], attention[NAME_BYTES];
    name_of(norm, "%s.encoder_attn_layer_norm", layer);
    name_of(attention, "%s.encoder_attn", layer);
    ad_node *y = translate_before(pass, norm, x);
    return translate_add(pass, norm, x, multi_head(pass, attention, y, memory, seen));
}

ad_node *translate_encode(translate_pass *pass, const translate_side *source)
{
    view all = view_of(pass, source, source, false);
    ad_node *x = translate_embed(pass, false, source->tokens, source->positions);
    char layer[NAME_BYTES];
    for (int64_t i = 0; i < pass->model->layers; ++i) {
        name_of(layer, "encoder.layers.%lld", (long long)i);
        x = self_attention(pass, layer, x, &all);
        x = translate_mlp(pass, layer, x);
    }
    return ad_name(translate_last(pass, false, x), "memory");
}

ad_node *translate_decode(translate_pass *pass, const translate_side *target, ad_node *memory,
                          const translate_side *source)
{
    view before = view_of(pass, target, target, true);
    view across = view_of(pass, target, source, false);
    ad_node *y = translate_embed(pass, true, target->tokens, target->positions);
    char layer[NAME_BYTES];
    for (int64_t i = 0; i < pass->model->decoder_layers; ++i) {
        name_of(layer, "decoder.layers.%lld", (long long)i);
        y = self_attention(pass, layer, y, &before);
        y = cross_attention(pass, layer, y, memory, &across);
        y = translate_mlp(pass, layer, y);
    }
    return ad_name(translate_last(pass, true, y), "hidden");
}

ad_status translate_declare(ad_vars *vars, const translate_model *model)
{
    ad_context *ctx = ad_vars_context(vars);
    ad_graph *graph = ad_graph_new(ctx);
    if (!graph) return ad_error_status(ctx);
    translate_pass pass = {.model = model, .vars = vars, .graph = graph};
    translate_side source = translate_input(graph, "source", ad_shape(1, 1), false);
    translate_side target = translate_input(graph, "target", ad_shape(1, 1), false);
    translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
    translate_output(&pass);
    if (model->output_bias) output_bias(&pass);
    ad_status status = ad_graph_status(graph);
    if (status) status = ad_error_set(ctx, status, "%s", ad_graph_error(graph));
    ad_graph_free(graph);
    return status;
}
