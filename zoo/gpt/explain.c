/* explain.c - `autodidact explain gpt`: how a training step, or the step that makes a token, is
 * planned. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>

static const ad_option options[] = {
    {"of", 0, AD_OPTION_CHOICE, .initial = "train", .choices = "train|sample",
     .help = "a step of training, or of making a token with a cache"},
    AD_EXPLAIN_OPTIONS,
    {0},
};

/* The step that makes a token: its logits, and what goes into the cache. */
static int explain_sampling(ad_command *cmd, const gpt_config *config)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_vars *vars = ad_vars_new(ctx, 0), *cache = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_node **out = calloc((size_t)(2 * config->layers + 1), sizeof *out);
    int code;
    if (vars && cache && graph && out) {
        gpt_pass pass = {.config = config, .vars = vars, .cache = cache, .stores = out + 1};
        pass.tokens = ad_input(graph, "tokens", AD_I32, ad_shape(1, 1));
        pass.offset = ad_input(graph, "offset", AD_I32, ad_shape(1));
        out[0] = gpt_logits(&pass, gpt_network(&pass));
        code = ad_explain_outputs(cmd, out, 1 + pass.n_stores);
    } else {
        code = ad_command_fail(cmd, "out of memory");
    }
    free(out);
    ad_graph_free(graph);
    ad_vars_free(cache);
    ad_vars_free(vars);
    return code;
}

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    gpt_config config;
    if (!ad_command_choice(cmd, "of")) return ad_system_explain(cmd);
    int code = ad_command_read(cmd, &gpt_model_record, &config);
    if (code) return code;
    gpt_config_complete(&config);
    config.vocab = ad_command_int(cmd, "vocab");
    code = ad_command_check(cmd, ad_record_check(&gpt_model_record, ctx, "the sizes", &config));
    return code ? code : explain_sampling(cmd, &config);
}

static const ad_record *const records[] = {&gpt_model_record, &gpt_step_record, NULL};
static const ad_default defaults[] = {{"vocab", "65"}, {0}};

const ad_verb gpt_explain_verb = {
    AD_VERB("explain", "gpt", "", options, run, "how a step of a language model is planned"),
    .records = records, .defaults = defaults, .user = &gpt_system,
    .description = "Prints the training step (loss, gradients, AdamW) or the step that makes one "
                   "token at one of the four stages between recording and running.\n"
                   "\n"
                   "  autodidact explain gpt --layers 1 --stage kernels\n"
                   "  autodidact explain gpt --of sample --arch llama"};
