/* decode_steps.c - the programs of a decoder that goes word by word. One reads sentences: the
 * encoder, and its keys and values for each layer of the decoder. The other is a step: the keys and
 * values of a new word go to a row of a table, those of the words before it are gathered by numbers
 * of rows.
 *
 * Sizes are fixed: there is a program for each number of sentences, length of the source and room
 * for words, made when it is first needed. */
#include "zoo/translate/decode_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 128 };

/* ---- graphs ---- */

ad_variable *translate_steps_kept(translate_decoder *d, const char *what, int64_t layer,
                                  ad_shape shape)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s.%lld.%lld.%lld", what, (long long)layer,
             (long long)shape.dim[0], (long long)shape.dim[1]);
    return ad_var(d->cache, name, shape, (ad_var_options){.buffer = true});
}

static ad_node *kept(translate_decoder *d, ad_graph *graph, const char *what, int64_t layer,
                     ad_shape shape, ad_variable **variable)
{
    *variable = translate_steps_kept(d, what, layer, shape);
    return *variable ? ad_read(graph, *variable) : NULL;
}

static void layer_name(char out[NAME], int64_t layer)
{
    snprintf(out, NAME, "decoder.layers.%lld", (long long)layer);
}

/* [sentences, read, width] -> [sentences, tokens, width] with zeros, which nothing looks at. */
static ad_node *lengthened(ad_node *x, int64_t tokens)
{
    ad_shape shape = ad_node_shape(x);
    if (shape.dim[1] == tokens) return x;
    ad_shape rest = ad_shape(shape.dim[0], tokens - shape.dim[1], shape.dim[2]);
    return ad_concat((ad_node *[]){x, ad_fill(ad_node_graph(x), AD_F32, rest, 0)}, 2, 1);
}

/* Keys and values of the encoder's last layer, for each layer of the decoder. */
static int read_graph(translate_decoder *d, translate_planned *p, ad_node **out)
{
    const translate_model *m = d->model;
    ad_shape shape = ad_shape(p->of.sentences, p->of.words);
    translate_pass pass = {.model = m, .vars = d->vars, .graph = p->graph};
    translate_side source = {.tokens = ad_input(p->graph, "source", AD_I32, shape),
                             .positions = ad_iota(p->graph, AD_I32, shape, 1),
                             .sentences = ad_input(p->graph, "source_sentence", AD_I32, shape)};
    ad_node *memory = translate_encode(&pass, &source);
    ad_shape rows = ad_shape(shape.dim[0] * shape.dim[1], m->width);
    int count = 0;
    for (int64_t i = 0; i < m->decoder_layers; ++i)
        for (int k = 0; k < 2; ++k) {
            char layer[NAME], name[NAME + 16];
            ad_variable *variable;
            layer_name(layer, i);
            snprintf(name, sizeof name, "%s.encoder_attn", layer);
            ad_node *x = translate_heads(&pass, name, k ? "v" : "k", memory);
            kept(d, p->graph, k ? "source.v" : "source.k", i,
                 ad_shape(shape.dim[0], p->of.tokens, m->width), &variable);
            if (!variable) return count;
            x = ad_reshape(ad_reshape(x, rows), ad_shape(shape.dim[0], shape.dim[1], m->width));
            x = lengthened(x, p->of.tokens);
            out[count++] = ad_assign(p->graph, variable, x);
        }
    return count;
}

typedef struct step_graph {
    translate_decoder *d;
    translate_planned *p;
    translate_pass pass;
    ad_node *begin, *row, *offset, *positions, *mask;
    ad_node **out; /* assigns */
    int outputs;
} step_graph;

/* What the words so far have as keys or values, the new one's among them: [rows, words, heads,
 * dim].
 */
static ad_node *so_far(step_graph *s, const char *what, int64_t layer, ad_node *x)
{
    const translate_model *m = s->d->model;
    int64_t rows = s->p->of.sentences * s->p->of.beam;
    ad_shape all = ad_shape(s->p->of.words * rows, m->width);
    int64_t heads = translate_heads_of(m, true);
    ad_variable *variable;
    ad_node *table = kept(s->d, s->p->graph, what, layer, all, &variable);
    if (!variable) return x;
    table = ad_write_rows(table, s->begin, ad_reshape(x, ad_shape(rows, m->width)));
    s->out[s->outputs++] = ad_assign(s->p->graph, variable, table);
    return ad_reshape(ad_gather(table, s->row),
                      ad_shape(rows, s->p->of.words, heads, m->width / heads));
}

/* x + attention to the words before: x [rows, 1, width] */
static ad_node *to_words(step_graph *s, int64_t i, const char *layer, ad_node *x)
{
    char norm[NAME + 32], name[NAME + 16];
    snprintf(norm, sizeof norm, "%s.self_attn_layer_norm", layer);
    snprintf(name, sizeof name, "%s.self_attn", layer);
    ad_node *y = translate_before(&s->pass, norm, x);
    ad_node *q = translate_turn(&s->pass, translate_heads(&s->pass, name, "q", y), s->positions);
    ad_node *k = translate_turn(&s->pass, translate_heads(&s->pass, name, "k", y), s->positions);
    k = so_far(s, "words.k", i, k);
    ad_node *v = so_far(s, "words.v", i, translate_heads(&s->pass, name, "v", y));
    y = ad_attention(q, k, v, (ad_attention_options){.causal = true, .offset = s->offset});
    y = translate_out(&s->pass, name, ad_reshape(y, ad_node_shape(x)));
    return translate_add(&s->pass, norm, x, y);
}

/* x + attention to the source, all hypotheses of a sentence side by side */
static ad_node *to_source(step_graph *s, int64_t i, const char *layer, ad_node *x)
{
    const translate_model *m = s->d->model;
    const translate_sizes *of = &s->p->of;
    int64_t heads = translate_heads_of(m, true), dim = m->width / heads;
    char norm[NAME + 32], name[NAME + 16];
    ad_variable *variable;
    ad_node *part[2];
    snprintf(norm, sizeof norm, "%s.encoder_attn_layer_norm", layer);
    snprintf(name, sizeof name, "%s.encoder_attn", layer);
    ad_node *y = translate_before(&s->pass, norm, x);
    ad_node *q = translate_heads(&s->pass, name, "q", y);
    q = ad_reshape(q, ad_shape(of->sentences, of->beam, heads, dim));
    for (int k = 0; k < 2; ++k)
        part[k] = ad_reshape(kept(s->d, s->p->graph, k ? "source.v" : "source.k", i,
                                  ad_shape(of->sentences, of->tokens, m->width), &variable),
                             ad_shape(of->sentences, of->tokens, heads, dim));
    y = translate_attend(&s->pass, name, q, part[0], part[1], s->mask);
    return translate_add(&s->pass, norm, x, ad_reshape(y, ad_node_shape(x)));
}

static int next_graph(translate_decoder *d, translate_planned *p, ad_node **out)
{
    const translate_model *m = d->model;
    ad_graph *graph = p->graph;
    int64_t rows = p->of.sentences * p->of.beam;
    ad_shape one = ad_shape(rows, 1);
    step_graph s = {.d = d, .p = p, .out = out + 2};
    s.pass = (translate_pass){.model = m, .vars = d->vars, .graph = graph};
    s.offset = ad_input(graph, "step", AD_I32, ad_shape(1));
    s.begin = ad_input(graph, "begin", AD_I32, ad_shape(1));
    s.row = ad_input(graph, "row", AD_I32, ad_shape(rows, p->of.words));
    s.positions = ad_broadcast(ad_reshape(s.offset, ad_shape(1, 1)), one);
    ad_node *source = ad_input(graph, "source_sentence", AD_I32,
                               ad_shape(p->of.sentences, p->of.tokens));
    translate_side queries = {.sentences = ad_fill(graph, AD_I32, ad_shape(p->of.sentences, 1), 1)};
    translate_side keys = {.sentences = source};
    s.mask = translate_mask(&queries, &keys, false);
    ad_node *x = translate_embed(&s.pass, true, ad_input(graph, "word", AD_I32, one), s.positions);
    for (int64_t i = 0; i < m->decoder_layers; ++i) {
        char layer[NAME];
        layer_name(layer, i);
        x = to_words(&s, i, layer, x);
        x = to_source(&s, i, layer, x);
        x = translate_mlp(&s.pass, layer, x);
    }
    x = ad_reshape(translate_last(&s.pass, true, x), ad_shape(rows, m->width));
    out[0] = p->logits = ad_name(translate_logits(&s.pass, x), "logits");
    out[1] = p->sums = ad_logsumexp(p->logits, ad_axes(-1), false);
    return 2 + s.outputs;
}

/* ---- programs ---- */

static ad_status plan(translate_decoder *d, translate_planned *p)
{
    ad_node **out = calloc((size_t)(2 * d->model->decoder_layers + 2), sizeof *out);
    p->graph = ad_graph_new(d->ctx);
    ad_status status = out && p->graph ? AD_OK
                                       : ad_error_set(d->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) {
        int count = p->of.beam ? next_graph(d, p, out) : read_graph(d, p, out);
        status = ad_compile(&p->program, d->ctx, out, count, NULL);
    }
    free(out);
    return status;
}

void translate_unplan(translate_planned *p)
{
    ad_program_free(p->program);
    ad_graph_free(p->graph);
}

static bool same_sizes(const translate_sizes *a, const translate_sizes *b)
{
    return a->sentences == b->sentences && a->beam == b->beam && a->tokens == b->tokens &&
           a->words == b->words;
}

ad_status translate_plan_steps(translate_decoder *d, translate_sizes of, translate_planned **out)
{
    for (int i = 0; i < d->count; ++i)
        if (same_sizes(&d->planned[i].of, &of)) {
            *out = &d->planned[i];
            return AD_OK;
        }
    if (d->count == TRANSLATE_PROGRAMS) {
        translate_unplan(&d->planned[0]);
        memmove(d->planned, d->planned + 1, (TRANSLATE_PROGRAMS - 1) * sizeof *d->planned);
        --d->count;
    }
    translate_planned *p = &d->planned[d->count];
    *p = (translate_planned){.of = of};
    ad_status status = plan(d, p);
    if (status)
        translate_unplan(p);
    else
        ++d->count, *out = p;
    return status;
}
