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

enum { CONFUSION_SHOWN = 20 }; /* classes; more are too wide to read */

static ad_status print_summary(ad_command *cmd, const ad_class_result *r, bool two)
{
    static const ad_column columns[] = {
        {"pictures", .kind = AD_COLUMN_INT},
        {"accuracy", .kind = AD_COLUMN_PERCENT},
        {"balanced accuracy", .kind = AD_COLUMN_PERCENT, .key = "balanced_accuracy"},
        {"area under ROC", .kind = AD_COLUMN_REAL, .digits = 4, .key = "area_under_roc"},
        {"top 5", .kind = AD_COLUMN_PERCENT, .key = "top_5_accuracy"},
        {"macro F1", .kind = AD_COLUMN_PERCENT, .key = "macro_f1"},
        {"calibration error", .kind = AD_COLUMN_PERCENT, .key = "calibration_error"},
        {"loss", .kind = AD_COLUMN_REAL, .digits = 4},
    };
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 8);
    ad_table_row(t);
    ad_table_int(t, r->count), ad_table_real(t, r->accuracy);
    ad_table_real(t, r->balanced_accuracy);
    if (two)
        ad_table_real(t, r->area_under_roc), ad_table_text(t, NULL);
    else
        ad_table_text(t, NULL), ad_table_real(t, r->top_k_accuracy);
    ad_table_real(t, r->macro_f1), ad_table_real(t, r->calibration_error);
    ad_table_real(t, r->loss);
    if (!status) status = ad_table_print_upright(t, cmd, "result");
    ad_table_free(t);
    return status;
}

static ad_status print_classes(ad_command *cmd, const ad_class_scores *s, char *const *names)
{
    static const ad_column columns[] = {
        {"class", .most = 40},
        {"pictures", .kind = AD_COLUMN_INT},
        {"recall", .kind = AD_COLUMN_PERCENT},
        {"precision", .kind = AD_COLUMN_PERCENT},
        {"F1", .kind = AD_COLUMN_PERCENT, .key = "f1"},
    };
    ad_table *t;
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, 5);
    for (int c = 0; c < ad_class_scores_classes(s); ++c) {
        ad_class_score of = ad_class_scores_of(s, c);
        ad_table_row(t);
        ad_table_text(t, names[c]), ad_table_int(t, of.rows);
        ad_table_real(t, of.recall), ad_table_real(t, of.precision), ad_table_real(t, of.f1);
    }
    if (!ad_command_json(cmd)) fputc('\n', ad_command_out(cmd));
    if (!status) status = ad_table_print(t, cmd, "class");
    ad_table_free(t);
    return status;
}

static ad_status print_confusion(ad_command *cmd, const ad_class_scores *s, char *const *names)
{
    int classes = ad_class_scores_classes(s);
    const int64_t *counts = ad_class_scores_confusion(s);
    ad_column columns[CONFUSION_SHOWN + 1] = {{"is \\ taken for", .most = 24}};
    ad_table *t;
    if (classes > CONFUSION_SHOWN || ad_command_json(cmd)) return AD_OK;
    for (int c = 0; c < classes; ++c)
        columns[c + 1] = (ad_column){names[c], .kind = AD_COLUMN_INT, .width = 4, .most = 10};
    ad_status status = ad_table_new(&t, ad_command_context(cmd), columns, classes + 1);
    for (int i = 0; i < classes; ++i) {
        ad_table_row(t);
        ad_table_text(t, names[i]);
        for (int k = 0; k < classes; ++k) ad_table_int(t, counts[i * classes + k]);
    }
    fputc('\n', ad_command_out(cmd));
    if (!status) status = ad_table_print(t, cmd, "confusion");
    ad_table_free(t);
    return status;
}

static ad_status print_scores(ad_command *cmd, const ad_class_scores *s, char *const *names)
{
    ad_class_result r;
    ad_status status = ad_class_scores_result(s, &r);
    if (!status) status = print_summary(cmd, &r, ad_class_scores_classes(s) == 2);
    if (!status) status = print_classes(cmd, s, names);
    if (!status) status = print_confusion(cmd, s, names);
    return status;
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

typedef struct scoring {
    const classify_trained *net;
    ad_loader *loader;
    ad_class_scores *scores;
} scoring;

static ad_status add_scores(void *user, ad_program *program, const ad_batch *batch)
{
    const scoring *s = user;
    return ad_class_scores_add(s->scores, ad_result(program, s->net->logits),
                               ad_batch_field(s->loader, batch, "label"), batch->size);
}

static ad_status score(ad_context *ctx, const classify_trained *t, const ad_image_set *set,
                       ad_class_scores *scores)
{
    ad_samples *samples;
    scoring s = {.net = t, .scores = scores};
    ad_augment augment = {0};
    memcpy(augment.mean, t->model.mean, sizeof augment.mean);
    memcpy(augment.deviation, t->model.deviation, sizeof augment.deviation);
    ad_status status = ad_image_samples_new(&samples, set, &augment);
    if (!status)
        status = ad_loader_new(&s.loader, ctx, samples,
                               &(ad_loader_options){.batch = BATCH, .keep_last = true});
    if (!status) status = ad_evaluate(t->program, s.loader, add_scores, &s);
    ad_loader_free(s.loader);
    ad_samples_free(samples);
    return status;
}

static int run(ad_command *cmd)
{
    classify_trained t;
    ad_class_scores *scores = NULL;
    ad_image_set *set = NULL;
    int code = classify_open(cmd, ad_command_operand(cmd, 0), BATCH, &t);
    if (code) return code;
    ad_context *ctx = ad_command_context(cmd);
    ad_status status = read_like(cmd, &t.model, &set);
    if (!status) status = ad_class_scores_new(&scores, ctx, t.model.classes, NULL);
    if (!status) status = score(ctx, &t, set, scores);
    if (!status) status = print_scores(cmd, scores, t.model.class_names);
    if (status) code = ad_command_fail(cmd, "%s", ad_error(ctx));
    ad_class_scores_free(scores);
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
