/* batch_rows.c - which rows are in a batch, and making them. Depends on seed and number alone. */
#include "data/samples/loader.h"

#include "base/philox.h"

#include <string.h>

/* ---- order ---- */

/* Fisher & Yates with Philox words. */
static void shuffle(uint64_t seed, int64_t epoch, int64_t *order, int64_t count)
{
    ad_philox block = {{0}};
    for (int64_t i = count - 1, k = 0; i > 0; --i, ++k) {
        if (k % 2 == 0)
            block = ad_philox_block(seed, (uint64_t)k / 2, (uint64_t)epoch << 16 ^ 0x0DE5);
        uint64_t word = (uint64_t)block.v[k % 2 * 2] << 32 | block.v[k % 2 * 2 + 1];
        int64_t j = (int64_t)((unsigned __int128)word * (uint64_t)(i + 1) >> 64), t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

const int64_t *ad_loader_order_of(ad_loader *l, int64_t number)
{
    const ad_loader_options *o = &l->options;
    int64_t epoch = number / l->batches;
    ad_loader_order *order = &l->orders[epoch % 2];
    if (!o->shuffle) return l->index;
    if (order->epoch == epoch) return order->index;
    memcpy(order->index, l->index, (size_t)o->count * sizeof *l->index);
    if (l->samples.order)
        l->samples.order(l->samples.user, o->seed, epoch, order->index, o->count);
    else
        shuffle(o->seed, epoch, order->index, o->count);
    order->epoch = epoch;
    return order->index;
}

/* ---- cutting ---- */

/* How many of the rows from `first` on go into a batch. */
static int64_t rows_from(const ad_loader *l, const int64_t *order, int64_t first)
{
    const ad_samples *s = &l->samples;
    int64_t left = l->options.count - first;
    if (left > l->options.batch) left = l->options.batch;
    return s->fit ? s->fit(s->user, order + first, left) : left;
}

/* At most one batch per row. */
static int64_t cut(const ad_loader *l, int64_t *first)
{
    int64_t batches = 0, at = 0, count = l->options.count;
    while (at < count) {
        int64_t rows = rows_from(l, l->index, at);
        bool last = count - at < l->options.batch && rows == count - at;
        if (last && !l->options.keep_last && batches) break;
        if (first) first[batches] = at;
        ++batches, at += rows;
    }
    if (first) first[batches] = at;
    return batches;
}

ad_status ad_loader_cut(ad_loader *l)
{
    l->batches = cut(l, NULL);
    l->first_bytes = ad_bytes(l->batches + 1, sizeof *l->first);
    l->first = ad_alloc(l->ctx, l->first_bytes);
    if (!l->first) return AD_ERROR_MEMORY;
    cut(l, l->first);
    return AD_OK;
}

/* ---- filling ---- */

static void pad(const ad_loader *l, const ad_loader_slot *s, int f)
{
    const ad_loader_field *field = &l->fields[f];
    size_t used = (size_t)s->size * field->row_bytes, rest = field->bytes - used;
    size_t element = ad_dtype_size(l->samples.fields[f].dtype);
    char *to = (char *)s->field[f] + used;
    if (!field->row_bytes) return;
    if (!l->samples.fields[f].padding) {
        memset(to, 0, rest);
        return;
    }
    for (; rest; rest -= element, to += element) memcpy(to, field->empty, element);
}

static void fill_rows(const ad_loader *l, const ad_loader_slot *s, ad_draws draws, void **row)
{
    const ad_samples *samples = &l->samples;
    for (int64_t i = 0; i < s->size; ++i, ++draws.position, ++draws.row) {
        for (int f = 0; f < samples->field_count; ++f)
            row[f] = (char *)s->field[f] + (size_t)i * l->fields[f].row_bytes;
        samples->fill(samples->user, s->index[i], &draws, row);
    }
}

void ad_loader_fill(const ad_loader *l, ad_loader_slot *s, int64_t number, const int64_t *order,
                    const ad_loader_reader *reader)
{
    const ad_samples *samples = &l->samples;
    int64_t batch = l->options.batch, at = number % l->batches;
    int64_t first = l->first ? l->first[at] : at * batch;
    ad_draws draws = {.seed = l->options.seed,
                      .position = (uint64_t)number * (uint64_t)batch,
                      .number = (uint64_t)number};
    s->size = l->first ? l->first[at + 1] - first : rows_from(l, order, first);
    memcpy(s->index, order + first, (size_t)s->size * sizeof *s->index);
    if (samples->fill_batch) {
        memcpy(reader->row, s->field, (size_t)samples->field_count * sizeof *s->field);
        samples->fill_batch(samples->user, s->index, s->size, &draws, reader->row);
    } else {
        fill_rows(l, s, draws, reader->row);
    }
    for (int f = 0; f < samples->field_count; ++f) pad(l, s, f);
}
