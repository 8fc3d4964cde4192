/* film.h - films: video files, animations and folders of numbered pictures, read and written
 * picture by picture.
 *
 * Pictures are those of image.h: float, sRGB-encoded, 0 to 1. Video files are decoded and encoded
 * by libav (FFmpeg's libraries), the component "libav": without it, folders of pictures and GIFs
 * (to write) are left. Each film has a thread of its own, which decodes a few frames ahead or
 * encodes those that were handed over, while the caller works on others.
 *
 * Files are hostile: a film never opens another file, sizes are checked before memory is asked for,
 * and what is guessed or left out is said in a note. libav's working memory is its own; the frames
 * between the threads and the pictures come through the context's allocator. libav's log, one for
 * the process, is silenced when the first film is opened.
 *
 * Stability: experimental (base.h says what that means). */
#ifndef AUTODIDACT_FILM_H
#define AUTODIDACT_FILM_H

#include <autodidact/image.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AD_FILM_MAX_PIXELS ((int64_t)64 * 1024 * 1024) /* of a frame */

/* ---- reading ---- */

typedef struct ad_film ad_film;

typedef struct ad_film_info {
    char format[32];       /* "mp4", "matroska", "gif", ..., "pictures" */
    char codec[32];        /* "h264", "vp9", "gif", ...; of a folder the pictures' format */
    char pixels[32];       /* as libav calls it: "yuv420p", "yuv420p10le"; of a folder "" */
    int bit_depth;         /* of one stored sample */
    int64_t width, height; /* as shown: after rotation, and with square pixels */
    int rotation;          /* clockwise degrees that the file asks for, and got: 0, 90, 180, 270 */
    bool mirrored;         /* and mirrored besides */
    char colours[32];      /* "BT.709", "BT.601", "BT.2020", "sRGB" */
    bool colours_guessed;  /* the file does not say; by its size, as players do */
    bool full_range;       /* 0 is black and not 16 */
    bool alpha;            /* the file may hold transparency */
    /* Frames a second: of a film whose frames are not equally far apart the mean. 0/1: one frame of
     * no duration. */
    int64_t fps_num, fps_den;
    bool variable_rate;
    int64_t frames; /* 0: unknown */
    double seconds; /* 0: unknown */
    /* `frames`, `seconds` and `variable_rate` were counted; false: the header's, or an estimate. */
    bool counted;
    char audio[32]; /* codec of the first track of sound; "": there is none */
    int audio_rate, audio_channels;
} ad_film_info;

typedef struct ad_film_options {
    double from, to; /* seconds; the frame that is shown at `from` is the first. to 0: the end */
    /* A rate in frames a second: frames are repeated or left out, whichever is nearest in time. 0:
     * each frame of the film once, at its own time. Pictures in a folder have no times, and are
     * shown at this rate (0: 25). */
    double fps;
    bool keep_alpha;    /* pictures have 4 channels; else transparency is laid over white */
    bool count;         /* look through the whole file first, for exact figures; decodes nothing */
    int64_t max_pixels; /* larger frames are refused; 0: AD_FILM_MAX_PIXELS */
    int ahead;          /* frames decoded ahead, at most 16; 0: as many as 256 MiB hold, up to 4 */
} ad_film_options;

/* A video file of any kind that this libav decodes (by content, not by its name), or numbered
 * pictures of one size: a folder, of which those files are taken whose names have a number, in the
 * order of the last number in each; or names with a number ("frame-%05d.png"). `options` may be
 * NULL. A film without a frame that can be decoded is AD_ERROR_FORMAT, a codec that this libav
 * lacks AD_ERROR_UNSUPPORTED and named. */
AD_API ad_status ad_film_open(ad_context *ctx, const char *path, const ad_film_options *options,
                              ad_film **out);
/* The same of a file in memory, which must stay; `name` stands for it in errors. */
AD_API ad_status ad_film_open_memory(ad_context *ctx, const char *name, const void *bytes,
                                     size_t size, const ad_film_options *options, ad_film **out);
AD_API void ad_film_free(ad_film *film); /* NULL is ignored */
AD_API const ad_film_info *ad_film_get_info(const ad_film *film);

typedef struct ad_film_frame {
    ad_image *image; /* 3 channels, or 4; the caller's. NULL: the film has ended */
    double time;     /* seconds since `from` */
    double duration; /* seconds until the next one */
    int64_t number;  /* 0, 1, ... of those that were given */
} ad_film_frame;

/* The next frame. A file that is damaged or cut short is an error behind its last good frame;
 * single frames that cannot be decoded are left out, and said. */
AD_API ad_status ad_film_next(ad_film *film, ad_film_frame *frame);

/* Whether the file begins as a film does (a GIF and an animated PNG too); its rest may be broken.
 */
AD_API ad_status ad_film_begins(ad_context *ctx, const char *path, bool *is);

/* ---- writing ---- */

typedef struct ad_film_writer ad_film_writer;

typedef struct ad_film_write_options {
    /* Frames a second: each frame is put at the nearest of these times that is free. 0: each frame
     * at its own time, as exactly as the format has it. */
    double fps;
    int crf; /* of H.264 (0 is 18) and VP9 (0 is 30): smaller is better and larger, 1 to 51 or 63 */
    const char *audio;           /* a film whose sound is copied; NULL: none */
    double audio_from, audio_to; /* seconds of it; to 0: its end. Time 0 of the frames is `from` */
    int threads;                 /* of the encoder; 0: the context's */
} ad_film_write_options;

/* A film by the ending of its name: .mp4 (H.264), .webm (VP9), .gif, .apng; or numbered PNGs: a
 * folder ("frames/", made if need be, and empty) or names with a number ("frame-%05d.png"). Sound
 * that the format cannot hold is encoded anew, or left out where this libav cannot, and said.
 * `options` may be NULL.
 *
 * The file appears when it is finished; till then its name is PATH.NUMBER.tmp. If it cannot be
 * finished (a full disk), or is not to be (ad_film_writer_stop), what there is of it gets the name
 * film.partial.mp4 for film.mp4, can be played, and whatever film.mp4 was stays. Of a GIF, which is
 * put together in memory, a full disk leaves nothing. Pictures of a folder each appear when they
 * are done. */
AD_API ad_status ad_film_create(ad_context *ctx, const char *path,
                                const ad_film_write_options *options, ad_film_writer **out);
/* A frame at `time` seconds, later than the one before, shown for `duration` seconds (0: until the
 * next; the last one as long as the one before). All have the first one's size. Where a format has
 * no transparency it is laid over white; where it takes even sides alone (.mp4, .webm) the last row
 * or column is repeated, and that is said. The picture is copied. An error may be of an earlier
 * frame. */
AD_API ad_status ad_film_add(ad_film_writer *writer, const ad_image *image, double time,
                             double duration);
/* Ends the film, which needs a frame. An error says what remains of it, and how many frames. */
AD_API ad_status ad_film_finish(ad_film_writer *writer);
/* Ends it before its time: what was added is kept by the name for unfinished films. */
AD_API ad_status ad_film_writer_stop(ad_film_writer *writer);
/* After ad_film_finish or ad_film_writer_stop: where the film is, whole or not ("": nowhere), and
 * how many frames it holds. */
AD_API const char *ad_film_writer_path(const ad_film_writer *writer);
AD_API int64_t ad_film_writer_frames(const ad_film_writer *writer);
/* Frees it; a film that was neither finished nor stopped is removed. NULL is ignored. */
AD_API void ad_film_writer_free(ad_film_writer *writer);

/* Whether a name is one that ad_film_create takes; what would do is in the error. */
AD_API ad_status ad_film_can_write(ad_context *ctx, const char *path);

/* Whether what ad_film_create makes of such a name keeps transparency. */
AD_API bool ad_film_can_be_transparent(const char *path);

/* The fraction that a rate in decimals means: 29.97 is 30000/1001, 12.5 is 25/2. */
AD_API void ad_film_rate(double fps, int64_t *num, int64_t *den);

#ifdef __cplusplus
}
#endif
#endif
