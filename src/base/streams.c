/* streams.c - the figures of this processor's kind, until others are set. */
#include "base/streams.h"
#include "base/cpu_kinds.h"

#include <stdatomic.h>

/* 0: those of its kind; else 1 + 2 * ahead + through, so that both change at once. */
static atomic_int fetches[AD_STREAMS];

const char *ad_stream_name(ad_stream stream)
{
    static const char *const names[AD_STREAMS] = {
        [AD_STREAM_NONE] = "none", [AD_STREAM_ROWS] = "rows",     [AD_STREAM_BLOCKS] = "blocks",
        [AD_STREAM_SUMS] = "sums", [AD_STREAM_CHAINS] = "chains",
    };
    return names[stream];
}

ad_fetch ad_stream_fetch(ad_stream stream)
{
    int set = atomic_load_explicit(&fetches[stream], memory_order_relaxed);
    return set ? (ad_fetch){(set - 1) / 2, (set - 1) % 2} : ad_cpu_get()->kind->fetch[stream];
}

void ad_stream_set_fetch(ad_stream stream, ad_fetch fetch)
{
    if (fetch.ahead < 0 || fetch.ahead > AD_FETCH_MOST) return;
    atomic_store_explicit(&fetches[stream], 1 + 2 * fetch.ahead + fetch.through,
                          memory_order_relaxed);
}
