/* encoders.c - a training step of an encoder of MiniLM's size that is tuned to tell two classes of
 * texts apart, texts of many lengths as tables have them: here they lie one behind the other, a
 * program that pads makes all as long as the longest. */
#include "zoo/bench/bench.h"
#include "zoo/bert/bert.h"

enum { TEXTS = 32, SHORTEST = 8, TOKENS = TEXTS * SHORTEST + TEXTS * (TEXTS - 1) / 2 };

static const bert_model minilm = {.kind = BERT_BERT,
                                  .layers = 6,
                                  .heads = 12,
                                  .width = 384,
                                  .hidden = 1536,
                                  .places = 512,
                                  .vocab = 30522,
                                  .types = 2,
                                  .eps = 1e-12,
                                  .activation = BERT_GELU,
                                  .pooling = BERT_MEAN};

/* Text i has SHORTEST + i tokens, all of segment 0. */
static bert_pass pass_of(bench_job *job)
{
    int32_t place[TOKENS], type[TOKENS] = {0}, begin[TEXTS + 1] = {0}, at = 0;
    for (int i = 0; i < TEXTS; ++i) {
        for (int k = 0; k < SHORTEST + i; ++k) place[at++] = k;
        begin[i + 1] = at;
    }
    return (bert_pass){.model = &minilm,
                       .vars = job->vars,
                       .tokens = bench_integers(job, "tokens", ad_shape(TOKENS), 0, minilm.vocab),
                       .place = ad_constant(job->graph, AD_I32, ad_shape(TOKENS), place),
                       .type = ad_constant(job->graph, AD_I32, ad_shape(TOKENS), type),
                       .begin = ad_constant(job->graph, AD_I32, ad_shape(TEXTS + 1), begin)};
}

static ad_status build(bench_job *job)
{
    bert_pass pass = pass_of(job);
    ad_node *labels = bench_integers(job, "labels", ad_shape(TEXTS), 0, 2);
    ad_node *text = bert_mean_token(&pass, bert_encode(&pass));
    ad_node *logits = bert_dense(&pass, "classifier", text, 2);
    ad_node *loss = ad_mean(ad_cross_entropy(logits, labels), AD_ALL_AXES, false);
    job->optimizer[0] = ad_adamw(job->vars, NULL,
                                 (ad_adam_options){.lr = 5e-5, .weight_decay = 0.01});
    ad_minimize_nodes nodes = ad_minimize_with(
        job->optimizer[0], loss, (ad_minimize_options){.max_norm = 1, .decay_matrices = true});
    bench_output(job, loss), bench_output(job, nodes.step);
    return AD_OK;
}

const bench_workload bench_bert_tune = {
    "bert-tune", "MiniLM-L6 tuned on 32 texts of 8 to 39 tokens: training step", .build = build};
