/* predict.c - `classify predict`: what a trained network takes pictures for. */
#include "zoo/classify/saliency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 16,
    TOP_MOST = 1000,
    LOOKS_SIDE = 300, /* a smaller picture is enlarged to be looked at */
};

static const ad_option options[] = {
    {"top", 0, AD_OPTION_INT, .initial = "3", .min = 1, .max = TOP_MOST,
     .help = "classes shown for each picture"},
    {"saliency", 0, AD_OPTION_FILE, .unit = "PICTURE",
     .help = "also draw where the network looks, for the first picture"},
    {"classes", 0, AD_OPTION_FILE,
     .help = "the classes' names, as ImageNet's networks come with them: a name per line, or JSON"},
    VISION_OPTION_PIXELS,
    {"skip-bad", 0, AD_OPTION_FLAG, .help = "leave broken pictures out instead of stopping"},
    AD_COMMON_OPTIONS,
    {0},
};

typedef struct predict {
    ad_command *cmd;
    ad_job *job;
    const classify_model *model;
    ad_texts files;
    int64_t rows;  /* at a time, at most BATCH */
    float *pixels; /* [rows, height, width, channels], bound to the network's input */
    struct {
        const char *name;
        int64_t width, height;
        char done[sizeof((classify_picture *)0)->done];
    } row[BATCH];
    int64_t filled;
    const char *first;   /* picture that could be read */
    double *probability; /* [classes] */
    int *order;          /* of the best of them */
} predict;

static int64_t pixels_of(const classify_model *m)
{
    return m->height * m->width * m->channels;
}

/* ---- rows ---- */

static void print_json(const predict *p, int64_t row, int top)
{
    const char *class[TOP_MOST];
    double probability[TOP_MOST];
    for (int i = 0; i < top; ++i) {
        class[i] = p->model->classes.at[p->order[i]];
        probability[i] = p->probability[p->order[i]];
    }
    ad_json_begin(p->cmd, "prediction");
    ad_json_text(p->cmd, "file", p->row[row].name);
    ad_json_text(p->cmd, "class", class[0]);
    ad_json_texts(p->cmd, "classes", class, top);
    ad_json_reals(p->cmd, "probabilities", probability, top);
    ad_json_int(p->cmd, "width", p->row[row].width);
    ad_json_int(p->cmd, "height", p->row[row].height);
    ad_json_text(p->cmd, "seen_as", *p->row[row].done ? p->row[row].done : NULL);
    ad_json_end(p->cmd);
}

static void print_row(const predict *p, int64_t row)
{
    const char *done = p->row[row].done;
    int top = ad_top_classes(p->probability, (int)p->model->classes.count,
                             (int)ad_command_int(p->cmd, "top"), p->order);
    if (ad_command_json(p->cmd)) {
        print_json(p, row, top);
        return;
    }
    ad_command_print(p->cmd, "%s%s%s%s\n", p->row[row].name, *done ? " (" : "", done,
                     *done ? ")" : "");
    for (int i = 0; i < top; ++i)
        ad_command_print(p->cmd, "  %6.2f %%  %s\n", 100 * p->probability[p->order[i]],
                         p->model->classes.at[p->order[i]]);
}

static ad_status run_batch(predict *p)
{
    int classes = (int)p->model->classes.count;
    ad_status status = p->filled ? ad_run(p->job->evaluation.program) : AD_OK;
    if (!status && p->filled) status = classify_result_finite(p->job);
    if (status) return status;
    const float *logits = ad_result(p->job->evaluation.program, p->job->evaluation.result);
    for (int64_t i = 0; i < p->filled; ++i) {
        ad_softmax_row(logits + i * classes, classes, p->probability);
        print_row(p, i);
    }
    p->filled = 0;
    return AD_OK;
}

static ad_status predict_all(predict *p)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; i < p->files.count && !status && !ad_command_interrupted(p->cmd); ++i) {
        classify_picture picture;
        status = classify_open_picture(p->job->ctx, p->model, p->files.at[i], &picture,
                                       p->pixels + p->filled * pixels_of(p->model));
        ad_image_free(picture.image);
        if (status && status != AD_ERROR_MEMORY && ad_command_flag(p->cmd, "skip-bad")) {
            ad_command_note(p->cmd, "left out: %s", ad_error(p->job->ctx));
            status = AD_OK;
            continue;
        }
        if (status) break;
        if (!p->first) p->first = p->files.at[i];
        p->row[p->filled].name = p->files.at[i];
        p->row[p->filled].width = picture.width, p->row[p->filled].height = picture.height;
        snprintf(p->row[p->filled].done, sizeof picture.done, "%s", picture.done);
        ++p->filled;
        if (p->filled == p->rows) status = run_batch(p);
    }
    return status ? status : run_batch(p);
}

/* ---- where it looks, for the class that the first picture is taken for ---- */

static ad_status draw_heat(predict *p, const char *path, const ad_image *image, const float *pixels,
                           float *heat)
{
    ad_context *ctx = p->job->ctx;
    ad_image *drawn = NULL;
    int best;
    ad_status status = classify_saliency(p->job, p->pixels, pixels, &best, heat);
    if (!status) status = classify_saliency_picture(ctx, image, heat, LOOKS_SIDE, &drawn);
    if (!status) status = ad_image_write(ctx, path, drawn, NULL);
    if (!status)
        ad_command_note(p->cmd, "%s: what supports \"%s\" in %s", path, p->model->classes.at[best],
                        p->first);
    ad_image_free(drawn);
    return status;
}

static ad_status draw_saliency(predict *p, const char *path)
{
    classify_picture picture = {0};
    if (!p->first)
        return ad_error_set(p->job->ctx, AD_ERROR_NOT_FOUND, "%s: there is no picture to draw",
                            path);
    float *pixels = malloc((size_t)pixels_of(p->model) * sizeof *pixels);
    float *heat = malloc((size_t)(p->model->height * p->model->width) * sizeof *heat);
    ad_status status = AD_OK;
    if (!pixels || !heat) status = ad_error_set(p->job->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = classify_open_picture(p->job->ctx, p->model, p->first, &picture, pixels);
    if (!status) status = draw_heat(p, path, picture.image, pixels, heat);
    ad_image_free(picture.image);
    free(pixels), free(heat);
    return status;
}

/* ---- the verb ---- */

static ad_status prepare(predict *p)
{
    size_t classes = (size_t)p->model->classes.count;
    p->rows = classify_rows(p->model, BATCH);
    if (p->rows > BATCH)
        return ad_error_set(p->job->ctx, AD_ERROR_UNSUPPORTED,
                            "%s: looks at %lld pictures at a time; at most %d are expected",
                            ad_trained_path(p->job), (long long)p->rows, BATCH);
    size_t bytes = (size_t)(p->rows * pixels_of(p->model)) * sizeof *p->pixels;
    ad_status status = classify_read_pixels(p->cmd, p->job);
    if (!status) status = classify_name_classes(p->job, ad_command_text(p->cmd, "classes"));
    for (int i = 1; !status && i < ad_command_operands(p->cmd); ++i)
        status = ad_image_files(p->job->ctx, ad_command_operand(p->cmd, i), &p->files,
                                &p->job->watcher);
    if (!status) status = ad_trained_build(p->job, p->rows, NULL);
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
    if (saliency && ad_command_is_operand(cmd, saliency))
        status = ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                              "--saliency %s is also an input: choose another name", saliency);
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
        "MODEL is a run's folder, an exported weights file, or one of ImageNet's networks as "
        "torchvision and transformers name their tensors: alexnet, vgg16, vgg19, googlenet, "
        "resnet18, resnet50, squeezenet1_0, squeezenet1_1, inception_v3, mobilenet_v1, "
        "mobilenet_v2; or an ONNX file. Their 1000 classes have ImageNet's words; others are named "
        "by --classes, or "
        "by a file labels.txt, classes.txt, imagenet_classes.txt or the like beside the weights. A "
        "PICTURE may be a folder. What was done to a picture to bring it to the network's size and "
        "colours stands behind its name.\n\n"
        "  autodidact classify predict runs/classify-20260101-1 photo.jpg holiday/ --top 5\n"
        "  autodidact classify predict glasses.safetensors face.pgm --saliency looks.png\n"
        "  autodidact classify predict mobilenet.onnx photo.jpg --pixels symmetric\n"
        "  autodidact classify predict resnet18.pth dog.jpg --classes imagenet_classes.txt"};
