/* tuned.c - the network that is tuned: an encoder, and on top of it one layer that is each task's
 * own (Devlin et al. 2019, figure 4). */
#include "zoo/bert/tuned.h"

/* [texts]: 1 where there is a text, else 0 */
static ad_node *is_there(ad_node *labels)
{
    ad_node *none = ad_scalar(ad_node_graph(labels), AD_I32, 0);
    return ad_cast(ad_greater_equal(labels, none), AD_F32);
}

/* sum / count, where there may be none */
static ad_node *mean_of(ad_node *sum, ad_node *count)
{
    ad_node *all = ad_sum(count, AD_ALL_AXES, false);
    return ad_div(ad_sum(sum, AD_ALL_AXES, false), ad_clamp(all, 1, 1e9));
}

ad_node *bert_mean_loss(ad_node *logits, ad_node *labels)
{
    return ad_name(mean_of(ad_cross_entropy(logits, labels), is_there(labels)), "loss");
}

/* Squares of what is missed, in deviations of the numbers. y [texts], in them already. */
static ad_node *mean_square(const bert_model *m, ad_node *y, ad_node *numbers, ad_node *labels)
{
    ad_node *want = ad_mul_scalar(ad_add_scalar(numbers, -m->mean), 1 / m->deviation);
    ad_node *there = is_there(labels);
    return ad_name(mean_of(ad_mul(ad_square(ad_sub(y, want)), there), there), "loss");
}

/* Binary cross-entropy of sigmoid(z), log(1 + exp z) - y z, over texts and labels; z, y [texts,
 * labels]. */
static ad_node *mean_of_labels(ad_node *z, ad_node *y, ad_node *labels)
{
    ad_node *there = ad_reshape(is_there(labels), ad_shape(-1, 1));
    ad_node *each = ad_mean(ad_sub(ad_softplus(z), ad_mul(y, z)), ad_axes(1), true);
    return ad_name(mean_of(ad_mul(each, there), there), "loss");
}

/* Of each text: its vector, by the pooler where that is the first token's, dropped out; of tags of
 * each token. [texts or tokens, classes], or one number each. */
static ad_node *outputs_of(const bert_pass *pass, ad_node *x)
{
    const bert_model *m = pass->model;
    if (m->task != BERT_TAGS_TASK) {
        x = m->pooling == BERT_CLS ? bert_first_token(pass, x) : bert_mean_token(pass, x);
        if (m->pooled) x = bert_pooler(pass, x);
    }
    return bert_dense(pass, "classifier", ad_mode_dropout(pass->mode, x), bert_outputs(m));
}

/* One class of several, of each text or of each word. */
static void learn_classes(bert *b, ad_forward *f, ad_node *labels)
{
    ad_node *right = ad_cast(ad_equal(ad_argmax(f->result, -1, false), labels), AD_F32);
    f->loss = bert_mean_loss(f->result, labels);
    b->right = (ad_train_metric){"accuracy", mean_of(right, is_there(labels))};
    f->metrics = &b->right, f->metric_count = 1;
}

void bert_tuned_network(bert *b, ad_forward *f)
{
    const bert_tuning *t = ad_job_value(&b->job, &bert_tuning_record);
    const bert_model *m = b->job.model;
    const int64_t room = f->mode ? b->train_room : b->room;
    bert_pass pass = {.model = m, .vars = f->vars, .mode = f->mode};
    bert_pass_inputs(&pass, f->graph, room, f->rows);
    if (f->mode) f->mode->dropout = t->dropout;
    f->result = ad_name(outputs_of(&pass, bert_encode(&pass)), "logits");
    bool numbers = m->task == BERT_NUMBERS_TASK;
    ad_node *y = numbers ? ad_reshape(f->result, ad_shape(f->rows)) : NULL;
    if (numbers) f->result = ad_add_scalar(ad_mul_scalar(y, m->deviation), m->mean);
    if (!f->mode) return;
    if (m->task == BERT_TAGS_TASK) {
        learn_classes(b, f, ad_input(f->graph, "tag", AD_I32, ad_shape(room)));
        return;
    }
    ad_node *labels = ad_input(f->graph, "label", AD_I32, ad_shape(f->rows));
    if (numbers)
        f->loss = mean_square(m, y, ad_input(f->graph, "number", AD_F32, ad_shape(f->rows)),
                              labels);
    else if (m->task == BERT_LABELS_TASK)
        f->loss = mean_of_labels(
            f->result, ad_input(f->graph, "target", AD_F32, ad_shape(f->rows, m->classes.count)),
            labels);
    else
        learn_classes(b, f, labels);
}
