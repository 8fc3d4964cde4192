/* conv_scatter.c - the input gradient of a convolution with few input channels (the first layer of
 * a network): each gradient pixel times the whole filter at once, then added where its taps point.
 *
 * As a gather (conv_gemm.c) the result's 3 columns would leave most of a vector idle; here the
 * columns are taps x channels. A task owns a block of rows of the result and adds gradient rows in
 * their order, recomputing those that reach into two blocks; so nothing depends on the number of
 * threads. */
#include "device/cpu/gemm.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

enum { BLOCK_ROWS = 16, MOST_COLUMNS = 8 * AD_NR };

typedef struct scatter {
    const ad_operand *g, *w;
    const ad_attr_conv *attr;
    const char *g_data;
    const ad_finish *finish;
    ad_gemm_tile tile;
    int64_t images, height, width, channels; /* of the result */
    int64_t taps_y, taps_x, columns, k;      /* columns: taps * channels; k: channels of g */
    int64_t blocks;                          /* of rows, per image */
    size_t filter_bytes, row_bytes, product_bytes, sum_bytes; /* packed; of one row of g; sums */
    char *filter, *scratch;
} scatter;

static bool prepare(scatter *c, const ad_problem *problem)
{
    const ad_operand *g = &problem->in[0], *w = &problem->in[1], *out = &problem->out[0];
    *c = (scatter){.g = g,
                   .w = w,
                   .attr = problem->attr,
                   .images = g->dim[0],
                   .height = out->dim[1],
                   .width = out->dim[2],
                   .channels = w->dim[2],
                   .taps_y = w->dim[0],
                   .taps_x = w->dim[1],
                   .k = g->dim[3]};
    c->columns = c->taps_y * c->taps_x * c->channels;
    c->blocks = up(c->height, BLOCK_ROWS) / BLOCK_ROWS;
    int64_t row = up(g->dim[2], AD_MR), depth = up(c->k, AD_VF);
    c->filter_bytes = (size_t)up(c->k * up(c->columns, AD_NR) * 4, 64);
    c->row_bytes = (size_t)up(row * depth * 4, 64);
    c->product_bytes = (size_t)up(row * c->columns * 4, 64);
    c->sum_bytes = (size_t)up(BLOCK_ROWS * c->width * c->channels * 4, 64);
    bool f32 = AD_ISA_NAME(ad_gemm_form)(g->dtype, w->dtype) != AD_F64 && g->dtype != AD_F64 &&
               w->dtype != AD_F64;
    return f32 && c->attr->groups == 1 && c->channels < 16 && c->columns <= MOST_COLUMNS;
}

/* Columns are (tap_y, tap_x, channel); a strided filter is gathered column by column. */
static void pack_filter(const scatter *c, const char *data)
{
    const int64_t *stride = c->w->stride, size = (int64_t)ad_dtype_size(c->w->dtype);
    for (int64_t j = 0; j < up(c->columns, AD_NR); ++j) {
        float *to = (float *)c->filter + j / AD_NR * c->k * AD_NR + j % AD_NR;
        int64_t tap = j / c->channels, channel = j % c->channels;
        const char *from = data + (tap / c->taps_x * stride[0] + tap % c->taps_x * stride[1] +
                                   channel * stride[2]) *
                                      size;
        for (int64_t k = 0; k < c->k; ++k) {
            float value = 0;
            if (j < c->columns) {
                const char *at = from + k * stride[3] * size;
                if (c->w->dtype == AD_F32)
                    value = *(const float *)at;
                else if (c->w->dtype == AD_BF16)
                    value = ad_bf16_to_f32(*(const uint16_t *)at);
                else
                    value = ad_f16_to_f32(*(const uint16_t *)at);
            }
            to[k * AD_NR] = value;
        }
    }
}

/* products[pixel][column] of one row of g. */
static void multiply_row(const scatter *c, const char *row, char *packed, float *products)
{
    int64_t pixels = c->g->dim[2];
    ad_matrix from = {row, c->g->dtype, c->g->stride[2], c->g->stride[3]};
    AD_ISA_NAME(ad_pack_a)(AD_F32, &from, pixels, c->k, packed);
    for (int64_t j = 0; j < c->columns; j += AD_NR) {
        const char *filter = c->filter + j * c->k * 4;
        for (int64_t i = 0; i < pixels; i += AD_MR)
            c->tile(c->k, packed + i / AD_MR * ad_panel_a_bytes(AD_F32, c->k), filter, filter,
                    products + i * c->columns + j, c->columns, (int)least(AD_MR, pixels - i),
                    (int)least(AD_NR, c->columns - j), false);
    }
}

/* Adds one tap of a row's products to a row of sums. */
static void add_tap(const scatter *c, const float *products, int64_t tap_x, float *sums)
{
    int64_t step = c->attr->stride[1], x = tap_x * c->attr->dilation[1] - c->attr->pad[1];
    int64_t begin = x < 0 ? (-x + step - 1) / step : 0;
    int64_t end = x < c->width ? least(c->g->dim[2], (c->width - x + step - 1) / step) : 0;
    const float *from = products + begin * c->columns;
    float *to = sums + (x + begin * step) * c->channels;
    for (int64_t i = begin; i < end; ++i, from += c->columns, to += step * c->channels)
        for (int64_t channel = 0; channel < c->channels; ++channel) to[channel] += from[channel];
}

static void block_task(void *user, int64_t index, int worker)
{
    const scatter *c = user;
    const ad_attr_conv *attr = c->attr;
    size_t worker_bytes = c->row_bytes + c->product_bytes + c->sum_bytes;
    char *packed = c->scratch + (size_t)worker * worker_bytes;
    float *products = (float *)(packed + c->row_bytes);
    float *sums = (float *)(packed + c->row_bytes + c->product_bytes);
    int64_t image = index / c->blocks, top = index % c->blocks * BLOCK_ROWS;
    int64_t rows = least(BLOCK_ROWS, c->height - top), row_floats = c->width * c->channels;
    memset(sums, 0, (size_t)(rows * row_floats) * sizeof *sums);
    /* rows y of g whose taps reach [top, top + rows): y * stride - pad + tap * dilation */
    int64_t reach = (c->taps_y - 1) * attr->dilation[0], step = attr->stride[0];
    int64_t first = most(0, top + attr->pad[0] - reach + step - 1) / step;
    int64_t end = least(c->g->dim[1], (top + rows - 1 + attr->pad[0]) / step + 1);
    for (int64_t y = first; y < end; ++y) {
        int64_t offset = image * c->g->stride[0] + y * c->g->stride[1];
        multiply_row(c, c->g_data + offset * (int64_t)ad_dtype_size(c->g->dtype), packed, products);
        for (int64_t tap = 0; tap < c->taps_y * c->taps_x; ++tap) {
            int64_t to = y * step - attr->pad[0] + tap / c->taps_x * attr->dilation[0] - top;
            if (to >= 0 && to < rows)
                add_tap(c, products + tap * c->channels, tap % c->taps_x, sums + to * row_floats);
        }
    }
    AD_ISA_NAME(ad_finish_run)
    (c->finish, sums, c->channels, (image * c->height + top) * c->width, rows * c->width, 0,
     c->channels);
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    scatter c;
    if (!prepare(&c, problem)) return -1;
    double pixels = (double)(c.images * c.g->dim[1] * c.g->dim[2]), again = 1.6;
    double work = again * pixels * (2 * (double)up(c.columns, AD_VF) * (double)c.k) +
                  pixels * (double)c.columns * 100 + /* scattered adds, not in vectors */
                  (double)(c.k * c.columns) * 100;
    double seconds = work / machine->flops_f32;
    return machine->threads == 1 ? seconds : seconds / machine->threads + machine->overhead;
}

static size_t workspace(const ad_problem *problem)
{
    scatter c;
    prepare(&c, problem);
    return c.filter_bytes +
           (size_t)problem->threads * (c.row_bytes + c.product_bytes + c.sum_bytes);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    scatter c;
    ad_finish finish;
    prepare(&c, problem);
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, AD_F32);
    c.finish = &finish, c.tile = AD_ISA_NAME(ad_gemm_tile_for)(AD_F32, false);
    c.g_data = args->in[0];
    c.filter = args->workspace, c.scratch = c.filter + c.filter_bytes;
    pack_filter(&c, args->in[1]);
    bool fits = ad_pool_size(args->pool) <= problem->threads;
    ad_parallel(fits ? args->pool : NULL, c.images * c.blocks, block_task, &c);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_input_scatter) = {.name = "gemm and scatter",
                                                             .op = AD_OP_CONV2D_INPUT_GRAD,
                                                             .bid = bid,
                                                             .workspace = workspace,
                                                             .run = run};
