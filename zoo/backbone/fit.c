/* fit.c - `autodidact backbone fit`: trains the compact network that the binary embeds.
 *
 * A network of the compact shape, from random weights, learns to see what a teacher (VGG-19, or the
 * compact encoder of Wang et al. 2020) sees in random crops of photos: the loss is the mean over
 * the matched layers of the squared error, each layer relative to the teacher's own mean square
 * there.
 *
 *   --match convs   every convolution before its ReLU, and the five mapped layers; the teacher is
 *                   compact
 *   --match relus   the same, and every convolution after its ReLU as well: what lies below zero
 *                   nobody sees, but it alone keeps units alive, so that neither is enough
 *   --match maps    the five mapped layers alone, relu1_1 .. relu5_1 in VGG's channels; the
 *                   teacher is any VGG-19
 *
 * Which crops a step sees depends on the seed and the step alone; OUT.state holds the optimizer's
 * moments, so --resume continues where a run was stopped. */
#include "zoo/backbone/fit.h"

#include <autodidact/optim.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zoo/vision/photos.h"
#include "zoo/vision/backbone.h"

static const ad_option options[] = {
    {"data", 0, AD_OPTION_FILE, .required = true, .help = "folder of photos, subfolders included"},
    {"teacher", 0, AD_OPTION_FILE, .required = true,
     .help = "weights of the network to learn from"},
    {"output", 'o', AD_OPTION_FILE, .required = true,
     .help = "where the weights go (.safetensors)"},
    {"match", 0, AD_OPTION_CHOICE, .initial = "relus", .choices = "relus|convs|maps",
     .help = "the layers to match"},
    {"steps", 0, AD_OPTION_INT, .initial = "12000", .min = 1, .max = 1e9, .help = "training steps"},
    {"batch", 0, AD_OPTION_INT, .initial = "4", .min = 1, .max = 1024, .help = "crops in a step"},
    {"crop", 0, AD_OPTION_INT, .initial = "128", .min = 32, .max = 4096, .unit = "PIXELS",
     .help = "side of a crop"},
    {"lr", 0, AD_OPTION_REAL, .initial = "3e-3", .min = 1e-9, .max = 1e3,
     .help = "peak learning rate (Adam, cosine)"},
    {"seed", 0, AD_OPTION_INT, .initial = "0", .help = "seed of weights and crops"},
    {"save-every", 0, AD_OPTION_INT, .initial = "500", .min = 1, .max = 1e9, .unit = "STEPS",
     .help = "steps between saves"},
    {"start", 0, AD_OPTION_FILE, .help = "weights to start from (default: random)"},
    {"resume", 0, AD_OPTION_FLAG, .help = "resume from OUT and OUT.state"},
    AD_COMMON_OPTIONS,
    {0},
};

enum { MAX_MATCHED = VISION_MAX_LAYERS, MEASURE_ROUNDS = 8 };
/* VGG-19's activations for pictures of 0 to 255 over those of the compact network, whose mean is
 * near 1. */
enum { VGG_SIZE = 14 };
#define MEASURE_AT ((int64_t)1 << 40) /* crops that no step draws */

typedef struct fit {
    ad_command *cmd;
    ad_context *ctx;
    ad_vars *teacher, *student, *progress; /* progress: the steps done, for --resume */
    ad_variable *done;
    ad_graph *graph;
    ad_optimizer *adam;
    ad_program *program;
    ad_node *image, *step, *loss;
    photos set;
    int64_t batch, crop, steps;
    uint64_t seed;
    float *pixels; /* [batch, crop, crop, 3] */
    char state_path[4096], progress_path[4096];
} fit;

static size_t pixels_bytes(const fit *f)
{
    return (size_t)(f->batch * f->crop * f->crop * 3) * sizeof(float);
}

/* RGB 0..1 to BGR of about unit size: (255 x - mean) / 58, fixed arithmetic and not learned
 * knowledge. Larger weights elsewhere, so that a ReLU network's activations neither fade nor grow
 * (He et al. 2015: gain sqrt 2, that is sqrt 6 times the default bound). */
static ad_status set_start(ad_vars *vars)
{
    static const float weight[9] = {0, 0,          255 / 58.f, 0, 255 / 58.f,
                                    0, 255 / 58.f, 0,          0}; /* [in, out] */
    static const float bias[3] = {-103.939f / 58, -116.779f / 58, -123.68f / 58};
    ad_status status = ad_variable_set(vars, ad_var_find(vars, "conv0.weight"), weight);
    if (!status) status = ad_variable_set(vars, ad_var_find(vars, "conv0.bias"), bias);
    for (int i = 0; i < ad_vars_count(vars) && !status; ++i) {
        ad_variable *v = ad_vars_at(vars, i);
        const char *name = ad_variable_name(v);
        int64_t count = ad_shape_count(ad_variable_shape(v));
        if (!strncmp(name, "conv0", 5) || !strstr(name, ".weight")) continue;
        float *value = malloc((size_t)count * sizeof *value);
        if (!value)
            return ad_error_set(ad_vars_context(vars), AD_ERROR_MEMORY, "out of memory for %s",
                                name);
        status = ad_variable_get(vars, v, value);
        for (int64_t k = 0; k < count; ++k) value[k] *= 2.449489743f;
        if (!status) status = ad_variable_set(vars, v, value);
        free(value);
    }
    return status;
}

static void draw_batch(fit *f, int64_t step)
{
    for (int64_t b = 0; b < f->batch; ++b)
        photos_crop(&f->set, f->seed, (uint64_t)(step * f->batch + b), f->crop,
                    f->pixels + b * f->crop * f->crop * 3);
}

static int matched_layers(bool maps, const char *layers[MAX_MATCHED])
{
    const char *all[VISION_MAX_LAYERS];
    int count = 0, n = vision_layers(VISION_COMPACT, all);
    for (int i = 0; i < n; ++i) {
        bool mapped = !strncmp(all[i], "relu", 4) && !strcmp(all[i] + 5, "_1");
        if (mapped || (!maps && !strncmp(all[i], "conv", 4))) layers[count++] = all[i];
    }
    return count;
}

/* The root mean square of each of the teacher's layers over a few crops: convolutions are matched
 * relative to it, since Adam's steps are of one size for all weights and layers of ten times the
 * usual activations would not settle. The mapped layers, and conv4_2 whose features `style make`
 * compares, keep the teacher's size. */
static ad_status measure(fit *f, vision_kind kind, const char *const *layers, int count,
                         double *size)
{
    ad_node *nodes[MAX_MATCHED];
    ad_program *program = NULL;
    ad_graph *graph = ad_graph_new(f->ctx);
    if (!graph) return AD_ERROR_MEMORY;
    ad_node *image = ad_input(graph, "image", AD_F32, ad_shape(f->batch, f->crop, f->crop, 3));
    vision_build(f->teacher, "", kind, VISION_MAX, image, layers, count, nodes);
    for (int i = 0; i < count; ++i) nodes[i] = ad_mean(ad_square(nodes[i]), AD_ALL_AXES, false);
    ad_status status = ad_compile(&program, f->ctx, nodes, count, NULL);
    if (!status) status = ad_bind(program, image, f->pixels, pixels_bytes(f));
    for (int i = 0; i < count; ++i) size[i] = 0;
    for (int round = 0; round < MEASURE_ROUNDS && !status; ++round) {
        draw_batch(f, MEASURE_AT + round);
        status = ad_run(program);
        for (int i = 0; i < count && !status; ++i)
            size[i] += ad_result_scalar(program, nodes[i]) / MEASURE_ROUNDS;
    }
    for (int i = 0; i < count; ++i) {
        bool keep = strncmp(layers[i], "conv", 4) || !strcmp(layers[i], "conv4_2");
        size[i] = keep ? 1 : sqrt(size[i]) + 1e-6;
    }
    ad_program_free(program);
    ad_graph_free(graph);
    return status;
}

/* Mean squared error relative to the target's mean square. */
static ad_node *relative_error(ad_node *seen, ad_node *target)
{
    ad_node *power = ad_mean(ad_square(target), AD_ALL_AXES, false);
    return ad_div(ad_mse_loss(seen, target), ad_add_scalar(power, 1e-6));
}

static ad_status build(fit *f, ad_file *file)
{
    const char *layers[MAX_MATCHED];
    ad_node *wanted[MAX_MATCHED], *seen[MAX_MATCHED], *loss = NULL;
    double size[MAX_MATCHED];
    vision_kind kind;
    bool relus = ad_command_choice(f->cmd, "match") == 0,
         maps = ad_command_choice(f->cmd, "match") == 2;
    int count = matched_layers(maps, layers);
    ad_status status = vision_detect(f->ctx, file, &kind);
    if (status) return status;
    if (kind != VISION_COMPACT && !(kind == VISION_VGG19 && maps))
        return ad_error_set(f->ctx, AD_ERROR_ARGUMENT, "%s: %s cannot be the teacher of --match %s",
                            ad_file_path(file), vision_name(kind),
                            ad_command_text(f->cmd, "match"));
    f->image = ad_input(f->graph, "image", AD_F32, ad_shape(f->batch, f->crop, f->crop, 3));
    ad_scope_push(f->graph, "teacher");
    vision_build(f->teacher, "", kind, VISION_MAX, f->image, layers, count, wanted);
    ad_scope_pop(f->graph);
    vision_build(f->student, "", VISION_COMPACT, VISION_MAX, f->image, layers, count, seen);
    ad_load_report report;
    ad_watcher watcher = ad_command_watcher(f->cmd);
    status = ad_vars_load_file(f->teacher, file,
                               (ad_load_options){.allow_unused = true, .report = &report});
    if (status) return status;
    ad_load_report_unused(&report, &watcher, ad_file_path(file));
    if ((status = measure(f, kind, layers, count, size))) return status;
    double scale = kind == VISION_COMPACT ? 1 : VGG_SIZE;
    for (int i = 0; i < count; ++i) {
        ad_node *target = ad_stop_gradient(ad_mul_scalar(wanted[i], 1 / (scale * size[i])));
        ad_node *error = relative_error(seen[i], target);
        if (relus) error = ad_add(error, relative_error(ad_relu(seen[i]), ad_relu(target)));
        loss = loss ? ad_add(loss, error) : error;
    }
    f->loss = ad_name(ad_mul_scalar(loss, 1.0 / count), "loss");
    if (!(f->adam = ad_adam(f->student, NULL,
                            (ad_adam_options){.lr = ad_command_real(f->cmd, "lr")})))
        return ad_error_status(f->ctx);
    f->step = ad_minimize(f->adam, f->loss);
    f->done = ad_var(f->progress, "steps_done", ad_shape(1),
                     (ad_var_options){.dtype = AD_I64, .buffer = true});
    if (!f->done) return ad_error_status(f->ctx);
    return ad_compile(&f->program, f->ctx, (ad_node *[]){f->step, f->loss}, 2, NULL);
}

/* Three files, each replaced whole; the count of steps comes last, so that a run cut off in between
 * repeats steps rather than skipping them. */
static ad_status save(fit *f, int64_t steps_done)
{
    ad_status status = ad_vars_save(f->student, ad_command_text(f->cmd, "output"));
    if (!status) status = ad_vars_save(ad_optimizer_state(f->adam), f->state_path);
    if (!status) status = ad_variable_set(f->progress, f->done, &steps_done);
    if (!status) status = ad_vars_save(f->progress, f->progress_path);
    return status;
}

static ad_status restore(fit *f, int64_t *steps_done)
{
    ad_load_options all = {0};
    ad_status status = ad_vars_load(f->student, ad_command_text(f->cmd, "output"), all);
    if (!status) status = ad_vars_load(ad_optimizer_state(f->adam), f->state_path, all);
    if (!status) status = ad_vars_load(f->progress, f->progress_path, all);
    if (!status) status = ad_variable_get(f->progress, f->done, steps_done);
    return status;
}

/* Warm-up over the first 2 %, then half a cosine down to 1 % of the peak. */
static double rate_at(double peak, int64_t step, int64_t steps)
{
    double warm = fmax(1, 0.02 * (double)steps), at = (double)step;
    if (at < warm) return peak * (at + 1) / warm;
    return peak *
           (0.01 +
            0.99 * 0.5 * (1 + cos(3.14159265358979323846 * (at - warm) / ((double)steps - warm))));
}

static ad_status train(fit *f, int64_t from)
{
    double peak = ad_command_real(f->cmd, "lr"), smooth = 0;
    int64_t every = ad_command_int(f->cmd, "save-every"), step = from;
    ad_status status = ad_bind(f->program, f->image, f->pixels, pixels_bytes(f));
    for (; step < f->steps && !status && !ad_command_interrupted(f->cmd); ++step) {
        draw_batch(f, step);
        status = ad_optimizer_set_lr(f->adam, rate_at(peak, step, f->steps));
        if (!status) status = ad_run(f->program);
        if (status) break;
        double loss = ad_result_scalar(f->program, f->loss);
        if (!isfinite(loss))
            return ad_error_set(f->ctx, AD_ERROR_NUMERIC,
                                "the loss is not finite at step %lld; the last save is intact",
                                (long long)step);
        smooth = step == from ? loss : 0.98 * smooth + 0.02 * loss;
        ad_command_step(f->cmd, step + 1, f->steps,
                        (ad_metric[]){{"loss", loss}, {"smoothed", smooth}}, 2);
        if ((step + 1) % every == 0) status = save(f, step + 1);
    }
    return status ? status : save(f, step);
}

/* Stores, photos, both networks, and what the student starts from; *from: the steps done. */
static ad_status prepare(fit *f, ad_file *file, int64_t *from)
{
    const char *start = ad_command_text(f->cmd, "start");
    f->teacher = ad_vars_new(f->ctx, 0);
    f->student = ad_vars_new(f->ctx, f->seed);
    f->progress = ad_vars_new(f->ctx, 0);
    f->graph = ad_graph_new(f->ctx);
    f->pixels = malloc(pixels_bytes(f));
    if (!f->teacher || !f->student || !f->progress || !f->graph || !f->pixels)
        return ad_error_set(f->ctx, AD_ERROR_MEMORY, "out of memory");
    const ad_watcher watcher = ad_command_watcher(f->cmd);
    ad_status status = photos_read(&f->set, f->ctx, ad_command_text(f->cmd, "data"), f->crop,
                                   &watcher);
    if (!status)
        ad_command_note(f->cmd, "%lld photos, %lld broken files", (long long)f->set.count,
                        (long long)f->set.skipped);
    if (!status) status = build(f, file);
    if (!status) status = set_start(f->student);
    if (!status && start) status = ad_vars_load(f->student, start, (ad_load_options){0});
    if (!status && ad_command_flag(f->cmd, "resume")) status = restore(f, from);
    return status;
}

static int run(ad_command *cmd)
{
    fit f = {.cmd = cmd, .ctx = ad_command_context(cmd)};
    const char *output = ad_command_text(cmd, "output");
    ad_file *file = NULL;
    int64_t from = 0;
    if (!f.ctx) return AD_EXIT_FAILURE;
    f.batch = ad_command_int(cmd, "batch"), f.crop = ad_command_int(cmd, "crop");
    f.steps = ad_command_int(cmd, "steps");
    f.seed = (uint64_t)ad_command_int(cmd, "seed");
    snprintf(f.state_path, sizeof f.state_path, "%s.state", output);
    snprintf(f.progress_path, sizeof f.progress_path, "%s.progress", output);
    ad_status status = ad_file_can_write(f.ctx, output);
    if (!status) status = ad_file_open(&file, f.ctx, ad_command_text(cmd, "teacher"));
    if (!status) status = prepare(&f, file, &from);
    (void)ad_command_interrupted(cmd);
    ad_command_start(cmd);
    if (!status) status = train(&f, from);
    ad_program_free(f.program);
    ad_optimizer_free(f.adam);
    ad_graph_free(f.graph);
    ad_vars_free(f.progress);
    ad_vars_free(f.student);
    ad_vars_free(f.teacher);
    ad_file_close(file);
    photos_free(&f.set);
    free(f.pixels);
    return ad_command_check(cmd, status);
}

const ad_verb backbone_fit_verb = {
    AD_VERB("backbone", "fit", "", options, run,
            "train the compact network that the binary embeds"),
    .description = "Fits a compact VGG-19 to a teacher's features on a folder of photos. OUT can "
                   "be used with --weights; "
                   "`autodidact convert OUT small.safetensors --dtype f16` halves it.\n\n"
                   "  autodidact backbone fit --data photos/ --teacher vgg19.pth --match maps "
                   "-o compact.safetensors"};
