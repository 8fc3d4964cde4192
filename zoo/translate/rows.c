/* rows.c - sentence pairs as rows of a batch.
 *
 * The sizes of a program are fixed, sentences are of all lengths: so several stand side by side in
 * a row, each pair in the same row of both sides, and where each begins keeps them apart (Raffel et
 * al. 2020, section 2.4, "packing"). In the order of a shuffle each pair goes into the row of the
 * last `OPEN` that it fills best. */
#include "zoo/translate/pairs.h"

#include <stdlib.h>
#include <string.h>

enum { OPEN = 64, SHORT = 4 };

/* Sentences of less than SHORT tokens each are so few that a row need not be full of them. */
int64_t translate_slots(int64_t length)
{
    return (length < 2 * SHORT ? 2 : length / SHORT) + 1;
}

void translate_begins(const int16_t *number, int64_t length, int32_t *begins)
{
    int64_t slots = translate_slots(length), slot = 0;
    for (int64_t i = 0; i < length; ++i) {
        bool begin = !i || number[i] != number[i - 1];
        if (begin && slot < slots) begins[slot++] = (int32_t)i;
    }
    while (slot < slots) begins[slot++] = (int32_t)length;
}

static ad_status no_memory(ad_context *ctx)
{
    return ad_error_set(ctx, AD_ERROR_MEMORY, "no memory for the tokens of the data");
}

/* ---- packing ---- */

static int64_t size_of(const translate_coded *coded, int side, int64_t pair)
{
    return coded->begin[side][pair + 1] - coded->begin[side][pair];
}

/* Counts a pair that is left out. */
static bool fits(const translate_coded *coded, int64_t pair, const translate_packing *how,
                 translate_left_out *left_out)
{
    int64_t a = size_of(coded, 0, pair), b = size_of(coded, 1, pair), more = a > b ? a : b;
    if (!a || !b)
        ++left_out->empty;
    else if (more > how->longest)
        ++left_out->longer;
    else if ((double)more > how->ratio * (double)(a < b ? a : b))
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
                   f->sentences[i] < translate_slots(length) - 1;
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
                       const translate_packing *how, translate_left_out *left_out, int64_t *rows)
{
    filling f = {.count = 0};
    int64_t count = 0;
    for (int64_t i = 0; i < coded->count; ++i) {
        int64_t pair = order[i];
        if (!fits(coded, pair, how, left_out)) continue;
        int64_t size[2] = {size_of(coded, 0, pair), size_of(coded, 1, pair)};
        int k = choose(&f, size, how->length, rows);
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
                         const translate_packing *how, translate_left_out *left_out)
{
    int32_t begin = rows->begin;
    *rows = (translate_rows){.length = how->length, .begin = begin};
    int64_t *order = shuffled(coded->count, how->seed);
    place *places = malloc((size_t)(coded->count + 1) * sizeof *places);
    bool whole = order && places;
    if (whole) {
        rows->sentences = put_all(places, order, coded, how, left_out, &rows->count);
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
    if (rows->next) translate_rows_free(rows->next);
    free(rows->next);
    *rows = (translate_rows){0};
}

int64_t translate_rows_most(const translate_rows *rows)
{
    int64_t most = 0;
    for (; rows; rows = rows->next) most = rows->count > most ? rows->count : most;
    return most;
}

/* ---- as samples ---- */

/* In the order of the fields. */
typedef struct row_samples {
    ad_samples samples;
    ad_sample_field fields[7];
    const translate_rows *rows;
    int64_t spellings;
} row_samples;

/* The rows that are an epoch's. */
static const translate_rows *rows_of(const row_samples *s, const ad_draws *draws)
{
    const translate_rows *rows = s->rows;
    if (!rows->next || rows->epoch < 1) return rows;
    int64_t number = (int64_t)(draws->position / (uint64_t)rows->epoch) % s->spellings;
    while (number--) rows = rows->next;
    return rows;
}

static void fill(void *user, int64_t index, const ad_draws *draws, void *const *row)
{
    const translate_rows *rows = rows_of(user, draws);
    int64_t length = rows->length;
    int64_t from = index % rows->count * length; /* fewer than most: the first few again */
    int32_t *target = row[3];
    memcpy(row[0], rows->source + from, (size_t)length * sizeof(int32_t));
    memcpy(row[6], rows->labels + from, (size_t)length * sizeof(int32_t));
    for (int s = 0; s < 2; ++s) {
        const int16_t *number = rows->number[s] + from;
        int32_t *position = row[3 * s + 1], at = 0;
        translate_begins(number, length, row[3 * s + 2]);
        for (int64_t i = 0; i < length; ++i) {
            at = i && number[i] == number[i - 1] && number[i] ? at + 1 : 0;
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
    static const char *const names[7] = {"source", "source_position", "source_begins",
                                         "target", "target_position", "target_begins",
                                         "labels"};
    int64_t slots = translate_slots(rows->length);
    row_samples *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return no_memory(ctx);
    for (int i = 0; i < 7; ++i)
        s->fields[i] = (ad_sample_field){.name = names[i],
                                         .dtype = AD_I32,
                                         .shape = ad_shape(i % 3 == 2 ? slots : rows->length),
                                         .padding = i == 6 ? -1 : 0};
    s->rows = rows;
    for (const translate_rows *r = rows; r; r = r->next) ++s->spellings;
    s->samples = (ad_samples){.count = translate_rows_most(rows),
                              .fields = s->fields,
                              .field_count = 7,
                              .fixed = !rows->next,
                              .fill = fill,
                              .user = s,
                              .release = release};
    *out = &s->samples;
    return AD_OK;
}
