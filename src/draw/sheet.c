/* sheet.c - pictures side by side. */
#include "base/context.h"
#include "draw/words.h"

#include <math.h>
#include <string.h>

enum { SIDE_MOST = 1 << 16 };

typedef struct sheet {
    int columns, rows;
    int64_t gap, width, height; /* of the largest picture, enlarged */
    int64_t side;
    double size;     /* of captions' letters; 0: none */
    int64_t line;    /* of them */
    int64_t caption; /* height of the tallest */
    float background[3];
    int channels;
} sheet;

/* How many pixels a side each of the picture's becomes. */
static int64_t times(const sheet *s, const ad_image *picture)
{
    int64_t longer = picture->width > picture->height ? picture->width : picture->height;
    return longer < s->side ? s->side / longer : 1;
}

static int64_t lines_of(const char *text)
{
    int64_t lines = 1;
    while (text && (text = strchr(text, '\n'))) ++text, ++lines;
    return lines;
}

static void measure(sheet *s, const ad_image *const *images, int count, const ad_sheet_options *o)
{
    bool dark = false;
    s->channels = o->captions ? 3 : 1;
    s->side = o->side < SIDE_MOST ? o->side : SIDE_MOST;
    for (int i = 0; i < count; ++i) {
        int64_t k = times(s, images[i]), width = k * images[i]->width,
                height = k * images[i]->height;
        s->width = width > s->width ? width : s->width;
        s->height = height > s->height ? height : s->height;
        if (images[i]->channels > 2) s->channels = 3;
    }
    for (int c = 0; c < 3; ++c) dark |= o->background[c] != 0;
    for (int c = 0; c < 3; ++c) s->background[c] = dark ? o->background[c] : 1;
    if (s->background[0] != s->background[1] || s->background[1] != s->background[2])
        s->channels = 3;
    s->gap = o->gap < 0 ? 0 : o->gap ? o->gap : 2;
    s->size = o->captions ? (o->caption_size > 0 ? o->caption_size : 11) : 0;
    s->line = (int64_t)ceil(1.2 * s->size);
    int64_t lines = 1;
    for (int i = 0; o->captions && i < count; ++i)
        lines = lines_of(o->captions[i]) > lines ? lines_of(o->captions[i]) : lines;
    s->caption = (int64_t)ceil(1.5 * s->size) + (lines - 1) * s->line;
    s->columns = o->columns > 0 ? o->columns
                                : (int)ceil(sqrt((double)count * (double)(s->height + s->caption) /
                                                 (double)s->width));
    s->columns = s->columns < 1 ? 1 : s->columns < count ? s->columns : count;
    s->rows = (count + s->columns - 1) / s->columns;
}

static ad_status put(const sheet *s, ad_image *to, const ad_image *picture, int64_t left,
                     int64_t top)
{
    ad_image *fitting;
    ad_status status = ad_image_convert(to->ctx, picture, s->channels, s->background, &fitting);
    if (status) return status;
    int64_t k = times(s, picture), width = k * picture->width, height = k * picture->height;
    left += (s->width - width) / 2, top += (s->height - height) / 2;
    for (int64_t y = 0; y < height; ++y) {
        float *row = to->data + ((top + y) * to->width + left) * s->channels;
        const float *from = fitting->data + y / k * picture->width * s->channels;
        for (int64_t x = 0; x < width; ++x)
            for (int c = 0; c < s->channels; ++c)
                row[x * s->channels + c] = from[x / k * s->channels + c];
    }
    ad_image_free(fitting);
    return AD_OK;
}

static ad_status write_caption(const sheet *s, ad_raster *r, const char *text, int64_t left,
                               int64_t top)
{
    const float *b = s->background;
    bool light = 0.2126f * b[0] + 0.7152f * b[1] + 0.0722f * b[2] > 0.5f;
    ad_letters letters = {.size = s->size,
                          .colour = light ? AD_RGB(35, 38, 43) : AD_RGB(235, 235, 235),
                          .anchor = AD_ANCHOR_MIDDLE,
                          .most = (double)(s->width + s->gap) - 1};
    double y = (double)(top + s->height) + 1.1 * s->size;
    bool failed = false;
    for (const char *end; text && !failed; text = *end ? end + 1 : NULL) {
        ad_text line, clean;
        end = text + strcspn(text, "\n");
        ad_text_init(&line, r->ctx), ad_text_init(&clean, r->ctx);
        ad_text_bytes(&line, text, (size_t)(end - text));
        ad_clean_words(&clean, ad_text_get(&line), &letters);
        ad_write_words(r, (double)left + (double)s->width / 2, y, ad_text_get(&clean), &letters, 1);
        failed = line.failed || clean.failed;
        y += (double)s->line;
        ad_text_free(&line), ad_text_free(&clean);
    }
    return failed ? AD_ERROR_MEMORY : AD_OK;
}

static ad_status fill(const sheet *s, ad_image *to, const ad_image *const *images, int count,
                      const char *const *captions)
{
    ad_raster raster = {0};
    ad_status status = captions ? ad_raster_new(&raster, to->ctx, to) : AD_OK;
    for (int64_t i = 0; i < to->width * to->height; ++i)
        for (int c = 0; c < s->channels; ++c) to->data[i * s->channels + c] = s->background[c];
    for (int i = 0; i < count && !status; ++i) {
        int64_t left = s->gap + i % s->columns * (s->width + s->gap);
        int64_t top = s->gap + i / s->columns * (s->height + s->caption + s->gap);
        status = put(s, to, images[i], left, top);
        if (!status && captions && captions[i])
            status = write_caption(s, &raster, captions[i], left, top);
    }
    if (captions && raster.cover) ad_raster_free(&raster);
    return status;
}

ad_status ad_image_sheet(ad_context *ctx, const ad_image *const *images, int count,
                         const ad_sheet_options *options, ad_image **out)
{
    ad_sheet_options o = options ? *options : (ad_sheet_options){0};
    sheet s = {0};
    *out = NULL;
    if (count < 1) return ad_fail(ctx, AD_ERROR_ARGUMENT, "a sheet of %d pictures", count);
    measure(&s, images, count, &o);
    int64_t width = s.gap + s.columns * (s.width + s.gap);
    int64_t height = s.gap + s.rows * (s.height + s.caption + s.gap);
    if (width > SIDE_MOST || height > SIDE_MOST)
        return ad_fail(
            ctx, AD_ERROR_LIMIT,
            "a sheet of %d pictures, the largest %lld x %lld: more than %d pixels a side", count,
            (long long)s.width, (long long)s.height, SIDE_MOST);
    ad_status status = ad_image_new(ctx, width, height, s.channels, out);
    if (!status) status = fill(&s, *out, images, count, o.captions);
    if (status) {
        ad_image_free(*out);
        *out = NULL;
    }
    return status;
}

ad_status ad_image_sheet_rows(ad_context *ctx, const float *rows, int count, int64_t height,
                              int64_t width, int channels, const ad_sheet_options *options,
                              ad_image **out)
{
    *out = NULL;
    if (count < 1) return ad_fail(ctx, AD_ERROR_ARGUMENT, "a sheet of %d pictures", count);
    size_t bytes = (size_t)count * (sizeof(ad_image) + sizeof(ad_image *));
    ad_image *images = ad_zalloc(ctx, bytes);
    if (!images) return AD_ERROR_MEMORY;
    const ad_image **list = (const ad_image **)(void *)(images + count);
    for (int i = 0; i < count; ++i) {
        images[i] = (ad_image){.width = width,
                               .height = height,
                               .channels = channels,
                               .data = (float *)rows + i * height * width * channels};
        list[i] = &images[i];
    }
    ad_status status = ad_image_sheet(ctx, list, count, options, out);
    ad_free(ctx, images, bytes);
    return status;
}
