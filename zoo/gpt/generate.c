/* generate.c - reading and making tokens one after the other. Keys and values of what was read stay
 * in variables; a program for a single token and some for pieces of a prompt write the new ones and
 * attend to all. A run allocates nothing. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>
#include <string.h>

/* Tokens that a program reads: a short prompt would wait for a long one's work. */
enum { PROGRAMS = 4, PIECE = 64 };
static const int64_t program_tokens[PROGRAMS] = {1, 4, 16, PIECE};

typedef struct reading {
    ad_graph *graph;
    ad_program *program;
    ad_node *logits;
} reading;

struct gpt_generator {
    ad_context *ctx;
    gpt_config config;
    ad_vars *vars, *cache;
    ad_precision precision;
    reading reading[PROGRAMS];
    int32_t tokens[PIECE], offset, last; /* the programs' inputs */
    int32_t *history;                    /* what is in the cache */
    int64_t used;
};

static ad_status plan(gpt_generator *g, reading *r, int64_t time)
{
    ad_compile_options options = {.precision = g->precision};
    int outputs = (int)(2 * g->config.layers + 1);
    ad_node **out = calloc((size_t)outputs, sizeof *out);
    r->graph = ad_graph_new(g->ctx);
    ad_status status = out && r->graph ? AD_OK
                                       : ad_error_set(g->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) {
        gpt_pass pass = {
            .config = &g->config, .vars = g->vars, .cache = g->cache, .stores = out + 1};
        pass.tokens = ad_input(r->graph, "tokens", AD_I32, ad_shape(1, time));
        pass.offset = ad_input(r->graph, "offset", AD_I32, ad_shape(1));
        ad_node *x = gpt_network(&pass);
        if (time > 1) /* only the last token's logits are wanted */
            x = ad_gather(x, ad_input(r->graph, "last", AD_I32, ad_shape(1)));
        out[0] = r->logits = gpt_logits(&pass, x);
        status = ad_compile(&r->program, g->ctx, out, outputs, &options);
    }
    if (!status)
        status = ad_bind_name(r->program, "tokens", g->tokens, (size_t)time * sizeof *g->tokens);
    if (!status) status = ad_bind_name(r->program, "offset", &g->offset, sizeof g->offset);
    if (!status && time > 1) status = ad_bind_name(r->program, "last", &g->last, sizeof g->last);
    free(out);
    return status;
}

/* No longer pieces than one that a whole block fits in. */
static ad_status plan_all(gpt_generator *g)
{
    ad_status status = AD_OK;
    int64_t block = g->config.block;
    for (int i = 0; i < PROGRAMS && !status; ++i) {
        if (i && program_tokens[i - 1] >= block) break;
        status = plan(g, &g->reading[i], program_tokens[i] < block ? program_tokens[i] : block);
    }
    return status;
}

ad_precision gpt_precision_with(ad_context *ctx, ad_dtype weights)
{
    bool narrow = weights == AD_BF16 && ad_has_precision(ctx, AD_DEVICE_CPU, AD_PRECISION_BF16);
    return narrow ? AD_PRECISION_BF16 : AD_PRECISION_F32;
}

ad_status gpt_generator_new(gpt_generator **out, ad_context *ctx, const gpt_config *config,
                            ad_vars *vars, ad_precision precision)
{
    gpt_generator *g = calloc(1, sizeof *g);
    ad_status status = AD_ERROR_MEMORY;
    *out = NULL;
    if (!g) return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    g->ctx = ctx, g->config = *config, g->vars = vars, g->precision = precision;
    g->cache = ad_vars_new(ctx, 0);
    g->history = malloc((size_t)config->block * sizeof *g->history);
    if (g->cache && g->history) status = plan_all(g);
    if (status)
        gpt_generator_free(g);
    else
        *out = g;
    return status;
}

void gpt_generator_free(gpt_generator *g)
{
    if (!g) return;
    for (int i = 0; i < PROGRAMS; ++i) {
        ad_program_free(g->reading[i].program);
        ad_graph_free(g->reading[i].graph);
    }
    ad_vars_free(g->cache);
    free(g->history);
    free(g);
}

void gpt_generator_reset(gpt_generator *g)
{
    g->used = 0;
}

/* Reads `count` tokens for which there is room; not more than a program takes. */
static ad_status read_some(gpt_generator *g, const int32_t *tokens, int64_t count,
                           const float **logits)
{
    int i = 0;
    while (program_tokens[i] < count) ++i;
    const reading *r = &g->reading[i];
    memset(g->tokens, 0, sizeof g->tokens); /* what stands behind the last is overwritten later */
    memcpy(g->tokens, tokens, (size_t)count * sizeof *tokens);
    memcpy(g->history + g->used, tokens, (size_t)count * sizeof *tokens);
    g->offset = (int32_t)g->used, g->last = (int32_t)(count - 1);
    ad_status status = ad_run(r->program);
    if (status) return status;
    g->used += count;
    *logits = ad_result(r->program, r->logits);
    return ad_result_finite(r->program, r->logits, "the vector of logits");
}

static ad_status read_all(gpt_generator *g, const int32_t *tokens, int64_t count,
                          const float **logits)
{
    ad_status status = AD_OK;
    for (int64_t n; count > 0 && !status; tokens += n, count -= n) {
        n = count < PIECE ? count : PIECE;
        if (n > g->config.block - g->used) n = g->config.block - g->used;
        status = read_some(g, tokens, n, logits);
    }
    return status;
}

/* The newer half of a full cache, read anew at the first positions. */
static ad_status shift(gpt_generator *g)
{
    int64_t kept = g->config.block / 2;
    const float *unused;
    int32_t *tokens = malloc((size_t)(kept + 1) * sizeof *tokens);
    if (!tokens) return ad_error_set(g->ctx, AD_ERROR_MEMORY, "out of memory");
    memcpy(tokens, g->history + g->config.block - kept, (size_t)kept * sizeof *tokens);
    g->used = 0;
    ad_status status = read_all(g, tokens, kept, &unused);
    free(tokens);
    return status;
}

ad_status gpt_generator_feed(gpt_generator *g, const int32_t *tokens, int64_t count,
                             const float **logits)
{
    ad_status status = AD_OK;
    if (count > g->config.block) /* the beginning would be forgotten anyway */
        tokens += count - g->config.block, count = g->config.block, g->used = 0;
    while (count > 0 && !status) {
        if (g->used == g->config.block) status = shift(g);
        int64_t room = g->config.block - g->used, n = count < room ? count : room;
        if (!status) status = read_all(g, tokens, n, logits);
        tokens += n, count -= n;
    }
    return status;
}
