/* look.c - what each word looks at: attention of every layer and head over a sentence and its
 * translation, and the words that belong together by it. */
#include "zoo/translate/translate.h"

#include <stdlib.h>
#include <string.h>

static ad_status no_memory(ad_context *ctx)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for attention");
}

typedef struct inputs {
    int32_t *tokens, *positions, *sentences;
    int64_t count;
} inputs;

static bool make_inputs(inputs *in, const int32_t *tokens, int64_t count)
{
    in->count = count;
    in->tokens = malloc((size_t)count * 3 * sizeof(int32_t));
    if (!in->tokens) return false;
    in->positions = in->tokens + count, in->sentences = in->positions + count;
    for (int64_t i = 0; i < count; ++i)
        in->tokens[i] = tokens[i], in->positions[i] = (int32_t)i, in->sentences[i] = 1;
    return true;
}

static ad_status bind(ad_program *program, const translate_side *side, const inputs *in)
{
    const ad_node *node[3] = {side->tokens, side->positions, side->sentences};
    const int32_t *data[3] = {in->tokens, in->positions, in->sentences};
    ad_status status = AD_OK;
    for (int i = 0; i < 3 && !status; ++i) {
        status = ad_bind(program, node[i], data[i], (size_t)in->count * sizeof(int32_t));
        if (status == AD_ERROR_NOT_FOUND) status = AD_OK; /* rotary positions, say, of no use */
    }
    return status;
}

static ad_status copy_maps(translate_look *look, ad_context *ctx, const ad_program *program,
                           ad_node *const *attention)
{
    for (int64_t i = 0; i < look->maps; ++i) {
        size_t bytes = (size_t)ad_shape_count(ad_node_shape(attention[i])) * sizeof(float);
        ad_status status = ad_result_finite(program, attention[i], "attention");
        if (status) return status;
        if (!(look->map[i] = malloc(bytes))) return no_memory(ctx);
        memcpy(look->map[i], ad_result(program, attention[i]), bytes);
    }
    return AD_OK;
}

static ad_status run(translate_look *look, ad_context *ctx, const translate_model *m, ad_vars *vars,
                     const inputs in[2], ad_node **attention)
{
    ad_graph *graph = ad_graph_new(ctx);
    ad_program *program = NULL;
    if (!graph) return ad_error_status(ctx);
    translate_pass pass = {.model = m, .vars = vars, .graph = graph, .attention = attention};
    translate_side source = translate_input(graph, "source", ad_shape(1, in[0].count), false);
    translate_side target = translate_input(graph, "target", ad_shape(1, in[1].count), false);
    translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
    ad_status status = ad_compile(&program, ctx, attention, (int)look->maps, NULL);
    if (!status) status = bind(program, &source, &in[0]);
    if (!status) status = bind(program, &target, &in[1]);
    if (!status) status = ad_run(program);
    if (!status) status = copy_maps(look, ctx, program, attention);
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

ad_status translate_look_at(translate_look *look, ad_context *ctx, const translate_model *m,
                            ad_vars *vars, int32_t begin, const int32_t *source,
                            int64_t source_count, const int32_t *target, int64_t target_count)
{
    inputs in[2] = {{0}};
    *look = (translate_look){.source_count = source_count,
                             .target_count = target_count + 1,
                             .maps = m->layers + 2 * m->decoder_layers};
    look->map = calloc((size_t)look->maps, sizeof *look->map);
    ad_node **attention = calloc((size_t)look->maps, sizeof *attention);
    int32_t *behind = malloc((size_t)(target_count + 1) * sizeof *behind);
    bool whole = look->map && attention && behind;
    if (whole) {
        behind[0] = begin;
        memcpy(behind + 1, target, (size_t)target_count * sizeof *behind);
        whole = make_inputs(&in[0], source, source_count) &&
                make_inputs(&in[1], behind, look->target_count);
    }
    ad_status status = whole ? run(look, ctx, m, vars, in, attention) : no_memory(ctx);
    free(behind);
    free(attention);
    for (int i = 0; i < 2; ++i) free(in[i].tokens);
    return status;
}

void translate_look_free(translate_look *look)
{
    for (int64_t i = 0; i < look->maps && look->map; ++i) free(look->map[i]);
    free(look->map);
    *look = (translate_look){0};
}

/* ---- words ---- */

int64_t translate_words_of(translate_vocabulary *v, bool target, const int32_t *tokens,
                           int64_t count, int64_t *word)
{
    ad_decoder decoder = {.tokenizer = target ? v->target : v->source};
    int64_t words = 0;
    bool within = false;
    for (int64_t i = 0; i < count; ++i) {
        const char *text = "";
        size_t length = 0;
        if (tokens[i] != v->end[target]) ad_decoder_next(&decoder, tokens[i], &text, &length);
        word[i] = words ? words - 1 : 0; /* part of a character, or the end */
        for (size_t k = 0; k < length; ++k) {
            bool space = strchr(" \t\n\r", text[k]) != NULL;
            if (!space && !within) word[i] = words++;
            within = !space;
        }
    }
    return words;
}

/* ---- alignment ---- */

/* By word, weights [target_words, source_words]: each token's row is spread over the source's
 * words.
 */
static void add_up(const translate_look *look, const translate_model *m, const int64_t *from,
                   const int64_t *to, int64_t source_words, double *weights)
{
    int64_t layer = m->decoder_layers > 1 ? m->decoder_layers - 2 : 0;
    const float *map = look->map[m->layers + 2 * layer + 1];
    /* the row before a token is that of the step which chose it */
    for (int64_t h = 0; h < translate_heads_of(m, true); ++h)
        for (int64_t q = 0; q + 1 < look->target_count; ++q)
            for (int64_t k = 0; k + 1 < look->source_count; ++k)
                weights[to[q] * source_words + from[k]] += (double)
                    map[(h * look->target_count + q) * look->source_count + k];
}

static ad_status choose(const translate_model *m, const translate_look *look, const int64_t *from,
                        const int64_t *to, int64_t source_words, int64_t target_words,
                        int64_t **pairs, int64_t *count)
{
    size_t cells = (size_t)(source_words * target_words);
    double *weights = calloc(cells + 1, sizeof *weights);
    *pairs = malloc((size_t)(2 * target_words + 2) * sizeof **pairs);
    if (!weights || !*pairs) {
        free(weights);
        return AD_ERROR_MEMORY;
    }
    add_up(look, m, from, to, source_words, weights);
    for (int64_t t = 0; t < target_words; ++t) {
        int64_t best = 0;
        for (int64_t s = 1; s < source_words; ++s)
            if (weights[t * source_words + s] > weights[t * source_words + best]) best = s;
        (*pairs)[2 * t] = best, (*pairs)[2 * t + 1] = t;
    }
    *count = target_words;
    free(weights);
    return AD_OK;
}

ad_status translate_align(translate_translator *t, ad_vars *vars, translate_line line,
                          const char *translation, int64_t **pairs, int64_t *count)
{
    const translate_model *m = t->model;
    translate_vocabulary *v = t->vocabulary;
    translate_line made = {translation, strlen(translation)};
    ad_tokens tokens[2] = {{0}, {0}};
    translate_look look = {0};
    int64_t *word[2] = {NULL, NULL}, words[2] = {0, 0};
    *pairs = NULL, *count = 0;
    ad_status status = translate_line_tokens(v, false, line, &tokens[0]);
    if (!status) status = translate_line_tokens(v, true, made, &tokens[1]);
    if (!status && tokens[0].count <= m->longest && tokens[1].count <= m->longest) {
        status = translate_look_at(&look, t->ctx, m, vars, v->begin, tokens[0].ids, tokens[0].count,
                                   tokens[1].ids, tokens[1].count - 1);
        for (int i = 0; i < 2 && !status; ++i) {
            word[i] = malloc((size_t)tokens[i].count * sizeof *word[i]);
            if (!word[i])
                status = no_memory(t->ctx);
            else
                words[i] = translate_words_of(v, i, tokens[i].ids, tokens[i].count, word[i]);
        }
        if (!status && words[0] && words[1] &&
            choose(m, &look, word[0], word[1], words[0], words[1], pairs, count))
            status = no_memory(t->ctx);
    }
    for (int i = 0; i < 2; ++i) {
        ad_tokens_free(&tokens[i]);
        free(word[i]);
    }
    translate_look_free(&look);
    return status;
}
