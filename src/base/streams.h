/* streams.h - how far ahead kernels fetch what they read once, from one end to the other.
 *
 * No bits depend on it. A kind of processor has its figures (cpu_kinds.c); where nobody has looked
 * at one, tuning measures them (plan/tune_streams.c). They are the processor's, and so the same for
 * all contexts. */
#ifndef AD_BASE_STREAMS_H
#define AD_BASE_STREAMS_H

#include <stdbool.h>

typedef enum ad_stream {
    AD_STREAM_NONE = 0,
    AD_STREAM_ROWS,   /* of a matrix that few rows meet */
    AD_STREAM_BLOCKS, /* the same of quantised blocks */
    AD_STREAM_SUMS,   /* tiles of a sum */
    AD_STREAM_CHAINS, /* tiles of an elementwise chain */
    AD_STREAMS,
} ad_stream;

typedef struct ad_fetch {
    int ahead;    /* bytes, at most AD_FETCH_MOST; 0: left to the processor */
    bool through; /* to L1 alone, past the caches behind it (rows and blocks) */
} ad_fetch;

enum { AD_FETCH_MOST = 1 << 20 };

const char *ad_stream_name(ad_stream stream); /* "rows" */
ad_fetch ad_stream_fetch(ad_stream stream);
/* In effect from the next kernel, of any thread; a distance out of range is ignored. */
void ad_stream_set_fetch(ad_stream stream, ad_fetch fetch);

#endif
