/* train_shown.c - samples: crops that no step draws, and below them the paintings, each beside the
 * crops in its style. */
#include "zoo/style/train.h"

#include <autodidact/draw.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = STYLE_TRAIN_SHOWN, STYLES = STYLE_TRAIN_STYLES_SHOWN, COLUMNS = SHOWN + 1 };
static const uint64_t shown_crops = (uint64_t)1 << 40;

static ad_status no_memory(style_training *t)
{
    return ad_error_set(t->job.ctx, AD_ERROR_MEMORY, "out of memory for samples");
}

ad_status style_train_show_painting(style_training *t, int64_t number, const ad_image *painting)
{
    int64_t side = style_source_of(&t->job)->crop, line = side * 3;
    double scale = (double)side / (double)(painting->width < painting->height ? painting->width
                                                                              : painting->height);
    ad_image *small = NULL;
    if (number >= STYLES) return AD_OK;
    if (!t->middles) t->middles = malloc((size_t)(STYLES * side * line) * sizeof *t->middles);
    if (!t->middles) return no_memory(t);
    int64_t width = llround(scale * (double)painting->width),
            height = llround(scale * (double)painting->height);
    ad_status status = ad_image_resize(t->job.ctx, painting, width, height, NULL, &small);
    for (int64_t y = 0; y < side && !status; ++y)
        memcpy(t->middles + (number * side + y) * line,
               small->data + (((height - side) / 2 + y) * width + (width - side) / 2) * 3,
               (size_t)line * sizeof(float));
    ad_image_free(small);
    return status;
}

/* The crops in style `number` into `row` [SHOWN, crop, crop, 3] of 0 to 1. */
static ad_status paint(style_training *t, int64_t number, int64_t values, float *row)
{
    ad_program *program = t->job.evaluation.program;
    float mix[SHOWN * STYLE_TRAIN_STYLES];
    for (int64_t i = 0; i < SHOWN * t->styles; ++i) mix[i] = i % t->styles == number;
    for (int64_t i = 0; i < SHOWN * values; ++i) row[i] = 255 * t->shown[i];
    ad_status status = ad_bind_name(program, "image", row,
                                    (size_t)(SHOWN * values) * sizeof(float));
    if (!status && t->styles > 1)
        status = ad_bind_name(program, "style", mix, (size_t)(SHOWN * t->styles) * sizeof(float));
    if (!status) status = ad_run(program);
    const float *painted = status ? NULL : ad_result(program, t->job.evaluation.result);
    for (int64_t i = 0; i < SHOWN * values && !status; ++i) {
        float p = painted[i] / 255;
        row[i] = p < 0 ? 0 : p > 1 ? 1 : p;
    }
    return status;
}

static ad_status find_crops(style_training *t, int64_t side)
{
    int64_t values = side * side * 3;
    if (t->shown) return AD_OK;
    if (!(t->shown = malloc((size_t)(SHOWN * values) * sizeof *t->shown))) return no_memory(t);
    for (int i = 0; i < SHOWN; ++i)
        photos_crop(&t->photos, t->job.part.seed, shown_crops + (uint64_t)i, side,
                    t->shown + i * values);
    for (int64_t i = 0; i < SHOWN * values; ++i) t->shown[i] /= 255;
    return AD_OK;
}

ad_status style_train_sample(ad_job *job, int64_t step)
{
    style_training *t = (style_training *)job;
    int64_t side = t->fields[0].shape.dim[1], values = side * side * 3,
            styles = t->styles < STYLES ? t->styles : STYLES;
    ad_image *sheet = NULL;
    float *rows = malloc((size_t)((1 + styles) * COLUMNS * values) * sizeof *rows);
    ad_status status = rows ? find_crops(t, side) : no_memory(t);
    for (int64_t i = 0; i < values && !status; ++i) rows[i] = 1; /* the corner is empty */
    if (!status) memcpy(rows + values, t->shown, (size_t)(SHOWN * values) * sizeof *rows);
    for (int64_t i = 0; i < styles && !status; ++i) {
        float *row = rows + (1 + i) * COLUMNS * values;
        memcpy(row, t->middles + i * values, (size_t)values * sizeof *rows);
        status = paint(t, i, values, row + values);
    }
    if (!status)
        status = ad_image_sheet_rows(job->ctx, rows, (1 + styles) * COLUMNS, side, side, 3,
                                     &(ad_sheet_options){.columns = COLUMNS}, &sheet);
    if (!status) status = ad_run_image(job->run, "painted", step, sheet);
    ad_image_free(sheet);
    free(rows);
    return status;
}
