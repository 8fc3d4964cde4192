/* image_pnm.c - netpbm's PGM and PPM, as text (P2, P3) and as bytes (P5, P6), up to 16 bits.
 * Reading only. Samples are taken for sRGB-encoded, as everyone writes them. */
#include "io/image_codec.h"

#include <string.h>

typedef struct pnm {
    int channels;
    bool text;
    int64_t width, height, greatest;
    size_t at; /* where the samples begin */
} pnm;

static bool blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next number, after blanks and comments; -1: there is none below 2^31. */
static int64_t next_number(const ad_image_bytes *file, size_t *at)
{
    int64_t value = 0;
    size_t begin;
    for (; *at < file->size; ++*at) {
        if (file->at[*at] == '#')
            while (*at < file->size && file->at[*at] != '\n') ++*at;
        else if (!blank(file->at[*at]))
            break;
    }
    for (begin = *at; *at < file->size && file->at[*at] >= '0' && file->at[*at] <= '9'; ++*at)
        if ((value = value * 10 + file->at[*at] - '0') > INT32_MAX) return -1;
    return *at > begin ? value : -1;
}

static ad_status read_header(ad_context *ctx, const ad_image_bytes *file, pnm *p)
{
    *p = (pnm){.at = 2};
    p->text = file->at[1] < '4', p->channels = file->at[1] == '3' || file->at[1] == '6' ? 3 : 1;
    p->width = next_number(file, &p->at);
    p->height = next_number(file, &p->at);
    p->greatest = next_number(file, &p->at);
    if (p->width < 1 || p->height < 1 || p->greatest < 1 || p->greatest > 65535)
        return ad_fail(ctx, AD_ERROR_FORMAT,
                       "damaged PNM: width, height and greatest value are expected after P%c",
                       file->at[1]);
    ++p->at; /* one blank */
    return AD_OK;
}

ad_status ad_pnm_probe(ad_context *ctx, ad_image_bytes *file, ad_image_info *info)
{
    pnm p;
    ad_status status = read_header(ctx, file, &p);
    if (!status)
        *info = (ad_image_info){.format = AD_IMAGE_PNM,
                                .width = p.width,
                                .height = p.height,
                                .channels = p.channels,
                                .bit_depth = p.greatest > 255 ? 16 : 8,
                                .orientation = 1};
    return status;
}

static ad_status truncated(ad_context *ctx)
{
    return ad_fail(ctx, AD_ERROR_FORMAT, "truncated PNM: the data ends too early");
}

ad_status ad_pnm_decode(ad_context *ctx, ad_image_bytes *file, const ad_image_info *info,
                        ad_image **out)
{
    pnm p;
    (void)info;
    ad_status status = read_header(ctx, file, &p);
    if (status) return status;
    int64_t count, size = p.greatest > 255 ? 2 : 1;
    size_t left = file->size > p.at ? file->size - p.at : 0;
    if (__builtin_mul_overflow(p.width * p.height, p.channels * size, &count) ||
        left < (size_t)(p.text ? count / size : count))
        return truncated(ctx);
    if ((status = ad_image_make(ctx, p.width, p.height, p.channels, out))) return status;
    count /= size;
    const uint8_t *at = file->at + p.at;
    float scale = 1.0f / (float)p.greatest;
    for (int64_t i = 0; i < count; ++i) {
        int64_t value = p.text      ? next_number(file, &p.at)
                        : size == 1 ? at[i]
                                    : at[2 * i] << 8 | at[2 * i + 1];
        if (value < 0 || value > p.greatest) {
            ad_image_free(*out);
            *out = NULL;
            if (value < 0 && p.at >= file->size) return truncated(ctx);
            return ad_fail(ctx, AD_ERROR_FORMAT,
                           "damaged PNM: sample %lld is not a number up to %lld", (long long)i,
                           (long long)p.greatest);
        }
        (*out)->data[i] = (float)value * scale;
    }
    return AD_OK;
}
