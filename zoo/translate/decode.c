/* decode.c - the decoder word by word. The encoder's keys and values are computed once for each
 * sentence and serve all of its hypotheses; those of the words that were written stay in variables,
 * a row for each step and hypothesis. A hypothesis that goes on another's words copies nothing: it
 * remembers in which row each of its words stands, and the rows are gathered by these numbers. */
#include "zoo/translate/decode_steps.h"

#include <stdlib.h>
#include <string.h>

enum { SENTENCES_MOST = 64, PLACES_MOST = 8192 };

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

/* ---- making ---- */

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
    for (int i = 0; i < d->count; ++i) translate_unplan(&d->planned[i]);
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
    translate_planned *p;
    for (int64_t i = 0; i < count; ++i) longest = lengths[i] > longest ? lengths[i] : longest;
    while (rows < count) rows *= 2;
    d->now = (translate_sizes){rows, beam, rounded(longest, d->model->longest), 0};
    d->given = count, d->step = 0;
    int64_t read = read_room(longest, d->now.tokens);
    ad_status status = make_inputs(d);
    if (status) return status;
    for (int64_t i = 0; i < rows; ++i) /* the last stands for those that are not there */
        for (int64_t k = 0, from = i < count ? i : count - 1; k < lengths[from]; ++k) {
            d->source[i * read + k] = sentences[from][k];
            d->source_sentence[i * d->now.tokens + k] = d->read_sentence[i * read + k] = 1;
        }
    status = translate_plan_steps(d, (translate_sizes){rows, 0, d->now.tokens, read}, &p);
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
        ad_variable *from = translate_steps_kept(d, what, i / 2,
                                                 ad_shape(d->now.words * rows, width));
        ad_variable *to = translate_steps_kept(d, what, i / 2, ad_shape(words * rows, width));
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
    translate_planned *p;
    translate_sizes of = d->now;
    of.words = length;
    ad_status status = translate_plan_steps(d, of, &p);
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
