/* conv_window.h - a window of an image as floats, zeros where it reaches over the edge, so that the
 * loops of direct convolutions know no edges. For kernel sources, after simd.h. */
#ifndef AD_CPU_CONV_WINDOW_H
#define AD_CPU_CONV_WINDOW_H

#include "device/cpu/as_f32.h"
#include "plan/device.h"

/* `count` pixels of o's dim[3] channels from `from` on, padded with zeros to `padded`. */
static inline void ad_copy_pixels(float *to, int64_t padded, const char *from, const ad_operand *o,
                                  int64_t count)
{
    int64_t size = (int64_t)ad_dtype_size(o->dtype), channels = o->dim[3], step = o->stride[2];
    if (o->dtype == AD_F32 && o->stride[3] == 1 && step == channels && padded == channels) {
        memcpy(to, from, (size_t)(count * channels) * sizeof *to);
        return;
    }
    for (int64_t i = 0; i < count; ++i, to += padded, from += step * size) {
        int64_t c = 0;
        if (o->stride[3] == 1)
            for (; c < channels; c += AD_VF) {
                int64_t n = channels - c < AD_VF ? channels - c : AD_VF;
                vf_store_n(to + c, ad_load_as_f32(from, o->dtype, c, n), n);
            }
        for (; c < channels; ++c)
            vf_store_n(to + c, ad_load_as_f32(from, o->dtype, c * o->stride[3], 1), 1);
        for (c = channels; c < padded; ++c) to[c] = 0;
    }
}

/* to [rows, cols, padded] = rows from `top`, columns from `left` of an image of o at `data`. */
static inline void ad_copy_window(float *to, int64_t padded, const char *data, const ad_operand *o,
                                  int64_t top, int64_t rows, int64_t left, int64_t cols)
{
    int64_t size = (int64_t)ad_dtype_size(o->dtype);
    int64_t begin = left < 0 ? -left : 0, end = o->dim[2] - left < cols ? o->dim[2] - left : cols;
    for (int64_t y = top; y < top + rows; ++y, to += cols * padded) {
        if (y < 0 || y >= o->dim[1] || begin >= end) {
            memset(to, 0, (size_t)(cols * padded) * sizeof *to);
            continue;
        }
        memset(to, 0, (size_t)(begin * padded) * sizeof *to);
        ad_copy_pixels(to + begin * padded, padded,
                       data + (y * o->stride[1] + (left + begin) * o->stride[2]) * size, o,
                       end - begin);
        memset(to + end * padded, 0, (size_t)((cols - end) * padded) * sizeof *to);
    }
}

#endif
