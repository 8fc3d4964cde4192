/* conv_gemm.c - conv2d and its input gradient as matrix products whose packing looks the image up.
 *
 * Both gather: element (pixel, column) = sum over taps and channels of source(pixel, tap, channel)
 * * weight(tap, channel, column). The image-to-columns matrix exists only as packed panels. The
 * input gradient of a strided convolution is cut into phases (conv_axis.h). */
#include "device/cpu/conv_axis.h"
#include "device/cpu/gemm.h"
#include "device/cpu/sizes.h"

#include <math.h>

typedef struct gather {
    ad_gemm gemm;
    ad_conv_axis y, x;
    const ad_operand *source, *filter;
    const char *source_data, *filter_data;
    int64_t source_size, filter_size;      /* bytes of an element */
    int64_t channels;                      /* per group */
    int64_t filter_channel, filter_column; /* strides */
    int64_t filter_group;                  /* stride from group to group */
    bool taps_adjoin; /* the taps of a row and their channels are one run of memory */
} gather;

/* ---- packing ---- */
typedef struct pixel {
    const char *at; /* where tap offset 0, channel 0 would be */
    int64_t y, x;   /* source position without tap */
} pixel;

/* The run of steps from (tap_y, tap_x, channel) that is contiguous for all rows of the panel. */
static int64_t find_rows(const gather *c, const pixel *px, int64_t rows, int64_t step,
                         const char **row)
{
    int64_t tap = step / c->channels, channel = step % c->channels;
    int64_t tap_y = tap / c->x.taps, tap_x = tap % c->x.taps;
    int64_t dy = c->y.offset + tap_y * c->y.delta, dx = c->x.offset + tap_x * c->x.delta;
    int64_t last = c->x.offset + (c->x.taps - 1) * c->x.delta;
    int64_t at = (dy * c->source->stride[1] + dx * c->source->stride[2] +
                  channel * c->source->stride[3]) *
                 c->source_size;
    bool whole = c->taps_adjoin;
    for (int64_t r = 0; r < AD_MR; ++r) {
        row[r] = NULL;
        if (r >= rows || (uint64_t)(px[r].y + dy) >= (uint64_t)c->y.source) continue;
        bool here = (uint64_t)(px[r].x + dx) < (uint64_t)c->x.source;
        whole = whole && here && (uint64_t)(px[r].x + last) < (uint64_t)c->x.source;
        if (here) row[r] = px[r].at + at;
    }
    return (whole ? (c->x.taps - tap_x) : 1) * c->channels - channel;
}

static void pack_pixels(const ad_gemm *g, int64_t item, int64_t i, int64_t rows, int64_t p,
                        int64_t depth, void *panels)
{
    const gather *c = g->source;
    const int64_t *stride = c->source->stride;
    int64_t x = i % c->x.pixels, rest = i / c->x.pixels;
    int64_t y = rest % c->y.pixels, image = rest / c->y.pixels;
    const char *group = c->source_data + item * c->channels * stride[3] * c->source_size;
    char *to = panels;
    for (int64_t done = 0; done < rows; done += AD_MR) {
        pixel px[AD_MR];
        int64_t have = least(AD_MR, rows - done);
        for (int64_t r = 0; r < have; ++r) {
            px[r].y = y * c->y.step, px[r].x = x * c->x.step;
            px[r].at = group + (image * stride[0] + px[r].y * stride[1] + px[r].x * stride[2]) *
                                   c->source_size;
            if (++x == c->x.pixels) {
                x = 0;
                if (++y == c->y.pixels) y = 0, ++image;
            }
        }
        for (int64_t at = p; at < p + depth;) {
            const char *row[AD_MR];
            int64_t run = least(find_rows(c, px, have, at, row), p + depth - at);
            AD_ISA_NAME(ad_pack_a_rows)
            (g->form, row, c->source->dtype, stride[3], at - p, run, to);
            at += run;
        }
        to += ad_panel_a_bytes(g->form, depth);
    }
}

static void pack_filter(const ad_gemm *g, int64_t item, int64_t j, int64_t cols, int64_t p,
                        int64_t depth, void *panels)
{
    const gather *c = g->source;
    int nr = ad_panel_cols(g->form);
    int64_t unit = ad_unit_bytes(g->form), step = g->form == AD_BF16 ? 2 : 1;
    char *to = panels;
    for (int64_t done = 0; done < cols; done += nr)
        for (int64_t at = p; at < p + depth;) {
            int64_t tap = at / c->channels, channel = at % c->channels;
            int64_t run = least(c->channels - channel, p + depth - at);
            int64_t y = c->y.weight + tap / c->x.taps * c->y.weight_step;
            int64_t x = c->x.weight + tap % c->x.taps * c->x.weight_step;
            int64_t offset = item * c->filter_group + y * c->filter->stride[0] +
                             x * c->filter->stride[1] + channel * c->filter_channel +
                             (j + done) * c->filter_column;
            ad_matrix part = {c->filter_data + offset * c->filter_size, c->filter->dtype,
                              c->filter_column, c->filter_channel};
            AD_ISA_NAME(ad_pack_b)(g->form, &part, least(nr, cols - done), run, to);
            to += (run + step - 1) / step * nr * unit;
            at += run;
        }
}

/* ---- the two problems ---- */
static void finish_gather(gather *c, const ad_problem *problem, int64_t images, int64_t columns)
{
    const ad_attr_conv *attr = problem->attr;
    ad_gemm *g = &c->gemm;
    c->source_size = (int64_t)ad_dtype_size(c->source->dtype);
    c->filter_size = (int64_t)ad_dtype_size(c->filter->dtype);
    c->taps_adjoin = c->source->stride[3] == 1 && attr->groups == 1 && c->x.taps > 1 &&
                     c->source->stride[2] * c->x.delta == c->channels;
    double run = (double)((c->taps_adjoin ? c->x.taps : 1) * c->channels);
    *g = (ad_gemm){.form = AD_ISA_NAME(ad_gemm_form)(c->source->dtype, c->filter->dtype),
                   .items = attr->groups,
                   .m = images * c->y.pixels * c->x.pixels,
                   .n = columns,
                   .k = c->y.taps * c->x.taps * c->channels,
                   .shared_b = attr->groups == 1,
                   .col_step = columns,
                   .pack_a = pack_pixels,
                   .pack_b = pack_filter,
                   .a_work = AD_PACK_A + 1200 / fmax(run, 1), /* each run is looked for */
                   .b_work = AD_PACK_B,
                   .source = c};
    if (g->form == AD_BF16 && c->channels % 2) g->form = AD_F32; /* pairs would straddle taps */
}

static void forward(gather *c, const ad_problem *problem)
{
    const ad_operand *x = &problem->in[0], *w = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    int64_t columns = out->dim[3] / attr->groups;
    *c = (gather){.source = x,
                  .filter = w,
                  .channels = w->dim[2],
                  .filter_channel = w->stride[2],
                  .filter_column = w->stride[3],
                  .filter_group = columns * w->stride[3]};
    c->y = ad_conv_forward_axis(problem, 0), c->x = ad_conv_forward_axis(problem, 1);
    finish_gather(c, problem, x->dim[0], columns);
}

static void input_gradient(gather *c, const ad_problem *problem, int64_t phase_y, int64_t phase_x)
{
    const ad_operand *g = &problem->in[0], *w = &problem->in[1];
    const ad_attr_conv *attr = problem->attr;
    int64_t channels = g->dim[3] / attr->groups;
    *c = (gather){.source = g,
                  .filter = w,
                  .channels = channels,
                  .filter_channel = w->stride[3],
                  .filter_column = w->stride[2],
                  .filter_group = channels * w->stride[3]};
    c->y = ad_conv_phase_axis(problem, 0, phase_y), c->x = ad_conv_phase_axis(problem, 1, phase_x);
    finish_gather(c, problem, g->dim[0], w->dim[2]);
}

static bool prepare(gather *c, const ad_problem *problem)
{
    if (problem->op == AD_OP_CONV2D)
        forward(c, problem);
    else
        input_gradient(c, problem, 0, 0);
    return c->gemm.form != AD_DTYPES;
}

/* ---- the solvers ---- */
static double bid(const ad_problem *problem, const ad_machine *machine)
{
    gather c;
    if (!prepare(&c, problem)) return -1;
    double seconds = 0;
    for (int64_t y = 0; y < ad_conv_phases(problem, 0); ++y)
        for (int64_t x = 0; x < ad_conv_phases(problem, 1); ++x) {
            if (problem->op != AD_OP_CONV2D) input_gradient(&c, problem, y, x);
            seconds += AD_ISA_NAME(ad_gemm_seconds)(&c.gemm, machine);
        }
    return seconds;
}

static size_t workspace(const ad_problem *problem)
{
    gather c;
    size_t most = 0;
    prepare(&c, problem);
    for (int64_t y = 0; y < ad_conv_phases(problem, 0); ++y)
        for (int64_t x = 0; x < ad_conv_phases(problem, 1); ++x) {
            if (problem->op != AD_OP_CONV2D) input_gradient(&c, problem, y, x);
            size_t bytes = AD_ISA_NAME(ad_gemm_workspace)(&c.gemm, problem->threads);
            if (bytes > most) most = bytes;
        }
    return most;
}

static size_t packed_size(const ad_problem *problem)
{
    gather c;
    if (ad_conv_phases(problem, 0) * ad_conv_phases(problem, 1) != 1) return 0;
    prepare(&c, problem);
    return AD_ISA_NAME(ad_gemm_packed)(&c.gemm);
}

static void pack_constant(const ad_problem *problem, const void *operand, void *packed, void *work,
                          ad_pool *pool)
{
    gather c;
    (void)work;
    prepare(&c, problem);
    c.filter_data = operand;
    AD_ISA_NAME(ad_gemm_pack)(&c.gemm, packed, pool);
}

static void run_gather(gather *c, const ad_problem *problem, const ad_run_args *args)
{
    ad_finish finish;
    ad_dtype accumulator = c->gemm.form == AD_F64 ? AD_F64 : AD_F32;
    c->source_data = args->in[0], c->filter_data = args->in[1];
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, accumulator);
    AD_ISA_NAME(ad_gemm_run)
    (&c->gemm, &finish, args->packed, args->workspace, problem->threads, args->pool);
}

static void run_forward(const ad_problem *problem, const ad_run_args *args)
{
    gather c;
    forward(&c, problem);
    run_gather(&c, problem, args);
}

static void run_input_gradient(const ad_problem *problem, const ad_run_args *args)
{
    for (int64_t y = 0; y < ad_conv_phases(problem, 0); ++y)
        for (int64_t x = 0; x < ad_conv_phases(problem, 1); ++x) {
            gather c;
            ad_conv_phase part;
            ad_conv_take_phase(&part, problem, args, (const int64_t[]){y, x});
            input_gradient(&c, problem, y, x);
            run_gather(&c, &part.problem, &part.args);
        }
}

const ad_solver AD_ISA_NAME(ad_solver_conv_gemm) = {.name = "implicit gemm",
                                                    .op = AD_OP_CONV2D,
                                                    .bid = bid,
                                                    .workspace = workspace,
                                                    .packed = packed_size,
                                                    .pack = pack_constant,
                                                    .run = run_forward};
const ad_solver AD_ISA_NAME(ad_solver_conv_input_gemm) = {.name = "implicit gemm",
                                                          .op = AD_OP_CONV2D_INPUT_GRAD,
                                                          .bid = bid,
                                                          .workspace = workspace,
                                                          .packed = packed_size,
                                                          .pack = pack_constant,
                                                          .run = run_input_gradient};
