/* updates.c - updates of reinforcement learning, an optimizer by itself, a process by itself. */
#define _GNU_SOURCE
#include "zoo/bench/bench.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- deep Q-learning, Mnih et al. 2015 ---- */

typedef ad_node *network(ad_vars *vars, const char *prefix, ad_node *x);

static ad_node *linear(ad_vars *vars, const char *prefix, const char *name, ad_node *x,
                       int64_t width)
{
    char full[48];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return ad_linear(vars, full, x, width, (ad_linear_options){0});
}

static ad_node *mlp(ad_vars *vars, const char *prefix, ad_node *x)
{
    x = ad_relu(linear(vars, prefix, "fc1", x, 128));
    x = ad_relu(linear(vars, prefix, "fc2", x, 128));
    return linear(vars, prefix, "fc3", x, 2);
}

static ad_node *nature(ad_vars *vars, const char *prefix, ad_node *x)
{
    static const int channels[] = {32, 64, 64}, kernel[] = {8, 4, 3}, stride[] = {4, 2, 1};
    char name[48];
    for (int i = 0; i < 3; ++i) {
        snprintf(name, sizeof name, "%sconv%d", prefix, i + 1);
        x = ad_relu(
            ad_conv2d_layer(vars, name, x, channels[i],
                            (ad_conv_layer){.kernel = kernel[i], .conv = {.stride = stride[i]}}));
    }
    x = ad_relu(linear(vars, prefix, "fc1", ad_flatten(x, 1), 512));
    return linear(vars, prefix, "fc2", x, 4);
}

static ad_status dqn(bench_job *job, network *net, ad_shape shape, int64_t actions, double lr)
{
    ad_shape rows = ad_shape(shape.dim[0]);
    ad_node *state = bench_reals(job, "state", shape, 0, 1);
    ad_node *next = bench_reals(job, "next", shape, 0, 1);
    ad_node *action = bench_integers(job, "action", rows, 0, actions);
    ad_node *reward = bench_reals(job, "reward", rows, -1, 1);
    ad_node *done = ad_floor(bench_reals(job, "done", rows, 0, 1));
    ad_node *q = net(job->vars, "", state);
    ad_node *best = ad_max(net(job->vars, "target.", next), ad_axes(1), false);
    ad_node *goes_on = ad_add_scalar(ad_neg(done), 1);
    ad_node *y = ad_add(reward, ad_mul_scalar(ad_mul(goes_on, best), 0.99));
    ad_node *taken = ad_sum(ad_mul(q, ad_one_hot(action, actions, AD_F32)), ad_axes(1), false);
    ad_node *loss = ad_huber_loss(taken, ad_stop_gradient(y), 1);
    ad_vars_freeze(job->vars, "target", true);
    job->optimizer[0] = ad_adam(job->vars, NULL, (ad_adam_options){.lr = lr});
    bench_output(job, loss), bench_output(job, ad_minimize(job->optimizer[0], loss));
    return AD_OK;
}

static ad_status dqn_mlp_build(bench_job *job)
{
    return dqn(job, mlp, ad_shape(64, 4), 2, 1e-3);
}

static ad_status dqn_nature_build(bench_job *job)
{
    return dqn(job, nature, ad_shape(32, 84, 84, 4), 4, 1e-4);
}

const bench_workload bench_dqn_mlp = {"dqn-mlp", "deep Q-learning, 4-128-128-2, 64 states: update",
                                      .build = dqn_mlp_build};
const bench_workload bench_dqn_nature = {
    "dqn-nature", "deep Q-learning, Nature's network, 32 states of 84 x 84 x 4: update",
    .build = dqn_nature_build};

/* ---- AdamW ---- */

enum { GPT2_PARAMETERS = 124475904 };

/* Numbers in [-1, 1) that another program can make from the formula. */
static void fill(float *to, uint64_t factor)
{
    for (uint64_t i = 0; i < GPT2_PARAMETERS; ++i)
        to[i] = (float)(i * factor % 1000) / 500.0f - 1.0f;
}

static ad_status adamw_build(bench_job *job)
{
    ad_shape shape = ad_shape(GPT2_PARAMETERS);
    float *gradient = bench_array(job, "gradient", AD_F32, shape);
    if (!gradient) return ad_error_status(job->ctx);
    fill(gradient, 40503);
    ad_node *p = ad_param(job->graph, job->vars, "p", shape, (ad_var_options){0});
    ad_node *g = ad_input(job->graph, "gradient", AD_F32, shape);
    ad_node *loss = ad_sum(ad_mul(p, g), AD_ALL_AXES, false); /* whose gradient is g */
    job->optimizer[0] = ad_adamw(job->vars, NULL,
                                 (ad_adam_options){.lr = 1e-3, .weight_decay = 0.1});
    bench_output(job, ad_minimize(job->optimizer[0], loss));
    return AD_OK;
}

static ad_status adamw_ready(bench_job *job)
{
    float *start = malloc(GPT2_PARAMETERS * sizeof *start);
    if (!start) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    fill(start, 2654435761u);
    ad_status status = ad_variable_set(job->vars, ad_var_find(job->vars, "p"), start);
    free(start);
    job->save = NULL; /* two gigabytes that a formula gives as well */
    return status;
}

static double adamw_check(bench_job *job)
{
    const float *p = ad_variable_data(job->vars, ad_var_find(job->vars, "p"));
    double sum = 0;
    for (int64_t i = 0; p && i < GPT2_PARAMETERS; ++i) sum += (double)p[i] * (double)p[i];
    return sum / GPT2_PARAMETERS;
}

const bench_workload bench_adamw = {"adamw", "AdamW on 124M parameters: update",
                                    .build = adamw_build, .ready = adamw_ready,
                                    .check = adamw_check};

/* ---- a process ---- */

static ad_status first_build(bench_job *job)
{
    ad_node *x = bench_reals(job, "state", ad_shape(64, 4), 0, 1);
    bench_output(job, ad_mean(mlp(job->vars, "", x), AD_ALL_AXES, false));
    return AD_OK;
}

const bench_workload bench_first = {"first", "what `start` starts: a small network, once",
                                    .alone = true, .build = first_build};

static ad_status start_run(bench_job *job)
{
    char *const argv[] = {"autodidact", "bench", "first", "--quiet", NULL};
    posix_spawn_file_actions_t files;
    pid_t child;
    int state = -1;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", 1 /* O_WRONLY */, 0);
    int failed = posix_spawn(&child, "/proc/self/exe", &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    while (!failed && waitpid(child, &state, 0) < 0)
        if (errno != EINTR) failed = errno;
    if (failed || !WIFEXITED(state) || WEXITSTATUS(state))
        return ad_error_set(job->ctx, AD_ERROR_IO, "a process could not be started%s%s",
                            failed ? ": " : "", failed ? strerror(failed) : "");
    return AD_OK;
}

static double start_check(bench_job *job)
{
    return ad_run(job->program) ? 0 : ad_result_scalar(job->program, job->output[0]);
}

const bench_workload bench_start = {"start", "a whole process that computes a small network once",
                                    .build = first_build, .run = start_run, .check = start_check};
