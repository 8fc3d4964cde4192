/* train.c - the system: network and loss, scores, the pictures that are mistaken. */
#include "zoo/classify/classify.h"

#include <stdio.h>
#include <string.h>

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

static void network(ad_job *job, ad_forward *f)
{
    const classify_model *m = job->model;
    const classify_training *t = ad_job_value(job, &classify_training_record);
    classifier *c = (classifier *)job;
    ad_node *x = ad_input(f->graph, "image", AD_F32,
                          ad_shape(f->rows, m->height, m->width, m->channels));
    if (m->published && !m->onnx.file) job->ignore = vision_unused(m->form.kind);
    if (!f->mode) {
        f->result = classify_network(m, f->vars, x, NULL);
        return;
    }
    ad_node *labels = ad_input(f->graph, "label", AD_I32, ad_shape(f->rows));
    f->mode->dropout = t->dropout;
    ad_node *logits = classify_network(m, f->vars, x, f->mode);
    f->loss = smoothed_loss(logits, labels, t->label_smoothing);
    c->right = (ad_train_metric){"accuracy", share_right(logits, labels)};
    f->metrics = &c->right, f->metric_count = 1;
}

static ad_status freeze(ad_job *job)
{
    const classify_training *t = ad_job_value(job, &classify_training_record);
    if (!t->freeze) return AD_OK;
    ad_vars_freeze(job->vars, NULL, true);
    ad_vars_freeze(job->vars, CLASSIFY_HEAD, false);
    return AD_OK;
}

/* ---- scores ---- */

ad_status classify_result_finite(const ad_job *job)
{
    return ad_result_finite(job->evaluation.program, job->evaluation.result,
                            "what the network says");
}

static void keep_mistake(classifier *c, classify_mistake mistake)
{
    int at = c->mistakes;
    while (at > 0 && c->mistake[at - 1].by < mistake.by) --at;
    if (at == CLASSIFY_MISTAKES) return;
    if (c->mistakes < CLASSIFY_MISTAKES) ++c->mistakes;
    memmove(&c->mistake[at + 1], &c->mistake[at], (size_t)(c->mistakes - 1 - at) * sizeof mistake);
    c->mistake[at] = mistake;
}

static void note_mistakes(classifier *c, const float *logits, const int32_t *labels,
                          const ad_batch *batch)
{
    int classes = ad_class_scores_classes(c->scores);
    for (int64_t i = 0; i < batch->size; ++i) {
        const float *row = logits + i * classes;
        int best = ad_best_class(row, classes);
        if (best != labels[i])
            keep_mistake(c, (classify_mistake){.picture = batch->index[i],
                                               .taken_for = best,
                                               .by = row[best] - row[labels[i]]});
    }
}

static ad_status score_batch(ad_job *job, ad_split split, const ad_batch *batch)
{
    classifier *c = (classifier *)job;
    const float *logits = ad_result(job->evaluation.program, job->evaluation.result);
    const int32_t *labels = ad_batch_field(job->loader[split], batch, "label");
    note_mistakes(c, logits, labels, batch);
    return ad_class_scores_add(c->scores, logits, labels, batch->size);
}

ad_status classify_score(classifier *c, ad_split split, bool *done)
{
    const classify_model *m = c->job.model;
    ad_class_scores_free(c->scores);
    c->scored = split, c->mistakes = 0;
    ad_status status = ad_class_scores_new(&c->scores, c->job.ctx, (int)m->classes.count, NULL);
    return status ? status : ad_job_score(&c->job, split, done, score_batch);
}

static ad_status evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    classifier *c = (classifier *)job;
    const ad_texts *names = &((classify_model *)job->model)->classes;
    ad_class_result r;
    bool done;
    ad_status status = classify_score(c, split, &done);
    if (!status && done) status = ad_class_scores_result(c->scores, &r);
    if (status || !done) return status;
    ad_metrics_add(metrics, "accuracy", r.accuracy);
    ad_metrics_add(metrics, "balanced_accuracy", r.balanced_accuracy);
    if (names->count == 2) ad_metrics_add(metrics, "area_under_roc", r.area_under_roc);
    ad_metrics_add(metrics, "loss", r.loss);
    const int64_t *confusion = ad_class_scores_confusion(c->scores);
    if (split != AD_SPLIT_TEST || !confusion) return AD_OK;
    return ad_run_confusion(job->run, confusion, (int)names->count, (const char *const *)names->at);
}

/* ---- a sheet of what was mistaken worst in validation: "cat", and below it "as dog" ---- */

typedef struct sheet {
    ad_image *picture[CLASSIFY_MISTAKES];
    char caption[CLASSIFY_MISTAKES][256];
    const char *captions[CLASSIFY_MISTAKES];
} sheet;

/* The sheet shortens the lines; a name is one of them whatever is in it. */
static void write_caption(char caption[256], const char *is, const char *taken)
{
    int first = snprintf(caption, 256, "%.120s", is);
    snprintf(caption + first, (size_t)(256 - first), "\nas %.120s", taken);
    for (int i = 0; caption[i]; ++i)
        if (caption[i] == '\n' && i != first) caption[i] = '?';
}

static ad_status fill_sheet(const classifier *c, sheet *s)
{
    const ad_image_set *set = c->pictures.set[c->scored];
    int64_t size = set->height * set->width * set->channels;
    ad_status status = AD_OK;
    for (int i = 0; i < c->mistakes && !status; ++i) {
        int64_t which = c->mistake[i].picture;
        status = ad_image_from_bytes(c->job.ctx, set->pixels + which * size, set->width,
                                     set->height, set->channels, &s->picture[i]);
        write_caption(s->caption[i], set->class_names[set->labels[which]],
                      set->class_names[c->mistake[i].taken_for]);
        s->captions[i] = s->caption[i];
    }
    return status;
}

static ad_status sample(ad_job *job, int64_t step)
{
    const classifier *c = (classifier *)job;
    sheet s = {0};
    const ad_sheet_options layout = {.columns = 8, .side = 96, .gap = 8, .captions = s.captions};
    ad_image *out = NULL;
    if (!job->loader[AD_SPLIT_VALIDATION] || !c->mistakes) return AD_OK;
    ad_status status = fill_sheet(c, &s);
    if (!status)
        status = ad_image_sheet(job->ctx, (const ad_image *const *)s.picture, c->mistakes, &layout,
                                &out);
    if (!status) status = ad_run_image(job->run, "mistaken", step, out);
    for (int i = 0; i < c->mistakes; ++i) ad_image_free(s.picture[i]);
    ad_image_free(out);
    return status;
}

/* ---- the system ---- */

static void release(ad_job *job)
{
    ad_class_scores_free(((classifier *)job)->scores);
    ad_image_splits_free(&((classifier *)job)->pictures);
    if (job->model) vision_onnx_close(&((classify_model *)job->model)->onnx);
}

static const ad_record *const records[] = {&classify_model_record,
                                           &classify_data_record,
                                           &classify_batches_record,
                                           &classify_augmentation_record,
                                           &classify_training_record,
                                           &ad_train_record,
                                           NULL};
static const ad_default defaults[] = {
    {"lr", "1e-3"},         {"optimizer", "adamw"},       {"weight-decay", "1e-2"},
    {"schedule", "cosine"}, AD_OTHERWISE("epochs", "10"), {0}};

const ad_system classify_system = {AD_SYSTEM(
    "classify", "images", classifier, records, &classify_model_record, defaults,
    .read = classify_read, .network = network, .prepare = freeze, .evaluate = evaluate,
    .sample = sample, .free = release, .sketch = classify_sketch, .recognise = classify_recognise,
    .open = classify_open_onnx, .publish = classify_publish)};

const ad_verb classify_train_verb = {
    AD_TRAIN_VERB("classify", &classify_system, records, defaults,
                  "train a network to tell classes of pictures apart"),
    .description =
        "The data are a folder with a folder of pictures per class (train/ and test/ above them "
        "are splits), MNIST's or CIFAR-10's files, pictures with a table of labels, or an archive "
        "of any of these.\n\n"
        "A table of labels is a file labels.csv, or the only .csv or .tsv, with a header: a column "
        "file, filename, image, path or id names the pictures, one label, class or category (else "
        "the only other one that can be meant) their classes, one person, subject or group what "
        "--folds keeps together.\n\n"
        "  autodidact classify train --data mnist/ --epochs 8 --shift 2 --rotate 10\n"
        "  autodidact classify train --data cifar10/ --model vgg --crop 4 --flip --epochs 30\n"
        "  autodidact classify train --resume runs/classify-20260101-1"};
