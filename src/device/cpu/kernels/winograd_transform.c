/* winograd_transform.c - the transforms of Winograd convolution, a vector of channels or columns at
 * a time. What a patch is made of depends on the interpolation points alone: 0, 1, -1 and infinity,
 * 2 from patches of 5 on, -2 in those of 6. */
#include "device/cpu/winograd.h"

#define INLINE static inline __attribute__((always_inline))

/* call(edge, taps, ...) with constants. */
#define FOR_FORM(w, call, ...)                                                                     \
    do {                                                                                           \
        if ((w)->taps == 3 && (w)->edge == 4)                                                      \
            call(4, 3, __VA_ARGS__);                                                               \
        else if ((w)->taps == 3)                                                                   \
            call(3, 3, __VA_ARGS__);                                                               \
        else if ((w)->edge == 4)                                                                   \
            call(4, 2, __VA_ARGS__);                                                               \
        else                                                                                       \
            call(3, 2, __VA_ARGS__);                                                               \
    } while (0)

/* B' d, along one axis: a patch's line of values `from` apart to one of values `to` apart. */
INLINE void source_line_6(const vf *d, int from, vf *r, int to)
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

INLINE void source_line_5(const vf *d, int from, vf *r, int to)
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

INLINE void source_line_4(const vf *d, int from, vf *r, int to)
{
    vf d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from];
    r[0] = vf_sub(d0, d2);
    r[to] = vf_add(d1, d2);
    r[2 * to] = vf_sub(d2, d1);
    r[3 * to] = vf_sub(d3, d1);
}

INLINE void source_line(int patch, const vf *d, int from, vf *r, int to)
{
    if (patch == 6)
        source_line_6(d, from, r, to);
    else if (patch == 5)
        source_line_5(d, from, r, to);
    else
        source_line_4(d, from, r, to);
}

/* G g: three taps, or two (g2 is not read), to a patch's line. */
INLINE void filter_line(int patch, int taps, vf g0, vf g1, vf g2, vf *r, int to)
{
    const vf half = vf_set1(0.5f), sixth = vf_set1(1.0f / 6), twelfth = vf_set1(1.0f / 12);
    vf even = taps == 3 ? vf_add(g0, g2) : g0;
    r[(patch - 1) * to] = taps == 3 ? g2 : g1;
    if (patch == 4) {
        r[0] = g0;
        r[to] = vf_mul(vf_add(even, g1), half);
        r[2 * to] = vf_mul(vf_sub(even, g1), half);
    } else if (patch == 5) {
        vf wide = vf_fma(vf_set1(2), g1, g0);
        r[0] = vf_mul(g0, half);
        r[to] = vf_mul(vf_add(even, g1), vf_set1(-0.5f));
        r[2 * to] = vf_mul(vf_sub(g1, even), sixth);
        r[3 * to] = vf_mul(taps == 3 ? vf_fma(vf_set1(4), g2, wide) : wide, sixth);
    } else {
        vf outer = vf_mul(even, vf_set1(-1.0f / 6));
        vf wide = vf_fma(g0, vf_set1(1.0f / 24), vf_mul(g2, sixth));
        r[0] = vf_mul(g0, vf_set1(0.25f));
        r[to] = vf_fnma(g1, sixth, outer);
        r[2 * to] = vf_fma(g1, sixth, outer);
        r[3 * to] = vf_fma(g1, twelfth, wide);
        r[4 * to] = vf_fnma(g1, twelfth, wide);
    }
}

/* G' m, the adjoint: a patch's line to taps. */
INLINE void taps_line(int patch, int taps, const vf *m, int from, vf *r, int to)
{
    const vf half = vf_set1(0.5f), sixth = vf_set1(1.0f / 6), twelfth = vf_set1(1.0f / 12);
    vf m1 = m[from], m2 = m[2 * from], m3 = m[3 * from], last = m[(patch - 1) * from];
    if (patch == 4) {
        r[0] = vf_fma(vf_add(m1, m2), half, m[0]);
        r[to] = vf_fma(vf_sub(m1, m2), half, last);
    } else if (patch == 5) {
        vf near = vf_mul(m1, vf_set1(-0.5f)), far = vf_mul(m3, sixth);
        r[0] = vf_add(vf_fma(m[0], half, near), vf_fnma(m2, sixth, far));
        r[to] = vf_add(near, vf_mul(vf_fma(vf_set1(2), m3, m2), sixth));
        if (taps == 3)
            r[2 * to] = vf_fma(vf_sub(vf_mul(vf_set1(4), m3), m2), sixth, vf_add(near, last));
        else
            r[to] = vf_add(r[to], last);
    } else {
        vf m4 = m[4 * from], outer = vf_mul(vf_add(m1, m2), vf_set1(-1.0f / 6));
        vf both = vf_add(m3, m4);
        r[0] = vf_add(vf_fma(m[0], vf_set1(0.25f), outer), vf_mul(both, vf_set1(1.0f / 24)));
        r[to] = vf_fma(vf_sub(m3, m4), twelfth, vf_mul(vf_sub(m2, m1), sixth));
        r[2 * to] = vf_add(vf_fma(both, sixth, outer), last);
    }
}

/* A' m: a patch's line to a tile's. */
INLINE void result_line(int patch, int edge, const vf *m, int from, vf *r, int to)
{
    const vf two = vf_set1(2), four = vf_set1(4), eight = vf_set1(8);
    vf sum = vf_add(m[from], m[2 * from]), difference = vf_sub(m[from], m[2 * from]);
    vf last = m[(patch - 1) * from];
    if (patch == 4) {
        r[0] = vf_add(m[0], sum);
        r[to] = difference;
        r[2 * to] = vf_add(sum, last);
        return;
    }
    vf sum2 = m[3 * from], difference2 = m[3 * from]; /* at 2, and at -2 */
    if (patch == 6)
        sum2 = vf_add(m[3 * from], m[4 * from]), difference2 = vf_sub(m[3 * from], m[4 * from]);
    r[0] = vf_add(vf_add(m[0], sum), sum2);
    r[to] = vf_fma(two, difference2, difference);
    r[2 * to] = vf_fma(four, sum2, sum);
    if (edge == 3)
        r[2 * to] = vf_add(r[2 * to], last);
    else
        r[3 * to] = vf_add(vf_fma(eight, difference2, difference), last);
}

/* A y, the adjoint: a tile's line to a patch's. */
INLINE void gradient_line(int patch, int edge, const vf *y, int from, vf *r, int to)
{
    const vf two = vf_set1(2), four = vf_set1(4);
    vf y0 = y[0], y1 = y[from], y2 = y[2 * from], y3 = edge == 4 ? y[3 * from] : vf_zero();
    vf even = vf_add(y0, y2), odd = edge == 4 ? vf_add(y1, y3) : y1;
    r[0] = y0;
    r[to] = vf_add(even, odd);
    r[2 * to] = vf_sub(even, odd);
    r[(patch - 1) * to] = edge == 4 ? y3 : y2;
    if (patch == 4) return;
    vf even2 = vf_fma(four, y2, y0), odd2 = edge == 4 ? vf_fma(four, y3, y1) : y1;
    r[3 * to] = vf_fma(two, odd2, even2);
    if (patch == 6) r[4 * to] = vf_fnma(two, odd2, even2);
}

/* ---- filter ---- */
INLINE void transform_taps_of(int edge, int taps, const vf *g, float *to, int64_t step)
{
    const int patch = edge + taps - 1;
    vf half[18], point[6]; /* half: a patch's rows of taps */
    for (int s = 0; s < taps; ++s)
        filter_line(patch, taps, g[s], g[taps + s], taps == 3 ? g[6 + s] : g[s], half + s, taps);
    for (int i = 0; i < patch; ++i) {
        const vf *row = half + taps * i;
        filter_line(patch, taps, row[0], row[1], row[taps - 1], point, 1);
        for (int j = 0; j < patch; ++j) vf_store(to + (patch * i + j) * step, point[j]);
    }
}

static void transform_taps(const ad_winograd *w, const vf *g, float *to, int64_t step)
{
    FOR_FORM(w, transform_taps_of, g, to, step);
}

/* Where the taps of a phase are, row by row. */
static void find_taps(const ad_winograd *w, int64_t phase, const float **tap)
{
    int64_t y = phase / w->step[1], x = phase % w->step[1];
    for (int t = 0; t < w->taps * w->taps; ++t) {
        int64_t r = t / w->taps, s = t % w->taps;
        if (w->flip) r = w->taps - 1 - r, s = w->taps - 1 - s;
        tap[t] = w->filter + w->filter_first + (r * w->step[0] + y) * w->filter_tap[0] +
                 (s * w->step[1] + x) * w->filter_tap[1];
    }
}

static int clip(int64_t at, int most)
{
    return at < 0 ? 0 : at > most ? most : (int)at;
}

/* Columns are neighbours in memory: vectors as they are. */
static void filter_along_columns(const ad_winograd *w, const float *const *tap, int64_t col,
                                 float *to, int64_t step)
{
    for (int64_t c = 0; c < w->channels; ++c)
        for (int v = 0; v < AD_NR; v += AD_VF) {
            int n = clip(w->columns - col - v, AD_VF);
            vf g[9];
            for (int t = 0; t < w->taps * w->taps; ++t)
                g[t] = n ? vf_load_n(tap[t] + c * w->filter_channel + col + v, n) : vf_zero();
            transform_taps(w, g, to + c * AD_NR + v, step);
        }
}

/* Channels are neighbours: squares of AD_VF columns x AD_VF channels are turned first. */
static void filter_along_channels(const ad_winograd *w, const float *const *tap, int64_t col,
                                  float *to, int64_t step)
{
    for (int64_t c = 0; c < w->channels; c += AD_VF) {
        int have = clip(w->channels - c, AD_VF);
        vf square[AD_NV][9][AD_VF];
        for (int v = 0; v < AD_NV; ++v)
            for (int t = 0; t < w->taps * w->taps; ++t) {
                int64_t first = col + v * AD_VF;
                const float *from = tap[t] + first * w->filter_column + c;
                for (int i = 0; i < AD_VF; ++i)
                    square[v][t][i] = first + i < w->columns
                                          ? vf_load_n(from + i * w->filter_column, have)
                                          : vf_zero();
                vf_transpose(square[v][t]);
            }
        for (int i = 0; i < have; ++i)
            for (int v = 0; v < AD_NV; ++v) {
                vf g[9];
                for (int t = 0; t < w->taps * w->taps; ++t) g[t] = square[v][t][i];
                transform_taps(w, g, to + (c + i) * AD_NR + v * AD_VF, step);
            }
    }
}

void AD_ISA_NAME(ad_winograd_filter)(const ad_winograd *w, int64_t col, float *panel, int64_t step)
{
    size_t rest = (size_t)((w->group - w->channels) * AD_NR) * sizeof *panel;
    for (int64_t phase = 0; phase < w->step[0] * w->step[1]; ++phase) {
        const float *tap[9];
        float *to = panel + phase * w->group * AD_NR;
        find_taps(w, phase, tap);
        if (w->filter_column == 1)
            filter_along_columns(w, tap, col, to, step);
        else
            filter_along_channels(w, tap, col, to, step);
        for (int point = 0; point < w->points && rest; ++point)
            memset(to + point * step + w->channels * AD_NR, 0, rest);
    }
}

INLINE void taps_of(int edge, int taps, const float *sums, int64_t step, float *out,
                    int64_t tap_step)
{
    const int patch = edge + taps - 1;
    vf m[6], half[18], line[3]; /* half: rows of taps, columns of a patch */
    for (int x = 0; x < patch; ++x) {
        for (int y = 0; y < patch; ++y) m[y] = vf_load(sums + (patch * y + x) * step);
        taps_line(patch, taps, m, 1, half + x, patch);
    }
    for (int y = 0; y < taps; ++y) {
        taps_line(patch, taps, half + patch * y, 1, line, 1);
        for (int x = 0; x < taps; ++x) vf_store(out + (taps * y + x) * tap_step, line[x]);
    }
}

void AD_ISA_NAME(ad_winograd_taps)(const ad_winograd *w, const float *sums, int64_t step,
                                   float *out, int64_t tap_step)
{
    FOR_FORM(w, taps_of, sums, step, out, tap_step);
}

/* ---- tiles ---- */
typedef struct tile_place {
    int64_t x, y, image;
} tile_place;

static tile_place place_of(const ad_winograd *w, int64_t tile)
{
    int64_t rest = tile / w->tiles_x;
    return (tile_place){tile % w->tiles_x, rest % w->tiles_y, rest / w->tiles_y};
}

static void next_tile(const ad_winograd *w, tile_place *at)
{
    if (++at->x < w->tiles_x) return;
    at->x = 0;
    if (++at->y == w->tiles_y) at->y = 0, ++at->image;
}

/* Of `count` values from `first` on, `step` apart, those in [0, size) are [*begin, *end). */
static void inside(int64_t first, int64_t step, int64_t size, int count, int *begin, int *end)
{
    *begin = first < 0 ? clip((-first + step - 1) / step, count) : 0;
    *end = first < size ? clip((size - first + step - 1) / step, count) : 0;
}

/* size x size vectors of a picture; outside of [y0, y1) x [x0, x1) there is none. */
INLINE void load_square(int size, const float *from, int64_t row, int64_t col, int64_t channels,
                        bool whole, int y0, int y1, int x0, int x1, vf *d)
{
    for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
            const float *at = from + y * row + x * col;
            if (whole)
                d[size * y + x] = vf_load(at);
            else if (y < y0 || y >= y1 || x < x0 || x >= x1)
                d[size * y + x] = vf_zero();
            else
                d[size * y + x] = channels < AD_VF ? vf_load_n(at, channels) : vf_load(at);
        }
}

/* ---- source ---- */
INLINE void transform_patch(int patch, const float *from, int64_t row, int64_t col,
                            int64_t channels, bool whole, int y0, int y1, int x0, int x1, float *to,
                            int64_t step)
{
    vf d[36], line[6];
    load_square(patch, from, row, col, channels, whole, y0, y1, x0, x1, d);
    for (int x = 0; x < patch; ++x) source_line(patch, d + x, patch, d + x, patch);
    for (int y = 0; y < patch; ++y) {
        source_line(patch, d + patch * y, 1, line, 1);
        for (int x = 0; x < patch; ++x) vf_store(to + (patch * y + x) * step, line[x]);
    }
}

INLINE void source_of(int edge, int taps, const ad_winograd *w, int64_t tile, int64_t count,
                      int64_t panel, float *panels, int64_t step)
{
    const int patch = edge + taps - 1;
    tile_place at = place_of(w, tile);
    const int64_t *stride = w->source_stride;
    int64_t row = w->step[0] * stride[1], col = w->step[1] * stride[2];
    for (int64_t i = 0; i < count; ++i, next_tile(w, &at)) {
        float *to = panels + i / panel * panel * w->depth + i % panel * AD_VF;
        for (int64_t phase = 0; phase < w->step[0] * w->step[1]; ++phase) {
            int64_t top = edge * at.y * w->step[0] - w->pad[0] + phase / w->step[1];
            int64_t left = edge * at.x * w->step[1] - w->pad[1] + phase % w->step[1];
            int y0, y1, x0, x1;
            inside(top, w->step[0], w->height, patch, &y0, &y1);
            inside(left, w->step[1], w->width, patch, &x0, &x1);
            bool whole = y1 - y0 == patch && x1 - x0 == patch;
            const float *from = w->source + at.image * stride[0] + top * stride[1] +
                                left * stride[2];
            for (int64_t c = 0; c < w->channels; c += AD_VF, to += panel * AD_VF) {
                if (whole && c + AD_VF <= w->channels)
                    transform_patch(patch, from + c, row, col, AD_VF, true, 0, patch, 0, patch, to,
                                    step);
                else
                    transform_patch(patch, from + c, row, col, w->channels - c, false, y0, y1, x0,
                                    x1, to, step);
            }
        }
    }
}

void AD_ISA_NAME(ad_winograd_source)(const ad_winograd *w, int64_t tile, int64_t count,
                                     int64_t panel, float *panels, int64_t step)
{
    FOR_FORM(w, source_of, w, tile, count, panel, panels, step);
}

/* ---- result ---- */
INLINE void result_of(int edge, int taps, const float *products, int64_t step, int64_t cols,
                      int64_t width, float *out, int64_t row)
{
    const int patch = edge + taps - 1;
    for (int64_t c = 0; c < cols; c += AD_VF) {
        vf m[6], half[24], line[4]; /* half: rows of a tile, columns of a patch */
        for (int x = 0; x < patch; ++x) {
            for (int y = 0; y < patch; ++y) m[y] = vf_load(products + (patch * y + x) * step + c);
            result_line(patch, edge, m, 1, half + x, patch);
        }
        for (int y = 0; y < edge; ++y) {
            result_line(patch, edge, half + patch * y, 1, line, 1);
            for (int x = 0; x < edge; ++x) vf_store(out + y * row + x * width + c, line[x]);
        }
    }
}

void AD_ISA_NAME(ad_winograd_result)(const ad_winograd *w, const float *products, int64_t step,
                                     int64_t cols, int64_t width, float *out, int64_t row)
{
    FOR_FORM(w, result_of, products, step, cols, width, out, row);
}

/* ---- the result's gradient ---- */
INLINE void transform_tile(int edge, int patch, const float *from, int64_t row, int64_t col,
                           int64_t columns, bool whole, int y1, int x1, float *to, int64_t step)
{
    vf d[16], half[24], line[6]; /* half: rows of a patch, columns of a tile */
    load_square(edge, from, row, col, columns, whole, 0, y1, 0, x1, d);
    for (int x = 0; x < edge; ++x) gradient_line(patch, edge, d + x, edge, half + x, edge);
    for (int y = 0; y < patch; ++y) {
        gradient_line(patch, edge, half + edge * y, 1, line, 1);
        for (int x = 0; x < patch; ++x) vf_store(to + (patch * y + x) * step, line[x]);
    }
}

INLINE void gradient_of(int edge, int taps, const ad_winograd *w, const float *gradient,
                        const int64_t *stride, int64_t tile, int64_t count, int64_t panel,
                        float *panels, int64_t step)
{
    const int patch = edge + taps - 1;
    tile_place at = place_of(w, tile);
    for (int64_t i = 0; i < count; ++i, next_tile(w, &at)) {
        int y1 = clip(w->rows - edge * at.y, edge), x1 = clip(w->cols - edge * at.x, edge);
        const float *from = gradient + at.image * stride[0] + edge * at.y * stride[1] +
                            edge * at.x * stride[2];
        for (int64_t c = 0; c < w->columns; c += AD_VF) {
            float *to = panels + (c / AD_NR * panel + i) * AD_NR + c % AD_NR;
            if (y1 == edge && x1 == edge && c + AD_VF <= w->columns)
                transform_tile(edge, patch, from + c, stride[1], stride[2], AD_VF, true, edge, edge,
                               to, step);
            else
                transform_tile(edge, patch, from + c, stride[1], stride[2], w->columns - c, false,
                               y1, x1, to, step);
        }
    }
}

void AD_ISA_NAME(ad_winograd_gradient)(const ad_winograd *w, const float *gradient,
                                       const int64_t *stride, int64_t tile, int64_t count,
                                       int64_t panel, float *panels, int64_t step)
{
    FOR_FORM(w, gradient_of, w, gradient, stride, tile, count, panel, panels, step);
}
