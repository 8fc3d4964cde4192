/* train.c - `autodidact style train`: a network that paints at once learns one painting's style
 * (Johnson, Alahi & Li 2016).
 *
 * It is trained on random crops of photos with the loss of style.h, whose content target is the
 * crop itself. The network is net.h's first form, under PyTorch's names. */
#include "zoo/style/net.h"
#include "zoo/style/style.h"
#include "zoo/style/trained.h"
#include "zoo/vision/photos.h"

#include <autodidact/draw.h>

#include <stdlib.h>
#include <string.h>

/* ---- what is chosen ---- */

#define AT(member) AD_AT(style_net_sizes, member)
static const ad_option size_rows[] = {{AD_ROW("width", INT), AT(width), .initial = "32", .min = 4,
                                       .max = STYLE_NET_WIDTH_MOST,
                                       .help = "channels of the first convolution; 12 is fast"},
                                      {AD_ROW("blocks", INT), AT(blocks), .initial = "5", .min = 1,
                                       .max = STYLE_NET_BLOCKS_MOST, .help = "residual blocks"},
                                      {0}};
static const ad_record size_record = {
    .title = "network", .prefix = "style.", .options = size_rows, .size = sizeof(style_net_sizes)};
#undef AT

typedef struct source {
    char *style, *data, *weights;
    int64_t batch, crop, style_size;
    double content_weight, style_weight, tv_weight;
} source;
#define AT(member) AD_AT(source, member)
static const ad_option source_rows[] = {
    {AD_ROW("style", FILE), AT(style), .required = true, .help = "the painting"},
    {AD_ROW("data", FILE), AT(data), .required = true, .may_change = true,
     .help = "folder of photos, subfolders included"},
    {AD_ROW("weights", FILE), AT(weights), .may_change = true,
     .help = "weights of the network that looks, VGG-16 or -19 (default: the embedded one)"},
    {AD_ROW("batch", INT), AT(batch), .initial = "4", .min = 1, .max = 1024,
     .help = "crops in a step"},
    {AD_ROW("crop", INT), AT(crop), .initial = "192", .min = 64, .max = 2048,
     .help = "side of a crop, in pixels; a multiple of 4"},
    {AD_ROW("style-size", INT), AT(style_size), .initial = "384", .min = 64, .max = 4096,
     .help = "longer side of the painting: smaller makes smaller strokes"},
    {AD_ROW("content-weight", REAL), AT(content_weight),
     .initial = STYLE_TEXT(STYLE_CONTENT_WEIGHT), .max = 1e30, .help = "how much the photo counts"},
    {AD_ROW("style-weight", REAL), AT(style_weight), .initial = STYLE_TEXT(STYLE_STYLE_WEIGHT),
     .min = 1e-30, .max = 1e30, .help = "how much the painting counts"},
    {AD_ROW("tv-weight", REAL), AT(tv_weight), .initial = STYLE_TEXT(STYLE_TV_WEIGHT), .max = 1e30,
     .help = "how much smoothness counts"},
    {0}};
#undef AT
static const ad_record source_record = {
    .title = "data", .options = source_rows, .size = sizeof(source)};

/* ---- data ---- */

enum { SHOWN = 3 };
static const uint64_t shown_crops = (uint64_t)1 << 40; /* that no step draws */

typedef struct training {
    ad_job job;
    photos photos;
    ad_samples samples;
    ad_sample_field field;
    style_settings look;
    ad_vars *weights; /* of the network that looks */
    float *gram[STYLE_MAX_LAYERS];
    ad_train_metric metrics[3];
    float *shown; /* [SHOWN, crop, crop, 3] */
} training;

static const source *source_of(const ad_job *job)
{
    return ad_job_value(job, &source_record);
}

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const training *t = user;
    (void)index; /* which photo is drawn, too */
    photos_crop(&t->photos, draws->seed, draws->position, t->field.shape.dim[0], row[0]);
}

static ad_status open_look(training *t, const source *s)
{
    ad_context *ctx = t->job.ctx;
    const char *layers[STYLE_MAX_LAYERS + 1];
    ad_node *features[STYLE_MAX_LAYERS + 1];
    ad_file *file = NULL;
    vision_form form;
    ad_load_report report = {0};
    ad_status status = s->weights ? ad_file_open(&file, ctx, s->weights)
                                  : vision_open_embedded(&file, ctx);
    if (status) return status;
    status = vision_read_form(ctx, file, &form);
    if (!status) status = style_check_kind(ctx, file, form.kind);
    t->look.backbone = form.kind;
    if (!status) style_default_layers(&t->look);
    int count = 0;
    for (; !status && count < t->look.style_count; ++count)
        layers[count] = t->look.style_layers[count];
    layers[count++] = t->look.content_layer;
    t->weights = ad_vars_new(ctx, 0);
    ad_graph *graph = t->weights && !status ? ad_graph_new(ctx) : NULL;
    if (!status && !graph) status = AD_ERROR_MEMORY;
    if (!status) {
        ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(1, 64, 64, 3));
        vision_build(t->weights, "", form.kind, t->look.pooling, image, layers, count, features);
        status = vision_load(t->weights, file, &form, &report);
    }
    ad_graph_free(graph);
    ad_file_close(file);
    return status;
}

/* The painting's Gram matrices. */
static ad_status look_at_painting(training *t, const source *s)
{
    ad_context *ctx = t->job.ctx;
    ad_image *image = NULL, *fit = NULL;
    style_pixels pixels = {0};
    style_targets targets = {0};
    ad_status status = ad_image_read(ctx, s->style, &(ad_image_read_options){.channels = 3},
                                     &image);
    if (status) return status;
    status = ad_image_fit(ctx, image, s->style_size, NULL, &fit);
    if (!status) status = style_pixels_from(&pixels, ctx, fit);
    if (!status)
        status = style_targets_compute(&targets, ctx, &t->look, t->weights, NULL, &pixels,
                                       (double[]){1}, 1);
    for (int i = 0; i < t->look.style_count && !status; ++i)
        t->gram[i] = targets.gram[i], targets.gram[i] = NULL;
    style_targets_free(&targets);
    style_pixels_free(&pixels);
    ad_image_free(image), ad_image_free(fit);
    return status;
}

static ad_status read(ad_job *job)
{
    training *t = (training *)job;
    const source *s = source_of(job);
    if (s->crop % STYLE_NET_MULTIPLE)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "--crop %lld: is no multiple of %d",
                            (long long)s->crop, STYLE_NET_MULTIPLE);
    t->look.content_weight = s->content_weight, t->look.style_weight = s->style_weight;
    t->look.tv_weight = s->tv_weight;
    ad_status status = open_look(t, s);
    if (!status) status = look_at_painting(t, s);
    if (!status) status = photos_read(&t->photos, job->ctx, s->data, s->crop, &job->watcher);
    if (status) return status;
    if (t->photos.skipped)
        ad_watch_note(&job->watcher, "%s: %lld files cannot be read as pictures; left out", s->data,
                      (long long)t->photos.skipped);
    t->field = (ad_sample_field){
        .name = "image", .dtype = AD_F32, .shape = ad_shape(s->crop, s->crop, 3)};
    t->samples = (ad_samples){
        .count = t->photos.count, .fields = &t->field, .field_count = 1, .fill = fill, .user = t};
    job->split[AD_SPLIT_TRAIN].samples = &t->samples;
    job->data = s->data;
    job->batch = s->batch < t->photos.count ? s->batch : t->photos.count;
    job->eval_batch = SHOWN;
    for (int64_t i = 0; i < t->photos.count; ++i) {
        const photo *p = &t->photos.photo[i];
        job->fingerprint = 31 * job->fingerprint +
                           ad_fingerprint(p->rgb, (size_t)(p->width * p->height * 3));
    }
    snprintf(job->summary, sizeof job->summary, "%lld photos, crops of %lld x %lld",
             (long long)t->photos.count, (long long)s->crop, (long long)s->crop);
    return AD_OK;
}

static void release(ad_job *job)
{
    training *t = (training *)job;
    ad_vars_free(t->weights);
    photos_free(&t->photos);
    for (int i = 0; i < STYLE_MAX_LAYERS; ++i) free(t->gram[i]);
    free(t->shown);
}

/* ---- the network and its loss ---- */

/* [n, h, w, c] -> [n, c, c], each F^T F / (c h w) */
static ad_node *grams(ad_node *features)
{
    ad_shape s = ad_node_shape(features);
    ad_node *flat = ad_reshape(features, ad_shape(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]));
    ad_node *gram = ad_matmul_with(flat, flat, (ad_matmul_options){.transpose_a = true});
    return ad_mul_scalar(gram, 1 / (double)(s.dim[1] * s.dim[2] * s.dim[3]));
}

static ad_node *loss_of(training *t, ad_node *image, ad_node *painted)
{
    const style_settings *look = &t->look;
    const char *layers[STYLE_MAX_LAYERS + 1];
    ad_node *seen[STYLE_MAX_LAYERS + 1], *wanted, *style = NULL;
    ad_graph *graph = ad_node_graph(image);
    int count = look->style_count;
    double rows = (double)ad_node_shape(image).dim[0];
    for (int i = 0; i < count; ++i) layers[i] = look->style_layers[i];
    layers[count] = look->content_layer;
    ad_scope_push(graph, "look");
    vision_build(t->weights, "", look->backbone, look->pooling, image, &look->content_layer, 1,
                 &wanted);
    vision_build(t->weights, "", look->backbone, look->pooling, painted, layers, count + 1, seen);
    ad_scope_pop(graph);
    double scale = vision_feature_scale(look->backbone, look->content_layer);
    ad_node *off = ad_sub(seen[count], ad_stop_gradient(wanted));
    ad_node *content = ad_mul_scalar(ad_mean(ad_square(off), AD_ALL_AXES, false),
                                     look->content_weight * scale * scale);
    for (int i = 0; i < count; ++i) {
        ad_node *gram = grams(seen[i]);
        int64_t c = ad_node_shape(gram).dim[2];
        ad_node *target = ad_constant(graph, AD_F32, ad_shape(1, c, c), t->gram[i]);
        ad_node *term = ad_sum(ad_square(ad_sub(gram, target)), AD_ALL_AXES, false);
        scale = vision_feature_scale(look->backbone, layers[i]);
        term = ad_mul_scalar(term, scale * scale * scale * scale / rows);
        style = style ? ad_add(style, term) : term;
    }
    style = ad_mul_scalar(style,
                          look->style_weight * vision_gram_scale(look->backbone) / (double)count);
    ad_node *loss = ad_add(content, style), *tv = style_smoothness(look, painted);
    if (tv) loss = ad_add(loss, tv);
    t->metrics[0] = (ad_train_metric){.name = "content", .node = content};
    t->metrics[1] = (ad_train_metric){.name = "style", .node = style};
    t->metrics[2] = (ad_train_metric){.name = "tv", .node = tv};
    return ad_name(loss, "loss");
}

static void network(ad_job *job, ad_forward *f)
{
    const style_net_sizes *sizes = job->model;
    training *t = (training *)job;
    const style_net_form form = {.width = sizes->width, .blocks = sizes->blocks};
    bool trains = t->field.shape.rank > 0; /* else it was opened, and is built at other sizes */
    int64_t side = trains ? t->field.shape.dim[0] : STYLE_NET_LEAST;
    ad_node *image = ad_input(f->graph, "image", AD_F32, ad_shape(f->rows, side, side, 3));
    ad_node *painted = ad_name(style_net_build(f->vars, &form, image), "painted");
    if (!f->mode) {
        f->result = painted;
        return;
    }
    f->loss = loss_of(t, image, painted);
    f->metrics = t->metrics, f->metric_count = t->metrics[2].node ? 3 : 2;
}

/* Colours are 0 to 255, and Adam's steps are of one size: the last convolution begins where
 * pictures are. */
static ad_status begin(ad_job *job)
{
    enum { SIZE = 40 };
    ad_variable *weight = ad_var_find(job->vars, "deconv3.conv2d.weight"),
                *bias = ad_var_find(job->vars, "deconv3.conv2d.bias");
    static const float middle[3] = {123, 116, 103};
    int64_t count = ad_shape_count(ad_variable_shape(weight));
    float *value = malloc((size_t)count * sizeof *value);
    if (!value) return ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory for weights");
    ad_status status = ad_variable_get(job->vars, weight, value);
    for (int64_t i = 0; i < count; ++i) value[i] *= SIZE;
    if (!status) status = ad_variable_set(job->vars, weight, value);
    if (!status) status = ad_variable_set(job->vars, bias, middle);
    free(value);
    return status;
}

/* ---- what it makes of crops that it is not trained on ---- */

static ad_status sample(ad_job *job, int64_t step)
{
    training *t = (training *)job;
    int64_t side = t->field.shape.dim[0], values = side * side * 3;
    ad_program *program = job->evaluation.program;
    ad_image *sheet = NULL;
    float *rows = malloc((size_t)(2 * SHOWN * values) * sizeof *rows);
    if (!t->shown) t->shown = malloc((size_t)(SHOWN * values) * sizeof *t->shown);
    ad_status status = rows && t->shown
                           ? AD_OK
                           : ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory for samples");
    for (int i = 0; i < SHOWN && !status; ++i)
        photos_crop(&t->photos, job->part.seed, shown_crops + (uint64_t)i, side,
                    t->shown + i * values);
    if (!status)
        status = ad_bind_name(program, "image", t->shown, (size_t)(SHOWN * values) * sizeof(float));
    if (!status) status = ad_run(program);
    const float *painted = status ? NULL : ad_result(program, job->evaluation.result);
    for (int64_t i = 0; i < SHOWN * values && !status; ++i) {
        float p = painted[i] / 255;
        rows[i] = t->shown[i] / 255;
        rows[SHOWN * values + i] = p < 0 ? 0 : p > 1 ? 1 : p;
    }
    if (!status)
        status = ad_image_sheet_rows(job->ctx, rows, 2 * SHOWN, side, side, 3,
                                     &(ad_sheet_options){.columns = SHOWN}, &sheet);
    if (!status) status = ad_run_image(job->run, "painted", step, sheet);
    ad_image_free(sheet);
    free(rows);
    return status;
}

/* ---- the system and its verb ---- */

static const ad_record *const records[] = {&size_record, &source_record, &ad_train_record, NULL};
static const ad_default defaults[] = {
    {"lr", "2e-3"}, {"schedule", "cosine"}, AD_OTHERWISE("steps", "4000"), {0}};
const ad_system style_system = {AD_SYSTEM("style", "crops", training, records, &size_record,
                                          defaults, .read = read, .network = network,
                                          .prepare = begin, .sample = sample, .free = release)};

const ad_verb style_train_verb = {
    AD_TRAIN_VERB("style", &style_system, records, defaults,
                  "train a network that paints any photo in one style"),
    .description =
        "The network paints in one pass (Johnson, Alahi and Li, 2016); it learns from random crops "
        "of "
        "photos, which need no labels. `style apply RUN photo.jpg` paints with it.\n"
        "\n"
        "  autodidact style train --style painting.jpg --data photos/ --minutes 60\n"
        "  autodidact style train --style painting.jpg --data photos/ --width 12 --minutes 20"};
