/* op_resize.c - Resize and Upsample, axis by axis: each result is a weighted sum of one, two or
 * four neighbours, which are gathered. What the engine's resize2d does the same way is left to it.
 */
#include "onnx/build.h"

#include <math.h>
#include <string.h>

enum { TAPS_MOST = 4, SIZE_MOST = 1 << 20 };

typedef struct resizing {
    const ad_onnx_call *call;
    const char *mode, *place, *nearest;
    double cubic, scale[AD_MAX_RANK];
    int64_t size[AD_MAX_RANK]; /* per axis of the file */
    bool exclude_outside;
    int taps;
} resizing;

/* ---- what is asked for ---- */

/* Numbers for all axes from input `i`, or for those that `axes` lists; `count` 0: there are none.
 */
static ad_status per_axis(resizing *r, int i, double *list, int *count)
{
    int64_t axes[AD_MAX_RANK];
    int axis_count, axis, rank = r->call->in[0]->shape.rank;
    ad_onnx_slot *slot = ad_onnx_in(r->call, i);
    *count = 0;
    if (!slot || !ad_shape_count(slot->shape)) return AD_OK;
    ad_status status = ad_onnx_ints(r->call, "axes", -1, axes, AD_MAX_RANK, &axis_count);
    const double *numbers = status ? NULL : ad_onnx_known(r->call, i);
    if (!numbers) return status ? status : ad_error_status(r->call->b->ctx);
    *count = (int)(ad_shape_count(slot->shape) > AD_MAX_RANK ? -1 : ad_shape_count(slot->shape));
    if (*count != (axis_count < 0 ? rank : axis_count))
        return ad_onnx_refuse(r->call, AD_ERROR_FORMAT, "sizes or scales of %d axes, expected %d",
                              *count, axis_count < 0 ? rank : axis_count);
    for (int k = 0; k < *count; ++k) {
        status = ad_onnx_axis(r->call, axis_count < 0 ? k : axes[k], rank, &axis);
        if (status) return status;
        list[axis] = numbers[k];
    }
    return AD_OK;
}

static ad_status take_scales(resizing *r, const double *scales)
{
    ad_shape shape = r->call->in[0]->shape;
    for (int i = 0; i < shape.rank; ++i) {
        double size = floor((double)shape.dim[i] * scales[i]);
        if (!(scales[i] > 0 && size <= SIZE_MOST))
            return ad_onnx_refuse(r->call, AD_ERROR_ARGUMENT, "axis %d is scaled by %g", i,
                                  scales[i]);
        r->scale[i] = scales[i], r->size[i] = (int64_t)size;
    }
    return AD_OK;
}

static ad_status take_sizes(resizing *r, const double *sizes)
{
    ad_shape shape = r->call->in[0]->shape;
    const char *ratio = ad_onnx_text(r->call, "keep_aspect_ratio_policy", "stretch");
    if (strcmp(ratio, "stretch") != 0)
        return ad_onnx_refuse(r->call, AD_ERROR_UNSUPPORTED, "keep_aspect_ratio_policy \"%.40s\"",
                              ratio);
    for (int i = 0; i < shape.rank; ++i) {
        if (!(sizes[i] >= 0 && sizes[i] <= SIZE_MOST) || !shape.dim[i])
            return ad_onnx_refuse(r->call, AD_ERROR_ARGUMENT, "axis %d is resized to %g", i,
                                  sizes[i]);
        r->size[i] = (int64_t)sizes[i];
        r->scale[i] = sizes[i] / (double)shape.dim[i];
    }
    return AD_OK;
}

/* Upsample has its scales in an attribute (7) or in input 1 (9), Resize of opset 10 in input 1. */
static ad_status take_size(resizing *r)
{
    double list[AD_MAX_RANK];
    ad_shape shape = r->call->in[0]->shape;
    const ad_onnx_attr *attr = ad_onnx_attr_find(r->call, "scales");
    bool old = !strcmp(r->call->node->op, "Upsample") || r->call->opset < 11;
    int count;
    for (int i = 0; i < shape.rank; ++i) list[i] = 1;
    if (attr && attr->float_count == (size_t)shape.rank) {
        for (int i = 0; i < shape.rank; ++i) list[i] = (double)attr->floats[i];
        return take_scales(r, list);
    }
    ad_status status = per_axis(r, old ? 1 : 2, list, &count);
    if (status) return status;
    if (count) return take_scales(r, list);
    for (int i = 0; i < shape.rank; ++i) list[i] = (double)shape.dim[i];
    status = per_axis(r, 3, list, &count);
    if (status) return status;
    if (!count || old)
        return ad_onnx_refuse(r->call, AD_ERROR_FORMAT, "it has neither sizes nor scales");
    return take_sizes(r, list);
}

static ad_status one_of(const resizing *r, const char *what, const char *value,
                        const char *const *known)
{
    for (; *known; ++known)
        if (!strcmp(*known, value)) return AD_OK;
    return ad_onnx_refuse(r->call, AD_ERROR_UNSUPPORTED, "%s \"%.40s\"", what, value);
}

static ad_status take_modes(resizing *r)
{
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const places[] = {"half_pixel", "pytorch_half_pixel",   "align_corners",
                                         "asymmetric", "half_pixel_symmetric", NULL};
    static const char *const roundings[] = {
        "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple", NULL};
    bool old = !strcmp(r->call->node->op, "Upsample") || r->call->opset < 11;
    r->mode = ad_onnx_text(r->call, "mode", "nearest");
    r->place = ad_onnx_text(r->call, "coordinate_transformation_mode", "half_pixel");
    r->nearest = ad_onnx_text(r->call, "nearest_mode", "round_prefer_floor");
    if (old) r->place = "asymmetric", r->nearest = "simple";
    if (!strcmp(r->mode, "bilinear")) r->mode = "linear";
    r->cubic = ad_onnx_float(r->call, "cubic_coeff_a", -0.75);
    r->exclude_outside = ad_onnx_int(r->call, "exclude_outside", 0) != 0;
    r->taps = !strcmp(r->mode, "nearest") ? 1 : !strcmp(r->mode, "linear") ? 2 : 4;
    if (ad_onnx_int(r->call, "antialias", 0))
        return ad_onnx_refuse(r->call, AD_ERROR_UNSUPPORTED, "antialias");
    ad_status status = one_of(r, "mode", r->mode, modes);
    if (!status) status = one_of(r, "coordinate_transformation_mode", r->place, places);
    return status ? status : one_of(r, "nearest_mode", r->nearest, roundings);
}

/* ---- one axis ---- */

/* Where result i of `size` lies in an axis of `in`. In f32, as everyone does: rounding decides
 * which neighbour is the nearest. */
static float place_of(const resizing *r, int64_t i, int64_t in, int64_t size, float scale)
{
    float x = (float)i;
    if (!strcmp(r->place, "asymmetric")) return x / scale;
    if (!strcmp(r->place, "align_corners"))
        return size > 1 ? x * (float)(in - 1) / (float)(size - 1) : 0;
    if (!strcmp(r->place, "pytorch_half_pixel") && size <= 1) return 0;
    if (!strcmp(r->place, "half_pixel_symmetric")) {
        float adjusted = (float)size / (scale * (float)in), center = (float)in / 2;
        return center * (1 - adjusted) + (x + 0.5f) / scale - 0.5f;
    }
    return (x + 0.5f) / scale - 0.5f;
}

static double nearest_to(const resizing *r, double at, double scale)
{
    if (!strcmp(r->nearest, "floor")) return floor(at);
    if (!strcmp(r->nearest, "ceil")) return ceil(at);
    if (!strcmp(r->nearest, "simple")) return scale < 1 ? ceil(at) : trunc(at);
    if (!strcmp(r->nearest, "round_prefer_ceil")) return floor(at + 0.5);
    return ceil(at - 0.5);
}

/* Keys' cubic kernel at a distance. */
static double cubic_weight(double a, double t)
{
    t = fabs(t);
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/* The neighbours of result i, and their weights. */
static void taps_of(const resizing *r, double at, double scale, int64_t in, int64_t *index,
                    double *weight)
{
    if (r->taps == 1) {
        *index = (int64_t)nearest_to(r, at, scale), *weight = 1;
    } else {
        if (r->taps == 2) at = fmin(fmax(at, 0), (double)(in - 1));
        double low = floor(at), sum = 0;
        for (int k = 0; k < r->taps; ++k) {
            index[k] = (int64_t)low + k - (r->taps == 4);
            double away = at - (double)index[k];
            weight[k] = r->taps == 2 ? 1 - fabs(away) : cubic_weight(r->cubic, away);
            if (r->exclude_outside && r->taps == 4 && (index[k] < 0 || index[k] >= in))
                weight[k] = 0;
            sum += weight[k];
        }
        for (int k = 0; k < r->taps; ++k) weight[k] /= sum;
    }
    for (int k = 0; k < r->taps; ++k)
        index[k] = index[k] < 0 ? 0 : index[k] >= in ? in - 1 : index[k];
}

/* The axis in front, rows gathered and weighed, and back. */
static ad_node *weighed(ad_node *x, int axis, int taps, const int32_t *index, const float *weight,
                        int64_t size)
{
    ad_graph *graph = ad_node_graph(x);
    int order[AD_MAX_RANK], back[AD_MAX_RANK], rank = ad_node_shape(x).rank;
    ad_shape column = {.rank = rank};
    for (int i = 0; i < rank; ++i) order[i] = i == 0 ? axis : i <= axis ? i - 1 : i;
    for (int i = 0; i < rank; ++i) back[order[i]] = i, column.dim[i] = i ? 1 : size;
    ad_node *turned = axis ? ad_permute(x, order) : x, *y = NULL;
    for (int k = 0; k < taps; ++k) {
        ad_node *rows = ad_constant(graph, AD_I32, ad_shape(size), index + (int64_t)k * size);
        ad_node *part = ad_gather(turned, rows);
        if (taps > 1) {
            const float *w = weight + (int64_t)k * size;
            part = ad_mul(part, ad_constant(graph, AD_F32, column, w));
        }
        y = y ? ad_add(y, part) : part;
    }
    return axis ? ad_permute(y, back) : y;
}

static ad_node *along(const resizing *r, ad_node *x, int axis, int node_axis)
{
    int64_t in = r->call->in[0]->shape.dim[axis], size = r->size[axis], index[TAPS_MOST];
    double weight[TAPS_MOST];
    size_t bytes = (size_t)(size * TAPS_MOST + 1) * 8;
    int32_t *indices = ad_alloc(r->call->b->ctx, bytes);
    if (!indices) return NULL;
    float *weights = (float *)(indices + size * TAPS_MOST);
    for (int64_t i = 0; i < size; ++i) {
        float scale = (float)r->scale[axis];
        taps_of(r, (double)place_of(r, i, in, size, scale), r->scale[axis], in, index, weight);
        for (int k = 0; k < r->taps; ++k) {
            indices[k * size + i] = (int32_t)index[k];
            weights[k * size + i] = (float)weight[k];
        }
    }
    x = weighed(x, node_axis, r->taps, indices, weights, size);
    ad_free(r->call->b->ctx, indices, bytes);
    return x;
}

/* ---- all ---- */

/* Pictures whose height and width alone change, in a way that resize2d knows: nearest by whole
 * factors, or half a pixel from the edge with scales that are the quotients of the sizes. */
static bool engine_does(const resizing *r, ad_resize *mode)
{
    ad_shape shape = r->call->in[0]->shape;
    if (shape.rank != 4 || r->size[0] != shape.dim[0] || r->size[1] != shape.dim[1]) return false;
    bool floors = !strcmp(r->nearest, "floor") || !strcmp(r->nearest, "simple"), exact = true;
    bool half = !strcmp(r->place, "half_pixel") || !strcmp(r->place, "half_pixel_symmetric");
    for (int i = 2; i < 4; ++i) {
        exact &= r->size[i] % (shape.dim[i] ? shape.dim[i] : 1) == 0;
        exact &= (double)r->size[i] == r->scale[i] * (double)shape.dim[i];
    }
    bool cubic = r->taps == 4 && r->cubic == -0.75 && !r->exclude_outside;
    *mode = r->taps == 1 ? AD_NEAREST : r->taps == 2 ? AD_BILINEAR : AD_BICUBIC;
    if (!exact) return false;
    return r->taps == 1 ? floors && !strcmp(r->place, "asymmetric")
                        : half && (r->taps == 2 || cubic);
}

ad_status ad_onnx_resize(const ad_onnx_call *call)
{
    resizing r = {.call = call};
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_resize mode;
    ad_node *x = ad_onnx_node_of(call, slot);
    if (!x) return ad_error_status(call->b->ctx);
    ad_status status = take_modes(&r);
    if (!status) status = take_size(&r);
    if (status) return status;
    if (engine_does(&r, &mode)) {
        x = ad_resize2d(ad_onnx_last(call, slot), r.size[2], r.size[3], mode);
        return ad_onnx_give(call, 0, x, true, 0);
    }
    for (int i = 0; i < slot->shape.rank && x && !ad_node_poisoned(x); ++i)
        if (r.size[i] != slot->shape.dim[i] || r.scale[i] != 1)
            x = along(&r, x, i, ad_onnx_place(slot->shape.rank, i, slot->last));
    return ad_onnx_give(call, 0, x, slot->last, 0);
}
