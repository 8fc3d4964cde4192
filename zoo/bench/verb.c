/* verb.c - `bench`: times workloads, and says how near this machine's limits they come. */
#include "zoo/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

const bench_workload *const bench_workloads[] = {
    &bench_style,        &bench_resnet20,     &bench_dcgan,
    &bench_dcgan_128,    &bench_dcgan_1024,   &bench_wgan_gp,
    &bench_wgan_gp_128,  &bench_wgan_gp_1024, &bench_gat,
    &bench_dqn_mlp,      &bench_dqn_nature,   &bench_gpt_char,
    &bench_gpt_char_384, &bench_gpt2,         &bench_gpt2_long,
    &bench_gpt2_decode,  &bench_attention,    &bench_bert_tune,
    &bench_translate,    &bench_alphazero,    &bench_johnson,
    &bench_dream,        &bench_adamw,        &bench_flow,
    &bench_start,        &bench_first,        NULL};

static const ad_option options[] = {
    {"precision", 0, AD_OPTION_CHOICE, .initial = "f32", .choices = "f32|bf16|q8_0|q4_0",
     .help = "of products, while weights stay f32; or the form of gpt2-decode's weights"},
    AD_OPTION_MEMORY_LIMIT(""),
    {"runs", 0, AD_OPTION_INT, .min = 1, .max = 2000,
     .help = "runs to time, else as many as --seconds hold"},
    {"seconds", 0, AD_OPTION_REAL, .initial = "2", .min = 0, .max = 3600,
     .help = "how long to time each workload, at least five runs"},
    {"kernels", 0, AD_OPTION_INT, .initial = "0", .min = 0, .max = 10000,
     .help = "also print so many kernels, the longest first"},
    {"save", 0, AD_OPTION_FILE, .unit = "FOLDER",
     .help =
         "write weights and inputs as FOLDER/WORKLOAD.safetensors, for others to compute the same"},
    AD_OPTION_TUNE,
    AD_COMMON_OPTIONS,
    {0},
};

static const bench_workload *find(const char *name)
{
    for (int i = 0; bench_workloads[i]; ++i)
        if (!strcmp(bench_workloads[i]->name, name)) return bench_workloads[i];
    return NULL;
}

/* The most memory that was held since (Linux), so that measuring the peaks does not count. */
static void reset_peak_memory(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) fputs("5", file), fclose(file);
}

/* Where the system says no more, since the process began. */
static double peak_mb(void)
{
    struct rusage usage;
    char line[128];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "VmHWM:", 6)) kilobytes = strtod(line + 6, NULL);
    if (file) fclose(file);
    if (kilobytes > 0) return kilobytes / 1024;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (double)usage.ru_maxrss / 1024;
}

/* ---- saying it ---- */

static void say_machine(ad_command *cmd, ad_context *ctx, const ad_peaks *p)
{
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "machine");
        ad_json_text(cmd, "cpu", ad_context_cpu(ctx));
        ad_json_text(cmd, "isa", ad_context_isa(ctx));
        ad_json_int(cmd, "threads", ad_context_threads(ctx));
        ad_json_real(cmd, "gflops_f32", p->flops_f32 * 1e-9);
        ad_json_real(cmd, "gflops_bf16", p->flops_bf16 * 1e-9);
        ad_json_real(cmd, "gbs", p->bandwidth * 1e-9);
        ad_json_end(cmd);
        return;
    }
    ad_command_print(cmd,
                     "%s, %s, %d threads: %.0f GFLOP/s in f32, %.0f in bf16, memory %.1f GB/s\n\n",
                     ad_context_cpu(ctx), ad_context_isa(ctx), ad_context_threads(ctx),
                     p->flops_f32 * 1e-9, p->flops_bf16 * 1e-9, p->bandwidth * 1e-9);
}

/* What a result is beside the machine's limits. */
typedef struct bench_rates {
    double units, gflops, gbs, of_arithmetic, of_memory;
    bool bf16;
} bench_rates;

static bench_rates rates_of(ad_command *cmd, const bench_workload *w, const ad_peaks *p,
                            const bench_result *r)
{
    bool bf16 = ad_command_choice(cmd, "precision") == 1;
    double flops = r->flops / r->median, bytes = r->bytes / r->median;
    return (bench_rates){
        .units = w->units > 0 ? w->units : 1,
        .gflops = flops * 1e-9,
        .gbs = bytes * 1e-9,
        .of_arithmetic = flops / (bf16 && p->flops_bf16 > 0 ? p->flops_bf16 : p->flops_f32),
        .of_memory = bytes / p->bandwidth,
        .bf16 = bf16};
}

static void json_result(ad_command *cmd, const bench_workload *w, const bench_rates *rates,
                        const bench_result *r)
{
    ad_json_begin(cmd, "workload");
    ad_json_text(cmd, "workload", w->name);
    ad_json_text(cmd, "what", w->what);
    ad_json_int(cmd, "threads", ad_context_threads(ad_command_context(cmd)));
    ad_json_text(cmd, "precision", ad_command_value(cmd, "precision"));
    ad_json_reals(cmd, "check", r->check, BENCH_CHECKS);
    ad_json_real(cmd, "median", r->median / rates->units);
    ad_json_real(cmd, "least", r->least / rates->units);
    ad_json_real(cmd, "most", r->most / rates->units);
    ad_json_int(cmd, "runs", r->runs);
    ad_json_real(cmd, "gflops", rates->gflops);
    ad_json_real(cmd, "gbs", rates->gbs);
    ad_json_real(cmd, "of_arithmetic", rates->of_arithmetic);
    ad_json_real(cmd, "of_memory", rates->of_memory);
    ad_json_real(cmd, "estimate_error", r->estimate_error);
    ad_json_real(cmd, "compile", r->compile);
    ad_json_int(cmd, "arena", (int64_t)r->stats.arena_bytes);
    ad_json_int(cmd, "kernels_again", r->stats.kernels_again);
    ad_json_real(cmd, "seconds_again", r->stats.seconds_again);
    ad_json_real(cmd, "peak_mb", peak_mb());
    ad_json_end(cmd);
}

/* Printed workload by workload, as they are done. */
static const ad_column columns[] = {
    {"workload", .width = 15},
    {"median", .kind = AD_COLUMN_SECONDS, .width = 10},
    {"least", .kind = AD_COLUMN_SECONDS, .width = 10},
    {"GFLOP/s", .kind = AD_COLUMN_REAL, .digits = 1, .width = 8},
    {"of peak", .kind = AD_COLUMN_PERCENT, .digits = -1},
    {"GB/s", .kind = AD_COLUMN_REAL, .digits = 1, .width = 6},
    {"of peak", .kind = AD_COLUMN_PERCENT, .digits = -1},
    {"estimates", .align = AD_ALIGN_RIGHT},
    {"peak memory", .kind = AD_COLUMN_REAL, .digits = -1, .unit = "MB"},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static ad_status text_result(ad_command *cmd, ad_table *t, const bench_workload *w,
                             const bench_rates *rates, const bench_result *r)
{
    ad_table_row(t);
    ad_table_text(t, w->name);
    ad_table_real(t, r->median / rates->units), ad_table_real(t, r->least / rates->units);
    if (r->flops > 0)
        ad_table_real(t, rates->gflops), ad_table_real(t, rates->of_arithmetic);
    else
        ad_table_text(t, NULL), ad_table_text(t, NULL);
    if (r->bytes > 0)
        ad_table_real(t, rates->gbs), ad_table_real(t, rates->of_memory);
    else
        ad_table_text(t, NULL), ad_table_text(t, NULL);
    if (r->flops > 0)
        ad_table_format(t, "+-%.0f %%", 100 * r->estimate_error);
    else
        ad_table_text(t, NULL);
    ad_table_real(t, peak_mb());
    ad_status status = ad_table_print(t, cmd, "workload");
    if (r->stats.kernels_again)
        ad_command_print(cmd, "  %d of %d kernels recompute values, %.0f %% of the expected time\n",
                         r->stats.kernels_again, r->stats.kernels,
                         100 * r->stats.seconds_again / r->stats.seconds);
    return status;
}

/* ---- the verb ---- */

static int run_one(ad_command *cmd, ad_table *table, const bench_workload *w, const ad_peaks *peaks)
{
    char path[4096];
    const char *folder = ad_command_text(cmd, "save");
    bench_limits limits = {.runs = ad_command_int(cmd, "runs"),
                           .seconds = ad_command_real(cmd, "seconds"),
                           .kernels = (int)ad_command_int(cmd, "kernels")};
    ad_precision precision = ad_command_choice(cmd, "precision") == 1 ? AD_PRECISION_BF16
                                                                      : AD_PRECISION_F32;
    bench_result result;
    if (folder &&
        snprintf(path, sizeof path, "%s/%s.safetensors", folder, w->name) >= (int)sizeof path)
        return ad_command_fail(cmd, "%s: the path is too long", folder);
    ad_status status = bench_measure(cmd, w, precision, folder ? path : NULL, limits, &result);
    bench_rates rates = {0};
    if (!status) rates = rates_of(cmd, w, peaks, &result);
    if (!status && ad_command_json(cmd))
        json_result(cmd, w, &rates, &result);
    else if (!status)
        status = text_result(cmd, table, w, &rates, &result);
    if (status) return ad_command_fail(cmd, "%s: %s", w->name, ad_error(ad_command_context(cmd)));
    return AD_EXIT_OK;
}

static int run_first(ad_command *cmd)
{
    bench_result result;
    ad_status status = bench_measure(cmd, &bench_first, AD_PRECISION_F32, NULL,
                                     (bench_limits){.runs = 1}, &result);
    if (status) return ad_command_check(cmd, status);
    ad_command_print(cmd, "%.9g\n", result.check[0]);
    return AD_EXIT_OK;
}

static int run_all(ad_command *cmd)
{
    int count = ad_command_operands(cmd), code = AD_EXIT_OK;
    ad_peaks peaks;
    ad_table *table;
    ad_context *ctx = ad_command_context(cmd);
    if (!ctx) return AD_EXIT_FAILURE;
    if (count == 1 && find(ad_command_operand(cmd, 0)) == &bench_first) return run_first(cmd);
    if (ad_measure_peaks(ctx, &peaks) || ad_table_new(&table, ctx, columns, COLUMNS))
        return ad_command_fail(cmd, "%s", ad_error(ctx));
    say_machine(cmd, ctx, &peaks);
    for (int i = 0; count ? i < count : bench_workloads[i] != NULL; ++i) {
        const bench_workload *w = count ? find(ad_command_operand(cmd, i)) : bench_workloads[i];
        if (!count && w->alone) continue;
        if (code || ad_command_interrupted(cmd)) continue;
        reset_peak_memory();
        code = run_one(cmd, table, w, &peaks);
    }
    ad_table_free(table);
    return code;
}

/* Which workload, of those asked for, has no matrices to quantise; NULL: all have. */
static const char *find_unquantised(ad_command *cmd)
{
    int count = ad_command_operands(cmd);
    if (ad_command_choice(cmd, "precision") < 2) return NULL;
    for (int i = 0; i < count; ++i)
        if (!find(ad_command_operand(cmd, i))->blocks) return ad_command_operand(cmd, i);
    return count ? NULL : "style";
}

static int run(ad_command *cmd)
{
    ad_tuning *tuning;
    for (int i = 0; i < ad_command_operands(cmd); ++i)
        if (!find(ad_command_operand(cmd, i)))
            return ad_command_usage(cmd, "no workload is called %s; see autodidact bench --help",
                                    ad_command_operand(cmd, i));
    const char *plain = find_unquantised(cmd);
    if (plain)
        return ad_command_usage(cmd, "--precision %s is for gpt2-decode, not for %s",
                                ad_command_value(cmd, "precision"), plain);
    int code = ad_tuning_open(&tuning, cmd);
    return code ? code : ad_tuning_close(tuning, run_all(cmd));
}

const ad_verb bench_verb = {
    AD_VERB(NULL, "bench", "[WORKLOAD...]", options, run,
            "time typical workloads against this machine's limits"),
    .description =
        "Without operands all workloads:\n"
        "\n"
        "  style         style transfer, VGG-19, 512 x 512: loss and gradient\n"
        "  resnet20      ResNet-20, 128 pictures of 32 x 32: training step\n"
        "  dcgan         DCGAN, 128 pictures of 64 x 64: step of both networks\n"
        "  dcgan-128     the same of width 128, 64 grey pictures\n"
        "  dcgan-1024    the same of width 1024; only when asked for by name\n"
        "  wgan-gp       WGAN-GP, 128 pictures of 64 x 64: step of the critic\n"
        "  wgan-gp-128   the same of width 128, 64 grey pictures\n"
        "  wgan-gp-1024  the same of width 1024; only when asked for by name\n"
        "  gat           graph attention on a graph of Cora's size: training step\n"
        "  dqn-mlp       deep Q-learning, a small network: update\n"
        "  dqn-nature    deep Q-learning, Nature's network: update\n"
        "  gpt-char      character GPT, 4 layers x 128: training step\n"
        "  gpt-char-384  character GPT, 6 layers x 384: training step\n"
        "  gpt2          GPT-2 124M, 4 x 64 tokens: training step\n"
        "  gpt2-long     GPT-2 124M, 8 x 512 tokens: training step\n"
        "  gpt2-decode   GPT-2 124M: a token, greedily\n"
        "  attention     causal attention over 1024 tokens: forward and backward\n"
        "  alphazero     a network for Go on 16 boards\n"
        "  johnson       a network that paints at once, 512 x 512: forward\n"
        "  dream         DeepDream, Inception v3, 600 x 400: objective and gradient\n"
        "  adamw         AdamW on 124M parameters: update\n"
        "  flow          optical flow between two pictures of 640 x 360\n"
        "  start         a whole process that computes a small network once\n"
        "\n"
        "Weights and inputs are random numbers that follow from their names; the memory is\n"
        "the most that the process held meanwhile.\n"
        "\n"
        "  autodidact bench\n"
        "  autodidact bench gpt-char --precision bf16 --threads 1"};
