/* kernels.h - random problems for every op that has solvers, and how close results must be. */
#ifndef AD_TESTS_KERNELS_H
#define AD_TESTS_KERNELS_H

#include "problems.h"

/* What an error is measured against, for each element of a result; the tolerance is a share of it.
 */
typedef enum measure {
    OF_VALUE,       /* its own magnitude */
    OF_LARGEST,     /* the largest magnitude of the result, or 1 */
    OF_MAGNITUDES,  /* the same op on the operands' magnitudes: what its sum is made of */
    OF_LARGEST_SUM, /* the largest of those: where weights may be negative */
    OF_ROUNDING,    /* chains: the error bound that follows from half a unit per step */
} measure;

typedef struct kernel_kind {
    int op;
    void (*make)(solver_case *c, int op, int medium);
    /* The results, row-major, by loops in double. NULL: by the op's decomposition in f64. */
    void (*plain)(const solver_case *c, double *const *out);
    double tolerance; /* in f32 arithmetic; WIDE_TOLERANCE in f64; integers are exact */
    measure measure;
    int share;        /* problems per round */
    unsigned selects; /* inputs that choose and are not summed: bit i for in[i] */
} kernel_kind;

#define WIDE_TOLERANCE     1e-12
#define TRANSFORMED_LOOSER 20 /* solvers that multiply in a transformed domain */
/* `least` of compare_outputs for filters of two steps a side: pixels past the last step see no tap,
 * but share the errors of their tile. */
#define TWO_STEPS_LEAST 0.25

extern const kernel_kind kernel_kinds[];
extern const int n_kernel_kinds;

/* Fills the case with the problem of that seed; free_case frees it. medium 0: random; 1, 2, ...:
 * problems of a size to measure, so that each solver finds one that it takes. */
enum { MEDIUMS = 4 };
void make_problem(const kernel_kind *kind, solver_case *c, uint64_t seed, int medium);
/* How many problems of single steps there are: every other chain is the next of them. */
int count_step_problems(void);
/* "in f32[2,3] f32[3]{0} out f32[2,3]": strides where they are not those of a contiguous one. */
void describe_problem(const ad_problem *problem, char *text, size_t size);
const char *kernel_op_name(int op);

/* plain.c */
void plain_reduce(const solver_case *c, double *const *out);
void plain_argmax(const solver_case *c, double *const *out);
void plain_matmul(const solver_case *c, double *const *out);
void plain_conv(const solver_case *c, double *const *out);
void plain_dequantize(const solver_case *c, double *const *out);
void plain_quantized(const solver_case *c, double *const *out);
void plain_pad(const solver_case *c, double *const *out);
void plain_gather(const solver_case *c, double *const *out);
void plain_scatter_add(const solver_case *c, double *const *out);
void plain_segment_max(const solver_case *c, double *const *out);
void plain_pool(const solver_case *c, double *const *out);
void plain_resize(const solver_case *c, double *const *out);
void plain_noise(const solver_case *c, double *const *out);
void plain_iota(const solver_case *c, double *const *out);

/* What is expected of a problem: values of its outputs, and scales of their errors by the scalar
 * solvers. */
typedef struct expectation {
    double *want[AD_CHAIN_OUTPUTS], *scale[AD_CHAIN_OUTPUTS];
    bool defined; /* by loops or by the decomposition, not by the scalar solver itself */
    bool wide;    /* the scalar solver computes it in f64 */
} expectation;
/* False: no scalar solver takes it. */
bool expect(const kernel_kind *kind, solver_case *c, expectation *e);
void free_expectation(expectation *e);

typedef struct disagreement {
    int output;
    int64_t element;
    double got, want, allowed;
} disagreement;
/* The largest error beyond the result's own rounding, as a share of the scale; `worst`.allowed > 0
 * where an element is not within the tolerance. Scales count as `least` of the largest at least:
 * more than 0 where elements share their errors. */
double compare_outputs(const solver_case *c, const expectation *e, double tolerance, double least,
                       disagreement *worst);
/* Whether nothing between an output's elements was written to. */
bool gaps_are_kept(const solver_case *c);

#endif
