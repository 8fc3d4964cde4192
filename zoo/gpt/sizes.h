/* sizes.h - the options that say how large a network is; the initial values are nanoGPT's for a
 * laptop. */
#ifndef ZOO_GPT_SIZES_H
#define ZOO_GPT_SIZES_H

#include "zoo/gpt/gpt.h"

/* clang-format off */
#define GPT_SIZE_OPTIONS                                                                                                  \
    {"arch", 0, AD_OPTION_CHOICE, .initial = "gpt2", .choices = "gpt2|llama", .help = "the kind of layers"},              \
    {"layers", 0, AD_OPTION_INT, .initial = "4", .min = 1, .max = 4096, .help = "layers"},                                \
    {"heads", 0, AD_OPTION_INT, .initial = "4", .min = 1, .max = 4096, .help = "heads of attention"},                     \
    {"kv-heads", 0, AD_OPTION_INT, .min = 1, .max = 4096, .help = "heads of keys and values (llama), else as many"},      \
    {"width", 0, AD_OPTION_INT, .initial = "128", .min = 1, .max = 1 << 20, .help = "width of a token's vector"},         \
    {"hidden", 0, AD_OPTION_INT, .min = 1, .max = 1 << 22, .help = "width within the mlp, else 4 x, or 8/3 x for llama"}, \
    {"block", 0, AD_OPTION_INT, .initial = "64", .min = 1, .max = 1 << 24, .unit = "TOKENS",                              \
     .help = "tokens that it sees at once"},                                                                              \
    {"batch", 0, AD_OPTION_INT, .initial = "12", .min = 1, .max = 65536, .help = "blocks in a step"},                     \
    {"dropout", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 0.95, .help = "of embeddings and of what layers add"}
/* clang-format on */

/* Everything but the vocabulary. */
void gpt_sizes_read(ad_command *cmd, gpt_config *config);

#endif
