/* convert.c - `autodidact convert IN OUT`: a weights file in another format. */
#include "cli/verbs.h"

#include <autodidact/io.h>

static int run(ad_command *cmd)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F16, AD_BF16,
                                      AD_F64}; /* in the order of the choices */
    const char *from = ad_command_operand(cmd, 0), *to = ad_command_operand(cmd, 1);
    int choice = ad_command_choice(cmd, "dtype");
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    ad_file_convert_options options = {
        .floats = choice >= 0 ? &dtypes[choice] : NULL,
        .raw_names = ad_command_flag(cmd, "raw-names"),
    };
    int code = ad_command_check(cmd, ad_file_convert(ctx, from, to, &options));
    if (!code) ad_command_note(cmd, "wrote %s", to);
    return code;
}

static const ad_option options[] = {
    {"dtype", 0, AD_OPTION_CHOICE, .choices = "f32|f16|bf16|f64",
     .help = "make all floating-point tensors this type"},
    {"raw-names", 0, AD_OPTION_FLAG,
     .help = "keep wrappers such as \"state_dict.module.\" in the names"},
    AD_OPTION_QUIET,
    {0},
};

const ad_verb ad_cli_convert = {
    AD_VERB(NULL, "convert", "IN OUT", options, run, "write a weights file in another format"),
    .description = "IN may be safetensors (or the index of several), PyTorch, .npy, .npz or "
                   "llama2.c's. The ending of OUT chooses what "
                   "is written: .safetensors, "
                   ".npz or .npy. OUT appears whole or not at all.\n\n"
                   "  autodidact convert vgg19.pth vgg19.safetensors --dtype bf16"};
