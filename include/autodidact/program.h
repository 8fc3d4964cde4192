/* program.h - compile, bind, run, read.
 *
 * A program is an immutable list of kernels with addresses in one arena. Its size is known before
 * it runs, and a run allocates nothing. It does not need its graph any more; the nodes passed to
 * ad_compile remain valid as keys for ad_bind and ad_result only while the graph lives (bind by
 * name otherwise). Variables that it reads or assigns must outlive it.
 *
 * Stability: stable (base.h says what that means). */
#ifndef AUTODIDACT_PROGRAM_H
#define AUTODIDACT_PROGRAM_H

#include <autodidact/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_program ad_program; /* used by its context's thread only */

typedef enum ad_device_kind {
    AD_DEVICE_CPU = 0,
    AD_DEVICE_NULL, /* plans, explains, never runs */
} ad_device_kind;

typedef enum ad_precision {
    AD_PRECISION_F32 = 0,
    AD_PRECISION_BF16, /* matmul and convolution operands in bf16, f32 accumulation; needs the
                          instruction */
} ad_precision;

/* Whether the device computes in that precision faster than in f32; elsewhere ad_compile refuses
 * it. Weights that lie in memory as bf16 or f16 are read as such on any device, and widened: half
 * the bytes at f32's accuracy. */
AD_API bool ad_has_precision(ad_context *ctx, ad_device_kind device, ad_precision precision);

typedef struct ad_compile_options {
    ad_device_kind device;
    ad_precision precision;
    /* Bytes for the arena (activations, gradients that no variable holds, workspace) and for packed
     * weights; not counted are variables (parameters, optimizer state), inputs and constants. 0:
     * none. What does not fit is packed less, then computed again instead of kept, which gives the
     * same bits; then solvers of the least workspace are taken, which may round differently; then
     * it is AD_ERROR_LIMIT, naming the largest buffers and the least that was reached. That is
     * decided as for one thread, and is the same whatever their number: where the workspaces of
     * all threads do not fit as well, fewer of them share the work. */
    size_t memory_limit;
    bool no_passes;        /* plan the graph as it is: for tests and bisection */
    const char *skip_pass; /* leave out one pass or step by name ("fuse"), likewise */
    bool direct;   /* no algorithms that multiply in a transformed domain (Winograd): slower, and
                      rounding errors of 1e-6 instead of 1e-5; for comparisons */
    bool pack_all; /* keep constant operands in a kernel's own form even if that is more than twice
                      as large */
    bool keep_stages;  /* keep the printable form of each stage for ad_explain */
    bool check_finite; /* after each kernel look for NaN and infinity: slow; names the node */
} ad_compile_options;

/* Compiles what `outputs` (values and assigns) need. On failure *program is NULL and the context
 * has the sentence. `options` may be NULL. */
AD_API ad_status ad_compile(ad_program **program, ad_context *ctx, ad_node *const *outputs,
                            int count, const ad_compile_options *options);
AD_API void ad_program_free(ad_program *program); /* NULL is ignored */

/* Binds memory (not copied, contiguous, of the input's dtype and shape) to an input; it must stay
 * valid during runs. `bytes` is how much memory the caller has at `data` for this input, `sizeof
 * array` where that is one; anything but the input's size is AD_ERROR_SHAPE. An input that the
 * program does not have is AD_ERROR_NOT_FOUND, a NULL AD_ERROR_ARGUMENT. What was bound before
 * stays bound. */
AD_API ad_status ad_bind(ad_program *program, const ad_node *input, const void *data, size_t bytes);
AD_API ad_status ad_bind_name(ad_program *program, const char *input, const void *data,
                              size_t bytes);
/* Whether the program has an input of this name, and if so its dtype and shape. An input of the
 * graph that nothing depends on is none of the program's. */
AD_API bool ad_program_find_input(const ad_program *program, const char *name, ad_dtype *dtype,
                                  ad_shape *shape);
/* One run: forward, backward, update. Fails if an input is unbound, or (check_finite) on NaN. On a
 * CPU numbers below the smallest normal one count and are written as 0. */
AD_API ad_status ad_run(ad_program *program);
/* The same, looking for NaN and infinity after each kernel: once a result is not finite, this says
 * which node it began at. */
AD_API ad_status ad_run_checked(ad_program *program);
/* The value of an output after the last run: contiguous, valid until the next run. NULL if it is
 * none. */
AD_API const void *ad_result(const ad_program *program, const ad_node *output);
/* The same by position in `outputs`. */
AD_API const void *ad_result_at(const ad_program *program, int index);
/* A one-element output as a number (NaN if it has another size or is not an output). */
AD_API double ad_result_scalar(const ad_program *program, const ad_node *output);
/* For what will be ranked, sampled from, sorted or shown: AD_OK, or AD_ERROR_NUMERIC and a sentence
 * that begins with `what` ("model.safetensors: the logits") and says which element of the output is
 * NaN or infinite. AD_ERROR_ARGUMENT if it is no output, or nothing ran. */
AD_API ad_status ad_result_finite(const ad_program *program, const ad_node *output,
                                  const char *what);

typedef struct ad_program_stats {
    size_t arena_bytes;    /* activations and workspace: the one allocation */
    size_t packed_bytes;   /* constant operands kept in a kernel's own form */
    size_t constant_bytes; /* literals */
    int kernels;
    double flops;   /* of one run, as a direct algorithm would count them */
    double bytes;   /* read and written by one run's kernels */
    double seconds; /* that the planner expects of one run on one core */
    /* Under a memory limit: those of the kernels that make values again which were not kept, and
     * their part of `seconds`. */
    int kernels_again;
    double seconds_again;
} ad_program_stats;
AD_API ad_program_stats ad_program_get_stats(const ad_program *program);

typedef enum ad_stage {
    AD_STAGE_GRAPH,   /* as recorded (with its gradients) */
    AD_STAGE_PASSES,  /* after the graph passes */
    AD_STAGE_KERNELS, /* groups, solvers, views */
    AD_STAGE_PROGRAM, /* the schedule with the arena map */
} ad_stage;
/* Prints a stage (earlier ones need keep_stages). AD_TEXT always; AD_DOT and AD_JSON for the graph
 * stages. */
AD_API ad_status ad_explain(const ad_program *program, ad_stage stage, ad_format format,
                            ad_sink sink, void *user);

/* Per-kernel timing of the runs since it was switched on: calls `row` in program order. */
typedef struct ad_profile_row {
    const char *kernel;           /* "conv2d winograd4x3" */
    const char *node;             /* name of the node it computes */
    double seconds, flops, bytes; /* mean of a run */
    double estimate;              /* seconds that the planner expected, when it chose the kernel */
} ad_profile_row;
AD_API void ad_profile_start(ad_program *program);
AD_API void ad_profile_read(const ad_program *program,
                            void (*row)(void *user, const ad_profile_row *row), void *user);

/* ---- watching kernels as they run ---- */

typedef struct ad_trace_event {
    int program;             /* 1, 2, ...: the programs of a context by their first watched run */
    const char *name;        /* of what the program computes first */
    int64_t run;             /* 1, 2, ... of that program */
    int kernel, kernels;     /* which of the program's, and how many it has */
    const char *does, *node; /* "conv2d winograd 4x4 3x3", "pack matmul packed gemm"; the node */
    double begin, end;       /* seconds of CLOCK_MONOTONIC */
    double flops, bytes;     /* of this one; flops as a direct algorithm would count them */
    ad_dtype arithmetic;     /* of its products: AD_F32, AD_F64, AD_BF16 */
} ad_trace_event;

typedef struct ad_tracer {
    int64_t first,
        last; /* runs of each program that are watched, from 1: the others cost nothing */
    /* After each kernel of such a run; the texts last until it returns. */
    void (*event)(void *user, const ad_trace_event *event);
    void *user;
} ad_tracer;
/* Watches all programs of the context, also existing ones. The tracer must stay where it is
 * until it is replaced; NULL: none. */
AD_API void ad_trace_programs(ad_context *ctx, const ad_tracer *tracer);

/* ---- this machine's limits, measured ---- */

typedef struct ad_peaks {
    double flops_f32;  /* multiply-adds in registers count two; of all the context's threads */
    double flops_bf16; /* of bf16 products with f32 sums; 0: no instruction for them */
    double bandwidth;  /* bytes a second, to and from memory: a sum of two arrays into a third */
} ad_peaks;
/* Takes about half a second, in which other work on the machine disturbs; of several tries the
 * best counts. */
AD_API ad_status ad_measure_peaks(ad_context *ctx, ad_peaks *peaks);

#ifdef __cplusplus
}
#endif
#endif
