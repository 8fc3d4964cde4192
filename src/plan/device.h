/* device.h - what the planner asks of a device: problems, solvers that bid for them, and runs.
 *
 * A problem is one kernel's worth of work with all shapes and strides fixed. A solver declines it
 * or bids an estimated time; the lowest bid wins (see FFTW's planner). Solvers are const tables; a
 * device hands out those that its processor can run. */
#ifndef AD_PLAN_DEVICE_H
#define AD_PLAN_DEVICE_H

#include "base/pool.h"
#include "base/streams.h"
#include "graph/node.h"
#include "plan/chain.h"
#include "plan/operand.h"

enum { AD_PROBLEM_INPUTS = 16 };

/* Kinds of problem, by `op`:
 *
 * - AD_OP_CHAIN (no op of the table): operands are the chain's inputs, broadcast to the domain by
 *   zero strides, and its outputs (any strides). All have the domain's dims. The planner has merged
 *   axes that are contiguous in every operand.
 * - reductions: in[0 .. n_in) are the prologue chain's inputs over the domain (or in[0] with no
 *   chain); out[0] has the domain's rank with dim 1 (stride 0) on reduced axes. attr->axes are the
 *   domain's.
 * - matmul, convolutions: in[0], in[1], then the epilogue's inputs 1.. in in[2..], each of the
 *   result's dims (zero strides where broadcast); outputs are the epilogue's, or the result itself.
 *   Both operands of a matmul have the result's rank and leading axes (zero strides where
 *   broadcast); attr's transpose flags still apply to their last two axes.
 * - every other op: its inputs in order and its result. Concat does not appear: the planner lets
 *   producers write into the result, or copies with chains. */
typedef struct ad_problem {
    int op; /* ad_op, or AD_OP_CHAIN */
    const void *attr;
    int n_in, n_out;
    ad_operand in[AD_PROBLEM_INPUTS];
    ad_operand out[AD_CHAIN_OUTPUTS];
    const ad_chain *chain; /* NULL: none */
    int threads;
} ad_problem;

#define AD_OP_CHAIN ((int)AD_OPS)

/* ---- problem.c ---- */
/* Merges axes that every operand of a chain walks evenly, and drops those of size 1: what is left
 * is what an elementwise kernel has to loop over. */
void ad_problem_merge_axes(ad_problem *problem);
bool ad_problem_contracts(const ad_problem *problem); /* a matmul or a convolution */
/* Whether its result may lie where input i does, if both are walked alike: each element is read
 * before it is written, and not after. */
bool ad_problem_replaces(int op, int i);
/* Bytes of its operands and results; what zero strides repeat counts once. */
double ad_problem_bytes(const ad_problem *problem);
double ad_problem_flops(const ad_problem *problem);

typedef struct ad_run_args {
    void *const *in; /* per problem input */
    void *const *out;
    void *workspace; /* solver->workspace(problem) bytes, 64-byte aligned, contents undefined */
    const void
        *packed; /* the constant operand in the solver's own form, or NULL: read it from `in` */
    ad_pool *pool;
} ad_run_args;

typedef struct ad_machine {                  /* for estimates; all per core */
    double flops_f32, flops_f64, flops_bf16; /* per second, of register tiles over packed panels */
    double steps;                            /* simple elementwise operations on f32 per second */
    double bandwidth;       /* bytes per second from and to memory, read or written in one stream */
    double cache_bandwidth; /* the same where operands lie in the caches, */
    double cache;           /* which is expected of so many bytes of a kernel's operands */
    double call;            /* seconds to start a kernel */
    double overhead;        /* seconds to wake the pool once */
    int threads;
} ad_machine;

/* Seconds to read or write so many bytes in one stream. */
static inline double ad_move_seconds(const ad_machine *machine, double bytes)
{
    double near = bytes < machine->cache ? bytes : machine->cache;
    return near / machine->cache_bandwidth + (bytes - near) / machine->bandwidth;
}

/* The same in several streams at once or in pieces of rows, where fetching ahead fails. */
static inline double ad_scattered_seconds(const ad_machine *machine, double bytes)
{
    double near = bytes < machine->cache ? bytes : machine->cache;
    return 1.6 * near / machine->cache_bandwidth + 2.5 * (bytes - near) / machine->bandwidth;
}

typedef struct ad_solver {
    const char *name; /* "winograd 4x4 3x3" */
    int op;
    /* Multiplies in a transformed domain (Winograd): rounding errors some ten times those of a
     * direct sum. Left out by ad_compile_options.direct. */
    bool transforms;
    bool amx; /* made of tile registers: takes nothing in other builds and on other processors */
    ad_stream stream; /* what it reads once, whose fetches tuning chooses; AD_STREAM_NONE */
    /* Estimated seconds, or a negative number: not this problem. */
    double (*bid)(const ad_problem *problem, const ad_machine *machine);
    size_t (*workspace)(const ad_problem *problem); /* NULL: none */
    /* Operand in[1] can be prepared once when it is constant: bytes of that form (0: no) and the
     * work. */
    size_t (*packed)(const ad_problem *problem); /* NULL: never */
    void (*pack)(const ad_problem *problem, const void *operand, void *packed, void *workspace,
                 ad_pool *pool);
    void (*run)(const ad_problem *problem, const ad_run_args *args);
} ad_solver;

typedef struct ad_device {
    const char *name;   /* "cpu": given by the table of devices */
    const char *target; /* what its kernels are built for, "avx512"; NULL: there is one kind */
    bool runs;          /* false: plans only */
    ad_machine machine;
    /* The solvers for an op, best-known first; *count of them. */
    const ad_solver *const *(*solvers)(const struct ad_device *device, int op, int *count);
    /* Whether matmul and convolutions take bf16 operands at full speed. */
    bool bf16;
} ad_device;

/* ---- src/device/devices.c ---- */
/* The device of that kind (an ad_device_kind) for this context (isa cap, threads).
 * AD_ERROR_UNSUPPORTED: not on this machine; AD_ERROR_ARGUMENT: there is no such kind. */
ad_status ad_device_open(ad_device *device, ad_context *ctx, int kind);
/* "cpu", or NULL: there is no such kind. Kinds are numbered from 0 without a gap. */
const char *ad_device_name(int kind);

#endif
