/* eval.c - `classify eval`: how good a trained network is on labelled pictures. */
#include "zoo/classify/pictures.h"

#include <stdio.h>
#include <string.h>

static const ad_option options[] = {
    {"data", 0, AD_OPTION_FILE, .required = true, .help = "labelled pictures, as for train"},
    {"split", 0, AD_OPTION_CHOICE, .initial = "test", .choices = "test|train|validation",
     .help = "which part of the data"},
    {"skip-bad", 0, AD_OPTION_FLAG, .help = "leave broken pictures out instead of stopping"},
    AD_COMMON_OPTIONS,
    {0},
};

enum { BATCH = 256 };

static void print_table(FILE *out, const classify_scores *s, char *const *names)
{
    fprintf(out, "\n%-20s %8s %8s %10s\n", "class", "pictures", "recall", "precision");
    for (int c = 0; c < s->classes; ++c) {
        int64_t row = 0, column = 0, right = s->confusion[(int64_t)c * s->classes + c];
        for (int k = 0; k < s->classes; ++k) {
            row += s->confusion[(int64_t)c * s->classes + k];
            column += s->confusion[(int64_t)k * s->classes + c];
        }
        fprintf(out, "%-20.20s %8lld", names[c], (long long)row);
        fprintf(out, row ? " %7.2f%%" : "        -", row ? 100.0 * (double)right / (double)row : 0);
        fprintf(out, column ? " %9.2f%%\n" : "         -\n",
                column ? 100.0 * (double)right / (double)column : 0);
    }
}

static void print_confusion(FILE *out, const classify_scores *s, char *const *names)
{
    if (s->classes > 20) return; /* too wide to read */
    fprintf(out, "\nrows: what it is; columns: what it was taken for\n%-12s", "");
    for (int c = 0; c < s->classes; ++c) fprintf(out, " %6.6s", names[c]);
    fputc('\n', out);
    for (int c = 0; c < s->classes; ++c) {
        fprintf(out, "%-12.12s", names[c]);
        for (int k = 0; k < s->classes; ++k)
            fprintf(out, " %6lld", (long long)s->confusion[(int64_t)c * s->classes + k]);
        fputc('\n', out);
    }
}

static void print_scores(ad_command *cmd, classify_scores *s, char *const *names)
{
    double area = classify_area(s);
    FILE *out = ad_command_out(cmd);
    if (ad_command_json(cmd)) {
        ad_json_begin(cmd, "result");
        ad_json_int(cmd, "pictures", s->count);
        ad_json_real(cmd, "accuracy", classify_accuracy(s));
        ad_json_real(cmd, "balanced_accuracy", classify_balanced_accuracy(s));
        if (s->classes == 2) ad_json_real(cmd, "area_under_roc", area);
        ad_json_real(cmd, "loss", s->loss_sum / (double)s->count);
        ad_json_end(cmd);
        return;
    }
    fprintf(out, "pictures           %lld\naccuracy           %.2f%%\nbalanced accuracy  %.2f%%\n",
            (long long)s->count, 100 * classify_accuracy(s), 100 * classify_balanced_accuracy(s));
    if (s->classes == 2) fprintf(out, "area under ROC     %.4f\n", area);
    fprintf(out, "loss               %.4f\n", s->loss_sum / (double)s->count);
    print_table(out, s, names);
    print_confusion(out, s, names);
}

static ad_status read_like(ad_command *cmd, const classify_model *m, ad_image_set **set)
{
    ad_image_set like = {.height = m->height,
                         .width = m->width,
                         .channels = m->channels,
                         .classes = m->classes,
                         .class_names = m->class_names};
    ad_image_set_options o = {.split = ad_command_text(cmd, "split"),
                              .height = m->height,
                              .width = m->width,
                              .channels = m->channels,
                              .skip_bad = ad_command_flag(cmd, "skip-bad"),
                              .like = &like};
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = ad_image_set_read(set, ctx, ad_command_text(cmd, "data"), &o);
    if (status) return status;
    if (!(*set)->count)
        return ad_error_set(ctx, AD_ERROR_NOT_FOUND, "%s: has no %s pictures (--split)",
                            ad_command_text(cmd, "data"), ad_command_text(cmd, "split"));
    /* sets that are binary files come in the size and with the classes that they have */
    if ((*set)->height != m->height || (*set)->width != m->width ||
        (*set)->channels != m->channels || (*set)->classes != m->classes)
        return ad_error_set(
            ctx, AD_ERROR_SHAPE,
            "%s: %lld x %lld with %d channels in %d classes; the network was trained "
            "on %lld x %lld with %d in %d",
            ad_command_text(cmd, "data"), (long long)(*set)->width, (long long)(*set)->height,
            (*set)->channels, (*set)->classes, (long long)m->width, (long long)m->height,
            m->channels, m->classes);
    return AD_OK;
}

static ad_status score(const classify_trained *t, const ad_image_set *set, classify_scores *s)
{
    ad_loader *loader;
    ad_augment augment = {0};
    size_t bytes = (size_t)(BATCH * set->height * set->width * set->channels) * sizeof(float);
    memcpy(augment.mean, t->model.mean, sizeof augment.mean);
    memcpy(augment.deviation, t->model.deviation, sizeof augment.deviation);
    ad_status status = ad_loader_new(
        &loader, set, &(ad_loader_options){.batch = BATCH, .keep_last = true, .augment = augment});
    for (int64_t n = 0; !status && n < ad_loader_batches(loader); ++n) {
        ad_batch batch;
        status = ad_loader_batch(loader, n, &batch);
        if (!status) status = ad_bind(t->program, t->x, batch.images, bytes);
        if (!status) status = ad_run(t->program);
        if (!status)
            classify_scores_add(s, ad_result(t->program, t->logits), batch.labels, batch.size);
    }
    ad_loader_free(loader);
    return status;
}

static int run(ad_command *cmd)
{
    classify_trained t;
    classify_scores scores = {0};
    ad_image_set *set = NULL;
    int code = classify_open(cmd, ad_command_operand(cmd, 0), BATCH, &t);
    if (code) return code;
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = read_like(cmd, &t.model, &set);
    if (!status) status = classify_scores_new(ctx, &scores, t.model.classes, set->count);
    if (!status) status = score(&t, set, &scores);
    if (!status)
        print_scores(cmd, &scores, t.model.class_names);
    else
        code = ad_command_fail(cmd, "%s", ad_error(ctx));
    classify_scores_free(&scores);
    ad_image_set_free(set);
    classify_close(&t);
    return code;
}

const ad_verb classify_eval_verb = {
    .system = "classify",
    .name = "eval",
    .operands = "MODEL",
    .options = options,
    .run = run,
    .summary = "measure a trained network on labelled pictures",
    .description = "MODEL is a run's folder or an exported weights file.\n\n"
                   "  autodidact classify eval runs/classify-20260101-1 --data mnist/",
};
