/* train.c - `classify train`: a network from pictures. */
#include "zoo/classify/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ad_option options[] = {
    CLASSIFY_DATA_OPTIONS,
    {"model", 0, AD_OPTION_CHOICE, .initial = "lenet", .choices = CLASSIFY_MODELS,
     .help = "the network"},
    {"batch", 0, AD_OPTION_INT, .initial = "128", .min = 1, .max = 65536,
     .help = "pictures in a step"},
    {"val", 0, AD_OPTION_REAL, .initial = "0.1", .min = 0, .max = 0.5,
     .help = "share of the training pictures to validate with, where the data have no such split"},
    {"folds", 0, AD_OPTION_INT, .initial = "0", .min = 0, .max = 1000,
     .help = "cross-validation: train this many networks, each tested on its own part"},
    {"crop", 0, AD_OPTION_INT, .initial = "0", .min = 0, .max = 256, .unit = "PIXELS",
     .help = "random crops after padding with this many zeros"},
    {"flip", 0, AD_OPTION_FLAG, .help = "mirror half of the pictures"},
    {"shift", 0, AD_OPTION_INT, .initial = "0", .min = 0, .max = 256, .unit = "PIXELS",
     .help = "random shifts, edges repeated"},
    {"rotate", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 180, .unit = "DEGREES",
     .help = "random rotation by up to this"},
    {"zoom", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 0.9,
     .help = "random scale within 1 - X .. 1 + X"},
    {"jitter", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 1,
     .help = "random brightness, contrast and saturation within 1 - X .. 1 + X"},
    {"cutout", 0, AD_OPTION_INT, .initial = "0", .min = 0, .max = 4096, .unit = "PIXELS",
     .help = "blank a random square of this side"},
    {"label-smoothing", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 0.9,
     .help = "share of the target that all classes get"},
    {"dropout", 0, AD_OPTION_REAL, .initial = "0", .min = 0, .max = 0.95,
     .help = "in front of linear layers"},
    {"init", 0, AD_OPTION_FILE, .help = "weights to start from; layers that do not fit are new"},
    {"freeze", 0, AD_OPTION_FLAG, .help = "train the last layer only"},
    AD_TRAIN_OPTIONS("1e-3", "adamw", "1e-2", "cosine"),
    AD_COMMON_OPTIONS,
    {0},
};

enum { LOADERS = 3, EVAL_BATCH = 256, WRONG_SHOWN = 48, WRONG_COLUMNS = 8, WRONG_SIDE = 96 };

typedef struct trainer {
    ad_command *cmd;
    ad_context *ctx;
    ad_run_folder *run;
    classify_pictures pictures;
    classify_model model;
    classify_text text;
    ad_vars *vars;
    ad_graph *graph, *eval_graph;
    ad_node *logits;
    ad_program *eval;
    ad_samples *samples[LOADERS]; /* by split */
    ad_loader *loader[LOADERS];
    ad_class_scores *scores;
    int64_t wrong[WRONG_SHOWN]; /* pictures of the validation or test split that were mistaken */
    int wrong_as[WRONG_SHOWN];  /* the classes that they were taken for */
    int wrong_count;
    classify_split scored, wrong_split;
} trainer;

/* ---- the loss ---- */

/* Szegedy et al. 2016: the target is 1 - share for the label, and share spread over all classes. */
static ad_node *smoothed_loss(ad_node *logits, ad_node *labels, double share)
{
    ad_node *loss = ad_cross_entropy_loss(logits, labels);
    if (share <= 0) return loss;
    ad_node *even = ad_neg(ad_mean(ad_log_softmax(logits, -1), AD_ALL_AXES, false));
    return ad_add(ad_mul_scalar(loss, 1 - share), ad_mul_scalar(even, share));
}

static ad_node *share_right(ad_node *logits, ad_node *labels)
{
    ad_node *right = ad_equal(ad_argmax(logits, -1, false), labels);
    return ad_mean(ad_cast(right, AD_F32), AD_ALL_AXES, false);
}

/* ---- what the loop asks for ---- */

static ad_status bind_batch(void *user, ad_program *program, int64_t index)
{
    trainer *t = user;
    ad_batch batch;
    return ad_loader_bind(t->loader[CLASSIFY_TRAIN], index, program, &batch);
}

static void note_wrong(trainer *t, const float *logits, const int32_t *labels,
                       const ad_batch *batch)
{
    int classes = t->model.classes;
    for (int64_t i = 0; i < batch->size && t->wrong_count < WRONG_SHOWN; ++i) {
        int best = ad_best_class(logits + i * classes, classes);
        if (best == labels[i]) continue;
        t->wrong_as[t->wrong_count] = best;
        t->wrong[t->wrong_count++] = batch->index[i];
    }
}

static ad_status score(void *user, ad_program *program, const ad_batch *batch)
{
    trainer *t = user;
    const float *logits = ad_result(program, t->logits);
    const int32_t *labels = ad_batch_field(t->loader[t->scored], batch, "label");
    note_wrong(t, logits, labels, batch);
    return ad_class_scores_add(t->scores, logits, labels, batch->size);
}

static ad_status evaluate(void *user, const char *split, ad_metric *metrics, int *count)
{
    trainer *t = user;
    classify_split which = strcmp(split, "test") ? CLASSIFY_VALIDATION : CLASSIFY_TEST;
    if (!t->loader[which]) return AD_OK;
    ad_class_scores_clear(t->scores);
    t->wrong_count = 0, t->scored = t->wrong_split = which;
    ad_status status = ad_evaluate(t->eval, t->loader[which], score, t);
    ad_class_result r = {0};
    if (!status) status = ad_class_scores_result(t->scores, &r);
    metrics[(*count)++] = (ad_metric){"accuracy", r.accuracy};
    metrics[(*count)++] = (ad_metric){"balanced_accuracy", r.balanced_accuracy};
    if (t->model.classes == 2)
        metrics[(*count)++] = (ad_metric){"area_under_roc", r.area_under_roc};
    metrics[(*count)++] = (ad_metric){"loss", r.loss};
    const int64_t *confusion = ad_class_scores_confusion(t->scores);
    if (!status && which == CLASSIFY_TEST && confusion)
        status = ad_run_confusion(t->run, confusion, t->model.classes,
                                  (const char *const *)t->model.class_names);
    return status;
}

/* A sheet of pictures that were mistaken: "cat as dog". */
static ad_status show_wrong(trainer *t, int64_t step)
{
    const ad_image_set *set = classify_set(&t->pictures, t->wrong_split);
    int64_t size = set->height * set->width * set->channels;
    ad_image *shown[WRONG_SHOWN] = {0}, *sheet = NULL;
    char caption[WRONG_SHOWN][96];
    const char *captions[WRONG_SHOWN];
    ad_status status = AD_OK;
    if (!t->wrong_count) return AD_OK;
    for (int i = 0; i < t->wrong_count && !status; ++i) {
        status = ad_image_from_bytes(t->ctx, set->pixels + t->wrong[i] * size, set->width,
                                     set->height, set->channels, &shown[i]);
        snprintf(caption[i], sizeof caption[i], "%.40s as %.40s",
                 set->class_names[set->labels[t->wrong[i]]], set->class_names[t->wrong_as[i]]);
        captions[i] = caption[i];
    }
    ad_sheet_options layout = {
        .columns = WRONG_COLUMNS, .side = WRONG_SIDE, .gap = 8, .captions = captions};
    if (!status)
        status = ad_image_sheet(t->ctx, (const ad_image *const *)shown, t->wrong_count, &layout,
                                &sheet);
    if (!status) status = ad_run_image(t->run, "mistaken", step, sheet);
    for (int i = 0; i < t->wrong_count; ++i) ad_image_free(shown[i]);
    ad_image_free(sheet);
    return status;
}

static ad_status sample(void *user, ad_run_folder *run, int64_t step)
{
    trainer *t = user;
    (void)run;
    return t->loader[CLASSIFY_VALIDATION] ? show_wrong(t, step) : AD_OK;
}

/* ---- building ---- */

static ad_augment augmentation(const trainer *t, bool training)
{
    ad_command *cmd = t->cmd;
    ad_augment a = {0};
    memcpy(a.mean, t->model.mean, sizeof a.mean);
    memcpy(a.deviation, t->model.deviation, sizeof a.deviation);
    if (!training) return a;
    float jitter = (float)ad_command_real(cmd, "jitter");
    a.pad = (int)ad_command_int(cmd, "crop"), a.flip = ad_command_flag(cmd, "flip");
    a.shift = (int)ad_command_int(cmd, "shift");
    a.rotate = (float)ad_command_real(cmd, "rotate");
    a.scale = (float)ad_command_real(cmd, "zoom");
    a.brightness = a.contrast = a.saturation = jitter;
    a.cutout = (int)ad_command_int(cmd, "cutout");
    return a;
}

static ad_status make_loaders(trainer *t, uint64_t seed)
{
    ad_status status = AD_OK;
    for (int split = 0; split < LOADERS && !status; ++split) {
        if (!t->pictures.count[split]) continue;
        bool training = split == CLASSIFY_TRAIN;
        ad_augment augment = augmentation(t, training);
        status = ad_image_samples_new(&t->samples[split],
                                      classify_set(&t->pictures, (classify_split)split), &augment);
        if (status) break;
        status = ad_loader_new(
            &t->loader[split], t->ctx, t->samples[split],
            &(ad_loader_options){.batch = training ? ad_command_int(t->cmd, "batch") : EVAL_BATCH,
                                 .index = t->pictures.index[split],
                                 .count = t->pictures.count[split],
                                 .shuffle = training,
                                 .keep_last = !training,
                                 .seed = seed});
    }
    return status;
}

static ad_status describe_model(trainer *t)
{
    const ad_image_set *set = t->pictures.set;
    classify_model *m = &t->model;
    snprintf(m->kind, sizeof m->kind, "%s", ad_command_text(t->cmd, "model"));
    m->height = set->height, m->width = set->width;
    m->channels = set->channels, m->classes = set->classes;
    m->class_names = set->class_names; /* lent */
    ad_image_set_statistics(set, t->pictures.index[0], t->pictures.count[0], m->mean, m->deviation);
    return classify_model_describe(t->ctx, m, &t->text);
}

/* Tensors that fit by name and shape; the rest stays new, and a note says how much that is. */
static ad_status load_start(trainer *t, const char *path)
{
    char found[4096];
    ad_file *file = NULL;
    int loaded = 0, total = 0;
    ad_status status = ad_run_weights(t->ctx, path, found, sizeof found, NULL, 0);
    if (!status) status = ad_file_open(&file, t->ctx, found);
    for (int i = 0; !status && i < ad_vars_count(t->vars); ++i) {
        ad_variable *v = ad_vars_at(t->vars, i);
        const char *name = ad_variable_name(v);
        if (ad_variable_is_buffer(v) && !strcmp(name, "rng.state")) continue;
        ++total;
        int at = ad_file_find(file, name);
        if (at < 0) continue;
        ad_vars *one = ad_vars_new(t->ctx,
                                   0); /* a store of this variable alone, which may not fit */
        ad_variable *copy = one ? ad_var(one, name, ad_variable_shape(v),
                                         (ad_var_options){.dtype = ad_variable_dtype(v),
                                                          .layout = ad_variable_layout(v),
                                                          .buffer = ad_variable_is_buffer(v)})
                                : NULL;
        if (copy && !ad_vars_load_file(one, file, (ad_load_options){.allow_unused = true}) &&
            !ad_variable_set(t->vars, v, ad_variable_data(one, copy)))
            ++loaded;
        ad_vars_free(one);
    }
    ad_file_close(file);
    if (status) return status;
    if (!loaded)
        return ad_error_set(t->ctx, AD_ERROR_FORMAT, "%s: none of its tensors fits the network %s",
                            found, t->model.kind);
    ad_command_note(t->cmd, "%d of %d tensors start from %s", loaded, total, found);
    return AD_OK;
}

static ad_status build_eval(trainer *t)
{
    const classify_model *m = &t->model;
    if (!(t->eval_graph = ad_graph_new(t->ctx))) return ad_error_status(t->ctx);
    ad_node *x = ad_input(t->eval_graph, "image", AD_F32,
                          ad_shape(EVAL_BATCH, m->height, m->width, m->channels));
    t->logits = classify_network(m, t->vars, x, NULL);
    return ad_compile(
        &t->eval, t->ctx, &t->logits, 1,
        &(ad_compile_options){.memory_limit = (size_t)ad_command_size(t->cmd, "memory-limit")});
}

static ad_status train(trainer *t, ad_train_part part, ad_train_result *result)
{
    const classify_model *m = &t->model;
    ad_status status = make_loaders(t, part.seed);
    if (status) return status;
    const char *note = ad_loader_note(t->loader[CLASSIFY_TRAIN]);
    if (*note) ad_command_note(t->cmd, "%s", note);
    int64_t batch = ad_loader_rows(t->loader[CLASSIFY_TRAIN]);
    classify_training form = {.dropout = ad_command_real(t->cmd, "dropout")};
    t->vars = ad_vars_new(t->ctx, part.seed);
    t->graph = ad_graph_new(t->ctx);
    if (!t->vars || !t->graph) return ad_error_status(t->ctx);
    form.rng = ad_rng(t->graph, t->vars);
    ad_node *x = ad_input(t->graph, "image", AD_F32,
                          ad_shape(batch, m->height, m->width, m->channels));
    ad_node *labels = ad_input(t->graph, "label", AD_I32, ad_shape(batch));
    ad_node *logits = classify_network(m, t->vars, x, &form);
    if (form.count < CLASSIFY_UPDATES)
        form.update[form.count++] = ad_rng_advance(t->graph, t->vars);
    ad_node *loss = smoothed_loss(logits, labels, ad_command_real(t->cmd, "label-smoothing"));
    ad_train_metric right = {"accuracy", share_right(logits, labels)};
    status = ad_graph_status(t->graph);
    if (status) return ad_error_set(t->ctx, status, "%s", ad_graph_error(t->graph));
    const char *start = ad_command_text(t->cmd, "init");
    if (!status && start) status = load_start(t, start);
    if (ad_command_flag(t->cmd, "freeze")) {
        ad_vars_freeze(t->vars, NULL, true);
        ad_vars_freeze(t->vars, classify_head(m), false);
    }
    if (!status) status = build_eval(t);
    if (status) return status;
    int64_t per_epoch = ad_loader_batches(t->loader[CLASSIFY_TRAIN]);
    ad_training training = {
        .vars = t->vars,
        .loss = loss,
        .updates = form.update,
        .update_count = form.count,
        .metrics = &right,
        .metric_count = 1,
        .metadata = t->text.row,
        .metadata_count = t->text.count,
        .batch = bind_batch,
        .batches_per_epoch = per_epoch,
        .default_steps = 10 * per_epoch,
        .unit = "images",
        .units_per_batch = (double)batch,
        .evaluate = evaluate,
        .monitor = m->classes == 2 ? "balanced_accuracy" : "accuracy",
        .sample = sample,
        .user = t,
    };
    return ad_train(t->run, &training, result);
}

static ad_status once(ad_command *cmd, ad_run_folder *run, ad_train_part part,
                      ad_train_result *result)
{
    trainer t = {.cmd = cmd, .ctx = ad_command_context(cmd), .run = run};
    char summary[128];
    ad_status status = classify_pictures_read(cmd, part, &t.pictures);
    if (!status) {
        classify_set_summary(t.pictures.set, summary, sizeof summary);
        status = ad_run_data(run, ad_command_text(cmd, "data"), t.pictures.set->fingerprint,
                             summary);
    }
    if (!status) status = describe_model(&t);
    if (!status) status = ad_class_scores_new(&t.scores, t.ctx, t.model.classes, NULL);
    if (!status) status = train(&t, part, result);
    for (int i = 0; i < LOADERS; ++i) ad_loader_free(t.loader[i]), ad_samples_free(t.samples[i]);
    ad_program_free(t.eval);
    ad_graph_free(t.eval_graph);
    ad_graph_free(t.graph);
    ad_vars_free(t.vars);
    ad_class_scores_free(t.scores);
    classify_text_free(&t.text);
    classify_pictures_free(&t.pictures);
    return status;
}

static int run(ad_command *cmd)
{
    return ad_train_main(cmd, once);
}

const ad_verb classify_train_verb = {
    .system = "classify",
    .name = "train",
    .operands = "",
    .options = options,
    .run = run,
    .summary = "train a network to tell classes of pictures apart",
    .description =
        "The data are a folder with a folder of pictures per class (train/ and test/ above them "
        "are "
        "splits), MNIST's or CIFAR-10's files, pictures with a table of labels, or an archive of "
        "any of these.\n\n"
        "  autodidact classify train --data mnist/ --epochs 8 --shift 2 --rotate 10\n"
        "  autodidact classify train --data cifar10.tar.xz --model vgg --crop 4 --flip --epochs "
        "30\n"
        "  autodidact classify train --resume runs/classify-20260101-1",
};
