/* train_data.c - what training reads: photos, paintings, and the network that looks at both. */
#include "zoo/style/motion.h"
#include "zoo/style/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

/* Styles take turns, and so do pairs of neighbouring frames and of such that are far apart. */
static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const style_training *t = user;
    int64_t side = t->fields[0].shape.dim[1], area = side * side;
    int next = 1;
    (void)index; /* which photo is drawn, too */
    if (t->styles > 1) {
        float *mix = row[next++];
        memset(mix, 0, (size_t)t->styles * sizeof *mix);
        mix[draws->position % (uint64_t)t->styles] = 1;
    }
    if (t->pair == 1) {
        photos_crop(&t->photos, draws->seed, draws->position, side, row[0]);
        return;
    }
    bool far = draws->position / (uint64_t)t->styles & 1;
    float *first = row[0];
    motion_pair(&t->photos, draws, side, far, (int32_t)((int64_t)draws->row * 2 * area), first,
                first + area * 3, row[next], row[next + 1]);
}

static void describe_rows(style_training *t, int64_t side)
{
    int count = 0;
    t->fields[count++] = (ad_sample_field){
        .name = "image", .dtype = AD_F32, .shape = ad_shape(t->pair, side, side, 3)};
    if (t->styles > 1)
        t->fields[count++] = (ad_sample_field){
            .name = "style", .dtype = AD_F32, .shape = ad_shape(t->styles)};
    if (t->pair > 1) {
        ad_shape shape = ad_shape(4, side * side);
        t->fields[count++] = (ad_sample_field){.name = "from", .dtype = AD_I32, .shape = shape};
        t->fields[count++] = (ad_sample_field){.name = "part", .dtype = AD_F32, .shape = shape};
    }
    t->samples = (ad_samples){.count = t->photos.count,
                              .fields = t->fields,
                              .field_count = count,
                              .fill = fill,
                              .user = t};
}

/* ---- the network that looks ---- */

static ad_status open_look(style_training *t, const style_source *s)
{
    ad_context *ctx = t->job.ctx;
    const char *layers[STYLE_MAX_LAYERS + 1];
    ad_file *file = NULL;
    vision_chosen chosen = {0};
    ad_load_report report = {0};
    ad_status status = s->weights ? ad_file_open(&file, ctx, s->weights)
                                  : vision_open_embedded(&file, ctx);
    if (!status) status = vision_read_form(ctx, file, &chosen.form);
    if (!status) status = style_check_kind(ctx, file, chosen.form.kind);
    if (!status && !(t->weights = ad_vars_new(ctx, 0))) status = AD_ERROR_MEMORY;
    if (!status) {
        t->look.backbone = chosen.form.kind;
        style_default_layers(&t->look);
        chosen.pooling = t->look.pooling;
        int count = t->look.style_count;
        for (int i = 0; i < count; ++i) layers[i] = t->look.style_layers[i];
        layers[count++] = t->look.content_layer;
        status = vision_load_layers(&chosen, layers, count, t->weights, file, &report);
    }
    if (!status && s->weights) ad_load_report_unused(&report, &t->job.watcher, s->weights);
    ad_file_close(file);
    return status;
}

/* ---- paintings ---- */

/* A style is called as its painting's file, without folders and ending. */
static ad_status name_styles(style_training *t, const style_source *s)
{
    char name[STYLE_TRAIN_STYLES][256], *names[STYLE_TRAIN_STYLES];
    ad_context *ctx = t->job.ctx;
    style_net_sizes *sizes = t->job.model;
    for (int64_t i = 0; i < s->style.count; ++i) {
        const char *path = s->style.at[i], *slash = strrchr(path, '/');
        const char *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
        snprintf(name[i], sizeof name[i], "%.*s",
                 (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base)), base);
        names[i] = name[i];
        for (int64_t k = 0; k < i; ++k)
            if (!strcmp(name[k], name[i]))
                return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                                    "--style: %s and %s would both be called %s", s->style.at[k],
                                    path, name[i]);
    }
    return ad_texts_copy(ctx, &sizes->styles, names, s->style.count);
}

/* The Gram matrices of painting `number`. */
static ad_status look_at(style_training *t, const style_source *s, int64_t number)
{
    ad_context *ctx = t->job.ctx;
    ad_image *image = NULL, *fit = NULL;
    style_pixels pixels = {0};
    style_targets targets = {0};
    ad_status status = ad_image_read(ctx, s->style.at[number],
                                     &(ad_image_read_options){.channels = 3}, &image);
    if (status) return status;
    status = style_train_show_painting(t, number, image);
    if (!status) status = ad_image_fit(ctx, image, s->style_size, NULL, &fit);
    if (!status) status = style_pixels_from(&pixels, ctx, fit);
    if (!status)
        status = style_targets_compute(&targets, ctx, &t->look, t->weights, NULL, &pixels,
                                       (double[]){1}, 1);
    for (int i = 0; i < t->look.style_count && !status; ++i) {
        size_t bytes = targets.gram_bytes[i];
        if (!t->gram[i]) t->gram[i] = malloc((size_t)t->styles * bytes);
        if (t->gram[i])
            memcpy((char *)t->gram[i] + (size_t)number * bytes, targets.gram[i], bytes);
        else
            status = ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory for the style targets");
    }
    style_targets_free(&targets);
    style_pixels_free(&pixels);
    ad_image_free(image), ad_image_free(fit);
    return status;
}

static ad_status look_at_paintings(style_training *t, const style_source *s)
{
    ad_status status = name_styles(t, s);
    for (int64_t i = 0; i < t->styles && !status; ++i) status = look_at(t, s, i);
    return status;
}

/* ---- all of it ---- */

static ad_status check(ad_context *ctx, const style_source *s)
{
    if (s->crop % STYLE_NET_MULTIPLE)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--crop %lld: is no multiple of %d",
                            (long long)s->crop, STYLE_NET_MULTIPLE);
    if (s->temporal && s->batch % 2)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT,
                            "--batch %lld: is odd, and --temporal takes crops in pairs",
                            (long long)s->batch);
    if (s->style.count > STYLE_TRAIN_STYLES)
        return ad_error_set(ctx, AD_ERROR_ARGUMENT, "--style: %lld paintings are more than %d",
                            (long long)s->style.count, STYLE_TRAIN_STYLES);
    return AD_OK;
}

static void sum_up(style_training *t, const style_source *s)
{
    ad_job *job = &t->job;
    for (int64_t i = 0; i < t->photos.count; ++i) {
        const photo *p = &t->photos.photo[i];
        job->fingerprint = 31 * job->fingerprint +
                           ad_fingerprint(p->rgb, (size_t)(p->width * p->height * 3));
    }
    snprintf(job->summary, sizeof job->summary, "%lld photos, %s of %lld x %lld",
             (long long)t->photos.count, t->pair > 1 ? "pairs of crops" : "crops",
             (long long)s->crop, (long long)s->crop);
}

ad_status style_train_read(ad_job *job)
{
    style_training *t = (style_training *)job;
    const style_source *s = style_source_of(job);
    ad_status status = check(job->ctx, s);
    if (status) return status;
    t->look.content_weight = s->content_weight, t->look.style_weight = s->style_weight;
    t->look.tv_weight = s->tv_weight;
    t->styles = s->style.count, t->pair = s->temporal ? 2 : 1;
    status = open_look(t, s);
    if (!status) status = look_at_paintings(t, s);
    if (!status) status = photos_read(&t->photos, job->ctx, s->data, s->crop, &job->watcher);
    if (status) return status;
    if (t->photos.skipped)
        ad_watch_note(&job->watcher, "%s: %lld files cannot be read as pictures; left out", s->data,
                      (long long)t->photos.skipped);
    describe_rows(t, s->crop);
    job->split[AD_SPLIT_TRAIN].samples = &t->samples;
    job->data = s->data;
    int64_t rows = s->batch / t->pair;
    job->batch = rows < t->photos.count ? rows : t->photos.count;
    job->eval_batch = STYLE_TRAIN_SHOWN;
    job->units_per_row = (double)t->pair;
    sum_up(t, s);
    return AD_OK;
}

void style_train_free(ad_job *job)
{
    style_training *t = (style_training *)job;
    ad_vars_free(t->weights);
    photos_free(&t->photos);
    for (int i = 0; i < STYLE_MAX_LAYERS; ++i) free(t->gram[i]);
    free(t->shown), free(t->middles);
}
