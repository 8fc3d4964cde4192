/* winograd_transform.c - the three transforms of F(4x4, 3x3) and of F(3x3, 3x3), a vector of
 * channels at a time. */
#include "device/cpu/winograd.h"

#define INLINE static inline __attribute__((always_inline))

/* B' d, along one axis: six values `from` apart to six values `to` apart. */
INLINE void source_line_4(const vf *d, int from, vf *r, int to)
{
    const vf four = vf_set1(4), five = vf_set1(5), two = vf_set1(2);
    vf d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from],
       d5 = d[5 * from];
    vf even = vf_fnma(four, d2, d4), odd = vf_fnma(four, d1, d3);
    vf even2 = vf_sub(d4, d2), odd2 = vf_sub(d3, d1);
    r[0] = vf_fma(four, d0, vf_fnma(five, d2, d4));
    r[to] = vf_add(even, odd);
    r[2 * to] = vf_sub(even, odd);
    r[3 * to] = vf_fma(two, odd2, even2);
    r[4 * to] = vf_fnma(two, odd2, even2);
    r[5 * to] = vf_fma(four, d1, vf_fnma(five, d3, d5));
}

INLINE void source_line_3(const vf *d, int from, vf *r, int to)
{
    const vf two = vf_set1(2), three = vf_set1(3);
    vf d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from];
    vf difference = vf_sub(d3, d1);
    r[0] = vf_fma(two, vf_sub(d0, d2), difference);
    r[to] = vf_fnma(two, d1, vf_sub(d3, d2));
    r[2 * to] = vf_fma(two, d1, vf_fnma(three, d2, d3));
    r[3 * to] = difference;
    r[4 * to] = vf_fnma(two, difference, vf_sub(d4, d2));
}

INLINE void source_line(int edge, const vf *d, int from, vf *r, int to)
{
    if (edge == 4)
        source_line_4(d, from, r, to);
    else
        source_line_3(d, from, r, to);
}

/* G g: three values to six or five. */
INLINE void filter_line(int edge, vf g0, vf g1, vf g2, vf *r, int to)
{
    const vf sixth = vf_set1(1.0f / 6), twelfth = vf_set1(1.0f / 12);
    if (edge == 3) {
        vf sum = vf_add(g0, g2);
        r[0] = vf_mul(g0, vf_set1(0.5f));
        r[to] = vf_mul(vf_add(sum, g1), vf_set1(-0.5f));
        r[2 * to] = vf_mul(vf_sub(g1, sum), sixth);
        r[3 * to] = vf_mul(vf_fma(vf_set1(4), g2, vf_fma(vf_set1(2), g1, g0)), sixth);
        r[4 * to] = g2;
        return;
    }
    vf outer = vf_mul(vf_add(g0, g2), vf_set1(-1.0f / 6));
    vf wide = vf_fma(g0, vf_set1(1.0f / 24), vf_mul(g2, sixth));
    r[0] = vf_mul(g0, vf_set1(0.25f));
    r[to] = vf_fnma(g1, sixth, outer);
    r[2 * to] = vf_fma(g1, sixth, outer);
    r[3 * to] = vf_fma(g1, twelfth, wide);
    r[4 * to] = vf_fnma(g1, twelfth, wide);
    r[5 * to] = g2;
}

/* A' m: six values to four, or five to three. */
INLINE void result_line(int edge, const vf *m, int from, vf *r, int to)
{
    if (edge == 3) {
        vf both = vf_add(m[from], m[2 * from]), odd = vf_sub(m[from], m[2 * from]);
        r[0] = vf_add(vf_add(m[0], both), m[3 * from]);
        r[to] = vf_fma(vf_set1(2), m[3 * from], odd);
        r[2 * to] = vf_add(vf_fma(vf_set1(4), m[3 * from], both), m[4 * from]);
        return;
    }
    vf m1 = m[from], m2 = m[2 * from], m3 = m[3 * from], m4 = m[4 * from];
    vf sum = vf_add(m1, m2), difference = vf_sub(m1, m2);
    vf sum2 = vf_add(m3, m4), difference2 = vf_sub(m3, m4);
    r[0] = vf_add(vf_add(m[0], sum), sum2);
    r[to] = vf_fma(vf_set1(2), difference2, difference);
    r[2 * to] = vf_fma(vf_set1(4), sum2, sum);
    r[3 * to] = vf_add(vf_fma(vf_set1(8), difference2, difference), m[5 * from]);
}

/* ---- filter ---- */
INLINE void transform_taps_of(int edge, const vf *g, float *to, int64_t step)
{
    const int patch = edge + 2;
    vf half[18], point[6]; /* half: 6 rows of 3 columns */
    for (int s = 0; s < 3; ++s) filter_line(edge, g[s], g[3 + s], g[6 + s], half + s, 3);
    for (int i = 0; i < patch; ++i) {
        filter_line(edge, half[3 * i], half[3 * i + 1], half[3 * i + 2], point, 1);
        for (int j = 0; j < patch; ++j) vf_store(to + (patch * i + j) * step, point[j]);
    }
}

static void transform_taps(int edge, const vf *g, float *to, int64_t step)
{
    if (edge == 4)
        transform_taps_of(4, g, to, step);
    else
        transform_taps_of(3, g, to, step);
}

static const float *tap(const ad_winograd *w, int t)
{
    int r = t / 3, s = t % 3;
    if (w->flip) r = 2 - r, s = 2 - s;
    return w->filter + r * w->filter_tap[0] + s * w->filter_tap[1];
}

static int clip(int64_t at, int most)
{
    return at < 0 ? 0 : at > most ? most : (int)at;
}

/* Columns are neighbours in memory: vectors as they are. */
static void filter_along_columns(const ad_winograd *w, int64_t col, float *to, int64_t step)
{
    for (int64_t c = 0; c < w->channels; ++c)
        for (int v = 0; v < AD_NR; v += AD_VF) {
            int n = clip(w->columns - col - v, AD_VF);
            vf g[9];
            for (int t = 0; t < 9; ++t)
                g[t] = n ? vf_load_n(tap(w, t) + c * w->filter_channel + col + v, n) : vf_zero();
            transform_taps(w->edge, g, to + c * AD_NR + v, step);
        }
}

/* Channels are neighbours: squares of AD_VF columns x AD_VF channels are turned first. */
static void filter_along_channels(const ad_winograd *w, int64_t col, float *to, int64_t step)
{
    for (int64_t c = 0; c < w->channels; c += AD_VF) {
        int have = clip(w->channels - c, AD_VF);
        vf square[AD_NV][9][AD_VF];
        for (int v = 0; v < AD_NV; ++v)
            for (int t = 0; t < 9; ++t) {
                int64_t first = col + v * AD_VF;
                const float *from = tap(w, t) + first * w->filter_column + c;
                for (int i = 0; i < AD_VF; ++i)
                    square[v][t][i] = first + i < w->columns
                                          ? vf_load_n(from + i * w->filter_column, have)
                                          : vf_zero();
                vf_transpose(square[v][t]);
            }
        for (int i = 0; i < have; ++i)
            for (int v = 0; v < AD_NV; ++v) {
                vf g[9];
                for (int t = 0; t < 9; ++t) g[t] = square[v][t][i];
                transform_taps(w->edge, g, to + (c + i) * AD_NR + v * AD_VF, step);
            }
    }
}

void AD_ISA_NAME(ad_winograd_filter)(const ad_winograd *w, int64_t col, float *panel, int64_t step)
{
    if (w->filter_column == 1)
        filter_along_columns(w, col, panel, step);
    else
        filter_along_channels(w, col, panel, step);
    size_t rest = (size_t)((w->depth - w->channels) * AD_NR) * sizeof *panel;
    for (int point = 0; point < w->points && rest; ++point)
        memset(panel + point * step + w->channels * AD_NR, 0, rest);
}

/* ---- source ---- */
/* One tile, one vector of channels. Outside of [y0, y1) x [x0, x1) of the patch there is no image.
 */
INLINE void transform_patch(int edge, const float *from, const int64_t *stride, int64_t channels,
                            bool inside, int y0, int y1, int x0, int x1, float *to, int64_t step)
{
    const int patch = edge + 2;
    vf d[36], line[6];
    for (int y = 0; y < patch; ++y)
        for (int x = 0; x < patch; ++x) {
            const float *at = from + y * stride[1] + x * stride[2];
            if (inside)
                d[patch * y + x] = vf_load(at);
            else if (y < y0 || y >= y1 || x < x0 || x >= x1)
                d[patch * y + x] = vf_zero();
            else
                d[patch * y + x] = channels < AD_VF ? vf_load_n(at, channels) : vf_load(at);
        }
    for (int x = 0; x < patch; ++x) source_line(edge, d + x, patch, d + x, patch);
    for (int y = 0; y < patch; ++y) {
        source_line(edge, d + patch * y, 1, line, 1);
        for (int x = 0; x < patch; ++x) vf_store(to + (patch * y + x) * step, line[x]);
    }
}

INLINE void source_of(int edge, const ad_winograd *w, int64_t tile, int64_t count, float *panels,
                      int64_t step)
{
    const int patch = edge + 2;
    int64_t tx = tile % w->tiles_x, rest = tile / w->tiles_x;
    int64_t ty = rest % w->tiles_y, image = rest / w->tiles_y;
    for (int64_t i = 0; i < count; ++i) {
        int64_t top = edge * ty - w->pad[0], left = edge * tx - w->pad[1];
        int y0 = clip(-top, patch), y1 = clip(w->height - top, patch);
        int x0 = clip(-left, patch), x1 = clip(w->width - left, patch);
        bool inside = y1 - y0 == patch && x1 - x0 == patch;
        const int64_t *stride = w->source_stride;
        const float *from = w->source + image * stride[0] + top * stride[1] + left * stride[2];
        float *to = panels + i / AD_MR * AD_MR * w->depth + i % AD_MR * AD_VF;
        for (int64_t c = 0; c < w->channels; c += AD_VF, to += AD_MR * AD_VF) {
            if (inside && c + AD_VF <= w->channels)
                transform_patch(edge, from + c, stride, AD_VF, true, 0, patch, 0, patch, to, step);
            else
                transform_patch(edge, from + c, stride, w->channels - c, false, y0, y1, x0, x1, to,
                                step);
        }
        if (++tx == w->tiles_x) {
            tx = 0;
            if (++ty == w->tiles_y) ty = 0, ++image;
        }
    }
}

void AD_ISA_NAME(ad_winograd_source)(const ad_winograd *w, int64_t tile, int64_t count,
                                     float *panels, int64_t step)
{
    if (w->edge == 4)
        source_of(4, w, tile, count, panels, step);
    else
        source_of(3, w, tile, count, panels, step);
}

/* ---- result ---- */
INLINE void result_of(int edge, const float *products, int64_t step, int64_t width, float *out,
                      int64_t row)
{
    const int patch = edge + 2;
    for (int64_t c = 0; c < width; c += AD_VF) {
        vf m[6], half[24], line[4]; /* half: 4 rows of 6 columns */
        for (int x = 0; x < patch; ++x) {
            for (int y = 0; y < patch; ++y) m[y] = vf_load(products + (patch * y + x) * step + c);
            result_line(edge, m, 1, half + x, patch);
        }
        for (int y = 0; y < edge; ++y) {
            result_line(edge, half + patch * y, 1, line, 1);
            for (int x = 0; x < edge; ++x) vf_store(out + y * row + x * width + c, line[x]);
        }
    }
}

void AD_ISA_NAME(ad_winograd_result)(const ad_winograd *w, const float *products, int64_t step,
                                     int64_t width, float *out, int64_t row)
{
    if (w->edge == 4)
        result_of(4, products, step, width, out, row);
    else
        result_of(3, products, step, width, out, row);
}
