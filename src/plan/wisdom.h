/* wisdom.h - the inside of wisdom: a table from problems, as texts, to the solvers that won. */
#ifndef AD_PLAN_WISDOM_H
#define AD_PLAN_WISDOM_H

#include <autodidact/wisdom.h>

#include "base/arena.h"
#include "base/hash_index.h"

enum { AD_WISDOM_TEXT = 64 << 10 }; /* bytes that a line of a file may have */

typedef struct ad_wisdom_row {
    ad_wisdom_entry entry;
    int machine; /* of `machines`; 0 is this one */
    bool newer;  /* it was found out here, in place of what a file may say */
} ad_wisdom_row;

struct ad_wisdom {
    ad_context *ctx;
    ad_arena texts;
    const char **machines; /* "0.1.0\tavx512 bf16\tAMD EPYC ..." */
    int n_machines;
    int64_t machines_room;
    ad_wisdom_row *rows;
    int n_rows;
    int64_t rows_room;
    ad_hash_index index; /* of rows, by problem and machine */
    bool tune;
    int measured;
    double seconds;
};

/* ---- wisdom.c ---- */

/* The row of a problem on a machine, or NULL. */
ad_wisdom_row *ad_wisdom_row_of(const ad_wisdom *wisdom, const char *problem, int machine);
/* Adds a row, or gives back the one that is there. NULL: no memory. */
ad_wisdom_row *ad_wisdom_row_add(ad_wisdom *wisdom, ad_wisdom_entry entry, int machine);
/* The number of a machine that is described like that, which is added if need be; -1: no memory. */
int ad_wisdom_machine(ad_wisdom *wisdom, const char *text);
/* Text that a line can hold: neither empty nor with control characters. */
bool ad_wisdom_plain(const char *text);

#endif
