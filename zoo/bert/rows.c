/* rows.c - texts with labels as rows of batches: what lies side by side has no padding, so a batch
 * is as large as its texts are long. A program's batch has one size all the same. In training the
 * texts, sorted by length, are cut into as many strata as a batch has texts, and a batch takes one
 * of each at random: no two batches differ by more than the longest text has tokens. */
#include "zoo/bert/tuned.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL = 4, OF_TASK, STREAM = 0x42455254 };

/* ---- marks ---- */

void bert_marks_free(bert_marks *m)
{
    free(m->begin);
    free(m->label);
    free(m->place);
    free(m->goes_on);
    *m = (bert_marks){0};
}

bool bert_marks_add(bert_marks *m, int32_t label, int32_t place)
{
    if (m->count == m->capacity) {
        int64_t capacity = 2 * m->capacity + 1024;
        int32_t *labels = realloc(m->label, (size_t)capacity * sizeof *labels);
        if (labels) m->label = labels;
        int32_t *places = realloc(m->place, (size_t)capacity * sizeof *places);
        if (places) m->place = places;
        if (!labels || !places) return false;
        m->capacity = capacity;
    }
    m->label[m->count] = label, m->place[m->count] = place;
    ++m->count;
    return true;
}

bool bert_marks_close(bert_marks *m, bool goes_on)
{
    if (m->texts == m->text_capacity) {
        int64_t capacity = 2 * m->text_capacity + 256;
        int64_t *begin = realloc(m->begin, (size_t)(capacity + 1) * sizeof *begin);
        if (begin) m->begin = begin;
        bool *on = realloc(m->goes_on, (size_t)capacity * sizeof *on);
        if (on) m->goes_on = on;
        if (!begin || !on) return false;
        m->text_capacity = capacity;
    }
    if (!m->texts) m->begin[0] = 0;
    m->goes_on[m->texts++] = goes_on;
    m->begin[m->texts] = m->count;
    return true;
}

/* ---- rows ---- */

static void release(ad_samples *samples)
{
    bert_rows *r = samples->user;
    bert_texts_free(&r->texts);
    bert_marks_free(&r->marks);
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

/* targets [count, labels] */
static void fill_targets(const bert_rows *r, const int64_t *index, int64_t count, float *target)
{
    const int64_t labels = r->model->classes.count;
    memset(target, 0, (size_t)(count * labels) * sizeof *target);
    for (int64_t i = 0; i < count; ++i)
        for (int64_t k = r->marks.begin[index[i]]; k < r->marks.begin[index[i] + 1]; ++k)
            target[i * labels + r->marks.label[k]] = 1;
}

/* tag [room], of texts that begin as `begin` says */
static void fill_tags(const bert_rows *r, const int64_t *index, int64_t count, const int32_t *begin,
                      int32_t *tag)
{
    for (int64_t i = 0; i < r->room; ++i) tag[i] = -1;
    for (int64_t i = 0; i < count; ++i)
        for (int64_t k = r->marks.begin[index[i]]; k < r->marks.begin[index[i] + 1]; ++k)
            tag[begin[i] + r->marks.place[k]] = r->marks.label[k];
}

static void fill(void *user, const int64_t *index, int64_t count, const ad_draws *draws,
                 void *const *block)
{
    const bert_rows *r = user;
    const bert_block to = {block[0], block[1], block[2], block[3], r->room, r->batch};
    int32_t *labels = block[LABEL];
    (void)draws;
    bert_pack(r->model, &r->texts, index, count, &to);
    for (int64_t i = 0; i < count; ++i) labels[i] = r->labels[index[i]];
    int task = r->model->task;
    float *numbers = task == BERT_NUMBERS_TASK ? block[OF_TASK] : NULL;
    for (int64_t i = 0; i < count && numbers; ++i) numbers[i] = r->numbers[index[i]];
    if (task == BERT_LABELS_TASK) fill_targets(r, index, count, block[OF_TASK]);
    if (task == BERT_TAGS_TASK) fill_tags(r, index, count, to.begin, block[OF_TASK]);
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
    const size_t count = (size_t)r->texts.count;
    r->by_length = calloc(count + 1, sizeof *r->by_length);
    if (!r->labels) r->labels = calloc(count + 1, sizeof *r->labels); /* of tags */
    if (!r->by_length || !r->labels) return bert_no_memory(r->texts.ctx, "the order of texts");
    bert_texts_by_length(&r->texts, r->by_length);
    s->count = r->texts.count;
    s->fields = r->fields, s->field_count = r->model->task == BERT_CLASSES_TASK ? 5 : 6;
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
    const ad_sample_field of_task[] = {
        [BERT_NUMBERS_TASK] = {.name = "number", .dtype = AD_F32},
        [BERT_LABELS_TASK] = {.name = "target",
                              .dtype = AD_F32,
                              .shape = ad_shape(r->model->classes.count)},
        [BERT_TAGS_TASK] = {.name = "tag", .dtype = AD_I32, .shape = ad_shape(room), .whole = true},
    };
    r->fields[OF_TASK] = of_task[r->model->task];
}

uint64_t bert_rows_fingerprint(const bert_rows *r)
{
    const bert_texts *t = &r->texts;
    uint64_t ids = ad_fingerprint(t->ids, (size_t)t->begin[t->count] * sizeof *t->ids);
    uint64_t ends = ad_fingerprint(t->begin, (size_t)(t->count + 1) * sizeof *t->begin);
    uint64_t of_task = 0;
    if (r->model->task == BERT_NUMBERS_TASK)
        of_task = ad_fingerprint(r->numbers, (size_t)t->count * sizeof *r->numbers);
    if (r->marks.texts)
        of_task = ad_fingerprint(r->marks.label, (size_t)r->marks.count * sizeof *r->marks.label) ^
                  ad_fingerprint(r->marks.begin, (size_t)(t->count + 1) * sizeof *r->marks.begin);
    return ids ^ (ends << 1) ^ (of_task << 2) ^
           ad_fingerprint(r->labels, (size_t)t->count * sizeof *r->labels);
}
