/* program.h - the inside of a program: kernels with their buffers, as planned and as they run. */
#ifndef AD_PLAN_PROGRAM_H
#define AD_PLAN_PROGRAM_H

#include <autodidact/program.h>

#include "plan/device.h"
#include "plan/spans.h"

typedef enum ad_place {
    AD_IN_ARENA,
    AD_IN_KEPT,     /* made by the prepare kernels, lasts over runs */
    AD_IN_INPUT,    /* bound by the user */
    AD_IN_VARIABLE, /* a variable's storage */
    AD_IN_CONSTANT,
} ad_place;

typedef struct ad_buffer {
    ad_place place;
    size_t bytes;
    size_t offset;    /* in the arena, the kept block, the constants, or the variable's storage */
    const char *name; /* of the node whose value it holds */
    ad_dtype dtype;
    ad_shape shape;
    ad_storage *storage; /* AD_IN_VARIABLE */
    int input;           /* AD_IN_INPUT: index of the program's inputs */
    const void *source;  /* AD_IN_CONSTANT while planning: the data to copy */
    int first, last;     /* first and last step that touches it; first -1: never */
    int shares;          /* in place: the buffer whose memory this one takes over, or -1 */
    bool result;         /* read after the run */
    bool workspace;
} ad_buffer;

/* Where element (0, ..., 0) of an operand lies. */
typedef struct ad_ref {
    int buffer;
    int64_t offset; /* bytes from the buffer's start */
    int value;      /* planning: which value is read or written */
} ad_ref;

typedef struct ad_kernel {
    ad_problem problem;
    const ad_solver *solver;
    ad_ref in[AD_PROBLEM_INPUTS], out[AD_CHAIN_OUTPUTS];
    int workspace;      /* buffer, or -1 */
    int packed;         /* buffer of in[1] in the solver's own form, or -1 */
    bool packs;         /* this step makes `packed` from in[1] and does nothing else */
    bool prepares;      /* runs only when something constant changed */
    bool again;         /* makes once more what was given up for lack of memory */
    const char *name;   /* of the node that it is known by */
    const char *covers; /* the other nodes that it computes, "relu_3, bias_4", or "" */
    int order;          /* recorded order: the largest node id */
    double seconds, flops, bytes;
} ad_kernel;

typedef struct ad_program_input {
    const ad_node *key;
    const char *name;
    ad_dtype dtype;
    ad_shape shape;
    const void *data; /* NULL: not bound yet */
    size_t bytes;
} ad_program_input;

typedef struct ad_program_output {
    const ad_node *key;
    ad_ref ref;
    ad_dtype dtype;
    int64_t count;
} ad_program_output;

/* A storage that a program touches: variables in it are read, assigned, or packed. */
typedef struct ad_program_storage {
    ad_storage *storage;
    uint64_t version; /* at the last prepare */
    bool prepared;    /* a prepare kernel reads it */
    bool assigned;
} ad_program_storage;

/* One entry of the run's flat list. */
typedef struct ad_step {
    void (*run)(const ad_problem *problem, const ad_run_args *args);
    const ad_problem *problem;
    ad_run_args args;
} ad_step;

/* What a stage of planning took. */
typedef struct ad_stage_cost {
    const char *name; /* "groups" */
    double seconds;   /* of the processor, for all attempts if a memory limit asks for several */
    int64_t visits;   /* steps of its walks that could grow faster than the graph */
} ad_stage_cost;

enum { AD_STAGE_COSTS = 16 };

struct ad_program {
    ad_context *ctx;
    ad_arena arena; /* everything below but the three blocks */
    ad_device device;
    ad_kernel **kernels; /* in the order they run; the first n_prepare are the prepare kernels */
    int n_kernels, n_prepare;
    ad_buffer *buffers;
    int n_buffers;
    ad_program_input *inputs;
    int n_inputs;
    ad_program_output *outputs;
    int n_outputs;
    ad_program_storage *storages;
    int n_storages;
    ad_step *steps;
    void *block, *kept, *constants;
    size_t block_bytes, kept_bytes, constant_bytes;
    bool stale; /* addresses must be resolved before the next run */
    bool prepared, ran, check_finite, profiling;
    int unbound;     /* inputs without data */
    double *seconds; /* profile: of each kernel, summed over `profiled` runs */
    int64_t profiled, runs;
    int track; /* its number for the tracer, or 0 */
    ad_stage_cost costs[AD_STAGE_COSTS];
    int n_costs;
    const char *stage[2][AD_JSON + 1]; /* AD_STAGE_GRAPH, AD_STAGE_PASSES by format, if kept */
};

/* ---- program.c ---- */
/* Takes the program's memory and makes its run list. False with the context's error set. */
bool ad_program_prepare(ad_program *program);
char *ad_program_address(const ad_program *program, int buffer);

/* ---- claim.c ---- */
/* Around a run: AD_ERROR_ARGUMENT where a program of another thread is at the same variables. */
ad_status ad_program_claim(ad_program *program);
void ad_program_release(ad_program *program);

/* ---- kernel.c ---- */
/* Whether a kernel reads input i from memory, and whether it writes its outputs: a packing step
 * reads in[1] only, and a kernel with a packed operand does not read in[1]. */
bool ad_kernel_reads(const ad_kernel *kernel, int i);
bool ad_kernel_writes(const ad_kernel *kernel);
/* The part of a variable that an operand of a kernel touches; empty where it lies elsewhere. */
ad_span ad_span_of_input(const ad_program *program, const ad_kernel *kernel, int i, int owner);
ad_span ad_span_of_output(const ad_program *program, const ad_kernel *kernel, int o, int owner);

/* ---- lowered.c ---- */
/* Checks the finished program as a whole. */
ad_status ad_program_verify(const ad_program *program);

#endif
