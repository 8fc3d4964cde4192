/* train_shown.c - crops that no step draws, and below them each in the styles that are learnt. */
#include "zoo/style/train.h"

#include <autodidact/draw.h>

#include <stdlib.h>
#include <string.h>

enum { SHOWN = STYLE_TRAIN_SHOWN, STYLES_SHOWN = 4 };
static const uint64_t shown_crops = (uint64_t)1 << 40;

/* The crops, in `style`, into `rows` [SHOWN, side, side, 3] of 0 to 1. */
static ad_status paint(style_training *t, int64_t style, int64_t values, float *rows)
{
    ad_program *program = t->job.evaluation.program;
    float mix[SHOWN][STYLE_TRAIN_STYLES], *packed = mix[0];
    for (int64_t i = 0; i < SHOWN * t->styles; ++i) packed[i] = i % t->styles == style;
    ad_status status = ad_bind_name(program, "image", t->shown,
                                    (size_t)(SHOWN * values) * sizeof(float));
    if (!status && t->styles > 1)
        status = ad_bind_name(program, "style", packed,
                              (size_t)(SHOWN * t->styles) * sizeof(float));
    if (!status) status = ad_run(program);
    const float *painted = status ? NULL : ad_result(program, t->job.evaluation.result);
    for (int64_t i = 0; i < SHOWN * values && !status; ++i) {
        float p = painted[i] / 255;
        rows[i] = p < 0 ? 0 : p > 1 ? 1 : p;
    }
    return status;
}

ad_status style_train_sample(ad_job *job, int64_t step)
{
    style_training *t = (style_training *)job;
    int64_t side = t->fields[0].shape.dim[1], values = side * side * 3,
            styles = t->styles < STYLES_SHOWN ? t->styles : STYLES_SHOWN;
    ad_image *sheet = NULL;
    float *rows = malloc((size_t)((1 + styles) * SHOWN * values) * sizeof *rows);
    if (!t->shown) t->shown = malloc((size_t)(SHOWN * values) * sizeof *t->shown);
    ad_status status = rows && t->shown
                           ? AD_OK
                           : ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory for samples");
    for (int i = 0; i < SHOWN && !status; ++i)
        photos_crop(&t->photos, job->part.seed, shown_crops + (uint64_t)i, side,
                    t->shown + i * values);
    for (int64_t i = 0; i < SHOWN * values && !status; ++i) rows[i] = t->shown[i] / 255;
    for (int64_t i = 0; i < styles && !status; ++i)
        status = paint(t, i, values, rows + (1 + i) * SHOWN * values);
    if (!status)
        status = ad_image_sheet_rows(job->ctx, rows, (1 + styles) * SHOWN, side, side, 3,
                                     &(ad_sheet_options){.columns = SHOWN}, &sheet);
    if (!status) status = ad_run_image(job->run, "painted", step, sheet);
    ad_image_free(sheet);
    free(rows);
    return status;
}
