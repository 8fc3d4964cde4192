/* write_gif.c - a film as a GIF, by the one writer of GIFs (src/io/animation.c): all of it is put
 * together in memory and written at the end. A GIF counts in hundredths of a second. */
#include "base/notes.h"
#include "film/film.h"

#include <math.h>
#include <stdio.h>

typedef struct gif_sink {
    ad_film_sink base;
    ad_animation *animation;
    int64_t frames, told; /* hundredths that were given away so far */
    bool fast, ended;
} gif_sink;

/* Where the frame ends, to the hundredth: errors do not add up. */
static double rounded(gif_sink *s, const ad_film_slot *slot)
{
    int64_t end = llround(100 * (slot->time + slot->duration));
    double seconds = (double)(end - s->told) / 100;
    if (seconds < 0.02 && !s->fast) {
        ad_note(s->base.own, "%s: a GIF shows at most 50 frames a second, so it plays more slowly",
                s->base.path);
        s->fast = true;
    }
    s->told = end;
    return seconds;
}

static ad_status add(ad_film_sink *sink, const ad_film_slot *slot)
{
    gif_sink *s = (gif_sink *)sink;
    ad_image image = {.width = sink->width,
                      .height = sink->height,
                      .channels = sink->channels,
                      .data = slot->pixels,
                      .ctx = sink->own};
    if (!s->frames) s->told = llround(100 * slot->time);
    ad_status status = ad_animation_add(s->animation, &image);
    if (status) return status;
    ad_animation_show(s->animation, rounded(s, slot));
    ++s->frames;
    return AD_OK;
}

static ad_status finish(ad_film_sink *sink)
{
    (void)sink;
    return AD_OK;
}

static ad_status commit(ad_film_sink *sink)
{
    gif_sink *s = (gif_sink *)sink;
    return ad_animation_write(s->animation, 0);
}

static bool keep(ad_film_sink *sink, const char *partial, const char **path, int64_t *frames)
{
    gif_sink *s = (gif_sink *)sink;
    *path = partial, *frames = s->frames;
    return s->frames && !ad_animation_write_as(s->animation, partial);
}

static void release(ad_film_sink *sink)
{
    gif_sink *s = (gif_sink *)sink;
    ad_animation_free(s->animation);
    ad_free(sink->own, s, sizeof *s);
}

ad_status ad_film_sink_gif(ad_film_sink **out, ad_context *own, const char *path)
{
    gif_sink *s = ad_zalloc(own, sizeof *s);
    *out = NULL;
    if (!s) return AD_ERROR_MEMORY;
    s->base = (ad_film_sink){.own = own,
                             .path = path,
                             .floats = true,
                             .add = add,
                             .finish = finish,
                             .commit = commit,
                             .keep = keep,
                             .free = release};
    ad_status status = ad_animation_open(&s->animation, own, path, 0.1);
    if (status)
        release(&s->base);
    else
        *out = &s->base;
    return status;
}
