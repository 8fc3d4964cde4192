/* conv_depthwise.c - convolution where every channel is a group of its own (c = k = groups):
 * forward and input gradient, directly, vectors along channels.
 *
 * There is nothing to multiply matrices with: each result is taps products. Taps are summed in
 * order for strips of pixels. The input gradient is the same gather over the gradient, tap by tap
 * (conv_gemm.c says how taps, strides and remainders relate). */
#include "device/cpu/finish.h"
#include "device/cpu/simd.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

enum { STRIP = 8, CHANNELS = 4 * AD_VF };

typedef struct depthwise {
    const ad_operand *source, *filter;
    const ad_attr_conv *attr;
    const float *source_data, *filter_data;
    const ad_finish *finish;
    bool gradient;
    int64_t images, rows, cols, channels, taps_y, taps_x;
} depthwise;

static bool prepare(depthwise *d, const ad_problem *problem)
{
    const ad_operand *source = &problem->in[0], *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    *d = (depthwise){.source = source,
                     .filter = filter,
                     .attr = attr,
                     .gradient = problem->op == AD_OP_CONV2D_INPUT_GRAD,
                     .images = out->dim[0],
                     .rows = out->dim[1],
                     .cols = out->dim[2],
                     .channels = out->dim[3],
                     .taps_y = filter->dim[0],
                     .taps_x = filter->dim[1]};
    if (source->dtype != AD_F32 || filter->dtype != AD_F32) return false;
    if (filter->dim[2] != 1 || filter->dim[3] != attr->groups || out->dim[3] != attr->groups)
        return false;
    return source->dim[3] == attr->groups && source->stride[3] == 1 && filter->stride[3] == 1;
}

/* The source row (or column) that a tap brings to a result row, or -1. */
static int64_t meet(const depthwise *d, int axis, int64_t at, int64_t tap)
{
    int64_t stride = d->attr->stride[axis], pad = d->attr->pad[axis];
    int64_t reach = tap * d->attr->dilation[axis], from;
    if (!d->gradient) {
        from = at * stride - pad + reach;
    } else {
        from = at + pad - reach;
        if (from < 0 || from % stride) return -1;
        from /= stride;
    }
    return from >= 0 && from < d->source->dim[1 + axis] ? from : -1;
}

/* One result row: STRIP pixels by up to CHANNELS channels at a time. */
static void row_task(void *user, int64_t index, int worker)
{
    const depthwise *d = user;
    const int64_t *stride = d->source->stride;
    int64_t image = index / d->rows, y = index % d->rows;
    (void)worker;
    for (int64_t x = 0; x < d->cols; x += STRIP) {
        int64_t pixels = least(STRIP, d->cols - x);
        for (int64_t c = 0; c < d->channels; c += CHANNELS) {
            float sums[STRIP * CHANNELS] = {0};
            int64_t width = least(CHANNELS, d->channels - c);
            for (int64_t r = 0; r < d->taps_y; ++r) {
                int64_t from_y = meet(d, 0, y, r);
                if (from_y < 0) continue;
                const float *row = d->source_data + image * stride[0] + from_y * stride[1] + c;
                for (int64_t s = 0; s < d->taps_x; ++s) {
                    const float *tap = d->filter_data + r * d->filter->stride[0] +
                                       s * d->filter->stride[1] + c;
                    for (int64_t i = 0; i < pixels; ++i) {
                        int64_t from_x = meet(d, 1, x + i, s);
                        if (from_x < 0) continue;
                        const float *from = row + from_x * stride[2];
                        float *to = sums + i * CHANNELS;
                        for (int64_t j = 0; j < width; j += AD_VF) {
                            int64_t n = least(AD_VF, width - j);
                            vf a = n == AD_VF ? vf_load(from + j) : vf_load_n(from + j, n);
                            vf b = n == AD_VF ? vf_load(tap + j) : vf_load_n(tap + j, n);
                            vf_store(to + j, vf_fma(a, b, vf_load(to + j)));
                        }
                    }
                }
            }
            AD_ISA_NAME(ad_finish_run)
            (d->finish, sums, CHANNELS, (image * d->rows + y) * d->cols + x, pixels, c, width);
        }
    }
}

static double products(const depthwise *d)
{
    int64_t vectors = (d->channels + AD_VF - 1) / AD_VF;
    return (double)(d->images * d->rows * d->cols * d->taps_y * d->taps_x) *
           (double)(vectors * AD_VF);
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    depthwise d;
    if (!prepare(&d, problem)) return -1;
    double work = 20 * products(&d) / machine->flops_f32 + machine->call; /* a tenth of the peak */
    return machine->threads == 1 ? work : work / machine->threads + machine->overhead;
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    depthwise d;
    ad_finish finish;
    prepare(&d, problem);
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    d.source_data = args->in[0], d.filter_data = args->in[1], d.finish = &finish;
    bool alone = products(&d) < 1e5 || ad_pool_size(args->pool) > problem->threads;
    ad_parallel(alone ? NULL : args->pool, d.images * d.rows, row_task, &d);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_depthwise) = {
    .name = "depthwise", .op = AD_OP_CONV2D, .bid = bid, .run = run};
const ad_solver AD_ISA_NAME(ad_solver_conv_input_depthwise) = {
    .name = "depthwise", .op = AD_OP_CONV2D_INPUT_GRAD, .bid = bid, .run = run};
