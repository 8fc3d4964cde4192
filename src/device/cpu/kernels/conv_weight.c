/* conv_weight.c - the weight gradient of conv2d as a matrix product: rows are (tap, channel),
 * columns output channels, and the sum runs over output pixels. The image is looked up while
 * packing.
 *
 * bf16 operands are widened to f32: neighbours in k are different pixels, not neighbours in memory.
 */
#include "device/cpu/gemm.h"
#include "ops/attrs.h"

typedef struct weight_gradient {
    ad_gemm gemm;
    const ad_operand *x, *g;
    const ad_attr_conv *attr;
    const char *x_data, *g_data;
    int64_t x_size, g_size;
    int64_t channels, taps_x; /* channels per group; taps in a row of the kernel */
    int64_t height, width;    /* of g */
} weight_gradient;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Rows [row, row + rows) of a panel, all of one tap, at steps [at, at + count): pixels (y, x ...)
 * of one row of the gradient. */
static void pack_row_run(const weight_gradient *c, const char *image, int64_t tap, int64_t channel,
                         int row, int rows, int64_t y, int64_t x, int64_t at, int64_t count,
                         void *panel)
{
    const ad_attr_conv *attr = c->attr;
    const int64_t *stride = c->x->stride;
    int64_t iy = y * attr->stride[0] - attr->pad[0] + tap / c->taps_x * attr->dilation[0];
    int64_t dx = tap % c->taps_x * attr->dilation[1] - attr->pad[1];
    int64_t begin = count, end = count; /* the pixels that fall inside the image */
    if ((uint64_t)iy < (uint64_t)c->x->dim[1]) {
        int64_t step = attr->stride[1];
        begin = dx < 0 ? (-dx + step - 1) / step : 0;
        end = dx < c->x->dim[2] ? (c->x->dim[2] - dx + step - 1) / step : 0;
        begin = least(most(begin - x, 0), count), end = least(most(end - x, begin), count);
    }
    ad_matrix part = {NULL, c->x->dtype, stride[3], attr->stride[1] * stride[2]};
    ad_dtype form = c->gemm.form;
    AD_ISA_NAME(ad_pack_a_across)(form, &part, row, rows, at, begin, panel);
    AD_ISA_NAME(ad_pack_a_across)(form, &part, row, rows, at + end, count - end, panel);
    if (begin == end) return;
    int64_t first = (x + begin) * attr->stride[1] + dx;
    part.data = image + (iy * stride[1] + first * stride[2] + channel * stride[3]) * c->x_size;
    AD_ISA_NAME(ad_pack_a_across)(form, &part, row, rows, at + begin, end - begin, panel);
}

static void pack_taps(const ad_gemm *gemm, int64_t item, int64_t i, int64_t rows, int64_t p,
                      int64_t depth, void *panels)
{
    const weight_gradient *c = gemm->source;
    char *panel = panels;
    for (int64_t done = 0; done < rows; done += AD_MR) {
        int64_t have = least(AD_MR, rows - done);
        for (int64_t at = p; at < p + depth;) {
            int64_t x = at % c->width, rest = at / c->width;
            int64_t y = rest % c->height, n = rest / c->height;
            int64_t count = least(c->width - x, p + depth - at);
            const char *image = c->x_data +
                                (n * c->x->stride[0] + item * c->channels * c->x->stride[3]) *
                                    c->x_size;
            for (int64_t r = 0; r < have;) {
                int64_t tap = (i + done + r) / c->channels, channel = (i + done + r) % c->channels;
                int64_t run = least(c->channels - channel, have - r);
                pack_row_run(c, image, tap, channel, (int)r, (int)run, y, x, at - p, count, panel);
                r += run;
            }
            at += count;
        }
        if (have < AD_MR) {
            const ad_matrix none = {.dtype = c->x->dtype, .row = 1};
            AD_ISA_NAME(ad_pack_a_across)
            (gemm->form, &none, (int)have, (int)(AD_MR - have), 0, depth, panel);
        }
        panel += ad_panel_a_bytes(gemm->form, depth);
    }
}

static void pack_gradient(const ad_gemm *gemm, int64_t item, int64_t j, int64_t cols, int64_t p,
                          int64_t depth, void *panels)
{
    const weight_gradient *c = gemm->source;
    const int64_t *stride = c->g->stride;
    int nr = ad_panel_cols(gemm->form);
    char *to = panels;
    bool merged = stride[1] == c->width * stride[2] && stride[0] == c->height * stride[1];
    for (int64_t done = 0; done < cols; done += nr)
        for (int64_t at = p; at < p + depth;) {
            int64_t x = at % c->width, rest = at / c->width;
            int64_t y = rest % c->height, n = rest / c->height;
            int64_t run = merged ? depth : least(c->width - x, p + depth - at);
            int64_t offset = n * stride[0] + y * stride[1] + x * stride[2] +
                             (item * gemm->n + j + done) * stride[3];
            ad_matrix part = {c->g_data + offset * c->g_size, c->g->dtype, stride[3], stride[2]};
            AD_ISA_NAME(ad_pack_b)(gemm->form, &part, least(nr, cols - done), run, to);
            to += run * nr * ad_unit_bytes(gemm->form);
            at += run;
        }
}

static bool prepare(weight_gradient *c, const ad_problem *problem)
{
    const ad_operand *x = &problem->in[0], *g = &problem->in[1], *out = &problem->out[0];
    const ad_attr_conv *attr = problem->attr;
    *c = (weight_gradient){.x = x,
                           .g = g,
                           .attr = attr,
                           .taps_x = out->dim[1],
                           .x_size = (int64_t)ad_dtype_size(x->dtype),
                           .g_size = (int64_t)ad_dtype_size(g->dtype),
                           .channels = out->dim[2],
                           .height = g->dim[1],
                           .width = g->dim[2]};
    ad_dtype form = AD_ISA_NAME(ad_gemm_form)(x->dtype, g->dtype);
    int64_t columns = g->dim[3] / attr->groups;
    c->gemm = (ad_gemm){.form = form == AD_BF16 ? AD_F32 : form,
                        .items = attr->groups,
                        .m = out->dim[0] * out->dim[1] * out->dim[2],
                        .n = columns,
                        .k = g->dim[0] * g->dim[1] * g->dim[2],
                        .shared_b = attr->groups == 1,
                        .col_step = columns,
                        .pack_a = pack_taps,
                        .pack_b = pack_gradient,
                        .source = c};
    return form != AD_DTYPES;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    weight_gradient c;
    return prepare(&c, problem) ? AD_ISA_NAME(ad_gemm_seconds)(&c.gemm, machine) : -1;
}

static size_t workspace(const ad_problem *problem)
{
    weight_gradient c;
    prepare(&c, problem);
    return AD_ISA_NAME(ad_gemm_workspace)(&c.gemm, problem->threads);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    weight_gradient c;
    ad_finish finish;
    prepare(&c, problem);
    c.x_data = args->in[0], c.g_data = args->in[1];
    ad_dtype accumulator = c.gemm.form == AD_F64 ? AD_F64 : AD_F32;
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, accumulator);
    AD_ISA_NAME(ad_gemm_run)
    (&c.gemm, &finish, NULL, args->workspace, problem->threads, args->pool);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_weight_gemm) = {.name = "implicit gemm",
                                                           .op = AD_OP_CONV2D_WEIGHT_GRAD,
                                                           .bid = bid,
                                                           .workspace = workspace,
                                                           .run = run};
