/* bench.h - what a person would do with the library, timed against this machine's own limits.
 *
 * A workload builds a program (or does something of its own) from random weights and inputs that
 * follow from their names, so that another program can be given the same: --save writes them, and
 * the first results are printed to be compared. bench/peers runs PyTorch beside it.
 *
 *   - verb.c: the verb, its table
 *   - job.c: a workload's life: inputs, building, timing
 *   - kernels.c: where the time goes
 *   - pictures.c, gan.c, texts.c, encoders.c, translations.c, graph.c, updates.c, flow.c: the
 * workloads */
#ifndef ZOO_BENCH_BENCH_H
#define ZOO_BENCH_BENCH_H

#include <autodidact/autodidact.h>

extern const ad_verb bench_verb;

enum { BENCH_OUTPUTS = 128, BENCH_CHECKS = 3 };

typedef struct bench_workload bench_workload;

typedef struct bench_job {
    const bench_workload *workload;
    ad_context *ctx;
    ad_precision precision;
    size_t memory_limit; /* of the program; 0: none */
    const char *blocks;  /* "q8_0" or "q4_0": the form of matrices; NULL: they are not quantised */
    bool exact; /* without what only PyTorch's or our own random numbers can repeat (dropout) */
    ad_graph *graph;
    ad_vars *vars;   /* weights, by their published names */
    ad_vars *inputs; /* data, as variables, so that they can be saved */
    ad_optimizer *optimizer[2];
    ad_node *output[BENCH_OUTPUTS]; /* the first is the number that is compared */
    int outputs;
    ad_program *program;
    void *own;        /* of the workload */
    const char *save; /* a file for weights and inputs, or NULL */
} bench_job;

struct bench_workload {
    const char *name, *what;
    bool dropout; /* timed with it, compared without */
    bool alone;   /* only when it is asked for by name */
    bool blocks;  /* looks at the job's */
    double units; /* per run, e.g. tokens; 0: runs are what is counted */
    /* Declares what the program computes; errors are the graph's, or the status. */
    ad_status (*build)(bench_job *job);
    /* What build leaves, all may be NULL: after compiling; one run; the number to compare; the end.
     */
    ad_status (*ready)(bench_job *job);
    ad_status (*run)(bench_job *job);
    double (*check)(bench_job *job);
    double (*bytes)(const bench_job *job); /* that a run reads, or a unit; else the program's */
    void (*end)(bench_job *job);
};

extern const bench_workload *const bench_workloads[]; /* NULL at the end */
extern const bench_workload bench_style, bench_dream, bench_resnet20, bench_dcgan, bench_dcgan_128,
    bench_dcgan_1024, bench_wgan_gp, bench_wgan_gp_128, bench_wgan_gp_1024, bench_alphazero,
    bench_johnson, bench_gat, bench_dqn_mlp, bench_dqn_nature, bench_gpt_char, bench_gpt_char_384,
    bench_gpt2, bench_gpt2_long, bench_gpt2_decode, bench_attention, bench_adamw, bench_flow,
    bench_start, bench_first, bench_translate, bench_bert_tune;

/* ---- job.c ---- */

/* An input of the graph with uniform numbers in [low, high), or whole ones from low to high - 1. */
ad_node *bench_reals(bench_job *job, const char *name, ad_shape shape, double low, double high);
ad_node *bench_integers(bench_job *job, const char *name, ad_shape shape, int64_t low,
                        int64_t high);
/* A further array to be saved under that name, which the job fills. NULL: no memory. */
void *bench_array(bench_job *job, const char *name, ad_dtype dtype, ad_shape shape);
void bench_output(bench_job *job, ad_node *node);

typedef struct bench_result {
    double check[BENCH_CHECKS];
    double median, least, most; /* seconds of a run */
    int runs;
    double flops, bytes; /* of a run; 0: not known */
    double estimate_error;
    double compile;         /* seconds to plan the program */
    ad_program_stats stats; /* of it, where there is one */
} bench_result;
typedef struct bench_limits {
    int64_t runs;   /* 0: as many as there is time for */
    double seconds; /* of timing */
    int kernels;    /* print so many of them, the longest first, to standard error */
} bench_limits;
/* All of it. Stops early at an interruption of `cmd`. */
ad_status bench_measure(ad_command *cmd, const bench_workload *workload, ad_precision precision,
                        const char *save, bench_limits limits, bench_result *result);

/* ---- kernels.c ---- */

/* Of a program that was profiled. The second: the median over the kernels that take at least half a
 * per cent of the time, of what the planner's estimate is off, as a part of the time. */
void bench_print_kernels(const ad_program *program, int most, ad_command *cmd);
double bench_estimate_error(const ad_program *program);

#endif
