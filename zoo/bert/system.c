/* system.c - the network of each use, and what a training of it does. */
#include "zoo/bert/tuned.h"

#include <stdlib.h>

/* ---- the network ---- */

static ad_node *vectors_of(const bert_pass *pass, ad_node *x)
{
    return bert_unit_length(pass->model->pooling == BERT_CLS ? bert_first_token(pass, x)
                                                             : bert_mean_token(pass, x));
}

/* Of the tokens that are to be filled in, input "missing". */
static ad_node *words_of(const bert *b, const bert_pass *pass, ad_node *x)
{
    ad_node *missing = ad_input(ad_node_graph(x), "missing", AD_I32, ad_shape(b->missing));
    return bert_masked_words(pass, ad_gather(x, missing));
}

/* What the file has besides is there, too, so that nothing of it is left behind. */
static void declare_rest(const bert *b, const bert_pass *pass, ad_node *x)
{
    const bert_model *m = pass->model;
    if (m->pooled) bert_pooler(pass, bert_first_token(pass, x));
    if (bert_outputs(m)) bert_dense(pass, "classifier", bert_first_token(pass, x), bert_outputs(m));
    if (m->masked && b->use != BERT_FILL) bert_masked_words(pass, x);
}

/* Of the missing words, input "word": the mean loss, and the share that is filled in rightly; to
 * evaluate, both of each. */
static void gaps_network(bert *b, ad_forward *f)
{
    const bert_pretraining *p = ad_job_value(&b->job, &bert_pretraining_record);
    bert_pass pass = {.model = b->job.model, .vars = f->vars, .mode = f->mode};
    bert_pass_inputs(&pass, f->graph, b->room, f->rows);
    if (f->mode) f->mode->dropout = p->dropout;
    ad_node *logits = words_of(b, &pass, bert_encode(&pass));
    ad_node *word = ad_input(f->graph, "word", AD_I32, ad_shape(b->missing));
    ad_node *right = ad_cast(ad_equal(ad_argmax(logits, -1, false), word), AD_F32);
    if (!f->mode) {
        f->result = ad_concat((ad_node *[]){ad_cross_entropy(logits, word), right}, 2, 0);
        return;
    }
    f->loss = bert_mean_loss(logits, word);
    b->right = (ad_train_metric){"accuracy", ad_mean(right, AD_ALL_AXES, false)};
    f->metrics = &b->right, f->metric_count = 1;
}

static void network(ad_job *job, ad_forward *f)
{
    bert *b = (bert *)job;
    if (b->use == BERT_CLASSES || b->use == BERT_GAPS) {
        (b->use == BERT_GAPS ? gaps_network : bert_tuned_network)(b, f);
        return;
    }
    bert_pass pass = {.model = job->model, .vars = f->vars, .mode = f->mode};
    bert_pass_inputs(&pass, f->graph, b->room, f->rows);
    ad_node *x = bert_encode(&pass);
    f->result = ad_name(b->use == BERT_FILL ? words_of(b, &pass, x) : vectors_of(&pass, x),
                        "result");
    declare_rest(b, &pass, x);
}

static void release(ad_job *job)
{
    bert *b = (bert *)job;
    ad_tokenizer_free(b->speller.tokenizer);
    ad_class_scores_free(b->class_scores);
    ad_number_scores_free(b->number_scores);
    ad_label_scores_free(b->label_scores);
    bert_entities_free(b->entities);
    ad_tokens_free(&b->tokens);
    free(b->word);
    free(b->said);
}

/* What is tuned has a table, what is trained has a text. */
static bool is_tuned(const ad_job *job)
{
    return ad_job_value(job, &bert_tuning_record) != NULL;
}

static ad_status read(ad_job *job)
{
    return is_tuned(job) ? bert_tune_read(job) : bert_pretrain_read(job);
}

static ad_status prepare(ad_job *job)
{
    return is_tuned(job) ? bert_tune_prepare(job) : AD_OK;
}

static ad_status evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    return is_tuned(job) ? bert_tune_evaluate(job, split, metrics)
                         : bert_pretrain_evaluate(job, split, metrics);
}

/* `explain` knows no text: an encoder that learns to fill in words. */
static ad_status sketch(ad_job *job)
{
    bert *b = (bert *)job;
    const bert_pretraining *p = ad_job_value(job, &bert_pretraining_record);
    b->use = BERT_GAPS;
    bert_pretrain_sizes(job->model, p);
    ((bert_model *)job->model)->vocab = 30522;
    b->room = p->length * p->batch;
    b->missing = bert_pretrain_missing(p) * p->batch;
    job->batch = p->batch;
    return AD_OK;
}

static const ad_record *const records[] = {
    &bert_source_record,      &bert_columns_record, &bert_tuning_record, &bert_corpus_record,
    &bert_pretraining_record, &bert_model_record,   &ad_train_record,    NULL};
const ad_system bert_system = {AD_SYSTEM("bert", "texts", bert, records, &bert_model_record, NULL,
                                         .read = read, .network = network, .prepare = prepare,
                                         .evaluate = evaluate, .free = release, .sketch = sketch,
                                         .recognise = bert_recognise, .adapt = bert_adapt)};
