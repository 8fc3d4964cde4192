/* train.c - `gpt train`: a language model from a text, as nanoGPT trains them. */
#include "zoo/gpt/gpt.h"

/* ---- network and loss ---- */

static void network(ad_job *job, ad_forward *f)
{
    gpt *g = (gpt *)job;
    const gpt_config *c = job->model;
    const gpt_step *step = ad_job_value(job, &gpt_step_record);
    if (!g->block) g->block = c->block;
    ad_shape shape = ad_shape(f->rows, g->block);
    gpt_pass pass = {.config = c, .vars = f->vars, .mode = f->mode};
    if (f->mode) f->mode->dropout = step->dropout;
    pass.tokens = ad_input(f->graph, "tokens", AD_I32, shape);
    f->loss = gpt_loss(&pass, ad_input(f->graph, "labels", AD_I32, shape));
    f->result = f->loss;
}

static ad_status prepare(ad_job *job)
{
    gpt *g = (gpt *)job;
    int64_t step = job->batch * g->block, tokens = g->corpus.training.count;
    if (step > tokens)
        ad_watch_note(&job->watcher,
                      "a step reads %lld blocks of %lld tokens, but there are only %lld tokens to "
                      "train on: its blocks overlap",
                      (long long)job->batch, (long long)g->block, (long long)tokens);
    return gpt_writer_new(&g->writer, job->ctx, job->model, job->vars, AD_PRECISION_F32,
                          g->tokenizer);
}

/* ---- scores and samples ---- */

static ad_status evaluate(ad_job *job, ad_split split, ad_metrics *metrics)
{
    double loss;
    int64_t counted;
    if (!job->loader[split]) return AD_OK;
    ad_status status = gpt_score((gpt *)job, job->loader[split], NULL, &loss, &counted);
    ad_metrics_add(metrics, "loss", loss);
    return status;
}

static ad_status finish(ad_job *job, ad_metrics *result)
{
    gpt *g = (gpt *)job;
    double loss;
    int64_t counted;
    ad_status status = gpt_score_text(g, &g->corpus.validation, 0, NULL, &loss, &counted);
    if (!status) ad_metrics_add(result, "whole_validation_loss", loss);
    return status;
}

static ad_status sample(ad_job *job, int64_t step)
{
    gpt *g = (gpt *)job;
    const gpt_text *text = ad_job_value(job, &gpt_text_record);
    const gpt_choice how = {
        .temperature = 0.8, .top_k = 200, .top_p = 1, .penalty = 1, .seed = job->part.seed};
    gpt_page page = {0};
    gpt_stream stream = {gpt_page_put, &page};
    ad_tokens prompt = {0}, first = {.ids = g->corpus.training.ids, .count = 1};
    if (!text->sample_tokens) return AD_OK;
    gpt_writer_begin(&g->writer, 0);
    /* where nothing begins a text, its own first token does */
    bool begins = !gpt_prompt(&g->writer, "", 0, &prompt);
    ad_status status = gpt_writer_read(&g->writer, begins ? &prompt : &first, &stream);
    if (!status)
        status = gpt_write(&g->writer, &(ad_watcher){0}, text->sample_tokens, &how, &stream);
    if (!status && page.failed) status = ad_error_set(job->ctx, AD_ERROR_MEMORY, "out of memory");
    if (!status) status = ad_run_text(job->run, "sample", step, page.text);
    ad_tokens_free(&prompt);
    gpt_page_free(&page);
    return status;
}

static void release(ad_job *job)
{
    gpt *g = (gpt *)job;
    gpt_writer_free(&g->writer); /* before the weights that its programs read */
    ad_vars_free(g->weights);
    gpt_corpus_free(&g->corpus);
    ad_tokenizer_free(g->tokenizer);
}

/* `explain` knows no text. */
static ad_status sketch(ad_job *job)
{
    const gpt_step *step = ad_job_value(job, &gpt_step_record);
    gpt_config *c = job->model;
    c->vocab = step->vocab;
    gpt_config_complete(c);
    job->batch = step->batch;
    return AD_OK;
}

/* ---- the system and its verb ---- */

static const ad_record *const records[] = {&gpt_text_record, &gpt_model_record, &gpt_step_record,
                                           &ad_train_record, NULL};
static const ad_default defaults[] = {{"optimizer", "adamw"},
                                      {"weight-decay", "0.1"},
                                      {"schedule", "cosine"},
                                      AD_OTHERWISE("steps", "2000"),
                                      {0}};
const ad_system gpt_system = {
    AD_SYSTEM("gpt", "tokens", gpt, records, &gpt_model_record, defaults, .read = gpt_read,
              .network = network, .prepare = prepare, .evaluate = evaluate, .sample = sample,
              .finish = finish, .free = release, .sketch = sketch, .recognise = gpt_recognise,
              .adapt = gpt_adapt, .publish = gpt_publish)};

const ad_verb gpt_train_verb = {
    AD_TRAIN_VERB("gpt", &gpt_system, records, defaults, "train or fine-tune a language model"),
    .description =
        "The last tenth of the text is for validation; batches are blocks at random places of the "
        "rest. The checkpoint holds the tokenizer, so that `gpt sample RUN` needs nothing else, "
        "and its tensors have Hugging Face's names.\n"
        "\n"
        "nanoGPT's recipe for a laptop:\n"
        "\n"
        "  autodidact gpt train --data tinyshakespeare.txt --steps 2000 --warmup 100 \\\n"
        "      --min-lr 1e-4 --beta2 0.99 --clip 1 --eval-every 250\n"
        "\n"
        "Fine-tuning:\n"
        "\n"
        "  autodidact gpt train --data mine.txt --init gpt2/ --batch 4 --block 256 --lr 3e-5"};
