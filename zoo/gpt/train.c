/* train.c - `gpt train`: a language model from a text, as nanoGPT trains them. */
#include "zoo/gpt/gpt.h"
#include "zoo/gpt/sizes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    {"data", 'd', AD_OPTION_FILE, .required = true,
     .help = "the text (UTF-8; .gz, .xz, .bz2, .zst are expanded); its last tenth validates"},
    GPT_SIZE_OPTIONS,
    {"tokenizer", 0, AD_OPTION_TEXT, .initial = "char", .unit = "KIND",
     .help = "char, byte, bpe (learnt from the text), or a tokenizer's file or folder"},
    {"vocab", 0, AD_OPTION_INT, .initial = "1024", .min = 257, .max = 1 << 24,
     .help = "tokens of a bpe that is learnt"},
    {"init", 0, AD_OPTION_FILE, .unit = "MODEL",
     .help = "weights to begin with, as `gpt sample` takes them; sizes are theirs"},
    {"eval-batches", 0, AD_OPTION_INT, .initial = "20", .min = 0, .max = 1e9,
     .help = "batches of the validation part, spread evenly, that an evaluation looks at; 0: all"},
    {"sample-tokens", 0, AD_OPTION_INT, .initial = "200", .min = 0, .max = 1e6,
     .help = "length of the sample that is written at each evaluation"},
    AD_TRAIN_OPTIONS("1e-3", "adamw", "0.1", "cosine"),
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct trainer {
    ad_command *cmd;
    ad_context *ctx;
    gpt_model model;
    gpt_corpus corpus;
    ad_tokenizer *tokenizer;
    int64_t batch, block; /* block: of a batch, at most the model's */
    uint64_t seed;
    ad_samples *samples;
    ad_loader *loader;
    gpt_scorer scorer;
    gpt_writer writer;
    ad_graph *graph;
} trainer;

static ad_status bind_batch(void *user, ad_program *program, int64_t index)
{
    trainer *t = user;
    ad_batch batch;
    return ad_loader_bind(t->loader, index, program, &batch);
}

/* Over `windows` windows of the validation part, 0: all. */
static ad_status validate(trainer *t, int64_t windows, double *loss)
{
    int64_t counted;
    return gpt_score(&t->scorer, NULL, t->corpus.validation.ids, t->corpus.validation.count,
                     t->block, windows, loss, &counted);
}

static ad_status evaluate(void *user, const char *split, ad_metric *metrics, int *count)
{
    trainer *t = user;
    double loss = NAN;
    if (strcmp(split, "validation")) return AD_OK; /* there is no test part */
    ad_status status = validate(t, ad_command_int(t->cmd, "eval-batches") * t->batch, &loss);
    metrics[(*count)++] = (ad_metric){"loss", loss};
    return status;
}

typedef struct page {
    char text[1 << 16];
    size_t length;
} page;

static void put(void *user, const char *text, size_t length)
{
    page *p = user;
    if (length >= sizeof p->text - p->length) return;
    memcpy(p->text + p->length, text, length);
    p->text[p->length += length] = 0;
}

static ad_status sample(void *user, ad_run_folder *run, int64_t step)
{
    trainer *t = user;
    int64_t count = ad_command_int(t->cmd, "sample-tokens"), made;
    gpt_choice how = {.temperature = 0.8, .top_k = 200, .top_p = 1, .penalty = 1, .seed = t->seed};
    ad_tokens prompt = {0};
    if (!count) return AD_OK;
    page *p = calloc(1, sizeof *p);
    if (!p) return ad_error_set(t->ctx, AD_ERROR_MEMORY, "out of memory");
    gpt_stream stream = {.put = put, .user = p};
    ad_status status = gpt_prompt(&t->writer, "", 0, &prompt);
    if (status) { /* nothing to begin with: the first token of the text */
        ad_tokens_free(&prompt);
        prompt = (ad_tokens){.ids = t->corpus.training.ids, .count = 1};
        status = gpt_write(&t->writer, NULL, &prompt, count, &how, 0, &stream, &made);
    } else {
        status = gpt_write(&t->writer, NULL, &prompt, count, &how, 0, &stream, &made);
        ad_tokens_free(&prompt);
    }
    if (!status) status = ad_run_text(run, "sample", step, p->text);
    free(p);
    return status;
}

/* ---- building ---- */

/* --init takes sizes and tokenizer from the model. */
static ad_status begin_with(trainer *t, const char *path)
{
    static const char *const sizes[] = {"arch", "layers", "heads", "kv-heads", "width", "hidden"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
        if (ad_command_given(t->cmd, sizes[i]))
            return ad_error_set(t->ctx, AD_ERROR_ARGUMENT, "--%s: the sizes are those of --init %s",
                                sizes[i], path);
    bool own = ad_command_given(t->cmd, "tokenizer");
    ad_status status = gpt_open(&t->model, t->ctx, path, AD_F32);
    if (!status && !own) status = gpt_open_tokenizer(&t->tokenizer, t->ctx, &t->model, NULL);
    if (!status && ad_command_given(t->cmd, "block") &&
        ad_command_int(t->cmd, "block") > t->model.config.block)
        status = ad_error_set(t->ctx, AD_ERROR_ARGUMENT, "--block is %lld, %s has %lld positions",
                              (long long)ad_command_int(t->cmd, "block"), path,
                              (long long)t->model.config.block);
    return status;
}

static ad_status read_text(trainer *t, ad_run_folder *run)
{
    const char *path = ad_command_text(t->cmd, "data");
    char summary[128];
    ad_status status = gpt_corpus_read(&t->corpus, t->ctx, path, &t->tokenizer,
                                       ad_command_text(t->cmd, "tokenizer"),
                                       ad_command_int(t->cmd, "vocab"));
    if (status) return status;
    snprintf(summary, sizeof summary, "%zu bytes, %lld + %lld tokens of %d (%s)", t->corpus.bytes,
             (long long)t->corpus.training.count, (long long)t->corpus.validation.count,
             (int)ad_tokenizer_count(t->tokenizer),
             ad_tokenizer_kind_name(ad_tokenizer_get_kind(t->tokenizer)));
    if (t->corpus.training.count <= t->block || t->corpus.validation.count < 2)
        return ad_error_set(t->ctx, AD_ERROR_FORMAT,
                            "%s: the text is too short for blocks of %lld tokens: %lld to train "
                            "on and %lld to validate with",
                            path, (long long)t->block, (long long)t->corpus.training.count,
                            (long long)t->corpus.validation.count);
    return ad_run_data(run, path, t->corpus.fingerprint, summary);
}

static ad_status make_loader(trainer *t)
{
    const ad_tokens *text = &t->corpus.training;
    ad_token_windows windows = {.ids = text->ids,
                                .count = text->count,
                                .block = t->block,
                                .random = true,
                                .windows = t->batch * (text->count / (t->batch * t->block) + 1)};
    ad_status status = ad_token_samples_new(&t->samples, t->ctx, &windows);
    if (status) return status;
    return ad_loader_new(&t->loader, t->ctx, t->samples,
                         &(ad_loader_options){.batch = t->batch, .seed = t->seed});
}

static ad_status make_network(trainer *t, uint64_t seed)
{
    gpt_config *config = &t->model.config;
    int32_t known = ad_tokenizer_count(t->tokenizer);
    if (t->model.vars) { /* --init */
        if (known > config->vocab)
            return ad_error_set(t->ctx, AD_ERROR_FORMAT,
                                "the tokenizer has %d tokens, the model of --init knows %lld",
                                (int)known, (long long)config->vocab);
        return AD_OK;
    }
    config->vocab = known;
    ad_status status = gpt_config_check(t->ctx, "the sizes", config);
    if (status) return status;
    if (!(t->model.vars = ad_vars_new(t->ctx, seed))) return AD_ERROR_MEMORY;
    return gpt_declare(t->model.vars, config, AD_F32);
}

static ad_status train(trainer *t, ad_run_folder *run, ad_train_result *result)
{
    const gpt_config *config = &t->model.config;
    gpt_config_text text;
    ad_metadata metadata[GPT_METADATA + 1];
    const char *tokenizer;
    size_t length;
    ad_shape shape = ad_shape(t->batch, t->block);
    gpt_pass pass = {.config = config, .vars = t->model.vars};
    t->graph = ad_graph_new(t->ctx);
    if (!t->graph) return AD_ERROR_MEMORY;
    pass.tokens = ad_input(t->graph, "tokens", AD_I32, shape);
    pass.dropout = ad_command_real(t->cmd, "dropout");
    ad_node *advance = NULL;
    if (pass.dropout > 0) {
        pass.rng = ad_rng(t->graph, t->model.vars);
        advance = ad_rng_advance(t->graph, t->model.vars);
    }
    ad_node *loss = gpt_loss(&pass, ad_input(t->graph, "labels", AD_I32, shape));
    int count = gpt_config_write(config, &text);
    memcpy(metadata, text.pair, (size_t)count * sizeof *metadata);
    ad_status status = ad_tokenizer_to_text(t->tokenizer, &tokenizer, &length);
    if (status) return status;
    metadata[count++] = (ad_metadata){"tokenizer", tokenizer};
    ad_training training = {
        .vars = t->model.vars,
        .loss = loss,
        .updates = &advance,
        .update_count = advance != NULL,
        .metadata = metadata,
        .metadata_count = count,
        .batch = bind_batch,
        .batches_per_epoch = ad_loader_batches(t->loader),
        .default_steps = 2000,
        .unit = "tokens",
        .units_per_batch = (double)(t->batch * t->block),
        .evaluate = evaluate,
        .monitor = "loss",
        .monitor_low = true,
        .sample = sample,
        .user = t,
    };
    status = ad_train(run, &training, result);
    if (status || result->interrupted) return status;
    double whole;
    status = validate(t, 0, &whole);
    ad_train_result_add(result, "whole_validation_loss", whole);
    return status;
}

static ad_status once(ad_command *cmd, ad_run_folder *run, ad_train_part part,
                      ad_train_result *result)
{
    trainer t = {.cmd = cmd, .ctx = ad_command_context(cmd), .seed = part.seed};
    const char *init = ad_command_text(cmd, "init");
    ad_status status = AD_OK;
    if (init)
        status = begin_with(&t, init);
    else
        gpt_sizes_read(cmd, &t.model.config);
    t.batch = ad_command_int(cmd, "batch"), t.block = t.model.config.block;
    if (init && ad_command_int(cmd, "block") < t.block) t.block = ad_command_int(cmd, "block");
    if (!status) status = read_text(&t, run);
    if (!status) status = make_network(&t, part.seed);
    if (!status) status = make_loader(&t);
    if (!status)
        status = gpt_scorer_new(&t.scorer, t.ctx, &t.model.config, t.model.vars, t.batch, t.block,
                                (size_t)ad_command_size(t.cmd, "memory-limit"));
    if (!status)
        status = gpt_writer_new(&t.writer, t.ctx, &t.model.config, t.model.vars, AD_PRECISION_F32,
                                t.tokenizer);
    if (!status) {
        ad_command_note(cmd, "%lld parameters, %lld tokens of %d",
                        (long long)gpt_parameters(t.model.vars), (long long)t.corpus.training.count,
                        (int)ad_tokenizer_count(t.tokenizer));
        status = train(&t, run, result);
    }
    gpt_writer_free(&t.writer);
    gpt_scorer_free(&t.scorer);
    ad_graph_free(t.graph);
    ad_loader_free(t.loader), ad_samples_free(t.samples);
    gpt_corpus_free(&t.corpus);
    ad_tokenizer_free(t.tokenizer);
    gpt_close(&t.model);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_train_main(cmd, once);
}

const ad_verb gpt_train_verb = {
    .system = "gpt",
    .name = "train",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "train a language model on a text, or go on training one",
    .description =
        "The last tenth of the text is for validation; batches are blocks at random places of the "
        "rest. The checkpoint holds the tokenizer, so that `gpt sample RUN` needs nothing else, "
        "and its tensors have Hugging Face's names.\n"
        "\n"
        "nanoGPT's recipe for a laptop:\n"
        "\n"
        "  autodidact gpt train --data tinyshakespeare.txt --steps 2000 --warmup 100 \\\n"
        "      --min-lr 1e-4 --beta2 0.99 --clip 1 --eval-every 250\n"
        "\n"
        "Fine-tuning:\n"
        "\n"
        "  autodidact gpt train --data mine.txt --init gpt2/ --batch 4 --block 256 --lr 3e-5",
};
