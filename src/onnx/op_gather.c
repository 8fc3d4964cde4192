/* op_gather.c - elements by their places: Gather along one axis, GatherND along the first ones. */
#include "onnx/build.h"

/* Counted from the end where negative. */
static ad_node *from_begin(ad_node *indices, int64_t size)
{
    ad_graph *graph = ad_node_graph(indices);
    ad_dtype dtype = ad_node_dtype(indices);
    ad_node *from_end = ad_add(indices, ad_scalar(graph, dtype, (double)size));
    return ad_where(ad_less(indices, ad_scalar(graph, dtype, 0)), from_end, indices);
}

/* Rows `indices` along an axis: that one in front, and back in the place of the indices' axes. */
static ad_node *gathered(ad_node *x, int axis, ad_node *indices, int added)
{
    int order[AD_MAX_RANK], rank = ad_node_shape(x).rank, result = rank - 1 + added;
    order[0] = axis;
    for (int i = 1; i < rank; ++i) order[i] = i <= axis ? i - 1 : i;
    x = ad_gather(axis ? ad_permute(x, order) : x, indices);
    if (!axis) return x;
    for (int i = 0; i < result; ++i)
        order[i] = i < axis ? i + added : i < axis + added ? i - axis : i;
    return ad_permute(x, order);
}

ad_status ad_onnx_gather(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_plain(call, slot);
    ad_node *indices = x ? ad_onnx_plain(call, ad_onnx_in(call, 1)) : NULL;
    int axis;
    if (!indices) return ad_error_status(call->b->ctx);
    ad_status status = ad_onnx_axis(call, ad_onnx_int(call, "axis", 0), slot->shape.rank, &axis);
    if (status) return status;
    ad_shape rows = ad_node_shape(indices);
    if (slot->shape.rank - 1 + rows.rank > AD_MAX_RANK)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED, "its result would have %d axes",
                              slot->shape.rank - 1 + rows.rank);
    indices = from_begin(indices, slot->shape.dim[axis]);
    return ad_onnx_give(call, 0, gathered(x, axis, indices, rows.rank), false, 0);
}

/* indices [..., k]: the places along the first k axes of x, as one number into these as one axis.
 */
ad_status ad_onnx_gather_nd(const ad_onnx_call *call)
{
    ad_onnx_slot *slot = ad_onnx_in(call, 0);
    ad_node *x = ad_onnx_plain(call, slot), *at = NULL;
    ad_node *indices = x ? ad_onnx_plain(call, ad_onnx_in(call, 1)) : NULL;
    if (!indices) return ad_error_status(call->b->ctx);
    ad_shape places = ad_node_shape(indices), rows = {.rank = 1};
    int64_t axes = places.rank ? places.dim[places.rank - 1] : 0;
    if (axes < 1 || axes > slot->shape.rank || ad_onnx_int(call, "batch_dims", 0) != 0)
        return ad_onnx_refuse(call, AD_ERROR_UNSUPPORTED,
                              "indices of %lld axes of a value that has %d, or batch_dims",
                              (long long)axes, slot->shape.rank);
    --places.rank;
    rows.dim[0] = 1;
    for (int i = 0; i < slot->shape.rank; ++i)
        if (i < axes)
            rows.dim[0] *= slot->shape.dim[i];
        else
            rows.dim[rows.rank++] = slot->shape.dim[i];
    for (int i = 0; i < (int)axes; ++i) {
        ad_node *part = ad_reshape(ad_slice(indices, places.rank, i, i + 1, 1), places);
        ad_node *size = ad_scalar(ad_node_graph(x), ad_node_dtype(indices),
                                  (double)slot->shape.dim[i]);
        part = from_begin(part, slot->shape.dim[i]);
        at = at ? ad_add(ad_mul(at, size), part) : part;
    }
    return ad_onnx_give(call, 0, ad_gather(ad_reshape(x, rows), at), false, 0);
}
