/* measure.c - how well a tuned network does on a split, by its task. */
#include "zoo/bert/tuned.h"

#include <math.h>
#include <stdlib.h>

static const bert_model *model_of(const ad_job *job)
{
    return job->model;
}

static const float *result_of(const ad_job *job)
{
    return ad_result(job->evaluation.program, job->evaluation.result);
}

/* ---- classes ---- */

static ad_status score_classes(ad_job *job, ad_split split, const ad_batch *batch)
{
    const int32_t *labels = ad_batch_field(job->loader[split], batch, "label");
    return ad_class_scores_add(((bert *)job)->class_scores, result_of(job), labels, batch->size);
}

static ad_status evaluate_classes(ad_job *job, ad_split split, ad_metrics *metrics)
{
    bert *b = (bert *)job;
    const ad_texts *classes = &model_of(job)->classes;
    ad_class_result r;
    bool done;
    ad_class_scores_free(b->class_scores);
    ad_status status = ad_class_scores_new(&b->class_scores, job->ctx, (int)classes->count, NULL);
    if (!status) status = ad_job_score(job, split, &done, score_classes);
    if (!status && done) status = ad_class_scores_result(b->class_scores, &r);
    if (status || !done) return status;
    ad_metrics_add(metrics, "accuracy", r.accuracy);
    ad_metrics_add(metrics, "macro_f1", r.macro_f1);
    ad_metrics_add(metrics, "loss", r.loss);
    const int64_t *confusion = ad_class_scores_confusion(b->class_scores);
    if (split != AD_SPLIT_TEST || !confusion || !job->run) return AD_OK;
    return ad_run_confusion(job->run, confusion, (int)classes->count,
                            (const char *const *)classes->at);
}

/* ---- numbers ---- */

static ad_status score_numbers(ad_job *job, ad_split split, const ad_batch *batch)
{
    return ad_number_scores_add(((bert *)job)->number_scores, result_of(job),
                                ad_batch_field(job->loader[split], batch, "number"), batch->size);
}

static ad_status evaluate_numbers(ad_job *job, ad_split split, ad_metrics *metrics)
{
    bert *b = (bert *)job;
    ad_regression_result r;
    bool done;
    ad_number_scores_free(b->number_scores);
    ad_status status = ad_number_scores_new(&b->number_scores, job->ctx);
    if (!status) status = ad_job_score(job, split, &done, score_numbers);
    if (!status && done) status = ad_number_scores_result(b->number_scores, &r);
    if (status || !done) return status;
    ad_metrics_add(metrics, "rmse", r.rmse);
    ad_metrics_add(metrics, "pearson", r.pearson);
    ad_metrics_add(metrics, "spearman", r.spearman);
    return AD_OK;
}

/* ---- labels ---- */

static ad_status score_labels(ad_job *job, ad_split split, const ad_batch *batch)
{
    const float *target = ad_batch_field(job->loader[split], batch, "target");
    ad_label_scores_add(((bert *)job)->label_scores, result_of(job), target, batch->size);
    return AD_OK;
}

static ad_status evaluate_labels(ad_job *job, ad_split split, ad_metrics *metrics)
{
    bert *b = (bert *)job;
    bool done;
    ad_label_scores_free(b->label_scores);
    ad_status status = ad_label_scores_new(&b->label_scores, job->ctx,
                                           (int)model_of(job)->classes.count);
    if (!status) status = ad_job_score(job, split, &done, score_labels);
    if (status || !done) return status;
    ad_label_result r = ad_label_scores_result(b->label_scores);
    ad_metrics_add(metrics, "micro_f1", r.micro_f1);
    ad_metrics_add(metrics, "macro_f1", r.macro_f1);
    ad_metrics_add(metrics, "exact", r.subset_accuracy);
    ad_metrics_add(metrics, "loss", r.loss);
    return AD_OK;
}

/* ---- tags ---- */

/* Of each word what was said, and its row of logits for the scores of words. */
static ad_status score_tags(ad_job *job, ad_split split, const ad_batch *batch)
{
    bert *b = (bert *)job;
    const bert_marks *m = &b->rows[split]->marks;
    const int32_t *begin = ad_batch_field(job->loader[split], batch, "begin");
    const int64_t tags = model_of(job)->classes.count;
    ad_status status = AD_OK;
    for (int64_t i = 0; i < batch->size; ++i)
        for (int64_t k = m->begin[batch->index[i]]; k < m->begin[batch->index[i] + 1]; ++k) {
            const float *logits = result_of(job) + (begin[i] + m->place[k]) * tags;
            b->said[k] = ad_best_class(logits, (int)tags);
            status = ad_class_scores_add(b->class_scores, logits, &m->label[k], 1);
            if (status) return status;
        }
    return status;
}

/* Sentences as they were before they were divided. */
static void find_entities(bert *b, const bert_marks *m)
{
    for (int64_t i = 0, end; i < m->texts; i = end) {
        for (end = i + 1; end < m->texts && m->goes_on[end];) ++end;
        const int64_t at = m->begin[i];
        bert_entities_add(b->entities, m->label + at, b->said + at, m->begin[end] - at);
    }
}

static ad_status new_tag_scores(bert *b, const bert_rows *rows)
{
    ad_context *ctx = b->job.ctx;
    const ad_texts *tags = &model_of(&b->job)->classes;
    ad_class_scores_free(b->class_scores);
    bert_entities_free(b->entities);
    free(b->said);
    b->class_scores = NULL, b->entities = NULL;
    b->said = calloc((size_t)(rows ? rows->marks.count : 0) + 1, sizeof *b->said);
    if (!b->said) return bert_no_memory(ctx, "the tags");
    ad_status status = bert_entities_new(&b->entities, ctx, tags);
    return status ? status : ad_class_scores_new(&b->class_scores, ctx, (int)tags->count, NULL);
}

static ad_status evaluate_tags(ad_job *job, ad_split split, ad_metrics *metrics)
{
    bert *b = (bert *)job;
    ad_class_result words;
    bool done;
    ad_status status = new_tag_scores(b, b->rows[split]);
    if (!status) status = ad_job_score(job, split, &done, score_tags);
    if (!status && done) status = ad_class_scores_result(b->class_scores, &words);
    if (status || !done) return status;
    find_entities(b, &b->rows[split]->marks);
    bert_entity_score s = bert_entities_score(b->entities, -1);
    bool finite = !words.not_finite; /* a network that computes NaN has found nothing */
    ad_metrics_add(metrics, "f1", finite ? s.f1 : NAN);
    ad_metrics_add(metrics, "precision", finite ? s.precision : NAN);
    ad_metrics_add(metrics, "recall", finite ? s.recall : NAN);
    ad_metrics_add(metrics, "accuracy", words.accuracy);
    ad_metrics_add(metrics, "loss", words.loss);
    return AD_OK;
}

ad_status bert_tune_evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    static ad_status (*const by_task[])(ad_job *, ad_split, ad_metrics *) = {
        [BERT_CLASSES_TASK] = evaluate_classes,
        [BERT_NUMBERS_TASK] = evaluate_numbers,
        [BERT_LABELS_TASK] = evaluate_labels,
        [BERT_TAGS_TASK] = evaluate_tags,
    };
    return by_task[model_of(job)->task](job, split, metrics);
}
