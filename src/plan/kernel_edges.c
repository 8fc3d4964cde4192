/* kernel_edges.c - which kernel must run before which.
 *
 * After the writers of what it reads; who reads the old value of a variable before who writes the
 * new one; and after the step that packs its operand. */
#include "plan/schedule.h"

#include <string.h>

static bool add_edge(ad_plan *plan, ad_edges *e, int from, int to)
{
    if (from == to) return true;
    if (e->n == e->capacity) {
        int capacity = e->capacity ? 2 * e->capacity : 256;
        int *grown = ad_arena_alloc(&plan->scratch, (size_t)capacity * 2 * sizeof(int));
        if (!grown) return false;
        if (e->n) memcpy(grown, e->pairs, (size_t)e->n * 2 * sizeof(int));
        e->pairs = grown, e->capacity = capacity;
    }
    e->pairs[2 * e->n] = from;
    e->pairs[2 * e->n++ + 1] = to;
    return true;
}

static bool values_after_writers(ad_plan *plan, ad_edges *e)
{
    for (int id = 0; id < plan->n_values; ++id) {
        const ad_value *value = &plan->values[id];
        for (int i = 0; i < value->n_writers; ++i) {
            int writer = value->writers[i];
            int from = writer < 0 ? plan->n_kernels + ~writer : writer;
            if (!add_edge(plan, e, from, plan->n_kernels + id)) return false;
        }
    }
    return true;
}

static bool kernels_after_values(ad_plan *plan, ad_edges *e)
{
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *kernel = plan->kernels[k];
        for (int i = 0; i < kernel->problem.n_in; ++i) {
            int value = kernel->in[i].value;
            if (!ad_kernel_reads(kernel, i) || !plan->values[value].n_writers) continue;
            if (!add_edge(plan, e, plan->n_kernels + value, k)) return false;
        }
    }
    return true;
}

/* The parts of variables whose value from before the run is read, by kernels. */
static bool list_old_reads(ad_plan *plan, ad_spans *reads)
{
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *kernel = plan->kernels[k];
        for (int i = 0; i < kernel->problem.n_in; ++i) {
            int value = kernel->in[i].value;
            if (!ad_kernel_reads(kernel, i) || value >= plan->n_nodes ||
                plan->nodes[value]->op != AD_OP_VARIABLE)
                continue;
            ad_span read = ad_span_of_input(plan->program, kernel, i, k);
            if (!ad_spans_add(reads, &plan->scratch, read)) return false;
        }
    }
    return ad_spans_index(reads, &plan->scratch);
}

static bool old_reads_before_writers(ad_plan *plan, ad_edges *e)
{
    ad_spans reads = {0};
    if (!list_old_reads(plan, &reads)) return false;
    for (int k = 0; k < plan->n_kernels; ++k) {
        const ad_kernel *kernel = plan->kernels[k];
        for (int o = 0; o < kernel->problem.n_out && ad_kernel_writes(kernel); ++o) {
            ad_span written = ad_span_of_output(plan->program, kernel, o, k);
            for (int i = -1; (i = ad_spans_next(&reads, &written, i)) >= 0; ++plan->visits)
                if (!add_edge(plan, e, reads.span[i].owner, k)) return false;
        }
    }
    return true;
}

static bool kernels_after_packing(ad_plan *plan, ad_edges *e)
{
    size_t n = (size_t)plan->program->n_buffers + 1;
    int *packs = ad_arena_alloc(&plan->scratch, n * sizeof *packs); /* per buffer: the kernel + 1 */
    if (!packs) return false;
    for (int k = 0; k < plan->n_kernels; ++k)
        if (plan->kernels[k]->packs) packs[plan->kernels[k]->packed] = k + 1;
    for (int k = 0; k < plan->n_kernels; ++k) {
        int packed = plan->kernels[k]->packed;
        if (packed >= 0 && packs[packed] && !add_edge(plan, e, packs[packed] - 1, k)) return false;
    }
    return true;
}

bool ad_kernel_edges(ad_plan *plan, ad_edges *edges)
{
    return values_after_writers(plan, edges) && kernels_after_values(plan, edges) &&
           old_reads_before_writers(plan, edges) && kernels_after_packing(plan, edges);
}
