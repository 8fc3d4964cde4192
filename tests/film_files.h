/* film_files.h - films that a test makes, and what it reads of others. */
#ifndef AD_TESTS_FILM_FILES_H
#define AD_TESTS_FILM_FILES_H

#include "case.h"

#include "base/notes.h"

#include <autodidact/film.h>

#define FILMS "tests/fixtures/films/"

/* What was noted since begin_film: all sentences, one after the other. */
static char film_notes[4096];

static inline void film_note(void *user, const char *sentence)
{
    (void)user;
    size_t used = strlen(film_notes);
    snprintf(film_notes + used, sizeof film_notes - used, "%s\n", sentence);
}

static inline void begin_film(void)
{
    begin();
    film_notes[0] = 0;
    ad_context_set_notes(ctx, film_note, NULL);
}

/* A file of FILMS, which fits. */
static inline size_t film_bytes(const char *name, unsigned char *bytes, size_t most)
{
    char path[128];
    snprintf(path, sizeof path, FILMS "%s", name);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, most, file) : 0;
    if (file) fclose(file);
    return size;
}

/* A picture that says by its colours which one it is, and is another at its four corners. */
static inline ad_image *film_picture(int64_t width, int64_t height, int channels, int number)
{
    ad_image *image = NULL;
    if (ad_image_new(ctx, width, height, channels, &image)) return NULL;
    for (int64_t i = 0; i < width * height; ++i) {
        float x = (float)(i % width) / (float)width, y = (float)(i / width) / (float)height;
        float *at = image->data + i * channels;
        at[0] = 0.2f + 0.6f * x;
        if (channels >= 3) at[1] = 0.2f + 0.6f * y, at[2] = 0.1f + 0.08f * (float)number;
        if (channels % 2 == 0) at[channels - 1] = x < 0.5f ? 1 : 0.25f;
    }
    return image;
}

/* The number that a frame's mean blue says. */
static inline double film_number(const ad_image *image)
{
    double sum = 0;
    int64_t pixels = image->width * image->height;
    for (int64_t i = 0; i < pixels; ++i) sum += image->data[i * image->channels + 2];
    return (sum / (double)pixels - 0.1) / 0.08;
}

/* A film of `count` pictures at `fps`; the writer is freed. */
static inline ad_status film_make(const char *path, int64_t width, int64_t height, int count,
                                  double fps, const ad_film_write_options *options)
{
    ad_film_writer *writer;
    ad_status status = ad_film_create(ctx, path, options, &writer);
    for (int i = 0; i < count && !status; ++i) {
        ad_image *image = film_picture(width, height, 3, i);
        status = image ? ad_film_add(writer, image, i / fps, 0) : AD_ERROR_MEMORY;
        ad_image_free(image);
    }
    if (!status) status = ad_film_finish(writer);
    ad_film_writer_free(writer);
    return status;
}

enum { FILM_MOST = 64 };
static struct {
    int count;
    double time[FILM_MOST], duration[FILM_MOST], number[FILM_MOST];
    ad_film_info info;
    ad_image *last; /* freed by the next look */
} film_seen;

/* Reads a film to its end or to an error. */
static inline ad_status film_look(const char *path, const ad_film_options *options)
{
    ad_film *film;
    ad_film_frame frame;
    ad_image_free(film_seen.last);
    memset(&film_seen, 0, sizeof film_seen);
    ad_status status = ad_film_open(ctx, path, options, &film);
    if (status) return status;
    film_seen.info = *ad_film_get_info(film);
    while (!(status = ad_film_next(film, &frame)) && frame.image && film_seen.count < FILM_MOST) {
        int i = film_seen.count++;
        CHECK_INT(frame.number, i);
        film_seen.time[i] = frame.time, film_seen.duration[i] = frame.duration;
        film_seen.number[i] = film_number(frame.image);
        ad_image_free(film_seen.last);
        film_seen.last = frame.image;
    }
    ad_film_free(film);
    return status;
}

static inline void end_film(void)
{
    ad_image_free(film_seen.last);
    film_seen.last = NULL;
    end();
}

#endif
