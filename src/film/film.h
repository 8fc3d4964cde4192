/* film.h - the inside of films: what gives frames, what takes them, and the thread between it and
 * the caller.
 *
 * A thread may not use the caller's context, so each film has a second one, `own`, for its thread:
 * its errors and notes are passed on by the caller's side. Sources and sinks are made and freed by
 * the caller's thread while the other one does not run, and used by the other one in between. */
#ifndef AD_FILM_FILM_H
#define AD_FILM_FILM_H

#include "base/file.h"
#include "film/ring.h"

#include <autodidact/film.h>

/* ---- the second thread ---- */

enum { AD_FILM_NOTES = 8, AD_FILM_NOTE_BYTES = 400 };

typedef struct ad_film_thread {
    ad_context *ctx, *own;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* of the notes */
    char note[AD_FILM_NOTES][AD_FILM_NOTE_BYTES];
    int notes;
} ad_film_thread;

/* `thread` is zeroed, and freed also if this fails. */
ad_status ad_film_thread_init(ad_film_thread *thread, ad_context *ctx);
ad_status ad_film_thread_start(ad_film_thread *thread, void *(*run)(void *user), void *user);
void ad_film_thread_join(ad_film_thread *thread);
void ad_film_thread_free(ad_film_thread *thread);
/* To the caller's context: the notes so far; and the error of `own` with `status` as the answer. */
void ad_film_thread_tell(ad_film_thread *thread);
ad_status ad_film_thread_fail(ad_film_thread *thread, ad_status status);
/* Signals are for the program's own threads: what is started in between does not get them. */
void ad_film_block_signals(void *old_set);
void ad_film_unblock_signals(const void *old_set);

/* ---- where frames come from ---- */

typedef enum ad_film_samples { AD_FILM_U8, AD_FILM_U16, AD_FILM_F32 } ad_film_samples;

typedef struct ad_film_source ad_film_source;
struct ad_film_source {
    ad_context *own;
    ad_film_info info;
    ad_film_samples samples; /* of what `next` writes */
    int channels;            /* 3 or 4 */
    /* Writes the next frame that is shown after `from` into slot->pixels; *ended: there was none.
     */
    ad_status (*next)(ad_film_source *source, double from, ad_film_slot *slot, bool *ended);
    /* As near before `from` as can be reached fast; does nothing where that is the beginning. */
    ad_status (*seek)(ad_film_source *source, double from); /* may be NULL */
    void (*free)(ad_film_source *source);
};

/* What a video file is read from: bytes that are there, or those of a file (file_read.c). */
typedef struct ad_film_bytes {
    const char *name; /* stays */
    const unsigned char *bytes;
    size_t size;
    int descriptor; /* -1: all of `bytes` is there */
} ad_film_bytes;

/* Both take the memory they need from `own`. */
ad_status ad_film_source_av(ad_film_source **out, ad_context *own, const ad_film_bytes *bytes,
                            const ad_film_options *options, int threads);
ad_status ad_film_source_pictures(ad_film_source **out, ad_context *own, const char *path,
                                  const ad_film_options *options);
/* How many frames the file holds, as far as it goes: of films that were not finished. */
int64_t ad_film_count_av(ad_context *own, const ad_film_bytes *bytes);

static inline size_t ad_film_sample_bytes(ad_film_samples samples)
{
    return samples == AD_FILM_U8 ? 1 : samples == AD_FILM_U16 ? 2 : sizeof(float);
}

/* A frame is shown from `time` on for `duration`; what ends no later than this is over at `from`.
 */
static const double ad_film_instant = 1e-4;

/* ---- where frames go ---- */

typedef struct ad_film_sink ad_film_sink;
struct ad_film_sink {
    ad_context *own;
    const char *path;      /* stays */
    bool alpha;            /* takes transparency */
    bool even;             /* takes even sides alone */
    bool floats;           /* F32, else U8 */
    int64_t width, height; /* of frames, set before the first one, as is */
    int channels;          /* 3 or 4 */
    /* One frame behind the other. */
    ad_status (*add)(ad_film_sink *sink, const ad_film_slot *slot);
    /* Ends the film. */
    ad_status (*finish)(ad_film_sink *sink);
    /* Gives what was written the name `partial`, after finish or an error: true if something is
     * there, and *frames how many it holds. Where it is then may be another place: *path. */
    bool (*keep)(ad_film_sink *sink, const char *partial, const char **path, int64_t *frames);
    void (*free)(ad_film_sink *sink); /* with what was neither kept nor committed */
    /* The finished film takes its name. */
    ad_status (*commit)(ad_film_sink *sink);
};

typedef enum ad_film_kind {
    AD_FILM_NONE = 0,
    AD_FILM_MP4,
    AD_FILM_WEBM,
    AD_FILM_GIF,
    AD_FILM_APNG,
    AD_FILM_FOLDER,
    AD_FILM_PATTERN
} ad_film_kind;

/* By the ending of the name. */
ad_film_kind ad_film_kind_of(const char *path);

typedef struct ad_film_sink_options {
    ad_film_kind kind;
    int64_t fps_num, fps_den; /* 0/1: at their own times */
    int crf, threads;
    const ad_film_bytes *audio; /* NULL: none; stays */
    double audio_from, audio_to;
} ad_film_sink_options;

ad_status ad_film_sink_av(ad_film_sink **out, ad_context *own, const char *path,
                          const ad_film_sink_options *options);
ad_status ad_film_sink_gif(ad_film_sink **out, ad_context *own, const char *path);
ad_status ad_film_sink_pictures(ad_film_sink **out, ad_context *own, const char *path,
                                ad_film_kind kind);

/* Whether the pattern has one %d or %05d, and every other % is doubled. */
ad_status ad_film_pattern_check(ad_context *ctx, const char *pattern);
/* Whether it names what %05d of a pattern would, and which number. Of names without folders. */
bool ad_film_pattern_number(const char *pattern, const char *name, int64_t *number);
bool ad_film_pattern_name(const char *pattern, int64_t number, char *path, size_t size);

#endif
