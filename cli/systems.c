/* systems.c - which system a file or a run belongs to, and how its weights are wanted. */
#include "cli/systems.h"
#include "zoo/classify/classify.h"
#include "zoo/gan/gan.h"
#include "zoo/gpt/gpt.h"
#include "zoo/graph/graph.h"

ad_status ad_cli_recognise(ad_command *cmd, const char *path, ad_job **job)
{
    static const ad_system *const systems[] = {&gpt_system, &classify_system, &graph_system,
                                               &gan_system};
    ad_context *ctx = ad_command_context(cmd);
    *job = NULL;
    for (size_t i = 0; i < sizeof systems / sizeof *systems; ++i) {
        ad_status status = ad_trained_open(job, ctx, systems[i], path, NULL);
        if (!status) (*job)->watcher = ad_command_watcher(cmd);
        if (!status || status == AD_ERROR_MEMORY) return status;
    }
    ad_error_clear(ctx);
    return AD_OK;
}

ad_status ad_cli_why_not(ad_command *cmd, const char *path)
{
    ad_job *job = NULL;
    ad_status status = ad_trained_open(&job, ad_command_context(cmd), &gpt_system, path, NULL);
    ad_trained_close(job);
    return status;
}

const char ad_cli_dtypes[] = "f32|f16|bf16|f64|q8_0";

ad_cli_dtype ad_cli_wanted_dtype(ad_command *cmd)
{
    static const ad_dtype dtypes[] = {AD_F32, AD_F16, AD_BF16, AD_F64}; /* in their order there */
    int choice = ad_command_choice(cmd, "dtype");
    ad_cli_dtype wanted = {.q8_0 = choice == 4};
    if (choice >= 0 && choice < 4) wanted.floats = &dtypes[choice];
    return wanted;
}
