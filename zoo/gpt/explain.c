/* explain.c - `autodidact explain gpt`: how a training step, or the step that makes a token, is
 * planned. */
#include "zoo/gpt/gpt.h"
#include "zoo/gpt/sizes.h"

#include <stdlib.h>

static const ad_option options[] = {
    GPT_SIZE_OPTIONS,
    {"vocab", 0, AD_OPTION_INT, .initial = "65", .min = 2, .max = 1 << 24, .help = "tokens"},
    {"of", 0, AD_OPTION_CHOICE, .initial = "train", .choices = "train|sample",
     .help = "a step of training, or of making a token with a cache"},
    {"stage", 0, AD_OPTION_CHOICE, .initial = "program", .choices = "graph|passes|kernels|program",
     .help = "as recorded; after the graph passes; as kernels; as scheduled, with memory"},
    {"format", 0, AD_OPTION_CHOICE, .initial = "text", .choices = "text|dot|json",
     .help = "text; for graph and passes also dot (Graphviz) and json"},
    AD_OPTION_MEMORY_LIMIT(""),
    AD_OPTION_THREADS,
    {0},
};

static void print(void *user, const char *text, size_t length)
{
    fwrite(text, 1, length, (FILE *)user);
}

/* The outputs of the step into `out`, of which there is room for 2 per layer and one more; returns
 * how many. */
static int record(ad_command *cmd, ad_graph *graph, const gpt_config *config, ad_vars *vars,
                  ad_vars *cache, ad_optimizer **optimizer, ad_node **out)
{
    gpt_pass pass = {.config = config, .vars = vars};
    if (ad_command_choice(cmd, "of")) {
        pass.tokens = ad_input(graph, "tokens", AD_I32, ad_shape(1, 1));
        pass.offset = ad_input(graph, "offset", AD_I32, ad_shape(1));
        pass.cache = cache, pass.stores = out + 1;
        out[0] = gpt_logits(&pass, gpt_network(&pass));
        return 1 + pass.n_stores;
    }
    ad_shape shape = ad_shape(ad_command_int(cmd, "batch"), config->block);
    pass.tokens = ad_input(graph, "tokens", AD_I32, shape);
    pass.dropout = ad_command_real(cmd, "dropout");
    if (pass.dropout > 0) pass.rng = ad_rng(graph, vars);
    out[0] = gpt_loss(&pass, ad_input(graph, "labels", AD_I32, shape));
    *optimizer = ad_adamw(vars, NULL, (ad_adam_options){.weight_decay = 0.1});
    if (!*optimizer) return 1;
    out[1] = ad_minimize_clipped(*optimizer, out[0], 1, NULL);
    return 2;
}

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    gpt_config config;
    if (!ctx) return AD_EXIT_FAILURE;
    gpt_sizes_read(cmd, &config);
    config.vocab = ad_command_int(cmd, "vocab");
    ad_status status = gpt_config_check(ctx, "the sizes", &config);
    if (status) return ad_command_fail(cmd, "%s", ad_error(ctx));
    ad_vars *vars = ad_vars_new(ctx, 0), *cache = ad_vars_new(ctx, 0);
    ad_graph *graph = ad_graph_new(ctx);
    ad_optimizer *optimizer = NULL;
    ad_program *program = NULL;
    ad_node **out = calloc((size_t)(2 * config.layers + 2), sizeof *out);
    status = vars && cache && graph && out ? AD_OK : AD_ERROR_MEMORY;
    if (!status) {
        int count = record(cmd, graph, &config, vars, cache, &optimizer, out);
        ad_compile_options planning = {
            .keep_stages = true, .memory_limit = (size_t)ad_command_size(cmd, "memory-limit")};
        status = ad_compile(&program, ctx, out, count, &planning);
    }
    if (!status)
        status = ad_explain(program, (ad_stage)ad_command_choice(cmd, "stage"),
                            (ad_format)ad_command_choice(cmd, "format"), print,
                            ad_command_out(cmd));
    int exit = status ? ad_command_fail(cmd, "%s", ad_error(ctx)) : AD_EXIT_OK;
    free(out);
    ad_program_free(program);
    ad_optimizer_free(optimizer);
    ad_graph_free(graph);
    ad_vars_free(cache);
    ad_vars_free(vars);
    return exit;
}

const ad_verb gpt_explain_verb = {
    .system = "explain",
    .name = "gpt",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "how a step of a language model is planned",
    .description = "Prints the training step (loss, gradients, AdamW) or the step that makes one "
                   "token at one of the four stages between recording and running.\n"
                   "\n"
                   "  autodidact explain gpt --layers 1 --stage kernels\n"
                   "  autodidact explain gpt --of sample --arch llama",
};
