/* system.c - the network of each use, and what a training of it does. */
#include "zoo/bert/bert.h"

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

/* [texts, classes], or one number each: the text's vector, by the pooler where that is the first
 * token's, dropped out, and a layer that is each task's own. */
static ad_node *classes_of(const bert_pass *pass, ad_node *x)
{
    const bert_model *m = pass->model;
    ad_node *text = m->pooling == BERT_CLS ? bert_first_token(pass, x) : bert_mean_token(pass, x);
    if (m->pooled) text = bert_pooler(pass, text);
    return bert_dense(pass, "classifier", ad_mode_dropout(pass->mode, text), bert_outputs(m));
}

/* Squares of what is missed, in deviations of the numbers. y [texts], in them already. */
static ad_node *mean_square(const bert_model *m, ad_node *y, ad_node *numbers, ad_node *labels)
{
    ad_node *want = ad_mul_scalar(ad_add_scalar(numbers, -m->mean), 1 / m->deviation);
    ad_node *there = ad_cast(ad_greater_equal(labels, ad_scalar(ad_node_graph(y), AD_I32, 0)),
                             AD_F32);
    ad_node *sum = ad_sum(ad_mul(ad_square(ad_sub(y, want)), there), AD_ALL_AXES, false);
    return ad_name(ad_div(sum, ad_clamp(ad_sum(there, AD_ALL_AXES, false), 1, 1e9)), "loss");
}

/* The mean over the texts that are there. */
static ad_node *mean_loss(ad_node *logits, ad_node *labels)
{
    ad_node *none = ad_scalar(ad_node_graph(labels), AD_I32, 0);
    ad_node *there = ad_sum(ad_cast(ad_greater_equal(labels, none), AD_F32), AD_ALL_AXES, false);
    ad_node *sum = ad_sum(ad_cross_entropy(logits, labels), AD_ALL_AXES, false);
    return ad_name(ad_div(sum, ad_clamp(there, 1, 1e9)), "loss");
}

static void tuning_network(bert *b, ad_forward *f)
{
    const bert_tuning *t = ad_job_value(&b->job, &bert_tuning_record);
    bert_pass pass = {.model = b->job.model, .vars = f->vars, .mode = f->mode};
    bert_pass_inputs(&pass, f->graph, f->mode ? b->train_room : b->room, f->rows);
    if (f->mode) f->mode->dropout = t->dropout;
    const bert_model *m = b->job.model;
    bool numbers = m->task == BERT_NUMBERS_TASK;
    f->result = ad_name(classes_of(&pass, bert_encode(&pass)), "logits");
    ad_node *y = numbers ? ad_reshape(f->result, ad_shape(f->rows)) : NULL;
    if (numbers) f->result = ad_add_scalar(ad_mul_scalar(y, m->deviation), m->mean);
    if (!f->mode) return;
    ad_node *labels = ad_input(f->graph, "label", AD_I32, ad_shape(f->rows));
    if (numbers) {
        ad_node *number = ad_input(f->graph, "number", AD_F32, ad_shape(f->rows));
        f->loss = mean_square(m, y, number, labels);
        return;
    }
    ad_node *right = ad_equal(ad_argmax(f->result, -1, false), labels);
    f->loss = mean_loss(f->result, labels);
    b->right = (ad_train_metric){"accuracy", ad_mean(ad_cast(right, AD_F32), AD_ALL_AXES, false)};
    f->metrics = &b->right, f->metric_count = 1;
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
    f->loss = mean_loss(logits, word);
    b->right = (ad_train_metric){"accuracy", ad_mean(right, AD_ALL_AXES, false)};
    f->metrics = &b->right, f->metric_count = 1;
}

static void network(ad_job *job, ad_forward *f)
{
    bert *b = (bert *)job;
    if (b->use == BERT_CLASSES || b->use == BERT_GAPS) {
        (b->use == BERT_GAPS ? gaps_network : tuning_network)(b, f);
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
    ad_tokenizer_free(((bert *)job)->speller.tokenizer);
    ad_class_scores_free(((bert *)job)->scores);
    ad_number_scores_free(((bert *)job)->number_scores);
    ad_tokens_free(&((bert *)job)->tokens);
    free(((bert *)job)->word);
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

static const ad_record *const records[] = {&bert_source_record,      &bert_tuning_record,
                                           &bert_pretraining_record, &bert_model_record,
                                           &ad_train_record,         NULL};
const ad_system bert_system = {AD_SYSTEM("bert", "texts", bert, records, &bert_model_record, NULL,
                                         .read = read, .network = network, .prepare = prepare,
                                         .evaluate = evaluate, .free = release,
                                         .recognise = bert_recognise, .adapt = bert_adapt)};
