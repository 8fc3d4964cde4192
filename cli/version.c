/* version.c - `autodidact version`: what runs, and on what. It starts no threads. */
#include "cli/verbs.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static int run(ad_command *cmd)
{
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "version");
        ad_json_text(cmd, "version", AD_VERSION);
        ad_json_text(cmd, "compiler", COMPILER);
        ad_json_text(cmd, "cpu", ad_context_cpu(ctx));
        ad_json_text(cmd, "isa", ad_context_isa(ctx));
        ad_json_int(cmd, "threads", ad_context_threads(ctx));
        ad_json_end(cmd);
        return AD_EXIT_OK;
    }
    ad_command_print(cmd, "autodidact %s\n", AD_VERSION);
    ad_command_print(cmd, "compiler   %s\n", COMPILER);
    ad_command_print(cmd, "cpu        %s\n", ad_context_cpu(ctx));
    ad_command_print(cmd, "kernels    %s\n", ad_context_isa(ctx));
    ad_command_print(cmd, "threads    %d\n", ad_context_threads(ctx));
    return AD_EXIT_OK;
}

static const ad_option options[] = {AD_COMMON_OPTIONS, {0}};

const ad_verb ad_cli_version = {
    AD_VERB(NULL, "version", "", options, run, "the version, the cpu and its features in use")};
