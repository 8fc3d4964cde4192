/* rows.c - texts with labels as rows of batches: what lies side by side has no padding, so a batch
 * is as large as its texts are long. A program's batch has one size all the same. In training the
 * texts, sorted by length, are cut into as many strata as a batch has texts, and a batch takes one
 * of each at random: no two batches differ by more than the longest text has tokens. */
#include "zoo/bert/bert.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL = 4, NUMBER, STREAM = 0x42455254 };

static void release(ad_samples *samples)
{
    bert_rows *r = samples->user;
    bert_texts_free(&r->texts);
    free(r->labels);
    free(r->numbers);
    free(r->by_length);
    free(r);
}

bert_rows *bert_rows_new(ad_context *ctx, const bert_model *model, int64_t most)
{
    bert_rows *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->model = model;
    r->texts = (bert_texts){.ctx = ctx, .most = most};
    r->samples = (ad_samples){.user = r, .release = release};
    return r;
}

/* ---- a batch ---- */

static void fill(void *user, const int64_t *index, int64_t count, const ad_draws *draws,
                 void *const *block)
{
    const bert_rows *r = user;
    const bert_block to = {block[0], block[1], block[2], block[3], r->room, r->batch};
    int32_t *labels = block[LABEL];
    (void)draws;
    bert_pack(r->model, &r->texts, index, count, &to);
    for (int64_t i = 0; i < count; ++i) labels[i] = r->labels[index[i]];
    float *numbers = r->numbered ? block[NUMBER] : NULL;
    for (int64_t i = 0; i < count && numbers; ++i) numbers[i] = r->numbers[index[i]];
}

static int64_t fit(void *user, const int64_t *index, int64_t count)
{
    const bert_rows *r = user;
    return bert_pack_fit(&r->texts, index, count, r->room);
}

/* ---- strata ---- */

/* All batches but the last one are full; strata are as many as there are batches, or one less where
 * the last batch has none of them. */
typedef struct strata {
    int64_t batches, whole; /* strata of `batches` texts */
} strata;

static strata strata_of(const bert_rows *r)
{
    int64_t n = r->texts.count, batches = (n + r->batch - 1) / r->batch;
    return (strata){batches, n - (batches - 1) * r->batch};
}

static int64_t first_of(strata s, int64_t number)
{
    return number <= s.whole ? number * s.batches
                             : s.whole * s.batches + (number - s.whole) * (s.batches - 1);
}

int64_t bert_rows_room(const bert_rows *r)
{
    strata s = strata_of(r);
    int64_t room = 0;
    for (int64_t i = 0; i < r->batch; ++i) {
        int64_t end = first_of(s, i + 1);
        if (end > first_of(s, i)) room += bert_texts_length(&r->texts, r->by_length[end - 1]);
    }
    return room;
}

/* `index` holds all rows; of each stratum those of one batch after the other are drawn. */
static void order(void *user, uint64_t seed, int64_t epoch, int64_t *index, int64_t count)
{
    const bert_rows *r = user;
    strata s = strata_of(r);
    (void)count;
    for (int64_t i = 0; i < r->batch; ++i) {
        int64_t begin = first_of(s, i), n = first_of(s, i + 1) - begin;
        uint64_t stream = STREAM + ((uint64_t)epoch << 24) + (uint64_t)i;
        for (int64_t k = 0; k < n; ++k) { /* an exchange within what was placed */
            int64_t other = ad_random_below(seed, stream, (uint64_t)k, k + 1);
            index[k * r->batch + i] = index[other * r->batch + i];
            index[other * r->batch + i] = r->by_length[begin + k];
        }
    }
}

/* ---- finishing ---- */

ad_status bert_rows_finish(bert_rows *r, int64_t batch)
{
    ad_samples *s = &r->samples;
    r->batch = batch;
    r->by_length = calloc((size_t)r->texts.count + 1, sizeof *r->by_length);
    if (!r->by_length)
        return ad_error_set(r->texts.ctx, AD_ERROR_MEMORY, "no memory for the order of texts");
    bert_texts_by_length(&r->texts, r->by_length);
    s->count = r->texts.count;
    s->fields = r->fields, s->field_count = r->numbered ? 6 : 5;
    s->fill_batch = fill, s->fit = fit, s->order = order;
    bert_rows_set_room(r, bert_rows_room(r));
    return AD_OK;
}

void bert_rows_set_room(bert_rows *r, int64_t room)
{
    static const char *const names[] = {"tokens", "place", "type", "begin"};
    r->room = room;
    for (int i = 0; i < LABEL; ++i)
        r->fields[i] = (ad_sample_field){.name = names[i],
                                         .dtype = AD_I32,
                                         .shape = ad_shape(i < 3 ? room : r->batch + 1),
                                         .whole = true};
    r->fields[LABEL] = (ad_sample_field){.name = "label", .dtype = AD_I32, .padding = -1};
    r->fields[NUMBER] = (ad_sample_field){.name = "number", .dtype = AD_F32};
}

uint64_t bert_rows_fingerprint(const bert_rows *r)
{
    const bert_texts *t = &r->texts;
    uint64_t ids = ad_fingerprint(t->ids, (size_t)t->begin[t->count] * sizeof *t->ids);
    uint64_t ends = ad_fingerprint(t->begin, (size_t)(t->count + 1) * sizeof *t->begin);
    uint64_t numbers = r->numbered
                           ? ad_fingerprint(r->numbers, (size_t)t->count * sizeof *r->numbers)
                           : 0;
    return ids ^ (ends << 1) ^ (numbers << 2) ^
           ad_fingerprint(r->labels, (size_t)t->count * sizeof *r->labels);
}
