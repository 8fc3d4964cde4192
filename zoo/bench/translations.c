/* translations.c - a training step of a translator: sentences of twelve tokens, four in a row of a
 * batch, so that a program which pads has nothing to pad. */
#include "zoo/bench/bench.h"
#include "zoo/translate/translate.h"

enum { SENTENCES = 168, TOKENS = 12, ROWS = 42, LENGTH = SENTENCES / ROWS * TOKENS, VOCAB = 8000 };

/* The tokens of all sentences as rows, and where each stands. */
static translate_side side_of(bench_job *job, const char *name)
{
    enum { SLOTS = LENGTH / 4 + 1 };
    int32_t position[ROWS * LENGTH], begins[ROWS * SLOTS];
    int16_t number[LENGTH];
    ad_shape rows = ad_shape(ROWS, LENGTH);
    for (int i = 0; i < ROWS * LENGTH; ++i) position[i] = i % TOKENS;
    for (int i = 0; i < LENGTH; ++i) number[i] = (int16_t)(i / TOKENS + 1);
    for (int i = 0; i < ROWS; ++i) translate_begins(number, LENGTH, begins + (ptrdiff_t)i * SLOTS);
    ad_node *tokens = bench_integers(job, name, ad_shape(SENTENCES, TOKENS), 0, VOCAB);
    return (translate_side){
        .tokens = ad_reshape(tokens, rows),
        .positions = ad_constant(job->graph, AD_I32, rows, position),
        .begins = ad_constant(job->graph, AD_I32, ad_shape(ROWS, translate_slots(LENGTH)), begins)};
}

static ad_status build(bench_job *job)
{
    translate_model m = {.longest = LENGTH, .source_vocab = VOCAB, .target_vocab = VOCAB};
    translate_complete(&m);
    translate_pass pass = {.model = &m, .vars = job->vars, .graph = job->graph};
    translate_side source = side_of(job, "source"), target = side_of(job, "target");
    ad_node *labels = bench_integers(job, "labels", ad_shape(SENTENCES, TOKENS), 0, VOCAB);
    ad_node *y = translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
    ad_node *loss = translate_loss(ad_reshape(y, ad_shape(-1, m.width)), translate_output(&pass),
                                   ad_reshape(labels, ad_shape(-1)), 0.1);
    job->optimizer[0] = ad_adam(job->vars, NULL,
                                (ad_adam_options){.lr = 1e-3, .beta2 = 0.98, .eps = 1e-9});
    bench_output(job, loss), bench_output(job, ad_minimize(job->optimizer[0], loss));
    return AD_OK;
}

const bench_workload bench_translate = {
    "translate", "tiny Transformer, 168 pairs of 12 tokens: training step", .build = build};
