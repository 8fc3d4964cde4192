/* model.c - what a model is built from: its sizes and its tokenizer, as options and in its files.
 */
#include "zoo/gpt/gpt.h"

enum { WIDTH_MOST = 1 << 20 };

#define AT(member) AD_AT(gpt_config, member)

/* The initial values are nanoGPT's for a laptop. */
static const ad_option rows[] = {
    {"arch", 0, AD_OPTION_CHOICE, AT(arch), .initial = "gpt2", .choices = "gpt2|llama",
     .help = "the kind of layers"},
    {"layers", 0, AD_OPTION_INT, AT(layers), .initial = "4", .min = 1, .max = 4096,
     .help = "layers"},
    {"heads", 0, AD_OPTION_INT, AT(heads), .initial = "4", .min = 1, .max = 4096,
     .help = "heads of attention"},
    {"kv-heads", 0, AD_OPTION_INT, AT(kv_heads), .min = 1, .max = 4096,
     .help = "heads of keys and values (llama), else as many"},
    {"width", 0, AD_OPTION_INT, AT(width), .initial = "128", .min = 1, .max = WIDTH_MOST,
     .help = "width of a token's vector"},
    {"hidden", 0, AD_OPTION_INT, AT(hidden), .min = 1, .max = 1 << 22,
     .help = "width within the mlp, else 4 x, or 8/3 x for llama"},
    {"block", 0, AD_OPTION_INT, AT(block), .initial = "64", .min = 1, .max = 1 << 24,
     .unit = "TOKENS", .help = "tokens that it sees at once"},
    {"vocab-size", 0, AD_OPTION_INT, AT(vocab), .key = "vocab", .derived = true, .min = 1,
     .max = INT32_MAX / 2},
    {"eps", 0, AD_OPTION_REAL, AT(eps), .derived = true, .initial = "1e-5", .min = 0, .max = 1},
    {"rope-theta", 0, AD_OPTION_REAL, AT(rope_theta), .derived = true, .initial = "10000"},
    {"untied", 0, AD_OPTION_FLAG, AT(untied), .derived = true},
    {"biasless", 0, AD_OPTION_FLAG, AT(biasless), .derived = true},
    {"gelu", 0, AD_OPTION_CHOICE, AT(gelu), .derived = true, .initial = "tanh",
     .choices = "tanh|erf"},
    {"tokenizer-text", 0, AD_OPTION_TEXT, AT(tokenizer), .key = "tokenizer", .derived = true},
    {0},
};

void gpt_config_complete(gpt_config *c)
{
    if (!c->kv_heads) c->kv_heads = c->heads;
    if (c->hidden || c->width < 1 || c->width > WIDTH_MOST) return;
    c->hidden = c->arch == GPT_GPT2 ? 4 * c->width
                                    : (8 * c->width / 3 + 31) / 32 * 32; /* 3 matrices, not 2 */
}

static ad_status check(ad_context *ctx, const char *where, const void *value)
{
    const gpt_config *c = value;
    if (c->kv_heads < 1 || c->hidden < 1)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: does not say its kv_heads or hidden", where);
    if (c->width % c->heads || c->heads % c->kv_heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT,
                            "%s: a width of %lld cannot be shared by %lld heads (%lld of keys)",
                            where, (long long)c->width, (long long)c->heads,
                            (long long)c->kv_heads);
    if (c->arch == GPT_GPT2 && c->kv_heads != c->heads)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: GPT-2 has as many heads of keys as heads",
                            where);
    if (c->arch == GPT_LLAMA && c->width / c->heads % 2)
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: heads %lld wide cannot be rotated in pairs",
                            where, (long long)(c->width / c->heads));
    if (!(c->eps > 0 && c->eps < 1) || (c->arch == GPT_LLAMA && !(c->rope_theta > 0)))
        return ad_error_set(ctx, AD_ERROR_FORMAT, "%s: eps is %g and rope_theta %g", where, c->eps,
                            c->rope_theta);
    return AD_OK;
}

const ad_record gpt_model_record = {
    .title = "network", .options = rows, .size = sizeof(gpt_config), .check = check};
