/* loader.h - the inside of a loader: what its rows are, and the ring of batches made ahead. */
#ifndef AD_DATA_SAMPLES_LOADER_H
#define AD_DATA_SAMPLES_LOADER_H

#include <autodidact/samples.h>

#include "base/context.h"

#include <pthread.h>

enum { AD_READERS_MOST = 16, AD_AHEAD_MOST = 1024 };

/* Where a field lies in a slot's memory. */
typedef struct ad_loader_field {
    ad_shape shape;         /* of the whole batch */
    size_t bytes, offset;   /* bytes: of the whole batch */
    size_t row_bytes;       /* 0: the field is of the whole batch */
    unsigned char empty[8]; /* one element of padding */
} ad_loader_field;

typedef struct ad_loader_slot {
    int64_t number, size; /* number -1: empty */
    bool ready;
    int64_t *index; /* [batch] */
    void **field;   /* [fields]: into `memory` */
    void *memory;
} ad_loader_slot;

typedef struct ad_loader_reader {
    void **row; /* [fields + 1]: what `fill` is given; the last is its scratch memory */
} ad_loader_reader;

typedef struct ad_loader_order {
    int64_t epoch; /* -1: none */
    int64_t *index;
} ad_loader_order;

struct ad_loader {
    ad_context *ctx;
    ad_samples samples;
    ad_loader_options options; /* index: none; batch: what it came to */
    ad_loader_field *fields;
    size_t slot_bytes;
    int64_t *index; /* the rows to use */
    int64_t *first; /* [batches + 1]: in `index`, where `fit` decides; or NULL */
    size_t first_bytes;
    int64_t batches;
    bool constant; /* all batches are the same one */
    bool in_place; /* made by the caller's thread */
    char note[160];
    ad_loader_order orders[2]; /* of an even and an odd epoch */
    int slots, readers_wanted;
    ad_loader_slot *ring;
    ad_loader_reader reader[AD_READERS_MOST];
    /* From here on shared with the readers, under the mutex. */
    int readers; /* that have been started */
    pthread_t threads[AD_READERS_MOST];
    pthread_mutex_t mutex;
    pthread_cond_t filled, freed;
    int64_t next_read, given; /* numbers; given: the user's batch, -1 at first */
    int busy;                 /* readers that fill a slot */
    bool stop, started;
};

/* The rows of the epoch that batch `number` is of, in its order. Under the mutex where there are
 * readers; what it returned for the epoch before stays as it is. */
const int64_t *ad_loader_order_of(ad_loader *loader, int64_t number);
/* Makes batch `number` in the slot. */
void ad_loader_fill(const ad_loader *loader, ad_loader_slot *slot, int64_t number,
                    const int64_t *order, const ad_loader_reader *reader);
/* Cuts the rows into batches where `fit` decides, for a loader that keeps their order. */
ad_status ad_loader_cut(ad_loader *loader);

#endif
