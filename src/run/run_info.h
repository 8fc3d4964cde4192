/* run_info.h - the inside of a run that is read: the public part, and where its memory lies. */
#ifndef AD_RUN_RUN_INFO_H
#define AD_RUN_RUN_INFO_H

#include <autodidact/run.h>

#include "base/arena.h"

typedef struct ad_run_record {
    ad_run_info info; /* first, so that one is the other */
    ad_context *ctx;
    ad_arena arena; /* texts and tables */
    bool refused;   /* memory, on the way */
    bool *flags;    /* [option_count]: the option is a flag */
    void *numbers;  /* of the series */
    size_t number_bytes;
} ad_run_record;

/* A run alone, without its parts; and those of one that is read. */
ad_status ad_run_read_one(ad_run_info **out, ad_context *ctx, const char *path);
ad_status ad_run_read_parts(ad_run_record *record);
/* Reads metrics.jsonl (none: no series) into info.series, step, seconds, epochs_a_step. */
ad_status ad_run_read_series(ad_run_record *record, const char *path);
/* The series of that name, or NULL. */
const ad_run_series *ad_run_find_series(const ad_run_info *info, const char *name);
/* The value of an option, or NULL. */
const char *ad_run_option(const ad_run_info *info, const char *name);

#endif
