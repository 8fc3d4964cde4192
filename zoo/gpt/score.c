/* score.c - how well a model predicts a text: its mean loss over windows. */
#include "zoo/gpt/gpt.h"

/* Adds a batch's loss up, and the tokens that count. */
static ad_status score_batch(gpt *g, const int32_t *labels, double *sum, int64_t *counted)
{
    const ad_forward *f = &g->job.evaluation;
    int64_t tokens = f->rows * g->block;
    ad_status status = ad_run(f->program);
    if (!status) status = ad_result_finite(f->program, f->result, "the loss");
    if (status) return status;
    *sum += ad_result_scalar(f->program, f->result) * (double)tokens;
    for (int64_t i = 0; i < tokens; ++i) *counted += labels[i] >= 0;
    return AD_OK;
}

static void say(const ad_watcher *watcher, int64_t batch, int64_t batches, double loss)
{
    const ad_metric metric = {"loss", loss};
    const ad_progress progress = {
        .step = batch, .steps = batches, .metrics = &metric, .count = 1, .seconds_left = -1};
    if (watcher->progress) watcher->progress(watcher->user, &progress);
}

ad_status gpt_score(gpt *g, ad_loader *loader, const ad_watcher *watcher, double *loss,
                    int64_t *counted)
{
    int64_t batches = ad_loader_batches(loader);
    double sum = 0;
    *counted = 0;
    *loss = 0;
    for (int64_t n = 0; n < batches && !(watcher && ad_watch_interrupted(watcher)); ++n) {
        ad_batch batch;
        ad_status status = ad_loader_bind(loader, n, g->job.evaluation.program, &batch);
        if (!status)
            status = score_batch(g, ad_batch_field(loader, &batch, "labels"), &sum, counted);
        if (status) return status;
        if (*counted) *loss = sum / (double)*counted;
        if (watcher) say(watcher, n + 1, batches, *loss);
    }
    return AD_OK;
}

ad_status gpt_score_text(gpt *g, const ad_tokens *text, int64_t stride, const ad_watcher *watcher,
                         double *loss, int64_t *counted)
{
    const ad_token_windows windows = {
        .ids = text->ids, .count = text->count, .block = g->block, .stride = stride};
    const ad_loader_options options = {.batch = g->job.evaluation.rows, .keep_last = true};
    ad_samples *samples;
    ad_loader *loader = NULL;
    ad_status status = ad_token_samples_new(&samples, g->job.ctx, &windows);
    if (!status) status = ad_loader_new(&loader, g->job.ctx, samples, &options);
    if (!status) status = gpt_score(g, loader, watcher, loss, counted);
    ad_loader_free(loader);
    ad_samples_free(samples);
    return status;
}
