/* load.c - a model from where it is kept. */
#include "zoo/gpt/gpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A small file as text, for the caller to free; NULL: it is not there. */
static char *slurp(const char *path, size_t *length)
{
    enum { MOST = 1 << 20 };
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(MOST + 1) : NULL;
    *length = text ? fread(text, 1, MOST, file) : 0;
    if (text) text[*length] = 0;
    if (file) fclose(file);
    return text;
}

static bool is_folder(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISDIR(about.st_mode);
}

static bool is_there(const char *folder, const char *name, char *path, size_t size)
{
    struct stat about;
    int length = snprintf(path, size, "%s/%s", folder, name);
    return length > 0 && (size_t)length < size && !stat(path, &about);
}

/* Of Hugging Face, if it says what it is a model of. A run's folder has another config.json. */
static bool describes_model(const char *text)
{
    return text && strstr(text, "\"model_type\"");
}

/* The weights in a folder with such a config.json. */
static ad_status weights_of(gpt_model *model, ad_context *ctx, const char *folder)
{
    static const char *const names[] = {"model.safetensors", "pytorch_model.bin"};
    for (int i = 0; i < 2; ++i)
        if (is_there(folder, names[i], model->weights, sizeof model->weights)) return AD_OK;
    if (is_there(folder, "model.safetensors.index.json", model->weights, sizeof model->weights) ||
        is_there(folder, "pytorch_model.bin.index.json", model->weights, sizeof model->weights))
        return ad_error_set(ctx, AD_ERROR_UNSUPPORTED,
                            "%s: the weights are split over several files, which is not supported",
                            folder);
    return ad_error_set(ctx, AD_ERROR_NOT_FOUND,
                        "%s: there is no model.safetensors and no pytorch_model.bin", folder);
}

/* The folder that `path` lies in. */
static void parent(const char *path, char *folder, size_t size)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length >= size) length = 0;
    memcpy(folder, path, length);
    folder[length] = 0;
    if (!length) snprintf(folder, size, slash == path ? "/" : ".");
}

/* Sizes from the checkpoint, else from the config.json beside it, else from the tensors. */
static ad_status configure(gpt_model *model, ad_context *ctx, const ad_file *file)
{
    char path[sizeof model->folder + 16];
    size_t length;
    bool known;
    ad_status status = gpt_config_read(&model->config, file, ctx, &known);
    if (status || known) return status;
    snprintf(path, sizeof path, "%s/config.json", model->folder);
    char *text = slurp(path, &length);
    if (describes_model(text)) {
        status = gpt_config_json(&model->config, ctx, path, text, length);
    } else {
        gpt_config_guess(&model->config, file, &known);
        if (known)
            status = gpt_config_check(ctx, ad_file_path(file), &model->config);
        else
            status = ad_error_set(ctx, AD_ERROR_FORMAT,
                                  "%s: holds no gpt: no metadata of one, no config.json beside it, "
                                  "and no tensors by GPT-2's names",
                                  ad_file_path(file));
    }
    free(text);
    return status;
}

static ad_status load(gpt_model *model, ad_context *ctx)
{
    ad_file *file;
    ad_status status = ad_file_open(&file, ctx, model->weights);
    if (status) return status;
    status = configure(model, ctx, file);
    const char *tokenizer = ad_file_metadata(file, "tokenizer");
    if (!status && tokenizer) {
        model->tokenizer = malloc(strlen(tokenizer) + 1);
        if (model->tokenizer) strcpy(model->tokenizer, tokenizer);
    }
    if (!status && !(model->vars = ad_vars_new(ctx, 0))) status = AD_ERROR_MEMORY;
    if (!status) status = gpt_declare(model->vars, &model->config, model->matrices);
    if (!status) {
        /* files without what wraps the layers' names; masks and the tied output are not wanted */
        bool gpt2 = model->config.arch == GPT_GPT2;
        const char *bare = gpt2 ? "wte.weight" : "embed_tokens.weight";
        const char *prefix = gpt2 ? "transformer." : "model.";
        ad_load_options options = {.allow_unused = true};
        if (ad_file_find(file, bare) >= 0) options.add = prefix;
        status = ad_vars_load_file(model->vars, file, options);
    }
    ad_file_close(file);
    return status;
}

ad_status gpt_open(gpt_model *model, ad_context *ctx, const char *path, ad_dtype matrices)
{
    ad_status status = AD_OK;
    memset(model, 0, sizeof *model);
    model->matrices = matrices;
    if (strlen(path) >= sizeof model->weights - 64)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%.64s...: the path is too long", path);
    if (is_folder(path)) {
        char config[sizeof model->folder + 16];
        size_t length;
        snprintf(model->folder, sizeof model->folder, "%s", path);
        snprintf(config, sizeof config, "%s/config.json", path);
        char *text = slurp(config, &length);
        if (describes_model(text))
            status = weights_of(model, ctx, path);
        else
            status = ad_run_weights(ctx, path, model->weights, sizeof model->weights, model->note,
                                    sizeof model->note);
        free(text);
    } else {
        snprintf(model->weights, sizeof model->weights, "%s", path);
        parent(path, model->folder, sizeof model->folder);
        if (gpt_is_llama2c(ctx, path)) status = gpt_llama2c(model, ctx, path);
    }
    if (!status && !model->vars) status = load(model, ctx);
    if (status) gpt_close(model);
    return status;
}

void gpt_close(gpt_model *model)
{
    ad_vars_free(model->vars);
    free(model->tokenizer);
    memset(model, 0, sizeof *model);
}

ad_status gpt_open_tokenizer(ad_tokenizer **out, ad_context *ctx, const gpt_model *model,
                             const char *path)
{
    ad_status status;
    *out = NULL;
    if (path)
        status = ad_tokenizer_open(out, ctx, path);
    else if (model->tokenizer)
        status = ad_tokenizer_from_text(out, ctx, model->weights, model->tokenizer,
                                        strlen(model->tokenizer));
    else
        status = ad_tokenizer_open(out, ctx, model->folder);
    if (status && !path && !model->tokenizer)
        return ad_error_set(ctx, status, "%s; name one with --tokenizer", ad_error(ctx));
    if (status || ad_tokenizer_count(*out) <= model->config.vocab) return status;
    status = ad_error_set(
        ctx, AD_ERROR_FORMAT, "%s: the tokenizer has %d tokens, the model knows %lld",
        path ? path : model->folder, (int)ad_tokenizer_count(*out), (long long)model->config.vocab);
    ad_tokenizer_free(*out);
    *out = NULL;
    return status;
}
