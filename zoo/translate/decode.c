/* decode.c - the decoder word by word. The encoder's keys and values are computed once for each
 * sentence and serve all of its hypotheses; those of the words that were written stay in variables,
 * a row for each step and hypothesis. A hypothesis that goes on another's words copies nothing: it
 * remembers in which row each of its words stands, and the rows are gathered by these numbers.
 *
 * Programs have fixed sizes: there is one for each number of sentences (a power of two), length of
 * the source and length of what is written, made when it is first needed. */
#include "zoo/translate/translate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRAMS = 96, SENTENCES_MOST = 64, PLACES_MOST = 8192, NAME = 128 };

/* Sizes of a program: sentences, hypotheses each, tokens of a source, words so far. Of one that
 * reads sources `beam` is 0, and `words` the tokens that are read, of which there may be fewer. */
typedef struct sizes {
    int64_t sentences, beam, tokens, words;
} sizes;

typedef struct planned {
    sizes of;
    ad_graph *graph;
    ad_program *program;
    ad_node *logits, *sums;
} planned;

struct translate_decoder {
    ad_context *ctx;
    const translate_model *model;
    ad_vars *vars, *cache;
    planned planned[PROGRAMS];
    int count;
    /* what is being written */
    sizes now;                         /* words: places of the tables that are written to */
    int64_t given;                     /* sentences that are real */
    int32_t *source, *source_sentence; /* inputs: [sentences, read], [sentences, tokens] */
    int32_t *read_sentence;            /* [sentences, read] */
    int32_t *word, *row, *older;       /* [rows], [rows, steps], likewise */
    int32_t step, begin;
};

/* The least of 16, 32, 48, 64, 96, 128, 192, ... that is enough; no more than `most`. */
static int64_t rounded(int64_t count, int64_t most)
{
    int64_t size = 16;
    while (size < count) size += size < 64 ? 16 : size & (size - 1) ? size / 3 : size / 2;
    return size < most ? size : most;
}

/* The encoder's work grows with each place: a multiple of 8 up to 64. */
static int64_t read_room(int64_t count, int64_t most)
{
    int64_t size = count <= 64 ? (count + 7) / 8 * 8 : most;
    return size < most ? size : most;
}

/* Likewise of 32, 64, 128, ...: each has a program, which packs the weights for itself. */
static int64_t words_room(int64_t count, int64_t most)
{
    int64_t size = 32;
    while (size < count) size *= 2;
    return size < most ? size : most;
}

/* Words that a translation of so many tokens seldom has more of. */
static int64_t usual_steps(const translate_model *m, int64_t tokens)
{
    return rounded(tokens + tokens / 2 + 16, m->longest);
}

/* Words that it may have. */
static int64_t steps_of(const translate_model *m, int64_t tokens)
{
    return m->told.there ? m->longest : usual_steps(m, tokens);
}

int64_t translate_decoder_room(const translate_decoder *d, int64_t tokens, int64_t beam)
{
    int64_t steps = usual_steps(d->model, rounded(tokens, d->model->longest));
    int64_t room = 1;
    while (2 * room <= SENTENCES_MOST && 2 * room * beam * steps <= PLACES_MOST) room *= 2;
    return room;
}

/* ---- graphs ---- */

static ad_variable *table_of(translate_decoder *d, const char *what, int64_t layer, ad_shape shape)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s.%lld.%lld.%lld", what, (long long)layer,
             (long long)shape.dim[0], (long long)shape.dim[1]);
    return ad_var(d->cache, name, shape, (ad_var_options){.buffer = true});
}

static ad_node *kept(translate_decoder *d, ad_graph *graph, const char *what, int64_t layer,
                     ad_shape shape, ad_variable **variable)
{
    *variable = table_of(d, what, layer, shape);
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
static int read_graph(translate_decoder *d, planned *p, ad_node **out)
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
    planned *p;
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
    const sizes *of = &s->p->of;
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

static int next_graph(translate_decoder *d, planned *p, ad_node **out)
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

static ad_status plan(translate_decoder *d, planned *p)
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

static void unplan(planned *p)
{
    ad_program_free(p->program);
    ad_graph_free(p->graph);
}

static bool same_sizes(const sizes *a, const sizes *b)
{
    return a->sentences == b->sentences && a->beam == b->beam && a->tokens == b->tokens &&
           a->words == b->words;
}

/* The program of these sizes; the oldest gives way where there are too many. */
static ad_status find(translate_decoder *d, sizes of, planned **out)
{
    for (int i = 0; i < d->count; ++i)
        if (same_sizes(&d->planned[i].of, &of)) {
            *out = &d->planned[i];
            return AD_OK;
        }
    if (d->count == PROGRAMS) {
        unplan(&d->planned[0]);
        memmove(d->planned, d->planned + 1, (PROGRAMS - 1) * sizeof *d->planned);
        --d->count;
    }
    planned *p = &d->planned[d->count];
    *p = (planned){.of = of};
    ad_status status = plan(d, p);
    if (status)
        unplan(p);
    else
        ++d->count, *out = p;
    return status;
}

ad_status translate_decoder_new(translate_decoder **out, ad_context *ctx,
                                const translate_model *model, ad_vars *vars)
{
    translate_decoder *d = *out = calloc(1, sizeof *d);
    if (!d) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    d->ctx = ctx, d->model = model, d->vars = vars;
    d->cache = ad_vars_new(ctx, 0);
    return d->cache ? AD_OK : ad_error_status(ctx);
}

static void free_inputs(translate_decoder *d)
{
    int32_t **all[] = {&d->source, &d->source_sentence, &d->read_sentence, &d->word, &d->row,
                       &d->older};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
        free(*all[i]);
        *all[i] = NULL;
    }
}

void translate_decoder_free(translate_decoder *d)
{
    if (!d) return;
    for (int i = 0; i < d->count; ++i) unplan(&d->planned[i]);
    ad_vars_free(d->cache);
    free_inputs(d);
    free(d);
}

/* ---- running ---- */

static ad_status make_inputs(translate_decoder *d)
{
    size_t tokens = (size_t)(d->now.sentences * d->now.tokens);
    size_t rows = (size_t)(d->now.sentences * d->now.beam);
    size_t places = rows * (size_t)translate_decoder_steps(d);
    free_inputs(d);
    d->source = calloc(tokens, sizeof *d->source);
    d->source_sentence = calloc(tokens, sizeof *d->source_sentence);
    d->read_sentence = calloc(tokens, sizeof *d->read_sentence);
    d->word = calloc(rows, sizeof *d->word);
    d->row = calloc(places, sizeof *d->row);
    d->older = calloc(places, sizeof *d->older);
    return d->source && d->source_sentence && d->read_sentence && d->word && d->row && d->older
               ? AD_OK
               : ad_error_set(d->ctx, AD_ERROR_MEMORY, "out of memory");
}

int64_t translate_decoder_steps(const translate_decoder *d)
{
    return steps_of(d->model, d->now.tokens);
}

ad_status translate_decoder_read(translate_decoder *d, const int32_t *const *sentences,
                                 const int64_t *lengths, int64_t count, int64_t beam)
{
    int64_t longest = 1, rows = 1;
    planned *p;
    for (int64_t i = 0; i < count; ++i) longest = lengths[i] > longest ? lengths[i] : longest;
    while (rows < count) rows *= 2;
    d->now = (sizes){rows, beam, rounded(longest, d->model->longest), 0};
    d->given = count, d->step = 0;
    int64_t read = read_room(longest, d->now.tokens);
    ad_status status = make_inputs(d);
    if (status) return status;
    for (int64_t i = 0; i < rows; ++i) /* the last stands for those that are not there */
        for (int64_t k = 0, from = i < count ? i : count - 1; k < lengths[from]; ++k) {
            d->source[i * read + k] = sentences[from][k];
            d->source_sentence[i * d->now.tokens + k] = d->read_sentence[i * read + k] = 1;
        }
    status = find(d, (sizes){rows, 0, d->now.tokens, read}, &p);
    size_t bytes = (size_t)(rows * read) * sizeof(int32_t);
    if (!status) status = ad_bind_name(p->program, "source", d->source, bytes);
    if (!status) status = ad_bind_name(p->program, "source_sentence", d->read_sentence, bytes);
    return status ? status : ad_run(p->program);
}

/* Each hypothesis' rows of earlier words, of `words` of them side by side; the new word's is its
 * own. `older` holds those of the last step. */
static void follow(translate_decoder *d, const int32_t *parents, int64_t words)
{
    int64_t rows = d->now.sentences * d->now.beam, steps = translate_decoder_steps(d);
    for (int64_t h = 0; h < rows; ++h) {
        int64_t parent = parents && h < d->given * d->now.beam ? parents[h] : h;
        int32_t *row = d->row + h * words;
        for (int64_t k = 0; k < d->step; ++k) row[k] = d->older[parent * steps + k];
        row[d->step] = (int32_t)(d->step * rows + h);
        for (int64_t k = d->step + 1; k < words; ++k) row[k] = row[d->step];
    }
    for (int64_t h = 0; h < rows; ++h)
        memcpy(d->older + h * steps, d->row + h * words, (size_t)(d->step + 1) * sizeof *d->older);
}

/* What was written moves to tables with more room. */
static ad_status grow(translate_decoder *d, int64_t words)
{
    int64_t width = d->model->width, rows = d->now.sentences * d->now.beam;
    size_t count = (size_t)(words * rows * width);
    float *copy = calloc(count, sizeof *copy);
    ad_status status = copy ? AD_OK : ad_error_set(d->ctx, AD_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < 2 * d->model->decoder_layers && !status; ++i) {
        const char *what = i % 2 ? "words.v" : "words.k";
        ad_variable *from = table_of(d, what, i / 2, ad_shape(d->now.words * rows, width));
        ad_variable *to = table_of(d, what, i / 2, ad_shape(words * rows, width));
        const float *data = from && to ? ad_variable_data(d->cache, from) : NULL;
        if (!data) status = ad_error_status(d->ctx);
        if (data) memcpy(copy, data, (size_t)(d->step * rows * width) * sizeof *copy);
        if (data) status = ad_variable_set(d->cache, to, copy);
    }
    free(copy);
    return status;
}

ad_status translate_decoder_next(translate_decoder *d, const int32_t *words, const int32_t *parents,
                                 const float **logits, const float **sums)
{
    int64_t rows = d->now.sentences * d->now.beam, real = d->given * d->now.beam;
    int64_t steps = translate_decoder_steps(d), length = words_room(d->step + 1, steps);
    planned *p;
    sizes of = d->now;
    of.words = length;
    ad_status status = find(d, of, &p);
    if (status) return status;
    if (d->now.words && d->now.words != length) status = grow(d, length);
    if (status) return status;
    d->now.words = length;
    follow(d, parents, length);
    for (int64_t h = 0; h < rows; ++h) d->word[h] = words[h < real ? h : real - 1];
    d->begin = (int32_t)(d->step * rows);
    const struct {
        const char *name;
        const int32_t *data;
        int64_t count;
    } inputs[] = {{"word", d->word, rows},
                  {"row", d->row, rows * length},
                  {"step", &d->step, 1},
                  {"begin", &d->begin, 1},
                  {"source_sentence", d->source_sentence, d->now.sentences * d->now.tokens}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs && !status; ++i)
        status = ad_bind_name(p->program, inputs[i].name, inputs[i].data,
                              (size_t)inputs[i].count * sizeof(int32_t));
    if (!status) status = ad_run(p->program);
    if (!status) status = ad_result_finite(p->program, p->sums, "the sum of the words' logits");
    if (status) return status;
    ++d->step;
    *logits = ad_result(p->program, p->logits);
    *sums = ad_result(p->program, p->sums);
    return AD_OK;
}
