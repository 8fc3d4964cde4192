/* memorised_sheet.c - samples beside the training pictures that are the nearest to them, by pixels
 * and by features, those first that are the most like one. What stands below a training picture is
 * how far the sample is from it, by how far its own nearest neighbour is. */
#include "zoo/gan/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { A_ROW = 3, CAPTION = 40 };

typedef struct suspect {
    int64_t sample;
    double ratio; /* the smaller one */
} suspect;

typedef struct sheet {
    const gan_measure *e;
    int each; /* pictures of a suspect */
    int count;
    ad_image **picture; /* [count] */
    char (*text)[CAPTION];
    const char **caption;
} sheet;

static double by(const gan_memory *memory, int64_t sample)
{
    return memory->ratio ? memory->ratio[sample] : INFINITY;
}

static int worse_first(const void *a, const void *b)
{
    const suspect *x = a, *y = b;
    int order = ad_compare_numbers(x->ratio, y->ratio);
    return order ? order : x->sample < y->sample ? -1 : x->sample > y->sample;
}

static ad_status add(sheet *s, const unsigned char *bytes)
{
    const gan_model *m = s->e->job->model;
    int64_t values = m->height * m->breadth * m->channels;
    ad_image *image = NULL;
    ad_status status = ad_image_new(s->e->job->ctx, m->breadth, m->height, (int)m->channels,
                                    &image);
    for (int64_t i = 0; i < values && !status; ++i) image->data[i] = (float)bytes[i] / 255;
    s->caption[s->count] = s->text[s->count];
    s->picture[s->count++] = image;
    return status;
}

static ad_status add_suspect(sheet *s, int64_t sample)
{
    const gan_measure *e = s->e;
    const gan_model *m = e->job->model;
    int64_t values = m->height * m->breadth * m->channels;
    const gan_memory *memories[2] = {&e->by_pixels, &e->by_features};
    static const char *const names[2] = {"pixels", "features"};
    snprintf(s->text[s->count], CAPTION, "sample\n%lld", (long long)(sample + 1));
    ad_status status = add(s, e->made.pixels + sample * values);
    for (int i = 0; i < s->each - 1 && !status; ++i) {
        snprintf(s->text[s->count], CAPTION, "%s\n%.2f", names[i], memories[i]->ratio[sample]);
        status = add(s, e->training->pixels + memories[i]->which[sample] * values);
    }
    return status;
}

static ad_status fill(sheet *s, suspect *suspects, int64_t shown)
{
    const gan_measure *e = s->e;
    for (int64_t i = 0; i < e->made.count; ++i)
        suspects[i] = (suspect){i, fmin(by(&e->by_pixels, i), by(&e->by_features, i))};
    qsort(suspects, (size_t)e->made.count, sizeof *suspects, worse_first);
    ad_status status = AD_OK;
    for (int64_t i = 0; i < shown && !status; ++i) status = add_suspect(s, suspects[i].sample);
    return status;
}

ad_status gan_write_memorised(const gan_measure *e, const char *path)
{
    int64_t shown = e->made.count < GAN_SUSPECTS ? e->made.count : GAN_SUSPECTS;
    sheet s = {.e = e, .each = e->by_features.ratio ? 3 : 2};
    size_t room = (size_t)(shown * s.each);
    suspect *suspects = malloc((size_t)e->made.count * sizeof *suspects);
    s.picture = calloc(room, sizeof *s.picture), s.text = calloc(room, sizeof *s.text);
    s.caption = calloc(room, sizeof *s.caption);
    ad_image *out = NULL;
    ad_status status = AD_OK;
    if (!suspects || !s.picture || !s.text || !s.caption)
        status = ad_error_set(e->job->ctx, AD_ERROR_MEMORY, "out of memory for a sheet");
    if (!status) status = fill(&s, suspects, shown);
    const ad_sheet_options look = {
        .columns = A_ROW * s.each, .side = GAN_LOOKED_AT, .gap = 4, .captions = s.caption};
    if (!status)
        status = ad_image_sheet(e->job->ctx, (const ad_image *const *)s.picture, s.count, &look,
                                &out);
    if (!status) status = ad_image_write(e->job->ctx, path, out, NULL);
    for (int i = 0; i < s.count; ++i) ad_image_free(s.picture[i]);
    free(suspects), free(s.picture), free(s.text), free(s.caption);
    ad_image_free(out);
    return status;
}
