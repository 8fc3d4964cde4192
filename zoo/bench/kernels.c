/* kernels.c - where the time of a workload goes: its kernels, the longest first. */
#include "zoo/bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 48 };

typedef struct row {
    double seconds, flops, bytes, off, error; /* off: of the planner's estimate */
    char kernel[TEXT], node[TEXT];
} row;

typedef struct rows {
    row *row;
    int count, capacity;
    double seconds;
} rows;

/* The profile's own texts are gone after the call. */
static void keep(void *user, const ad_profile_row *from)
{
    rows *all = user;
    all->seconds += from->seconds;
    if (all->count == all->capacity) {
        int capacity = 2 * all->capacity + 64;
        row *grown = realloc(all->row, (size_t)capacity * sizeof *grown);
        if (!grown) return;
        all->row = grown, all->capacity = capacity;
    }
    row *to = &all->row[all->count++];
    *to = (row){.seconds = from->seconds, .flops = from->flops, .bytes = from->bytes};
    to->off = from->seconds > 0 ? from->estimate / from->seconds - 1 : 0, to->error = fabs(to->off);
    snprintf(to->kernel, sizeof to->kernel, "%s", from->kernel);
    snprintf(to->node, sizeof to->node, "%s", from->node);
}

static int longest_first(const void *a, const void *b)
{
    return ad_compare_numbers(((const row *)b)->seconds, ((const row *)a)->seconds);
}

static int by_error(const void *a, const void *b)
{
    return ad_compare_numbers(((const row *)a)->error, ((const row *)b)->error);
}

double bench_estimate_error(const ad_program *program)
{
    enum { LEAST_SHARE = 200 }; /* of the time: shorter kernels decide nothing */
    rows all = {0};
    int count = 0;
    ad_profile_read(program, keep, &all);
    for (int i = 0; i < all.count; ++i)
        if (all.row[i].seconds * LEAST_SHARE >= all.seconds) all.row[count++] = all.row[i];
    if (count) qsort(all.row, (size_t)count, sizeof *all.row, by_error);
    double median = count ? all.row[count / 2].error : 0;
    free(all.row);
    return median;
}

void bench_print_kernels(const ad_program *program, int most, ad_command *cmd)
{
    rows all = {0};
    ad_profile_read(program, keep, &all);
    if (all.count) qsort(all.row, (size_t)all.count, sizeof *all.row, longest_first);
    for (int i = 0; i < all.count && i < most; ++i) {
        const row *r = &all.row[i];
        ad_command_note(cmd, "  %9.1f us %5.1f %% %8.1f GFLOP/s %7.1f GB/s %+4.0f %%  %-36s %s",
                        r->seconds * 1e6, 100 * r->seconds / all.seconds,
                        r->flops / r->seconds * 1e-9, r->bytes / r->seconds * 1e-9, 100 * r->off,
                        r->kernel, r->node);
    }
    free(all.row);
}
