/* pool.c - maximum and average over windows, and the closed families of their gradients.
 *
 * Window rules are PyTorch's. The largest element of a window is the first one in row-major order.
 */
#include "ops/rules.h"

void ad_pool_range(const ad_attr_pool *attr, int axis, int64_t in_size, int64_t i, int64_t *begin,
                   int64_t *end)
{
    if (attr->adaptive) {
        int64_t out = attr->out[axis];
        *begin = i * in_size / out;
        *end = ((i + 1) * in_size + out - 1) / out;
        return;
    }
    int64_t start = i * attr->stride[axis] - attr->pad[axis], stop = start + attr->size[axis];
    *begin = start > 0 ? start : 0;
    *end = stop < in_size ? stop : in_size;
}

/* Without exclude_pad a window counts the padding it covers, but not what ceil_mode adds beyond
 * that. */
int64_t ad_pool_divisor(const ad_attr_pool *attr, int axis, int64_t in_size, int64_t i)
{
    int64_t begin, end;
    ad_pool_range(attr, axis, in_size, i, &begin, &end);
    if (attr->adaptive || attr->exclude_pad) return end - begin;
    int64_t start = i * attr->stride[axis] - attr->pad[axis], stop = start + attr->size[axis];
    int64_t last = in_size + attr->pad[axis];
    return (stop < last ? stop : last) - start;
}

static bool window_sane(ad_infer *rule, int axis)
{
    const ad_attr_pool *attr = rule->attr;
    int64_t size = attr->size[axis], stride = attr->stride[axis], pad = attr->pad[axis];
    if (size < 1 || size > INT32_MAX)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                             "the window's size is %lld, expected 1 or more", (long long)size);
    if (stride < 1 || stride > INT32_MAX)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "stride is %lld, expected 1 or more",
                             (long long)stride);
    if (pad < 0 || pad > size / 2)
        return ad_infer_fail(rule, AD_ERROR_ARGUMENT,
                             "pad is %lld, expected 0 to half of the window's size %lld",
                             (long long)pad, (long long)size);
    return true;
}

/* The number of windows along an axis; -1: none fits. */
static int64_t window_count(const ad_attr_pool *attr, int axis, int64_t in)
{
    int64_t size = attr->size[axis], stride = attr->stride[axis], pad = attr->pad[axis];
    if (in > INT64_MAX / 4 || in + 2 * pad < size) return -1;
    int64_t count = (in + 2 * pad - size + (attr->ceil_mode ? stride - 1 : 0)) / stride + 1;
    if (attr->ceil_mode && (count - 1) * stride >= in + pad) --count;
    return count;
}

/* Checks the attributes against an input of in[0] x in[1]. */
static bool windows_fit(ad_infer *rule, const int64_t *in)
{
    const ad_attr_pool *attr = rule->attr;
    for (int i = 0; i < 2; ++i) {
        int64_t out = attr->out[i];
        if (attr->adaptive) {
            if (out < 1 || in[i] < 1 || out > INT32_MAX || in[i] > INT32_MAX)
                return ad_infer_fail(rule, AD_ERROR_ARGUMENT, "cannot divide %lld cells into %lld",
                                     (long long)in[i], (long long)out);
            continue;
        }
        if (!window_sane(rule, i)) return false;
        int64_t count = window_count(attr, i, in[i]);
        if (count < 1)
            return ad_infer_fail(rule, AD_ERROR_SHAPE,
                                 "a window of %s %lld does not fit an input of %lld padded by %lld",
                                 i ? "width" : "height", (long long)attr->size[i], (long long)in[i],
                                 (long long)attr->pad[i]);
        if (count != out)
            return ad_infer_fail(rule, AD_ERROR_SHAPE, "%lld windows fit, the node has %lld",
                                 (long long)count, (long long)out);
    }
    return true;
}

static bool image_sane(ad_infer *rule)
{
    return ad_want_float(rule, 0) && ad_want_same_dtype(rule) &&
           ad_want_rank(rule, 0, 4, "[batch, height, width, channel]") && ad_want_elements(rule, 0);
}

bool ad_infer_pool(ad_infer *rule)
{
    const ad_attr_pool *attr = rule->attr;
    const int64_t *x = rule->inputs[0]->shape.dim;
    if (!image_sane(rule) || !windows_fit(rule, x + 1)) return false;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(x[0], attr->out[0], attr->out[1], x[3]);
    return true;
}

/* Inputs x and g: where x's maxima are, g is added. */
bool ad_infer_max_pool2d_grad(ad_infer *rule)
{
    if (!ad_infer_pool(rule)) return false;
    if (!ad_shape_equal(rule->inputs[1]->shape, rule->shape))
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the gradient does not have the pooled shape");
    rule->shape = rule->inputs[0]->shape;
    return true;
}

/* Inputs x and v of one shape: v where x's maxima are. */
bool ad_infer_max_pool2d_select(ad_infer *rule)
{
    return ad_want_same_shape(rule) && ad_infer_pool(rule);
}

bool ad_infer_avg_pool2d_grad(ad_infer *rule)
{
    const ad_attr_pool *attr = rule->attr;
    const int64_t *g = rule->inputs[0]->shape.dim;
    if (!image_sane(rule)) return false;
    if (g[1] != attr->out[0] || g[2] != attr->out[1] || attr->in[0] < 1 || attr->in[1] < 1)
        return ad_infer_fail(rule, AD_ERROR_SHAPE, "the gradient does not have the pooled shape");
    if (!windows_fit(rule, attr->in)) return false;
    rule->dtype = rule->inputs[0]->dtype;
    rule->shape = ad_shape(g[0], attr->in[0], attr->in[1], g[3]);
    return true;
}

/* ---- builders ---- */

static ad_node *pool(ad_op op, ad_node *x, ad_window window)
{
    int width = window.size_w ? window.size_w : window.size;
    int stride = window.stride ? window.stride : window.size;
    ad_attr_pool attr = {
        .size = {window.size, width},
        .stride = {stride, window.stride_w ? window.stride_w
                           : window.stride ? window.stride
                                           : width},
        .pad = {window.pad, window.pad_w == AD_NONE ? 0
                            : window.pad_w          ? window.pad_w
                                                    : window.pad},
        .ceil_mode = window.ceil_mode,
        .exclude_pad = window.exclude_pad,
    };
    ad_shape shape = ad_node_shape(x);
    for (int i = 0; i < 2 && shape.rank == 4; ++i)
        if (attr.size[i] > 0 && attr.stride[i] > 0 && attr.pad[i] >= 0)
            attr.out[i] = window_count(&attr, i, shape.dim[i + 1]);
    return ad_node_new(NULL, op, &x, 1, &attr);
}

ad_node *ad_max_pool2d(ad_node *x, ad_window window)
{
    return pool(AD_OP_MAX_POOL2D, x, window);
}
ad_node *ad_avg_pool2d(ad_node *x, ad_window window)
{
    return pool(AD_OP_AVG_POOL2D, x, window);
}

static ad_node *adaptive(ad_op op, ad_node *x, int64_t height, int64_t width)
{
    ad_attr_pool attr = {.adaptive = 1, .out = {height, width}};
    return ad_node_new(NULL, op, &x, 1, &attr);
}

ad_node *ad_adaptive_avg_pool2d(ad_node *x, int64_t height, int64_t width)
{
    return adaptive(AD_OP_AVG_POOL2D, x, height, width);
}

ad_node *ad_adaptive_max_pool2d(ad_node *x, int64_t height, int64_t width)
{
    return adaptive(AD_OP_MAX_POOL2D, x, height, width);
}

/* ---- gradients: grad and select are each other's adjoint; where the maxima are does not vary ----
 */

void ad_gradient_max_pool2d(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[0] = ad_node_new(NULL, AD_OP_MAX_POOL2D_GRAD, (ad_node *[]){y->inputs[0], g}, 2, y->attr);
}

void ad_gradient_max_pool2d_grad(ad_node *y, ad_node *v, ad_node **grads)
{
    grads[1] = ad_node_new(NULL, AD_OP_MAX_POOL2D_SELECT, (ad_node *[]){y->inputs[0], v}, 2,
                           y->attr);
}

void ad_gradient_max_pool2d_select(ad_node *y, ad_node *g, ad_node **grads)
{
    grads[1] = ad_node_new(NULL, AD_OP_MAX_POOL2D_GRAD, (ad_node *[]){y->inputs[0], g}, 2, y->attr);
}

void ad_gradient_avg_pool2d(ad_node *y, ad_node *g, ad_node **grads)
{
    ad_attr_pool attr = *(const ad_attr_pool *)y->attr;
    attr.in[0] = y->inputs[0]->shape.dim[1];
    attr.in[1] = y->inputs[0]->shape.dim[2];
    grads[0] = ad_node_new(NULL, AD_OP_AVG_POOL2D_GRAD, &g, 1, &attr);
}

void ad_gradient_avg_pool2d_grad(ad_node *y, ad_node *v, ad_node **grads)
{
    ad_attr_pool attr = *(const ad_attr_pool *)y->attr;
    attr.in[0] = attr.in[1] = 0;
    grads[0] = ad_node_new(NULL, AD_OP_AVG_POOL2D, &v, 1, &attr);
}

void ad_print_pool(ad_text *text, const void *attr)
{
    const ad_attr_pool *window = attr;
    if (window->adaptive) {
        ad_text_format(text, ", adaptive=%lldx%lld", (long long)window->out[0],
                       (long long)window->out[1]);
        return;
    }
    ad_text_format(text, ", size=%lldx%lld, stride=%lldx%lld", (long long)window->size[0],
                   (long long)window->size[1], (long long)window->stride[0],
                   (long long)window->stride[1]);
    if (window->pad[0] || window->pad[1])
        ad_text_format(text, ", pad=%lldx%lld", (long long)window->pad[0],
                       (long long)window->pad[1]);
    if (window->ceil_mode) ad_text_add(text, ", ceil");
    if (window->exclude_pad) ad_text_add(text, ", exclude_pad");
}
