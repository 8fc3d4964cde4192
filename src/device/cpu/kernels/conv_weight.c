/* conv_weight.c - the weight gradient of conv2d as a matrix product, transposed: rows are output
 * channels, columns (tap, channel), and the sum runs over output pixels.
 *
 * So the many columns are copied from the image as runs of channels, and only the gradient is
 * turned while packing. Where the result has few tiles, the pixels are cut into chunks whose
 * partial sums are added in order; their number depends on the shape alone. In form AD_BF16
 * neighbours in the sum are neighbouring pixels, whose channels are interleaved while packing. */
#include "device/cpu/gemm.h"
#include "device/cpu/sizes.h"
#include "ops/attrs.h"

enum { WANTED_TILES = 8, LEAST_PIXELS = 2048, PARTIAL_BYTES = 16 << 20, SUM_ROWS = 64 };

typedef struct weight_gradient {
    ad_gemm gemm; /* items: (group, chunk) */
    const ad_operand *x, *g;
    const ad_attr_conv *attr;
    const ad_finish *finish;
    const char *x_data, *g_data;
    int64_t x_size, g_size, size;  /* bytes of an element; of an accumulator */
    int64_t channels, taps_x;      /* channels per group; taps in a row of the kernel */
    int64_t height, width, pixels; /* of g, all images */
    int64_t groups, chunks, chunk; /* chunk: pixels of one */
    size_t partial_bytes;
    char *partial, *sums;
} weight_gradient;

/* ---- packing ---- */
static void copy_f32(const float *from, int64_t step, int n, int64_t count, int width, float *to)
{
    for (int64_t i = 0; i < count; ++i, from += step, to += width) {
        int j = 0;
        for (; j + AD_VF <= n; j += AD_VF) vf_store(to + j, vf_load(from + j));
        if (j < n) vf_store_n(to + j, vf_load_n(from + j, n - j), n - j);
    }
}

static void copy_any(const weight_gradient *c, const char *from, int64_t step, int n, int64_t count,
                     int width, char *to)
{
    for (int64_t i = 0; i < count; ++i)
        for (int j = 0; j < n; ++j) {
            int64_t at = i * step + j * c->x->stride[3];
            const uint16_t *half = (const uint16_t *)from + at;
            if (c->gemm.form == AD_F64)
                ((double *)to)[i * width + j] = ((const double *)from)[at];
            else
                ((float *)to)[i * width + j] = c->x->dtype == AD_BF16  ? ad_bf16_to_f32(*half)
                                               : c->x->dtype == AD_F16 ? ad_f16_to_f32(*half)
                                                                       : ((const float *)from)[at];
        }
}

#if AD_KERNEL_ISA == 3
/* Columns of `count` pixels, the first of them number `pixel` of the panel: even ones are the low
 * halves of units, and clear the high ones, which odd ones then fill. A NULL `from` is zeros. */
static void interleave(const uint16_t *from, int64_t step, int n, int64_t count, int64_t pixel,
                       int width, char *panel)
{
    for (int64_t i = 0; i < count; ++i, ++pixel, from += from ? step : 0) {
        int32_t *to = (int32_t *)(void *)panel + pixel / 2 * width;
        if (pixel % 2 && !from) continue;
        for (int j = 0; j < n; j += AD_VF) {
            __mmask16 have = vm_first(n - j < AD_VF ? n - j : AD_VF);
            vi value = vi_set1(0);
            if (from) value = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(have, from + j));
            if (pixel % 2) value = vi_or(_mm512_maskz_loadu_epi32(have, to + j), vi_shl(value, 16));
            _mm512_mask_storeu_epi32(to + j, have, value);
        }
    }
}
#endif

/* n columns of one tap from `channel` on, over `count` pixels (y, x ...) of one row of the
 * gradient. */
static void pack_run(const weight_gradient *c, const char *image, int64_t tap, int64_t channel,
                     int n, int64_t y, int64_t x, int64_t count, int64_t pixel, char *panel)
{
    const ad_attr_conv *attr = c->attr;
    const int64_t *stride = c->x->stride;
    int width = ad_panel_cols(c->gemm.form);
    int64_t iy = y * attr->stride[0] - attr->pad[0] + tap / c->taps_x * attr->dilation[0];
    int64_t dx = tap % c->taps_x * attr->dilation[1] - attr->pad[1], step = attr->stride[1];
    int64_t begin = count, end = count; /* the pixels that fall inside the image */
    if ((uint64_t)iy < (uint64_t)c->x->dim[1]) {
        begin = dx < 0 ? (-dx + step - 1) / step : 0;
        end = dx < c->x->dim[2] ? (c->x->dim[2] - dx + step - 1) / step : 0;
        begin = least(most(begin - x, 0), count), end = least(most(end - x, begin), count);
    }
    int64_t first = (x + begin) * step + dx;
    const char *from = image +
                       (iy * stride[1] + first * stride[2] + channel * stride[3]) * c->x_size;
#if AD_KERNEL_ISA == 3
    if (c->gemm.form == AD_BF16) {
        interleave(NULL, 0, n, begin, pixel, width, panel);
        interleave((const uint16_t *)(const void *)from, step * stride[2], n, end - begin,
                   pixel + begin, width, panel);
        interleave(NULL, 0, n, count - end, pixel + end, width, panel);
        return;
    }
#endif
    char *to = panel + pixel * width * c->size;
    for (int64_t i = 0; i < count; ++i)
        if (i < begin || i >= end) memset(to + i * width * c->size, 0, (size_t)(n * c->size));
    if (begin == end) return;
    to += begin * width * c->size;
    if (c->x->dtype == AD_F32 && c->gemm.form == AD_F32 && stride[3] == 1)
        copy_f32((const float *)from, step * stride[2], n, end - begin, width, (float *)to);
    else
        copy_any(c, from, step * stride[2], n, end - begin, width, to);
}

static void pack_taps(const ad_gemm *gemm, int64_t item, int64_t j, int64_t cols, int64_t p,
                      int64_t depth, void *panels)
{
    const weight_gradient *c = gemm->source;
    int64_t group = item / c->chunks, width = ad_panel_cols(gemm->form);
    int64_t start = item % c->chunks * c->chunk + p, end = least(start + depth, c->pixels);
    char *panel = panels;
    int64_t bytes = ad_units(gemm->form, depth) * width * c->size;
    for (int64_t done = 0; done < cols; done += width, panel += bytes) {
        int64_t have = least(width, cols - done);
        if (end < start + depth || have < width) memset(panel, 0, (size_t)bytes);
        for (int64_t at = start; at < end;) {
            int64_t x = at % c->width, rest = at / c->width;
            int64_t y = rest % c->height, n = rest / c->height;
            int64_t count = least(c->width - x, end - at);
            int64_t offset = n * c->x->stride[0] + group * c->channels * c->x->stride[3];
            for (int64_t r = 0; r < have;) {
                int64_t tap = (j + done + r) / c->channels, channel = (j + done + r) % c->channels;
                int64_t run = least(c->channels - channel, have - r);
                pack_run(c, c->x_data + offset * c->x_size, tap, channel, (int)run, y, x, count,
                         at - start, panel + r * c->size);
                r += run;
            }
            at += count;
        }
    }
}

static void pack_gradient(const ad_gemm *gemm, int64_t item, int64_t i, int64_t rows, int64_t p,
                          int64_t depth, void *panels)
{
    const weight_gradient *c = gemm->source;
    const int64_t *stride = c->g->stride;
    int64_t group = item / c->chunks;
    int64_t start = item % c->chunks * c->chunk + p, end = least(start + depth, c->pixels);
    bool merged = stride[1] == c->width * stride[2] && stride[0] == c->height * stride[1];
    char *panel = panels;
    for (int64_t done = 0; done < rows; done += AD_MR) {
        int have = (int)least(AD_MR, rows - done);
        ad_matrix part = {NULL, c->g->dtype, stride[3], stride[2]};
        for (int64_t at = start; at < end;) {
            int64_t x = at % c->width, rest = at / c->width;
            int64_t y = rest % c->height, n = rest / c->height;
            int64_t run = merged ? end - at : least(c->width - x, end - at);
            int64_t offset = n * stride[0] + y * stride[1] + x * stride[2] +
                             (group * gemm->m + i + done) * stride[3];
            part.data = c->g_data + offset * c->g_size;
            AD_ISA_NAME(ad_pack_a_across)(gemm->form, &part, 0, have, at - start, run, panel);
            at += run;
        }
        int64_t inside = most(end - start, 0);
        if (gemm->form == AD_BF16) inside = least(up(inside, 2), depth);
        part.data = NULL; /* zeros past the last pixel */
        if (inside < depth) AD_ISA_NAME(ad_pack_a_across)
        (gemm->form, &part, 0, have, inside, depth - inside, panel);
        panel += ad_panel_a_bytes(gemm->form, depth);
    }
}

/* ---- the solver ---- */
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
                           .width = g->dim[2],
                           .groups = attr->groups,
                           .pixels = g->dim[0] * g->dim[1] * g->dim[2]};
    ad_dtype form = AD_ISA_NAME(ad_gemm_form)(x->dtype, g->dtype);
    /* pairs of pixels are packed from whole rows, or from rows that hold whole pairs */
    bool merged = g->stride[1] == c->width * g->stride[2] &&
                  g->stride[0] == c->height * g->stride[1];
    if (form == AD_BF16 &&
        (x->stride[3] != 1 || g->stride[3] != 1 || !(merged || c->width % 2 == 0)))
        form = AD_F32;
    c->size = form == AD_F64 ? 8 : 4;
    int64_t m = g->dim[3] / attr->groups, n = out->dim[0] * out->dim[1] * out->dim[2];
    int64_t tiles = c->groups * (m / (12 * AD_MR) + 1) * (n / (16 * AD_NR) + 1);
    int64_t room = PARTIAL_BYTES / most(c->groups * m * n * c->size, 1);
    c->chunks = (WANTED_TILES + tiles - 1) / tiles;
    c->chunks = most(least(least(c->chunks, c->pixels / LEAST_PIXELS), room), 1);
    c->chunk = (c->pixels + c->chunks - 1) / c->chunks;
    if (form == AD_BF16) c->chunk = up(c->chunk, 2);
    c->partial_bytes = (size_t)up(c->groups * c->chunks * m * n * c->size, 64);
    c->gemm = (ad_gemm){.form = form,
                        .items = c->groups * c->chunks,
                        .m = m,
                        .n = n,
                        .k = c->chunk,
                        .row_step = m,
                        .shared_b = c->groups * c->chunks == 1,
                        .pack_a = pack_gradient,
                        .pack_b = pack_taps,
                        .a_work = AD_PACK_A_ACROSS,
                        .b_work = AD_PACK_B_ACROSS,
                        .source = c};
    return form != AD_DTYPES;
}

static double bid(const ad_problem *problem, const ad_machine *machine)
{
    weight_gradient c;
    return prepare(&c, problem) ? AD_ISA_NAME(ad_gemm_seconds)(&c.gemm, machine) : -1;
}

static size_t sum_bytes(const weight_gradient *c)
{
    return (size_t)up(SUM_ROWS * c->gemm.m * c->size, 64);
}

static size_t workspace(const ad_problem *problem)
{
    weight_gradient c;
    prepare(&c, problem);
    return c.partial_bytes + (size_t)problem->threads * sum_bytes(&c) +
           AD_ISA_NAME(ad_gemm_workspace)(&c.gemm, problem->threads);
}

/* Adds the chunks of some (tap, channel) in order, turns them, and finishes them. */
static void sum_task(void *user, int64_t index, int worker)
{
    const weight_gradient *c = user;
    int64_t m = c->gemm.m, n = c->gemm.n, tiles = up(n, SUM_ROWS) / SUM_ROWS;
    int64_t group = index / tiles, row = index % tiles * SUM_ROWS, rows = least(SUM_ROWS, n - row);
    char *sums = c->sums + (size_t)worker * sum_bytes(c);
    for (int64_t chunk = 0; chunk < c->chunks; ++chunk) {
        int64_t first = (group * c->chunks + chunk) * m * n + row;
        for (int64_t k = 0; k < m; ++k)
            for (int64_t r = 0; r < rows; ++r) {
                int64_t from = first + k * n + r, to = r * m + k;
                if (c->gemm.form == AD_F64) {
                    double value = ((const double *)c->partial)[from];
                    ((double *)sums)[to] = chunk ? ((double *)sums)[to] + value : value;
                } else {
                    float value = ((const float *)c->partial)[from];
                    ((float *)sums)[to] = chunk ? ((float *)sums)[to] + value : value;
                }
            }
    }
    AD_ISA_NAME(ad_finish_run)(c->finish, sums, m, row, rows, group * m, m);
}

static void run(const ad_problem *problem, const ad_run_args *args)
{
    weight_gradient c;
    ad_finish store, finish;
    prepare(&c, problem);
    c.x_data = args->in[0], c.g_data = args->in[1];
    c.partial = args->workspace, c.sums = c.partial + c.partial_bytes;
    ad_dtype accumulator = c.gemm.form == AD_F64 ? AD_F64 : AD_F32;
    ad_pool *pool = ad_pool_size(args->pool) > problem->threads ? NULL : args->pool;
    /* the product goes to the workspace, plainly */
    ad_problem plain = {.n_out = 1};
    plain.out[0] = (ad_operand){.dtype = accumulator,
                                .rank = 2,
                                .dim = {c.gemm.items * c.gemm.m, c.gemm.n},
                                .stride = {c.gemm.n, 1}};
    ad_run_args plain_args = {.out = (void *const[]){c.partial}};
    AD_ISA_NAME(ad_finish_prepare)(&store, &plain, &plain_args, accumulator);
    AD_ISA_NAME(ad_gemm_run)
    (&c.gemm, &store, NULL, c.sums + (size_t)problem->threads * sum_bytes(&c), problem->threads,
     pool);
    AD_ISA_NAME(ad_finish_prepare)(&finish, problem, args, accumulator);
    c.finish = &finish;
    ad_parallel(pool, c.groups * (up(c.gemm.n, SUM_ROWS) / SUM_ROWS), sum_task, &c);
}

const ad_solver AD_ISA_NAME(ad_solver_conv_weight_gemm) = {.name = "implicit gemm",
                                                           .op = AD_OP_CONV2D_WEIGHT_GRAD,
                                                           .bid = bid,
                                                           .workspace = workspace,
                                                           .run = run};
