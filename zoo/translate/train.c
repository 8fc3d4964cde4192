/* train.c - `translate train`: the system. A step is a batch of rows; an evaluation is the loss of
 * the validation pairs, and BLEU of lines that are translated greedily. */
#include "zoo/translate/translate.h"

#include <autodidact/draw.h>
#include <stdlib.h>
#include <string.h>

/* ---- the network ---- */

/* The same rows once more behind themselves. */
static ad_node *twice(ad_node *x)
{
    return ad_concat((ad_node *[]){x, x}, 2, 0);
}

static translate_side side(ad_graph *graph, const char *prefix, ad_shape shape, bool doubled)
{
    translate_side s = translate_input(graph, prefix, shape, true);
    if (!doubled) return s;
    return (translate_side){
        .tokens = twice(s.tokens), .positions = twice(s.positions), .begins = twice(s.begins)};
}

static void network(ad_job *job, ad_forward *f)
{
    const translate_model *m = job->model;
    const translate_step *step = ad_job_value(job, &translate_step_record);
    translate_pass pass = {.model = m, .vars = f->vars, .graph = f->graph, .mode = f->mode};
    ad_shape shape = ad_shape(f->rows, translate_row_length((const translate *)job));
    bool doubled = f->mode && step->r_drop > 0;
    if (f->mode) f->mode->dropout = step->dropout < 0 ? translate_preset_dropout(m) : step->dropout;
    translate_side source = side(f->graph, "source", shape, doubled);
    translate_side target = side(f->graph, "target", shape, doubled);
    ad_node *labels = ad_reshape(ad_input(f->graph, "labels", AD_I32, shape), ad_shape(-1));
    if (doubled) labels = twice(labels);
    ad_node *y = translate_decode(&pass, &target, translate_encode(&pass, &source), &source);
    ad_node *weight = translate_output(&pass);
    y = ad_reshape(y, ad_shape(-1, m->width));
    translate_fold_bias(&pass, &y, &weight);
    f->loss = translate_loss(y, weight, labels, f->mode ? step->smoothing : 0);
    if (doubled) f->loss = ad_add(f->loss, translate_r_drop(y, weight, labels, step->r_drop));
    f->result = f->loss;
}

static ad_status prepare(ad_job *job)
{
    translate *t = (translate *)job;
    return translate_translator_new(&t->translator, job->ctx, job->model, job->vars,
                                    &t->vocabulary);
}

/* ---- scores ---- */

ad_status translate_score(ad_job *job, ad_loader *loader, double *loss, double *tokens)
{
    double sum = 0;
    *tokens = 0;
    for (int64_t n = 0; n < ad_loader_batches(loader); ++n) {
        ad_batch batch;
        ad_status status = ad_loader_bind(loader, n, job->evaluation.program, &batch);
        if (!status) status = ad_run(job->evaluation.program);
        if (!status)
            status = ad_result_finite(job->evaluation.program, job->evaluation.result, "the loss");
        if (status) return status;
        int64_t length = translate_row_length((const translate *)job);
        const int32_t *labels = ad_batch_field(loader, &batch, "labels");
        double count = 0;
        for (int64_t i = 0; i < batch.size * length; ++i) count += labels[i] >= 0;
        sum += count * ad_result_scalar(job->evaluation.program, job->evaluation.result);
        *tokens += count;
    }
    *loss = *tokens > 0 ? sum / *tokens : 0;
    return AD_OK;
}

ad_status translate_bleu(ad_context *ctx, const translate_result *results,
                         const translate_line *references, int64_t count, ad_bleu_words words,
                         bool lower, ad_bleu_counts *bleu, ad_chrf_counts *chrf)
{
    ad_status status = AD_OK;
    for (int64_t i = 0; i < count && !status; ++i) {
        const char *text[2] = {results[i].text[0], references[i].text};
        size_t length[2] = {strlen(text[0]), references[i].length};
        char *low[2] = {NULL, NULL};
        for (int k = 0; k < 2 && lower && !status; ++k) {
            status = ad_text_lower(&low[k], &length[k], ctx, text[k], length[k]);
            text[k] = low[k];
        }
        if (!status) status = ad_bleu_add(ctx, bleu, words, text[0], length[0], text[1], length[1]);
        if (!status) status = ad_chrf_add(ctx, chrf, text[0], length[0], text[1], length[1]);
        for (int k = 0; k < 2; ++k) ad_text_lower_free(ctx, low[k], length[k]);
    }
    return status;
}

/* BLEU of the lines that are held, translated greedily; the first few are shown. */
static ad_status add_bleu(translate *t, ad_metrics *metrics)
{
    const translate_model *m = t->job.model;
    const translate_how greedy = {.beam = 1};
    int64_t count = t->held_count;
    translate_result *results = calloc((size_t)count, sizeof *results);
    ad_bleu_counts bleu = {0};
    ad_chrf_counts chrf = {0};
    bool whole = false;
    if (!results) return ad_error_set(t->job.ctx, AD_ERROR_MEMORY, "out of memory");
    ad_status status = translate_lines(&t->translator, t->held[0], count, &greedy, 1, NULL, results,
                                       &whole);
    if (!status && whole)
        status = translate_bleu(t->job.ctx, results, t->held[1], count, AD_BLEU_13A, m->lower,
                                &bleu, &chrf);
    translate_results_free(results, count);
    free(results);
    if (!status) ad_metrics_add(metrics, "bleu", ad_bleu_score(&bleu));
    return status;
}

static ad_status evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    translate *t = (translate *)job;
    double loss, tokens;
    if (!job->loader[split]) return AD_OK;
    ad_status status = translate_score(job, job->loader[split], &loss, &tokens);
    if (status) return status;
    ad_metrics_add(metrics, "loss", loss);
    return t->held_count ? add_bleu(t, metrics) : AD_OK;
}

/* A few of the lines beside what becomes of them. */
static ad_status sample(ad_job *job, int64_t step)
{
    enum { SHOWN = 4 };
    translate *t = (translate *)job;
    const translate_how greedy = {.beam = 1};
    translate_result results[SHOWN];
    char page[8192] = "";
    int64_t count = t->held_count < SHOWN ? t->held_count : SHOWN;
    bool whole;
    if (!count) return AD_OK;
    ad_status status = translate_lines(&t->translator, t->held[0], count, &greedy, 1, NULL, results,
                                       &whole);
    size_t used = 0;
    for (int64_t i = 0; i < count && !status; ++i) {
        const translate_line *line = &t->held[0][i], *reference = &t->held[1][i];
        int n = snprintf(page + used, sizeof page - used, "%.*s\n  %s\n  (%.*s)\n\n",
                         (int)(line->length < 500 ? line->length : 500), line->text,
                         results[i].text[0],
                         (int)(reference->length < 500 ? reference->length : 500), reference->text);
        if (n < 0 || (size_t)n >= sizeof page - used) {
            page[used] = 0;
            break;
        }
        used += (size_t)n;
    }
    translate_results_free(results, count);
    return status ? status : ad_run_text(job->run, "translations", step, page);
}

/* What the words of a validation line look at, in the layer that tells words' partners best. */
static ad_status draw_attention(translate *t, translate_line line)
{
    const translate_model *m = t->job.model;
    const translate_how greedy = {.beam = 1};
    translate_seen seen = {.model = m};
    translate_result result = {0};
    ad_tokens source = {0}, target = {0};
    ad_drawing *d = NULL;
    char name[TRANSLATE_NAME_BYTES];
    bool whole = true;
    int64_t layer = m->decoder_layers > 1 ? m->decoder_layers - 2 : 0;
    ad_status status = translate_lines(&t->translator, &line, 1, &greedy, 1, NULL, &result, &whole);
    if (!status) status = translate_line_tokens(&t->vocabulary, false, line, &source);
    if (!status) {
        translate_line made = {result.text[0], strlen(result.text[0])};
        status = translate_line_tokens(&t->vocabulary, true, made, &target);
    }
    bool fits = source.count <= m->longest && target.count <= m->longest;
    if (!status && fits)
        status = translate_see(&seen, m, t->job.vars, &t->vocabulary, &source, &target);
    if (!status && fits)
        status = translate_draw(&d, t->job.ctx, &seen, m->layers + 2 * layer + 1, name);
    const char *svg = status || !fits ? NULL : ad_drawing_svg(d);
    if (!status && fits)
        status = svg ? ad_run_figure(t->job.run, "attention", svg) : ad_error_status(t->job.ctx);
    ad_drawing_free(d);
    translate_seen_free(&seen);
    translate_results_free(&result, 1);
    ad_tokens_free(&source);
    ad_tokens_free(&target);
    return status;
}

/* The first line that is short enough to be looked at. */
static ad_status finish(ad_job *job, ad_metrics *result)
{
    enum { SHORT = 80 };
    translate *t = (translate *)job;
    (void)result;
    for (int64_t i = 0; i < t->held_count; ++i)
        if (t->held[0][i].length && t->held[0][i].length <= SHORT)
            return draw_attention(t, t->held[0][i]);
    return AD_OK;
}

static void release(ad_job *job)
{
    translate *t = (translate *)job;
    translate_translator_free(&t->translator);
    translate_vocabulary_free(&t->vocabulary);
    for (int i = 0; i < 2; ++i) {
        translate_rows_free(&t->rows[i]);
        translate_pairs_free(&t->pairs[i]);
        free(t->held[i]);
    }
}

/* `explain` knows no sentences. */
static ad_status sketch(ad_job *job)
{
    translate_model *m = job->model;
    const translate_step *step = ad_job_value(job, &translate_step_record);
    translate_complete(m);
    if (!m->longest) m->longest = 64;
    m->source_vocab = m->target_vocab = 8000;
    translate_choose_rows((translate *)job, step);
    return AD_OK;
}

/* ---- the system and its verb ---- */

static const ad_record *const records[] = {&translate_data_record, &translate_model_record,
                                           &translate_step_record, &ad_train_record, NULL};
static const ad_default defaults[] = {{"optimizer", "adam:eps=1e-9"},
                                      {"beta2", "0.98"},
                                      {"lr", "3e-3"},
                                      {"schedule", "inverse-sqrt"},
                                      {"warmup", "1000"},
                                      AD_OTHERWISE("epochs", "20"),
                                      {0}};
const ad_system translate_system = {
    AD_SYSTEM("translate", "tokens", translate, records, &translate_model_record, defaults,
              .read = translate_read, .network = network, .prepare = prepare, .evaluate = evaluate,
              .sample = sample, .finish = finish, .free = release, .sketch = sketch,
              .recognise = translate_recognise, .adapt = translate_adapt)};

const ad_verb translate_train_verb = {
    AD_TRAIN_VERB("translate", &translate_system, records, defaults,
                  "train a translator on pairs of sentences"),
    .description =
        "The data are two files of lines, sentence by sentence the same in two languages, or a "
        "table. The byte pair encoding is learnt from them and lies in the checkpoint with all "
        "else, so that `translate run RUN` needs nothing but the run.\n"
        "\n"
        "  autodidact translate train --source train.en --target train.de \\\n"
        "      --valid-source val.en --valid-target val.de --minutes 30 --ema 0.999\n"
        "  autodidact translate train --pairs pairs.tsv --from english --to german\n"
        "\n"
        "The preset tiny is for tens of thousands of pairs. The larger ones want a lower peak of "
        "the learning rate and a longer warm-up:\n"
        "\n"
        "  autodidact translate train --source a --target b --preset base --lr 7e-4 "
        "--warmup 4000 \\\n"
        "      --vocab 32000 --batch-tokens 4096 --accumulate 6"};
