/* plan.h - a program in the making: values, groups, kernels.
 *
 * The way from a graph to a program, stage by stage, and who helps:
 *   passes.c          the graph rewritten (pass_*.c, rebuild.c)
 *   values.c          views become strides over the memory of their base node (operand.c)
 *   group.c           nodes become groups, each one kernel (members.c, chain_build.c, long_paths.c)
 *   variable_homes.c  results that are written straight into a variable
 *   concat_homes.c    and into a concatenation
 *   emit_groups.c     groups become problems with buffers (problem_build.c, emit.c), and solvers
 *                     are chosen (select.c)
 *   effects.c         variables are assigned, results are kept
 *   tune.c            solvers that are known to be faster, or are measured, take their place
 *   pack.c            constant operands are prepared once
 *   schedule.c        kernels get their order (kernel_edges.c)
 *   placement.c       buffers get their place in the arena
 *   recompute.c       under a memory limit values are made again (recipe.c, evict.c)
 *   lowered.c         the verifier of all that
 * The program itself is program.h's subject. */
#ifndef AD_PLAN_PLAN_H
#define AD_PLAN_PLAN_H

#include "plan/program.h"
#include "plan/spans.h"

#include <string.h>

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
bool ad_plan_effects(ad_plan *plan);
bool ad_plan_tune(ad_plan *plan);
bool ad_plan_pack(ad_plan *plan);
bool ad_plan_schedule(ad_plan *plan);
/* A buffer that lives for one step, for each kernel that wants one (placement.c). */
bool ad_plan_workspaces(ad_plan *plan);
bool ad_plan_place(ad_plan *plan);
/* What a buffer of so many bytes takes in the arena (placement.c). */
size_t ad_arena_bytes(size_t bytes);
/* Makes values again instead of keeping them until the program needs no more than `limit` bytes;
 * *needed: what it then needs, or, where that is more, the least that can be reached this way, with
 * the program as it was. */
bool ad_plan_recompute(ad_plan *plan, size_t limit, size_t *needed);
/* Keeps the recorded graph and the one after the passes in printed form (explain.c). */
struct ad_passes;
bool ad_program_keep_stages(ad_program *program, ad_graph *graph, ad_node *const *outputs,
                            const struct ad_passes *passes);

/* Whether a pass or step is to run. */
static inline bool ad_pass_wanted(const ad_compile_options *options, const char *name)
{
    return !options->no_passes && !(options->skip_pass && !strcmp(options->skip_pass, name));
}

/* ---- pack.c ---- */
/* Whether in[1] is the same in every run unless a variable is set from outside; and how large it is
 * in the solver's own form if it is kept in that, else 0. */
bool ad_plan_constant_operand(const ad_plan *plan, const ad_kernel *kernel);
size_t ad_plan_packed_bytes(const ad_plan *plan, const ad_kernel *kernel);

/* ---- values.c ---- */
/* Whether its value is the whole of its base, contiguous, perhaps reshaped: writing it elsewhere is
 * writing the base there. */
bool ad_plan_is_whole(const ad_plan *plan, int id);
/* Input i of a node, seen through contiguous reshapes. */
int ad_plan_input(const ad_plan *plan, const ad_node *node, int i);

/* ---- effects.c ---- */
bool ad_plan_check_assigns(ad_plan *plan);                              /* no two assigns overlap */
bool ad_plan_assigns(const ad_plan *plan, const ad_variable *variable); /* some part of it */

/* ---- members.c ---- */
bool ad_group_has(const ad_group *group, int id); /* as a member */
/* Whether `user` takes the value of `id` from a register: both are members. */
bool ad_group_keeps(const ad_plan *plan, const ad_group *group, int id, int user);
/* Whether a group must write a member's value to memory: others than the group's own chain read it.
 */
bool ad_group_stores(const ad_plan *plan, const ad_group *group, int member);
/* bf16 and f16 casts round when they are stored: a reader in the same chain would not see that. */
bool ad_node_rounds(const ad_node *node);
bool ad_plan_elementwise(const ad_plan *plan, int id);

/* ---- chains ---- */
typedef struct ad_chain_plan {
    ad_chain chain;
    int input[AD_CHAIN_INPUTS];   /* node ids; -1: the accumulator */
    int output[AD_CHAIN_OUTPUTS]; /* node ids */
} ad_chain_plan;
/* The chain of a group. False: it exceeds the limits of chain.h. */
bool ad_chain_of_group(const ad_plan *plan, const ad_group *group, ad_chain_plan *out);

/* ---- problem_build.c ---- */
/* The problem of a group with operands as they now stand; `chain` has room for its chain. */
bool ad_group_problem(const ad_plan *plan, const ad_group *group, const ad_chain_plan *chain,
                      ad_problem *problem, int *in_nodes, int *out_nodes);
/* A node on its own with contiguous operands: for the passes. */
void ad_node_problem(const ad_device *device, const ad_node *node, ad_problem *problem);
/* A copy of elements, as a chain without steps, which is put into *chain. */
ad_problem ad_copy_problem(const ad_plan *plan, const ad_operand *from, const ad_operand *to,
                           ad_chain *chain);

/* ---- pass_decompose.c ---- */
/* Whether the device takes an elementwise node as a step of a chain. */
bool ad_device_has_step(const ad_device *device, const ad_node *node);

/* ---- select.c ---- */
/* The lowest bid, or -1 when nobody takes it. */
double ad_best_bid(const ad_plan *plan, const ad_problem *problem, const ad_solver **solver);
/* One solver's bid under the plan's options, or a negative number. */
double ad_solver_bid(const ad_plan *plan, const ad_solver *solver, const ad_problem *problem);
/* The lowest bid without options: for the passes. */
double ad_device_bid(const ad_device *device, const ad_problem *problem);

#endif
