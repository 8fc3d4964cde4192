/* eval.c - `classify eval`: how good a trained network is on labelled pictures. */
#include "zoo/classify/classify.h"

#include <stdio.h>
#include <string.h>

static const ad_option options[] = {
    {"data", 0, AD_OPTION_FILE, .required = true, .help = "labelled pictures, as for train"},
    {"split", 0, AD_OPTION_CHOICE, .initial = "test", .choices = "train|validation|test",
     .help = "which part of the data"},
    {"classes", 0, AD_OPTION_FILE, .help = "the classes' names, as for predict"},
    VISION_OPTION_PIXELS,
    {"skip-bad", 0, AD_OPTION_FLAG, .help = "leave broken pictures out instead of stopping"},
    AD_COMMON_OPTIONS,
    {0},
};

enum { BATCH = 256, CONFUSION_SHOWN = 20 /* classes; more are too wide to read */ };

static ad_status print_summary(ad_command *cmd, const ad_class_result *r, int64_t classes)
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
    if (classes == 2)
        ad_table_real(t, r->area_under_roc);
    else
        ad_table_text(t, NULL);
    if (classes > 5) /* else all are among the best five */
        ad_table_real(t, r->top_k_accuracy);
    else
        ad_table_text(t, NULL);
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
    if (!ad_command_json(cmd)) ad_command_print(cmd, "\n");
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
    ad_command_print(cmd, "\n");
    if (!status) status = ad_table_print(t, cmd, "confusion");
    ad_table_free(t);
    return status;
}

static ad_status print_scores(ad_command *cmd, const classifier *c)
{
    const ad_texts *names = &((const classify_model *)c->job.model)->classes;
    ad_class_result r;
    ad_status status = ad_class_scores_result(c->scores, &r);
    if (!status) status = print_summary(cmd, &r, names->count);
    if (!status) status = print_classes(cmd, c->scores, names->at);
    if (!status) status = print_confusion(cmd, c->scores, names->at);
    return status;
}

/* Pictures in the size and with the classes that the network knows. */
static ad_status read_like(ad_command *cmd, const classify_model *m, const ad_watcher *watcher,
                           ad_image_set **out)
{
    const char *path = ad_command_text(cmd, "data"), *split = ad_command_text(cmd, "split");
    int channels = (int)m->channels, classes = (int)m->classes.count;
    ad_context *ctx = ad_command_context(cmd);
    const ad_image_set like = {.height = m->height,
                               .width = m->width,
                               .channels = channels,
                               .classes = classes,
                               .class_names = m->classes.at};
    const ad_image_set_options wanted = {.split = split,
                                         .height = m->height,
                                         .width = m->width,
                                         .channels = channels,
                                         .skip_bad = ad_command_flag(cmd, "skip-bad"),
                                         .watcher = watcher,
                                         .short_side = m->published ? m->resize : 0,
                                         .like = m->published ? NULL : &like};
    ad_status status = ad_image_set_read(out, ctx, path, &wanted);
    const ad_image_set *set = *out;
    if (status) return status;
    if (!set->count)
        return ad_error_set(ctx, AD_ERROR_NOT_FOUND, "%s: has no %s pictures%s", path, split,
                            strcmp(split, "train") != 0
                                ? "; where data are not divided, all are those of --split train"
                                : "");
    bool fits = set->height == m->height && set->width == m->width && set->channels == channels;
    if (fits && m->published) return classify_match(ctx, *out, path, m);
    /* sets that are binary files come in the size and with the classes that they have */
    if (fits && set->classes == classes) return AD_OK;
    return ad_error_set(ctx, AD_ERROR_SHAPE,
                        "%s: %lld x %lld with %d channels in %d classes; the network was trained "
                        "on %lld x %lld with %d in %d",
                        path, (long long)set->width, (long long)set->height, set->channels,
                        set->classes, (long long)m->width, (long long)m->height, channels, classes);
}

static ad_status measure(ad_command *cmd, ad_job *job)
{
    classifier *c = (classifier *)job;
    ad_split split = (ad_split)ad_command_choice(cmd, "split");
    ad_augment normalised = classify_normalisation(job->model);
    ad_image_set **set = &c->pictures.set[split];
    bool done;
    int64_t rows = classify_rows(job->model, BATCH);
    ad_status status = classify_read_pixels(cmd, job);
    if (!status) status = classify_name_classes(job, ad_command_text(cmd, "classes"));
    if (!status) status = ad_trained_build(job, rows, NULL);
    if (!status) status = read_like(cmd, job->model, &job->watcher, set);
    if (!status) status = ad_image_samples_new(&job->split[split].samples, *set, &normalised);
    if (!status)
        status = ad_loader_new(&job->loader[split], job->ctx, job->split[split].samples,
                               &(ad_loader_options){.batch = (int)rows, .keep_last = true});
    if (!status) status = classify_score(c, split, &done);
    return status ? status : print_scores(cmd, c);
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &classify_system, measure);
}

const ad_verb classify_eval_verb = {
    AD_VERB("classify", "eval", "MODEL", options, run,
            "measure a trained network on labelled pictures"),
    .description =
        "MODEL is a run's folder, an exported weights file, an ONNX file, or one of ImageNet's "
        "networks (`autodidact info FILE` says which), whose classes the data call by number, by "
        "name or, "
        "where all are there, by wnid.\n\n"
        "  autodidact classify eval runs/classify-20260101-1 --data mnist/\n"
        "  autodidact classify eval alexnet.pth --data imagenet/val --split train"};
