/* predict.c - `classify predict`: what a trained network takes pictures for. */
#include "zoo/classify/saliency.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    FILES_MOST = 1 << 20,
    LOOKS_WIDTH = 600, /* a smaller picture is enlarged to be looked at */
};

typedef struct predict {
    ad_command *cmd;
    ad_context *ctx;
    classify_trained net;
    char **files; /* owned */
    int64_t count;
    const char *names[BATCH]; /* of the pictures in the batch */
    int64_t filled, skipped;
    double *probability; /* [classes] */
    int *order;          /* the best of them */
    ad_image *first;     /* resized, for --saliency */
    float *first_pixels; /* normalised; NULL: not asked for */
} predict;

/* ---- files ---- */

static int add_file(predict *p, const char *path)
{
    if (p->count % 256 == 0) {
        char **grown = p->count < FILES_MOST
                           ? realloc(p->files, (size_t)(p->count + 256) * sizeof *grown)
                           : NULL;
        if (!grown) return ad_command_fail(p->cmd, "too many pictures for the memory");
        p->files = grown;
    }
    p->files[p->count] = strdup(path);
    if (!p->files[p->count]) return ad_command_fail(p->cmd, "out of memory");
    ++p->count;
    return AD_EXIT_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A picture, or the pictures of a folder and of those below it. */
static int add_path(predict *p, const char *path, int depth)
{
    struct stat info;
    char full[4096];
    if (stat(path, &info)) return ad_command_fail(p->cmd, "%s: cannot open: no such file", path);
    if (!S_ISDIR(info.st_mode)) return add_file(p, path);
    DIR *folder = opendir(path);
    if (!folder) return ad_command_fail(p->cmd, "%s: the folder cannot be read", path);
    int64_t before = p->count;
    int code = AD_EXIT_OK;
    for (struct dirent *d; !code && (d = readdir(folder));) {
        if (d->d_name[0] == '.' ||
            snprintf(full, sizeof full, "%s/%s", path, d->d_name) >= (int)sizeof full)
            continue;
        bool below = !stat(full, &info) && S_ISDIR(info.st_mode) && depth < 16;
        if (below || ad_image_ending_known(d->d_name)) code = add_path(p, full, depth + 1);
    }
    closedir(folder);
    if (!code && !depth && p->count == before)
        return ad_command_fail(p->cmd, "%s: holds no pictures", path);
    if (!depth) qsort(p->files + before, (size_t)(p->count - before), sizeof *p->files, by_text);
    return code;
}

/* ---- pictures ---- */

static ad_status take_picture(predict *p, const char *path, float *to)
{
    const classify_model *m = &p->net.model;
    ad_image_read_options o = {.channels = m->channels};
    ad_image *image, *sized;
    ad_status status = ad_image_read(p->ctx, path, &o, &image);
    if (status) return status;
    status = ad_image_resize(p->ctx, image, m->width, m->height, NULL, &sized);
    ad_image_free(image);
    if (status) return status;
    for (int64_t i = 0; i < m->height * m->width; ++i)
        for (int c = 0; c < m->channels; ++c) {
            float d = m->deviation[c] > 0 ? m->deviation[c] : 1;
            to[i * m->channels + c] = (sized->data[i * m->channels + c] - m->mean[c]) / d;
        }
    if (p->first || !p->first_pixels) {
        ad_image_free(sized);
        return AD_OK;
    }
    p->first = sized;
    memcpy(p->first_pixels, to, (size_t)(m->height * m->width * m->channels) * sizeof *to);
    return AD_OK;
}

static void print_row(predict *p, const char *name)
{
    const classify_model *m = &p->net.model;
    FILE *out = ad_command_out(p->cmd);
    int top = ad_top_classes(p->probability, m->classes, (int)ad_command_int(p->cmd, "top"),
                             p->order);
    if (ad_command_json(p->cmd)) {
        ad_json_begin(p->cmd, "prediction");
        ad_json_text(p->cmd, "file", name);
        ad_json_text(p->cmd, "class", m->class_names[p->order[0]]);
        for (int i = 0; i < top; ++i)
            ad_json_real(p->cmd, m->class_names[p->order[i]], p->probability[p->order[i]]);
        ad_json_end(p->cmd);
        return;
    }
    ad_print_text(out, name, 0);
    fputc('\n', out);
    for (int i = 0; i < top; ++i) {
        fprintf(out, "  %6.2f %%  ", 100 * p->probability[p->order[i]]);
        ad_print_text(out, m->class_names[p->order[i]], 0);
        fputc('\n', out);
    }
}

static ad_status run_batch(predict *p)
{
    if (!p->filled) return AD_OK;
    ad_status status = ad_run(p->net.program);
    const float *logits = status ? NULL : ad_result(p->net.program, p->net.logits);
    for (int64_t i = 0; logits && i < p->filled; ++i) {
        ad_softmax_row(logits + i * p->net.model.classes, p->net.model.classes, p->probability);
        print_row(p, p->names[i]);
    }
    p->filled = 0;
    return status;
}

static ad_status predict_all(predict *p)
{
    const classify_model *m = &p->net.model;
    int64_t size = m->height * m->width * m->channels;
    ad_status status = AD_OK;
    for (int64_t i = 0; i < p->count && !status && !ad_command_interrupted(p->cmd); ++i) {
        status = take_picture(p, p->files[i], p->net.pixels + p->filled * size);
        if (status && status != AD_ERROR_MEMORY && ad_command_flag(p->cmd, "skip-bad")) {
            ad_command_note(p->cmd, "left out: %s", ad_error(p->ctx));
            status = AD_OK, ++p->skipped;
            continue;
        }
        if (!status) p->names[p->filled++] = p->files[i];
        if (!status && p->filled == BATCH) status = run_batch(p);
    }
    if (!status) status = run_batch(p);
    return status;
}

/* For the class that the first picture is taken for. */
static ad_status draw_saliency(predict *p, const char *path)
{
    const classify_model *m = &p->net.model;
    ad_image *picture = NULL, *larger = NULL;
    float *heat = malloc((size_t)(m->height * m->width) * sizeof *heat);
    if (!heat || !p->first) {
        free(heat);
        return ad_error_set(p->ctx, AD_ERROR_NOT_FOUND, "%s: there is no picture to draw", path);
    }
    memcpy(p->net.pixels, p->first_pixels,
           (size_t)(m->height * m->width * m->channels) * sizeof *heat);
    ad_status status = ad_run(p->net.program);
    const float *logits = status ? NULL : ad_result(p->net.program, p->net.logits);
    int best = logits ? ad_best_class(logits, m->classes) : 0;
    if (!status) status = classify_saliency(p->ctx, &p->net, p->first_pixels, best, heat);
    if (!status) status = classify_saliency_picture(p->ctx, p->first, heat, &picture);
    if (!status && picture->width < LOOKS_WIDTH)
        status = ad_image_fit(p->ctx, picture, LOOKS_WIDTH, NULL, &larger);
    if (!status) status = ad_image_write(p->ctx, path, larger ? larger : picture, NULL);
    if (!status)
        ad_command_note(p->cmd, "%s: what speaks for \"%s\" in %s", path, m->class_names[best],
                        p->files[0]);
    ad_image_free(picture);
    ad_image_free(larger);
    free(heat);
    return status;
}

static int run(ad_command *cmd)
{
    predict p = {.cmd = cmd};
    const char *saliency = ad_command_text(cmd, "saliency");
    float *first_pixels = NULL;
    if (!(p.ctx = ad_command_context(cmd))) return AD_EXIT_FAILURE;
    if (saliency && ad_image_can_write(p.ctx, saliency))
        return ad_command_fail(cmd, "%s", ad_error(p.ctx));
    int code = classify_open(cmd, ad_command_operand(cmd, 0), BATCH, &p.net);
    for (int i = 1; !code && i < ad_command_operands(cmd); ++i)
        code = add_path(&p, ad_command_operand(cmd, i), 0);
    if (!code) {
        size_t classes = (size_t)p.net.model.classes;
        p.probability = malloc(classes * sizeof *p.probability);
        p.order = malloc(classes * sizeof *p.order);
        const classify_model *m = &p.net.model;
        size_t pixels = (size_t)(m->height * m->width * m->channels);
        if (saliency) p.first_pixels = first_pixels = malloc(pixels * sizeof *first_pixels);
        if (!p.probability || !p.order || (saliency && !first_pixels))
            code = ad_command_fail(cmd, "out of memory");
    }
    if (!code && predict_all(&p)) code = ad_command_fail(cmd, "%s", ad_error(p.ctx));
    if (!code && saliency && draw_saliency(&p, saliency))
        code = ad_command_fail(cmd, "%s", ad_error(p.ctx));
    for (int64_t i = 0; i < p.count; ++i) free(p.files[i]);
    free(p.files), free(p.probability), free(p.order), free(first_pixels);
    ad_image_free(p.first);
    classify_close(&p.net);
    return code;
}

const ad_verb classify_predict_verb = {
    .system = "classify",
    .name = "predict",
    .operands = "MODEL PICTURE...",
    .options = options,
    .run = run,
    .summary = "say what pictures show",
    .description =
        "MODEL is a run's folder or an exported weights file; a PICTURE may be a folder.\n\n"
        "  autodidact classify predict runs/classify-20260101-1 photo.jpg holiday/ --top 5\n"
        "  autodidact classify predict glasses.safetensors face.pgm --saliency looks.png",
};
