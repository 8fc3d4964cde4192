/* rows.c - sentence pairs as rows of a batch.
 *
 * The sizes of a program are fixed, sentences are of all lengths: so several stand side by side in
 * a row, each pair in the same row of both sides, and a mask keeps them apart (Raffel et al. 2020,
 * section 2.4, "packing"). In the order of a shuffle each pair goes into the row of the last `OPEN`
 * that it fills best. */
#include "zoo/translate/translate.h"

#include <stdlib.h>
#include <string.h>

enum { OPEN = 64 };

static ad_status no_memory(ad_context *ctx)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for the tokens of the data");
}

ad_status translate_code(translate_coded *out, translate_vocabulary *v,
                         const translate_pairs *pairs, int64_t step, bool held)
{
    *out = (translate_coded){0};
    for (int s = 0; s < 2; ++s) {
        out->begin[s] = calloc((size_t)(pairs->count + 1), sizeof *out->begin[s]);
        if (!out->begin[s]) return no_memory(v->ctx);
    }
    for (int64_t i = 0; i < pairs->count; ++i) {
        bool divided = step && i % step == 0;
        if (divided != held) continue;
        for (int s = 0; s < 2; ++s) {
            translate_line line = pairs->side[s][i];
            ad_status status = translate_line_tokens(v, s, line, &out->side[s]);
            if (status)
                return ad_error_set(v->ctx, status, "line %lld of the %s: %s", (long long)(i + 1),
                                    s ? "target" : "source", ad_error(v->ctx));
            /* nothing but space is no sentence */
            size_t blank = 0;
            while (blank < line.length && strchr(" \t", line.text[blank])) ++blank;
            if (blank == line.length) out->side[s].count = out->begin[s][out->count];
            out->begin[s][out->count + 1] = out->side[s].count;
        }
        ++out->count;
    }
    return AD_OK;
}

void translate_coded_free(translate_coded *coded)
{
    for (int s = 0; s < 2; ++s) {
        ad_tokens_free(&coded->side[s]);
        free(coded->begin[s]);
    }
    *coded = (translate_coded){0};
}

/* ---- packing ---- */

static int64_t size_of(const translate_coded *coded, int side, int64_t pair)
{
    return coded->begin[side][pair + 1] - coded->begin[side][pair];
}

/* Counts a pair that is left out. */
static bool fits(const translate_coded *coded, int64_t pair, int64_t length, double ratio,
                 translate_left_out *left_out)
{
    int64_t a = size_of(coded, 0, pair), b = size_of(coded, 1, pair), more = a > b ? a : b;
    if (!a || !b)
        ++left_out->empty;
    else if (more > length)
        ++left_out->longer;
    else if ((double)more > ratio * (double)(a < b ? a : b))
        ++left_out->odd;
    else
        return true;
    return false;
}

/* Rows that are being filled. */
typedef struct filling {
    int64_t row[OPEN], used[OPEN][2];
    int16_t sentences[OPEN];
    int count;
} filling;

/* The row with the least room for a pair of these sizes, or a new one in place of the fullest. */
static int choose(filling *f, const int64_t size[2], int64_t length, int64_t *rows)
{
    int best = -1, fullest = 0;
    int64_t least = INT64_MAX;
    for (int i = 0; i < f->count; ++i) {
        int64_t room = 2 * length - f->used[i][0] - f->used[i][1];
        if (room < 2 * length - f->used[fullest][0] - f->used[fullest][1]) fullest = i;
        bool has = f->used[i][0] + size[0] <= length && f->used[i][1] + size[1] <= length &&
                   f->sentences[i] < INT16_MAX;
        if (has && room < least) best = i, least = room;
    }
    if (best >= 0) return best;
    best = f->count < OPEN ? f->count++ : fullest;
    f->row[best] = (*rows)++;
    f->used[best][0] = f->used[best][1] = 0, f->sentences[best] = 0;
    return best;
}

/* Pairs in the order of a shuffle: Fisher and Yates. Of malloc. */
static int64_t *shuffled(int64_t count, uint64_t seed)
{
    int64_t *order = malloc((size_t)(count + 1) * sizeof *order);
    for (int64_t i = 0; i < count && order; ++i) {
        int64_t k = ad_random_below(seed, 0x7061636b, (uint64_t)i, i + 1);
        order[i] = order[k], order[k] = i;
    }
    return order;
}

/* Where a pair goes. */
typedef struct place {
    int64_t pair, row, at[2];
    int16_t number;
} place;

static int64_t put_all(place *places, const int64_t *order, const translate_coded *coded,
                       int64_t length, double ratio, translate_left_out *left_out, int64_t *rows)
{
    filling f = {.count = 0};
    int64_t count = 0;
    for (int64_t i = 0; i < coded->count; ++i) {
        int64_t pair = order[i];
        if (!fits(coded, pair, length, ratio, left_out)) continue;
        int64_t size[2] = {size_of(coded, 0, pair), size_of(coded, 1, pair)};
        int k = choose(&f, size, length, rows);
        places[count++] = (place){pair, f.row[k], {f.used[k][0], f.used[k][1]}, ++f.sentences[k]};
        for (int s = 0; s < 2; ++s) f.used[k][s] += size[s];
    }
    return count;
}

static void write_place(translate_rows *rows, const translate_coded *coded, const place *p)
{
    int32_t *tokens[2] = {rows->source, rows->labels};
    for (int s = 0; s < 2; ++s) {
        int64_t size = size_of(coded, s, p->pair), to = p->row * rows->length + p->at[s];
        memcpy(tokens[s] + to, coded->side[s].ids + coded->begin[s][p->pair],
               (size_t)size * sizeof(int32_t));
        for (int64_t i = 0; i < size; ++i) rows->number[s][to + i] = p->number;
        rows->tokens[s] += size;
    }
}

static bool make_room(translate_rows *rows)
{
    size_t places = (size_t)(rows->count * rows->length);
    rows->source = calloc(places + 1, sizeof *rows->source);
    rows->labels = malloc((places + 1) * sizeof *rows->labels);
    for (size_t i = 0; i < places && rows->labels; ++i) rows->labels[i] = -1;
    for (int s = 0; s < 2; ++s) rows->number[s] = calloc(places + 1, sizeof *rows->number[s]);
    return rows->source && rows->labels && rows->number[0] && rows->number[1];
}

ad_status translate_pack(translate_rows *rows, ad_context *ctx, const translate_coded *coded,
                         int64_t length, double ratio, uint64_t seed, translate_left_out *left_out)
{
    int32_t begin = rows->begin;
    *rows = (translate_rows){.length = length, .begin = begin};
    int64_t *order = shuffled(coded->count, seed);
    place *places = malloc((size_t)(coded->count + 1) * sizeof *places);
    bool whole = order && places;
    if (whole) {
        rows->sentences = put_all(places, order, coded, length, ratio, left_out, &rows->count);
        whole = make_room(rows);
    }
    for (int64_t i = 0; i < rows->sentences && whole; ++i) write_place(rows, coded, &places[i]);
    free(order);
    free(places);
    return whole ? AD_OK : no_memory(ctx);
}

void translate_rows_free(translate_rows *rows)
{
    free(rows->source);
    free(rows->labels);
    for (int s = 0; s < 2; ++s) free(rows->number[s]);
    *rows = (translate_rows){0};
}

/* ---- as samples ---- */

/* In the order of the fields. */
typedef struct row_samples {
    ad_samples samples;
    ad_sample_field fields[7];
    const translate_rows *rows;
} row_samples;

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const translate_rows *rows = ((const row_samples *)user)->rows;
    int64_t length = rows->length, from = index * length;
    int32_t *target = row[3];
    (void)draws;
    memcpy(row[0], rows->source + from, (size_t)length * sizeof(int32_t));
    memcpy(row[6], rows->labels + from, (size_t)length * sizeof(int32_t));
    for (int s = 0; s < 2; ++s) {
        int32_t *position = row[3 * s + 1], *sentence = row[3 * s + 2], at = 0;
        for (int64_t i = 0; i < length; ++i) {
            sentence[i] = rows->number[s][from + i];
            at = i && sentence[i] == sentence[i - 1] && sentence[i] ? at + 1 : 0;
            position[i] = at;
            if (!s) continue;
            target[i] = at ? rows->labels[from + i - 1] : rows->begin;
        }
    }
}

static void release(ad_samples *samples)
{
    free(samples->user);
}

ad_status translate_row_samples(ad_samples **out, ad_context *ctx, const translate_rows *rows)
{
    static const char *const names[7] = {"source", "source_position", "source_sentence",
                                         "target", "target_position", "target_sentence",
                                         "labels"};
    row_samples *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return no_memory(ctx);
    for (int i = 0; i < 7; ++i)
        s->fields[i] = (ad_sample_field){.name = names[i],
                                         .dtype = AD_I32,
                                         .shape = ad_shape(rows->length),
                                         .padding = i == 6 ? -1 : 0};
    s->rows = rows;
    s->samples = (ad_samples){.count = rows->count,
                              .fields = s->fields,
                              .field_count = 7,
                              .fixed = true,
                              .fill = fill,
                              .user = s,
                              .release = release};
    *out = &s->samples;
    return AD_OK;
}
