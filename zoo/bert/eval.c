/* eval.c - `bert eval`: how well a tuned model says what a table says. */
#include "zoo/bert/tuned.h"

#include <autodidact/table.h>

static const ad_option options[] = {
    {"on", 0, AD_OPTION_FILE, .unit = "TABLE",
     .help = "the table; else the one that the run was tested with, else validated with"},
    AD_COMMON_OPTIONS,
    {0},
};

/* A row of a table of classes, labels or types of entities. */
typedef struct score_row {
    const char *name;
    int64_t count;
    double precision, recall, f1;
} score_row;

static score_row row_of(const bert *b, int i)
{
    const bert_model *m = b->job.model;
    if (m->task == BERT_TAGS_TASK) {
        bert_entity_score s = bert_entities_score(b->entities, i);
        return (score_row){s.type, s.there, s.precision, s.recall, s.f1};
    }
    ad_class_score s = m->task == BERT_LABELS_TASK ? ad_label_scores_of(b->label_scores, i)
                                                   : ad_class_scores_of(b->class_scores, i);
    return (score_row){m->classes.at[i], s.rows, s.precision, s.recall, s.f1};
}

static ad_status print_table(ad_command *cmd, const bert *b)
{
    const bert_model *m = b->job.model;
    const bool tags = m->task == BERT_TAGS_TASK;
    const char *name = tags ? "entity" : m->task == BERT_LABELS_TASK ? "label" : "class";
    const ad_column columns[] = {
        {name, .kind = AD_COLUMN_TEXT, .most = 40},
        {tags ? "entities" : "texts", .kind = AD_COLUMN_INT},
        {"precision", .kind = AD_COLUMN_PERCENT},
        {"recall", .kind = AD_COLUMN_PERCENT},
        {"F1", .kind = AD_COLUMN_PERCENT, .key = "f1"},
    };
    ad_table *t;
    ad_status status = ad_table_new(&t, b->job.ctx, columns, 5);
    int count = tags ? bert_entities_types(b->entities) : (int)m->classes.count;
    for (int i = 0; i < count && !status; ++i) {
        score_row s = row_of(b, i);
        ad_table_row(t);
        ad_table_text(t, s.name);
        ad_table_int(t, s.count);
        ad_table_real(t, s.precision), ad_table_real(t, s.recall), ad_table_real(t, s.f1);
    }
    if (!status) status = ad_table_print(t, cmd, name);
    ad_table_free(t);
    return status;
}

static ad_status say(ad_command *cmd, bert *b)
{
    ad_metrics metrics = ad_metrics_new(b->job.ctx);
    ad_status status = bert_tune_evaluate(&b->job, AD_SPLIT_TEST, &metrics);
    if (!status) status = ad_metrics_status(&metrics);
    bool numbers = ((const bert_model *)b->job.model)->task == BERT_NUMBERS_TASK;
    if (!status && !numbers) status = print_table(cmd, b);
    if (!status) {
        ad_json_begin(cmd, "result");
        ad_json_text(cmd, "data", b->job.data);
        ad_json_int(cmd, "texts", b->rows[AD_SPLIT_TEST]->texts.count);
        ad_json_metrics(cmd, "metrics", metrics.at, metrics.count);
        ad_json_end(cmd);
    }
    if (!status && !ad_command_json(cmd)) ad_command_print_metrics(cmd, "", &metrics, NULL);
    ad_metrics_free(&metrics);
    return status;
}

static ad_status measure(ad_command *cmd, ad_job *job)
{
    bert *b = (bert *)job;
    const bert_model *m = job->model;
    const bert_tuning *t = ad_job_value(job, &bert_tuning_record);
    const bert_columns *c = ad_job_value(job, &bert_columns_record);
    const char *path = ad_command_text(cmd, "on");
    if (!path) path = t->test ? t->test : t->validation;
    if (!bert_outputs(m))
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s: was not tuned; `bert tune` makes such a model",
                            ad_trained_path(job));
    if (!path)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s: was neither validated nor tested with a table; name one with --on",
                            ad_trained_path(job));
    if (m->paired && !c->pair)
        return ad_error_set(job->ctx, AD_ERROR_ARGUMENT,
                            "%s: was tuned on pairs; name the column of second texts with --pair",
                            ad_trained_path(job));
    b->use = BERT_CLASSES;
    job->data = path;
    ad_status status = bert_columns_check(job->ctx, c, m->task);
    if (!status) status = bert_open_speller(b, NULL);
    if (!status) status = bert_tune_split(b, AD_SPLIT_TEST, path);
    if (status) return status;
    bert_tune_room(b);
    const ad_split_data *split = &job->split[AD_SPLIT_TEST];
    status = ad_loader_new(&job->loader[AD_SPLIT_TEST], job->ctx, split->samples,
                           &(ad_loader_options){.batch = job->eval_batch,
                                                .index = split->index,
                                                .count = split->count,
                                                .keep_last = true});
    if (!status) status = ad_trained_build(job, job->eval_batch, NULL);
    return status ? status : say(cmd, b);
}

static int run(ad_command *cmd)
{
    return ad_command_with_trained(cmd, &bert_system, measure);
}

static const ad_record *const records[] = {&bert_columns_record, NULL};

const ad_verb bert_eval_verb = {
    AD_VERB("bert", "eval", "RUN", options, run, "scores of a tuned model on a table"),
    .records = records, .of_run = true,
    .description =
        "RUN is a run of `bert tune`, or one of its checkpoints. What the options do not "
        "say of the table is as it was tuned.\n"
        "\n"
        "  autodidact bert eval runs/bert-20260101-1 --on more.tsv --text 1 --label 2"};
