/* checkpoint.h - the state of a run in files: stores of variables, and bytes that a system keeps.
 */
#ifndef AD_TRAIN_CHECKPOINT_H
#define AD_TRAIN_CHECKPOINT_H

#include <autodidact/train.h>

#include "run/run.h"

typedef struct ad_checkpoint {
    const ad_vars_part *parts; /* the first: the model */
    int count;
    const ad_metadata *metadata;
    int metadata_count;
    const ad_train_state *states;
    int state_count;
} ad_checkpoint;

/* checkpoints/step-STEP.safetensors, of a step of the loop, which counts up whatever a system
 * counts its length in; then older ones beyond `keep` are removed. */
ad_status ad_checkpoint_save(ad_run_folder *run, const ad_checkpoint *checkpoint, int64_t step,
                             int64_t keep);
/* checkpoints/best.safetensors: the model alone. */
ad_status ad_checkpoint_save_best(ad_run_folder *run, const ad_checkpoint *checkpoint);
ad_status ad_checkpoint_load_best(ad_run_folder *run, ad_vars *vars);
/* The newest checkpoint that is whole, into the parts and states; *step -1: there is none, and none
 * is broken. Notes which ones are passed over. */
ad_status ad_checkpoint_load(ad_run_folder *run, const ad_checkpoint *checkpoint, int64_t *step);

/* ---- weights_copy.c ---- */

/* All variables of a store, one after the other. */
size_t ad_vars_copy_bytes(const ad_vars *vars);
void ad_vars_copy_out(ad_vars *vars, void *copy);
ad_status ad_vars_copy_in(ad_vars *vars, const void *copy);

/* ---- state_stream.c ---- */

struct ad_state_stream {
    ad_context *ctx;
    const char *name; /* of the state, for errors */
    /* In memory, */
    unsigned char *bytes;
    size_t size, capacity, at; /* capacity 0: not owned */
    /* or in a file. */
    struct ad_output *output;
    FILE *input;
    uint64_t hash; /* of all that was written */
    bool reading;
};

/* Into memory that ad_state_end frees; the version comes first. */
ad_status ad_state_save(const ad_train_state *state, ad_context *ctx, ad_state_stream *stream);
void ad_state_end(ad_state_stream *stream);
/* From what that wrote; bytes left over are an error. */
ad_status ad_state_load(const ad_train_state *state, ad_context *ctx, const void *bytes,
                        size_t size);
/* The same to and from a file: *about says what must be found there again. */
typedef struct ad_state_file {
    int64_t version, bytes;
    uint64_t hash;
} ad_state_file;
ad_status ad_state_save_file(const ad_train_state *state, ad_context *ctx, const char *path,
                             ad_state_file *about);
/* AD_ERROR_FORMAT where the file is missing, cut short or of other bytes. */
ad_status ad_state_check_file(const ad_train_state *state, ad_context *ctx, const char *path,
                              const ad_state_file *about);
ad_status ad_state_load_file(const ad_train_state *state, ad_context *ctx, const char *path,
                             const ad_state_file *about);

#endif
