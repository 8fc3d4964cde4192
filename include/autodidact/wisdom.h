/* wisdom.h - which kernels were the fastest when they were measured, and a file that remembers.
 *
 * For a matmul or convolution several solvers bid estimated times, and ad_compile takes the lowest
 * bid. With wisdom it takes the solver that was the fastest on this machine, where that is known;
 * tuning, it measures what is not (FFTW calls it wisdom, too). A problem is known by its operation,
 * attributes, element types, sizes, strides and elementwise steps, and is measured on one thread:
 * solvers round differently, so which one is taken must not depend on the number of threads, nor
 * does it. It may depend on the wisdom: the same bits need the same wisdom.
 *
 *     ad_wisdom *wisdom;
 *     ad_status status = ad_wisdom_new(&wisdom, ctx);
 *     if (!status) status = ad_wisdom_load(wisdom, path);      // AD_ERROR_NOT_FOUND: there is none
 *     ad_wisdom_use(ctx, wisdom, true);
 *     ... ad_compile ...
 *     if (!status) status = ad_wisdom_save(wisdom, path);
 *     ad_wisdom_use(ctx, NULL, false);
 *     ad_wisdom_free(wisdom);
 *
 * A file is text: the line "autodidact wisdom 1", then sections. A section is a line "machine",
 * version of the library, instruction set and processor, then a line for each problem: seconds,
 * solver, problem; all separated by tabs. What another machine or version measured is kept and not
 * used.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_WISDOM_H
#define AUTODIDACT_WISDOM_H

#include <autodidact/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_wisdom ad_wisdom;

AD_API ad_status ad_wisdom_new(ad_wisdom **wisdom, ad_context *ctx); /* empty */
AD_API void ad_wisdom_free(ad_wisdom *wisdom);                       /* NULL is ignored */

/* Adds what a file holds for this machine; what is known already stays. AD_ERROR_FORMAT names the
 * file and the line, and leaves the wisdom as it was. */
AD_API ad_status ad_wisdom_load(ad_wisdom *wisdom, const char *path);
/* Adds what is known to a file, which need not be there; what the file holds stays, also what
 * another process added meanwhile. A damaged file is an error, and is not touched. */
AD_API ad_status ad_wisdom_save(const ad_wisdom *wisdom, const char *path);

/* From now on the context's programs are compiled with it; `tune`: problems that it does not know
 * are measured, on scratch memory and for some tenths of a second each at most, and remembered. It
 * must stay until it is replaced; NULL: none. On the null device, and where a memory limit asks for
 * the least workspace, there is nothing to choose by. */
AD_API void ad_wisdom_use(ad_context *ctx, ad_wisdom *wisdom, bool tune);

typedef struct ad_wisdom_entry {
    const char *problem; /* "matmul f32[64,128:128,1] ..." */
    const char *solver;  /* "packed gemm" */
    double seconds;      /* of one run on one thread */
} ad_wisdom_entry;
/* Remembers that the solver is the best for the problem, also in place of what is known. Texts
 * without tabs and control characters, seconds above 0: else AD_ERROR_ARGUMENT. */
AD_API ad_status ad_wisdom_add(ad_wisdom *wisdom, ad_wisdom_entry entry);

AD_API int ad_wisdom_count(const ad_wisdom *wisdom);
/* Number `index`, in the order in which they became known; valid until something is added. */
AD_API ad_wisdom_entry ad_wisdom_at(const ad_wisdom *wisdom, int index);
/* How many of them were measured by programs compiled with this wisdom, and how long that took. */
AD_API int ad_wisdom_measured(const ad_wisdom *wisdom, double *seconds);

#ifdef __cplusplus
}
#endif
#endif
