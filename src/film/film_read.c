/* film_read.c - reading a film: the thread that decodes ahead, the part from `from` to `to`,
 * another rate, and pictures of what the thread gave. */
#include "base/notes.h"
#include "film/film.h"
#include "io/image_codec.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { RING_BYTES = 256 << 20, AHEAD = 4 };

struct ad_film {
    ad_film_thread thread;
    ad_film_ring ring;
    ad_film_source *source;
    ad_film_options options;
    char *name;
    ad_file_bytes file;
    ad_film_bytes bytes;
    ad_status status; /* the thread's, set before the ring ends */
    bool ended, alpha_told, pictures;
    double reached; /* by the thread: the last frame's time; below 0: none yet */
    int64_t given;
    int64_t fps_num, fps_den;   /* wanted; 0/1: the film's own times */
    ad_film_frame shown, later; /* at another rate: two frames of the film's own, or none */
};

/* ---- the thread ---- */

/* The next frame within from and to, its times counted from there. */
static ad_status fill(ad_film *f, ad_film_slot *slot, bool *ended)
{
    double from = f->options.from, to = f->options.to;
    ad_status status = f->source->next(f->source, from, slot, ended);
    if (status || *ended) return status;
    double end = slot->time + slot->duration;
    if (to > 0 && slot->time >= to - ad_film_instant) return *ended = true, AD_OK;
    if (to > 0 && end > to) end = to;
    slot->time = slot->time > from ? slot->time - from : 0;
    if (slot->time <= f->reached) slot->time = f->reached + ad_film_instant; /* files may err */
    f->reached = slot->time;
    slot->duration = fmax(end - from - slot->time, ad_film_instant);
    return AD_OK;
}

static void *read_ahead(void *user)
{
    ad_film *f = user;
    bool ended = false;
    ad_status status = AD_OK;
    if (f->options.from > 0 && f->source->seek)
        status = f->source->seek(f->source, f->options.from);
    while (!status && !ended) {
        ad_film_slot *slot = ad_film_ring_empty(&f->ring);
        if (!slot) break;
        status = fill(f, slot, &ended);
        if (!status && !ended) ad_film_ring_put(&f->ring);
    }
    f->status = status;
    ad_film_ring_end(&f->ring);
    return NULL;
}

/* ---- opening ---- */

static ad_status check_options(ad_context *ctx, const char *name, const ad_film_options *o)
{
    if (!(o->from >= 0) || !(o->to >= 0) || isinf(o->from) || isinf(o->to))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: from %g to %g seconds: both are numbers from 0 on", name, o->from,
                       o->to);
    if (o->to > 0 && !(o->to > o->from))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: from %g to %g seconds: the end must lie behind the beginning", name,
                       o->from, o->to);
    if (!(o->fps >= 0 && o->fps <= 1000))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %g frames a second: 0 to 1000 can be had", name,
                       o->fps);
    if (o->ahead < 0 || o->ahead > AD_FILM_SLOTS_MOST)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %d frames ahead: 0 to %d can be had", name,
                       o->ahead, AD_FILM_SLOTS_MOST);
    return AD_OK;
}

/* A folder, a file, or with `bytes` what is in memory. */
static ad_status open_source(ad_film *f)
{
    ad_film_thread *t = &f->thread;
    ad_status status = AD_OK;
    if (f->pictures) {
        status = ad_film_source_pictures(&f->source, t->own, f->name, &f->options);
        return ad_film_thread_fail(t, status);
    }
    if (!f->bytes.bytes) {
        status = ad_file_bytes_read_parts(&f->file, t->ctx, f->name, SIZE_MAX / 4);
        if (status) return status;
        f->bytes = (ad_film_bytes){f->name, f->file.bytes, f->file.size,
                                   ad_file_bytes_descriptor(&f->file)};
    }
    if (!f->bytes.size) return ad_fail(t->ctx, AD_ERROR_FORMAT, "%s: the file is empty", f->name);
    sigset_t old;
    ad_film_block_signals(&old); /* libav starts threads of its own */
    status = ad_film_source_av(&f->source, t->own, &f->bytes, &f->options,
                               ad_context_threads(t->ctx));
    ad_film_unblock_signals(&old);
    return ad_film_thread_fail(t, status);
}

static ad_status start(ad_film *f)
{
    const ad_film_info *info = &f->source->info;
    size_t bytes = ad_film_sample_bytes(f->source->samples) * (size_t)f->source->channels *
                   (size_t)(info->width * info->height);
    int slots = f->options.ahead ? f->options.ahead : (int)(RING_BYTES / bytes);
    if (!f->options.ahead && slots > AHEAD) slots = AHEAD;
    ad_status status = ad_film_ring_init(&f->ring, f->thread.ctx, slots ? slots : 1, bytes);
    if (!status) status = ad_film_thread_start(&f->thread, read_ahead, f);
    return status;
}

static ad_status open_film(ad_film **out, ad_context *ctx, const char *name,
                           const ad_film_bytes *bytes, const ad_film_options *options)
{
    struct stat about;
    ad_film_options o = options ? *options : (ad_film_options){0};
    *out = NULL;
    ad_status status = check_options(ctx, name, &o);
    if (status) return status;
    if (o.max_pixels <= 0 || o.max_pixels > AD_IMAGE_MAX_PIXELS) o.max_pixels = AD_FILM_MAX_PIXELS;
    ad_film *f = ad_zalloc(ctx, sizeof *f);
    if (!f) return AD_ERROR_MEMORY;
    f->options = o, f->fps_den = 1, f->reached = -1;
    if (bytes) f->bytes = *bytes;
    bool there = !stat(name, &about);
    f->pictures = !bytes &&
                  (there ? S_ISDIR(about.st_mode) : ad_film_kind_of(name) == AD_FILM_PATTERN);
    if (o.fps > 0 && !f->pictures) ad_film_rate(o.fps, &f->fps_num, &f->fps_den);
    status = ad_film_thread_init(&f->thread, ctx);
    if (!status && !(f->name = ad_string_copy(ctx, name))) status = AD_ERROR_MEMORY;
    if (!status && bytes) f->bytes.name = f->name;
    if (!status) status = open_source(f);
    if (!status) status = start(f);
    if (status)
        ad_film_free(f);
    else
        *out = f;
    return status;
}

ad_status ad_film_open(ad_context *ctx, const char *path, const ad_film_options *options,
                       ad_film **out)
{
    return open_film(out, ctx, path, NULL, options);
}

ad_status ad_film_open_memory(ad_context *ctx, const char *name, const void *bytes, size_t size,
                              const ad_film_options *options, ad_film **out)
{
    return open_film(out, ctx, name, &(ad_film_bytes){name, bytes, size, -1}, options);
}

void ad_film_free(ad_film *f)
{
    if (!f) return;
    ad_context *ctx = f->thread.ctx;
    if (f->ring.ctx) ad_film_ring_stop(&f->ring);
    ad_film_thread_join(&f->thread);
    if (f->source) f->source->free(f->source);
    ad_film_ring_free(&f->ring);
    ad_image_free(f->shown.image), ad_image_free(f->later.image);
    ad_file_bytes_free(&f->file);
    ad_film_thread_free(&f->thread);
    ad_string_free(ctx, f->name);
    ad_free(ctx, f, sizeof *f);
}

const ad_film_info *ad_film_get_info(const ad_film *f)
{
    return &f->source->info;
}

/* ---- pictures ---- */

static void to_floats(float *to, const void *from, ad_film_samples samples, int64_t count)
{
    const uint16_t *deep = from;
    if (samples == AD_FILM_U8) ad_samples_from_u8(to, from, count);
    if (samples == AD_FILM_F32) memcpy(to, from, (size_t)count * sizeof *to);
    for (int64_t i = 0; samples == AD_FILM_U16 && i < count; ++i) to[i] = (float)deep[i] / 65535;
}

static bool opaque(const ad_image *image)
{
    for (int64_t i = 0; i < image->width * image->height; ++i)
        if (image->data[4 * i + 3] < 1) return false;
    return true;
}

static ad_status without_alpha(ad_film *f, ad_image **image)
{
    ad_image *plain;
    if (!f->alpha_told && !opaque(*image)) {
        ad_note(f->thread.ctx, "%s: its transparency is laid over white", f->name);
        f->alpha_told = true;
    }
    ad_status status = ad_image_convert(f->thread.ctx, *image, 3, NULL, &plain);
    ad_image_free(*image);
    *image = status ? NULL : plain;
    return status;
}

/* The film's next frame at its own time; its image is NULL at the end. */
static ad_status take(ad_film *f, ad_film_frame *frame)
{
    const ad_film_info *info = &f->source->info;
    int channels = f->source->channels;
    *frame = (ad_film_frame){0};
    ad_film_slot *slot = ad_film_ring_full(&f->ring);
    ad_film_thread_tell(&f->thread);
    if (!slot) return f->ended = true, ad_film_thread_fail(&f->thread, f->status);
    ad_status status = ad_image_make(f->thread.ctx, info->width, info->height, channels,
                                     &frame->image);
    if (!status)
        to_floats(frame->image->data, slot->pixels, f->source->samples,
                  info->width * info->height * channels);
    frame->time = slot->time, frame->duration = slot->duration;
    ad_film_ring_take(&f->ring);
    if (!status && channels == 4 && !f->options.keep_alpha)
        status = without_alpha(f, &frame->image);
    return status;
}

/* At another rate: the frame that is the nearest in time. */
static ad_status take_nearest(ad_film *f, ad_film_frame *frame)
{
    double time = (double)f->given * (double)f->fps_den / (double)f->fps_num;
    ad_status status = AD_OK;
    *frame = (ad_film_frame){0};
    if (!f->shown.image && !f->ended) status = take(f, &f->shown);
    while (!status && f->shown.image) {
        if (!f->later.image && !f->ended) status = take(f, &f->later);
        if (status || !f->later.image || /* of two that are as near, the one that is shown */
            fabs(f->later.time - time) > fabs(f->shown.time - time) - ad_film_instant)
            break;
        ad_image_free(f->shown.image);
        f->shown = f->later, f->later = (ad_film_frame){0};
    }
    if (status || !f->shown.image) return status;
    double end = f->shown.time + f->shown.duration;
    if (!f->later.image && f->given && time >= end - ad_film_instant) return AD_OK;
    frame->time = time, frame->duration = (double)f->fps_den / (double)f->fps_num;
    return ad_image_convert(f->thread.ctx, f->shown.image, f->shown.image->channels, NULL,
                            &frame->image);
}

static ad_status nothing_shown(ad_film *f)
{
    const ad_film_options *o = &f->options;
    char to[48] = "the end", length[64] = "";
    double seconds = f->source->info.seconds;
    if (o->to > 0) snprintf(to, sizeof to, "%g seconds", o->to);
    if (seconds > 0) snprintf(length, sizeof length, "; the film has %.3g", seconds);
    return ad_fail(f->thread.ctx, AD_ERROR_ARGUMENT,
                   "%s: no frame is shown from %g seconds to %s%s", f->name, o->from, to, length);
}

ad_status ad_film_next(ad_film *f, ad_film_frame *frame)
{
    ad_status status = f->fps_num ? take_nearest(f, frame) : take(f, frame);
    if (!status && !frame->image && !f->given) status = nothing_shown(f);
    if (status) {
        ad_image_free(frame->image);
        *frame = (ad_film_frame){0};
    }
    frame->number = f->given;
    if (frame->image) ++f->given;
    return status;
}
