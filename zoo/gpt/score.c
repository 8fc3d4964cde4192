/* score.c - how well a model predicts a text: its mean loss over windows. */
#include "zoo/gpt/gpt.h"

#include <stdlib.h>
#include <string.h>

ad_status gpt_scorer_new(gpt_scorer *s, ad_context *ctx, const gpt_config *config, ad_vars *vars,
                         int64_t batch, int64_t block, size_t memory_limit)
{
    size_t bytes = (size_t)(batch * block) * sizeof(int32_t);
    *s = (gpt_scorer){.ctx = ctx, .batch = batch, .block = block};
    s->graph = ad_graph_new(ctx);
    s->inputs = malloc(bytes), s->labels = malloc(bytes);
    if (!s->graph || !s->inputs || !s->labels)
        return ad_error_set(ctx, AD_ERROR_MEMORY, "out of memory");
    gpt_pass pass = {.config = config, .vars = vars};
    pass.tokens = ad_input(s->graph, "tokens", AD_I32, ad_shape(batch, block));
    ad_node *labels = ad_input(s->graph, "labels", AD_I32, ad_shape(batch, block));
    s->loss = gpt_loss(&pass, labels);
    ad_status status = ad_compile(&s->program, ctx, &s->loss, 1,
                                  &(ad_compile_options){.memory_limit = memory_limit});
    if (!status) status = ad_bind(s->program, pass.tokens, s->inputs, bytes);
    if (!status) status = ad_bind(s->program, labels, s->labels, bytes);
    return status;
}

void gpt_scorer_free(gpt_scorer *s)
{
    ad_program_free(s->program);
    ad_graph_free(s->graph);
    free(s->inputs);
    free(s->labels);
}

/* Window number `window` into row `row`; -1 stands for what does not count. Returns how many do. */
static int64_t fill_row(const gpt_scorer *s, int64_t row, const int32_t *ids, int64_t count,
                        int64_t stride, int64_t window)
{
    int32_t *inputs = s->inputs + row * s->block, *labels = s->labels + row * s->block;
    int64_t begin = window * stride, counted = 0;
    for (int64_t i = 0; i < s->block; ++i) {
        bool there = begin + i + 1 < count, fresh = window == 0 || i + stride >= s->block;
        inputs[i] = there ? ids[begin + i] : 0;
        labels[i] = there && fresh ? ids[begin + i + 1] : -1;
        counted += labels[i] >= 0;
    }
    return counted;
}

ad_status gpt_score(gpt_scorer *s, ad_command *cmd, const int32_t *ids, int64_t count,
                    int64_t stride, int64_t windows, double *loss, int64_t *counted)
{
    double sum = 0;
    int64_t targets = count - 1, total = 0, all = 1;
    if (targets > s->block) all += (targets - s->block + stride - 1) / stride;
    int64_t taken = windows > 0 && windows < all ? windows : all;
    for (int64_t first = 0; first < taken; first += s->batch) {
        int64_t now = 0;
        for (int64_t row = 0; row < s->batch; ++row) {
            if (first + row < taken)
                now += fill_row(s, row, ids, count, stride, (first + row) * all / taken);
            else
                memset(s->labels + row * s->block, -1, (size_t)s->block * sizeof *s->labels);
        }
        ad_status status = ad_run(s->program);
        if (status) return status;
        sum += ad_result_scalar(s->program, s->loss) * (double)(s->batch * s->block);
        total += now;
        if (cmd && ad_command_interrupted(cmd)) break;
        if (cmd)
            ad_command_step(cmd, first + s->batch < taken ? first + s->batch : taken, taken,
                            (ad_metric[]){{"loss", sum / (double)total}}, 1);
    }
    *loss = total ? sum / (double)total : 0;
    *counted = total;
    return AD_OK;
}
