/* explain.c - the verb `explain NAME`: how one step is planned. */
#include "system/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const ad_option ad_explain_rows[] = {AD_EXPLAIN_OPTIONS, {0}};

static void print(void *user, const char *text, size_t length)
{
    ad_command_print_text(user, text, length);
}

int ad_explain_planned(ad_command *cmd, ad_node *const *outputs, int count,
                       const ad_compile_options *planning)
{
    ad_context *ctx = ad_command_context(cmd);
    ad_program *program = NULL;
    ad_compile_options kept = *planning;
    kept.keep_stages = true;
    ad_status status = ad_compile(&program, ctx, outputs, count, &kept);
    if (!status)
        status = ad_explain(program, (ad_stage)ad_command_choice(cmd, "stage"),
                            (ad_format)ad_command_choice(cmd, "format"), print, cmd);
    ad_program_free(program);
    return ad_command_check(cmd, status);
}

int ad_explain_outputs(ad_command *cmd, ad_node *const *outputs, int count)
{
    const ad_compile_options planning = {
        .memory_limit = (size_t)ad_command_size(cmd, "memory-limit")};
    return ad_explain_planned(cmd, outputs, count, &planning);
}

/* The step of the first player, or the only one: loss, update, and what else it does. */
static int explain_step(ad_command *cmd, const ad_job *job, const char *rule)
{
    const ad_forward *f = &job->training;
    ad_node *loss = f->player_count ? f->players[0].loss : f->loss;
    ad_optimizer *optimizer = ad_optimizer_new(job->vars, NULL, rule);
    ad_node **outputs = calloc((size_t)f->mode->update_count + 2, sizeof *outputs);
    int count = 0, code;
    if (!optimizer || !outputs) {
        code = ad_command_fail(cmd, "%s", optimizer ? "out of memory" : ad_error(job->ctx));
    } else {
        outputs[count++] = loss;
        outputs[count++] = ad_minimize(optimizer, loss);
        for (int i = 0; i < f->mode->update_count; ++i) outputs[count++] = f->mode->updates[i];
        code = ad_explain_outputs(cmd, outputs, count);
    }
    free(outputs);
    ad_optimizer_free(optimizer);
    return code;
}

static const char *default_rule(const ad_system *system)
{
    for (const ad_default *d = system->defaults; d && d->key; ++d)
        if (!strcmp(d->key, "optimizer")) return d->value;
    return "adam";
}

int ad_system_explain(ad_command *cmd)
{
    const ad_system *system = ad_command_verb(cmd)->user;
    ad_context *ctx = ad_command_context(cmd);
    ad_settings *settings = NULL;
    ad_job *job = NULL;
    int code = ad_command_settings(cmd, system->records, system->defaults, &settings);
    if (!code) {
        ad_status status = ad_job_new(&job, ctx, system, settings);
        if (!status) status = system->sketch(job);
        if (!status) status = ad_record_check(system->model, ctx, "the sizes", job->model);
        if (!status) status = ad_job_build_training(job, job->batch);
        code = ad_command_check(cmd, status);
        if (!code) code = explain_step(cmd, job, default_rule(system));
    }
    ad_job_free(job);
    ad_settings_free(settings);
    return code;
}
