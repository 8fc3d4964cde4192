/* score.c - how well a model predicts a text: its mean loss over windows. */
#include "zoo/gpt/gpt.h"

ad_status gpt_scorer_new(gpt_scorer *s, ad_context *ctx, const gpt_config *config, ad_vars *vars,
                         int64_t batch, int64_t block, size_t memory_limit)
{
    *s = (gpt_scorer){.ctx = ctx, .batch = batch, .block = block};
    s->graph = ad_graph_new(ctx);
    if (!s->graph) return ad_error_status(ctx);
    gpt_pass pass = {.config = config, .vars = vars};
    pass.tokens = ad_input(s->graph, "tokens", AD_I32, ad_shape(batch, block));
    ad_node *labels = ad_input(s->graph, "labels", AD_I32, ad_shape(batch, block));
    s->loss = gpt_loss(&pass, labels);
    return ad_compile(&s->program, ctx, &s->loss, 1,
                      &(ad_compile_options){.memory_limit = memory_limit});
}

void gpt_scorer_free(gpt_scorer *s)
{
    ad_program_free(s->program);
    ad_graph_free(s->graph);
}

/* Adds a batch's loss up, and the tokens that count. */
static ad_status score_batch(gpt_scorer *s, const int32_t *labels, double *sum, int64_t *counted)
{
    ad_status status = ad_run(s->program);
    if (status) return status;
    *sum += ad_result_scalar(s->program, s->loss) * (double)(s->batch * s->block);
    for (int64_t i = 0; i < s->batch * s->block; ++i) *counted += labels[i] >= 0;
    return AD_OK;
}

static ad_status score_all(gpt_scorer *s, ad_command *cmd, ad_loader *loader, int64_t windows,
                           double *sum, int64_t *counted)
{
    ad_batch batch;
    for (int64_t n = 0; n < ad_loader_batches(loader); ++n) {
        ad_status status = ad_loader_bind(loader, n, s->program, &batch);
        if (!status)
            status = score_batch(s, ad_batch_field(loader, &batch, "labels"), sum, counted);
        if (status) return status;
        if (!cmd) continue;
        if (ad_command_interrupted(cmd)) break;
        ad_command_step(cmd, n * s->batch + batch.size, windows,
                        (ad_metric[]){{"loss", *sum / (double)*counted}}, 1);
    }
    return AD_OK;
}

ad_status gpt_score(gpt_scorer *s, ad_command *cmd, const int32_t *ids, int64_t count,
                    int64_t stride, int64_t windows, double *loss, int64_t *counted)
{
    ad_samples *samples = NULL;
    ad_loader *loader = NULL;
    double sum = 0;
    *counted = 0, *loss = 0;
    ad_status status = ad_token_samples_new(
        &samples, s->ctx,
        &(ad_token_windows){
            .ids = ids, .count = count, .block = s->block, .stride = stride, .windows = windows});
    if (!status)
        status = ad_loader_new(&loader, s->ctx, samples,
                               &(ad_loader_options){.batch = s->batch, .keep_last = true});
    if (!status) status = score_all(s, cmd, loader, samples->count, &sum, counted);
    if (!status && *counted) *loss = sum / (double)*counted;
    ad_loader_free(loader);
    ad_samples_free(samples);
    return status;
}
