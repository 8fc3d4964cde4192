/* film_write.c - writing a film: the thread that encodes what was added, and what remains of a film
 * that could not be finished. */
#include "base/notes.h"
#include "film/film_writer.h"
#include "io/image_codec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SLOTS = 4 };

/* ---- the thread ---- */

static void *encode(void *user)
{
    ad_film_writer *w = user;
    ad_film_slot *slot;
    ad_status status = AD_OK;
    while (!status && (slot = ad_film_ring_full(&w->ring))) {
        status = w->sink->add(w->sink, slot);
        if (!status) ad_film_ring_take(&w->ring);
    }
    if (!status) status = w->sink->finish(w->sink);
    w->status = status;
    ad_film_ring_stop(&w->ring);
    return NULL;
}

/* ---- frames ---- */

static ad_status begin_frames(ad_film_writer *w, const ad_image *image)
{
    ad_context *ctx = w->thread.ctx;
    ad_film_sink *s = w->sink;
    int64_t width = image->width, height = image->height, pixels;
    if (s->even) width += width % 2, height += height % 2;
    if (__builtin_mul_overflow(width, height, &pixels) || pixels > AD_FILM_MAX_PIXELS)
        return ad_fail(ctx, AD_ERROR_LIMIT, "%s: frames of %lld x %lld pixels; the limit is %lld",
                       w->path, (long long)image->width, (long long)image->height,
                       (long long)AD_FILM_MAX_PIXELS);
    s->width = width, s->height = height;
    s->channels = s->alpha && image->channels % 2 == 0 ? 4 : 3;
    if (width != image->width || height != image->height)
        ad_note(ctx,
                "%s: is %lld x %lld: its format takes even sides alone, so the last %s repeated",
                w->path, (long long)width, (long long)height,
                width == image->width     ? "row is"
                : height == image->height ? "column is"
                                          : "row and column are");
    w->width = image->width, w->height = image->height;
    size_t bytes = (size_t)(pixels * s->channels) * (s->floats ? sizeof(float) : 1);
    ad_status status = ad_film_ring_init(&w->ring, ctx, SLOTS, bytes);
    if (!status) status = ad_film_thread_start(&w->thread, encode, w);
    return status;
}

/* Rows of the picture; the last pixel and the last row once more where the sides must be even. */
static void fill(ad_film_writer *w, const ad_image *image, ad_film_slot *slot)
{
    const ad_film_sink *s = w->sink;
    int64_t row = image->width * image->channels, wide = s->width * image->channels;
    size_t size = s->floats ? sizeof(float) : 1;
    unsigned char *to = slot->pixels;
    for (int64_t y = 0; y < s->height; ++y, to += (size_t)wide * size) {
        const float *from = image->data + (y < image->height ? y : y - 1) * row;
        if (s->floats)
            memcpy(to, from, (size_t)row * size);
        else
            ad_samples_to_u8(to, from, row);
        if (wide > row)
            memcpy(to + (size_t)row * size, to + (size_t)(row - image->channels) * size,
                   (size_t)image->channels * size);
    }
}

static ad_status check_frame(ad_film_writer *w, const ad_image *image, double time, double duration)
{
    ad_context *ctx = w->thread.ctx;
    if (w->ended)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: the film is finished already", w->path);
    if (w->width && (image->width != w->width || image->height != w->height))
        return ad_fail(ctx, AD_ERROR_SHAPE,
                       "%s: a frame of %lld x %lld among frames of %lld x %lld", w->path,
                       (long long)image->width, (long long)image->height, (long long)w->width,
                       (long long)w->height);
    if (!(time >= 0 && time < 1e7) || !(duration >= 0 && duration < 1e7) ||
        (w->added && !(time > w->time)))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: a frame at %g seconds for %g behind one at %g: times begin at 0 and "
                       "grow, to 1e7 at most",
                       w->path, time, duration, w->added ? w->time : 0);
    return AD_OK;
}

/* The frame that waits is put: it ends at `end` if it does not know when. */
static void put_last(ad_film_writer *w, double end)
{
    if (!w->last) return;
    if (!(w->last->duration > 0)) w->last->duration = end - w->last->time;
    w->duration = w->last->duration;
    ad_film_ring_put(&w->ring);
    w->last = NULL;
}

static ad_status unfinished(ad_film_writer *w, ad_status status);

ad_status ad_film_add(ad_film_writer *w, const ad_image *image, double time, double duration)
{
    ad_status status = check_frame(w, image, time, duration);
    if (!status && !w->width) status = begin_frames(w, image);
    if (status) return status;
    put_last(w, time);
    ad_film_slot *slot = ad_film_ring_empty(&w->ring);
    if (!slot) return unfinished(w, AD_OK);
    ad_image *converted = NULL;
    if (image->channels != w->sink->channels) {
        status = ad_image_convert(w->thread.ctx, image, w->sink->channels, NULL, &converted);
        if (status) return status;
        if (image->channels % 2 == 0 && w->sink->channels == 3 && !w->alpha_told)
            ad_note(w->thread.ctx, "%s: transparency is laid over white", w->path);
        w->alpha_told = true;
    }
    fill(w, converted ? converted : image, slot);
    ad_image_free(converted);
    slot->time = w->time = time, slot->duration = duration;
    w->last = slot;
    ++w->added;
    ad_film_thread_tell(&w->thread);
    return AD_OK;
}

/* ---- the end ---- */

/* Whatever there is gets the name for unfinished films. `status` AD_OK: the thread's failure, else
 * that of the sink. Adds to the error what remains. */
static ad_status unfinished(ad_film_writer *w, ad_status status)
{
    ad_context *ctx = w->thread.ctx;
    char why[600];
    const char *path = "";
    int64_t frames = 0;
    w->ended = true;
    ad_film_ring_end(&w->ring);
    ad_film_thread_join(&w->thread);
    if (!status) status = w->status;
    snprintf(why, sizeof why, "%s", ad_error(w->thread.own));
    bool kept = w->partial[0] && w->sink->keep(w->sink, w->partial, &path, &frames);
    ad_film_thread_tell(&w->thread);
    if (!kept) return ad_fail(ctx, status, "%s; nothing of the film remains", why);
    w->result = path, w->frames = frames;
    return ad_fail(ctx, status, "%s; %s holds %lld frame%s of it", why, path, (long long)frames,
                   frames == 1 ? "" : "s");
}

/* All frames are encoded, or it is told why not. */
static ad_status encode_rest(ad_film_writer *w)
{
    if (w->ended)
        return ad_fail(w->thread.ctx, AD_ERROR_ARGUMENT, "%s: the film is finished already",
                       w->path);
    if (!w->added) {
        w->ended = true;
        return ad_fail(w->thread.ctx, AD_ERROR_ARGUMENT, "%s: a film without frames", w->path);
    }
    put_last(w, w->time + (w->duration > 0 ? w->duration : 0.04));
    ad_film_ring_end(&w->ring);
    ad_film_thread_join(&w->thread);
    if (w->status) return unfinished(w, AD_OK);
    w->ended = true;
    return AD_OK;
}

ad_status ad_film_finish(ad_film_writer *w)
{
    ad_status status = encode_rest(w);
    if (status) return status;
    status = w->sink->commit(w->sink);
    if (status) return unfinished(w, status);
    w->result = w->path, w->frames = w->added;
    ad_film_thread_tell(&w->thread);
    return AD_OK;
}

ad_status ad_film_writer_stop(ad_film_writer *w)
{
    const char *path = "";
    if (!w->ended && !w->added) return w->ended = true, AD_OK;
    ad_status status = encode_rest(w);
    if (status) return status;
    if (!w->sink->keep(w->sink, w->partial, &path, &w->frames))
        return ad_film_thread_fail(&w->thread, ad_error_status(w->thread.own));
    w->result = path;
    ad_film_thread_tell(&w->thread);
    return AD_OK;
}

const char *ad_film_writer_path(const ad_film_writer *w)
{
    return w->result;
}

int64_t ad_film_writer_frames(const ad_film_writer *w)
{
    return w->frames;
}
