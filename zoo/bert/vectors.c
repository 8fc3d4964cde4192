/* vectors.c - many texts through a network: batches of texts that are about equally long, as many
 * as fit; and their vectors, which go where their texts stand. */
#include "zoo/bert/bert.h"

#include <stdlib.h>
#include <string.h>

enum {
    TOKENS = 1024, /* of a batch, where no text is longer: activations stay in the caches */
    SHORTEST = 2,
};

typedef struct run {
    bert *b;
    const bert_texts *texts;
    bert_block block;
    int64_t *order;
} run;

static void run_free(run *r)
{
    free(r->block.tokens);
    free(r->order);
}

static ad_status run_new(run *r)
{
    bert_block *k = &r->block;
    int64_t all = r->texts->begin[r->texts->count];
    k->room = TOKENS < all ? TOKENS : all;
    if (k->room < r->texts->longest) k->room = r->texts->longest;
    k->texts = k->room / SHORTEST < r->texts->count ? k->room / SHORTEST : r->texts->count;
    k->tokens = calloc((size_t)(3 * k->room + k->texts + 1), sizeof *k->tokens);
    r->order = calloc((size_t)r->texts->count, sizeof *r->order);
    if (!k->tokens || !r->order) return bert_no_memory(r->b->job.ctx, "a batch");
    k->place = k->tokens + k->room, k->type = k->place + k->room, k->begin = k->type + k->room;
    bert_texts_by_length(r->texts, r->order);
    return AD_OK;
}

/* The next texts of the order, from `at` on: how many fit. */
static ad_status run_batch(const run *r, int64_t at, int64_t *count, bert_taker take, void *user)
{
    const ad_forward *f = &r->b->job.evaluation;
    const int64_t left = r->texts->count - at, *index = r->order + at;
    *count = bert_pack_fit(r->texts, index, left < r->block.texts ? left : r->block.texts,
                           r->block.room);
    bert_pack(r->b->job.model, r->texts, index, *count, &r->block);
    ad_status status = ad_run(f->program);
    if (!status) status = ad_result_finite(f->program, f->result, ad_trained_path(&r->b->job));
    return status ? status : take(user, &r->block, index, *count, ad_result(f->program, f->result));
}

static ad_status run_all(const run *r, const ad_watcher *watcher, bert_taker take, void *user)
{
    const int64_t count = r->texts->count;
    ad_status status = AD_OK;
    for (int64_t at = 0, n; at < count && !status; at += n) {
        if (ad_watch_interrupted(watcher))
            return ad_error_set(r->b->job.ctx, AD_ERROR_LIMIT,
                                "interrupted after %lld of %lld texts", (long long)at,
                                (long long)count);
        status = run_batch(r, at, &n, take, user);
        if (watcher->progress)
            watcher->progress(watcher->user,
                              &(ad_progress){.step = at + n, .steps = count, .counted = "texts"});
    }
    return status;
}

ad_status bert_run_texts(bert *b, const bert_texts *texts, ad_precision precision,
                         const ad_watcher *watcher, bert_taker take, void *user)
{
    const ad_compile_options how = {.precision = precision};
    run r = {.b = b, .texts = texts};
    if (!texts->count) return AD_OK;
    ad_status status = run_new(&r);
    b->room = r.block.room;
    if (!status) status = ad_trained_build(&b->job, r.block.texts, &how);
    if (!status) status = bert_bind(b, &r.block);
    if (!status) status = run_all(&r, watcher, take, user);
    run_free(&r);
    return status;
}

typedef struct vectors {
    float *to;
    int64_t width;
} vectors;

static ad_status take_vectors(void *user, const bert_block *block, const int64_t *index,
                              int64_t count, const float *row)
{
    const vectors *v = user;
    (void)block;
    for (int64_t i = 0; i < count; ++i)
        memcpy(v->to + index[i] * v->width, row + i * v->width, (size_t)v->width * sizeof *row);
    return AD_OK;
}

ad_status bert_vectors(bert *b, const bert_texts *texts, ad_precision precision,
                       const ad_watcher *watcher, float *to)
{
    vectors v = {to, ((const bert_model *)b->job.model)->width};
    b->use = BERT_VECTORS;
    return bert_run_texts(b, texts, precision, watcher, take_vectors, &v);
}
