/* av_pixels.c - decoded frames as RGB: the formula and the range of the file's colours, square
 * pixels, and the side that is up. */
#include "film/av.h"

#include <stdlib.h>
#include <string.h>

enum {
    FLAGS = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP,
    ALIGN = 64
};

/* x' = a x + c y, y' = b x + d y, in 16.16 bits, of pixels from the left and the top. */
bool ad_av_turn(ad_av_pixels *p, const int32_t m[9])
{
    double a = m[0], b = m[1], c = m[3], d = m[4];
    bool upright = a * a + d * d >= b * b + c * c;
    p->exchanged = !upright;
    p->flip_x = upright ? a < 0 : c < 0;
    p->flip_y = upright ? d < 0 : b < 0;
    double on = upright ? a * a + d * d : b * b + c * c, off = a * a + b * b + c * c + d * d - on;
    return on > 0 && off < 1e-3 * on;
}

int ad_av_colours(const AVFrame *frame, bool *guessed, const char **name)
{
    const AVPixFmtDescriptor *about = ad_libav.av_pix_fmt_desc_get(frame->format);
    *guessed = false;
    if (about && (about->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)))
        return *name = "sRGB", SWS_CS_DEFAULT;
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709: return *name = "BT.709", SWS_CS_ITU709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return *name = "BT.601", SWS_CS_ITU601;
    case AVCOL_SPC_FCC: return *name = "FCC", SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M: return *name = "SMPTE 240M", SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return *name = "BT.2020", SWS_CS_BT2020;
    default: break;
    }
    *guessed = about && about->nb_components >= 3;
    bool high = frame->width >= 1280 || frame->height > 576; /* as mpv does */
    *name = high ? "BT.709" : "BT.601";
    return high ? SWS_CS_ITU709 : SWS_CS_ITU601;
}

/* Formats whose name says that they use the whole range, and what they are else. */
static enum AVPixelFormat plain(enum AVPixelFormat format)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P: return AV_PIX_FMT_YUV411P;
    default: return format;
    }
}

bool ad_av_full_range(const AVFrame *frame)
{
    const AVPixFmtDescriptor *about = ad_libav.av_pix_fmt_desc_get(frame->format);
    if (about && (about->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))) return true;
    return frame->color_range == AVCOL_RANGE_JPEG ||
           plain((enum AVPixelFormat)frame->format) != frame->format;
}

static ad_status prepare(ad_av_pixels *p, ad_context *own, const char *name, const AVFrame *frame)
{
    bool guessed, full = ad_av_full_range(frame);
    const char *colours;
    int space = ad_av_colours(frame, &guessed, &colours);
    if (!p->buffer[0] &&
        ad_libav.av_image_alloc(p->buffer, p->stride, p->to_width, p->to_height, p->to, ALIGN) < 0)
        return ad_av_fail(own, name, "a frame", AVERROR(ENOMEM));
    if (p->scaler && p->width == frame->width && p->height == frame->height &&
        p->format == frame->format && p->space == space && p->full_range == full)
        return AD_OK;
    ad_libav.sws_freeContext(p->scaler);
    ad_av_forget();
    p->scaler = ad_libav.sws_getContext(frame->width, frame->height,
                                        plain((enum AVPixelFormat)frame->format), p->to_width,
                                        p->to_height, p->to, FLAGS, NULL, NULL, NULL);
    if (!p->scaler) return ad_av_fail(own, name, "its pixels cannot be converted", AVERROR(EINVAL));
    const int *formula = ad_libav.sws_getCoefficients(space);
    (void)ad_libav.sws_setColorspaceDetails(p->scaler, formula, full, formula, 1, 0, 1 << 16,
                                            1 << 16);
    p->width = frame->width, p->height = frame->height, p->format = frame->format;
    p->space = space, p->full_range = full;
    return AD_OK;
}

/* Rows as they are shown; a pixel has `bytes`. */
static void turn(const ad_av_pixels *p, size_t bytes, uint8_t *to)
{
    int width = p->exchanged ? p->to_height : p->to_width;
    int height = p->exchanged ? p->to_width : p->to_height;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x, to += bytes) {
            int sx = p->flip_x ? width - 1 - x : x, sy = p->flip_y ? height - 1 - y : y;
            int column = p->exchanged ? sy : sx, row = p->exchanged ? sx : sy;
            memcpy(to, p->buffer[0] + (ptrdiff_t)row * p->stride[0] + (size_t)column * bytes,
                   bytes);
        }
    }
}

ad_status ad_av_pixels_convert(ad_av_pixels *p, ad_context *own, const char *name,
                               const AVFrame *frame, void *to)
{
    ad_status status = prepare(p, own, name, frame);
    if (status) return status;
    int done = ad_libav.sws_scale(p->scaler, (const uint8_t *const *)frame->data, frame->linesize,
                                  0, frame->height, p->buffer, p->stride);
    if (done < 0) return ad_av_fail(own, name, "its pixels cannot be converted", done);
    size_t bytes = (size_t)ad_libav.av_get_bits_per_pixel(ad_libav.av_pix_fmt_desc_get(p->to)) / 8;
    size_t row = (size_t)p->to_width * bytes;
    uint8_t *at = to;
    if (p->exchanged || p->flip_x || p->flip_y)
        turn(p, bytes, to);
    else
        for (int y = 0; y < p->to_height; ++y, at += row)
            memcpy(at, p->buffer[0] + (ptrdiff_t)y * p->stride[0], row);
    return AD_OK;
}

void ad_av_pixels_free(ad_av_pixels *p)
{
    ad_libav.sws_freeContext(p->scaler);
    ad_libav.av_freep(&p->buffer[0]);
}
