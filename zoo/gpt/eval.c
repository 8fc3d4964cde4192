/* eval.c - `gpt eval`: loss and perplexity of a text under a model. */
#include "zoo/gpt/gpt.h"

#include <autodidact/table.h>
#include <math.h>

static const ad_option options[] = {
    {"stride", 0, AD_OPTION_INT, .min = 1, .max = 1e9, .unit = "TOKENS",
     .help = "between the windows' beginnings: the smaller, the more each token has before it; "
             "else the block"},
    {"block", 0, AD_OPTION_INT, .min = 2, .max = 1e9, .unit = "TOKENS",
     .help = "of a window; else the model's"},
    {"batch", 0, AD_OPTION_INT, .initial = "8", .min = 1, .max = 65536,
     .help = "windows at a time"},
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|q8_0|q4_0",
     .help = "of weights"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if it does not come with the model"},
    AD_COMMON_OPTIONS,
    {0},
};

/* Sizes of windows that fit model and text. */
static ad_status choose_windows(ad_command *cmd, gpt *g, const ad_tokens *tokens, int64_t *stride)
{
    const gpt_config *c = g->job.model;
    int64_t block = ad_command_int(cmd, "block");
    if (block > c->block)
        return ad_error_set(g->job.ctx, AD_ERROR_ARGUMENT,
                            "--block is %lld, the model has %lld positions", (long long)block,
                            (long long)c->block);
    if (tokens->count < 2)
        return ad_error_set(g->job.ctx, AD_ERROR_FORMAT, "%s: %lld tokens leave nothing to predict",
                            ad_command_operand(cmd, 1), (long long)tokens->count);
    if (!block) block = c->block;
    g->block = block < tokens->count ? block : tokens->count - 1;
    *stride = ad_command_int(cmd, "stride");
    if (*stride > g->block) {
        ad_command_note(cmd, "windows begin %lld tokens apart, not %lld, as they are no longer",
                        (long long)g->block, (long long)*stride);
        *stride = g->block;
    }
    return AD_OK;
}

static ad_status read_text(gpt *g, const char *path, ad_tokens *tokens, size_t *bytes)
{
    ad_text_file file;
    ad_context *ctx = g->job.ctx;
    ad_status status = ad_text_file_read(&file, ctx, path);
    if (status) return status;
    *bytes = file.length;
    status = ad_tokenizer_encode(g->tokenizer, file.text, file.length, 0, tokens);
    if (status) status = ad_error_set(ctx, status, "%s: %s", path, ad_error(ctx));
    ad_text_file_free(&file);
    return status;
}

static ad_status report(ad_command *cmd, double loss, int64_t counted, size_t bytes)
{
    static const ad_column columns[] = {
        {"loss", .kind = AD_COLUMN_REAL, .digits = 5, .unit = "nats a token"},
        {"perplexity", .kind = AD_COLUMN_REAL, .digits = 4},
        {"bits per byte", .kind = AD_COLUMN_REAL, .key = "bits_per_byte", .digits = 4},
        {"tokens", .kind = AD_COLUMN_INT},
        {"bytes", .kind = AD_COLUMN_INT},
    };
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 5);
    ad_table_row(t);
    ad_table_real(t, loss);
    ad_table_real(t, exp(loss));
    ad_table_real(t, loss * (double)counted / log(2) / (double)bytes);
    ad_table_int(t, counted);
    ad_table_int(t, (int64_t)bytes);
    if (!status) status = ad_table_print_upright(t, cmd, "result");
    ad_table_free(t);
    return status;
}

static void show(void *user, const ad_progress *p)
{
    ad_command_step(user, p->step, p->steps, p->metrics, p->count);
}

/* Quantised matrices are declared before anyone asks for f32 ones. */
static ad_status build(ad_command *cmd, gpt *g)
{
    ad_quantized form;
    ad_status status = AD_OK;
    if (gpt_quantized_form(ad_command_value(cmd, "precision"), &form)) {
        if (!(g->job.vars = ad_vars_new(g->job.ctx, 0))) return ad_error_status(g->job.ctx);
        status = gpt_declare_quantized(g->job.vars, g->job.model, form);
    }
    return status ? status : ad_trained_build(&g->job, ad_command_int(cmd, "batch"), NULL);
}

static ad_status score(ad_command *cmd, gpt *g, ad_tokens *tokens)
{
    ad_watcher watcher = ad_command_watcher(cmd);
    int64_t stride = 0, counted = 0;
    size_t bytes = 0;
    double loss = 0;
    watcher.progress = show;
    ad_status status = gpt_open_tokenizer(g, ad_command_text(cmd, "tokenizer"));
    if (!status) status = read_text(g, ad_command_operand(cmd, 1), tokens, &bytes);
    if (!status) status = choose_windows(cmd, g, tokens, &stride);
    if (!status) status = build(cmd, g);
    if (!status) {
        status = gpt_score_text(g, tokens, stride, &watcher, &loss, &counted);
        if (status == AD_ERROR_NUMERIC)
            status = ad_error_set(g->job.ctx, status, "%s: %s", ad_command_operand(cmd, 1),
                                  ad_error(g->job.ctx));
    }
    if (status) return status;
    if (ad_command_interrupted(cmd))
        return ad_error_set(g->job.ctx, AD_ERROR_LIMIT, "interrupted after %lld tokens",
                            (long long)counted);
    return report(cmd, loss, counted, bytes);
}

static ad_status measure(ad_command *cmd, ad_job *job)
{
    ad_tokens tokens = {0};
    ad_status status = score(cmd, (gpt *)job, &tokens);
    ad_tokens_free(&tokens);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &gpt_system, measure);
}

const ad_verb gpt_eval_verb = {
    AD_VERB("gpt", "eval", "MODEL TEXT", options, run,
            "loss and perplexity of a text under a language model"),
    .description = "MODEL is what `gpt sample` takes, TEXT a file in UTF-8 (.gz, .xz, .bz2 and "
                   ".zst are expanded). Every token but the first is predicted once.\n"
                   "\n"
                   "  autodidact gpt eval runs/gpt-20260101-1 test.txt --stride 16"};
