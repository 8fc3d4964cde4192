/* predict.c - `classify predict`: what a trained network takes pictures for. */
#include "zoo/classify/saliency.h"

#include <stdio.h>
#include <stdlib.h>

static const ad_option options[] = {
    {"top", 0, AD_OPTION_INT, .initial = "3", .min = 1, .max = 1000,
     .help = "classes shown for each picture"},
    {"saliency", 0, AD_OPTION_FILE, .unit = "PICTURE",
     .help = "also draw where the network looks, for the first picture"},
    {"skip-bad", 0, AD_OPTION_FLAG, .help = "leave broken pictures out instead of stopping"},
    AD_COMMON_OPTIONS,
    {0},
};

enum {
    BATCH = 16,
    LOOKS_WIDTH = 600, /* a smaller picture is enlarged to be looked at */
};

typedef struct predict {
    ad_command *cmd;
    ad_job *job;
    const classify_model *model;
    ad_texts files;
    float *pixels; /* [BATCH, height, width, channels], bound to the network's input */
    const char *name[BATCH];
    int64_t filled;
    const char *first;   /* picture that could be read */
    double *probability; /* [classes] */
    int *order;          /* of the best of them */
} predict;

static int64_t pixels_of(const classify_model *m)
{
    return m->height * m->width * m->channels;
}

/* A picture in the network's size, as it is (owned by the caller) and normalised. */
static ad_status read_picture(const predict *p, const char *path, ad_image **image, float *to)
{
    const classify_model *m = p->model;
    const ad_image_read_options wanted = {.channels = (int)m->channels};
    const ad_augment normalised = classify_normalisation(m);
    ad_image *whole;
    *image = NULL;
    ad_status status = ad_image_read(p->job->ctx, path, &wanted, &whole);
    if (status) return status;
    status = ad_image_resize(p->job->ctx, whole, m->width, m->height, NULL, image);
    ad_image_free(whole);
    for (int64_t i = 0; !status && i < pixels_of(m); ++i) {
        int64_t c = i % m->channels;
        float d = normalised.deviation[c] > 0 ? normalised.deviation[c] : 1;
        to[i] = ((*image)->data[i] - normalised.mean[c]) / d;
    }
    return status;
}

/* ---- rows ---- */

static void print_row(const predict *p, const char *name)
{
    char *const *class = p->model->classes.at;
    int top = ad_top_classes(p->probability, (int)p->model->classes.count,
                             (int)ad_command_int(p->cmd, "top"), p->order);
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "prediction");
        ad_json_text(p->cmd, "file", name);
        ad_json_text(p->cmd, "class", class[p->order[0]]);
        for (int i = 0; i < top; ++i)
            ad_json_real(p->cmd, class[p->order[i]], p -> probability[p->order[i]]);
        ad_json_end(p->cmd);
        return;
    }
    ad_command_print(p->cmd, "%s\n", name);
    for (int i = 0; i < top; ++i)
        ad_command_print(p->cmd, "  %6.2f %%  %s\n", 100 * p->probability[p->order[i]],
                         class[p->order[i]]);
}

static ad_status run_batch(predict *p)
{
    int classes = (int)p->model->classes.count;
    ad_status status = p->filled ? ad_run(p->job->evaluation.program) : AD_OK;
    if (status) return status;
    const float *logits = ad_result(p->job->evaluation.program, p->job->evaluation.result);
    for (int64_t i = 0; i < p->filled; ++i) {
        ad_softmax_row(logits + i * classes, classes, p->probability);
        print_row(p, p->name[i]);
    }
    p->filled = 0;
    return AD_OK;
}

static ad_status predict_all(predict *p)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; i < p->files.count && !status && !ad_command_interrupted(p->cmd); ++i) {
        ad_image *image;
        status = read_picture(p, p->files.at[i], &image,
                              p->pixels + p->filled * pixels_of(p->model));
        ad_image_free(image);
        if (status && status != AD_ERROR_MEMORY && ad_command_flag(p->cmd, "skip-bad")) {
            ad_command_note(p->cmd, "left out: %s", ad_error(p->job->ctx));
            status = AD_OK;
            continue;
        }
        if (status) break;
        if (!p->first) p->first = p->files.at[i];
        p->name[p->filled++] = p->files.at[i];
        if (p->filled == BATCH) status = run_batch(p);
    }
    return status ? status : run_batch(p);
}

/* ---- where it looks, for the class that the first picture is taken for ---- */

static ad_status draw_heat(predict *p, const char *path, const ad_image *image, const float *pixels,
                           float *heat)
{
    ad_context *ctx = p->job->ctx;
    ad_image *drawn = NULL, *larger = NULL;
    int best;
    ad_status status = classify_saliency(p->job, p->pixels, pixels, &best, heat);
    if (!status) status = classify_saliency_picture(ctx, image, heat, &drawn);
    if (!status && drawn->width < LOOKS_WIDTH)
        status = ad_image_fit(ctx, drawn, LOOKS_WIDTH, NULL, &larger);
    if (!status) status = ad_image_write(ctx, path, larger ? larger : drawn, NULL);
    if (!status)
        ad_command_note(p->cmd, "%s: what supports \"%s\" in %s", path, p->model->classes.at[best],
                        p->first);
    ad_image_free(drawn);
    ad_image_free(larger);
    return status;
}

static ad_status draw_saliency(predict *p, const char *path)
{
    ad_image *image = NULL;
    if (!p->first)
        return ad_error_set(p->job->ctx, AD_ERROR_NOT_FOUND, "%s: there is no picture to draw",
                            path);
    float *pixels = malloc((size_t)pixels_of(p->model) * sizeof *pixels);
    float *heat = malloc((size_t)(p->model->height * p->model->width) * sizeof *heat);
    ad_status status = pixels && heat ? read_picture(p, p->first, &image, pixels)
                                      : ad_error_set(p->job->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = draw_heat(p, path, image, pixels, heat);
    ad_image_free(image);
    free(pixels), free(heat);
    return status;
}

/* ---- the verb ---- */

static ad_status prepare(predict *p)
{
    size_t classes = (size_t)p->model->classes.count;
    size_t bytes = (size_t)(BATCH * pixels_of(p->model)) * sizeof *p->pixels;
    ad_status status = AD_OK;
    for (int i = 1; !status && i < ad_command_operands(p->cmd); ++i)
        status = ad_image_files(p->job->ctx, ad_command_operand(p->cmd, i), &p->files,
                                &p->job->watcher);
    if (!status) status = ad_trained_build(p->job, BATCH, NULL);
    if (status) return status;
    p->probability = malloc(classes * sizeof *p->probability);
    p->order = malloc(classes * sizeof *p->order);
    p->pixels = calloc(1, bytes);
    if (!p->probability || !p->order || !p->pixels)
        return ad_error_set(p->job->ctx, AD_ERROR_MEMORY, "out of memory");
    return ad_bind_name(p->job->evaluation.program, "image", p->pixels, bytes);
}

static ad_status answer(ad_command *cmd, ad_job *job)
{
    const char *saliency = ad_command_text(cmd, "saliency");
    predict p = {.cmd = cmd, .job = job, .model = job->model};
    ad_status status = saliency ? ad_image_can_write(job->ctx, saliency) : AD_OK;
    if (!status) status = prepare(&p);
    if (!status) status = predict_all(&p);
    if (!status && saliency) status = draw_saliency(&p, saliency);
    ad_texts_free(job->ctx, &p.files);
    free(p.pixels), free(p.probability), free(p.order);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &classify_system, answer);
}

const ad_verb classify_predict_verb = {
    AD_VERB("classify", "predict", "MODEL PICTURE...", options, run, "say what pictures show"),
    .description =
        "MODEL is a run's folder or an exported weights file; a PICTURE may be a folder.\n\n"
        "  autodidact classify predict runs/classify-20260101-1 photo.jpg holiday/ --top 5\n"
        "  autodidact classify predict glasses.safetensors face.pgm --saliency looks.png"};
