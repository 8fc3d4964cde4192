/* loader_new.c - checking what a loader is asked for, its memory, and its end. */
#include "data/samples/loader.h"

#include <stdio.h>
#include <string.h>

/* ---- checks ---- */

static ad_status check_samples(ad_context *ctx, const ad_samples *s)
{
    if (!s->fill == !s->fill_batch || s->field_count < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "samples have %d fields, %s; they need a field, and one of fill and "
                       "fill_batch",
                       s->field_count,
                       s->fill         ? "fill and fill_batch"
                       : s->fill_batch ? "fill_batch"
                                       : "nothing that fills them");
    for (int f = 0; f < s->field_count; ++f) {
        const ad_sample_field *field = &s->fields[f];
        for (int other = 0; other < f; ++other)
            if (!strcmp(field->name, s->fields[other].name))
                return ad_fail(ctx, AD_ERROR_ARGUMENT, "samples have two fields called %s",
                               field->name);
        if (!ad_shape_valid(field->shape) || (!field->whole && field->shape.rank == AD_MAX_RANK))
            return ad_fail(ctx, AD_ERROR_SHAPE,
                           "field %s: its shape is not one, or has no room for a batch axis",
                           field->name);
        if (field->whole && !s->fill_batch)
            return ad_fail(ctx, AD_ERROR_ARGUMENT,
                           "field %s is of the whole batch, which only fill_batch can write",
                           field->name);
    }
    return AD_OK;
}

static ad_status check_options(ad_context *ctx, const ad_loader_options *o)
{
    if (o->batch < 1 || o->count < 1)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a loader of %lld rows in batches of %lld: both must be 1 or more",
                       (long long)o->count, (long long)o->batch);
    if (o->threads < 0 || o->ahead < 0 || o->ahead > AD_AHEAD_MOST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "a loader with %d threads and %d batches ahead: the former must be 0 or "
                       "more, the latter 0 to %d",
                       o->threads, o->ahead, AD_AHEAD_MOST);
    return AD_OK;
}

/* ---- memory ---- */

/* Fields lie behind one another, each aligned for vectors. */
static ad_status lay_out(ad_loader *l)
{
    const ad_samples *s = &l->samples;
    l->fields = ad_zalloc(l->ctx, (size_t)s->field_count * sizeof *l->fields);
    if (!l->fields) return AD_ERROR_MEMORY;
    for (int f = 0; f < s->field_count; ++f) {
        const ad_sample_field *from = &s->fields[f];
        ad_loader_field *field = &l->fields[f];
        const double padding = from->padding;
        field->shape = from->shape;
        if (!from->whole) {
            field->row_bytes = ad_shape_bytes(from->shape, from->dtype);
            memmove(field->shape.dim + 1, from->shape.dim,
                    (size_t)from->shape.rank * sizeof *from->shape.dim);
            field->shape.dim[0] = l->options.batch, ++field->shape.rank;
        }
        field->bytes = ad_shape_bytes(field->shape, from->dtype);
        field->offset = l->slot_bytes;
        ad_convert(field->empty, from->dtype, &padding, AD_F64, 1);
        if (field->bytes >= SIZE_MAX / 4 - l->slot_bytes)
            return ad_fail(l->ctx, AD_ERROR_ARGUMENT,
                           "a batch of %lld rows does not fit into memory (field %s)",
                           (long long)l->options.batch, from->name);
        l->slot_bytes += (field->bytes + 63) & ~(size_t)63;
    }
    return AD_OK;
}

static ad_status allocate_slot(ad_loader *l, ad_loader_slot *s)
{
    int fields = l->samples.field_count;
    s->number = -1;
    s->index = ad_alloc(l->ctx, ad_bytes(l->options.batch, sizeof *s->index));
    s->field = ad_alloc(l->ctx, (size_t)fields * sizeof *s->field);
    s->memory = ad_alloc(l->ctx, l->slot_bytes);
    if (!s->index || !s->field || !s->memory) return AD_ERROR_MEMORY;
    for (int f = 0; f < fields; ++f) s->field[f] = (char *)s->memory + l->fields[f].offset;
    return AD_OK;
}

static ad_status allocate_reader(ad_loader *l, ad_loader_reader *r)
{
    int fields = l->samples.field_count;
    r->row = ad_zalloc(l->ctx, (size_t)(fields + 1) * sizeof *r->row);
    if (!r->row) return AD_ERROR_MEMORY;
    if (l->samples.scratch && !(r->row[fields] = ad_alloc(l->ctx, l->samples.scratch)))
        return AD_ERROR_MEMORY;
    return AD_OK;
}

static ad_status allocate(ad_loader *l)
{
    l->ring = ad_zalloc(l->ctx, (size_t)l->slots * sizeof *l->ring);
    if (!l->ring) return AD_ERROR_MEMORY;
    for (int i = 0; i < l->readers_wanted; ++i)
        if (allocate_reader(l, &l->reader[i])) return AD_ERROR_MEMORY;
    for (int i = 0; i < l->slots; ++i)
        if (allocate_slot(l, &l->ring[i])) return AD_ERROR_MEMORY;
    return AD_OK;
}

/* ---- rows ---- */

static ad_status take_rows(ad_loader *l, const int64_t *index)
{
    const ad_samples *s = &l->samples;
    size_t bytes = ad_bytes(l->options.count, sizeof *l->index);
    if (!(l->index = ad_alloc(l->ctx, bytes))) return AD_ERROR_MEMORY;
    for (int i = 0; i < 2 && l->options.shuffle; ++i)
        if (!(l->orders[i].index = ad_alloc(l->ctx, bytes))) return AD_ERROR_MEMORY;
    for (int64_t i = 0; i < l->options.count; ++i) {
        int64_t row = l->index[i] = index ? index[i] : i;
        if (row < 0 || row >= s->count)
            return ad_fail(l->ctx, AD_ERROR_ARGUMENT,
                           "row %lld is not among the %lld of the samples", (long long)row,
                           (long long)s->count);
        if (s->fit && s->fit(s->user, &row, 1) < 1)
            return ad_fail(l->ctx, AD_ERROR_SHAPE,
                           "row %lld of the samples is too large for a batch", (long long)row);
    }
    return s->fit && !l->options.shuffle ? ad_loader_cut(l) : AD_OK;
}

static void shrink(ad_loader *l)
{
    ad_loader_options *o = &l->options;
    if (o->keep_last || o->batch <= o->count) return;
    snprintf(l->note, sizeof l->note,
             "batches are of %lld rows: there are no more, %lld were asked for",
             (long long)o->count, (long long)o->batch);
    o->batch = o->count;
}

static void choose_readers(ad_loader *l)
{
    const ad_loader_options *o = &l->options;
    l->constant = l->samples.fixed && !o->on_demand && l->batches == 1 &&
                  (!o->shuffle || o->count == 1);
    l->in_place = l->constant || o->on_demand;
    l->slots = l->in_place ? 1 : o->ahead ? o->ahead + 1 : 5;
    l->readers_wanted = l->in_place || !o->threads     ? 1
                        : o->threads < AD_READERS_MOST ? o->threads
                                                       : AD_READERS_MOST;
}

ad_status ad_loader_new(ad_loader **out, ad_context *ctx, const ad_samples *samples,
                        const ad_loader_options *options)
{
    *out = NULL;
    ad_loader_options o = *options;
    o.index = NULL;
    if (!options->index) o.count = samples->count;
    ad_status status = check_samples(ctx, samples);
    if (!status) status = check_options(ctx, &o);
    if (status) return status;
    ad_loader *l = ad_zalloc(ctx, sizeof *l);
    if (!l) return AD_ERROR_MEMORY;
    *l = (ad_loader){.ctx = ctx, .samples = *samples, .options = o, .given = -1};
    shrink(l);
    o.batch = l->options.batch;
    l->batches = o.keep_last ? o.count / o.batch + (o.count % o.batch > 0) : o.count / o.batch;
    l->orders[0].epoch = l->orders[1].epoch = -1;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->filled, NULL);
    pthread_cond_init(&l->freed, NULL);
    status = lay_out(l);
    if (!status) status = take_rows(l, options->index);
    if (!status) choose_readers(l);
    if (!status) status = allocate(l);
    if (status)
        ad_loader_free(l);
    else
        *out = l;
    return status;
}

void ad_loader_free(ad_loader *l)
{
    if (!l) return;
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_cond_broadcast(&l->freed);
    pthread_mutex_unlock(&l->mutex);
    for (int i = 0; i < l->readers; ++i) pthread_join(l->threads[i], NULL);
    pthread_cond_destroy(&l->freed);
    pthread_cond_destroy(&l->filled);
    pthread_mutex_destroy(&l->mutex);
    size_t fields = (size_t)l->samples.field_count;
    for (int i = 0; l->ring && i < l->slots; ++i) {
        ad_free(l->ctx, l->ring[i].index, ad_bytes(l->options.batch, sizeof *l->index));
        ad_free(l->ctx, l->ring[i].field, fields * sizeof *l->ring[i].field);
        ad_free(l->ctx, l->ring[i].memory, l->slot_bytes);
    }
    ad_free(l->ctx, l->ring, (size_t)l->slots * sizeof *l->ring);
    for (int i = 0; i < l->readers_wanted; ++i) {
        void **row = l->reader[i].row;
        if (row) ad_free(l->ctx, row[fields], l->samples.scratch);
        ad_free(l->ctx, row, (fields + 1) * sizeof *row);
    }
    size_t index_bytes = ad_bytes(l->options.count, sizeof *l->index);
    for (int i = 0; i < 2; ++i) ad_free(l->ctx, l->orders[i].index, index_bytes);
    ad_free(l->ctx, l->index, index_bytes);
    ad_free(l->ctx, l->first, l->first_bytes);
    ad_free(l->ctx, l->fields, fields * sizeof *l->fields);
    ad_free(l->ctx, l, sizeof *l);
}

int64_t ad_loader_batches(const ad_loader *l)
{
    return l->batches;
}

int64_t ad_loader_rows(const ad_loader *l)
{
    return l->options.batch;
}

const char *ad_loader_note(const ad_loader *l)
{
    return l->note;
}
