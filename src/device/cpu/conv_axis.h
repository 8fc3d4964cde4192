/* conv_axis.h - one axis of conv2d, or of its input gradient, as a gather.
 *
 * Pixel i of the result gathers, over taps t, the source at i * step + offset + t * delta with the
 * filter at weight + t * weight_step. The input gradient of a strided convolution is cut into
 * phases, result pixels with the same remainder by the stride, each of which sees only the taps
 * that reach it: a gather with step 1. */
#ifndef AD_CPU_CONV_AXIS_H
#define AD_CPU_CONV_AXIS_H

#include "device/cpu/sizes.h"
#include "ops/attrs.h"
#include "plan/device.h"

typedef struct ad_conv_axis {
    int64_t pixels, source; /* of the phase; of the whole source */
    int64_t step, taps, offset, delta, weight, weight_step;
} ad_conv_axis;

/* Axis 0 or 1 (height or width) of the forward convolution. */
static inline ad_conv_axis ad_conv_forward_axis(const ad_problem *problem, int i)
{
    const ad_attr_conv *attr = problem->attr;
    return (ad_conv_axis){.pixels = problem->out[0].dim[1 + i],
                          .source = problem->in[0].dim[1 + i],
                          .step = attr->stride[i],
                          .taps = problem->in[1].dim[i],
                          .offset = -attr->pad[i],
                          .delta = attr->dilation[i],
                          .weight = 0,
                          .weight_step = 1};
}

/* y = phase + stride * i reaches source row (y + pad - tap * dilation) / stride for the taps where
 * that is whole; delta is negative. */
static inline ad_conv_axis ad_conv_phase_axis(const ad_problem *problem, int i, int64_t phase)
{
    const ad_attr_conv *attr = problem->attr;
    const ad_operand *g = &problem->in[0], *w = &problem->in[1], *out = &problem->out[0];
    int64_t stride = attr->stride[i], dilation = attr->dilation[i], taps = w->dim[i];
    int64_t first = 0, period = 1;
    while (first < taps && (phase + attr->pad[i] - first * dilation) % stride) ++first;
    while (period * dilation % stride) ++period;
    ad_conv_axis a = {.pixels = (out->dim[1 + i] - phase + stride - 1) / stride,
                      .source = g->dim[1 + i],
                      .step = 1,
                      .weight = first,
                      .weight_step = period,
                      .taps = first < taps ? (taps - first + period - 1) / period : 0};
    a.delta = -(period * dilation / stride);
    a.offset = (phase + attr->pad[i] - first * dilation) / stride;
    return a;
}

/* Of a phase of the input gradient, or of the forward convolution, which has one; its taps in
 * rising order of the source. */
static inline ad_conv_axis ad_conv_rising_axis(const ad_problem *problem, int i, int64_t phase)
{
    ad_conv_axis a = problem->op == AD_OP_CONV2D ? ad_conv_forward_axis(problem, i)
                                                 : ad_conv_phase_axis(problem, i, phase);
    if (a.delta >= 0) return a;
    int64_t last = most(a.taps - 1, 0);
    a.offset += last * a.delta, a.weight += last * a.weight_step;
    a.delta = -a.delta, a.weight_step = -a.weight_step;
    return a;
}

/* First and one past the last source position of result positions [begin, end) along an axis that
 * has so many phases. */
static inline void ad_conv_reach(const ad_conv_axis *axis, int64_t phases, int64_t begin,
                                 int64_t end, int64_t *first, int64_t *past)
{
    *first = INT64_MAX, *past = INT64_MIN;
    for (int64_t phase = 0; phase < phases; ++phase) {
        const ad_conv_axis *a = &axis[phase];
        int64_t i = (begin - phase + phases - 1) / phases; /* begin + phases > phase */
        int64_t last = (end - 1 - phase + phases) / phases - 1;
        if (i > last || !a->taps) continue;
        *first = least(*first, i * a->step + a->offset);
        *past = most(*past, last * a->step + a->offset + (a->taps - 1) * a->delta + 1);
    }
    if (*first > *past) *first = *past = 0;
}

/* How many phases there are along axis i. */
static inline int64_t ad_conv_phases(const ad_problem *problem, int i)
{
    const ad_attr_conv *attr = problem->attr;
    int64_t size = problem->out[0].dim[1 + i];
    return problem->op == AD_OP_CONV2D ? 1 : attr->stride[i] < size ? attr->stride[i] : size;
}

/* The phases of both axes, their taps in rising order, and where the packed filter of each pair of
 * them begins, in floats, when a tap has so many. */
enum { AD_CONV_PHASES = 4 }; /* of an axis, at most */
typedef struct ad_conv_grid {
    int64_t phases[2];
    ad_conv_axis y[AD_CONV_PHASES], x[AD_CONV_PHASES];
    int64_t filter_at[AD_CONV_PHASES][AD_CONV_PHASES], filter_floats;
} ad_conv_grid;

/* false: there are more phases. */
static inline bool ad_conv_grid_set(ad_conv_grid *g, const ad_problem *problem, int64_t tap_floats)
{
    for (int i = 0; i < 2; ++i) {
        g->phases[i] = ad_conv_phases(problem, i);
        if (g->phases[i] > AD_CONV_PHASES) return false;
        for (int64_t phase = 0; phase < g->phases[i]; ++phase)
            (i ? g->x : g->y)[phase] = ad_conv_rising_axis(problem, i, phase);
    }
    g->filter_floats = 0;
    for (int64_t y = 0; y < g->phases[0]; ++y)
        for (int64_t x = 0; x < g->phases[1]; ++x) {
            g->filter_at[y][x] = g->filter_floats;
            g->filter_floats += g->y[y].taps * g->x[x].taps * tap_floats;
        }
    g->filter_floats = (g->filter_floats + 15) / 16 * 16;
    return true;
}

static inline void ad_conv_operand_phase(ad_operand *o, void **data, const ad_attr_conv *attr,
                                         const int64_t *phase)
{
    int64_t offset = 0;
    for (int i = 0; i < 2; ++i) {
        o->dim[1 + i] = (o->dim[1 + i] - phase[i] + attr->stride[i] - 1) / attr->stride[i];
        offset += phase[i] * o->stride[1 + i];
        o->stride[1 + i] *= attr->stride[i];
    }
    *data = (char *)*data + offset * (int64_t)ad_dtype_size(o->dtype);
}

/* The results, and the operands of the epilogue, of one phase. */
typedef struct ad_conv_phase {
    ad_problem problem;
    ad_run_args args;
    void *in[AD_PROBLEM_INPUTS], *out[AD_CHAIN_OUTPUTS];
} ad_conv_phase;

/* `part` must stay where it is while it is used. */
static inline void ad_conv_take_phase(ad_conv_phase *part, const ad_problem *problem,
                                      const ad_run_args *args, const int64_t *phase)
{
    part->problem = *problem, part->args = *args;
    for (int i = 0; i < problem->n_in; ++i) part->in[i] = args->in[i];
    for (int i = 0; i < problem->n_out; ++i) part->out[i] = args->out[i];
    for (int i = 2; i < problem->n_in; ++i)
        ad_conv_operand_phase(&part->problem.in[i], &part->in[i], problem->attr, phase);
    for (int i = 0; i < problem->n_out; ++i)
        ad_conv_operand_phase(&part->problem.out[i], &part->out[i], problem->attr, phase);
    part->args.in = part->in, part->args.out = part->out;
}

#endif
