/* recompute.h - values that are made again instead of being kept: what recompute.c, evict.c,
 * recipe.c and chain_slice.c share. */
#ifndef AD_PLAN_RECOMPUTE_H
#define AD_PLAN_RECOMPUTE_H

#include "plan/emit.h"

enum { AD_NEVER = INT32_MAX };

/* ---- chain_slice.c ---- */

typedef struct ad_chain_slice {
    ad_chain chain;
    int source[AD_CHAIN_INPUTS];  /* of each input: the whole chain's input, or ~output */
    int output[AD_CHAIN_OUTPUTS]; /* of each output: the whole chain's */
} ad_chain_slice;
/* The part that the `outputs` (a mask) need, where the outputs in `cuts` may be loaded.
 * `accumulates`: input 0 stays whatever happens, being the accumulator of a contraction. False: it
 * exceeds the limits of chain.h. */
bool ad_chain_take(const ad_chain *chain, unsigned outputs, unsigned cuts, bool accumulates,
                   ad_chain_slice *out);

/* ---- recipe.c ---- */

/* One kernel that writes (a part of) a buffer, and how that is done again. */
typedef struct ad_recipe {
    int step;
    const ad_kernel *alone; /* nothing but that; NULL: it cannot be done */
    const ad_kernel *rest;  /* from other results of the same kernel, without the kernel; or NULL */
} ad_recipe;

/* A buffer of the arena as it comes and goes. */
typedef struct ad_held {
    size_t bytes;     /* 0: it is not in the arena */
    int *use, n_uses; /* steps that touch it, rising */
    ad_recipe *recipe;
    int n_recipes;
    int *reader, n_readers; /* buffers whose recipes read it */
    bool fixed;             /* stays from its first use to its last */
    int rank;               /* in `order` */

    /* As the steps are gone through: */
    bool made, live;
    int next;    /* index of the next use */
    int version; /* the buffer that holds it now */
    int need;    /* step before which it must be there, for itself or for what is made from it */
    int pins;
    unsigned seen, wanted;
} ad_held;

typedef struct ad_recompute {
    ad_plan *plan;
    ad_kernel **kernels;      /* as scheduled */
    int n_kernels, n_buffers; /* without workspaces */
    ad_held *held;
    int *order, n_order; /* buffers of the arena, makers before what is made from them */
    int *fresh_until;    /* per step: the step that changes a variable which it reads */
    double *time;        /* per step: estimated seconds before it */

    size_t budget, bytes, peak; /* the most that may be held; what is; what was */
    int now;                    /* uses of earlier steps are over */
    unsigned stamp, walk;
    int *stack, *set; /* [n_buffers], for walks */
    ad_arena *arena;  /* of what is emitted */
    ad_kernel **emitted;
    int n_emitted, emitted_capacity;
    int *origin, n_versions, origin_capacity; /* of the buffers after the first n_buffers */
    double again, patience; /* seconds that are spent twice; the most, as a part of all */
    size_t least;           /* that a program was brought to */
    bool failed;            /* memory was refused */
} ad_recompute;

/* Fills in all but what changes from step to step. False: memory was refused. */
bool ad_recipes(ad_recompute *r);
/* How recipe number i of a buffer is followed as things stand: from what is there of the same
 * kernel's results, or by the kernel. */
const ad_kernel *ad_recipe_now(const ad_recompute *r, int buffer, int i);

/* ---- evict.c ---- */
void ad_find_needs(ad_recompute *r); /* fills in `need` */
/* Gives up values until `bytes` more can be held. False: there are none left to give up. */
bool ad_make_room(ad_recompute *r, size_t bytes);

#endif
