/* plan.h - a program in the making, and as it runs: buffers, kernels, groups.
 *
 * The way from a graph to a program, one file each:
 *   passes.c    the graph rewritten (pass_*.c)
 *   values.c    views become strides over the memory of their base node
 *   group.c     nodes become groups, each one kernel (fusion; long_paths.c)
 *   variable_homes.c, concat_homes.c
 *               which results are written straight into a variable or a concatenation
 *   emit.c      groups become problems with buffers; solvers are chosen (select.c)
 *   tune.c      solvers that are known to be faster, or are measured, take their place
 *   pack.c      constant operands are prepared once
 *   schedule.c  kernels get their order (kernel_edges.c)
 *   placement.c buffers get their place in the arena
 *   recompute.c under a memory limit values are made again instead of kept
 *   lowered.c   the verifier of all that
 *   program.c   the run */
#ifndef AD_PLAN_PLAN_H
#define AD_PLAN_PLAN_H

#include <autodidact/program.h>

#include "plan/device.h"
#include "plan/spans.h"

/* ---- what remains in the program ---- */

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

/* ---- planning ---- */

typedef enum ad_group_kind {
    AD_GROUP_CHAIN,    /* elementwise nodes */
    AD_GROUP_CONTRACT, /* anchor and the elementwise nodes behind it */
    AD_GROUP_REDUCE,   /* elementwise nodes and the reduction behind them */
    AD_GROUP_KERNEL,   /* one node */
    AD_GROUP_COPY,     /* a view that strides cannot express: a contiguous copy of its input */
    AD_GROUP_CONCAT,   /* parts that are written in place or copied */
} ad_group_kind;

typedef struct ad_group {
    ad_group_kind kind;
    int anchor;   /* node id, or -1 */
    int *members; /* node ids, ascending; the anchor is one of them */
    int n, capacity;
    bool gone; /* merged into another */
} ad_group;

/* What is known about each node while planning. */
typedef struct ad_value {
    int base;             /* the node in whose memory it lies; itself if it is no view */
    int64_t offset;       /* elements from the base's element 0 */
    ad_operand operand;   /* strides within that memory */
    int group;            /* the group that computes it, or -1 */
    int buffer;           /* of a base: -1 until it has one */
    int64_t at;           /* of a base: bytes from the buffer's start */
    int concat;           /* it is written into this concatenation, or -1 */
    int64_t at_in_concat; /* bytes from the concatenation's element 0 */
    int variable;         /* it is written into the storage of this ASSIGN node's variable, or -1 */
    bool is_output;

    int alias; /* the computed node that this is a contiguous reshape of, or itself */

    int *writers; /* kernels, or values (~value) of the parts, that write it */
    int n_writers;
} ad_value;

typedef struct ad_plan {
    ad_context *ctx;
    ad_program *program;
    ad_arena *arena;  /* the program's */
    ad_arena scratch; /* freed after planning */
    const ad_compile_options *options;
    ad_device device;
    ad_graph *graph;
    ad_node **nodes; /* = graph->nodes; ids index everything here */
    int n_nodes;
    bool *reachable;
    ad_node **outputs;
    int n_outputs;
    ad_value *values; /* n_nodes, and then the temporaries made by emit.c */
    int n_values, values_capacity;
    int *user_start, *users; /* users of node i: users[user_start[i] .. user_start[i+1]) */
    ad_spans assigned;       /* what is assigned, by ASSIGN nodes */
    ad_group *groups;
    int n_groups;
    ad_kernel **kernels;
    int n_kernels, kernels_capacity;
    int buffers_capacity;
    int64_t
        visits; /* steps of the walks that could grow faster than the graph (bench/planning.c) */
    bool pack;  /* constant operands may be packed */
    bool small; /* of several solvers take the one with the least workspace */
} ad_plan;

/* All return false with the context's error set. */
bool ad_plan_values(ad_plan *plan);
bool ad_plan_groups(ad_plan *plan);
bool ad_plan_variable_homes(ad_plan *plan);
bool ad_plan_concat_homes(ad_plan *plan);
bool ad_plan_emit(ad_plan *plan);
bool ad_plan_tune(ad_plan *plan);
bool ad_plan_pack(ad_plan *plan);
bool ad_plan_schedule(ad_plan *plan);
/* A buffer that lives for one step, for each kernel that wants one (compile.c). */
bool ad_plan_workspaces(ad_plan *plan);
bool ad_plan_place(ad_plan *plan);
/* What a buffer of so many bytes takes in the arena (placement.c). */
size_t ad_arena_bytes(size_t bytes);
/* Makes values again instead of keeping them until the program needs no more than `limit` bytes;
 * *needed: what it then needs, or, where that is more, the least that can be reached this way, with
 * the program as it was. */
bool ad_plan_recompute(ad_plan *plan, size_t limit, size_t *needed);
/* Takes the program's memory and makes its run list (program.c). */
bool ad_program_prepare(ad_program *program);
/* Around a run: AD_ERROR_ARGUMENT where a program of another thread is at the same variables
 * (claim.c). */
ad_status ad_program_claim(ad_program *program);
void ad_program_release(ad_program *program);
/* Keeps the recorded graph and the one after the passes in printed form (explain.c). */
struct ad_passes;
bool ad_program_keep_stages(ad_program *program, ad_graph *graph, ad_node *const *outputs,
                            const struct ad_passes *passes);
/* Whether a kernel reads input i from memory, and whether it writes its outputs: a packing step
 * reads in[1] only, and a kernel with a packed operand does not read in[1]. */
bool ad_kernel_reads(const ad_kernel *kernel, int i);
bool ad_kernel_writes(const ad_kernel *kernel);
/* Whether its result may lie where input i does, if both are walked alike: each element is read
 * before it is written, and not after. */
bool ad_problem_replaces(int op, int i);
/* Checks the finished program as a whole: see lowered.c. */
ad_status ad_program_verify(const ad_program *program);

/* Whether a pass is to run. */
bool ad_pass_wanted(const ad_compile_options *options, const char *name);

/* ---- pack.c ---- */
/* Whether in[1] is the same in every run unless a variable is set from outside; and how large it is
 * in the solver's own form if it is kept in that, else 0. */
bool ad_plan_constant_operand(const ad_plan *plan, const ad_kernel *kernel);
size_t ad_plan_packed_bytes(const ad_plan *plan, const ad_kernel *kernel);

/* ---- values.c ---- */
ad_operand ad_operand_of(ad_dtype dtype, ad_shape shape); /* contiguous */
bool ad_operand_reshape(const ad_operand *in, ad_shape shape, ad_operand *out);
/* The operand stretched to `shape` by zero strides. */
ad_operand ad_operand_broadcast(const ad_operand *in, ad_shape shape);
/* The bytes it touches, relative to its element 0. */
void ad_operand_span(const ad_operand *operand, int64_t *begin, int64_t *end);
bool ad_operand_same_map(const ad_operand *a, const ad_operand *b);
/* Whether its value is the whole of its base, contiguous, perhaps reshaped: writing it elsewhere is
 * writing the base there. */
bool ad_plan_is_whole(const ad_plan *plan, int id);
/* Input i of a node, seen through contiguous reshapes. */
int ad_plan_input(const ad_plan *plan, const ad_node *node, int i);

/* ---- spans.c ---- */
/* The part of a variable that an operand of a kernel touches; empty where it lies elsewhere. */
ad_span ad_span_of_input(const ad_program *program, const ad_kernel *kernel, int i, int owner);
ad_span ad_span_of_output(const ad_program *program, const ad_kernel *kernel, int o, int owner);

/* ---- effects.c ---- */
bool ad_plan_check_assigns(ad_plan *plan);                              /* no two assigns overlap */
bool ad_plan_assigns(const ad_plan *plan, const ad_variable *variable); /* some part of it */

/* ---- group.c ---- */
/* Whether a group must write a member's value to memory: others than the group's own chain read it.
 */
bool ad_group_stores(const ad_plan *plan, const ad_group *group, int member);
bool ad_group_has(const ad_group *group, int id); /* as a member */

/* ---- chains ---- */
typedef struct ad_chain_plan {
    ad_chain chain;
    int input[AD_CHAIN_INPUTS];   /* node ids; -1: the accumulator */
    int output[AD_CHAIN_OUTPUTS]; /* node ids */
} ad_chain_plan;
/* The chain of a group. False: it exceeds the limits of chain.h. */
bool ad_chain_of_group(const ad_plan *plan, const ad_group *group, ad_chain_plan *out);

/* ---- select.c ---- */
/* The problem of a group with operands as they now stand; `chain` has room for its chain. */
bool ad_group_problem(const ad_plan *plan, const ad_group *group, const ad_chain_plan *chain,
                      ad_problem *problem, int *in_nodes, int *out_nodes);
void ad_problem_merge_axes(ad_problem *problem); /* of a chain */
/* The lowest bid, or -1 when nobody takes it. */
double ad_best_bid(const ad_plan *plan, const ad_problem *problem, const ad_solver **solver);
/* One solver's bid under the plan's options, or a negative number. */
double ad_solver_bid(const ad_plan *plan, const ad_solver *solver, const ad_problem *problem);
/* A node on its own with contiguous operands, and the lowest bid for a problem: for the passes. */
void ad_node_problem(const ad_device *device, const ad_node *node, ad_problem *problem);
double ad_device_bid(const ad_device *device, const ad_problem *problem);
double ad_problem_flops(const ad_problem *problem);

#endif
