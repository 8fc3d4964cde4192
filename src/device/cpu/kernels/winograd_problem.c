/* winograd_problem.c - convolutions, their input and weight gradients as problems of winograd.h. */
#include "device/cpu/conv_axis.h"
#include "device/cpu/sizes.h"
#include "device/cpu/winograd.h"

enum { LEAST_SIZE = 16 }; /* channels and columns: below, vectors are mostly padding */

/* Whether a filter of `taps` steps a side, with this attribute, is one at all. */
static bool suits(const ad_operand *filter, const ad_attr_conv *attr, int taps)
{
    if (filter->dtype != AD_F32 || attr->groups != 1) return false;
    for (int i = 0; i < 2; ++i)
        if (attr->dilation[i] != 1 || filter->dim[i] != taps * attr->stride[i] ||
            attr->pad[i] >= filter->dim[i])
            return false;
    return true;
}

static bool set_source(ad_winograd *w, const ad_operand *source)
{
    if (source->dtype != AD_F32 || source->stride[3] != 1) return false;
    w->images = source->dim[0], w->height = source->dim[1], w->width = source->dim[2];
    for (int i = 0; i < 3; ++i) w->source_stride[i] = source->stride[i];
    return true;
}

/* Pixels that one step along a row takes together are one pixel with more channels, where they lie
 * so in memory, as their taps do, and no edge cuts them. */
static void merge_phases(ad_winograd *w)
{
    int64_t step = w->step[1];
    if (w->source_stride[2] != w->channels || w->pad[1] % step || w->width % step ||
        w->filter_tap[1] != w->channels * w->filter_channel)
        return;
    w->channels *= step, w->width /= step, w->pad[1] /= step;
    w->source_stride[2] *= step, w->filter_tap[1] *= step;
    w->step[1] = 1;
}

static bool complete(ad_winograd *w, int edge, int taps, int64_t rows, int64_t cols)
{
    w->edge = edge, w->taps = taps, w->patch = edge + taps - 1, w->points = w->patch * w->patch;
    w->rows = rows, w->cols = cols;
    w->tiles_y = (rows + edge - 1) / edge, w->tiles_x = (cols + edge - 1) / edge;
    w->tiles = w->images * w->tiles_y * w->tiles_x;
    w->group = up(w->channels, AD_VF);
    w->depth = w->step[0] * w->step[1] * w->group;
    return w->tiles > 0 && w->columns >= LEAST_SIZE &&
           w->step[0] * w->step[1] * w->channels >= LEAST_SIZE;
}

bool AD_ISA_NAME(ad_winograd_forward)(ad_winograd *w, const ad_problem *problem, int edge, int taps)
{
    const ad_operand *filter = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    *w = (ad_winograd){.channels = filter->dim[2],
                       .columns = filter->dim[3],
                       .step = {attr->stride[0], attr->stride[1]},
                       .pad = {attr->pad[0], attr->pad[1]},
                       .filter_tap = {filter->stride[0], filter->stride[1]},
                       .filter_channel = filter->stride[2],
                       .filter_column = filter->stride[3]};
    if (!suits(filter, attr, taps) || !set_source(w, &problem->in[0])) return false;
    if (w->filter_column != 1 && w->filter_channel != 1) return false;
    merge_phases(w);
    return complete(w, edge, taps, out->dim[1], out->dim[2]);
}

bool AD_ISA_NAME(ad_winograd_input)(ad_winograd *w, const ad_problem *problem, int edge, int taps,
                                    const int64_t *phase)
{
    const ad_operand *filter = &problem->in[1];
    const ad_attr_conv *attr = problem->attr;
    *w = (ad_winograd){.channels = filter->dim[3],
                       .columns = filter->dim[2],
                       .step = {1, 1},
                       .flip = true,
                       .filter_channel = filter->stride[3],
                       .filter_column = filter->stride[2]};
    if (!suits(filter, attr, taps) || !set_source(w, &problem->in[0])) return false;
    if (w->filter_column != 1 && w->filter_channel != 1) return false;
    int64_t size[2];
    for (int i = 0; i < 2; ++i) {
        ad_conv_axis axis = ad_conv_phase_axis(problem, i, phase[i]);
        w->pad[i] = taps - 1 - axis.offset;
        w->filter_tap[i] = filter->stride[i] * axis.weight_step;
        w->filter_first += filter->stride[i] * axis.weight;
        size[i] = axis.pixels;
    }
    return complete(w, edge, taps, size[0], size[1]);
}

bool AD_ISA_NAME(ad_winograd_weight)(ad_winograd *w, const ad_problem *problem, int edge, int taps)
{
    const ad_operand *gradient = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    *w = (ad_winograd){.channels = out->dim[2],
                       .columns = out->dim[3],
                       .step = {attr->stride[0], attr->stride[1]},
                       .pad = {attr->pad[0], attr->pad[1]},
                       .filter_tap = {out->dim[1] * out->dim[2], out->dim[2]},
                       .filter_channel = 1};
    if (!suits(out, attr, taps) || !set_source(w, &problem->in[0])) return false;
    if (gradient->dtype != AD_F32 || gradient->stride[3] != 1) return false;
    merge_phases(w);
    return complete(w, edge, taps, gradient->dim[1], gradient->dim[2]);
}
