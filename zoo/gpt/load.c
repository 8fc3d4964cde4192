/* load.c - what belongs to a model that was opened: its tokenizer, its weights, and what training
 * that starts from it takes over. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* nanoGPT keeps characters with its data, data/NAME/meta.pkl, and the name in the checkpoint.
 * False: there are none. */
static bool find_characters(const gpt *g, char path[PATH_BYTES])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *name = ad_file_metadata(ad_trained_file(&g->job), "config.dataset");
    if (!name || !*name || name[strspn(name, plain)]) return false;
    int length = snprintf(path, PATH_BYTES, "%s/../data/%s/meta.pkl", ad_trained_folder(&g->job),
                          name);
    return length < PATH_BYTES && !access(path, R_OK);
}

/* What came with the model: in its file, in its folder, or where nanoGPT has it. */
static ad_status open_own(gpt *g)
{
    const ad_file *file = ad_trained_file(&g->job);
    const char *text = ((const gpt_config *)g->job.model)->tokenizer;
    char path[PATH_BYTES];
    ad_context *ctx = g->job.ctx;
    if (text)
        return ad_tokenizer_from_text(&g->tokenizer, ctx, ad_file_path(file), text, strlen(text));
    bool inside = ad_file_metadata(file, "tokenizer.ggml.model");
    ad_status status = ad_tokenizer_open(&g->tokenizer, ctx,
                                         inside ? ad_file_path(file) : ad_trained_folder(&g->job));
    if (status == AD_ERROR_NOT_FOUND && find_characters(g, path)) {
        ad_watch_note(&g->job.watcher, "characters are those of %s", path);
        status = ad_tokenizer_open(&g->tokenizer, ctx, path);
    }
    if (status == AD_ERROR_NOT_FOUND)
        return ad_error_set(ctx, status,
                            "%s: comes without a tokenizer (%s); name one with --tokenizer",
                            ad_file_path(file), ad_error(ctx));
    return status ? ad_error_set(ctx, status, "%s; name one with --tokenizer", ad_error(ctx))
                  : AD_OK;
}

ad_status gpt_open_tokenizer(gpt *g, const char *path)
{
    ad_context *ctx = g->job.ctx;
    const gpt_config *c = g->job.model;
    ad_status status = path ? ad_tokenizer_open(&g->tokenizer, ctx, path) : open_own(g);
    if (status || ad_tokenizer_count(g->tokenizer) <= c->vocab) return status;
    return ad_error_set(ctx, AD_ERROR_FORMAT,
                        "%s: the tokenizer has %d tokens, the model knows %lld",
                        path ? path : ad_file_path(ad_trained_file(&g->job)),
                        (int)ad_tokenizer_count(g->tokenizer), (long long)c->vocab);
}

ad_status gpt_load(gpt *g, ad_dtype matrices)
{
    if (!(g->weights = ad_vars_new(g->job.ctx, 0))) return ad_error_status(g->job.ctx);
    ad_status status = gpt_declare(g->weights, g->job.model, matrices);
    return status ? status : ad_trained_load(&g->job, g->weights);
}

bool gpt_quantized_form(const char *choice, ad_quantized *form)
{
    for (int i = 0; choice && i < AD_QUANTIZED_FORMS; ++i)
        if (!strcmp(choice, ad_quantized_name((ad_quantized)i))) {
            *form = (ad_quantized)i;
            return true;
        }
    return false;
}

static void note_unquantised(const gpt *g, ad_quantized form)
{
    int plain = 0, all = 0;
    const char *first = NULL;
    for (int i = 0; i < ad_vars_count(g->weights); ++i) {
        const ad_variable *v = ad_vars_at(g->weights, i);
        const char *name = ad_variable_name(v);
        if (ad_variable_shape(v).rank != 2 || !strcmp(name, "transformer.wpe.weight")) continue;
        ++all;
        if (ad_variable_dtype(v) != AD_U8 && !plain++) first = name;
    }
    if (plain)
        ad_watch_note(&g->job.watcher,
                      "%d of %d matrices stay f32, as their sums are no whole blocks of %d for "
                      "%s; the first is %s",
                      plain, all, AD_BLOCK, ad_quantized_name(form), first);
}

ad_status gpt_load_quantized(gpt *g, ad_quantized form)
{
    if (!(g->weights = ad_vars_new(g->job.ctx, 0))) return ad_error_status(g->job.ctx);
    ad_status status = gpt_declare_quantized(g->weights, g->job.model, form);
    if (!status) status = ad_trained_load(&g->job, g->weights);
    if (!status) note_unquantised(g, form);
    return status;
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
