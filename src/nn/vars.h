/* vars.h - the inside of ad_vars: entries in blocks, and flat views over runs of them. */
#ifndef AD_NN_VARS_H
#define AD_NN_VARS_H

#include <autodidact/nn.h>

#include "graph/node.h"

typedef struct ad_var_block ad_var_block;

typedef struct ad_var_entry {
    ad_variable variable; /* first: an ad_variable of a store is its entry */
    ad_init init;
    const void *initial; /* the whole first value, or NULL: by `init` */
    bool optional;       /* files may lack it: they keep no such state */
    bool frozen;         /* optimizers leave it alone */
    uint64_t hash;       /* of the name */
    ad_var_block *block;
    struct ad_var_entry *next; /* in the block, by rising offset */
} ad_var_entry;

/* Variables of one dtype and kind that were declared together. Open to further ones until it is
 * laid out (storage.ready is NULL from then on). */
struct ad_var_block {
    ad_storage storage; /* first */
    ad_dtype dtype;
    bool buffer;
    int number; /* among the store's blocks */
    ad_var_entry *first, *last;
    ad_var_block *next;
};

struct ad_vars {
    ad_context *ctx;
    ad_arena arena;
    uint64_t seed;
    ad_var_entry **entries; /* in order of declaration */
    int count, capacity;
    ad_var_block *blocks, *last_block;
};

typedef struct ad_var_extra {
    const void *initial; /* copied */
    bool optional;
} ad_var_extra;

/* ad_var with what only the library itself says about a variable, for a graph of context `ctx`,
 * which has the error. A context that is not the store's finds variables and declares none. */
ad_variable *ad_var_with(ad_context *ctx, ad_vars *vars, const char *name, ad_shape shape,
                         ad_var_options options, ad_var_extra extra);
/* The whole store to be changed, until the release: AD_ERROR_ARGUMENT where a program is at it. */
ad_status ad_vars_claim(ad_vars *vars);
void ad_vars_release(ad_vars *vars);
/* `bytes` of memory for the block with every variable at its first value, except those whose flag
 * in `skip` (by index in the store; NULL: none) is set, which are zero. NULL on failure. */
void *ad_var_block_image(ad_vars *vars, const ad_var_block *block, const bool *skip);
/* The elements from the start of `first` to the end of `last` (one block, laid out) as one flat
 * variable, alignment gaps included. Owned by the store. NULL on failure. */
ad_variable *ad_vars_span(ad_vars *vars, const ad_var_entry *first, const ad_var_entry *last);
/* The same of `count` elements from element `begin` of a variable. */
ad_variable *ad_variable_span(ad_vars *vars, const ad_variable *variable, int64_t begin,
                              int64_t count);

/* spectral_norm.c: `weight`, which the layer `name` has in this layout (AD_LAYOUT_SAME: [out, in]),
 * divided by its largest singular value; `mode` may be NULL. */
ad_node *ad_spectral_norm(ad_vars *vars, const char *name, ad_node *weight, ad_file_layout layout,
                          ad_mode *mode);

/* Its index in the store; -1: it is not of this store. */
int ad_vars_index(const ad_vars *vars, const ad_variable *variable);

/* Whether `name` is in the subtree `prefix`: "encoder" holds "encoder.weight", not
 * "encoder2.weight". NULL or "": it is. */
bool ad_name_under(const char *name, const char *prefix);

/* NULL, or what is wrong with initialising such a variable so. */
const char *ad_init_check(ad_shape shape, ad_dtype dtype, ad_file_layout layout, ad_init init);
/* Writes the first value. It depends on the seed and the variable's name alone. */
ad_status ad_init_fill(ad_context *ctx, uint64_t seed, const ad_var_entry *entry, void *data);

#endif
