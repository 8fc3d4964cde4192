/* eval.c - `gpt eval`: loss and perplexity of a text under a model. */
#include "zoo/gpt/gpt.h"

#include <math.h>

static const ad_option options[] = {
    {"stride", 0, AD_OPTION_INT, .min = 1, .max = 1e9, .unit = "TOKENS",
     .help = "between the windows' beginnings: the smaller, the more each token has before it; "
             "else the block"},
    {"block", 0, AD_OPTION_INT, .min = 2, .max = 1e9, .unit = "TOKENS",
     .help = "of a window; else the model's"},
    {"batch", 0, AD_OPTION_INT, .initial = "8", .min = 1, .max = 65536,
     .help = "windows at a time"},
    {"tokenizer", 0, AD_OPTION_FILE,
     .help = "its file or folder, if the model does not bring it along"},
    AD_COMMON_OPTIONS,
    {0},
};

/* Sizes of windows that fit model and text; 0, or an exit status. */
static int choose_windows(ad_command *cmd, const gpt_config *config, int64_t count, int64_t *block,
                          int64_t *stride)
{
    *block = ad_command_int(cmd, "block"), *stride = ad_command_int(cmd, "stride");
    if (*block > config->block)
        return ad_command_fail(cmd, "--block is %lld, the model has %lld positions",
                               (long long)*block, (long long)config->block);
    if (!*block) *block = config->block;
    if (*block > count - 1) *block = count - 1;
    if (!*stride || *stride > *block) *stride = *block;
    return AD_EXIT_OK;
}

static void report(ad_command *cmd, double loss, int64_t counted, size_t bytes)
{
    double bits = loss * (double)counted / log(2) / (double)bytes;
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "result");
        ad_json_real(cmd, "loss", loss);
        ad_json_real(cmd, "perplexity", exp(loss));
        ad_json_real(cmd, "bits_per_byte", bits);
        ad_json_int(cmd, "tokens", counted);
        ad_json_int(cmd, "bytes", (int64_t)bytes);
        ad_json_end(cmd);
        return;
    }
    fprintf(ad_command_out(cmd),
            "loss           %.5f nats a token\nperplexity     %.4f\nbits per byte  %.4f\n"
            "tokens         %lld of %zu bytes\n",
            loss, exp(loss), bits, (long long)counted, bytes);
}

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    const char *path = ad_command_operand(cmd, 1);
    gpt_model model = {0};
    gpt_scorer scorer = {0};
    ad_tokenizer *tokenizer = NULL;
    ad_tokens tokens = {0};
    ad_text_file file = {0};
    int64_t block = 0, stride = 0, counted = 0;
    double loss = 0;
    int exit = AD_EXIT_OK;
    if (!ctx) return AD_EXIT_FAILURE;
    ad_status status = gpt_open(&model, ctx, ad_command_operand(cmd, 0), AD_F32);
    if (!status && *model.note) ad_command_note(cmd, "%s", model.note);
    if (!status)
        status = gpt_open_tokenizer(&tokenizer, ctx, &model, ad_command_text(cmd, "tokenizer"));
    if (!status) status = ad_text_file_read(&file, ctx, path);
    if (!status) {
        status = ad_tokenizer_encode(tokenizer, file.text, file.length, 0, &tokens);
        if (status) status = ad_error_set(ctx, status, "%s: %s", path, ad_error(ctx));
    }
    if (!status && tokens.count < 2)
        status = ad_error_set(ctx, AD_ERROR_FORMAT, "%s: %lld tokens leave nothing to predict",
                              path, (long long)tokens.count);
    if (!status) exit = choose_windows(cmd, &model.config, tokens.count, &block, &stride);
    if (!status && !exit)
        status = gpt_scorer_new(&scorer, ctx, &model.config, model.vars,
                                ad_command_int(cmd, "batch"), block, 0);
    if (!status && !exit)
        status = gpt_score(&scorer, cmd, tokens.ids, tokens.count, stride, 0, &loss, &counted);
    if (status)
        exit = ad_command_fail(cmd, "%s", ad_error(ctx));
    else if (!exit && ad_command_interrupted(cmd))
        exit = ad_command_fail(cmd, "interrupted after %lld tokens", (long long)counted);
    else if (!exit)
        report(cmd, loss, counted, file.length);
    gpt_scorer_free(&scorer);
    ad_tokens_free(&tokens);
    ad_text_file_free(&file);
    ad_tokenizer_free(tokenizer);
    gpt_close(&model);
    return exit;
}

const ad_verb gpt_eval_verb = {
    .system = "gpt",
    .name = "eval",
    .operands = "MODEL TEXT",
    .options = options,
    .run = run,
    .summary = "loss and perplexity of a text under a language model",
    .description = "MODEL is what `gpt sample` takes, TEXT a file in UTF-8 (.gz, .xz, .bz2 and "
                   ".zst are expanded). Every token but the first is predicted once.\n"
                   "\n"
                   "  autodidact gpt eval runs/gpt-20260101-1 test.txt --stride 16",
};
