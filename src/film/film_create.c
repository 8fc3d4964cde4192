/* film_create.c - beginning to write a film: its options, the file whose sound it takes, who writes
 * it. */
#include "film/film_writer.h"

#include <stdio.h>
#include <string.h>

/* film.mp4: film.partial.mp4 */
static void name_partial(const char *path, char partial[PATH_MAX])
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    if (!dot || (slash && dot < slash)) dot = path + strlen(path);
    if (snprintf(partial, PATH_MAX, "%.*s.partial%s", (int)(dot - path), path, dot) >= PATH_MAX)
        partial[0] = 0;
}

static ad_status open_audio(ad_film_writer *w, const char *path)
{
    ad_status status = ad_file_bytes_read_parts(&w->audio_file, w->thread.ctx, path, SIZE_MAX / 4);
    if (status) return status;
    w->audio = (ad_film_bytes){path, w->audio_file.bytes, w->audio_file.size,
                               ad_file_bytes_descriptor(&w->audio_file)};
    return AD_OK;
}

static ad_status open_sink(ad_film_writer *w, const ad_film_write_options *o)
{
    ad_context *own = w->thread.own;
    ad_film_sink_options options = {.kind = w->kind,
                                    .fps_den = 1,
                                    .crf = o->crf,
                                    .audio_from = o->audio_from,
                                    .audio_to = o->audio_to,
                                    .threads = o->threads ? o->threads
                                                          : ad_context_threads(w->thread.ctx)};
    if (o->fps > 0) ad_film_rate(o->fps, &options.fps_num, &options.fps_den);
    if (w->audio.bytes) options.audio = &w->audio;
    switch (w->kind) {
    case AD_FILM_GIF: return ad_film_sink_gif(&w->sink, own, w->path);
    case AD_FILM_FOLDER:
    case AD_FILM_PATTERN: return ad_film_sink_pictures(&w->sink, own, w->path, w->kind);
    default: return ad_film_sink_av(&w->sink, own, w->path, &options);
    }
}

static ad_status check_options(ad_context *ctx, const char *path, ad_film_kind kind,
                               const ad_film_write_options *o)
{
    int most = kind == AD_FILM_WEBM ? 63 : 51;
    if (o->crf < 0 || o->crf > most)
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: crf %d: 1 to %d can be had, 0 is the default",
                       path, o->crf, most);
    if (!(o->fps >= 0 && o->fps <= 1000))
        return ad_fail(ctx, AD_ERROR_ARGUMENT, "%s: %g frames a second: 0 to 1000 can be had", path,
                       o->fps);
    if (!(o->audio_from >= 0) || !(o->audio_to >= 0))
        return ad_fail(ctx, AD_ERROR_ARGUMENT,
                       "%s: sound from %g to %g seconds: both are 0 or more", path, o->audio_from,
                       o->audio_to);
    return AD_OK;
}

ad_status ad_film_create(ad_context *ctx, const char *path, const ad_film_write_options *options,
                         ad_film_writer **out)
{
    ad_film_write_options o = options ? *options : (ad_film_write_options){0};
    ad_film_kind kind = ad_film_kind_of(path);
    *out = NULL;
    ad_status status = ad_film_can_write(ctx, path);
    if (!status) status = check_options(ctx, path, kind, &o);
    if (status) return status;
    ad_film_writer *w = ad_zalloc(ctx, sizeof *w);
    if (!w) return AD_ERROR_MEMORY;
    w->kind = kind, w->result = "";
    status = ad_film_thread_init(&w->thread, ctx);
    if (!status && !(w->path = ad_string_copy(ctx, path))) status = AD_ERROR_MEMORY;
    if (!status) name_partial(path, w->partial);
    bool sound = kind == AD_FILM_MP4 || kind == AD_FILM_WEBM;
    if (!status && o.audio && sound) status = open_audio(w, o.audio);
    if (!status) status = ad_film_thread_fail(&w->thread, open_sink(w, &o));
    if (status)
        ad_film_writer_free(w);
    else
        *out = w;
    return status;
}

void ad_film_writer_free(ad_film_writer *w)
{
    if (!w) return;
    ad_context *ctx = w->thread.ctx;
    if (w->ring.ctx) ad_film_ring_end(&w->ring);
    ad_film_thread_join(&w->thread);
    if (w->sink) w->sink->free(w->sink);
    ad_film_ring_free(&w->ring);
    ad_file_bytes_free(&w->audio_file);
    ad_film_thread_free(&w->thread);
    ad_string_free(ctx, w->path);
    ad_free(ctx, w, sizeof *w);
}
