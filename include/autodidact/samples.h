/* samples.h - rows of named fields: what training and evaluation read, whatever it is made of.
 *
 * Samples say how one row is made: an image and its label, a window of tokens, a row of a table.
 * A loader makes batches of rows ahead of time, in its own threads, and binds them to a
 * program's inputs by name. What is in batch number n follows from the seed and n alone, so that
 * number is the cursor to save, and neither the threads nor their pace show in it.
 *
 * Made by: ad_image_samples_new (data.h), ad_token_samples_new (tokenizer.h), ad_array_samples_new
 * below, or by hand.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_SAMPLES_H
#define AUTODIDACT_SAMPLES_H

#include <autodidact/program.h>
#include <autodidact/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_sample_field {
    const char *name; /* the program's input that it is bound to */
    ad_dtype dtype;
    ad_shape shape; /* of one row; the batch axis comes in front of it */
    int padding;    /* what every element of the rows beyond a batch's size is: 0, -1 for labels */
    bool whole;     /* `shape` is that of the whole batch, and fill_batch alone writes it: several
                       graphs packed side by side, a scalar such as 1 / rows */
} ad_sample_field;

/* Where a row's random numbers come from: a function of the seed and of the row's place in training
 * alone, so that a run that is resumed draws the same ones. */
typedef struct ad_draws {
    uint64_t seed, position; /* position: number * (rows of a full batch) + row */
    uint64_t number, row;    /* the batch, and the row in it */
} ad_draws;
/* Number `index` of the row's stream: [0, 1), and 0 .. n - 1 (n > 0). */
AD_API double ad_draws_unit(const ad_draws *draws, uint64_t index);
AD_API int64_t ad_draws_below(const ad_draws *draws, uint64_t index, int64_t n);

typedef struct ad_samples ad_samples;
struct ad_samples {
    int64_t count; /* rows that there are */
    const ad_sample_field *fields;
    int field_count;
    /* Rows draw nothing and never change: what is the same in every batch is made once. */
    bool fixed;
    /* Bytes of working memory of the thread that fills, at row[field_count] or
     * block[field_count]. */
    size_t scratch;
    /* Writes all of row `index` to row[0 .. field_count), the memory of its fields. Several threads
     * call it at once; it must not use the context. */
    void (*fill)(void *user, int64_t index, const ad_draws *draws, void *const *row);
    /* Instead of `fill`, where rows are not of one size or not apart: writes rows `index` [count],
     * of which there are as many as `fit` allows, to block[0 .. field_count), the memory of whole
     * fields and of all rows of the others, whose rows behind `count` the loader pads. `draws` are
     * those of the first row. */
    void (*fill_batch)(void *user, const int64_t *index, int64_t count, const ad_draws *draws,
                       void *const *block);
    /* How many of these rows, from the first on, one batch can take; at least 1 if a row fits at
     * all. It may depend on the rows alone. NULL: all of them. */
    int64_t (*fit)(void *user, const int64_t *index, int64_t count);
    /* Puts the rows in the order of an epoch, where the loader shuffles: index [count] holds those
     * to use, in the order that they were given in. One thread of a loader calls it at a time.
     * NULL: all orders are equally likely. */
    void (*order)(void *user, uint64_t seed, int64_t epoch, int64_t *index, int64_t count);
    void *user;
    void (*release)(ad_samples *samples); /* what ad_samples_free does; NULL: nothing */
};
/* For what an ad_..._samples_new made; after the loaders that read it. NULL is ignored. */
AD_API void ad_samples_free(ad_samples *samples);

/* ---- arrays in memory ---- */

typedef struct ad_array {
    ad_sample_field field; /* not `whole` */
    const void *data;      /* [count, field.shape], contiguous; must outlive the samples */
    size_t bytes;          /* of `data`; anything but the size of that is AD_ERROR_SHAPE */
} ad_array;
/* Row i is element i of each array. `arrays` is copied, names are not. An array whose contents
 * change (replay memory) is for a loader that is `on_demand`. */
AD_API ad_status ad_array_samples_new(ad_samples **out, ad_context *ctx, int64_t count,
                                      const ad_array *arrays, int array_count);

/* ---- batches ---- */

typedef struct ad_loader ad_loader;

typedef struct ad_loader_options {
    int64_t batch;        /* rows */
    const int64_t *index; /* the rows to use, copied; NULL: all */
    int64_t count;        /* of `index` */
    bool shuffle;         /* an order that depends on seed and epoch alone */
    bool keep_last; /* the short last batch of an epoch is given too; without it, `batch` is no
                       more than the rows there are (ad_loader_note) */
    bool on_demand; /* rows may change: each batch is made when it is asked for, by the caller's
                       thread */
    uint64_t seed;
    int threads; /* that read ahead; 0: 1 */
    int ahead;   /* batches made ahead; 0: 4 */
} ad_loader_options;

typedef struct ad_batch {
    int64_t number, size; /* size: rows; what lies beyond them is padding */
    const int64_t *index; /* [size]: which rows */
    void *const *field;   /* in the order of the samples' fields: [rows of a full batch, shape], or
                             [shape] where `whole` */
} ad_batch;

/* `samples` is copied; what it points to must outlive the loader. A row that does not fit into a
 * batch (fit) is AD_ERROR_SHAPE, other things that make no sense AD_ERROR_ARGUMENT. */
AD_API ad_status ad_loader_new(ad_loader **out, ad_context *ctx, const ad_samples *samples,
                               const ad_loader_options *options);
AD_API void ad_loader_free(ad_loader *loader); /* NULL is ignored */
/* Of an epoch. Where not all rows fit into one batch (fit), a batch is as many as do: in order, the
 * next begins with those that are left; shuffled, they are left out, for the number of batches must
 * not depend on the order. */
AD_API int64_t ad_loader_batches(const ad_loader *loader);
/* Of a full batch: the first axis of the fields. Fewer than asked for if there are not so many. */
AD_API int64_t ad_loader_rows(const ad_loader *loader);
/* One sentence where the batch is smaller than what was asked for, else "". */
AD_API const char *ad_loader_note(const ad_loader *loader);

/* Batch `number` (0, 1, ... on through the epochs), valid until the next call. Asking in order is
 * fast. */
AD_API ad_status ad_loader_batch(ad_loader *loader, int64_t number, ad_batch *batch);
/* The same, bound to the program's inputs of the fields' names. A field that is not an input of the
 * program is left out; one of another shape or dtype is an error that names both. */
AD_API ad_status ad_loader_bind(ad_loader *loader, int64_t number, ad_program *program,
                                ad_batch *batch);
/* A field's memory, see ad_batch; NULL: there is no such field. */
AD_API const void *ad_batch_field(const ad_loader *loader, const ad_batch *batch, const char *name);

/* Runs the program on each batch of an epoch, from number 0 on, and calls `score` (unless it is
 * NULL) with the results of its outputs in place. Ends with the first status but AD_OK, also of
 * `score`. */
AD_API ad_status ad_evaluate(ad_program *program, ad_loader *loader,
                             ad_status (*score)(void *user, ad_program *program,
                                                const ad_batch *batch),
                             void *user);

#ifdef __cplusplus
}
#endif
#endif
