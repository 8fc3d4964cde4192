/* load.c - what belongs to a model that was opened: its tokenizer, its weights, and what training
 * that starts from it takes over. */
#include "zoo/gpt/gpt.h"

#include <string.h>

ad_status gpt_open_tokenizer(gpt *g, const char *path)
{
    ad_context *ctx = g->job.ctx;
    const gpt_config *c = g->job.model;
    const char *weights = ad_file_path(ad_trained_file(&g->job));
    bool inside = ad_file_metadata(ad_trained_file(&g->job), "tokenizer.ggml.model");
    ad_status status;
    if (path)
        status = ad_tokenizer_open(&g->tokenizer, ctx, path);
    else if (c->tokenizer)
        status = ad_tokenizer_from_text(&g->tokenizer, ctx, weights, c->tokenizer,
                                        strlen(c->tokenizer));
    else if ((status = ad_tokenizer_open(&g->tokenizer, ctx,
                                         inside ? weights : ad_trained_folder(&g->job))))
        status = ad_error_set(ctx, status, "%s; name one with --tokenizer", ad_error(ctx));
    if (status || ad_tokenizer_count(g->tokenizer) <= c->vocab) return status;
    return ad_error_set(
        ctx, AD_ERROR_FORMAT, "%s: the tokenizer has %d tokens, the model knows %lld",
        path ? path : weights, (int)ad_tokenizer_count(g->tokenizer), (long long)c->vocab);
}

ad_status gpt_load(gpt *g, ad_dtype matrices)
{
    if (!(g->weights = ad_vars_new(g->job.ctx, 0))) return ad_error_status(g->job.ctx);
    ad_status status = gpt_declare(g->weights, g->job.model, matrices);
    return status ? status : ad_trained_load(&g->job, g->weights);
}

/* ---- starting from a model ---- */

/* The options must not ask for sizes of their own. */
static ad_status check_asked(ad_context *ctx, const gpt_config *asked, const gpt_config *model,
                             const char *path)
{
    gpt_config initial;
    ad_status status = ad_record_init(&gpt_model_record, ctx, &initial, NULL);
    if (status) return status;
    const struct {
        const char *name;
        bool asked;
    } sizes[] = {
        {"arch", asked->arch != initial.arch},    {"layers", asked->layers != initial.layers},
        {"heads", asked->heads != initial.heads}, {"kv-heads", asked->kv_heads != 0},
        {"width", asked->width != initial.width}, {"hidden", asked->hidden != 0},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        if (sizes[i].asked)
            return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--%s: the sizes are those of --init %s",
                                sizes[i].name, path);
    if (asked->block == initial.block || asked->block <= model->block) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--block is %lld, %s has %lld positions",
                        (long long)asked->block, path, (long long)model->block);
}

ad_status gpt_start_from(gpt *g, const gpt_text *text)
{
    ad_context *ctx = g->job.ctx;
    gpt_config *c = g->job.model;
    ad_job *from;
    ad_status status = ad_trained_open(&from, ctx, &gpt_system, text->init, NULL);
    if (status) return status;
    status = check_asked(ctx, c, from->model, text->init);
    if (!status && (!text->tokenizer || !strcmp(text->tokenizer, "char")))
        status = gpt_open_tokenizer((gpt *)from, NULL);
    if (!status) {
        int64_t block = c->block;
        ad_record_free(&gpt_model_record, ctx, c);
        status = ad_record_copy(&gpt_model_record, ctx, c, from->model);
        g->block = block < c->block ? block : c->block;
        g->tokenizer = ((gpt *)from)->tokenizer;
        ((gpt *)from)->tokenizer = NULL;
    }
    if (!status) /* an option that asks for the default cannot be told from none */
        ad_watch_note(&g->job.watcher,
                      "sizes and tokenizer are those of %s: %lld layers, %lld heads, width %lld",
                      text->init, (long long)c->layers, (long long)c->heads, (long long)c->width);
    ad_trained_close(from);
    return status;
}
