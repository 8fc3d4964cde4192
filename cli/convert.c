/* convert.c - `autodidact convert IN OUT`: a weights file in another format. */
#include "cli/systems.h"
#include "cli/verbs.h"

#include <autodidact/io.h>
#include <autodidact/run.h>
#include <string.h>
#include <sys/stat.h>

static bool names_folder(const char *path)
{
    struct stat about;
    size_t length = strlen(path);
    return (length && path[length - 1] == '/') || (!stat(path, &about) && S_ISDIR(about.st_mode));
}

int ad_cli_check_output(ad_command *cmd, const char *from, const char *to)
{
    if (ad_command_same_file(from, to))
        return ad_command_fail(cmd, "%s: is what is read; the output takes a name of its own", to);
    if (ad_run_is(to))
        return ad_command_fail(cmd, "%s: is a run, whose files would be written over", to);
    return AD_EXIT_OK;
}

/* Tensors and metadata as they are. */
static ad_status convert_file(ad_command *cmd, const char *from, const char *to)
{
    if (names_folder(from) || names_folder(to)) {
        ad_context *ctx = ad_command_context(cmd);
        ad_status status = ad_cli_why_not(cmd, from);
        return !names_folder(to)
                   ? status
                   : ad_error_set(ctx, status, "%s: only a language model becomes a folder; %s", to,
                                  ad_error(ctx));
    }
    ad_cli_dtype dtype = ad_cli_wanted_dtype(cmd);
    ad_watcher watcher = ad_command_watcher(cmd);
    ad_file_convert_options options = {.floats = dtype.floats,
                                       .q8_0 = dtype.q8_0,
                                       .raw_names = ad_command_flag(cmd, "raw-names"),
                                       .watcher = &watcher};
    return ad_file_convert(ad_command_context(cmd), from, to, &options);
}

/* A network that is known, with what belongs to it: its sizes, its tokenizer. */
static ad_status convert_known(ad_command *cmd, ad_job *job, const char *to)
{
    ad_cli_dtype dtype = ad_cli_wanted_dtype(cmd);
    ad_export_options options = {
        .floats = dtype.floats, .q8_0 = dtype.q8_0, .raw_names = ad_command_flag(cmd, "raw-names")};
    return ad_trained_export(job, to, &options);
}

static int run(ad_command *cmd)
{
    const char *from = ad_command_operand(cmd, 0), *to = ad_command_operand(cmd, 1);
    if (!ad_command_context(cmd)) return AD_EXIT_FAILURE;
    ad_job *job;
    int code = ad_command_check(cmd, ad_cli_recognise(cmd, from, &job));
    if (!code && job) code = ad_cli_check_output(cmd, from, to);
    if (!code)
        code = ad_command_check(cmd,
                                job ? convert_known(cmd, job, to) : convert_file(cmd, from, to));
    ad_trained_close(job);
    if (!code) ad_command_note(cmd, "wrote %s", to);
    return code;
}

static const ad_option options[] = {
    {"dtype", 0, AD_OPTION_CHOICE, .choices = ad_cli_dtypes,
     .help = "make all floating-point tensors this type; q8_0: in .gguf, the matrices"},
    {"raw-names", 0, AD_OPTION_FLAG,
     .help = "keep wrappers such as \"state_dict.module.\" in the names"},
    AD_OPTION_QUIET,
    {0},
};

const ad_verb ad_cli_convert = {
    AD_VERB(NULL, "convert", "IN OUT", options, run, "write a weights file in another format"),
    .description =
        "IN may be safetensors (or the index of several), PyTorch, .npy, .npz, GGUF or llama2.c's, "
        "or a run or a folder of Hugging Face's that a system here knows. The ending of OUT "
        "chooses "
        "what is written: .safetensors, .npz, .gguf, .npy, or with a / at its end a folder as "
        "transformers has them. A language model takes its sizes and its tokenizer along. OUT "
        "appears whole or not at all.\n\n"
        "  autodidact convert vgg19.pth vgg19.safetensors --dtype bf16\n"
        "  autodidact convert llama/ llama.gguf --dtype q8_0"};
