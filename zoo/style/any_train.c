/* any_train.c - `autodidact style train-any`: a decoder learns to paint any photo in the manner of
 * any picture (Huang & Belongie 2017, section 6). Each row is a crop of a photo and a picture to be
 * painted like; any_loss.c says how well that was done. */
#include "zoo/style/any_loss.h"
#include "zoo/style/any_styles.h"
#include "zoo/style/any_trained.h"
#include "zoo/style/style.h"

#include <autodidact/draw.h>

#include <stdlib.h>

/* ---- what is chosen ---- */

#define AT(member) AD_AT(style_any_sizes, member)
static const ad_option size_rows[] = {{AD_ROW("width", INT), AT(width), .initial = "64", .min = 8,
                                       .max = 512,
                                       .help = "the decoder's channels, a multiple of 4"},
                                      {0}};
#undef AT

static ad_status check_sizes(ad_context *ctx, const char *where, const void *value)
{
    const style_any_sizes *sizes = value;
    if (sizes->width % 4 == 0) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_ARGUMENT, "%s: width %lld is no multiple of 4", where,
                        (long long)sizes->width);
}

static const ad_record size_record = {.title = "network",
                                      .prefix = "any.",
                                      .options = size_rows,
                                      .size = sizeof(style_any_sizes),
                                      .check = check_sizes};

typedef struct source {
    char *data, *styles, *init;
    int64_t batch, crop;
    double content_weight, style_weight, tv_weight;
} source;
#define AT(member) AD_AT(source, member)
static const ad_option source_rows[] = {
    {AD_ROW("data", FILE), AT(data), .required = true, .may_change = true,
     .help = "folder of photos, subfolders included"},
    {AD_ROW("styles", FILE), AT(styles), .required = true, .may_change = true,
     .help = "folder of paintings, likewise"},
    {AD_ROW("init", FILE), AT(init), .may_change = true, .help = "a decoder to go on from"},
    {AD_ROW("batch", INT), AT(batch), .initial = "4", .min = 1, .max = 1024,
     .help = "pairs in a step"},
    {AD_ROW("crop", INT), AT(crop), .initial = "128", .min = 64, .max = 2048,
     .help = "side of both pictures, in pixels; a multiple of 8"},
    {AD_ROW("content-weight", REAL), AT(content_weight), .initial = "8", .max = 1e30,
     .help = "how much the photo counts"},
    {AD_ROW("style-weight", REAL), AT(style_weight), .initial = "25", .min = 1e-30, .max = 1e30,
     .help = "how much the painting counts"},
    {AD_ROW("tv-weight", REAL), AT(tv_weight), .initial = "1", .max = 1e30,
     .help = "how much smoothness counts"},
    {0}};
#undef AT
static const ad_record source_record = {
    .title = "data", .options = source_rows, .size = sizeof(source)};

/* ---- data ---- */

enum { SHOWN = 4 };
static const uint64_t shown_rows = (uint64_t)1 << 40; /* that no step draws */

typedef struct training {
    ad_job job;
    photos photos, paintings;
    ad_samples samples;
    ad_sample_field field[2];
    ad_vars *encoder;
    ad_train_metric metrics[3];
    float *shown; /* [2, SHOWN, crop, crop, 3]: photos, and what they are painted like */
} training;

static const source *source_of(const ad_job *job)
{
    return ad_job_value(job, &source_record);
}

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const training *t = user;
    int64_t side = t->field[0].shape.dim[0];
    (void)index; /* which photo is drawn, too */
    photos_crop(&t->photos, draws->seed, draws->position, side, row[0]);
    style_any_style(&t->paintings, &t->photos, draws, side, row[1]);
}

static ad_status read_folder(training *t, photos *set, const char *folder, int64_t least)
{
    ad_status status = photos_read(set, t->job.ctx, folder, least, &t->job.watcher);
    if (!status && set->skipped)
        ad_watch_note(&t->job.watcher, "%s: %lld files cannot be read as pictures; left out",
                      folder, (long long)set->skipped);
    for (int64_t i = 0; i < set->count && !status; ++i) {
        const photo *p = &set->photo[i];
        t->job.fingerprint = 31 * t->job.fingerprint +
                             ad_fingerprint(p->rgb, (size_t)(p->width * p->height * 3));
    }
    return status;
}

/* What is looked through: the binary's own network. */
static ad_status open_encoder(training *t)
{
    ad_file *file;
    ad_node *features[STYLE_ANY_LEVELS];
    const vision_form form = {.kind = VISION_COMPACT};
    ad_status status = vision_open_embedded(&file, t->job.ctx);
    if (status) return status;
    t->encoder = ad_vars_new(t->job.ctx, 0);
    ad_graph *graph = t->encoder ? ad_graph_new(t->job.ctx) : NULL;
    if (!graph) {
        ad_file_close(file);
        return AD_ERROR_MEMORY;
    }
    ad_node *image = ad_input(graph, "image", AD_F32,
                              ad_shape(1, STYLE_ANY_LEAST, STYLE_ANY_LEAST, 3));
    style_any_encode(t->encoder, image, features);
    status = vision_load(t->encoder, file, &form, NULL);
    ad_graph_free(graph);
    ad_file_close(file);
    return status;
}

static ad_status read(ad_job *job)
{
    training *t = (training *)job;
    const source *s = source_of(job);
    if (s->crop % STYLE_ANY_MULTIPLE)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT, "--crop %lld: is no multiple of %d",
                            (long long)s->crop, STYLE_ANY_MULTIPLE);
    ad_status status = open_encoder(t);
    if (!status) status = read_folder(t, &t->photos, s->data, s->crop);
    if (!status) status = read_folder(t, &t->paintings, s->styles, s->crop);
    if (status) return status;
    for (int i = 0; i < 2; ++i)
        t->field[i] = (ad_sample_field){
            .name = i ? "style" : "image", .dtype = AD_F32, .shape = ad_shape(s->crop, s->crop, 3)};
    t->samples = (ad_samples){
        .count = t->photos.count, .fields = t->field, .field_count = 2, .fill = fill, .user = t};
    job->split[AD_SPLIT_TRAIN].samples = &t->samples;
    job->data = s->data;
    job->batch = s->batch < t->photos.count ? s->batch : t->photos.count;
    job->eval_batch = SHOWN;
    snprintf(job->summary, sizeof job->summary, "%lld photos, %lld paintings, crops of %lld x %lld",
             (long long)t->photos.count, (long long)t->paintings.count, (long long)s->crop,
             (long long)s->crop);
    return AD_OK;
}

static void release(ad_job *job)
{
    training *t = (training *)job;
    ad_vars_free(t->encoder);
    photos_free(&t->photos);
    photos_free(&t->paintings);
    free(t->shown);
}

/* ---- the network ---- */

/* What was opened is a decoder: it has no pictures to look at. */
static void decoder_alone(const style_any_sizes *sizes, ad_forward *f)
{
    ad_node *targets[STYLE_ANY_LEVELS];
    style_any_targets(f->graph, f->rows, STYLE_ANY_LEAST, targets);
    f->result = ad_name(style_any_decode(f->vars, sizes->width, targets), "painted");
}

static void network(ad_job *job, ad_forward *f)
{
    const style_any_sizes *sizes = job->model;
    training *t = (training *)job;
    if (!t->encoder) {
        decoder_alone(sizes, f);
        return;
    }
    int64_t side = t->field[0].shape.dim[0];
    ad_node *of_photo[STYLE_ANY_LEVELS], *of_style[STYLE_ANY_LEVELS], *targets[STYLE_ANY_LEVELS];
    ad_node *image = ad_input(f->graph, "image", AD_F32, ad_shape(f->rows, side, side, 3));
    ad_node *style = ad_input(f->graph, "style", AD_F32, ad_shape(f->rows, side, side, 3));
    style_any_encode(t->encoder, image, of_photo);
    style_any_encode(t->encoder, style, of_style);
    for (int i = 0; i < STYLE_ANY_LEVELS; ++i) targets[i] = style_wct(of_photo[i], of_style[i]);
    ad_node *painted = ad_name(style_any_decode(f->vars, sizes->width, targets), "painted");
    if (!f->mode) {
        f->result = painted;
        return;
    }
    const source *s = source_of(job);
    const style_any_loss loss = style_any_loss_build(
        t->encoder, style, painted, targets, s->content_weight, s->style_weight, s->tv_weight);
    t->metrics[0] = (ad_train_metric){.name = "content", .node = loss.content};
    t->metrics[1] = (ad_train_metric){.name = "style", .node = loss.style};
    t->metrics[2] = (ad_train_metric){.name = "tv", .node = loss.tv};
    f->loss = loss.total;
    f->metrics = t->metrics, f->metric_count = loss.tv ? 3 : 2;
}

/* ---- what it makes of pairs that it is not trained on ---- */

static ad_status draw_shown(training *t, int64_t values, int64_t side)
{
    if (t->shown) return AD_OK;
    if (!(t->shown = malloc((size_t)(2 * SHOWN * values) * sizeof *t->shown)))
        return ad_error_set(t->job.ctx, AD_ERROR_MEMORY, "out of memory for samples");
    for (int i = 0; i < SHOWN; ++i) {
        const ad_draws draws = {.seed = t->job.part.seed, .position = shown_rows + (uint64_t)i};
        float *const row[] = {t->shown + i * values, t->shown + (SHOWN + i) * values};
        photos_crop(&t->photos, draws.seed, draws.position, side, row[0]);
        style_any_style(&t->paintings, &t->photos, &draws, side, row[1]);
    }
    return AD_OK;
}

/* Three rows: photos, what they are painted like, and painted. */
static ad_status sample(ad_job *job, int64_t step)
{
    training *t = (training *)job;
    int64_t side = t->field[0].shape.dim[0], values = side * side * 3, all = SHOWN * values;
    ad_program *program = job->evaluation.program;
    ad_image *sheet = NULL;
    float *rows = malloc((size_t)(3 * all) * sizeof *rows);
    ad_status status = rows ? draw_shown(t, values, side)
                            : ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory for samples");
    size_t bytes = (size_t)all * sizeof(float);
    if (!status) status = ad_bind_name(program, "image", t->shown, bytes);
    if (!status) status = ad_bind_name(program, "style", t->shown + all, bytes);
    if (!status) status = ad_run(program);
    const float *painted = status ? NULL : ad_result(program, job->evaluation.result);
    for (int64_t i = 0; i < 3 * all && !status; ++i) {
        float p = (i < 2 * all ? t->shown[i] : painted[i - 2 * all]) / 255;
        rows[i] = p < 0 ? 0 : p > 1 ? 1 : p;
    }
    if (!status)
        status = ad_image_sheet_rows(job->ctx, rows, 3 * SHOWN, side, side, 3,
                                     &(ad_sheet_options){.columns = SHOWN}, &sheet);
    if (!status) status = ad_run_image(job->run, "painted", step, sheet);
    ad_image_free(sheet);
    free(rows);
    return status;
}

/* ---- the system and its verb ---- */

static const ad_record *const records[] = {&size_record, &source_record, &ad_train_record, NULL};
static const ad_default defaults[] = {
    {"lr", "2e-3"}, {"clip", "5"}, {"schedule", "cosine"}, AD_OTHERWISE("steps", "8000"), {0}};
const ad_system style_any_system = {AD_SYSTEM("style-any", "pairs", training, records, &size_record,
                                              defaults, .read = read, .network = network,
                                              .sample = sample, .free = release)};

const ad_verb style_train_any_verb = {
    AD_VERB("style", "train-any", "", ad_train_rows, ad_system_train,
            "train a network that paints in the manner of any picture"),
    .records = records, .defaults = defaults, .user = &style_any_system,
    .description =
        "A decoder learns to make pictures of features whose means and deviations are those of "
        "another picture (Huang and Belongie, 2017). `style apply any photo.jpg painting.jpg "
        "--weights RUN` paints with it.\n"
        "\n"
        "  autodidact style train-any --data photos/ --styles paintings/ --minutes 120"};
