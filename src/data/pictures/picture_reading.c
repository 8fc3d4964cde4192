/* picture_reading.c - see picture_reading.h. */
#include "data/pictures/picture_reading.h"

#include "base/pool.h"

#include <stdio.h>

typedef struct shared_work {
    ad_picture_reading *reading;
    ad_picture_work work;
} shared_work;

ad_status ad_picture_reading_init(ad_picture_reading *r, ad_image_set *set, ad_picture_list *list)
{
    ad_context *ctx = set->ctx;
    *r = (ad_picture_reading){
        .set = set, .list = list, .readers = ad_pool_size(ad_context_pool(ctx))};
    r->info = ad_zalloc(ctx, ad_bytes(list->count, sizeof *r->info));
    r->status = ad_zalloc(ctx, (size_t)list->count);
    r->reader = ad_zalloc(ctx, (size_t)r->readers * sizeof *r->reader);
    if (!r->info || !r->status || !r->reader) return AD_ERROR_MEMORY;
    for (int i = 0; i < r->readers; ++i)
        if (!(r->reader[i].ctx = ad_context_new(&(ad_context_options){.threads = 1})))
            return ad_fail(ctx, AD_ERROR_MEMORY, "out of memory");
    return AD_OK;
}

void ad_picture_reading_free(ad_picture_reading *r)
{
    ad_context *ctx = r->set->ctx;
    for (int i = 0; r->reader && i < r->readers; ++i) ad_context_free(r->reader[i].ctx);
    ad_free(ctx, r->reader, (size_t)r->readers * sizeof *r->reader);
    ad_free(ctx, r->status, (size_t)r->list->count);
    ad_free(ctx, r->info, ad_bytes(r->list->count, sizeof *r->info));
}

static void keep_failure(ad_picture_failure *f, const ad_context *ctx, int64_t picture,
                         ad_status status)
{
    if (f->status && f->picture < picture) return;
    *f = (ad_picture_failure){.picture = picture, .status = status};
    snprintf(f->sentence, sizeof f->sentence, "%s", ad_error(ctx));
}

static void task(void *user, int64_t i, int worker)
{
    const shared_work *shared = user;
    ad_picture_reading *r = shared->reading;
    ad_picture_reader *own = &r->reader[worker];
    const ad_source *source = r->list->source;
    int64_t entry = r->list->pictures[i].entry;
    ad_content content;
    char title[512];
    if (r->status[i]) return;
    ad_source_title(source, entry, title, sizeof title);
    ad_status status = ad_source_read(source, entry, own->ctx, &content);
    if (!status) status = shared->work(r, own->ctx, i, title, &content);
    ad_content_free(&content);
    r->status[i] = (unsigned char)status;
    if (!status) return;
    bool broken = status != AD_ERROR_MEMORY && status != AD_ERROR_SHAPE;
    keep_failure(broken && r->list->options->skip_bad ? &own->skip : &own->stop, own->ctx, i,
                 status);
}

/* The one of the first picture, or NULL. */
static const ad_picture_failure *first_failure(const ad_picture_reading *r, bool stop)
{
    const ad_picture_failure *first = NULL;
    for (int i = 0; i < r->readers; ++i) {
        const ad_picture_failure *f = stop ? &r->reader[i].stop : &r->reader[i].skip;
        if (f->status && (!first || f->picture < first->picture)) first = f;
    }
    return first;
}

ad_status ad_picture_reading_each(ad_picture_reading *r, ad_picture_work work)
{
    shared_work shared = {r, work};
    ad_parallel(ad_context_pool(r->set->ctx), r->list->count, task, &shared);
    const ad_picture_failure *f = first_failure(r, true);
    return f ? ad_fail(r->set->ctx, f->status, "%s", f->sentence) : AD_OK;
}

const char *ad_picture_reading_skipped(const ad_picture_reading *r)
{
    const ad_picture_failure *f = first_failure(r, false);
    return f ? f->sentence : NULL;
}
